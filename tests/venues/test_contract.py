"""The contract: numbered cards that every venue passes, its adapter against its sandbox, over real HTTP.

A card is skipped only where the venue's profile says that it cannot. These cards speak at the venue port; what a whole run
makes of the same mishaps is told with the runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal

import pytest

from planrunner.model.errors import NotInCatalogue, VenueRefused
from planrunner.model.events import (
    BetSettled,
    CancelAccepted,
    CancelRefused,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    RunnersSeen,
)
from planrunner.model.market import MarketStatus
from planrunner.model.placement import Sizes
from planrunner.model.plan import MarketQuery, OrderType, Target
from tests.venues.betfair.under_test import BetfairUnderTest
from tests.venues.contract import ACCOUNT, BALANCE, BEGIN, FIXTURE, MARKET, RESTS, TAKES, Mishap, Session, VenueUnderTest, log_in

VENUES: list[Callable[[], VenueUnderTest]] = [BetfairUnderTest]


@pytest.fixture(params=VENUES, ids=lambda venue: venue.profile.venue)
def venue(request: pytest.FixtureRequest) -> Iterator[VenueUnderTest]:
    under_test: VenueUnderTest = request.param()
    with under_test.serving():
        yield under_test


def play(venue: VenueUnderTest, card: Callable[[Session], Awaitable[None]]) -> None:
    """The card, with one adapter that is logged in."""

    async def main() -> None:
        async with venue.adapter() as adapter:
            await card(await log_in(adapter, venue.clock))

    asyncio.run(main())


def sizes(stake: str, **parts: str) -> Sizes:
    return Sizes(stake=Decimal(stake), **{name: Decimal(part) for name, part in parts.items()})


def test_v01_place_and_match(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        (event,) = await session.place(session.placement("v01", TAKES, "5.00", "3.00"))
        assert isinstance(event, OrderAccepted)
        assert (event.sizes, event.average_odds) == (sizes("5.00", matched="5.00"), Decimal("3.00"))

    play(venue, card)
    assert venue.bets() == ["v01"]


def test_v01_a_whole_market_at_one_moment(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        (seen,) = await session.runners()
        assert isinstance(seen, RunnersSeen)
        assert (seen.market, seen.status, seen.in_play) == (session.market.id, MarketStatus.OPEN, False)
        assert [(one.selection, one.name) for one in seen.runners] == [(one.id, one.name) for one in session.market.selections]
        takes, rests, *_ = seen.runners
        assert (takes.name, takes.back[0], rests.back) == (TAKES, (Decimal("3.00"), Decimal("25.00")), ())

    play(venue, card)


def test_v01_the_markets_that_fit(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        query = MarketQuery(account=ACCOUNT, sport="Football", market=MARKET, country="GB")
        found = await session.venue.markets(query, on=BEGIN.date(), zone=UTC)
        assert [one.fixture for one in found if one.name == MARKET] == [one.fixture for one in found]
        assert session.market in found
        assert list(found) == sorted(found, key=lambda one: (one.start, one.id))
        assert await session.venue.markets(query, on=BEGIN.date() + timedelta(days=1), zone=UTC) == ()
        with pytest.raises(NotInCatalogue, match="Hurling") as told:
            await session.venue.markets(replace(query, sport="Hurling"), on=BEGIN.date(), zone=UTC)
        assert (told.value.key, told.value.word) == ("sport", "Hurling")

    play(venue, card)


def test_v01_the_market_closes_and_every_bet_is_settled_once(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
        await session.place(session.placement("won", TAKES, "10.00", "3.00"), session.placement("lapses", RESTS, "5.00", "4.00"))
        venue.clock.move(4 * 3600)
        facts = await session.facts_until(lambda found: isinstance(found[-1], MarketSettled))
        settled = [fact for fact in facts if isinstance(fact, BetSettled)]
        assert {fact.ref: (fact.outcome, fact.profit) for fact in settled} == {
            "won": (Outcome.WON, Decimal(20)),
            "lapses": (Outcome.LOST, Decimal(-2)),  # the part that was taken after a minute
        }
        assert len(settled) == 2
        assert isinstance(facts[-1], MarketSettled)
        assert facts[-1].commission == Decimal("0.90")  # 5 % of a net 18.00
        last = [fact for fact in facts if isinstance(fact, OrderReported) and fact.ref == "lapses"][-1]
        assert last.sizes == sizes("5.00", matched="2.00", lapsed="3.00")
        (found,) = await session.query("lapses", "5.00")
        assert isinstance(found, OrderReported)
        assert found.sizes == last.sizes

    play(venue, card)


def test_v02_partial_then_cancel(venue: VenueUnderTest) -> None:
    if not venue.profile.can_cancel:
        pytest.skip("the profile says that bets can't be cancelled here")

    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
        (placed,) = await session.place(session.placement("v02", RESTS, "10.00", "4.00"))
        assert isinstance(placed, OrderAccepted)
        assert placed.sizes == sizes("10.00")
        venue.clock.move(61)
        facts = await session.facts_until(lambda found: isinstance(found[-1], OrderReported))
        part = facts[-1]
        assert isinstance(part, OrderReported)
        assert part.sizes == sizes("10.00", matched="4.00")
        assert await session.cancel("v02", placed.bet) == CancelAccepted(
            at=venue.clock.now(), ref=placed.ref, bet=placed.bet, size=Decimal("6.00")
        )
        (after,) = await session.query("v02", "10.00")
        assert isinstance(after, OrderReported)
        assert after.sizes == sizes("10.00", matched="4.00", cancelled="6.00")
        assert isinstance(await session.cancel("v02", placed.bet), CancelRefused)

    play(venue, card)


def test_v03_rejected_with_a_reason(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        (event,) = await session.place(session.placement("v03", TAKES, "5.00", "3.01"))
        assert isinstance(event, OrderRejected)
        assert event.reason
        assert "ladder" in event.text

    play(venue, card)
    assert venue.bets() == []


def test_v04_reply_lost_after_landing(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        placement = session.placement("v04", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        (found,) = await session.query("v04", "10.00")
        assert isinstance(found, OrderReported)
        assert (found.ref, found.sizes) == ("v04", sizes("10.00"))
        if venue.profile.idempotent_for is not None:
            (again,) = await session.place(placement, attempt=2)
            assert isinstance(again, OrderUnknown), "a duplicate is no rejection of the first"
        assert isinstance(await session.cancel("v04", found.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v04"]


def test_v04_every_bet_of_a_batch_is_found_by_its_own_reference(venue: VenueUnderTest) -> None:
    if venue.profile.batch < 2:
        pytest.skip("the profile says that bets are placed one by one here")

    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        refs = ["a", "b", "c"]
        events = await session.place(*(session.placement(ref, RESTS, "10.00", "4.00") for ref in refs))
        assert [event.ref for event in events if isinstance(event, OrderUnknown)] == refs
        found = [event for ref in refs for event in await session.query(ref, "10.00")]
        assert [event.ref for event in found if isinstance(event, OrderReported)] == refs

    play(venue, card)
    assert venue.bets() == ["a", "b", "c"]


def test_v05_reply_lost_before_landing(venue: VenueUnderTest) -> None:
    if venue.profile.idempotent_for is None:
        pytest.skip("the profile says that the venue does not recognise a reference again, so nothing is ever resent")

    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_BEFORE_LANDING)
        placement = session.placement("v05", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        assert isinstance((await session.query("v05", "10.00"))[0], OrderNotFound)
        (again,) = await session.place(placement, attempt=2)
        assert isinstance(again, OrderAccepted)
        (duplicate,) = await session.place(placement, attempt=3)
        assert isinstance(duplicate, OrderUnknown)

    play(venue, card)
    assert venue.bets() == ["v05"]


def test_v05_what_is_too_late_never_reaches_the_venue(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.stands_still = 3.0
        (event,) = await session.place(session.placement("late", RESTS, "10.00", "4.00"))
        assert isinstance(event, OrderNotSent)

    play(venue, card)
    assert venue.bets() == []


def test_v07_repeated_and_older_reports_change_nothing(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
        await session.place(session.placement("v07", RESTS, "10.00", "4.00"))
        facts = await session.facts_for(0.2)
        venue.clock.move(61)
        venue.mishap(Mishap.REPORTED_TWICE, times=3)
        facts += await session.facts_for(0.2)
        venue.mishap(Mishap.OLDER_REPORT, times=2)
        facts += await session.facts_for(0.3)
        reports = [fact.sizes for fact in facts if isinstance(fact, OrderReported)]
        assert reports == [sizes("10.00", matched="4.00")], "told once, though it was seen many times"
        first, second = await session.query("v07", "10.00"), await session.query("v07", "10.00")
        assert first == second
        markets = [fact for fact in facts if isinstance(fact, MarketChanged)]
        assert [fact.status for fact in markets] == [MarketStatus.OPEN]

    play(venue, card)


def test_v16_an_account_in_another_currency_is_refused_before_anything_is_placed(venue: VenueUnderTest) -> None:
    async def main() -> None:
        async with venue.adapter(currency="SEK") as adapter:
            with pytest.raises(VenueRefused, match="SEK"):
                await adapter.open()

    asyncio.run(main())


def test_v16_the_minimum_stake_of_the_profile_is_the_venues(venue: VenueUnderTest) -> None:
    minimum = venue.profile.minimums[venue.profile.usual_currency]

    async def card(session: Session) -> None:
        (enough,) = await session.place(session.placement("enough", TAKES, str(minimum.stake), "3.00"))
        assert isinstance(enough, OrderAccepted)
        (less,) = await session.place(session.placement("less", TAKES, str(minimum.stake - Decimal("0.01")), "3.00"))
        assert isinstance(less, OrderRejected)
        assert "minimum" in less.text
        if minimum.payout is not None:
            (small,) = await session.place(session.placement("small", RESTS, "0.10", str(minimum.payout * 10)))
            assert isinstance(small, OrderAccepted)

    play(venue, card)
    assert "less" not in venue.bets()


def test_v17_orders_in_flight_count_against_the_accounts_money(venue: VenueUnderTest) -> None:
    """Two at once, each of which the balance would cover alone. Our own ledger says no before; this is the last wall."""

    async def card(session: Session) -> None:
        more_than_half = str(BALANCE * Decimal("0.6"))
        answers = await asyncio.gather(
            session.place(session.placement("one", RESTS, more_than_half, "4.00")),
            session.place(session.placement("two", RESTS, more_than_half, "4.00")),
        )
        kinds = sorted(type(event).__name__ for (event,) in answers)
        assert kinds == ["OrderAccepted", "OrderRejected"]
        (rejected,) = [event for (event,) in answers if isinstance(event, OrderRejected)]
        assert "not enough money" in rejected.text

    play(venue, card)
    assert len(venue.bets()) == 1


def test_v18_a_new_process_adopts_open_orders(venue: VenueUnderTest) -> None:
    async def first(session: Session) -> None:
        await session.place(session.placement("open", RESTS, "10.00", "4.00"), session.placement("done", TAKES, "5.00", "3.00"))
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        await session.place(session.placement("lost", RESTS, "20.00", "4.00"))

    async def second(session: Session) -> None:
        session.venue.watch(session.market.id)
        found = [await session.query(ref, stake) for ref, stake in (("open", "10.00"), ("done", "5.00"), ("lost", "20.00"))]
        reports = [event for (event,) in found if isinstance(event, OrderReported)]
        assert [report.sizes.remaining for report in reports] == [10, 0, 20]
        venue.clock.move(61)
        facts = await session.facts_until(lambda facts: sum(isinstance(fact, OrderReported) for fact in facts) == 2)
        matched = {fact.ref: fact.sizes.matched for fact in facts if isinstance(fact, OrderReported)}
        assert matched == {"open": 10, "lost": 2}  # 40 % of each were asked for, and the first in the queue goes first

    play(venue, first)
    play(venue, second)
    assert sorted(venue.bets()) == ["done", "lost", "open"]


def test_fill_or_kill_is_all_now_or_nothing(venue: VenueUnderTest) -> None:
    if OrderType.FILL_OR_KILL not in venue.profile.types:
        pytest.skip("the profile does not list fill or kill")

    async def card(session: Session) -> None:
        kill = session.placement("kill", RESTS, "10.00", "4.00", type=OrderType.FILL_OR_KILL)
        fill = session.placement("fill", TAKES, "10.00", "3.00", type=OrderType.FILL_OR_KILL)
        (killed,), (filled,) = await session.place(kill), await session.place(fill)
        assert isinstance(killed, OrderAccepted)
        assert isinstance(filled, OrderAccepted)
        assert (killed.sizes, filled.sizes) == (sizes("10.00", cancelled="10.00"), sizes("10.00", matched="10.00"))

    play(venue, card)


def test_a_fixture_is_found_by_name_and_a_near_miss_has_its_neighbours(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        whole = await session.venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=venue.clock.now().date())
        assert {market.name for market in whole.markets} > {MARKET}
        assert whole.nearby == ()
        by_id = await session.venue.find(Target(market_id=session.market.id, selection=TAKES), on=None)
        assert by_id.markets == (session.market,)
        near = await session.venue.find(Target(event="Arsenl v Chelsea", market=MARKET, selection=TAKES), on=None)
        assert FIXTURE in near.nearby

    play(venue, card)
