"""The ledger beside a plain twin that keeps every placement and counts all of it anew each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert

from planrunner.model.account import Account, AccountLimits, Site, SiteLimits
from planrunner.model.events import (
    BetSettled,
    MarketSettled,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    RunResumed,
)
from planrunner.model.exposure import risk
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.sheet import _reservation_row, read_reservations
from planrunner.runtime.tables import META, reservation_table
from tests.laws import law
from tests.runtime.makers import place, placement

ZONE = "Europe/London"
BEGIN = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)  # the night of 25 hours is near
MINUTE = timedelta(minutes=1)


def money(amount: int | str, currency: str = "GBP") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def account(name: str, currency: str = "GBP", **limits: object) -> Account:
    return Account(name=name, venue="betfair", currency=currency, time_zone=ZONE, limits=AccountLimits(**limits))  # type: ignore[arg-type]


SITE = Site(
    accounts={
        "one": account("one", max_open_exposure=money(40), max_loss_per_day=money(50), max_orders_per_minute=4),
        "two": account("two", max_exposure_per_market=money(20), max_stake_per_order=money(15)),
        "euros": account("euros", "EUR", max_loss_per_day=money(30, "EUR")),
    },
    limits=SiteLimits(max_stake_per_order=money(18), max_open_exposure=money(60), max_exposure_per_market=money(30)),
)


@dataclass
class Known:
    """One placement and all that was ever said of it."""

    run: str
    account: str
    market: str
    size: Decimal
    risk: Decimal
    at: datetime
    is_open: bool = True
    never_left: bool = False
    results: list[tuple[datetime, Decimal]] = field(default_factory=list)


@dataclass
class Twin:
    placements: dict[str, Known] = field(default_factory=dict)

    def exceeded(self, new: Known) -> set[str]:
        """Every limit that has no room for one more."""
        limits, site = SITE.accounts[new.account].limits, SITE.limits
        mine = [each for each in self.placements.values() if each.account == new.account]
        same = [each for each in self.placements.values() if self.currency(each) == self.currency(new)]
        here = [each for each in mine if each.market == new.market]
        figures = {
            "max_stake_per_order": (limits.max_stake_per_order, new.size),
            "max_open_exposure": (limits.max_open_exposure, self.open(mine) + new.risk),
            "max_exposure_per_market": (limits.max_exposure_per_market, self.open(here) + new.risk),
            "max_loss_per_day": (limits.max_loss_per_day, self.of_the_day(mine, new.at) + new.risk),
        }
        if self.currency(new) == "GBP":
            together = self.open([each for each in same if each.market == new.market]) + new.risk
            figures |= {
                "max_stake_per_order of the site": (site.max_stake_per_order, new.size),
                "max_open_exposure of the site": (site.max_open_exposure, self.open(same) + new.risk),
                "max_exposure_per_market of the site": (site.max_exposure_per_market, together),
            }
        found = {name for name, (limit, figure) in figures.items() if limit is not None and figure > limit.amount}
        lately = [each for each in mine if not each.never_left and each.at > new.at - MINUTE]
        if limits.max_orders_per_minute is not None and len(lately) >= limits.max_orders_per_minute:
            found.add("max_orders_per_minute")
        return found

    @staticmethod
    def currency(of: Known) -> str:
        return SITE.accounts[of.account].currency

    @staticmethod
    def open(placements: list[Known]) -> Decimal:
        return sum((each.risk for each in placements if each.is_open), Decimal(0))

    def of_the_day(self, placements: list[Known], at: datetime) -> Decimal:
        def day(of: datetime) -> object:
            return of.astimezone(ZoneInfo(ZONE)).date()

        taken = self.open([each for each in placements if day(each.at) == day(at)])
        nets: dict[tuple[str, str], Decimal] = {}
        for each in placements:
            for when, profit in each.results:
                if day(when) == day(at):
                    nets[each.run, each.market] = nets.get((each.run, each.market), Decimal(0)) + profit
        return taken + sum((-net for net in nets.values() if net < 0), Decimal(0))


def restarted(ledger: Ledger) -> Ledger:
    """From the table's rows, as another process finds them."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        META.create_all(connection, tables=[reservation_table])
        names = [column.name for column in reservation_table.columns]
        for each in ledger.kept():
            connection.execute(insert(reservation_table), dict(zip(names, _reservation_row(each), strict=True)))
        again = read_reservations(connection)
    engine.dispose()
    return Ledger(SITE, again)


