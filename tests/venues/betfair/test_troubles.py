"""What Betfair's adapter does when logins end, gateways fail and the venue asks to wait: in memory, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.commands import CancelOrder, NewPlacement, PlaceOrders, QueryBook, QueryOrder, QueryRunners
from planrunner.model.errors import VenueRefused
from planrunner.model.events import (
    BookChanged,
    Event,
    MarketChanged,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    RunnersSeen,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import BetId, Market, MarketStatus, OrderRef
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType, Target
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import Answer, SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from planrunner.sandbox.betfair.app import betfair_app
from planrunner.sandbox.building import build
from planrunner.sandbox.faults import Fault, Faults, Trouble
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    AccountTerms,
    Base,
    Due,
    Moment,
    MoveStart,
    Reopen,
    Scenario,
    Start,
    Suspend,
)
from planrunner.venues.betfair.venue import BetfairVenue
from tests.venues.betfair.under_test import WORLD, PracticeSecrets
from tests.venues.contract import ACCOUNT, BEGIN, FIXTURE, MARKET, RESTS, TAKES


@dataclass
class Rehearsal:
    """An adapter at its usual pace, and the venue's own log. `on_its_way`: how long the next answers to looks travel."""

    venue: BetfairVenue
    clock: VirtualClock
    faults: Faults
    log: VenueLog
    market: Market
    on_its_way: list[float]

    def strike(self, call: str, trouble: Trouble, *, times: int = 1, seconds: int = 5) -> None:
        self.faults.add(Fault(call=call, trouble=trouble, times=times, seconds=seconds))

    def calls(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.log.lines("request") if line["call"] == name]

    def placement(self, ref: str, name: str = RESTS, odds: str = "4.00", size: str = "10.00") -> NewPlacement:
        selection = next(one for one in self.market.selections if one.name == name)
        return NewPlacement(
            ref=OrderRef(ref), path="orders.a", rung=0, selection=selection.id, handicap=Decimal(0), side=Side.BACK,
            odds=Decimal(odds), size=Decimal(size), type=OrderType.LIMIT,
        )  # fmt: skip

    async def place(self, *placements: NewPlacement) -> Answer:
        command = PlaceOrders(
            account=ACCOUNT, market=self.market.id, request_ref=f"r-{placements[0].ref}", attempt=1,
            placements=placements, because="plan",
        )  # fmt: skip
        send_by = SendBy(wall=self.clock.now() + timedelta(seconds=2), age=self.clock.age() + 2)
        return await self.venue.send(self.venue.prepare(command), send_by)

    async def cancel(self, ref: str, bet: BetId) -> Answer:
        command = CancelOrder(account=ACCOUNT, market=self.market.id, ref=OrderRef(ref), bet=bet, because="plan")
        return await self.venue.send(self.venue.prepare(command), None)

    async def query(self, ref: str) -> Answer:
        command = QueryOrder(account=ACCOUNT, market=self.market.id, ref=OrderRef(ref), stake=Decimal(10), because="plan")
        return await self.venue.send(self.venue.prepare(command), None)

    async def facts(self, seconds: float) -> list[Event]:
        """What the watched market tells in this time."""
        found: list[Event] = []

        async def listen() -> None:
            async for event in self.venue.facts():
                found.append(event)  # noqa: PERF401 - what came before the cancel counts

        task = asyncio.create_task(listen())
        await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return found


