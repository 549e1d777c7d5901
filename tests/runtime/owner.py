"""A process of its own that owns a run and says that it lives: `python owner.py FILE RUN`. Says `ready` once it has the run."""

import asyncio
import sys
from pathlib import Path

from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import this_process
from planrunner.runtime.trouble import Fenced
from planrunner.runtime.watch import Watch


async def main(file, run):
    with Journal.open(Path(file), durable=True) as journal:
        info, epoch = journal.info(run), journal.take(run, this_process())
        print("ready", flush=True)
        try:
            await Watch(info=info, epoch=epoch, accounts=["betfair"], journal=journal, clock=RealClock()).keep_alive()
        except Fenced:
            print("fenced", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
