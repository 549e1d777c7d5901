"""A process of its own that places orders: `python placer.py FILE RUN ACCOUNT COUNT`. Says how many, and what stopped it."""

import asyncio
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from planrunner.model.account import Account, AccountLimits, Site, SiteLimits
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType
from planrunner.ports import Request
from planrunner.runtime.journal import Journal

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)


def gbp(amount):
    return Money(amount=Decimal(amount), currency="GBP")


def account(name, **limits):
    return Account(name=name, venue="betfair", currency="GBP", limits=AccountLimits(**limits))


SITE = Site(
    accounts={
        "one": account("one"),
        "two": account("two"),
        "slow": account("slow", max_orders_per_minute=7),
        "day": account("day", max_loss_per_day=gbp(15)),
    },
    limits=SiteLimits(max_open_exposure=gbp(31)),
)


def prepare(command):
    body = [each.ref for each in command.placements]
    return Request(command=command, method="POST", url="https://venue/place", content=repr(body).encode(), redacted=body)


def order(run, account, number):
    new = NewPlacement(
        ref=f"{run}-{number}", path="orders.a", rung=0, selection="1", handicap=Decimal(0), side=Side.BACK, odds=Decimal("3.10"),
        size=Decimal(2), type=OrderType.LIMIT,
    )  # fmt: skip
    return PlaceOrders(account=account, market=f"1.{number}", request_ref=new.ref, attempt=1, placements=(new,), because="plan")


async def main(file, run, account, count):
    info = RunInfo(run=run, plan_file="p", plan_name="p", plan_digest="d", mode=Mode.SANDBOX, created=AT)
    with Journal.open(Path(file), durable=True, site=SITE) as journal:
        journal.create(info)
        epoch = journal.take(run, "placer")
        print("ready", flush=True)
        sys.stdin.readline()
        admitted = 0
        for number in range(int(count)):
            intended = await journal.intend(run, epoch, order(run, account, number), AT, prepare)
            admitted += intended.command is not None
            limits = {denied.limit for denied in intended.denied}
        print(admitted, *limits, sep="|", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
