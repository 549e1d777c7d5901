"""What is heard over the socket and what is looked up instead, on virtual time, against a venue whose end a test holds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.events import (
    BetSettled,
    MarketChanged,
    MarketSettled,
    OrderAccepted,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import MarketStatus
from tests.venues.tote.desk import POOL, TICKET, A, B, Hands, answer, bet, listed, node, paid, play, product

DIALECTS = pytest.mark.parametrize("subprotocol", ["graphql-transport-ws", "graphql-ws"])


async def placed(hands: Hands, *refs: str) -> None:
    rows = [node(ref) for ref in refs or (A,)]
    hands.desk.bets |= {row["id"]: row for row in rows}
    hands.desk.replies.append(answer(*rows))
    told = await hands.place(*(bet(row["id"]) for row in rows))
    assert all(isinstance(event, OrderAccepted) for event in told)
    await asyncio.sleep(0.1)
    hands.facts.clear()


def looks(hands: Hands) -> int:
    """How often bets were looked up by their references."""
    return hands.desk.count("bets(first: 50, ids:")


@DIALECTS
def test_a_message_is_looked_into_at_once(subprotocol: str) -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        (line,) = hands.desk.sockets
        assert line.heard[0] == {"type": "connection_init", "payload": {"authorization": "Api-Key key-of-the-test"}}
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await line.tells("onBetAccepted", betId=f"tote-{A}", customerBetId=A)
        await asyncio.sleep(0.1)
        (report,) = hands.told(OrderReported)
        assert (report.ref, report.sizes.matched) == (A, Decimal("6.00"))
        assert looks(hands) == 1
        await line.tells("onBetAccepted", betId=f"tote-{A}", customerBetId=A)  # once more
        await line.tells("onBetRejected", betId=f"tote-{A}")  # and out of order
        await asyncio.sleep(1)
        assert hands.told(OrderReported) == [report]

    play(act, subprotocol=subprotocol)


def test_one_operation_for_each_kind_of_message_under_an_id_of_its_own() -> None:
    async def act(hands: Hands) -> None:
        (line,) = hands.desk.sockets
        asked = [frame for frame in line.heard if frame["type"] == "subscribe"]
        assert len({frame["id"] for frame in asked}) == len(asked) == len(line.ids)
        kinds = {"onBetAccepted", "onBetRejected", "onBetFailed", "onBetCancelled", "onBetResulted", "onBetSettled"}
        assert kinds | {"onProductStatusChanged"} <= set(line.ids)
        assert hands.desk.asked[0][1]["operationName"] == "Echo", "it listens before anything is placed"

    play(act)


def test_a_field_that_a_server_does_not_know_is_left_out() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        (line,) = hands.desk.sockets
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await line.tells("onBetAccepted", betId=f"tote-{A}")
        await asyncio.sleep(0.1)
        assert hands.told(OrderReported)
        assert len(hands.desk.sockets) == 1

    play(act, mute=("customerBetId", "onEventUpdated"))


@pytest.mark.parametrize("subprotocol", ["graphql-transport-ws", None])
@pytest.mark.parametrize(
    "named", [{"CustomerBetId": A}, {"BetId": f"tote-{A}"}, {"BetId": f"tote-{A}", "Reason": None, "New": 1}]
)
def test_flat_messages_say_the_same(subprotocol: str | None, named: dict[str, Any]) -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await hands.desk.sockets[0].says({"MessageType": "BetAccepted", **named})
        await asyncio.sleep(0.1)
        assert [report.sizes.matched for report in hands.told(OrderReported)] == [Decimal("6.00")]

    play(act, subprotocol=subprotocol, speaks=subprotocol is not None)


def test_a_message_may_come_before_the_answer() -> None:
    async def act(hands: Hands) -> None:
        async def first_the_message() -> Any:
            hands.desk.bets[A] = node(A, "ACCEPTED")
            await hands.desk.sockets[0].tells("onBetAccepted", betId=f"tote-{A}", customerBetId=A)
            await asyncio.sleep(1)
            return answer(node(A, "PLACED"))

        hands.desk.replies = [first_the_message]
        (told,) = await hands.place(bet(A))
        assert isinstance(told, OrderAccepted)
        await asyncio.sleep(1)
        (report,) = hands.told(OrderReported)
        assert report.at < told.at
        assert report.sizes.matched == Decimal("6.00")

    play(act)


def test_messages_about_other_people_and_garbage_cost_nothing() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        (line,) = hands.desk.sockets
        await line.tells("onBetAccepted", betId="somebody", customerBetId="else")
        for strange in (
            [],
            7,
            {"type": "news"},
            {"type": "next"},
            {"type": "next", "payload": {"data": {"onX": None}}},
            {"type": 1},
        ):
            await line.says(strange)
        await line._send({"type": "websocket.send", "text": "{not json"})
        await asyncio.sleep(5)
        assert (looks(hands), hands.facts, len(hands.desk.sockets)) == (0, [], 1)

    play(act)


def test_a_bet_of_which_nothing_is_heard_is_looked_up_after_a_minute() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await asyncio.sleep(58)
        assert not hands.told(OrderReported)
        await asyncio.sleep(3)
        assert hands.told(OrderReported)

    play(act)


def test_a_message_that_is_ahead_of_the_look_up_is_looked_into_again() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        await hands.desk.sockets[0].tells("onBetAccepted", betId=f"tote-{A}", customerBetId=A)
        await asyncio.sleep(0.5)
        assert not hands.told(OrderReported)
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await asyncio.sleep(2)
        assert hands.told(OrderReported)

    play(act)


def test_what_was_said_while_nobody_listened_is_looked_up_after_the_reconnect() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands, A, B)
        await hands.desk.sockets[0].hangs_up()
        hands.desk.bets |= {A: node(A, "ACCEPTED"), B: node(B, "REJECTED", reason="Error placing a bet with the bet provider")}
        await asyncio.sleep(2)
        assert [type(fact) for fact in hands.told(OrderReported, OrderRejected)] == [OrderReported, OrderRejected]
        assert [type(fact) for fact in hands.told(VenueDown, VenueUp)] == [VenueDown, VenueUp]
        (refused,) = hands.told(OrderRejected)
        assert (refused.ref, refused.conclusive, refused.transient) == (B, True, True)
        assert len(hands.desk.sockets) == 2
        assert hands.desk.sockets[1].ids == hands.desk.sockets[0].ids

    play(act)


def test_a_socket_that_can_not_be_opened_is_in_the_way_of_nothing() -> None:
    async def act(hands: Hands) -> None:
        await asyncio.sleep(0.1)
        assert [type(fact) for fact in hands.told(VenueDown, VenueUp)] == [VenueDown]
        await placed(hands)
        hands.desk.bets[A] = node(A, "ACCEPTED")
        await asyncio.sleep(6)
        assert hands.told(OrderReported), "without messages it is looked up soon"
        hands.desk.refuses = None
        await asyncio.sleep(60)
        assert [type(fact) for fact in hands.told(VenueDown, VenueUp)] == [VenueUp]

    play(act, refuses=403)


@DIALECTS
def test_a_server_that_says_nothing_any_more_is_left_for_another_connection(subprotocol: str) -> None:
    async def act(hands: Hands) -> None:
        await asyncio.sleep(1)
        hands.desk.speaks = False
        await asyncio.sleep(125)
        hands.desk.speaks = True
        await asyncio.sleep(65)
        assert len(hands.desk.sockets) > 1
        assert [type(fact) for fact in hands.told(VenueDown, VenueUp)][:2] == [VenueDown, VenueUp]

    play(act, subprotocol=subprotocol)


def test_a_refusal_of_the_token_renews_it() -> None:
    async def act(hands: Hands) -> None:
        await hands.desk.sockets[0].hangs_up(4401)
        await asyncio.sleep(3)
        assert hands.desk.sockets[1].heard[0]["payload"] == {"authorization": "Bearer token-2"}

    play(act, secrets={"client_id": "public", "username": "ann", "password": "correct horse"})


def test_a_rehearsal_waits_the_same_every_time() -> None:
    async def act(hands: Hands) -> None:
        for _ in range(3):
            await hands.desk.sockets[-1].hangs_up()
            await asyncio.sleep(5)

    once, again = (tuple(fact.at for fact in play(act).told(VenueDown, VenueUp)) for _ in range(2))
    assert once == again
    assert len(once) == 6


# Pools and what they pay

DIVIDENDS = {
    "id": POOL, "name": "3.40 Exacta",
    "type": {
        "selling": {"status": "CLOSED"},
        "result": {"status": "FINAL", "dividends": {"nodes": [{
            "dividend": {"name": "Exacta", "status": "FINAL", "amount": {"decimalAmount": Decimal("12.30")}},
            "dividendLegs": {"nodes": [{"id": "leg", "dividendSelections": {"nodes": [
                {"id": "s6", "finishingPosition": "2"}, {"id": "s4", "finishingPosition": "1"},
            ]}}]},
        }]}},
        "legs": {"nodes": [{
            "id": "leg",
            "event": {"id": "race", "scheduledStartDateTime": {"iso8601": "2026-12-05T13:40:00Z"}},
            "selections": {"nodes": [
                {"id": f"s{number}", "status": "AVAILABLE", "competitor": {"name": "x", "details": {"clothNumber": number}}}
                for number in (4, 6)
            ]},
        }]},
    },
}  # fmt: skip


def test_a_pool_is_told_when_it_moves_and_when_it_closes() -> None:
    async def act(hands: Hands) -> None:
        await asyncio.sleep(1)
        (line,) = hands.desk.sockets
        hands.desk.pool = product(start="2026-12-05T13:45:00Z")
        await line.tells("onEventUpdated", eventId="race")
        await asyncio.sleep(1)
        hands.desk.pool = product("HELD", start="2026-12-05T13:45:00Z")
        await line.tells("onProductStatusChanged", productId=POOL, status="HELD")
        await asyncio.sleep(1)
        hands.desk.pool = product("CLOSED", start="2026-12-05T13:45:00Z")
        await asyncio.sleep(61)
        told = [(fact.status, f"{fact.start:%H:%M}") for fact in hands.told(MarketChanged)]
        assert told == [
            (MarketStatus.OPEN, "13:40"), (MarketStatus.OPEN, "13:45"), (MarketStatus.SUSPENDED, "13:45"),
            (MarketStatus.CLOSED, "13:45"),
        ]  # fmt: skip

    play(act)


def test_a_result_is_booked_once_it_is_paid_and_the_pool_once_all_bets_are() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands, A, B)
        hands.desk.bets |= {A: node(A, "ACCEPTED"), B: node(B, "ACCEPTED")}
        hands.desk.pool = DIVIDENDS
        await asyncio.sleep(65)
        hands.desk.bets[A] = paid(A, "73.80", settlement="PENDING")  # resulted, and may be changed
        await asyncio.sleep(65)
        assert not hands.told(BetSettled)
        hands.desk.bets[A] = paid(A, "61.50")
        await asyncio.sleep(65)
        (won,) = hands.told(BetSettled)
        assert (won.outcome, won.profit, won.refunded) == (Outcome.WON, Decimal("55.50"), 0)
        assert [(one.name, one.on, one.pays, one.is_final) for one in won.dividends] == [
            ("Exacta", "4 - 6", Decimal("12.30"), True)
        ]  # fmt: skip
        assert not hands.told(MarketSettled)
        hands.desk.bets[B] = paid(B)
        await asyncio.sleep(65)
        assert (hands.facts[-2].profit, hands.facts[-2].outcome) == (Decimal("-6.00"), Outcome.LOST)
        assert isinstance(hands.facts[-1], MarketSettled)
        assert hands.facts[-1].commission == 0
        hands.desk.bets[A] = paid(A, "30.00")  # corrected
        await asyncio.sleep(65)
        assert [type(fact) for fact in hands.facts[-2:]] == [BetSettled, MarketSettled]
        assert hands.facts[-2].profit == Decimal("24.00")
        before = len(hands.desk.asked)
        await asyncio.sleep(3600)
        assert len(hands.desk.asked) - before < 30, "what is settled is left alone after a while"

    play(act)


def test_a_void_bet_and_a_refund() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands, A, B)
        hands.desk.pool = DIVIDENDS
        hands.desk.bets |= {A: node(A, "ACCEPTED"), B: node(B, "ACCEPTED")}
        await asyncio.sleep(65)
        returns = paid(A, "6.00", "6.00")["resulting"]["returns"]
        void = {"resulting": {"status": "CANCELLED", "returns": returns}, "settlement": {"status": "REFUNDED"}}
        hands.desk.bets |= {A: node(A, "CANCELLED", **void), B: paid(B, "2.00", "2.00")}
        await asyncio.sleep(65)
        report = [fact for fact in hands.told(OrderReported) if fact.ref == A][-1]
        assert (report.sizes.voided, report.sizes.matched) == (Decimal("6.00"), 0)
        settled = {fact.ref: (fact.outcome, fact.profit, fact.refunded) for fact in hands.told(BetSettled)}
        assert settled == {
            A: (Outcome.VOID, 0, Decimal("6.00")), B: (Outcome.LOST, Decimal("-4.00"), Decimal("2.00")),
        }  # fmt: skip
        assert isinstance(hands.facts[-1], MarketSettled)

    play(act)


def test_bets_of_a_run_that_is_taken_up_again_are_found_in_their_pool() -> None:
    async def act(hands: Hands) -> None:
        await asyncio.sleep(0.1)
        assert {fact.ref for fact in hands.told(OrderReported)} == {A}, "refused ones were told to whoever placed them"
        hands.desk.pool = DIVIDENDS
        hands.desk.bets[A] = paid(A, "12.00")
        await asyncio.sleep(400)
        assert [type(fact) for fact in hands.facts[-2:]] == [BetSettled, MarketSettled]

    play(act, bets={A: node(A, "ACCEPTED"), B: node(B, "REJECTED"), "by hand": node("by hand", "ACCEPTED")})


def test_what_can_not_be_read_is_told_once_and_hides_nothing_else() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands, A, B)
        hands.desk.bets |= {A: node(A, "SHINY"), B: node(B, "ACCEPTED")}
        await asyncio.sleep(200)
        assert [fact.ref for fact in hands.told(OrderUnknown)] == [A]
        assert [fact.ref for fact in hands.told(OrderReported)] == [B]

    play(act)


def test_an_outage_is_told_when_it_begins_and_when_it_is_over() -> None:
    async def act(hands: Hands) -> None:
        await placed(hands)
        hands.desk.always = (502, b"<html>")
        await asyncio.sleep(100)
        hands.desk.always = None
        await asyncio.sleep(60)
        assert [type(fact) for fact in hands.told(VenueDown, VenueUp)] == [VenueDown, VenueUp]

    play(act)


def test_the_bets_of_an_account() -> None:
    async def act(hands: Hands) -> None:
        rows = await hands.venue.bets(hands.clock.now() - timedelta(days=1))
        assert [(one.ref, one.side, one.odds, one.sizes.matched) for one in rows] == [
            (A, None, None, Decimal("6.00")), ("by hand", None, None, Decimal("6.00")),
        ]  # fmt: skip
        assert rows[0].settled is not None
        assert rows[0].settled.profit == Decimal("-6.00")
        assert TICKET not in {one.ref for one in rows}

    play(act, always=listed(paid(A), node(B, "REJECTED"), node("by hand", "ACCEPTED")) | {})