waits = st.one_of(
    st.just(timedelta(0)),
    st.integers(min_value=1, max_value=59).map(lambda seconds: timedelta(seconds=seconds)),
    st.just(MINUTE),
    st.integers(min_value=1, max_value=14).map(lambda hours: timedelta(hours=hours)),
)
asked = st.lists(
    st.tuples(
        st.integers(min_value=50, max_value=2000).map(lambda pence: Decimal(pence) / 100),
        st.sampled_from([(Side.BACK, "3.10"), (Side.LAY, "1.50"), (Side.LAY, "3.00")]),
    ),
    min_size=1,
    max_size=3,
)
said = st.sampled_from(["rejected", "not sent", "unknown", "cancelled", "lost", "won", "market settled", "resumed"])


@given(data=st.data())
@law(80, share=25)
def test_it_denies_what_a_recount_of_everything_denies_and_a_restart_changes_nothing(data):  # type: ignore[no-untyped-def]
    ledger, twin, now = Ledger(SITE), Twin(), BEGIN
    for _ in range(data.draw(st.integers(min_value=1, max_value=14), "steps")):
        now += data.draw(waits, "wait")
        if data.draw(st.booleans()) or not twin.placements:
            run, where = data.draw(st.sampled_from(["r1", "r2"])), data.draw(st.sampled_from(sorted(SITE.accounts)))
            market = data.draw(st.sampled_from(["1.1", "1.2"]))
            for size, (side, odds) in data.draw(asked):
                ref = f"{run} {len(twin.placements)} {where} {now.timestamp()} {size} {side}"
                if ref in twin.placements:
                    continue
                new = Known(run, where, market, size, risk(side, size, Decimal(odds)), now)
                command = place(placement(ref, size=size, side=side, odds=odds), market=market, account=where)
                _, denied = ledger.admit(command, run=run, scope="live", at=now)
                exceeded = twin.exceeded(new)
                assert bool(denied) == bool(exceeded), exceeded
                if denied:
                    assert denied[0].limit in exceeded
                else:
                    twin.placements[ref] = new
        else:
            say(data.draw(said), data.draw(st.sampled_from(sorted(twin.placements))), ledger, twin, now)
        if data.draw(st.booleans(), "restart"):
            ledger = restarted(ledger)
        for name in SITE.accounts:
            mine = [each for each in twin.placements.values() if each.account == name]
            assert ledger.open_exposure("live", name) == twin.open(mine)
            assert ledger.loss_of_day("live", name, now) == twin.of_the_day(mine, now)


def say(what: str, ref: str, ledger: Ledger, twin: Twin, at: datetime) -> None:
    """Facts as a venue tells them, of a placement that is still open; what is over hears nothing new."""
    of = twin.placements[ref]
    if what == "resumed":
        ledger.learn(of.run, RunResumed(at=at, epoch=2))
    if not of.is_open or what == "resumed":
        return
    held = next(each for each in ledger.held() if each.ref == ref)
    match what:
        case "rejected" | "not sent":
            is_proof = not held.maybe_out
            event = OrderRejected(at=at, ref=ref, reason="X", text="")
            ledger.learn(of.run, OrderNotSent(at=at, ref=ref, attempt=1, text="") if what == "not sent" else event)
            of.is_open = not is_proof
            of.never_left = is_proof and what == "not sent"
        case "unknown":
            ledger.learn(of.run, OrderUnknown(at=at, ref=ref, text=""))
        case "cancelled":
            of.is_open = False
            ledger.learn(of.run, OrderReported(at=at, ref=ref, bet="1", sizes=Sizes(stake=of.size, cancelled=of.size)))
        case "lost" | "won":
            of.is_open = False
            profit = -of.risk if what == "lost" else of.size
            of.results.append((at, profit))
            outcome = Outcome.LOST if what == "lost" else Outcome.WON
            for late in (timedelta(0), timedelta(hours=9)):  # told again, it stays on its day
                ledger.learn(of.run, BetSettled(at=at + late, ref=ref, bet="1", outcome=outcome, profit=profit))
        case "market settled":  # nothing was told of these: in full for unknown
            ledger.learn(of.run, MarketSettled(at=at, account=of.account, market=of.market, commission=Decimal(0)))
            for each in twin.placements.values():
                if each.is_open and (each.run, each.account, each.market) == (of.run, of.account, of.market):
                    each.is_open = False
                    each.results.append((at, -each.risk))