def rehearse(
    card: Callable[[Rehearsal], Awaitable[None]],
    world: Scenario = WORLD,
    *,
    later_logins_take: float = 0.0,
    settlements_lag: int = 0,
) -> VenueLog:
    """`settlements_lag`: so many questions for cleared orders are answered with an empty list."""
    log = VenueLog()

    async def main(clock: VirtualClock) -> None:
        faults = Faults()
        app = betfair_app(build(world, begin=BEGIN, seed=1, log=log), clock, faults=faults)

        lags, on_its_way = settlements_lag, list[float]()

        async def slower(scope: Any, receive: Any, send: Any) -> None:
            nonlocal lags
            asked = await receive()
            if scope["path"] == "/api/login" and any(log.lines("request")):
                await asyncio.sleep(later_logins_take)
            if lags and b"listClearedOrders" in asked["body"]:
                lags -= 1
                nothing = b'{"jsonrpc":"2.0","result":{"clearedOrders":[],"moreAvailable":false},"id":1}'
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": nothing})
                return
            first = iter([asked])
            travels = on_its_way.pop() if on_its_way and b'listCurrentOrders","params":{"marketIds' in asked["body"] else 0.0

            async def receive_again() -> Any:
                return next(first, None) or await receive()

            async def send_later(message: Any) -> None:
                await asyncio.sleep(travels)
                await send(message)

            await app(scope, receive_again, send_later)

        door = Door(MemoryWire(slower), clock)
        venue = BetfairVenue(account=ACCOUNT, currency="GBP", door=door, clock=clock, secrets=PracticeSecrets())
        await venue.open()
        catalogue = await venue.find(Target(event=FIXTURE, market=MARKET, selection=TAKES), on=None)
        market = next(one for one in catalogue.markets if one.name == MARKET)
        venue.watch(market.id)
        await card(Rehearsal(venue=venue, clock=clock, faults=faults, log=log, market=market, on_its_way=on_its_way))
        await door.close()

    run_virtual(main, start=BEGIN)
    return log


def kinds(events: Any) -> list[str]:
    return [type(event).__name__ for event in events]


def test_an_ended_session_is_renewed_and_nothing_is_sent_twice_on_one_intent() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", Trouble.SESSION_KILLED)
        answer = await at.place(at.placement("a"))
        assert kinds(answer.events) == ["OrderNotSent"]
        assert (len(answer.exchanges), len(at.calls("placeOrders"))) == (1, 1)
        assert kinds((await at.place(at.placement("a"))).events) == ["OrderAccepted"]
        assert len(at.calls("login")) == 2

    assert len(list(rehearse(card).lines("bet"))) == 1


def test_renewing_a_session_does_not_prolong_the_time_to_send() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", Trouble.SESSION_KILLED)
        (event,) = (await at.place(at.placement("a"))).events
        assert isinstance(event, OrderNotSent)

    assert list(rehearse(card, later_logins_take=3.0).lines("bet")) == []


def test_several_that_meet_an_ended_session_log_in_once() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("a"))
        at.strike("listCurrentOrders", Trouble.SESSION_KILLED)
        answers = await asyncio.gather(*(at.query("a") for _ in range(5)))
        assert [kinds(answer.events) for answer in answers] == [["OrderReported"]] * 5
        assert len(at.calls("login")) == 2

    rehearse(card)


def test_a_refused_login_is_never_tried_again() -> None:
    log = VenueLog()
    world = replace(WORLD, account=AccountTerms(password="another"))

    async def main(clock: VirtualClock) -> None:
        door = Door(MemoryWire(betfair_app(build(world, begin=BEGIN, seed=1, log=log), clock)), clock)
        venue = BetfairVenue(account=ACCOUNT, currency="GBP", door=door, clock=clock, secrets=PracticeSecrets())
        for _ in range(3):
            with pytest.raises(VenueRefused, match="password") as caught:
                await venue.open()
            assert "venue-password" not in str(caught.value)
        await door.close()

    run_virtual(main, start=BEGIN)
    assert [line["call"] for line in log.lines("request")] == ["login"]


def test_a_session_is_kept_alive_for_hours() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("a"))
        facts = await at.facts(50 * 60)
        assert "VenueDown" not in kinds(facts)
        assert len(at.calls("login")) == 1

    rehearse(card, replace(WORLD, account=AccountTerms(session_life=20 * MINUTE)))


@pytest.mark.parametrize("trouble", [Trouble.HTTP_500, Trouble.HTTP_502, Trouble.HTTP_503, Trouble.MALFORMED_BODY])
def test_a_broken_answer_to_a_placement_is_unknown(trouble: Trouble) -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", trouble)
        answer = await at.place(at.placement("a"))
        assert kinds(answer.events) == ["OrderUnknown"]
        assert answer.exchanges[0].trouble

    rehearse(card)


