"""The contract: numbered cards that every venue passes, its adapter against its sandbox, over real HTTP and WebSockets.

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

from planrunner.model.commands import Persistence
from planrunner.model.errors import NotInCatalogue, VenueRefused, VenueTrouble
from planrunner.model.events import (
    BetSettled,
    BookChanged,
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
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
    VenueDown,
    VenueUp,
)
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.plan import MarketQuery, OrderType, Target
from tests.venues.betfair.under_test import BetfairUnderTest
from tests.venues.contract import (
    ACCOUNT,
    BALANCE,
    BEGIN,
    FIXTURE,
    MARKET,
    RESTS,
    TAKES,
    Asking,
    Can,
    Happens,
    Mishap,
    Session,
    VenueUnderTest,
    needs,
)
from tests.venues.oddspapi_abp.under_test import RouterUnderTest
from tests.venues.tote.under_test import ToteUnderTest

VENUES: list[Callable[[], VenueUnderTest]] = [BetfairUnderTest, ToteUnderTest, RouterUnderTest]
# A venue that recognises a reference may say so, or say again what it said of it; it never takes it for another bet.
NO_REFUSAL = (OrderUnknown, OrderAccepted)


@pytest.fixture(params=VENUES, ids=lambda venue: venue.profile.venue)
def venue(request: pytest.FixtureRequest) -> Iterator[VenueUnderTest]:
    under_test: VenueUnderTest = request.param()
    with under_test.serving():
        yield under_test


def play(venue: VenueUnderTest, card: Callable[[Session], Awaitable[None]]) -> None:
    """The card, with one adapter that is logged in."""

    async def main() -> None:
        async with venue.adapter() as adapter:
            await card(await venue.session(adapter))

    asyncio.run(main())


def sizes(stake: str, **parts: str) -> Sizes:
    return Sizes(stake=Decimal(stake), **{name: Decimal(part) for name, part in parts.items()})


def has_odds(venue: VenueUnderTest) -> bool:
    return not venue.profile.pools


def test_v01_place_and_match(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        (event,) = await session.place(session.placement("v01", TAKES, "5.00", "3.00"))
        assert isinstance(event, OrderAccepted)
        found = await session.decided("v01", "5.00")
        assert isinstance(found, OrderReported)
        assert found.bet == event.bet
        assert (found.sizes, found.average_odds) == (sizes("5.00", matched="5.00"), Decimal(3) if has_odds(venue) else None)

    play(venue, card)
    assert venue.bets() == ["v01"]
    assert venue.matched() == {"v01": 5}


def test_v01_a_whole_market_at_one_moment(venue: VenueUnderTest) -> None:
    needs(venue, Can.LIST)

    async def card(session: Session) -> None:
        (seen,) = await session.runners()
        assert isinstance(seen, RunnersSeen)
        assert (seen.market, seen.status, seen.in_play) == (session.market.id, MarketStatus.OPEN, False)
        assert [(one.selection, one.name) for one in seen.runners] == [(one.id, one.name) for one in session.market.selections]
        takes, rests, *_ = seen.runners
        assert (takes.name, takes.back[0], rests.back) == (TAKES, (Decimal("3.00"), Decimal("25.00")), ())

    play(venue, card)


def test_v01_the_markets_that_fit(venue: VenueUnderTest) -> None:
    needs(venue, Can.LIST)

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
        session.venue.watch(session.pool)
        placed = await session.place(
            session.placement("won", TAKES, "10.00", "3.00"), session.placement("lapses", RESTS, "5.00", "4.00")
        )
        facts = [*placed, *await session.facts_for(0.2)]
        venue.clock.move(4 * 3600)
        facts += await session.facts_until(lambda found: isinstance(found[-1], MarketSettled))
        settled = [fact for fact in facts if isinstance(fact, BetSettled)]
        assert {venue.named(fact.ref): fact.profit for fact in settled} == venue.profits()
        assert {venue.named(fact.ref): fact.outcome for fact in settled} == {"won": Outcome.WON, "lapses": Outcome.LOST}
        assert len(settled) == 2
        assert isinstance(facts[-1], MarketSettled)
        last = session.bets_in(facts)["lapses"]
        assert last.sizes == sizes("5.00", **({"matched": "2.00", "lapsed": "3.00"} if has_odds(venue) else {"matched": "5.00"}))
        if has_odds(venue):
            assert venue.profits() == {"won": 20, "lapses": -2}  # of it the part that was taken after a minute
        found = await session.query("lapses", "5.00")
        assert isinstance(found, OrderReported)
        assert found.sizes == last.sizes

    play(venue, card)


def test_v01_what_the_venue_keeps_of_a_profit_is_told_with_the_settlement(venue: VenueUnderTest) -> None:
    """5 % of a net 20.00 at an exchange; elsewhere it is in the odds."""

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        await session.place(session.placement("won", TAKES, "10.00", "3.00"))
        await session.facts_for(0.2)
        venue.clock.move(4 * 3600)
        *_, last = await session.facts_until(lambda found: isinstance(found[-1], MarketSettled))
        assert isinstance(last, MarketSettled)
        assert last.commission == (Decimal(1) if not venue.profile.pools and not venue.profile.routes else 0)

    play(venue, card)


def test_v02_partial_then_cancel(venue: VenueUnderTest) -> None:
    needs(venue, Can.TAKE_BACK, Can.WAIT)

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
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
        after = await session.query("v02", "10.00")
        assert isinstance(after, OrderReported)
        assert after.sizes == sizes("10.00", matched="4.00", cancelled="6.00")
        assert isinstance(await session.cancel("v02", placed.bet), CancelRefused)

    play(venue, card)


def test_v03_rejected_with_a_reason(venue: VenueUnderTest) -> None:
    """At once, or when it is its turn."""

    async def card(session: Session) -> None:
        (event,) = await session.place(session.wrong("v03"))
        if not isinstance(event, OrderRejected):
            event = await session.decided("v03", "5.00")
        assert isinstance(event, OrderRejected)
        assert event.reason
        assert len(event.text) > len(event.reason)

    play(venue, card)
    assert not any(venue.matched().values())


def test_v04_reply_lost_after_landing(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        placement = session.placement("v04", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        found = await session.query("v04", "10.00")
        assert isinstance(found, OrderReported)
        assert (venue.named(found.ref), found.sizes) == ("v04", sizes("10.00"))
        if venue.profile.idempotent_for is not None:
            (again,) = await session.place(placement, attempt=2)
            assert isinstance(again, NO_REFUSAL), "a duplicate is no rejection of the first"
        venue.clock.move(venue.decides_after)
        if venue.profile.can_cancel:
            assert isinstance(await session.cancel("v04", found.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v04"]


def test_v04_every_bet_of_a_batch_is_found_by_its_own_reference(venue: VenueUnderTest) -> None:
    needs(venue, Can.BATCH)

    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        names = ["a", "b", "c"]
        events = await session.place(*(session.placement(name, RESTS, "10.00", "4.00") for name in names))
        assert [venue.named(event.ref) for event in events if isinstance(event, OrderUnknown)] == names
        found = [await session.query(name, "10.00") for name in names]
        assert [venue.named(event.ref) for event in found if isinstance(event, OrderReported)] == names

    play(venue, card)
    assert venue.bets() == ["a", "b", "c"]


def test_v05_reply_lost_before_landing(venue: VenueUnderTest) -> None:
    needs(venue, Can.SEND_AGAIN)

    async def card(session: Session) -> None:
        venue.mishap(Mishap.REPLY_LOST_BEFORE_LANDING)
        placement = session.placement("v05", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        assert isinstance(await session.query("v05", "10.00"), OrderNotFound)
        (again,) = await session.place(placement, attempt=2)
        assert isinstance(again, OrderAccepted)
        (duplicate,) = await session.place(placement, attempt=3)
        assert isinstance(duplicate, NO_REFUSAL)

    play(venue, card)
    assert venue.bets() == ["v05"]


def test_v05_what_is_too_late_never_reaches_the_venue(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.stands_still = 3.0
        (event,) = await session.place(session.placement("late", RESTS, "10.00", "4.00"))
        assert isinstance(event, OrderNotSent)

    play(venue, card)
    assert venue.bets() == []


def test_v06_late_landing_after_an_empty_look_up(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        venue.mishap(Mishap.LANDS_LATER)
        placement = session.placement("v06", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        assert isinstance(await session.query("v06", "10.00"), OrderNotFound)
        assert venue.bets() == [], "the look-up was empty, and yet"
        if venue.profile.idempotent_for is not None:
            (again,) = await session.place(placement, attempt=2)
            assert isinstance(again, NO_REFUSAL), "the venue has had it, or takes this one in its place; never both"
        venue.clock.move(11)
        found = await session.query("v06", "10.00")
        assert isinstance(found, OrderReported)
        assert (venue.named(found.ref), found.sizes.stake) == ("v06", 10)
        venue.clock.move(venue.decides_after)
        if venue.profile.can_cancel:
            assert isinstance(await session.cancel("v06", found.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v06"]


def test_v07_repeated_and_older_reports_change_nothing(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        await session.place(session.placement("v07", RESTS, "10.00", "4.00"))
        facts = await session.facts_for(0.2)
        venue.clock.move(61)
        venue.mishap(Mishap.REPORTED_TWICE, times=3)
        facts += await session.facts_for(0.3)
        venue.mishap(Mishap.OLDER_REPORT, times=2)
        facts += await session.facts_for(0.3)
        reports = [fact.sizes for fact in facts if isinstance(fact, OrderReported)]
        assert reports == [sizes("10.00", matched=str(venue.matched()["v07"]))], "told once, though it was seen many times"
        first, second = await session.query("v07", "10.00"), await session.query("v07", "10.00")
        assert first == second
        markets = [fact for fact in facts if isinstance(fact, MarketChanged)]
        assert [fact.status for fact in markets] == [MarketStatus.OPEN]

    play(venue, card)


@pytest.mark.parametrize("mishap", [Mishap.REPORTED_TWICE, Mishap.OUT_OF_ORDER, Mishap.GAP])
def test_v08_v14_whatever_is_told_twice_in_another_order_or_never_is_known_in_the_end(
    venue: VenueUnderTest, mishap: Mishap
) -> None:
    """Of two bets; and what is known never goes back."""

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        bets = [session.placement(name, RESTS, size, "4.00") for name, size in (("a", "10.00"), ("b", "5.00"))]
        facts: list[Event] = list(await session.place(*bets))
        facts += await session.facts_for(0.2)
        venue.mishap(mishap, times=2)
        venue.clock.move(61)
        facts += await session.facts_for(0.4)
        venue.clock.move(61)  # whoever heard nothing looks
        known = session.bets_in(facts)

        def is_known(found: list[Event]) -> bool:
            known.update(session.bets_in(found))
            return {name: one.sizes.matched for name, one in known.items()} == venue.matched()

        if not is_known([]):
            facts += await session.facts_until(is_known)
        assert sum(venue.matched().values()) > 0
        for name in ("a", "b"):
            told = [one.sizes.progress for one in facts if isinstance(one, OrderReported) and venue.named(one.ref) == name]
            assert told == sorted(set(told)), "told once each, and nothing is taken back"

    play(venue, card)


@pytest.mark.parametrize("asking", Asking)
def test_v09_login_expired_mid_run(venue: VenueUnderTest, asking: Asking) -> None:
    """At whatever is asked: the session is renewed, and what was asked is done, once."""
    needs(venue, Can.LOG_IN)
    if asking is Asking.CANCEL:
        needs(venue, Can.TAKE_BACK)
    if asking is Asking.BOOK:
        needs(venue, Can.NAME_A_PRICE)

    async def card(session: Session) -> None:
        (placed,) = await session.place(session.placement("before", RESTS, "10.00", "4.00"))
        assert isinstance(placed, OrderAccepted)
        venue.mishap(Mishap.LOGIN_EXPIRED, asking)
        match asking:
            case Asking.PLACE:
                placement = session.placement("v09", RESTS, "10.00", "4.00")
                (event,) = await session.place(placement)
                assert isinstance(event, OrderNotSent), "sent again it needs an intent of its own"
                (event,) = await session.place(placement, attempt=2)
                assert isinstance(event, OrderAccepted)
            case Asking.CANCEL:
                assert isinstance(await session.cancel("before", placed.bet), CancelAccepted)
            case Asking.LOOK_UP | Asking.LOOK_UP_SETTLED:
                assert isinstance(await session.query("before", "10.00"), OrderReported)
                assert isinstance(await session.query("nobody", "10.00"), OrderNotFound)
            case Asking.BOOK:
                assert isinstance((await session.book(TAKES))[0], BookChanged)
            case Asking.CATALOGUE:
                assert await session.search() is not None

    play(venue, card)
    assert sorted(venue.bets()) == ["before", *(["v09"] if asking is Asking.PLACE else [])]


def test_v09_a_session_of_hours_is_kept_alive(venue: VenueUnderTest) -> None:
    needs(venue, Can.LOG_IN)

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        before = await session.facts_for(0.1)
        for _ in range(5):
            venue.clock.move(11 * 60)
            before += await session.facts_for(0.1)
        assert not any(isinstance(fact, VenueDown) for fact in before)
        (event,) = await session.place(session.placement("later", RESTS, "10.00", "4.00"))
        assert isinstance(event, OrderAccepted)

    play(venue, card)


def test_v10_rate_limited(venue: VenueUnderTest) -> None:
    """Nothing was wrong with the bet and nothing was done: it may be sent again, but not before the venue wants to hear of it."""

    async def card(session: Session) -> None:
        placement = session.placement("v10", RESTS, "10.00", "4.00")
        venue.mishap(Mishap.TOO_MANY_REQUESTS)
        (limited,) = await session.place(placement)
        assert isinstance(limited, OrderNotSent)
        asked = venue.calls(Asking.PLACE)
        (too_soon,) = await session.place(placement, attempt=2)
        assert isinstance(too_soon, OrderNotSent)
        assert venue.calls(Asking.PLACE) == asked, "the venue was left alone"
        venue.clock.move(6)
        (placed,) = await session.place(placement, attempt=3)
        assert isinstance(placed, OrderAccepted)
        if not venue.profile.can_cancel:
            return
        venue.mishap(Mishap.TOO_MANY_REQUESTS, Asking.CANCEL)
        refused = await session.cancel("v10", placed.bet)
        assert isinstance(refused, CancelRefused)
        venue.clock.move(6)
        assert isinstance(await session.cancel("v10", placed.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v10"]


def test_v11_suspended(venue: VenueUnderTest) -> None:
    needs(venue, Can.BE_SUSPENDED)

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        (placed,) = await session.place(session.placement("rests", RESTS, "10.00", "4.00"))
        assert isinstance(placed, OrderAccepted)
        venue.happen(Happens.SUSPEND)
        facts = await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.SUSPENDED])
        venue.clock.move(4)  # what was known of odds before is too old
        (refused,) = await session.place(session.placement("v11", TAKES, "5.00", "3.00"))
        assert isinstance(refused, OrderRejected)
        assert "suspended" in refused.text
        if venue.profile.can_keep_in_play:
            assert isinstance(await session.cancel("rests", placed.bet), CancelRefused)
        still = await session.query("rests", "10.00")
        assert isinstance(still, OrderReported)
        assert still.sizes == sizes("10.00"), "nothing was taken or taken back"
        venue.happen(Happens.REOPEN)
        facts += await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.OPEN])
        venue.clock.move(venue.decides_after)
        assert isinstance(await session.cancel("rests", placed.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["rests"]


def _statuses(facts: list[Event]) -> list[MarketStatus]:
    return [fact.status for fact in facts if isinstance(fact, MarketChanged)]


def test_v11_a_pool_closes_at_the_off_and_takes_nothing_any_more(venue: VenueUnderTest) -> None:
    needs(venue, Can.CLOSE)

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        facts = await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.OPEN])
        venue.clock.move(3600 + 1)
        facts += await session.facts_until(lambda found: bool(_statuses(found)))
        assert _statuses(facts) == [MarketStatus.OPEN, MarketStatus.CLOSED]
        (event,) = await session.place(session.placement("late", TAKES, "5.00", "3.00"))
        if not isinstance(event, OrderRejected):
            event = await session.decided("late", "5.00")
        assert isinstance(event, OrderRejected)
        assert (event.reason, event.transient) == ("POOL_NOT_OPEN", False)

    play(venue, card)
    assert not any(venue.matched().values())


def test_v11_in_play_what_is_not_kept_lapses_and_a_new_bet_is_held_first(venue: VenueUnderTest) -> None:
    needs(venue, Can.STAY_IN_PLAY)

    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        kept = session.placement("kept", TAKES, "5.00", "4.00", persistence=Persistence.PERSIST)
        await session.place(session.placement("lapses", TAKES, "5.00", "4.00"), kept)
        venue.happen(Happens.TURN_IN_PLAY)
        await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.SUSPENDED])
        venue.clock.move(6)
        facts = await session.facts_until(
            lambda found: (
                any(isinstance(one, OrderReported) for one in found)
                and any(isinstance(one, MarketChanged) and one.in_play for one in found)
            )
        )
        (lapsed,) = [fact for fact in facts if isinstance(fact, OrderReported)]
        assert (lapsed.ref, lapsed.sizes) == ("lapses", sizes("5.00", lapsed="5.00"))
        still = await session.query("kept", "5.00")
        assert isinstance(still, OrderReported)
        assert still.sizes == sizes("5.00")
        held = asyncio.create_task(session.place(session.placement("held", TAKES, "5.00", "3.00")))
        await asyncio.sleep(0.1)
        assert not held.done(), "the venue holds it for the bet delay"
        venue.clock.move(6)
        (event,) = await held
        assert isinstance(event, OrderAccepted)
        assert event.sizes == sizes("5.00", matched="5.00")

    play(venue, card)


def test_v11_a_suspension_in_the_bet_delay_makes_a_bet_lapse(venue: VenueUnderTest) -> None:
    needs(venue, Can.STAY_IN_PLAY)

    async def card(session: Session) -> None:
        venue.happen(Happens.TURN_IN_PLAY)
        await session.book(TAKES)
        venue.clock.move(6)
        session.venue.watch(session.pool)
        await session.facts_for(0.1)
        held = asyncio.create_task(session.place(session.placement("held", TAKES, "5.00", "3.00")))
        await asyncio.sleep(0.1)
        venue.happen(Happens.SUSPEND)
        await session.book(TAKES)
        venue.clock.move(6)
        (event,) = await held
        assert isinstance(event, OrderAccepted), "it was made, and is no more"
        assert event.sizes == sizes("5.00", lapsed="5.00")

    play(venue, card)
    assert venue.bets() == ["held"]


def test_v12_price_moved_for_the_worse(venue: VenueUnderTest) -> None:
    needs(venue, Can.NAME_A_PRICE)

    async def card(session: Session) -> None:
        venue.happen(Happens.SHORTER)
        (rests,) = await session.place(session.placement("v12", TAKES, "5.00", "3.00"))
        assert isinstance(rests, OrderAccepted)
        found = await session.decided("v12", "5.00")
        assert isinstance(found, OrderReported)
        assert (found.sizes, found.average_odds) == (sizes("5.00"), None), "never at worse odds than asked"
        (book,) = await session.book(TAKES)
        assert isinstance(book, BookChanged)
        assert book.back == (Decimal("2.90"), Decimal("25.00"))

    play(venue, card)


def test_v12_price_moved_for_the_better(venue: VenueUnderTest) -> None:
    needs(venue, Can.NAME_A_PRICE)

    async def card(session: Session) -> None:
        venue.happen(Happens.LONGER)
        await session.place(session.placement("v12", TAKES, "5.00", "3.00"))
        found = await session.decided("v12", "5.00")
        assert isinstance(found, OrderReported)
        assert (found.sizes, found.average_odds) == (sizes("5.00", matched="5.00"), Decimal("3.10"))

    play(venue, card)


async def _settled(session: Session, venue: VenueUnderTest, *, hours: float = 4) -> dict[str, tuple[Outcome, Decimal]]:
    """How the bets of a market that was watched from the beginning were settled, each once."""
    venue.clock.move(hours * 3600)
    facts = await session.facts_until(lambda found: isinstance(found[-1], MarketSettled))
    settled = [fact for fact in facts if isinstance(fact, BetSettled)]
    assert len(settled) == len({fact.bet for fact in settled})
    assert {venue.named(fact.ref): fact.profit for fact in settled} == venue.profits()
    return {venue.named(fact.ref): (fact.outcome, fact.profit) for fact in settled}


async def _bets(session: Session) -> list[str]:
    """Both for and against the winner, where that can be; else one on each."""
    session.venue.watch(session.pool)
    await session.facts_for(0.1)
    await session.place(session.placement("backs", TAKES, "10.00", "3.00"))
    if Side.LAY in session.of.profile.sides:
        await session.place(session.placement("lays", TAKES, "10.00", "3.10", side=Side.LAY))
    else:
        await session.place(session.placement("other", RESTS, "10.00", "4.00"))
    session.clock.move(session.of.decides_after)
    await session.facts_for(0.2)
    return session.of.bets()


def test_v13_settle_won_and_lost(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        first, second = await _bets(session)
        settled = await _settled(session, venue)
        assert settled[first][0] is Outcome.WON
        assert settled[second] == (Outcome.LOST, Decimal(-21 if has_odds(venue) else -10))
        assert settled[first][1] == 20 if has_odds(venue) else settled[first][1] > 0

    play(venue, card)


def test_v13_settle_dead_heat(venue: VenueUnderTest) -> None:
    """Half the stake is paid in full. Both runners of a pool are paid, each a part of it."""

    async def card(session: Session) -> None:
        first, second = await _bets(session)
        venue.happen(Happens.DEAD_HEAT)
        await session.query(first, "10.00")
        settled = await _settled(session, venue)
        if has_odds(venue):
            assert settled[first] == (Outcome.WON, Decimal(5))
            assert settled[second] in [(lost, Decimal("-5.50")) for lost in (Outcome.LOST, Outcome.HALF_LOST)]
        else:
            assert {outcome for outcome, _ in settled.values()} == {Outcome.WON}

    play(venue, card)


def test_v13_settle_void(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        first, second = await _bets(session)
        if has_odds(venue):
            await session.place(session.placement("rests", RESTS, "10.00", "4.00"))
        venue.happen(Happens.ABANDON)
        await session.query(first, "10.00")
        assert await _settled(session, venue, hours=0.1) == dict.fromkeys((first, second), (Outcome.VOID, Decimal(0)))
        found = await session.query(first, "10.00")
        assert isinstance(found, OrderReported)
        assert found.sizes == sizes("10.00", voided="10.00")
        if has_odds(venue):
            found = await session.query("rests", "10.00")
            lapsed = isinstance(found, OrderReported) and found.sizes == sizes("10.00", lapsed="10.00")
            assert lapsed or isinstance(found, OrderRejected), "or it is no order any more, since nothing was made of it"

    play(venue, card)


def test_v13_a_withdrawal_reduces_the_odds_of_what_matched(venue: VenueUnderTest) -> None:
    needs(venue, Can.REDUCE)

    async def card(session: Session) -> None:
        await _bets(session)
        venue.happen(Happens.REMOVE_DRAW)
        facts = await session.facts_until(lambda found: sum(isinstance(one, OrderReported) for one in found) == 2)
        assert {fact.ref: fact.average_odds for fact in facts if isinstance(fact, OrderReported)} == {
            "backs": Decimal("2.70"), "lays": Decimal("2.79")
        }  # fmt: skip
        assert await _settled(session, venue) == {
            "backs": (Outcome.WON, Decimal(17)), "lays": (Outcome.LOST, Decimal("-17.90"))
        }  # fmt: skip

    play(venue, card)


def test_v13_a_result_that_is_corrected_is_told_again(venue: VenueUnderTest) -> None:
    needs(venue, Can.PAY_AGAIN)

    async def card(session: Session) -> None:
        first, second = await _bets(session)
        await _settled(session, venue)
        venue.happen(Happens.OTHER_RESULT)
        await session.query(first, "10.00")
        venue.clock.move(6)
        facts = await session.facts_until(lambda found: sum(isinstance(one, BetSettled) for one in found) == 2)
        told = {venue.named(fact.ref): (fact.outcome, fact.profit) for fact in facts if isinstance(fact, BetSettled)}
        assert (told[first], told[second][0]) == ((Outcome.LOST, Decimal(-10)), Outcome.WON)
        assert {name: profit for name, (_, profit) in told.items()} == venue.profits()
        assert not [one for one in await session.facts_for(0.2) if isinstance(one, BetSettled)]

    play(venue, card)


@pytest.mark.parametrize("mishap", [Mishap.HALF_AN_ANSWER, Mishap.NO_ANSWER_OF_THE_VENUE, Mishap.ANOTHER_ANSWER])
def test_v15_malformed_body(venue: VenueUnderTest, mishap: Mishap) -> None:
    """What can't be read says nothing: orders stay unknown until a look-up tells, and nothing is ever raised."""
    forever = 100

    async def card(session: Session) -> None:
        venue.mishap(mishap, Asking.PLACE)
        (unknown,) = await session.place(session.placement("v15", RESTS, "10.00", "4.00"))
        assert isinstance(unknown, OrderUnknown)
        venue.mishap(mishap, Asking.LOOK_UP, times=forever)
        assert isinstance(await session.query("v15", "10.00"), OrderUnknown), "an empty answer would be none either"
        venue.calm()
        found = await session.query("v15", "10.00")
        assert isinstance(found, OrderReported)
        if venue.profile.can_cancel:
            venue.clock.move(venue.decides_after)
            venue.mishap(mishap, Asking.CANCEL)
            assert isinstance(await session.cancel("v15", found.bet), CancelUnknown)
            after = await session.query("v15", "10.00")
            assert isinstance(after, OrderReported)
            assert after.sizes == sizes("10.00", cancelled="10.00"), "it had been taken back all the same"
        venue.mishap(mishap, Asking.LOOK_UP_SETTLED, times=forever)
        assert isinstance(await session.query("nobody", "10.00"), OrderUnknown)
        venue.calm()
        if has_odds(venue):
            venue.mishap(mishap, Asking.BOOK)
            assert await session.book(TAKES) == ()
        venue.mishap(mishap, Asking.CATALOGUE, times=forever)
        with pytest.raises(VenueTrouble):
            await session.search()

    play(venue, card)
    assert venue.bets() == ["v15"]


