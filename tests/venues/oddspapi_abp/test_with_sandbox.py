"""The adapter and the venue's sandbox, each written from the venue's documentation by itself: do they speak of the same thing?

In memory and on virtual time; the sandbox is mounted where the embedded and the served one are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.app.sandboxes import sandbox_app
from planrunner.app.venues import make_venue
from planrunner.model.account import Account, AccountMode
from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder
from planrunner.model.errors import VenueTrouble
from planrunner.model.events import (
    BetSettled,
    BookChanged,
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
    MarketSettled,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import AccountName, BetId, Market, MarketId, OrderRef, Selection, SelectionId
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Routing, Target
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import SendBy, Venue
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.runtime.secrets import PRACTICE
from planrunner.sandbox.bookmakers import Bookmaking, Settles
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.practice import rehearse
from planrunner.venues.oddspapi_abp.client import Terms
from planrunner.venues.oddspapi_abp.venue import AbpVenue
from tests.sandbox.abp import FIXTURE, book, books, shows, uuid
from tests.sandbox.client import BEGIN, scenario

ACCOUNT = AccountName("abp")
FIRST, SECOND = OrderRef(uuid(1)), OrderRef(uuid(2))
STAYS = timedelta(hours=1)
AT = "http://sandbox.invalid"
MATCH_ODDS = Market(
    id=MarketId(f"{FIXTURE}:101"), name="Match Odds", fixture="Arsenal v Chelsea", start=BEGIN + timedelta(hours=1),
    selections=(Selection(id=SelectionId("101"), name="Arsenal"),), ladder="HUNDREDTHS",
)  # fmt: skip


@dataclass
class Session:
    venue: Venue
    clock: VirtualClock
    faults: Faults
    log: Any
    market: Market
    heard: list[Event] = field(default_factory=list)

    def placement(self, ref: OrderRef = FIRST, size: str = "100.00", odds: str = "2.00", **terms: Any) -> NewPlacement:
        usual: dict[str, Any] = {
            "side": Side.BACK, "type": OrderType.LIMIT, "good_until": self.clock.now() + timedelta(seconds=20),
            "path": f"orders.{ref}", "rung": 0, "selection": self.market.selections[0].id, "handicap": Decimal(0),
        }  # fmt: skip
        return NewPlacement(ref=ref, odds=Decimal(odds), size=Decimal(size), **{**usual, **terms})

    async def place(self, *placements: NewPlacement, attempt: int = 1) -> tuple[Event, ...]:
        command = PlaceOrders(
            account=ACCOUNT, market=self.market.id, request_ref="r", attempt=attempt, placements=placements, because="plan"
        )
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
        return (await self.venue.send(self.venue.prepare(command), send_by)).events

    async def query(self, ref: OrderRef = FIRST) -> Event:
        command = QueryOrder(account=ACCOUNT, market=self.market.id, ref=ref, stake=Decimal(100), because="recovery")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        return event

    async def cancel(self, bet: BetId, ref: OrderRef = FIRST) -> Event:
        command = CancelOrder(account=ACCOUNT, market=self.market.id, ref=ref, bet=bet, because="plan")
        (event,) = (await self.venue.send(self.venue.prepare(command), None)).events
        return event

    async def book(self) -> tuple[Event, ...]:
        one = self.market.selections[0]
        command = QueryBook(account=ACCOUNT, market=self.market.id, selection=one.id, handicap=Decimal(0), because="plan")
        return (await self.venue.send(self.venue.prepare(command), None)).events

    async def hear(self, seconds: float) -> list[Event]:
        before = len(self.heard)
        await asyncio.sleep(seconds)
        return self.heard[before:]

    async def hear_results(self) -> list[Event]:
        """Until the market is settled, at most for six hours."""
        before = len(self.heard)
        for _ in range(24):
            if any(isinstance(one, MarketSettled) for one in await self.hear(900)):
                break
        return self.heard[before:]

    def strike(self, call: str, trouble: Trouble, **terms: Any) -> None:
        self.faults.add(Fault(call=call, trouble=trouble, **terms))

    def placed(self) -> list[str]:
        return [line["ref"] for line in self.log.lines("bet")]


def play(card: Callable[[Session], Awaitable[None]], script: Bookmaking | None = None, terms: Terms | None = None) -> Session:
    practice = rehearse(replace(scenario(), bookmakers=script or books()), day=date(2026, 12, 5), seed=1, begin=BEGIN)

    async def main(clock: VirtualClock) -> Session:
        door = Door(MemoryWire(sandbox_app(practice, clock)), clock)
        account = Account(name=ACCOUNT, venue="oddspapi_abp", currency="USD", mode=AccountMode.SANDBOX)
        venue: Venue = make_venue(account, door=door, clock=clock, secrets=PRACTICE, at=AT)
        if terms is not None:
            venue = AbpVenue(account=ACCOUNT, currency="USD", door=door, clock=clock, secrets=PRACTICE, terms=terms)
        await venue.open()
        if terms is None:
            (market,) = (await venue.find(Target(event_id=FIXTURE, selection_id="101"), on=None)).markets
        else:  # a betslip had no names then
            with pytest.raises(VenueTrouble, match="can't be read"):
                await venue.find(Target(event_id=FIXTURE, selection_id="101"), on=None)
            market = MATCH_ODDS
        venue.watch(market.id)
        session = Session(venue=venue, clock=clock, faults=practice.faults, log=practice.world.log, market=market)

        async def listen() -> None:
            async for event in venue.facts():
                session.heard.append(event)

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0.5)
        await card(session)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await venue.close()
        await door.close()
        return session

    return run_virtual(main, start=BEGIN)


def last(events: list[Event]) -> OrderReported:
    return [one for one in events if isinstance(one, OrderReported)][-1]


def test_the_names_behind_the_ids() -> None:
    async def card(at: Session) -> None:
        assert (at.market.id, at.market.fixture) == (f"{FIXTURE}:101", "Arsenal v Chelsea")
        assert [one.id for one in at.market.selections] == ["101"]
        assert at.market.start == BEGIN + timedelta(hours=1)
        (seen,) = await at.book()
        assert isinstance(seen, BookChanged)
        assert seen.back is not None
        assert seen.back[0] == Decimal("2.10")

    play(card)


def test_place_and_match_at_two_bookmakers_in_two_currencies() -> None:
    async def card(at: Session) -> None:
        (event,) = await at.place(at.placement(size="600.00"))
        assert isinstance(event, OrderAccepted)
        report = last(await at.hear(10))
        assert (report.sizes.matched, report.sizes.remaining) == (600, 0)
        assert report.average_odds is not None
        assert report.average_odds >= 2
        assert sum(one.size for one in report.fills if one.status == "CONFIRMED") == 600
        assert {one.paid.currency for one in report.fills} == {"USD", "EUR"}
        assert await at.query() == replace(report, at=at.clock.now())

    assert play(card).placed() == [FIRST]


def test_a_part_is_filled_and_the_rest_lapses_when_its_time_is_over() -> None:
    async def card(at: Session) -> None:
        (part,) = await at.place(at.placement(size="1000.00", odds="2.08"))
        assert isinstance(part, OrderAccepted)
        assert (part.sizes.matched, part.sizes.lapsed) == (400, 0)
        assert not any(isinstance(one, OrderReported) and not one.sizes.remaining for one in await at.hear(15))
        done = last(await at.hear(15))
        assert (done.sizes.matched, done.sizes.lapsed, done.sizes.remaining) == (400, 600, 0)

    play(card, books(book("pinnacle", shows(("2.10", "400")), least=Decimal(5))))


def test_what_nobody_offers_waits_and_can_be_taken_back() -> None:
    async def card(at: Session) -> None:
        (event,) = await at.place(at.placement(odds="9.00", good_until=at.clock.now() + STAYS))
        assert isinstance(event, OrderAccepted)
        cancelled = await at.cancel(event.bet)
        if isinstance(cancelled, CancelRefused):  # it was just being routed
            await at.hear(1)
            cancelled = await at.cancel(event.bet)
        assert isinstance(cancelled, CancelAccepted)
        assert cancelled.size == 100
        after = await at.query()
        assert isinstance(after, OrderReported)
        assert (after.sizes.cancelled, after.sizes.remaining) == (100, 0)
        assert isinstance(await at.cancel(event.bet), CancelRefused)

    play(card)


def test_a_stake_that_is_too_small_or_too_large_does_not_leave() -> None:
    async def card(at: Session) -> None:
        only = Routing(bookmakers=("pinnacle",), partial=False)
        small, large = at.placement(size="4.00", routing=only), at.placement(SECOND, size="5000.00", routing=only)
        events = await at.place(small, large)
        assert [one.reason for one in events if isinstance(one, OrderRejected)] == ["STAKE_BELOW_MINIMUM", "STAKE_EXCEEDS_LIMIT"]

    session = play(card)
    assert session.placed() == []
    assert not [line for line in session.log.lines("request") if line["call"] == "place-orders"]


def test_a_decline_of_the_venue_has_its_reason() -> None:
    async def card(at: Session) -> None:
        (event,) = await at.place(at.placement(routing=Routing(bookmakers=("nobody",))))
        assert isinstance(event, OrderRejected)
        assert (event.reason, event.conclusive) == ("BOOKMAKER_NOT_AVAILABLE", True)

    assert play(card).placed() == []


def test_a_reply_that_is_lost_after_landing_is_found_and_never_placed_twice() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.REPLY_LOST_AFTER_LANDING)
        one = at.placement(good_until=at.clock.now() + STAYS)
        (lost,) = await at.place(one)
        assert isinstance(lost, OrderUnknown)
        found = await at.query()
        assert isinstance(found, OrderReported)
        (again,) = await at.place(one, attempt=2)
        assert isinstance(again, OrderUnknown), "a duplicate is no rejection of the first"
        (first, second) = await at.place(one, at.placement(SECOND), attempt=3)
        assert isinstance(first, OrderUnknown), "in a batch it is not even mentioned"
        assert isinstance(second, OrderAccepted)

    assert play(card).placed() == [FIRST, SECOND]


def test_a_reply_that_is_lost_before_landing_is_sent_again_under_the_same_reference() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.REPLY_LOST_BEFORE_LANDING)
        one = at.placement(good_until=at.clock.now() + STAYS)
        (lost,) = await at.place(one)
        assert isinstance(lost, OrderUnknown)
        assert isinstance(await at.query(), OrderNotFound)
        assert isinstance((await at.place(one, attempt=2))[0], OrderAccepted)

    assert play(card).placed() == [FIRST]


@pytest.mark.parametrize(
    "trouble", [Trouble.MALFORMED_BODY, Trouble.NOT_JSON, Trouble.ANOTHER_SHAPE, Trouble.HTTP_500_AFTER_LANDING]
)
def test_an_answer_that_says_nothing_leaves_it_open_until_it_is_looked_up(trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", trouble)
        (event,) = await at.place(at.placement(odds="9.00", good_until=at.clock.now() + STAYS))
        assert isinstance(event, OrderUnknown)
        found = await at.query()
        assert isinstance(found, OrderReported)
        at.strike("cancel-orders", trouble)
        assert isinstance(await at.cancel(found.bet), CancelUnknown | CancelRefused)

    assert play(card).placed() == [FIRST]


def test_too_many_requests() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.TOO_MANY_REQUESTS)
        one = at.placement(good_until=at.clock.now() + STAYS)
        assert isinstance((await at.place(one))[0], OrderNotSent)
        await asyncio.sleep(6)
        assert isinstance((await at.place(one, attempt=2))[0], OrderAccepted)

    assert play(card).placed() == [FIRST]


def test_every_bet_is_settled_once_and_then_the_market() -> None:
    async def card(at: Session) -> None:
        await at.place(at.placement(size="600.00"))
        facts = await at.hear_results()
        settled = [one for one in facts if isinstance(one, BetSettled)]
        assert [one.outcome for one in settled] == [Outcome.WON]
        average = last(facts).average_odds
        assert average is not None
        assert abs(settled[0].profit - 600 * (average - 1)) < Decimal("0.05")
        assert isinstance(facts[-1], MarketSettled | BetSettled) or any(isinstance(one, MarketSettled) for one in facts)
        (listed,) = await at.venue.bets(BEGIN)
        assert (listed.ref, listed.settled and listed.settled.profit) == (FIRST, settled[0].profit)

    play(card)


def test_an_emergency_stops_what_has_not_left() -> None:
    async def card(at: Session) -> None:
        at.strike("orders", Trouble.EMERGENCY, seconds=30)
        await at.query()
        told = await at.hear(2)
        assert any(isinstance(one, VenueDown) and "emergency" in one.text for one in told)
        (event,) = await at.place(at.placement())
        assert isinstance(event, OrderNotSent)
        assert any(isinstance(one, VenueUp) for one in await at.hear(60))
        assert isinstance((await at.place(at.placement()))[0], OrderAccepted)

    play(card)


def test_the_older_generation_of_the_venue_says_the_same() -> None:
    async def card(at: Session) -> None:
        await at.place(at.placement(size="100.00"))
        found = await at.query()
        assert isinstance(found, OrderReported)
        assert found.sizes.matched == 100
        assert not any(isinstance(one, VenueDown) for one in at.heard)

    play(card, books(legacy=True), Terms(base=f"{AT}/abp", header="X-ABP-API-KEY", rps=60))


TROUBLES = [
    *(("place-orders", one) for one in (
        Trouble.BET_REJECTED, Trouble.BET_FAILED, Trouble.BET_CONFIRMED_LATE, Trouble.ODDS_DROP, Trouble.LIMITS_SHRINK,
    )),
    *((call, one) for call in ("ws-orders", "ws-bets") for one in (
        Trouble.FRAME_LOST, Trouble.FRAME_TWICE, Trouble.FRAMES_SWAPPED, Trouble.BUFFER_FULL, Trouble.CONNECTION_LOST,
    )),
    *((call, one) for call in ("orders", "list-bets", "betslip") for one in (
        Trouble.OLDER_REPORT, Trouble.REPORTED_TWICE, Trouble.EMPTY_REPORT, Trouble.MALFORMED_BODY, Trouble.NOT_JSON,
        Trouble.ANOTHER_SHAPE, Trouble.HTTP_500, Trouble.TOO_MANY_REQUESTS, Trouble.REPLY_LOST_BEFORE_LANDING,
    )),
]  # fmt: skip


@pytest.mark.parametrize(("call", "trouble"), TROUBLES, ids=lambda one: str(one))
def test_whatever_goes_wrong_on_the_way_what_is_told_in_the_end_is_what_there_is(call: str, trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike(call, trouble, times=2, seconds=25)
        one = at.placement(size="600.00")
        for attempt in range(1, 4):
            (event,) = await at.place(one, attempt=attempt)
            if not isinstance(event, OrderNotSent):  # the venue may ask to wait with whatever is asked
                break
            await asyncio.sleep(2)
        assert isinstance(event, OrderAccepted)
        facts = [event, *await at.hear(80)]
        held = [one for one in facts if isinstance(one, OrderAccepted | OrderReported)]
        progress = [one.sizes.progress for one in held]
        assert progress == sorted(progress), "nothing is taken back"
        assert held[-1].sizes.remaining == 0
        at.faults.clear()
        there = await at.query()
        assert isinstance(there, OrderReported)
        assert (there.sizes, there.fills) == (held[-1].sizes, held[-1].fills)
        assert not any(isinstance(one, OrderUnknown) for one in facts)

    assert play(card).placed() == [FIRST]


def test_a_bet_that_is_confirmed_after_the_order_was_cancelled_is_waited_for() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.BET_CONFIRMED_LATE, seconds=30)
        (event,) = await at.place(at.placement(size="600.00", good_until=at.clock.now() + timedelta(seconds=10)))
        assert isinstance(event, OrderAccepted)
        await at.hear(20)
        there = await at.query()
        assert isinstance(there, OrderReported)
        assert there.sizes.remaining > 0, "a bet is still on its way"
        await at.hear(60)
        after = await at.query()
        assert isinstance(after, OrderReported)
        assert after.sizes.matched > there.sizes.matched
        assert after.sizes.remaining == 0

    play(card)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [("HALF_WON", Outcome.HALF_WON), ("HALF_LOST", Outcome.HALF_LOST), ("PUSH", Outcome.VOID), ("VOID", Outcome.VOID),
     ("CASHOUT", Outcome.CASHED_OUT), ("LOST", Outcome.LOST)],
)  # fmt: skip
def test_results_that_are_not_plainly_won(how: str, outcome: Outcome) -> None:
    async def card(at: Session) -> None:
        await at.place(at.placement())
        settled = [one for one in await at.hear_results() if isinstance(one, BetSettled)]
        assert settled[-1].outcome is outcome
        assert sum(isinstance(one, MarketSettled) for one in at.heard) >= 1

    settles = Settles(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenal", how=how)
    play(card, books(settles=(settles,)))