@pytest.mark.parametrize("trouble", [Trouble.TOO_MANY_REQUESTS, Trouble.SERVICE_BUSY])
def test_nothing_more_is_placed_while_the_venue_asks_to_wait_and_longer_each_time(trouble: Trouble) -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", trouble, times=2)
        calls = []
        for _ in range(16):
            event = (await at.place(at.placement("a"))).events[0]
            calls.append(len(at.calls("placeOrders")))
            if isinstance(event, OrderAccepted):
                break
            assert isinstance(event, OrderNotSent)
            await asyncio.sleep(1)
        assert calls == [1] * 5 + [2] * 10 + [3]  # left alone for 5 seconds, then for 10

    assert len(list(rehearse(card).lines("bet"))) == 1


def test_a_cancel_does_not_wait_for_what_others_were_asked_to_wait_for() -> None:
    async def card(at: Rehearsal) -> None:
        (placed,) = (await at.place(at.placement("a"))).events
        assert isinstance(placed, OrderAccepted)
        at.strike("placeOrders", Trouble.TOO_MANY_REQUESTS)
        assert kinds((await at.place(at.placement("b"))).events) == ["OrderNotSent"]
        before = at.clock.now()
        assert kinds((await at.cancel("a", placed.bet)).events) == ["CancelAccepted"]
        assert at.clock.now() == before

    rehearse(card)


def test_at_most_three_look_ups_of_a_kind_are_under_way() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(*(at.placement(f"a{number}") for number in range(9)))
        at.strike("listCurrentOrders", Trouble.REPLY_DELAYED, times=9, seconds=1)
        answers = [asyncio.create_task(at.query(f"a{number}")) for number in range(9)]
        for expected in (3, 6, 9):
            await asyncio.sleep(0.5)
            assert len(at.calls("listCurrentOrders")) == expected
            await asyncio.sleep(0.5)
        assert [kinds((await answer).events) for answer in answers] == [["OrderReported"]] * 9

    rehearse(card)


def test_a_session_that_can_not_be_kept_alive_for_the_moment_goes_on() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("a"))
        at.strike("keepAlive", Trouble.HTTP_503)
        at.strike("keepAlive", Trouble.NOT_JSON, times=2)
        assert "VenueDown" not in kinds(await at.facts(13 * 60))
        assert (len(at.calls("keepAlive")), len(at.calls("login"))) == (3, 1)

    rehearse(card)


def test_an_order_is_refused_where_no_new_login_is_given() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", Trouble.SESSION_KILLED)
        at.faults.add(Fault(call="login", trouble=Trouble.REFUSED, code="ACCOUNT_NOW_LOCKED"))
        (event,) = (await at.place(at.placement("a"))).events
        assert isinstance(event, OrderRejected)
        assert "refuses a new one" in event.text

    assert list(rehearse(card).lines("bet")) == []


def test_closing_ends_the_session_and_whatever_comes_of_that() -> None:
    async def card(at: Rehearsal) -> None:
        token = at.venue._client._token
        at.strike("logout", Trouble.REPLY_LOST_AFTER_LANDING)
        await at.venue.close()
        assert len(at.calls("logout")) == 1
        at.venue._client._token = token
        assert kinds((await at.query("nobody")).events) == ["OrderNotFound"]  # it had ended, and was renewed
        assert len(at.calls("login")) == 2

    rehearse(card)


def test_a_bet_whose_placing_timed_out_may_turn_up_later() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", Trouble.TIMEOUT_LANDS_LATER, seconds=10)
        assert kinds((await at.place(at.placement("a"))).events) == ["OrderUnknown"]
        assert kinds((await at.query("a")).events) == ["OrderNotFound"]
        await asyncio.sleep(11)
        assert kinds((await at.query("a")).events) == ["OrderReported"]

    assert len(list(rehearse(card).lines("bet"))) == 1


def test_a_look_up_that_fails_says_nothing_certain() -> None:
    async def card(at: Rehearsal) -> None:
        for call, times in (("listCurrentOrders", 1), ("listClearedOrders", 2)):
            at.strike(call, Trouble.HTTP_503, times=times)
            assert kinds((await at.query("nobody")).events) == ["OrderUnknown"]
        assert kinds((await at.query("nobody")).events) == ["OrderNotFound"]

    rehearse(card)


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    async def card(at: Rehearsal) -> None:
        assert kinds(await at.facts(1)) == ["MarketChanged"]
        at.strike("listMarketBook", Trouble.HTTP_503, times=8)
        down, up = await at.facts(60)
        assert isinstance(down, VenueDown)
        assert isinstance(up, VenueUp)
        assert (down.account, up.account) == (ACCOUNT, ACCOUNT)
        assert "503" in down.text

    rehearse(card)


