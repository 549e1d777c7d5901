"""What Betfair says about placing and cancelling, read as accepted, rejected or unknown. Bodies as documented and recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.commands import CancelOrder, NewPlacement, Persistence, PlaceOrders
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
from planrunner.model.market import AccountName, BetId, MarketId, OrderRef, SelectionId
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.model.plan import OrderType
from planrunner.venues import exact_json, outcomes
from planrunner.venues.betfair import translate, wire
from planrunner.venues.exact_json import Unreadable

AT = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)
MARKET = MarketId("1.200000001")


def placement(ref: str = "o-000001", **terms: Any) -> NewPlacement:
    usual: dict[str, Any] = {
        "handicap": Decimal(0), "side": Side.BACK, "odds": Decimal("3.10"), "size": Decimal("5.00"), "type": OrderType.LIMIT
    }  # fmt: skip
    return NewPlacement(ref=OrderRef(ref), path="orders.arsenal", rung=0, selection=SelectionId("4711"), **{**usual, **terms})


def place(*placements: NewPlacement, attempt: int = 1) -> PlaceOrders:
    return PlaceOrders(
        account=AccountName("betfair"), market=MARKET, request_ref="a1b2c3", attempt=attempt,
        placements=placements or (placement(),), because="plan",
    )  # fmt: skip


def cancel(bet: str = "300000000001") -> CancelOrder:
    return CancelOrder(
        account=AccountName("betfair"), market=MARKET, ref=OrderRef("o-000001"), bet=BetId(bet), because="plan"
    )  # fmt: skip


def report(*legs: dict[str, Any], status: str = "SUCCESS", **fields: Any) -> bytes:
    result = {"status": status, "marketId": MARKET, **fields}
    if legs:
        result["instructionReports"] = list(legs)
    return json.dumps({"jsonrpc": "2.0", "result": result, "id": 1}).encode()


def leg(ref: str = "o-000001", *, status: str = "SUCCESS", **fields: Any) -> dict[str, Any]:
    instruction = {"selectionId": 4711, "handicap": 0.0, "customerOrderRef": ref, "orderType": "LIMIT", "side": "BACK"}
    return {"status": status, "instruction": instruction, **fields}


def fault(code: str) -> bytes:
    exception = {"requestUUID": "ie1-1", "errorCode": code, "errorDetails": ""}
    data = {"exceptionname": "APINGException", "APINGException": exception}
    return json.dumps({"jsonrpc": "2.0", "error": {"code": -32099, "message": "ANGX-0000", "data": data}, "id": 1}).encode()


def read(command: PlaceOrders, content: bytes, status: int = 200) -> tuple[Event, ...]:
    return translate.placed(command, wire.open_envelope(status, exact_json.decode(content)), AT)


def one(content: bytes, asked: NewPlacement | None = None, status: int = 200) -> Event:
    (event,) = read(place(asked or placement()), content, status)
    return event


# Requests


def test_a_request_is_written_with_exactly_the_plans_decimals() -> None:
    body = translate.place_body(place(placement(handicap=Decimal("-1.5"), persistence=Persistence.PERSIST)))
    assert exact_json.encode(body) == (
        b'{"jsonrpc":"2.0","method":"SportsAPING/v1.0/placeOrders","params":{"marketId":"1.200000001","customerRef":"a1b2c3",'
        b'"instructions":[{"orderType":"LIMIT","selectionId":4711,"handicap":-1.5,"side":"BACK","customerOrderRef":"o-000001",'
        b'"limitOrder":{"size":5.00,"price":3.10,"persistenceType":"PERSIST"}}]},"id":1}'
    )


def test_a_second_attempt_is_the_same_bytes() -> None:
    first, second = (exact_json.encode(translate.place_body(place(attempt=attempt))) for attempt in (1, 2))
    assert first == second


def test_fill_or_kill_says_so_and_nothing_of_persistence() -> None:
    terms = {"type": OrderType.FILL_OR_KILL, "min_fill": Decimal("2.00"), "side": Side.LAY, "odds": Decimal("1E+2")}
    (instruction,) = translate.place_body(place(placement(**terms)))["params"]["instructions"]
    assert instruction["side"] == "LAY"
    order = instruction["limitOrder"]
    assert exact_json.encode(order) == b'{"size":5.00,"price":100,"timeInForce":"FILL_OR_KILL","minFillSize":2.00}'


@pytest.mark.parametrize("ref", ["", "x" * 33, "with space", 'quote"', "ümlaut"])
def test_a_reference_the_venue_would_not_take_never_gets_into_a_request(ref: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        translate.place_body(place(placement(ref)))


def test_no_float_is_ever_written_and_none_is_read() -> None:
    with pytest.raises(TypeError):
        exact_json.encode({"price": 3.1})
    assert exact_json.decode(b'{"price":3.10}') == {"price": Decimal("3.10")}
    for nonsense in (b"NaN", b"[Infinity]", b"<html>", b"\xff", b"[" * 100_000):
        with pytest.raises(Unreadable):
            exact_json.decode(nonsense)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_number_comes_back_as_it_was_written(value: Decimal) -> None:
    assert Decimal(exact_json.decode(exact_json.encode([value]))[0]) == value


def test_a_cancel_always_names_its_bet_because_an_empty_list_cancels_everything() -> None:
    assert translate.cancel_body(cancel())["params"]["instructions"] == [{"betId": "300000000001"}]
    with pytest.raises(ValueError, match="everything"):
        translate.cancel_body(cancel(bet=""))


# Placing: the shapes that were recorded


def sizes(**parts: str) -> Sizes:
    return Sizes(stake=Decimal("5.00"), **{name: Decimal(value) for name, value in parts.items()})


LIMIT, KILL = placement(), placement(type=OrderType.FILL_OR_KILL)
COMPLETE = "EXECUTION_COMPLETE"
BET = {"betId": "300000000001", "placedDate": "2024-05-01T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("asked", "fields", "expected", "average"),
    [
        (LIMIT, {"averagePriceMatched": 0.0, "sizeMatched": 0.0, "orderStatus": "EXECUTABLE"}, sizes(), None),
        (LIMIT, {"averagePriceMatched": 3.05, "sizeMatched": 2.0, "orderStatus": "EXECUTABLE"}, sizes(matched="2"), "3.05"),
        (LIMIT, {"averagePriceMatched": 3.2, "sizeMatched": 5, "orderStatus": COMPLETE}, sizes(matched="5"), "3.2"),
        (LIMIT, {"sizeMatched": 1.9999999999, "orderStatus": "EXECUTABLE"}, sizes(matched="2"), None),
        (LIMIT, {}, sizes(), None),
        (KILL, {"sizeMatched": 0, "orderStatus": "EXPIRED"}, sizes(cancelled="5"), None),
        (
            KILL,
            {"averagePriceMatched": 2.92, "sizeMatched": 3.0, "orderStatus": COMPLETE},
            sizes(matched="3", cancelled="2"),
            "2.92",
        ),
    ],
    ids=["resting", "part matched", "matched", "float noise", "old report", "killed", "part filled"],
)
def test_accepted(asked: NewPlacement, fields: dict[str, Any], expected: Sizes, average: str | None) -> None:
    event = one(report(leg(**BET, **fields)), asked)
    assert event == OrderAccepted(
        at=AT, ref=asked.ref, bet=BetId("300000000001"), sizes=expected, average_odds=Decimal(average) if average else None
    )


def test_an_order_that_lapsed_while_it_was_placed_exists_and_is_complete() -> None:
    failed = leg(status="FAILURE", errorCode="BET_TAKEN_OR_LAPSED", **BET, sizeMatched=0.0, orderStatus="EXECUTION_COMPLETE")
    event = one(report(failed, status="FAILURE", errorCode="BET_ACTION_ERROR"))
    assert event == OrderAccepted(at=AT, ref=OrderRef("o-000001"), bet=BetId("300000000001"), sizes=sizes(lapsed="5"))


def test_a_delayed_key_is_told_as_the_reason() -> None:
    event = one(report(leg(status="FAILURE", errorCode="ERROR_IN_ORDER"), status="FAILURE", errorCode="PERMISSION_DENIED"))
    assert isinstance(event, OrderRejected)
    assert event.reason == "PERMISSION_DENIED"
    assert "application key" in event.text


def test_one_bad_leg_refuses_the_good_ones_and_each_is_told_why() -> None:
    command = place(placement("good"), placement("bad"))
    content = report(
        leg("bad", status="FAILURE", errorCode="INVALID_ODDS"),
        leg("good", status="FAILURE", errorCode="ERROR_IN_ORDER"),
        status="FAILURE",
        errorCode="BET_ACTION_ERROR",
    )
    good, bad = read(command, content)
    assert isinstance(good, OrderRejected)
    assert (good.ref, good.reason) == ("good", "ERROR_IN_ORDER")
    assert isinstance(bad, OrderRejected)
    assert (bad.ref, bad.reason) == ("bad", "INVALID_ODDS")


def test_legs_are_told_apart_by_reference_whatever_their_order() -> None:
    command = place(placement("a"), placement("b"), placement("c"))
    content = report(leg("b", betId="2", orderStatus="EXECUTABLE"), leg("a", betId="1", orderStatus="EXECUTABLE"))
    a, b, c = read(command, content)
    assert isinstance(a, OrderAccepted)
    assert isinstance(b, OrderAccepted)
    assert (a.bet, b.bet) == ("1", "2")
    assert isinstance(c, OrderUnknown)


@pytest.mark.parametrize(
    "content",
    [
        report(status="FAILURE", errorCode="DUPLICATE_TRANSACTION"),
        report(leg(status="FAILURE", errorCode="ERROR_IN_ORDER"), status="FAILURE", errorCode="DUPLICATE_TRANSACTION"),
        report(leg(status="FAILURE", errorCode="INVALID_ODDS"), status="FAILURE", errorCode="DUPLICATE_TRANSACTION"),
        report(leg(status="TIMEOUT"), status="TIMEOUT"),
        report(status="TIMEOUT"),
        report(leg(status="FAILURE", errorCode="INVALID_ODDS"), status="TIMEOUT"),
        report(leg(status="TIMEOUT"), status="PROCESSED_WITH_ERRORS", errorCode="PROCESSED_WITH_ERRORS"),
        report(leg(status="FAILURE", errorCode="BET_IN_PROGRESS"), status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(leg(status="FAILURE", errorCode="ERROR_IN_MATCHER"), status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(status="FAILURE", errorCode="ERROR_IN_MATCHER"),
        report(status="FAILURE", errorCode="A_NEW_CODE"),
        report(leg(status="FAILURE", errorCode="A_NEW_CODE"), status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(status="FAILURE"),
        report(leg(status="A_NEW_STATUS", **BET)),
        report(leg(**BET, orderStatus="A_NEW_STATUS")),
        report(leg(orderStatus="PENDING")),
        report(leg(**BET, orderStatus="EXECUTABLE"), status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(leg(status="FAILURE", errorCode="INVALID_ODDS", **BET), status="FAILURE", errorCode="BET_ACTION_ERROR"),
        report(leg(**BET, orderStatus="EXECUTABLE", sizeMatched=5.01)),
        report(leg(**BET, orderStatus="EXECUTABLE", sizeMatched=-1)),
        report(leg(**BET, orderStatus="EXECUTABLE", sizeMatched="2")),
        report(leg(**BET, orderStatus="EXECUTABLE", sizeMatched=0.123)),
        report(leg(**BET, orderStatus="EXPIRED")),
        report(leg("somebody-else", **BET, orderStatus="EXECUTABLE")),
        report(leg(**BET, orderStatus="EXECUTABLE"), customerRef="another"),
        report(),
        fault("UNEXPECTED_ERROR"),
        fault("TIMEOUT_ERROR"),
        fault("A_NEW_CODE"),
        b'{"jsonrpc":"2.0","error":{"code":-32603,"message":""},"id":1}',
        b'{"jsonrpc":"2.0","result":null,"id":1}',
        b'{"jsonrpc":"2.0","result":{},"id":2}',
        b"[]",
        b"null",
    ],
)
def test_whatever_is_not_certain_is_unknown(content: bytes) -> None:
    assert isinstance(one(content), OrderUnknown)


def test_a_gateways_page_is_unknown() -> None:
    (event,) = translate.placed(place(), wire.open_envelope(503, None), AT)
    assert isinstance(event, OrderUnknown)
    assert "503" in event.text


@pytest.mark.parametrize(
    "code",
    ["TOO_MUCH_DATA", "INVALID_INPUT_DATA", "NO_APP_KEY", "INVALID_APP_KEY", "REQUEST_SIZE_EXCEEDS_LIMIT", "ACCESS_DENIED"],
)
def test_an_envelope_that_refuses_the_operation_is_evidence(code: str) -> None:
    event = one(fault(code))
    assert isinstance(event, OrderRejected)
    assert event.reason == code


@pytest.mark.parametrize("code", ["TOO_MANY_REQUESTS", "SERVICE_BUSY", "INVALID_SESSION_INFORMATION", "NO_SESSION"])
def test_an_envelope_that_only_asks_to_come_later_may_be_sent_again(code: str) -> None:
    """Nothing was done, and nothing is wrong with the bet."""
    event = one(fault(code))
    assert isinstance(event, OrderNotSent)
    assert code in event.text


def test_never_sent_is_told_with_the_attempt_it_is_about() -> None:
    (event,) = outcomes.never_sent(place(attempt=3), "nothing was sent", AT)
    assert event == OrderNotSent(at=AT, ref=OrderRef("o-000001"), attempt=3, text="nothing was sent")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["SUCCESS", "FAILURE", "o-000001", "BET_ACTION_ERROR", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["status", "errorCode", "betId", "instruction", "customerOrderRef"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["status", "errorCode", "marketId", "instructionReports", "customerRef"]), json_values))
def test_any_answer_gives_exactly_one_fact_for_each_placement_in_their_order(result: dict[str, Any]) -> None:
    command = place(placement("o-000001"), placement("o-000002"))
    events = read(command, json.dumps({"jsonrpc": "2.0", "result": result, "id": 1}).encode())
    answers = [event.ref for event in events if isinstance(event, OrderAccepted | OrderRejected | OrderUnknown)]
    assert answers == ["o-000001", "o-000002"]


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_leg_never_becomes_a_bet_that_does_not_add_up(data: st.DataObject) -> None:
    whole = leg(**BET, averagePriceMatched=3.05, sizeMatched=2.0, orderStatus="EXECUTABLE")
    damaged = {**whole, data.draw(st.sampled_from(sorted(whole))): data.draw(json_values)}
    event = one(report(damaged))
    if isinstance(event, OrderAccepted):
        assert event.sizes.matched + event.sizes.remaining == event.sizes.stake == Decimal("5.00")


# Cancelling


def cancel_leg(*, status: str = "SUCCESS", bet: Any = "300000000001", **fields: Any) -> dict[str, Any]:
    return {"status": status, "instruction": {"betId": bet}, **fields}


def refused(code: str) -> dict[str, Any]:
    return cancel_leg(status="FAILURE", errorCode=code)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (report(cancel_leg(sizeCancelled=3.0, cancelledDate="2024-05-01T12:00:00.000Z")), CancelAccepted),
        (report(cancel_leg(sizeCancelled=3.0, bet=300000000001)), CancelAccepted),
        (report(refused("BET_TAKEN_OR_LAPSED"), status="FAILURE", errorCode="BET_ACTION_ERROR"), CancelRefused),
        (report(refused("ERROR_IN_ORDER"), status="SUCCESS"), CancelRefused),
        (report(status="FAILURE", errorCode="MARKET_SUSPENDED"), CancelRefused),
        (report(refused("INVALID_BET_ID"), status="FAILURE", errorCode="BET_ACTION_ERROR"), CancelRefused),
        (report(refused("BET_IN_PROGRESS"), status="FAILURE", errorCode="BET_ACTION_ERROR"), CancelUnknown),
        (report(cancel_leg(status="TIMEOUT"), status="TIMEOUT"), CancelUnknown),
        (report(cancel_leg(bet="another", sizeCancelled=3.0)), CancelUnknown),
        (report(), CancelUnknown),
        (report(cancel_leg(sizeCancelled="3")), CancelUnknown),
        (fault("TIMEOUT_ERROR"), CancelUnknown),
        (fault("SERVICE_BUSY"), CancelRefused),
        (b"[]", CancelUnknown),
    ],
)
def test_cancelling(content: bytes, kind: type[Event]) -> None:
    assert type(translate.cancelled(cancel(), wire.open_envelope(200, exact_json.decode(content)), AT)) is kind
