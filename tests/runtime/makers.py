"""Short ways to make what the journal is given."""

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from planrunner.model.account import Account, Site, SiteLimits
from planrunner.model.commands import NewPlacement, PlaceOrders
from planrunner.model.events import StopRequested
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType
from planrunner.ports import Request
from planrunner.runtime.journal import Journal

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)
RUN = "20261205-1430-k7f3"


def gbp(amount):
    return Money(amount=Decimal(amount), currency="GBP")


def site(limits, *, whole=None, zone="UTC"):
    """Accounts at Betfair, each with its limits, and the limits over all of them."""
    given = limits if isinstance(limits, dict) else {"betfair": limits}
    accounts = {
        name: Account(name=name, venue="betfair", currency="GBP", time_zone=zone, limits=of) for name, of in given.items()
    }
    return Site(accounts=accounts, limits=whole or SiteLimits())


def run_info(run=RUN, *, mode=Mode.SANDBOX, plan="plans/back.yaml"):
    return RunInfo(run=run, plan_file=plan, plan_name="back", plan_digest="d1", mode=mode, created=AT, seed=7, case="usual")


def placement(ref, *, size="10.00", side=Side.BACK, odds="3.10"):
    return NewPlacement(
        ref=ref,
        path="orders.arsenal",
        rung=0,
        selection="47972",
        handicap=Decimal(0),
        side=side,
        odds=Decimal(odds),
        size=Decimal(size),
        type=OrderType.LIMIT,
    )


def place(*placements, attempt=1, market="1.1", account="betfair"):
    return PlaceOrders(
        account=account, market=market, request_ref="request", attempt=attempt, placements=placements, because="plan"
    )


def prepare(command):
    body = [{"customerOrderRef": each.ref, "size": each.size} for each in command.placements]
    return Request(command=command, method="POST", url="https://venue/place", content=repr(body).encode(), redacted=body)


def said(text):
    return StopRequested(at=AT, text=text)


@contextmanager
def opened(path, *, durable=False, info=None, **more):
    """A journal with one run, taken."""
    with Journal.open(path, durable=durable, **more) as journal:
        journal.create(info or run_info())
        yield journal, journal.take(RUN, "me")