def test_one_lost_answer_to_a_look_is_no_outage() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("listMarketBook", Trouble.REPLY_LOST_BEFORE_LANDING)
        assert kinds(await at.facts(60)) == ["MarketChanged"]

    rehearse(card)


def test_asked_to_wait_it_waits() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("a"))
        at.strike("listMarketBook", Trouble.TOO_MANY_REQUESTS)
        before = at.clock.now()
        assert "VenueDown" not in kinds(await at.facts(30))
        first, second = [line["at"] for line in at.calls("listMarketBook")][:2]
        assert first == before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        assert second >= (before + timedelta(seconds=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    rehearse(card)


def test_a_markets_life_is_told_as_it_happens() -> None:
    def due(minutes: int, happening: Suspend | Reopen | MoveStart) -> Due:
        return Due(moment=Moment(base=Base.BEGIN, delay=minutes * MINUTE), happening=happening)

    happenings = (due(1, Suspend()), due(2, Reopen()), due(10, MoveStart(by=15 * MINUTE)))

    async def card(at: Rehearsal) -> None:
        facts = [fact for fact in await at.facts(4 * 3600) if isinstance(fact, MarketChanged)]
        told = [(fact.status, fact.in_play, (fact.start - BEGIN) / timedelta(minutes=1)) for fact in facts]
        still = [one for one in told if one[0] is not MarketStatus.SUSPENDED or not one[1]]
        open_, suspended, closed = MarketStatus.OPEN, MarketStatus.SUSPENDED, MarketStatus.CLOSED
        assert still[:4] == [(open_, False, 60), (suspended, False, 60), (open_, False, 60), (open_, False, 75)]
        assert (open_, True, 75) in still
        assert told[-1] == (closed, True, 75)
        assert len(told) == len(set(told)) + 1, "each change once; it opens again after the suspension"

    rehearse(card, replace(WORLD, for_every_market=happenings))


def test_looking_costs_what_is_open_not_what_there_ever_was() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(*(at.placement(f"done-{number}", TAKES, "3.00", "1.00") for number in range(20)))
        await at.place(at.placement("open"))
        await at.facts(5)
        before = len(at.calls("listCurrentOrders"))
        await at.facts(30)
        looks = at.calls("listCurrentOrders")[before:]
        assert len(looks) >= 30
        assert all(line["params"].get("orderProjection") == "EXECUTABLE" for line in looks)

    rehearse(card)


def test_with_nothing_open_only_the_markets_are_looked_at_and_less_often() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("done", TAKES, "3.00", "1.00"))
        await at.facts(5)
        before, books = len(at.calls("listCurrentOrders")), len(at.calls("listMarketBook"))
        await at.facts(60)
        assert len(at.calls("listCurrentOrders")) == before
        assert 11 <= len(at.calls("listMarketBook")) - books <= 14

    rehearse(card)


def test_a_bet_that_is_cancelled_elsewhere_is_noticed_and_told() -> None:
    async def card(at: Rehearsal) -> None:
        (placed,) = (await at.place(at.placement("a"))).events
        assert isinstance(placed, OrderAccepted)
        await at.facts(2)
        command = CancelOrder(account=ACCOUNT, market=at.market.id, ref=placed.ref, bet=placed.bet, because="plan")
        await at.venue.send(at.venue.prepare(command), None)  # its answer is not told to the watcher, as by another program
        (report,) = await at.facts(3)
        assert isinstance(report, OrderReported)
        assert (report.sizes.cancelled, report.sizes.remaining) == (Decimal(10), 0)

    rehearse(card)


def test_a_look_that_was_overtaken_tells_nothing_older() -> None:
    async def card(at: Rehearsal) -> None:
        (placed,) = (await at.place(at.placement("a"))).events
        assert isinstance(placed, OrderAccepted)
        at.on_its_way.append(4.0)
        listening = asyncio.create_task(at.facts(20))
        await asyncio.sleep(2)  # the look's answer, with the bet still open, is on its way
        command = CancelOrder(account=ACCOUNT, market=at.market.id, ref=placed.ref, bet=placed.bet, because="plan")
        await at.venue.send(at.venue.prepare(command), None)
        (newest,) = (await at.query("a")).events
        assert isinstance(newest, OrderReported)
        assert newest.sizes.remaining == 0
        assert kinds(await listening) == ["MarketChanged"]

    rehearse(card)


def test_a_market_that_closes_beside_an_open_one_is_noticed() -> None:
    early, late = WORLD.fixtures
    later = replace(late, start=Start(after=24 * HOUR))

    async def card(at: Rehearsal) -> None:
        catalogue = await at.venue.find(Target(event=later.name, market=MARKET, selection=TAKES), on=None)
        at.venue.watch(catalogue.markets[0].id)
        facts = [fact for fact in await at.facts(4 * 3600) if isinstance(fact, MarketChanged)]
        assert {fact.market: fact.status for fact in facts} == {
            at.market.id: MarketStatus.CLOSED, catalogue.markets[0].id: MarketStatus.OPEN
        }  # fmt: skip

    rehearse(card, replace(WORLD, fixtures=(early, later)))


def test_a_settlement_that_lags_is_waited_for() -> None:
    async def card(at: Rehearsal) -> None:
        await at.place(at.placement("won", TAKES, "3.00", "10.00"))
        facts = await at.facts(4 * 3600)
        assert [kind for kind in kinds(facts) if kind.endswith("Settled")] == ["BetSettled", "MarketSettled"]

    rehearse(card, settlements_lag=12)


def test_the_odds_on_offer() -> None:
    async def card(at: Rehearsal) -> None:
        selection = at.placement("a", TAKES).selection
        command = QueryBook(account=ACCOUNT, market=at.market.id, selection=selection, handicap=Decimal(0), because="plan")
        (book,) = (await at.venue.send(at.venue.prepare(command), None)).events
        assert isinstance(book, BookChanged)
        assert (book.back, book.lay) == ((Decimal("3.00"), Decimal(25)), (Decimal("3.10"), Decimal(25)))
        at.strike("listMarketBook", Trouble.HTTP_503)
        answer = await at.venue.send(at.venue.prepare(command), None)
        assert (answer.events, answer.exchanges[0].status) == ((), 503)

    rehearse(card)


def test_the_runners_of_a_market_also_where_its_catalogue_was_never_read() -> None:
    async def card(at: Rehearsal) -> None:
        command = QueryRunners(account=ACCOUNT, market=at.market.id, because="plan")
        at.venue._cards.clear()  # as after a restart: the run is taken up from the journal
        at.strike("listMarketBook", Trouble.REPLY_LOST_BEFORE_LANDING)
        answer = await at.venue.send(at.venue.prepare(command), None)
        (seen,) = answer.events
        assert isinstance(seen, RunnersSeen)
        assert [one.name for one in seen.runners] == [TAKES, RESTS, "The Draw"]
        assert [exchange.trouble is None for exchange in answer.exchanges] == [False, True]
        at.strike("listMarketBook", Trouble.HTTP_503)
        nothing = await at.venue.send(at.venue.prepare(command), None)
        assert (nothing.events, nothing.exchanges[0].status) == ((), 503)
        assert nothing.exchanges[0].trouble

    rehearse(card)


def test_no_secret_is_in_anything_that_is_kept() -> None:
    async def card(at: Rehearsal) -> None:
        at.strike("placeOrders", Trouble.SESSION_KILLED)
        answers = [await at.place(at.placement("a")), await at.query("a"), await at.query("nobody")]
        at.strike("placeOrders", Trouble.REPLY_LOST_AFTER_LANDING)
        answers.append(await at.place(at.placement("b")))
        kept = repr([(answer.events, answer.exchanges) for answer in answers]) + repr(await at.facts(5))
        assert at.venue._client._token
        for secret in ("venue-password", "venue-app_key", "venue-username", at.venue._client._token):
            assert secret not in kept

    rehearse(card)
