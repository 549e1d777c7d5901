"""Runs of tickets and of a router's orders on the obstacle course, and the rows of both sheets' fault tables for it.

The race meeting is at Bath, and what wins there is told by the scenario. At the router an order is filled by two bookmakers, and
another finds nobody and is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from planrunner.app.sandboxes import sandbox_app
from planrunner.app.site import SITE_FILE
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.practice import rehearse
from tests.faults.course import BEGIN, DAY, Course
from tests.sandbox.abp import FIXTURE, book, books, shows
from tests.sandbox.client import scenario
from tests.sandbox.tote import meeting

SITE = """\
planrunner_site: 1
accounts:
  router:
    venue: oddspapi_abp
    currency: USD
  tote:
    venue: tote
    currency: GBP
"""
PLANS = {
    "ticket": """\
planrunner: 1
plan: A ticket at Bath
limits:
  max_loss: 9.00 GBP
tickets:
  - name: bath
    venue: tote
    meeting: Bath
    date: 2026-12-05
    place_before_start: 20m
    total_cost: 9.00 GBP
    bets:
      - pool: win
        race: 2
        runners: [1]
        unit_stake: 5.00 GBP
      - pool: exacta
        race: 2
        runners: [1, 2]
        finish: any_order
        unit_stake: 2.00 GBP
""",
    "routed": f"""\
planrunner: 1
plan: Two orders at a router
limits:
  max_loss: 700.00 USD
orders:
  - name: taken
    venue: router
    event_id: {FIXTURE}
    selection_id: 101
    side: back
    odds: 2.00
    odds_hold_for: average
    stake: 600.00 USD
    expires_after: 30s
  - name: waits
    venue: router
    event_id: {FIXTURE}
    selection_id: 101
    side: back
    odds: 9.00
    odds_hold_for: average
    stake: 100.00 USD
    expires_after: 60s
    fallback:
      - after: 6s
        cancel: remainder
""",
}
BOOKS = books(
    book("pinnacle", shows(("2.10", "400"), ("1.95", "1000")), least=Decimal(5)),
    book("sharpbet", shows(("2.05", "300")), currency="EUR"),
)
WORLDS = {"ticket": meeting(), "routed": replace(scenario(), bookmakers=BOOKS)}


def written(folder: Path) -> dict[str, Path]:
    """The plans as files, with a site file beside them."""
    (folder / SITE_FILE).write_text(SITE)
    files = {name: folder / f"{name}.yaml" for name in PLANS}
    for name, file in files.items():
        file.write_text(PLANS[name])
    return files


@dataclass
class Elsewhere(Course):
    """The sandboxes of all venues, and the auditor as the oracle: of pools and fills it knows as much as anybody."""

    settles: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        rehearsal = rehearse(self.scenario, day=DAY, begin=BEGIN, seed=self.seed, log=self.log)
        rehearsal.faults.faults[:] = self.faults
        self.world, self.store = rehearsal.world, rehearsal.faults
        self.app = sandbox_app(rehearsal, self.time)

    def _over_its_limit(self) -> Iterator[str]:
        """The auditor looks: it knows what a pool or a router's order may lose."""
        return iter(())

    def _mistold(self, report: dict[str, Any], held: dict[str, list[dict[str, Any]]], named: set[str]) -> Iterator[str]:
        """What was matched is in the report, to the coin, unless it names the reference as one to look at."""
        known = [bet for ref, bets in held.items() if ref not in named for bet in bets]
        matched = sum((bet["matched"] + bet["voided"] for bet in known), Decimal(0))
        parts = [(one["matched"], one["voided"]) for one in report["orders"]]
        parts += [(one["accepted"], one["voided"]) for one in report.get("tickets", ())]
        told = sum((_amount(part) for both in parts for part in both), Decimal(0))
        if named and told >= matched:
            return
        if abs(told - matched) > Decimal("0.02"):  # stakes are rounded on their way into another currency
            yield f"{told} is matched in the report, {matched} at the venue"


def _amount(text: str) -> Decimal:
    return Decimal(text.split()[0])


