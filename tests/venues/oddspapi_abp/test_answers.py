"""What is sent, and what comes back to placing and cancelling, read into facts. Bodies as documented."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.events import (
    CancelAccepted,
    CancelRefused,
    CancelUnknown,
    Event,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderUnknown,
)
from planrunner.model.market import BetId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.plan import OrderType, Routing
from planrunner.model.program import uuid_ref
from planrunner.venues import exact_json
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import frames, translate, wire
from planrunner.venues.oddspapi_abp.codes import decline
from planrunner.venues.oddspapi_abp.holdings import Rates
from planrunner.venues.oddspapi_abp.wire import Fault, Result, open_envelope
from tests.laws import law
from tests.venues.oddspapi_abp.rows import AT, CANCEL, OTHER, REF, bet, order, place, placement

SHIFTED = datetime(2026, 9, 13, 17, 0, 20, 123999, tzinfo=UTC).astimezone()


def placed(*, status: int = 200, body: Any = None, **lists: Any) -> tuple[Event, ...]:
    """The facts of a request for two orders."""
    command = place(placement(), placement(OTHER, odds=Decimal("3.9"), size=Decimal("2.00")))
    return translate.placed(command, open_envelope(status, lists if body is None else body), Rates(), AT)


# Requests


def test_an_order_is_written_out_in_full_with_exact_numbers() -> None:
    routing = Routing(bookmakers=("pinnacle", "vertex"), better_odds=False, partial=True)
    (written,) = translate.place_body(place(placement(routing=routing)), "GBP")["orders"]
    assert written == {
        "requestUuid": REF, "fixtureId": "id1000009900000001", "outcomeId": 101, "playerId": 0, "orderPrice": Decimal("2.04"),
        "orderStake": Decimal("600.00"), "orderCurrency": "GBP", "userRef": "planrunner", "testOrder": False, "back": True,
        "acceptBetterOdds": False, "acceptPartialStake": True, "meta": {"path": "orders.arsenal"},
        "bookmakers": "pinnacle,vertex", "expiresAt": "2026-09-13T15:00:20.000Z",
    }  # fmt: skip
    assert b'"orderPrice":2.04,"orderStake":600.00,' in exact_json.encode(written)


def test_what_a_routers_order_may_leave_out_and_what_its_type_makes_of_it() -> None:
    kill = placement(type=OrderType.FILL_OR_KILL, routing=Routing(bookmakers=("pinnacle",)), selection=SelectionId("7/4711"))
    lay = placement(OTHER, side=Side.LAY, good_until=SHIFTED)
    first, second = translate.place_body(place(kill, lay), "USD")["orders"]
    assert (first["acceptPartialStake"], first["outcomeId"], first["playerId"]) == (False, 7, 4711)
    assert (second["back"], second["expiresAt"]) == (False, "2026-09-13T17:00:20.123Z")
    assert "bookmakers" not in second


def test_nothing_in_a_request_depends_on_the_attempt() -> None:
    bodies = {exact_json.encode(translate.place_body(place(attempt=attempt), "USD")) for attempt in (1, 2, 3)}
    assert len(bodies) == 1


def test_a_reference_of_the_engine_is_one_that_the_venue_takes() -> None:
    ref = uuid_ref("run", "orders.arsenal", 0)
    assert translate.place_body(place(placement(ref)), "USD")["orders"][0]["requestUuid"] == ref
    with pytest.raises(ValueError, match="no UUID"):
        translate.place_body(place(placement(OrderRef("abc"))), "USD")


def test_a_cancel_names_one_order_and_never_the_label_that_all_have() -> None:
    assert translate.cancel_body(CANCEL) == {"orderIds": [9001]}


# Answers to placing


def test_accepted_with_a_bet_and_declined_are_joined_by_reference_whatever_their_order() -> None:
    taken = order(orderStatus="PARTIALLY_FILLED", filledStake=400, bets=[bet()])
    no = {"requestUuid": OTHER.upper(), "orderStake": 2, "declineReason": "Stake below minimum: 2.00 USD < 5.00 USD"}
    first, second = placed(acceptedOrders=[taken], declinedOrders=[no])
    assert isinstance(first, OrderAccepted)
    assert (first.bet, first.sizes) == ("9001", Sizes(stake=Decimal(600), matched=Decimal(400)))
    assert (first.average_odds, first.fills[0].bookmaker) == (Decimal("2.07"), "pinnacle")
    assert isinstance(second, OrderRejected)
    assert (second.reason, second.conclusive) == ("STAKE_BELOW_MINIMUM", True)
    assert "2.00 USD < 5.00 USD" in second.text


def test_accepted_before_the_first_bet() -> None:
    first, _ = placed(acceptedOrders=[order()], declinedOrders=[])
    assert isinstance(first, OrderAccepted)
    assert first.sizes == Sizes(stake=Decimal(600))
    assert first.average_odds is None


def test_an_order_in_neither_list_is_unknown_and_not_the_one_beside_it() -> None:
    first, second = placed(acceptedOrders=[order(requestUuid=OTHER, orderStake=2)], declinedOrders=[])
    assert isinstance(first, OrderUnknown)
    assert isinstance(second, OrderAccepted)


@pytest.mark.parametrize(
    "lists",
    [
        {"acceptedOrders": [order()], "declinedOrders": [{"requestUuid": REF, "declineReason": "Invalid odds"}]},
        {"acceptedOrders": [order(), order(orderId=9002)], "declinedOrders": []},
        {"acceptedOrders": [order(orderStake=60)], "declinedOrders": []},
        {"acceptedOrders": [order(testOrder=True)], "declinedOrders": []},
        {"acceptedOrders": [order(orderStatus="REJECTED")], "declinedOrders": []},
        {"acceptedOrders": [order(orderStatus="DREAMING")], "declinedOrders": []},
        {"acceptedOrders": [order(orderId=None)], "declinedOrders": []},
        {"acceptedOrders": None, "declinedOrders": None},
        {"declinedOrders": [{"requestUuid": REF, "declineReason": "Duplicate requestUuid"}]},
        {"orders": [order()]},
    ],
)
def test_what_contradicts_itself_or_leaves_something_open_is_unknown(lists: dict[str, Any]) -> None:
    first, _ = placed(**lists)
    assert isinstance(first, OrderUnknown)


@pytest.mark.parametrize(
    ("reason", "code", "transient"),
    [
        ("Stake exceeds limit", "STAKE_EXCEEDS_LIMIT", False),
        ("Requested stake 600.00 exceeds available limit 400.00 USD", "STAKE_EXCEEDS_LIMIT", False),
        ("Stake below minimum", "STAKE_BELOW_MINIMUM", False),
        ("Stake below minimum: 2.00 USD < 5.00 USD, limit 400.00 USD", "STAKE_BELOW_MINIMUM", False),
        ("Invalid odds", "INVALID_ODDS", False),
        ("No active accounts", "NO_ACTIVE_ACCOUNTS", False),
        ("Currency conversion failed", "CURRENCY_CONVERSION_FAILED", False),
        ("Bookmaker not available", "BOOKMAKER_NOT_AVAILABLE", False),
        ("Odds temporarily unavailable", "ODDS_TEMPORARILY_UNAVAILABLE", True),
        ("The moon is full", "DECLINED_OTHER", False),
    ],
)
def test_why_an_order_is_declined(reason: str, code: str, *, transient: bool) -> None:
    assert (decline(reason).code, decline(reason).transient) == (code, transient)
    _, event = placed(acceptedOrders=[], declinedOrders=[{"requestUuid": OTHER, "declineReason": reason}])
    assert isinstance(event, OrderRejected)
    assert (event.reason, event.transient, event.conclusive) == (code, transient, True)
    assert reason in event.text


def test_a_body_that_is_refused_for_one_order_is_refused_for_all_and_each_is_told_why() -> None:
    wrong = {"loc": ["body", "orders", 1, "orderStake"], "msg": "Input should be greater than 0", "type": "greater_than"}
    first, second = placed(status=422, body={"detail": [wrong]})
    assert isinstance(first, OrderRejected)
    assert isinstance(second, OrderRejected)
    assert "another of its orders" in first.text
    assert "orderStake" in second.text
    assert (second.reason, second.conclusive) == ("422", False)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            409,
            {"detail": {"error": "All orders are duplicates", "duplicateUuids": [OTHER], "inProgressUuids": [REF]}},
            OrderUnknown,
        ),
        (401, {"error": "Invalid or inactive API key"}, OrderRejected),
        (403, {"detail": "Missing API key header: x-api-key"}, OrderRejected),
        (403, {"error": "Access denied to endpoint"}, OrderRejected),
        (403, {"detail": {"message": "Access denied", "code": "FORBIDDEN"}}, OrderRejected),
        (400, {"detail": "bad parameter"}, OrderRejected),
        (404, {"detail": "Not Found"}, OrderRejected),
        (501, {"detail": "Futures are not supported"}, OrderRejected),
        (429, {"detail": "Rate limit exceeded", "limit": "100", "retry_after": 1}, OrderNotSent),
        (500, {"detail": "Internal server error"}, OrderUnknown),
        (503, {"detail": "Database unavailable"}, OrderUnknown),
        (418, {"detail": "I'm a teapot"}, OrderUnknown),
        (404, None, OrderUnknown),
        (502, "<html>", OrderUnknown),
        (200, [], OrderUnknown),
    ],
)
def test_a_request_that_fails_as_a_whole(status: int, body: Any, kind: type[Event]) -> None:
    assert [type(event) for event in placed(status=status, body=body if body is not None else 0)] == [kind, kind]


def test_the_wait_that_is_asked_for_stands_in_the_body_or_the_header() -> None:
    for answer in (
        open_envelope(429, {"detail": "Rate limit exceeded", "limit": "100", "retry_after": 2}),
        open_envelope(429, {"detail": "Rate limit exceeded"}, "2"),
    ):
        assert isinstance(answer, Fault)
        assert answer.retry_after == 2


# Answers to cancelling


def cancelled(body: Any, status: int = 200) -> Event:
    return translate.cancelled(CANCEL, open_envelope(status, body), AT)


def test_a_cancel_that_worked_says_what_was_left() -> None:
    row = {"orderId": 9001, "orderStatus": "CANCELLED", "filledStake": 400, "remainingStake": 200}
    nobody = {"reason": "Order not cancellable", "orders": []}
    event = cancelled({"status": "cancelled", "cancelledCount": 1, "cancelled": [row], "notCancelled": nobody})
    assert event == CancelAccepted(at=AT, ref=REF, bet=BetId("9001"), size=Decimal(200))


@pytest.mark.parametrize("orders", [[9001], ["9001"], [{"orderId": 9001, "orderStatus": "PROCESSING"}], [{"requestUuid": REF}]])
def test_a_cancel_that_came_too_late_or_too_soon_is_refused(orders: list[Any]) -> None:
    left = {"reason": "Order not cancellable", "orders": orders}
    event = cancelled({"status": "cancelled", "cancelledCount": 0, "cancelled": [], "notCancelled": left})
    assert isinstance(event, CancelRefused)
    assert "Order not cancellable" in event.text


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"status": "cancelled", "cancelledCount": 0, "cancelled": []}, 200, CancelRefused),
        ({"status": "cancelled", "cancelledCount": 1, "cancelled": [{"orderId": 1}]}, 200, CancelUnknown),
        ({"cancelled": [{"orderId": 9001}], "notCancelled": {"orders": [9001]}}, 200, CancelUnknown),
        ([], 200, CancelUnknown),
        ({"detail": "no such order"}, 404, CancelRefused),
        ({"detail": "Rate limit exceeded", "retry_after": 1}, 429, CancelRefused),
        ({"detail": "oops"}, 500, CancelUnknown),
        (None, 502, CancelUnknown),
    ],
)
def test_other_answers_to_a_cancel(body: Any, status: int, kind: type[Event]) -> None:
    assert isinstance(cancelled(body, status), kind)


# Frames


def test_frames_of_every_generation() -> None:
    assert frames.frame('{"type":"ping"}') == frames.Ping()
    assert frames.frame('{"type":"heartbeat","ts":1}') == frames.frame('{"type":"pong"}') == frames.Alive()
    assert frames.frame('{"type":"login_ok","clientName":"demo"}') == frames.LoggedIn()
    data = frames.frame(
        '{"type":"data","channel":"bets","event":"UPDATE","payload":{"betId":5551,"orderId":9001},"ts":1,"seq":1}'
    )
    assert isinstance(data, frames.Data)
    assert (data.channel, data.seq) == ("bets", 1)
    assert frames.hint(data.payload) == frames.Hint(order="9001", ref=None, bet="5551", updated=None)
    assert isinstance(frames.frame('{"type":"error","message":"Invalid API key"}'), frames.Trouble)


@pytest.mark.parametrize(
    ("payload", "is_active"),
    [
        ({"active": True}, True), ({"emergency": {"active": False}}, False), ({"status": "ON"}, True),
        ({"mode": "normal"}, False), (True, True), ({"what": 1}, None), (None, None),
    ],
)  # fmt: skip
def test_an_emergency_in_any_words(payload: Any, *, is_active: bool | None) -> None:
    assert frames.emergency(payload).is_active is is_active


# Laws

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = sorted({*order(), *bet(), "declineReason", "acceptedOrders", "declinedOrders", "cancelled", "notCancelled", "orders"})


def odd(row: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A row with some of its fields replaced by anything."""
    return st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=3).map(lambda changes: {**row, **changes})