def test_v15_a_look_that_can_not_be_read_is_an_outage_with_an_end(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.pool)
        await session.facts_for(0.2)
        venue.mishap(Mishap.NO_ANSWER_OF_THE_VENUE, Asking.BOOK, times=100)
        venue.clock.move(61)  # whoever looks seldom looks now
        facts = await session.facts_until(lambda found: isinstance(found[-1], VenueDown))
        venue.calm()
        venue.clock.move(61)
        facts += await session.facts_until(lambda found: isinstance(found[-1], VenueUp))
        assert [type(fact) for fact in facts] == [VenueDown, VenueUp]

    play(venue, card)


def test_v16_an_account_in_another_currency_is_refused_before_anything_is_placed(venue: VenueUnderTest) -> None:
    """By the account itself, or by whoever is to take the bet."""

    async def main() -> None:
        async with venue.adapter(currency="SEK") as adapter:
            try:
                session = await venue.session(adapter)
            except VenueRefused as refused:
                assert "SEK" in str(refused)  # noqa: PT017 - one of two ways
                return
            (event,) = await session.place(session.placement("v16", TAKES, "50.00", "3.00"))
            if not isinstance(event, OrderRejected):
                event = await session.decided("v16", "50.00")
            assert isinstance(event, OrderRejected)
            assert "currency" in event.text.casefold()

    asyncio.run(main())
    assert not any(venue.matched().values())


