"""A process of its own that owns a run and says that it lives: `python owner.py FILE RUN`. Says `ready` once it has the run."""

import asyncio
import sys
from pathlib import Path

from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import this_process
from planrunner.runtime.watch import Watchman


class Fenced:
    """Waits for being told so."""

    def __init__(self):
        self.is_so = asyncio.Event()

    def fail(self, error):
        self.is_so.set()


async def main(file, run):
    with Journal.open(Path(file), durable=True) as journal:
        info, epoch = journal.info(run), journal.take(run, this_process())
        print("ready", flush=True)
        fenced = Fenced()
        with Watchman(journal, RealClock()).watching(info, epoch, ["betfair"], fenced):
            await fenced.is_so.wait()
        print("fenced", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
