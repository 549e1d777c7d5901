"""The Tote's answers into values: cards, reasons, frames, bets. What is not as documented is an error of ours by name, or
unknown, whatever it is."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.events import OrderAccepted, OrderNotSent, OrderRejected, OrderUnknown, Outcome
from planrunner.model.market import MarketStatus, SelectionId
from planrunner.model.pools import Pick, PickedLeg, Pool, StakeRules
from planrunner.venues import exact_json
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled
from planrunner.venues.tote import catalogue, frames, holdings, translate, wire
from planrunner.venues.tote.codes import Placed, placed, reason
from planrunner.venues.tote.frames import Acknowledged, Alive, Ended, Notice, Turned
from planrunner.venues.tote.wire import Fault, Result
from tests.laws import law
from tests.venues.tote.desk import POOL, A, B, answer, bet, node, paid, query, ticket

AT = datetime(2026, 12, 5, 14, 0, tzinfo=UTC)

# Requests


def test_a_ticket_to_the_letter() -> None:
    legs = (
        PickedLeg(
            id="l1",
            name="1.40",
            picks=(Pick(selection=SelectionId("s4"), number=4, name="x"),),
            reserves=(
                Pick(selection=SelectionId("s2"), number=2, name="y"),
                Pick(selection=SelectionId("s5"), number=5, name="z"),
            ),
        ),
    )
    body = translate.place_body(ticket(bet(size="0.50", legs=legs), bet(B)), "GBP")
    assert body["variables"]["input"] == {
        "ticketId": "t" * 32,
        "bets": [
            {
                "betId": A, "productId": POOL, "stake": {"currencyCode": "GBP", "totalAmount": Decimal("0.50")},
                "legs": [{
                    "productLegId": "l1", "selections": [{"productLegSelectionID": "s4"}],
                    "alternativeSelections": [{"productLegSelectionID": "s2"}, {"productLegSelectionID": "s5"}],
                }],
            },
            {
                "betId": B, "productId": POOL, "stake": {"currencyCode": "GBP", "totalAmount": Decimal("6.00")},
                "legs": [{"productLegId": "leg", "selections": [
                    {"productLegSelectionID": "s4", "position": 1}, {"productLegSelectionID": "s6", "position": 2},
                ]}],
            },
        ],
    }  # fmt: skip
    assert "r: placeBetsAsync(input: $input)" in body["query"]


@pytest.mark.parametrize(
    "wrong", [lambda: ticket(bet(size="0.005")), lambda: ticket(bet("no such sign: /")), lambda: ticket(*[bet()] * 51)]
)
def test_what_is_no_ticket_is_never_written(wrong: Any) -> None:
    with pytest.raises(ValueError):
        translate.place_body(wrong(), "GBP")


@given(st.text(max_size=40))
def test_no_text_gets_out_of_its_quotes(text: str) -> None:
    """What stands in a document is read back as what it was."""
    inside = wire.arguments(id=text).removeprefix("(id: ").removesuffix(")")
    assert inside.isascii()
    assert exact_json.decode(inside) == text


# Cards


def selection(number: Any, status: str = "AVAILABLE", *, entry: str = "CONFIRMED", detail: str = "clothNumber") -> dict[str, Any]:
    competitor = {"name": f"Horse {number}", "entryStatus": entry, "details": {detail: number}}
    return {"id": f"s{number}", "name": "", "status": status, "competitor": competitor}


def leg(id_: str = "leg", start: str = "2026-12-05T13:40:00Z", *selections: Any, meeting: str = "Bath") -> dict[str, Any]:
    event = {
        "id": f"race {id_}",
        "name": "3.40 Novices",
        "scheduledStartDateTime": {"iso8601": start},
        "venue": {"name": meeting},
    }
    return {"id": id_, "event": event, "selections": {"nodes": list(selections)}}


def product(**fields: Any) -> dict[str, Any]:
    gbp = {"code": "GBP"}
    rules = {
        "bet": {"min": {"decimalAmount": Decimal(2), "currency": gbp}, "max": None},
        "line": {"min": {"decimalAmount": Decimal("0.1"), "currency": gbp}, "increment": {"decimalAmount": Decimal("0.1")}},
    }
    inside = {
        "betType": {"code": "EXACTA", "rules": rules},
        "selling": {"status": "OPEN"},
        "supportedCurrencies": [{"code": "GBP"}, {"code": "HKD"}],
        "country": {"alpha2Code": "UK"},
        "legs": {"nodes": [leg("leg", "2026-12-05T13:40:00Z", selection(4), selection(6, "NOT_AVAILABLE"))]},
    }
    return {"id": POOL, "name": "Exacta", "type": inside | fields}


def test_a_product() -> None:
    one = catalogue.product(product(), "GBP")
    assert (one.id, one.pool, one.meeting, one.country, one.is_open) == (POOL, Pool.EXACTA, "Bath", "GB", True)
    assert one.currencies == {"GBP", "HKD"}
    assert one.rules == StakeRules(bet_least=Decimal(2), line_least=Decimal("0.1"), line_step=Decimal("0.1"))
    (race,) = one.legs
    assert (race.start, race.name) == (datetime(2026, 12, 5, 13, 40, tzinfo=UTC), "3.40 Novices")
    assert [(runner.number, runner.name, runner.runs) for runner in race.runners] == [(4, "Horse 4", True), (6, "Horse 6", False)]


@pytest.mark.parametrize(
    ("row", "number", "runs"),
    [
        (selection(3, detail="trapNumber"), 3, True),
        (selection("7"), 7, True),
        (selection("1A"), None, True),
        (selection(None), None, True),
        (selection(3, "Active"), 3, True),
        (selection(3, "SOMETHING_NEW"), 3, True),
        (selection(3, entry="WITHDRAWN"), 3, False),
        ({"id": "s", "name": "Miss Dolly", "status": "AVAILABLE", "competitor": None}, None, True),
    ],
)
def test_a_runner(row: Any, number: int | None, runs: bool) -> None:
    (runner,) = catalogue.runners({"selections": {"nodes": [row]}})
    assert (runner.number, runner.runs) == (number, runs)


def test_the_older_form_of_a_product_is_read_too() -> None:
    new = product()
    old = {key: value for key, value in new.items() if key != "type"} | new["type"]
    assert catalogue.product(old, "GBP") == catalogue.product(new, "GBP")
    plain = product(supportedCurrencies=["GBP", "HKD"])
    assert catalogue.product(plain, "GBP") == catalogue.product(new, "GBP")


def test_rules_of_another_currency_are_none_of_ours() -> None:
    assert catalogue.product(product(), "EUR").rules == StakeRules(line_step=Decimal("0.1"))


def test_a_pool_over_several_races_starts_with_its_first() -> None:
    legs = {"nodes": [leg("two", "2026-12-05T14:10:00+00:00"), leg("one", "2026-12-05T13:40:00Z")]}
    seen = catalogue.seen(product(legs=legs, selling={"status": "PAUSED"}))
    assert (seen.start.hour, seen.status) == (13, MarketStatus.SUSPENDED)
    assert seen.races == {"race one", "race two"}


def test_what_is_near_a_meeting() -> None:
    rows = [product(), product(legs={"nodes": [leg(meeting="Wincanton")]}), product(betType={"code": "V75"}), product(legs=None)]
    here, others = catalogue.of_meeting(filter(None, map(catalogue.named, rows)), "  bath ")
    assert (here, others) == ([POOL], ("Wincanton",))


# Words


@pytest.mark.parametrize(
    ("said", "code", "transient"),
    [
        ("Product was not open", "POOL_NOT_OPEN", False),
        ("Error placing a bet with the bet provider", "PROVIDER_ERROR", True),
        ("  error placing a BET with the Bet-Provider. ", "PROVIDER_ERROR", True),
        ("Insufficient funds", "NOT_ENOUGH_MONEY", False),
        ("BET_ID_ALREADY_USED", "DUPLICATE_BET", False),
        ("Stake below minimum", "STAKE", False),
        ("The selection is not available", "RUNNER_NOT_AVAILABLE", False),
        ("computer says no", "REJECTED", False),
        ("", "REJECTED", False),
        (None, "REJECTED", False),
        ({"a": 1}, "REJECTED", False),
    ],
)
def test_a_reason_is_known_by_its_words_and_told_in_ours(said: Any, code: str, transient: bool) -> None:
    because = reason(said)
    assert (because.code, because.transient) == (code, transient)
    assert not said or not isinstance(said, str) or " ".join(said.split()) in because.text


@given(st.text())
def test_a_status_that_is_not_documented_is_unknown(word: str) -> None:
    assert placed(word) is (Placed(word) if word in {one.value for one in Placed} else Placed.UNKNOWN)


# Envelopes


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"data": {"a": 1}}, Result),
        (200, {"data": {"a": None}, "errors": [{"message": "x", "path": ["a"]}]}, Result),
        (200, {"errors": [{"message": "x"}]}, Fault),
        (400, {"errors": [{"message": "x"}]}, Fault),
        (200, {"errors": [{"message": "x", "path": ["a"]}]}, Garbled),
        (200, {"data": None, "errors": [{"message": "x"}]}, Garbled),
        (200, {"errors": ["x"]}, Garbled),
        (500, {"errors": [{"message": "x"}]}, Garbled),
        (500, {"data": {"a": 1}}, Garbled),
        (404, None, Garbled),
        (401, None, Fault),
    ],
)
def test_what_an_answer_is_as_a_whole(status: int, body: Any, kind: type) -> None:
    assert isinstance(wire.open_envelope(status, body), kind)


# Frames


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"type": "connection_ack"}, (Acknowledged(),)),
        ({"type": "connection_error", "payload": {"message": "no"}}, (Turned(text="no"),)),
        ({"type": "ka"}, (Alive(),)),
        ({"type": "ping"}, (Alive(answer='{"type":"pong"}'),)),
        ({"type": "error", "id": "3", "payload": [{"message": "no"}]}, (Ended(id="3", refused=True),)),
        ({"type": "data", "id": "3", "payload": {"data": None, "errors": [{}]}}, (Ended(id="3", refused=True),)),
        ({"type": "complete", "id": 3}, (Ended(id="3", refused=False),)),
        (
            {"type": "data", "id": "1", "payload": {"data": {"onBetFailed": {"betId": "t", "customerBetId": "c"}}}},
            (Notice(name="BetFailed", bet="t", ref="c"),),
        ),
        (
            {"MessageType": "BetRejected", "BetId": "t", "CustomerBetId": "c", "CreatedAt": "2026-01-01T00:00:00.000Z"},
            (Notice(name="BetRejected", bet="t", ref="c"),),
        ),
        (
            {"type": "data", "payload": {"data": {"onProductStatusChanged": {"productId": "p", "status": "CLOSED"}}}},
            (Notice(name="ProductStatusChanged", product="p"),),
        ),
        ({"type": "surprise"}, ()),
        ({}, ()),
    ],
)
def test_a_frame(frame: Any, says: tuple[Any, ...]) -> None:
    assert frames.read(exact_json.written(frame)) == says


# Bets


def test_a_bet_that_won_with_a_part_refunded() -> None:
    settled = holdings.held(paid(A, "10.00", "2.00")).settled(Decimal("6.00"), AT)
    assert settled is not None
    assert (settled.outcome, settled.profit, settled.refunded) == (Outcome.WON, Decimal("4.00"), Decimal("2.00"))


def test_what_was_rounded_down_is_what_can_be_lost() -> None:
    row = paid(A) | {"placement": node(A, "ACCEPTED", stake="5.90")["placement"]}
    settled = holdings.held(row).settled(Decimal("6.00"), AT)
    assert settled is not None
    assert settled.profit == Decimal("-5.90")


@pytest.mark.parametrize("settlement", ["PENDING", "UNKNOWN", "SOON", None])
def test_nothing_is_booked_before_it_is_paid(settlement: Any) -> None:
    assert holdings.held(paid(A, "60.00") | {"settlement": {"status": settlement}}).settled(Decimal("6.00"), AT) is None


# Whatever comes

leaves = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def damaged(sound: Any) -> st.SearchStrategy[Any]:
    """A sound answer of which a part is something else."""
    if isinstance(sound, dict) and sound:
        names = st.sampled_from(sorted(sound))
        return anything | names.flatmap(lambda name: damaged(sound[name]).map(lambda now: {**sound, name: now}))
    if isinstance(sound, list) and sound:
        return anything | damaged(sound[0]).map(lambda now: [now, *sound[1:]])
    return anything


@law(300, share=80)
@given(status=st.sampled_from([200, 200, 200, 400, 500]), body=damaged(answer(node(A, "ACCEPTED"), node(B, "REJECTED"))))
def test_whatever_comes_each_bet_has_one_answer(status: int, body: Any) -> None:
    command = ticket(bet(A), bet(B))
    verdict = translate.placed(command, wire.open_envelope(status, body), "GBP", AT)
    assert [event.ref for event in verdict.events if isinstance(event, _ANSWERS)] == [A, B]
    for rows in (None, [], [node(A)], [body]):
        done = translate.confirmed(command, verdict, rows, "GBP", AT)
        assert [event.ref for event in done if isinstance(event, _ANSWERS)] == [A, B]


_ANSWERS = (OrderAccepted, OrderRejected, OrderUnknown, OrderNotSent)


@law(300, share=80)
@given(row=damaged(paid(A, "7.00", "1.00")) | damaged(node(A, "REJECTED")))
def test_whatever_is_held_it_is_a_fact_or_unreadable(row: Any) -> None:
    assert len(holdings.found(query(), [row], "GBP", AT)) == 1
    for read in (lambda: holdings.listed(row, AT), lambda: holdings.held(row).settled(Decimal("6.00"), AT)):
        with contextlib.suppress(Unreadable):
            read()


@law(300, share=80)
@given(row=damaged(product()))
def test_whatever_is_listed_it_is_a_product_or_unreadable(row: Any) -> None:
    for read in (
        lambda: catalogue.product(row, "GBP"),
        lambda: catalogue.seen(row),
        lambda: catalogue.named(row),
        lambda: holdings.dividends(row),
    ):
        with contextlib.suppress(Unreadable):
            read()


@law(300, share=80)
@given(frame=damaged({"type": "next", "id": "1", "payload": {"data": {"onBetAccepted": {"betId": "x"}}}}))
def test_whatever_is_said_it_is_a_frame_or_unreadable(frame: Any) -> None:
    with contextlib.suppress(Unreadable):
        frames.read(exact_json.written(frame))


@given(st.binary(max_size=60))
def test_whatever_bytes_come(content: bytes) -> None:
    with contextlib.suppress(Unreadable):
        exact_json.decode(content)