def test_v16_the_minimum_stake_is_the_venues(venue: VenueUnderTest) -> None:
    minimum = venue.profile.minimums[venue.profile.usual_currency]

    async def card(session: Session) -> None:
        (enough,) = await session.place(session.placement("enough", TAKES, str(venue.least), "3.00"))
        assert isinstance(enough, OrderAccepted)
        assert isinstance(await session.decided("enough", str(venue.least)), OrderReported)
        too_little = str(venue.least - Decimal("0.01"))
        (less,) = await session.place(session.placement("less", TAKES, too_little, "3.00"))
        if not isinstance(less, OrderRejected):
            less = await session.decided("less", too_little)
        assert isinstance(less, OrderRejected)
        assert "minimum" in less.text
        if minimum.payout is not None:
            (small,) = await session.place(session.placement("small", RESTS, "0.10", str(minimum.payout * 10)))
            assert isinstance(small, OrderAccepted)

    play(venue, card)
    assert venue.matched()["enough"] == venue.least
    assert not venue.matched().get("less")


def test_v17_orders_in_flight_count_against_the_accounts_money(venue: VenueUnderTest) -> None:
    """Two at once, each of which the balance would cover alone. Our own ledger says no before; this is the last wall."""

    async def card(session: Session) -> None:
        venue.happen(Happens.DEEPER) if has_odds(venue) else None
        more_than_half = str(BALANCE * Decimal("0.6"))
        first, second = await asyncio.gather(
            session.place(session.placement("one", TAKES, more_than_half, "3.00")),
            session.place(session.placement("two", TAKES, more_than_half, "3.00")),
        )
        ends = [await session.decided("one", more_than_half), await session.decided("two", more_than_half)]
        refused = [one for one in (*first, *second, *ends) if isinstance(one, OrderRejected)]
        assert all("not enough money" in one.text for one in refused)
        assert refused or venue.profile.routes, "a bookmaker that says no is not asked by hand: the order goes on trying"

    play(venue, card)
    assert sorted(venue.matched().values()) in ([600], [0, 600])