@law(200, share=60)
@given(taken=st.lists(odd(order(bets=[bet()])), max_size=2), no=st.lists(odd({"requestUuid": OTHER}), max_size=2), more=_JSON)
def test_whatever_is_answered_there_is_one_fact_for_each_order(taken: Any, no: Any, more: Any) -> None:
    for body in (
        {"acceptedOrders": taken, "declinedOrders": no, "x": more},
        more,
        {"acceptedOrders": more, "declinedOrders": no},
    ):
        for status in (200, 409, 422, 500):
            events = placed(status=status, body=body)
            assert [event.ref for event in events] == [REF, OTHER]  # type: ignore[union-attr]
            for accepted in (one for one in events if isinstance(one, OrderAccepted)):
                assert accepted.sizes.stake == {REF: 600, OTHER: 2}[accepted.ref]


@law(200, share=60)
@given(rows=st.lists(odd({"orderId": 9001, "remainingStake": 1}) | _JSON, max_size=2), more=_JSON)
def test_whatever_is_answered_to_a_cancel_it_is_one_of_three(rows: Any, more: Any) -> None:
    for body in ({"cancelled": rows, "notCancelled": more}, {"cancelled": more, "notCancelled": {"orders": rows}}, more):
        try:
            event = cancelled(body)
        except Unreadable:
            pytest.fail("a broken answer is told, not raised")
        assert isinstance(event, CancelAccepted | CancelRefused | CancelUnknown)


@settings(max_examples=200)
@given(st.text(max_size=40) | _JSON.map(lambda value: json.dumps(value, default=str)))
def test_a_frame_is_read_or_unreadable(text: str) -> None:
    try:
        found = frames.frame(text)
    except Unreadable:
        return
    if isinstance(found, frames.Data):
        frames.hint(found.payload)
        frames.emergency(found.payload)


@settings(max_examples=100)
@given(_JSON)
def test_any_payload_names_an_order_or_nothing(payload: Any) -> None:
    frames.hint(payload)
    frames.emergency(payload)
    frames.emergency_of_status(payload)
    list(wire.rates(payload))


def test_a_result_is_any_object_of_a_good_status() -> None:
    assert open_envelope(200, {"a": 1}) == Result(value={"a": 1})
