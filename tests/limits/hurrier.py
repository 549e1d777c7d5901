"""A process of its own that hurries: `python hurrier.py FILE RUN COUNT RATE`. Says when each of its orders might have left."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from planrunner.model.journal import Mode, RunInfo
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.limiter import Limiter

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)


async def main(file, run, count, rate):
    clock = RealClock()
    info = RunInfo(run=run, plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=AT)
    with Journal.open(Path(file), durable=True) as journal:
        journal.create(info)
        epoch = journal.take(run, "hurrier")
        limiter = Limiter(int(rate), clock)
        print("ready", flush=True)
        sys.stdin.readline()
        times = []
        for _ in range(int(count)):
            await limiter.wait(1, lambda length: journal.reserve(run, epoch, "betfair", length))
            times.append(clock.now().timestamp())
    print(*times, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
