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
    Happens,
    Mishap,
    Session,
    VenueUnderTest,
    log_in,
)

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


def test_v06_late_landing_after_an_empty_look_up(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        venue.mishap(Mishap.LANDS_LATER)
        placement = session.placement("v06", RESTS, "10.00", "4.00")
        (lost,) = await session.place(placement)
        assert isinstance(lost, OrderUnknown)
        assert isinstance((await session.query("v06", "10.00"))[0], OrderNotFound)
        assert venue.bets() == [], "the look-up was empty, and yet"
        if venue.profile.idempotent_for is not None:
            (again,) = await session.place(placement, attempt=2)
            assert isinstance(again, OrderUnknown), "the venue has had it, and will not take it twice"
        venue.clock.move(11)
        (found,) = await session.query("v06", "10.00")
        assert isinstance(found, OrderReported)
        assert (found.ref, found.sizes) == ("v06", sizes("10.00"))
        assert isinstance(await session.cancel("v06", found.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v06"]


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


@pytest.mark.parametrize("asking", Asking)
def test_v09_login_expired_mid_run(venue: VenueUnderTest, asking: Asking) -> None:
    """At whatever is asked: the session is renewed, and what was asked is done, once."""

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
                assert isinstance((await session.query("before", "10.00"))[0], OrderReported)
                assert isinstance((await session.query("nobody", "10.00"))[0], OrderNotFound)
            case Asking.BOOK:
                assert isinstance((await session.book(TAKES))[0], BookChanged)
            case Asking.CATALOGUE:
                by_id = Target(market_id=session.market.id, selection=TAKES)
                assert (await session.venue.find(by_id, on=None)).markets == (session.market,)

    play(venue, card)
    assert sorted(venue.bets()) == ["before", *(["v09"] if asking is Asking.PLACE else [])]


def test_v09_a_session_of_hours_is_kept_alive(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
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
        venue.mishap(Mishap.TOO_MANY_REQUESTS, Asking.CANCEL)
        refused = await session.cancel("v10", placed.bet)
        assert isinstance(refused, CancelRefused)
        venue.clock.move(6)
        assert isinstance(await session.cancel("v10", placed.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["v10"]


def test_v11_suspended(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
        (placed,) = await session.place(session.placement("rests", RESTS, "10.00", "4.00"))
        assert isinstance(placed, OrderAccepted)
        venue.happen(Happens.SUSPEND)
        facts = await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.SUSPENDED])
        (refused,) = await session.place(session.placement("v11", TAKES, "5.00", "3.00"))
        assert isinstance(refused, OrderRejected)
        assert "suspended" in refused.text
        assert isinstance(await session.cancel("rests", placed.bet), CancelRefused)
        (still,) = await session.query("rests", "10.00")
        assert isinstance(still, OrderReported)
        assert still.sizes == sizes("10.00"), "a cancel that was refused took nothing back"
        venue.happen(Happens.REOPEN)
        facts += await session.facts_until(lambda found: _statuses(found)[-1:] == [MarketStatus.OPEN])
        assert isinstance(await session.cancel("rests", placed.bet), CancelAccepted)

    play(venue, card)
    assert venue.bets() == ["rests"]


def _statuses(facts: list[Event]) -> list[MarketStatus]:
    return [fact.status for fact in facts if isinstance(fact, MarketChanged)]


def test_v11_in_play_what_is_not_kept_lapses_and_a_new_bet_is_held_first(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
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
        (still,) = await session.query("kept", "5.00")
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
    async def card(session: Session) -> None:
        venue.happen(Happens.TURN_IN_PLAY)
        await session.book(TAKES)
        venue.clock.move(6)
        session.venue.watch(session.market.id)
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
    async def card(session: Session) -> None:
        venue.happen(Happens.SHORTER)
        if OrderType.FILL_OR_KILL in venue.profile.types:
            (killed,) = await session.place(session.placement("kill", TAKES, "5.00", "3.00", type=OrderType.FILL_OR_KILL))
            assert isinstance(killed, OrderAccepted)
            assert killed.sizes == sizes("5.00", cancelled="5.00")
        (rests,) = await session.place(session.placement("v12", TAKES, "5.00", "3.00"))
        assert isinstance(rests, OrderAccepted)
        assert (rests.sizes, rests.average_odds) == (sizes("5.00"), None), "never at worse odds than asked"
        (book,) = await session.book(TAKES)
        assert isinstance(book, BookChanged)
        assert book.back == (Decimal("2.90"), Decimal("25.00"))

    play(venue, card)


def test_v12_price_moved_for_the_better(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        venue.happen(Happens.LONGER)
        (event,) = await session.place(session.placement("v12", TAKES, "5.00", "3.00"))
        assert isinstance(event, OrderAccepted)
        assert (event.sizes, event.average_odds) == (sizes("5.00", matched="5.00"), Decimal("3.10"))

    play(venue, card)


async def _settled(session: Session, venue: VenueUnderTest, *, hours: float = 4) -> dict[str, tuple[Outcome, Decimal]]:
    """How the bets of a market that was watched from the beginning were settled, each once."""
    venue.clock.move(hours * 3600)
    facts = await session.facts_until(lambda found: isinstance(found[-1], MarketSettled))
    settled = [fact for fact in facts if isinstance(fact, BetSettled)]
    assert len(settled) == len({fact.bet for fact in settled})
    return {fact.ref: (fact.outcome, fact.profit) for fact in settled}


async def _bets(session: Session) -> None:
    session.venue.watch(session.market.id)
    await session.place(session.placement("backs", TAKES, "10.00", "3.00"))
    await session.place(session.placement("lays", TAKES, "10.00", "3.10", side=Side.LAY))


def test_v13_settle_won_and_lost(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        await _bets(session)
        assert await _settled(session, venue) == {
            "backs": (Outcome.WON, Decimal(20)), "lays": (Outcome.LOST, Decimal(-21))
        }  # fmt: skip

    play(venue, card)


def test_v13_settle_dead_heat(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        await _bets(session)
        venue.happen(Happens.DEAD_HEAT)
        assert await _settled(session, venue) == {
            "backs": (Outcome.WON, Decimal(5)), "lays": (Outcome.LOST, Decimal("-5.50"))
        }  # fmt: skip

    play(venue, card)


def test_v13_settle_void(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        await _bets(session)
        await session.place(session.placement("rests", RESTS, "10.00", "4.00"))
        venue.happen(Happens.ABANDON)
        await session.book(TAKES)
        assert await _settled(session, venue, hours=0.1) == {
            "backs": (Outcome.VOID, Decimal(0)), "lays": (Outcome.VOID, Decimal(0))
        }  # fmt: skip
        for ref, parts in (("backs", {"voided": "10.00"}), ("rests", {"lapsed": "10.00"})):
            (found,) = await session.query(ref, "10.00")
            assert isinstance(found, OrderReported)
            assert found.sizes == sizes("10.00", **parts)

    play(venue, card)


def test_v13_a_withdrawal_reduces_the_odds_of_what_matched(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        await _bets(session)
        await session.facts_for(0.1)
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
    async def card(session: Session) -> None:
        await _bets(session)
        await _settled(session, venue)
        venue.happen(Happens.OTHER_RESULT)
        facts = await session.facts_until(lambda found: sum(isinstance(one, BetSettled) for one in found) == 2)
        assert {fact.ref: (fact.outcome, fact.profit) for fact in facts if isinstance(fact, BetSettled)} == {
            "backs": (Outcome.LOST, Decimal(-10)), "lays": (Outcome.WON, Decimal(10))
        }  # fmt: skip
        assert not [one for one in await session.facts_for(0.2) if isinstance(one, BetSettled)]

    play(venue, card)


@pytest.mark.parametrize("mishap", [Mishap.HALF_AN_ANSWER, Mishap.NO_ANSWER_OF_THE_VENUE, Mishap.ANOTHER_ANSWER])
def test_v15_malformed_body(venue: VenueUnderTest, mishap: Mishap) -> None:
    """What can't be read says nothing: orders stay unknown until a look-up tells, and nothing is ever raised."""

    async def card(session: Session) -> None:
        venue.mishap(mishap, Asking.PLACE)
        (unknown,) = await session.place(session.placement("v15", RESTS, "10.00", "4.00"))
        assert isinstance(unknown, OrderUnknown)
        venue.mishap(mishap, Asking.LOOK_UP)
        assert isinstance((await session.query("v15", "10.00"))[0], OrderUnknown), "an empty answer would be none either"
        (found,) = await session.query("v15", "10.00")
        assert isinstance(found, OrderReported)
        venue.mishap(mishap, Asking.CANCEL)
        assert isinstance(await session.cancel("v15", found.bet), CancelUnknown)
        (after,) = await session.query("v15", "10.00")
        assert isinstance(after, OrderReported)
        assert after.sizes == sizes("10.00", cancelled="10.00"), "it had been taken back all the same"
        venue.mishap(mishap, Asking.LOOK_UP_SETTLED, times=2)
        assert isinstance((await session.query("nobody", "10.00"))[0], OrderUnknown)
        venue.mishap(mishap, Asking.BOOK)
        assert await session.book(TAKES) == ()
        venue.mishap(mishap, Asking.CATALOGUE, times=2)
        with pytest.raises(VenueTrouble):
            await session.venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=None)

    play(venue, card)
    assert venue.bets() == ["v15"]


def test_v15_a_look_that_can_not_be_read_is_an_outage_with_an_end(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        session.venue.watch(session.market.id)
        await session.facts_for(0.1)
        venue.mishap(Mishap.NO_ANSWER_OF_THE_VENUE, Asking.BOOK, times=6)
        facts = await session.facts_until(lambda found: isinstance(found[-1], VenueUp))
        assert [type(fact) for fact in facts] == [VenueDown, VenueUp]

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
