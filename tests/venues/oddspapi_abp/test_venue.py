"""The adapter in front of a few answers written by hand: what leaves, what is told, and what a socket that breaks changes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.errors import VenueRefused, VenueTrouble
from planrunner.model.events import (
    BetSettled,
    BookChanged,
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
    VenueDown,
    VenueUp,
)
from planrunner.model.placement import Sizes
from planrunner.model.plan import Routing, Target
from tests.venues.oddspapi_abp.desk import Desk, Rehearsal, rehearse
from tests.venues.oddspapi_abp.rows import AT, BOOK, CANCEL, FIXTURE, MARKET, OTHER, QUERY, REF, betslip, offer, place, placement


def kinds(events: Any) -> list[str]:
    return [type(event).__name__ for event in events]


def sizes(**parts: Any) -> Sizes:
    return Sizes(stake=Decimal(600), **{name: Decimal(part) for name, part in parts.items()})


def reports(events: list[Event]) -> list[Sizes]:
    return [one.sizes for one in events if isinstance(one, OrderReported)]


# Placing


def test_limits_are_looked_at_first_and_what_is_too_small_never_leaves() -> None:
    async def card(at: Rehearsal) -> None:
        answer = await at.send(place(placement(), placement(OTHER, size=Decimal("4.00"))))
        assert kinds(answer.events) == ["OrderAccepted", "OrderRejected"]
        small = answer.events[1]
        assert isinstance(small, OrderRejected)
        assert "below the minimum: pinnacle 5.00 USD" in small.text
        ((sent,),) = [body["orders"] for body in at.desk.calls("/place-orders")]
        assert sent["requestUuid"] == REF
        answer = await at.send(place(placement(OTHER, size=Decimal("4.00"))))
        assert kinds(answer.events) == ["OrderRejected"]
        assert (len(at.desk.calls("/place-orders")), len(at.desk.calls("/betslip"))) == (1, 1)

    rehearse(card, listens=False)


@pytest.mark.parametrize("slow", [{"takes": 5.0}, {"answers": {"/betslip": [(500, b"<html>")]}}, {"slip": []}])
def test_a_betslip_that_does_not_answer_does_not_hold_an_order_up(slow: dict[str, Any]) -> None:
    async def card(at: Rehearsal) -> None:
        before = at.clock.age()
        answer = await at.send(place(placement(size=Decimal("4.00"))))
        assert kinds(answer.events) == ["OrderAccepted"]
        assert at.clock.age() - before < 1

    rehearse(card, Desk(**slow), listens=False)


def test_what_is_over_before_it_could_leave_is_not_sent() -> None:
    async def card(at: Rehearsal) -> None:
        answer = await at.send(place(placement(good_until=at.clock.now())))
        assert kinds(answer.events) == ["OrderRejected"]

    assert rehearse(card, listens=False).calls("/place-orders") == []


def test_in_an_emergency_nothing_is_sent_until_it_is_over() -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.say("emergency", {"active": True})
        assert kinds(await at.heard()) == ["VenueDown"]
        (event,) = (await at.send(place())).events
        assert isinstance(event, OrderNotSent)
        assert "emergency" in event.text
        at.desk.say("emergency", {"active": False})
        assert "VenueUp" in kinds(await at.heard())
        assert kinds((await at.send(place())).events) == ["OrderAccepted"]
        at.desk.say("emergency", {"bookmaker": "pinnacle", "active": True})
        await at.heard()
        only = placement(OTHER, routing=Routing(bookmakers=("pinnacle",)))
        elsewhere = placement(OTHER, routing=Routing(bookmakers=("pinnacle", "vertex")))
        assert kinds((await at.send(place(only))).events) == ["OrderNotSent"]
        assert kinds((await at.send(place(elsewhere))).events) == ["OrderAccepted"]

    rehearse(card)


def test_too_many_requests_and_the_venue_is_left_alone_for_as_long_as_it_says() -> None:
    async def card(at: Rehearsal) -> None:
        assert kinds((await at.send(place())).events) == ["OrderNotSent"]
        assert kinds((await at.send(place())).events) == ["OrderNotSent"]
        assert len(at.desk.calls("/place-orders")) == 1
        before = at.clock.age()
        assert kinds((await at.send(QUERY)).events) == ["OrderNotFound"]
        assert at.clock.age() - before >= 3
        assert kinds((await at.send(place())).events) == ["OrderAccepted"]

    limited = {"detail": "Rate limit exceeded", "limit": "100", "retry_after": 3}
    rehearse(card, Desk(answers={"/place-orders": [(429, limited)]}), listens=False)


def test_no_more_reads_leave_in_a_second_than_the_key_allows() -> None:
    async def card(at: Rehearsal) -> None:
        before = at.clock.age()
        await asyncio.gather(*(at.send(BOOK) for _ in range(205)))
        assert 1.9 <= at.clock.age() - before <= 3

    rehearse(card, listens=False)


def test_the_key_is_in_nothing_that_is_kept() -> None:
    async def card(at: Rehearsal) -> None:
        answer = await at.send(place())
        assert len(answer.exchanges) == 2
        assert "a-key-of-nobody" not in repr(answer) + repr(at.venue.prepare(place()))

    rehearse(card, listens=False)


# Looking up


def test_a_look_up_reads_the_order_and_then_its_bets_page_by_page() -> None:
    async def card(at: Rehearsal) -> None:
        for number in range(5):
            at.desk.put_bet(5551 + number, placedStake=100)
        at.desk.put(orderStatus="CANCELLED", filledStake=500)
        at.desk.page = 2
        (event,) = (await at.send(QUERY)).events
        assert isinstance(event, OrderReported)
        assert event.sizes == sizes(matched=500, cancelled=100)
        assert [call.get("afterBetId") for call in at.desk.calls("/bets")] == [None, "5554", "5552"]

    rehearse(card, listens=False)


def test_a_bet_that_is_confirmed_between_two_reads_is_no_contradiction() -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.put(orderStatus="PROCESSING", filledStake=400)
        at.desk.put_bet()
        stale = {"orders": [{**at.desk.orders[9001], "filledStake": 0}]}
        at.desk.answers["/orders"] = [(200, stale)]
        (event,) = (await at.send(QUERY)).events
        assert isinstance(event, OrderReported)
        assert event.sizes == sizes(matched=400)
        at.desk.answers["/orders"] = [(200, stale)] * 3
        (event,) = (await at.send(QUERY)).events
        assert isinstance(event, OrderUnknown)
        assert "0.00 of it is filled, and its bets come to 400.00" in event.text

    rehearse(card, listens=False)


@pytest.mark.parametrize("answer", [(200, []), (200, {"orders": [], "hasMore": False})])
def test_an_empty_look_up_proves_nothing(answer: Any) -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.answers["/orders"] = [answer]
        assert (await at.send(QUERY)).events == (OrderNotFound(at=at.clock.now(), ref=REF),)

    rehearse(card, listens=False)


@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, {}), (503, {"detail": "down"}), (401, {"error": "bad key"})])
def test_a_look_up_that_fails_leaves_it_unknown(answer: Any) -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.answers["/orders"] = [answer] * 3
        assert kinds((await at.send(QUERY)).events) == ["OrderUnknown"]

    rehearse(card, listens=False)


def test_an_order_that_was_refused_after_it_was_taken() -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.put(orderStatus="REJECTED")
        (event,) = (await at.send(QUERY)).events
        assert isinstance(event, OrderRejected)
        assert event.conclusive

    rehearse(card, listens=False)


def test_the_account_lists_what_is_open_and_what_was_settled_since() -> None:
    async def card(at: Rehearsal) -> None:
        at.desk.put(orderId=1, requestUuid=OTHER, orderStatus="FILLED", filledStake=400, orderStake=400)
        at.desk.put_bet(1, orderId=1, settlementStatus="WON", settlementAmount=828)
        at.desk.put(orderId=2, orderStatus="PROCESSING")
        found = await at.venue.bets(AT - timedelta(days=1))
        assert [(one.bet, one.ref, one.settled.profit if one.settled else None) for one in found] == [
            ("2", REF, None), ("1", OTHER, Decimal("428.00")),
        ]  # fmt: skip
        assert [one.bet for one in await at.venue.bets(AT + timedelta(days=1))] == ["2"]
        at.desk.orders[2]["orderStatus"] = "MAYBE"
        with pytest.raises(VenueTrouble, match="can't be read"):
            await at.venue.bets(AT)

    rehearse(card, listens=False)


# The catalogue


def test_a_target_is_found_by_its_ids_alone() -> None:
    async def card(at: Rehearsal) -> None:
        found = await at.venue.find(Target(event_id=FIXTURE, selection_id="101"), on=None)
        assert [(one.id, one.fixture) for one in found.markets] == [(MARKET, "Arsenal v Chelsea")]
        at.desk.slip = betslip(outcomeId=103)
        other = await at.venue.find(Target(event_id=FIXTURE, selection_id="103"), on=None)
        assert [one.id for one in other.markets[0].selections] == ["101", "103"]
        at.desk.answers["/betslip"] = [(404, {"detail": "No odds found for given parameters"})]
        assert (await at.venue.find(Target(event_id=FIXTURE, selection_id="9"), on=None)).markets == ()
        with pytest.raises(VenueRefused, match="event_id"):
            await at.venue.find(Target(event="Arsenal v Chelsea", selection="Arsenal"), on=None)
        at.desk.slip = betslip()
        (book,) = (await at.send(BOOK)).events
        assert isinstance(book, BookChanged)
        assert (book.back, book.lay) == ((Decimal("2.07"), Decimal("1000.00")), None)
        at.desk.answers["/betslip"] = [(404, {"detail": "No odds found for given parameters"})]
        assert (await at.send(BOOK)).events == ()

    rehearse(card, listens=False)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, {"error": "Invalid or inactive API key"}), VenueRefused),
        ((403, {"detail": "Missing API key header: x-api-key"}), VenueRefused),
        ((503, {"detail": "Database unavailable"}), VenueTrouble),
        ((200, b"<html>"), VenueTrouble),
        ((403, {"error": "Access denied to endpoint"}), None),
    ],
)
def test_a_key_is_shown_once_to_see_that_it_opens(answer: Any, error: type[Exception] | None) -> None:
    async def card(at: Rehearsal) -> None:
        pass

    desk = Desk(answers={"/accounts": [answer]})
    if error is None:
        rehearse(card, desk, listens=False)
        return
    with pytest.raises(error) as told:
        rehearse(card, desk, listens=False)
    assert "a-key-of-nobody" not in str(told.value)


# Facts


async def placed(at: Rehearsal, **terms: Any) -> None:
    (event,) = (await at.send(place(placement(**terms)))).events
    assert isinstance(event, OrderAccepted)
    assert reports(await at.heard()) == []


def test_a_frame_says_what_changed_and_rest_says_to_what() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="PROCESSING", filledStake=400)
        at.desk.put_bet()
        at.desk.say("bets", {"betId": 5551, "orderId": 9001, "betStatus": "CONFIRMED"})
        assert reports(await at.heard()) == [sizes(matched=400)]

    rehearse(card)


def test_repeated_and_reordered_frames_tell_nothing_twice() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="FILLED", filledStake=600)
        at.desk.put_bet(placedStake=600)
        for seq in (3, 1, 2, 2, 1):
            at.desk.say("orders", {"orderId": 9001, "requestUuid": REF, "orderStatus": "PENDING"}, seq=seq)
            at.desk.say("bets", {"betId": 5551, "orderId": 9001}, seq=seq)
        assert reports(await at.heard(5)) == [sizes(matched=600)]

    rehearse(card)


def test_an_older_answer_takes_nothing_back() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="PROCESSING", filledStake=400)
        at.desk.put_bet()
        at.desk.say("orders", {"orderId": 9001})
        assert reports(await at.heard()) == [sizes(matched=400)]
        row = at.desk.orders[9001]
        at.desk.answers["/orders"] = [(200, [{**row, "filledStake": 0}])]
        at.desk.answers["/bets"] = [(200, [])]
        at.desk.say("orders", {"orderId": 9001})
        assert await at.heard() == []

    rehearse(card)


def test_a_gap_in_the_frames_and_one_that_can_not_be_read_are_made_up_for() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="PROCESSING", filledStake=400)
        at.desk.put_bet()
        at.desk.say("balance", {"bookmaker": "pinnacle"}, seq=at.desk.socket.seq + 2)
        assert reports(await at.heard()) == [sizes(matched=400)]
        at.desk.put(orderStatus="FILLED", filledStake=600)
        at.desk.put_bet(5552, placedStake=200)
        at.desk.socket.raw("half a fra")
        assert reports(await at.heard()) == [sizes(matched=600)]

    rehearse(card)


def test_while_the_socket_is_down_orders_are_asked_for_and_then_it_takes_over_again() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at, good_until=AT + timedelta(hours=1))
        at.desk.lets_in = False
        at.desk.socket.hang_up()
        down = await at.heard()
        assert kinds(down) == ["VenueDown"]
        at.desk.put(orderStatus="PROCESSING", filledStake=400)
        at.desk.put_bet()
        assert reports(await at.heard(2)) == [sizes(matched=400)]
        at.desk.lets_in = True
        assert kinds(await at.heard(70)) == ["VenueUp"]
        asked = len(at.desk.calls("/orders"))
        await at.heard(20)
        assert len(at.desk.calls("/orders")) - asked <= 1, "nobody polls while the socket tells"
        assert [one.is_open for one in at.desk.sockets] == [False, True]

    rehearse(card, Desk())


def test_a_ping_is_answered_at_once_and_silence_is_found_out() -> None:
    async def card(at: Rehearsal) -> None:
        first = at.desk.socket
        first.raw({"type": "ping"})
        await at.heard()
        assert first.heard == [{"type": "pong"}]
        told = await at.heard(95)
        assert [one["type"] for one in first.heard[1:]] == ["ping", "ping", "ping"]
        assert kinds(told) == ["VenueDown", "VenueUp"]
        assert (len(at.desk.sockets), first.is_open) == (2, False)

    rehearse(card)


def test_an_order_that_is_filled_in_part_is_complete_when_its_time_is_over_and_nobody_says_so() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="PARTIALLY_FILLED", filledStake=400)
        at.desk.put_bet()
        at.desk.say("orders", {"orderId": 9001})
        assert reports(await at.heard(15)) == [sizes(matched=400)]
        assert reports(await at.heard(10)) == [sizes(matched=400, lapsed=200)]

    rehearse(card)


def test_an_order_is_complete_only_when_its_last_bet_is_answered() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="CANCELLED")
        at.desk.put_bet(betStatus="PLACED")
        at.desk.say("orders", {"orderId": 9001})
        assert reports(await at.heard()) == [sizes()]
        at.desk.put(filledStake=400)
        at.desk.put_bet(betStatus="CONFIRMED")
        at.desk.say("bets", {"betId": 5551})
        assert reports(await at.heard()) == [sizes(matched=400, cancelled=200)]

    rehearse(card)


def test_settled_once_all_fills_are_and_again_when_the_result_is_corrected() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(orderStatus="FILLED", filledStake=600)
        at.desk.put_bet()
        at.desk.put_bet(5552, placedStake=200, placedPrice=Decimal("2.00"))
        at.desk.say("orders", {"orderId": 9001})
        await at.heard()
        at.desk.put_bet(settlementStatus="WON", settlementAmount=828)
        at.desk.say("settlements", {"betId": 5551, "settlementStatus": "WON"})
        assert not any(isinstance(one, BetSettled) for one in await at.heard()), "one of two"
        at.desk.put_bet(5552, settlementStatus="WON", settlementAmount=400)
        at.desk.say("settlements", {"betId": 5552})
        settled, market = (one for one in await at.heard() if isinstance(one, BetSettled | MarketSettled))
        assert isinstance(settled, BetSettled)
        assert (settled.outcome, settled.profit) == (Outcome.WON, Decimal("628.00"))
        assert isinstance(market, MarketSettled)
        assert market.commission == 0
        at.desk.put_bet(settlementStatus="LOST", settlementAmount=0)
        at.desk.say("bets", {"betId": 5551, "orderId": 9001})
        again = await at.heard()
        assert [(one.outcome, one.profit) for one in again if isinstance(one, BetSettled)] == [
            (Outcome.MIXED, Decimal("-200.00"))
        ]

    rehearse(card)


def test_a_run_that_is_taken_up_finds_its_orders_and_hears_of_them() -> None:
    async def card(at: Rehearsal) -> None:
        await at.send(QUERY)
        at.desk.put_bet(settlementStatus="LOST", settlementAmount=0)
        at.desk.say("settlements", {"betId": 5551})
        assert [one.profit for one in await at.heard() if isinstance(one, BetSettled)] == [Decimal(-400)]

    desk = Desk()
    desk.put(orderStatus="FILLED", filledStake=400, orderStake=400)
    desk.put_bet()
    rehearse(card, desk)


def test_other_programs_orders_are_none_of_ours() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        asked = len(at.desk.calls("/orders"))
        at.desk.say("orders", {"orderId": 777, "requestUuid": OTHER, "fixtureId": "id1"})
        assert await at.heard(2) == []
        assert len(at.desk.calls("/orders")) == asked

    rehearse(card)


def test_a_start_that_moves_is_told() -> None:
    async def card(at: Rehearsal) -> None:
        await at.send(BOOK)
        first = [one for one in await at.heard(40) if isinstance(one, MarketChanged)]
        info = at.desk.slip["fixtureInfo"]
        at.desk.slip = betslip(fixtureInfo={**info, "startTime": info["startTime"] + 600, "status": {"live": True}})
        second = [one for one in await at.heard(120) if isinstance(one, MarketChanged)]
        assert [(one.in_play, one.start - first[0].start) for one in second] == [(True, timedelta(minutes=10))]

    rehearse(card)


def test_what_can_not_be_read_is_told_once_and_does_no_harm() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.put(filledStake=500)
        at.desk.put_bet()
        at.desk.say("orders", {"orderId": 9001})
        told = await at.heard(80)
        assert kinds(told) == ["OrderUnknown"]

    rehearse(card)


def test_reads_that_fail_are_an_outage_with_an_end() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        at.desk.answers["/orders"] = [(503, {"detail": "down"})] * 4
        at.desk.say("orders", {"orderId": 9001})
        down, up = await at.heard(30)
        assert isinstance(down, VenueDown)
        assert isinstance(up, VenueUp)

    rehearse(card)


def test_a_cancel_is_answered_and_never_sent_twice() -> None:
    async def card(at: Rehearsal) -> None:
        await placed(at)
        assert kinds((await at.send(CANCEL)).events) == ["CancelRefused"]
        assert at.desk.calls("/cancel-orders") == [{"orderIds": [9001]}]

    rehearse(card)


def test_a_slip_is_read_for_limits_of_the_bookmakers_that_are_allowed() -> None:
    async def card(at: Rehearsal) -> None:
        only = placement(size=Decimal("50.00"), routing=Routing(bookmakers=("b",), partial=False))
        (event,) = (await at.send(place(only))).events
        assert isinstance(event, OrderRejected)
        assert event.reason == "STAKE_EXCEEDS_LIMIT"

    rehearse(card, Desk(slip=betslip({"a": offer(), "b": offer(limit=40)})), listens=False)