def test_v18_a_new_process_adopts_open_orders(venue: VenueUnderTest) -> None:
    async def first(session: Session) -> None:
        await session.place(session.placement("open", RESTS, "10.00", "4.00"), session.placement("done", TAKES, "5.00", "3.00"))
        venue.mishap(Mishap.REPLY_LOST_AFTER_LANDING)
        await session.place(session.placement("lost", RESTS, "20.00", "4.00"))

    async def second(session: Session) -> None:
        session.venue.watch(session.pool)
        found = [await session.query(name, stake) for name, stake in (("open", "10.00"), ("done", "5.00"), ("lost", "20.00"))]
        facts = [event for event in found if isinstance(event, OrderReported)]
        assert [report.sizes.stake for report in facts] == [10, 5, 20]
        venue.clock.move(61)
        known = session.bets_in(facts)

        def is_known(told: list[Event]) -> bool:
            known.update(session.bets_in(told))
            return bool(venue.matched()["open"]) and {name: one.sizes.matched for name, one in known.items()} == venue.matched()

        await session.facts_until(is_known)

    play(venue, first)
    play(venue, second)
    assert sorted(venue.bets()) == ["done", "lost", "open"]


def test_fill_or_kill_is_all_now_or_nothing(venue: VenueUnderTest) -> None:
    needs(venue, Can.KILL)

    async def card(session: Session) -> None:
        kill = session.placement("kill", RESTS, "10.00", "4.00", type=OrderType.FILL_OR_KILL)
        fill = session.placement("fill", TAKES, "10.00", "3.00", type=OrderType.FILL_OR_KILL)
        await session.place(kill)
        await session.place(fill)
        venue.clock.move(3 if venue.profile.expires_within else 0)
        killed, filled = await session.query("kill", "10.00"), await session.query("fill", "10.00")
        assert isinstance(killed, OrderReported)
        assert isinstance(filled, OrderReported)
        assert (killed.sizes.matched, killed.sizes.remaining) == (0, 0)
        assert filled.sizes == sizes("10.00", matched="10.00")

    play(venue, card)


def test_a_fixture_is_found_by_name_and_a_near_miss_has_its_neighbours(venue: VenueUnderTest) -> None:
    needs(venue, Can.LIST)

    async def card(session: Session) -> None:
        whole = await session.venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=venue.clock.now().date())
        assert {market.name for market in whole.markets} > {MARKET}
        assert whole.nearby == ()
        by_id = await session.venue.find(Target(market_id=session.market.id, selection=TAKES), on=None)
        assert by_id.markets == (session.market,)
        near = await session.venue.find(Target(event="Arsenl v Chelsea", market=MARKET, selection=TAKES), on=None)
        assert FIXTURE in near.nearby

    play(venue, card)


def test_a_card_is_found_by_its_meeting_and_a_near_miss_has_its_neighbours(venue: VenueUnderTest) -> None:
    needs(venue, Can.CLOSE)

    async def card(session: Session) -> None:
        card = await session.venue.products(FIXTURE, on=BEGIN.date())
        assert session.pool in [one.id for one in card.products]
        near = await session.venue.products("Arsenl v Chelsea", on=BEGIN.date())
        assert (near.products, near.nearby) == ((), (FIXTURE,))

    play(venue, card)