def admit(ledger: Ledger, ref: str, *, at: datetime = BEGIN, size: str = "10.00", account: str = "one", market: str = "1.1"):  # type: ignore[no-untyped-def]
    command = place(placement(ref, size=size), market=market, account=account)
    _, denied = ledger.admit(command, run="r", scope="live", at=at)
    return denied


def settle(ledger: Ledger, ref: str, profit: str, *, at: datetime = BEGIN, bet: str = "1") -> None:
    outcome = Outcome.LOST if Decimal(profit) < 0 else Outcome.WON
    ledger.learn("r", BetSettled(at=at, ref=ref, bet=bet, outcome=outcome, profit=Decimal(profit)))


def test_a_day_says_what_was_lost_what_is_at_risk_and_what_this_order_adds() -> None:
    ledger = Ledger(SITE)
    for ref in ("a", "b"):
        admit(ledger, ref, size="15.00")
    settle(ledger, "a", "-15.00")
    admit(ledger, "c", size="15.00", market="1.2", at=BEGIN + MINUTE)
    [denied] = admit(ledger, "d", size="10.00", market="1.3", at=BEGIN + MINUTE)
    assert (denied.limit, denied.figure) == ("max_loss_per_day", "55.00 GBP of at most 50.00 GBP")
    assert denied.held_by == (
        "15.00 GBP lost by bets settled today, 30.00 GBP at risk in bets taken today, 10.00 GBP by this order"
    )


def test_the_day_is_the_accounts_and_midnight_there_begins_another() -> None:
    """23:00 UTC is midnight in London's summer; the bet taken before it is still open, but of the day before."""
    ledger, before = Ledger(SITE), datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    for ref in ("a", "b"):
        admit(ledger, ref, size="18.00", market=f"1.{ref}", at=before)
    settle(ledger, "a", "-18.00", at=before)
    assert ledger.loss_of_day("live", "one", before) == 36
    assert ledger.loss_of_day("live", "one", before + MINUTE) == 0
    settle(ledger, "b", "-18.00", at=before + MINUTE)
    assert ledger.loss_of_day("live", "one", before + MINUTE) == 18


def test_a_hedges_winnings_stand_against_what_it_hedged_and_no_others_do() -> None:
    ledger = Ledger(SITE)
    for ref, market in (("back", "1.1"), ("other", "1.2")):
        admit(ledger, ref, market=market)
    settle(ledger, "back", "-10.00")
    settle(ledger, "other", "30.00")
    assert ledger.loss_of_day("live", "one", BEGIN) == 10
    admit(ledger, "hedge")
    settle(ledger, "hedge", "9.00")
    assert ledger.loss_of_day("live", "one", BEGIN) == 1


def test_what_a_settled_market_left_untold_is_lost_until_it_is_told() -> None:
    ledger = Ledger(SITE)
    admit(ledger, "a")
    ledger.learn("r", OrderUnknown(at=BEGIN, ref="a", text=""))
    ledger.learn("r", MarketSettled(at=BEGIN, account="one", market="1.1", commission=Decimal(0)))
    assert (ledger.open_exposure("live", "one"), ledger.loss_of_day("live", "one", BEGIN)) == (0, 10)
    settle(restarted(ledger), "a", "4.00")
    settle(ledger, "a", "4.00")
    assert ledger.loss_of_day("live", "one", BEGIN) == 0


def test_a_correction_takes_the_place_of_what_was_said_before() -> None:
    ledger = Ledger(SITE)
    admit(ledger, "a")
    settle(ledger, "a", "-10.00")
    settle(ledger, "a", "-6.00")
    assert ledger.loss_of_day("live", "one", BEGIN) == 6


def test_the_minute_slides_and_counts_whatever_became_of_a_placement() -> None:
    ledger = Ledger(SITE)
    for second, ref in enumerate("abcd"):
        assert not admit(ledger, ref, size="1.00", at=BEGIN + timedelta(seconds=second))
    ledger.learn("r", OrderRejected(at=BEGIN, ref="a", reason="X", text=""))
    [denied] = admit(ledger, "e", size="1.00", at=BEGIN + timedelta(seconds=59))
    assert (denied.limit, denied.figure) == ("max_orders_per_minute", "5 of at most 4")
    assert denied.held_by == "4 placed on this account in the minute before, 1 by this order"
    assert not admit(restarted(ledger), "e", size="1.00", at=BEGIN + MINUTE)
    assert admit(ledger, "f", size="1.00", at=BEGIN + MINUTE) == ()
    assert admit(ledger, "g", size="1.00", at=BEGIN + MINUTE) != (), "the next one left at one second past"