LINE = (
    Trouble.REPLY_LOST_AFTER_LANDING, Trouble.REPLY_LOST_BEFORE_LANDING, Trouble.REPLY_DELAYED, Trouble.HTTP_500,
    Trouble.HTTP_502, Trouble.HTTP_503, Trouble.HTTP_500_AFTER_LANDING, Trouble.MALFORMED_BODY, Trouble.TOO_MANY_REQUESTS,
    Trouble.NOT_JSON, Trouble.ANOTHER_SHAPE, Trouble.TIMEOUT_NEVER_LANDS,
)  # fmt: skip
FRAMES = (Trouble.FRAME_LOST, Trouble.FRAME_TWICE, Trouble.FRAMES_SWAPPED, Trouble.CONNECTION_LOST)
GATEWAY = (
    *LINE, Trouble.UNAUTHORIZED, Trouble.FORBIDDEN_PAGE, Trouble.REDIRECTED, Trouble.ERRORS_IN_REPLY, Trouble.PARTIAL_DATA,
    Trouble.SLOW_BODY, Trouble.UNKNOWN_VALUE,
)  # fmt: skip
LOOKS = (*GATEWAY, Trouble.EMPTY_REPORT)
MESSAGES = (*FRAMES, Trouble.MESSAGE_LOST, Trouble.MESSAGE_DELAYED, Trouble.FIELDS_MISSING, Trouble.UNKNOWN_VALUE)
TOTES = {
    "placeBetsAsync": (
        *GATEWAY, Trouble.TIMEOUT_LANDS_LATER, Trouble.EVENT_BEFORE_REPLY, Trouble.SOCKET_DROPPED, Trouble.DUPLICATE_AS_ERRORS,
    ),
    "bets": LOOKS, "products": LOOKS, "product": LOOKS,
    "connection": (
        Trouble.CONNECTION_REFUSED, Trouble.UNAUTHORIZED, Trouble.NO_KEEP_ALIVE, Trouble.FLAT_MESSAGES, Trouble.SOCKET_DROPPED,
        Trouble.HTTP_503,
    ),
    "bet": (
        Trouble.BET_REJECTED, Trouble.BET_FAILED, Trouble.NEVER_DECIDED, Trouble.BET_VOIDED, Trouble.NON_RUNNER,
        Trouble.STAKE_ROUNDED_DOWN,
    ),
    "onBetAccepted": MESSAGES, "onBetResulted": MESSAGES, "onBetSettled": MESSAGES,
    "dividends": (Trouble.DIVIDEND_CHANGED,),
}  # fmt: skip
LISTS = (*LINE, Trouble.OLDER_REPORT, Trouble.EMPTY_REPORT, Trouble.REPORTED_TWICE, Trouble.EMERGENCY)
PUSHED = (*FRAMES, Trouble.BUFFER_FULL)
BOOKMAKERS = (Trouble.BET_REJECTED, Trouble.BET_FAILED, Trouble.BET_CONFIRMED_LATE)
ROUTERS = {
    "place-orders": (
        *LINE, *BOOKMAKERS, Trouble.TIMEOUT_LANDS_LATER, Trouble.HTTP_504_AFTER_LANDING, Trouble.REFERENCES_FORGOTTEN,
        Trouble.TAKEN_AS_SEEN, Trouble.STILL_IN_PROGRESS, Trouble.CURRENCY_UNKNOWN, Trouble.ODDS_DROP, Trouble.LIMITS_SHRINK,
        Trouble.EMERGENCY, Trouble.SERVICE_BUSY,
    ),
    "cancel-orders": (*LINE, Trouble.HTTP_504_AFTER_LANDING, Trouble.LEG_FAILED, Trouble.EMERGENCY),
    "orders": LISTS, "list-bets": LISTS, "betslip": LINE, "accounts": LINE,
    "ws-orders": PUSHED, "ws-bets": PUSHED, "ws-settlements": PUSHED,
    "bookmaker:pinnacle": BOOKMAKERS, "bookmaker:sharpbet": BOOKMAKERS,
}  # fmt: skip
STATUSES = ("401", "403", "403-HEADER", "404", "409", "422", "429", "500", "501", "503", "504")
REASONS = (
    "STAKE_EXCEEDS_LIMIT", "STAKE_BELOW_MINIMUM", "INVALID_ODDS", "NO_ACTIVE_ACCOUNTS", "CURRENCY_CONVERSION_FAILED",
    "BOOKMAKER_NOT_AVAILABLE", "ODDS_TEMPORARILY_UNAVAILABLE",
)  # fmt: skip
REFUSALS = ("Product was not open", "Selection is not available", "Stake is not on the increment", "Insufficient funds")


def rows() -> Iterator[tuple[str, Fault]]:
    """Each fault alone, with the plan that meets it."""
    for call, troubles in TOTES.items():
        yield from (("ticket", Fault(call=call, trouble=trouble, seconds=20)) for trouble in troubles)
    yield from (("ticket", Fault(call="bet", trouble=Trouble.BET_REJECTED, code=code)) for code in REFUSALS)
    for call, troubles in ROUTERS.items():
        yield from (("routed", Fault(call=call, trouble=trouble, seconds=20)) for trouble in troubles)
    for call in ("place-orders", "cancel-orders", "orders", "list-bets", "betslip"):
        yield from (("routed", Fault(call=call, trouble=Trouble.REFUSED, code=code)) for code in STATUSES)
    for call in ("place-orders", "cancel-orders"):
        yield from (
            ("routed", Fault(call=call, trouble=Trouble.REFUSED, code=code, lands=True)) for code in ("500", "503", "504")
        )
    yield from (("routed", Fault(call="place-orders", trouble=Trouble.LEG_FAILED, code=code)) for code in REASONS)
