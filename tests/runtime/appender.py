"""A process of its own that appends to a journal: `python appender.py FILE RUN COUNT`. Says each append that returned."""

import asyncio
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from planrunner.model.errors import JournalTrouble
from planrunner.model.events import StopRequested
from planrunner.model.journal import Mode, RunInfo
from planrunner.runtime.hooks import hooks_from
from planrunner.runtime.journal import Journal

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)


async def main(file, run, count):
    info = RunInfo(run=run, plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=AT)
    with Journal.open(Path(file), durable=True, hooks=hooks_from(os.environ)) as journal:
        journal.create(info)
        epoch = journal.take(run, "appender")
        if room := os.environ.get("ROOM"):  # a file may not grow beyond this: the nearest to a full disk without a disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))
        for number in range(int(count)):
            try:
                await journal.append(run, epoch, [StopRequested(at=AT, text=f"{number} {'x' * 500}")], AT)
            except JournalTrouble as trouble:
                print(trouble, flush=True)
                return
            print(number, flush=True)


asyncio.run(main(*sys.argv[1:]))