def test_what_never_left_is_not_counted_in_its_minute_and_a_repetition_counts_once() -> None:
    ledger = Ledger(SITE)
    for ref in "abc":
        admit(ledger, ref, size="1.00")
    for attempt in (1, 2, 3):
        assert ledger.admit(place(placement("d"), account="one", attempt=attempt), run="r", scope="live", at=BEGIN)[1] == ()
        ledger.learn("r", OrderNotSent(at=BEGIN, ref="d", attempt=attempt, text=""))
    assert not admit(ledger, "e", size="1.00")
    ledger.learn("r", OrderUnknown(at=BEGIN, ref="e", text=""))
    assert ledger.admit(place(placement("e"), account="one", attempt=2), run="r", scope="live", at=BEGIN)[1] == ()
    assert admit(ledger, "f", size="1.00")


def test_a_clock_set_back_gives_no_second_minute_and_no_second_day() -> None:
    ledger = Ledger(SITE)
    for ref in "abcd":
        admit(ledger, ref, size="9.00", market=f"1.{ref}")
    assert admit(ledger, "e", size="1.00", at=BEGIN - timedelta(minutes=30))
    assert ledger.loss_of_day("live", "one", BEGIN - timedelta(days=1)) == ledger.loss_of_day("live", "one", BEGIN) == 36


@pytest.mark.parametrize("ahead", [timedelta(days=400)])
def test_a_rehearsals_clock_forgets_nothing_of_live_money(ahead: timedelta) -> None:
    ledger = Ledger(SITE)
    admit(ledger, "a")
    settle(ledger, "a", "-10.00")
    ledger.admit(place(placement("x"), account="one"), run="rehearsal", scope="rehearsal", at=BEGIN + ahead)
    assert ledger.loss_of_day("live", "one", BEGIN) == 10


def test_nothing_is_kept_longer_than_it_counts() -> None:
    ledger = Ledger(SITE)
    for ref in "abc":
        admit(ledger, ref, size="10.00", market=f"1.{ref}")
        settle(ledger, ref, "-10.00")
    admit(ledger, "z", size="1.00", at=BEGIN + timedelta(days=2))
    assert [each.ref for each in ledger.kept()] == ["z"]


def test_the_site_counts_over_accounts_and_names_who_holds_it() -> None:
    ledger = Ledger(SITE)
    admit(ledger, "a", size="18.00")
    admit(ledger, "b", size="10.00", account="two")
    [denied] = admit(ledger, "c", size="5.00")
    assert (denied.limit, denied.figure) == ("max_exposure_per_market of the site", "33.00 GBP of at most 30.00 GBP")
    assert denied.held_by == (
        "18.00 GBP by run r in market 1.1 on one, 10.00 GBP by run r in market 1.1 on two, 5.00 GBP by this order"
    )
    assert not admit(ledger, "d", size="18.00", account="euros"), "the site's limits are in another currency"


def test_a_reservation_of_an_older_journal_counts_on_every_day() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        META.create_all(connection, tables=[reservation_table])
        old = {
            "run_id": "r", "ref": "a", "scope": "live", "account": "one", "market": "1.1", "side": "back", "odds": "3.10",
            "size": "10.00", "amount": "10.00", "detail": '{"attempt": 1, "maybe_out": false, "bets": {}}',
        }  # fmt: skip
        connection.execute(insert(reservation_table), old)
        ledger = Ledger(SITE, read_reservations(connection))
    engine.dispose()
    assert ledger.loss_of_day("live", "one", BEGIN) == ledger.loss_of_day("live", "one", BEGIN + timedelta(days=9)) == 10
    [denied] = admit(ledger, "b", size="18.01", account="two", market="1.1")
    assert denied.limit == "max_stake_per_order"
    assert [each.limit for each in admit(ledger, "c", size="14.00", account="two", market="1.1")] == []
    assert [each.limit for each in admit(ledger, "d", size="6.01", account="two", market="1.1")] != [], "with the old one's 10"
