"""Orders and bets read into what is certain of them; betslips into markets, offers and limits. Bodies as documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.events import OrderRejected, OrderReported, Outcome
from planrunner.model.market import MarketStatus, OrderRef
from planrunner.model.money import Money
from planrunner.model.placement import Sizes
from planrunner.model.plan import OrderType, Routing
from planrunner.venues import exact_json
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import catalogue, wire
from planrunner.venues.oddspapi_abp.holdings import Held, Rates, fact_of, gathered
from tests.laws import law
from tests.venues.oddspapi_abp.rows import AT, BOOK, FIXTURE, MARKET, REF, bet, betslip, offer, order, placement

OVER = AT + timedelta(seconds=22)
POUNDS = {"currencyInfo": {"currency": "GBP", "currencyValue": Decimal("0.8")}}


def held(*bets: Any, at: datetime = AT, rates: Rates | None = None, **changes: Any) -> Held:
    return gathered(order(**changes), bets, rates or Rates(), at)


def sizes(stake: Any = 600, **parts: Any) -> Sizes:
    return Sizes(stake=Decimal(stake), **{name: Decimal(part) for name, part in parts.items()})


# Sizes


@pytest.mark.parametrize(
    ("status", "filled", "bets", "at", "expected"),
    [
        ("PENDING", 0, [], AT, {}),
        ("PROCESSING", 0, [{"betStatus": "PENDING", "placedStake": None, "placedPrice": None}], AT, {}),
        ("PROCESSING", 0, [{"betStatus": "PLACED"}], AT, {}),
        ("PROCESSING", 400, [{"betStatus": "PLACED"}], AT, {}),  # its own sum may count what is on its way
        ("PROCESSING", 400, [{}], AT, {"matched": 400}),
        ("PARTIALLY_FILLED", 400, [{}], AT, {"matched": 400}),  # it may go on until its time is over
        ("PARTIALLY_FILLED", 400, [{}], OVER, {"matched": 400, "lapsed": 200}),
        ("PARTIALLY_FILLED", 400, [{}, {"betStatus": "PLACED", "placedStake": 200}], OVER, {"matched": 400}),
        ("FILLED", 600, [{"placedStake": 600}], AT, {"matched": 600}),
        ("FILLED", 600, [{}, {"betStatus": "PLACED", "placedStake": 200}], AT, {"matched": 400}),
        ("FILLED", 400, [{}, {"betStatus": "REJECTED", "placedStake": 200}], AT, {"matched": 400, "lapsed": 200}),
        ("EXPIRED", 0, [], AT, {"lapsed": 600}),
        ("EXPIRED", 0, [{"betStatus": "PLACED"}], OVER, {}),  # it may be confirmed late
        ("EXPIRED", 400, [{}], OVER, {"matched": 400, "lapsed": 200}),
        ("CANCELLED", 400, [{}], AT, {"matched": 400, "cancelled": 200}),
        ("CANCELLED", 0, [{"betStatus": "PLACED"}], AT, {}),
        ("CANCELLED", 0, [], AT, {"cancelled": 600}),
        ("FAILED", 400, [{}], AT, {"matched": 400, "lapsed": 200}),
        ("FILLED", 600, [{"placedStake": 600, "betStatus": "VOID"}], AT, {"voided": 600}),
        ("FILLED", 0, [{"placedStake": 600, "settlementStatus": "VOID"}], AT, {"voided": 600}),
        ("PROCESSING", 0, [{"betStatus": "VOID"}], AT, {}),  # what was voided may be bet again
    ],
)
def test_what_is_certain_of_an_order(status: str, filled: int, bets: Any, at: datetime, expected: dict[str, int]) -> None:
    rows = [bet(5551 + number, **changes) for number, changes in enumerate(bets)]
    assert held(*rows, at=at, orderStatus=status, filledStake=filled).sizes == sizes(**expected)


def test_a_late_confirmation_makes_the_matched_size_larger_and_counts_as_newer() -> None:
    before = held(orderStatus="EXPIRED", at=OVER)
    after = held(bet(), orderStatus="EXPIRED", filledStake=400, at=OVER)
    assert (before.sizes, after.sizes) == (sizes(lapsed=600), sizes(matched=400, lapsed=200))
    assert after.sizes.progress > before.sizes.progress


def test_of_two_tellings_of_a_bet_the_later_counts_and_it_counts_once() -> None:
    within = [bet(betStatus="PLACED"), bet(5552, placedStake=200, placedPrice=Decimal("2.00"))]
    found = held(bet(), bets=within, orderStatus="FILLED", filledStake=600)
    assert found.sizes == sizes(matched=600)
    assert found.average_odds == Decimal("2.046667")
    assert [(fill.id, fill.size, fill.odds, fill.status) for fill in found.fills] == [
        ("5551", 400, Decimal("2.07"), "CONFIRMED"), ("5552", 200, Decimal("2.00"), "CONFIRMED"),
    ]  # fmt: skip


def test_a_mean_that_is_a_decimal_number_is_told_exactly() -> None:
    found = held(bet(placedPrice=Decimal("2.10")), bet(5552, placedPrice=Decimal("1.95"), placedStake=200), filledStake=600)
    assert found.average_odds == Decimal("2.05")


@pytest.mark.parametrize("status", ["REJECTED", "FAILED"])
def test_an_order_that_was_refused_later_is_no_bet_once_its_bets_were_read(status: str) -> None:
    fact = fact_of(held(bet(betStatus="REJECTED"), orderStatus=status), AT)
    assert isinstance(fact, OrderRejected)
    assert (fact.ref, fact.reason, fact.conclusive) == (REF, status, True)
    assert "pinnacle" in fact.text
    open_still = fact_of(held(bet(betStatus="PLACED"), orderStatus=status), AT)
    assert isinstance(open_still, OrderReported)
    assert open_still.sizes.remaining == 600


# Currencies


def test_a_bet_in_another_currency_is_converted_by_the_rates_that_come_with_it() -> None:
    found = held(bet(placedCurrency="GBP", placedStake=320, **POUNDS), filledStake=400)
    assert found.sizes == sizes(matched=400)
    assert (found.fills[0].size, found.fills[0].paid) == (400, Money(amount=Decimal(320), currency="GBP"))
    known = held(bet(placedCurrency="GBP", placedStake=320), filledStake=400, rates=Rates({"GBP": Decimal("0.8")}))
    assert known.sizes == found.sizes


def test_a_stake_that_was_rounded_down_on_its_way_fills_the_order_to_the_coin() -> None:
    rates = Rates({"GBP": Decimal("0.79")})
    row = {"orderStake": Decimal("33.33"), "filledStake": Decimal("33.3291"), "orderStatus": "FILLED"}
    found = held(bet(placedCurrency="GBP", placedStake=Decimal("26.33")), rates=rates, **row)
    assert found.sizes == sizes("33.33", matched="33.33")


def test_order_and_bet_in_two_currencies_neither_of_them_dollars() -> None:
    rates = Rates({"GBP": Decimal("0.8"), "EUR": Decimal("0.9")})
    found = held(bet(placedCurrency="EUR", placedStake=90), orderCurrency="GBP", orderStake=100, filledStake=80, rates=rates)
    assert found.sizes == sizes(100, matched=80)


def test_money_without_known_coins_is_told_in_the_orders() -> None:
    found = held(bet(placedCurrency="USDC", currencyInfo={"currency": "USDC", "currencyValue": 1}), filledStake=400)
    assert str(found.fills[0].paid) == "400.00 USD"


@pytest.mark.parametrize(
    ("bets", "changes", "words"),
    [
        ([bet()], {"filledStake": 500}, "500.00 of it is filled, and its bets come to 400.00"),
        ([bet()], {"filledStake": 0}, "0.00 of it is filled"),
        ([], {"orderStatus": "FILLED", "filledStake": 600}, "600.00 of it is filled, and its bets come to 0.00"),
        ([bet(placedStake=700)], {"filledStake": 700}, "more than the 600"),
        ([bet(placedCurrency="GBP")], {"filledStake": 400}, "what GBP is worth"),
        ([bet(betStatus="MAYBE")], {}, "not one of the documented"),
        ([bet(settlementStatus="MAYBE")], {"filledStake": 400}, "not documented"),
        ([bet(placedStake=None)], {}, "no stake"),
        ([], {"orderStatus": "MAYBE"}, "not one of the documented"),
        ([], {"orderCurrency": "XXX"}, "currency"),
        ([], {"orderStake": Decimal("1.234567")}, "whole coins"),
    ],
)
def test_what_does_not_add_up_or_is_not_documented_is_told_in_words(bets: Any, changes: Any, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        held(*bets, **changes)


# Settlement


def result(*bets: dict[str, Any], **changes: Any) -> tuple[Outcome, Decimal] | None:
    filled = sum(one.get("placedStake", 400) for one in bets)
    rows = [bet(5551 + number, **one) for number, one in enumerate(bets)]
    settled = held(*rows, **{"orderStatus": "EXPIRED", "filledStake": filled, **changes}).settled(AT)
    return (settled.outcome, settled.profit) if settled is not None else None


@pytest.mark.parametrize(
    ("status", "amount", "expected"),
    [
        ("WON", 828, (Outcome.WON, Decimal("428.00"))),
        ("WON", None, (Outcome.WON, Decimal("428.00"))),
        ("WON", 820, (Outcome.WON, Decimal("420.00"))),  # after an exchange took its share
        ("LOST", 0, (Outcome.LOST, Decimal("-400.00"))),
        ("LOST", None, (Outcome.LOST, Decimal("-400.00"))),
        ("PUSH", 400, (Outcome.VOID, Decimal("0.00"))),
        ("VOID", 400, (Outcome.VOID, Decimal("0.00"))),
        ("HALF_WON", 614, (Outcome.HALF_WON, Decimal("214.00"))),
        ("HALF_WON", None, (Outcome.HALF_WON, Decimal("214.00"))),
        ("HALF_LOST", 200, (Outcome.HALF_LOST, Decimal("-200.00"))),
        ("CASHOUT", 350, (Outcome.CASHED_OUT, Decimal("-50.00"))),
        ("UNSETTLED", None, None),
    ],
)
def test_how_a_bet_was_settled(status: str, amount: Any, expected: Any) -> None:
    assert result({"settlementStatus": status, "settlementAmount": amount}) == expected


def test_an_order_is_settled_when_the_last_of_its_fills_is_and_once_nothing_of_it_is_open() -> None:
    won, lost = {"settlementStatus": "WON"}, {"placedStake": 200, "settlementStatus": "LOST"}
    assert result(won, {"placedStake": 200}) is None
    assert result(won, lost) == (Outcome.MIXED, Decimal("228.00"))
    assert result(won, {"placedStake": 200, "settlementStatus": "WON"}) == (Outcome.WON, Decimal("642.00"))
    assert result(won, orderStatus="PARTIALLY_FILLED") is None
    assert result() is None


def test_the_profit_of_a_bet_in_another_currency_is_in_the_orders() -> None:
    pounds = {
        "placedCurrency": "GBP",
        "placedStake": 320,
        "settlementStatus": "WON",
        "settlementAmount": Decimal("662.40"),
        **POUNDS,
    }
    assert result(pounds, filledStake=400) == (Outcome.WON, Decimal("428.00"))


def test_a_cash_out_without_its_amount_is_not_guessed() -> None:
    with pytest.raises(Unreadable, match="cashed out"):
        result({"settlementStatus": "CASHOUT"})


# Betslips


def test_a_betslip_names_a_market_with_its_one_selection() -> None:
    market = catalogue.market_of(betslip())
    assert (market.id, market.fixture, market.name) == (MARKET, "Arsenal v Chelsea", "Full Time Result")
    assert market.start == datetime(2026, 9, 13, 16, 0, tzinfo=UTC)
    assert [(one.id, one.name) for one in market.selections] == [("101", "1")]
    prop = betslip(playerId=4711, playerInfo={"playerId": 4711, "playerName": "Bukayo Saka"})
    assert [(one.id, one.name) for one in catalogue.market_of(prop).selections] == [("101/4711", "Bukayo Saka, 1")]


def book(offers: Any, currency: str = "USD", **changes: Any) -> Any:
    slip = catalogue.slip_of(betslip(offers, **changes), Rates({"GBP": Decimal("0.8")}))
    return catalogue.best_offer(BOOK, slip, currency, AT)


def test_the_best_offer_is_that_of_all_who_offer_the_best_odds() -> None:
    offers = {
        "a": offer("2.07", limit=100), "b": offer("2.07", limit=80, currency="GBP"), "c": offer("2.0", limit=999),
        "d": offer("3.0", active=False), "e": offer("2.07", limit=None), "f": {"price": "?"},
    }  # fmt: skip
    seen = book(offers)
    assert (seen.back, seen.lay) == ((Decimal("2.07"), Decimal("200.00")), None)
    assert book({}).back is None


def test_betslips_of_every_generation_show_the_same() -> None:
    for body in (betslip(), betslip(odds={"pinnacle": offer()}), {"pinnacle": offer()}):
        slip = catalogue.slip_of(body, Rates())
        assert [(one.bookmaker, one.odds, one.limit) for one in slip.quotes] == [("pinnacle", Decimal("2.07"), 1000)]


def test_offers_under_another_selections_key_are_none_of_ours() -> None:
    keys = {f"{FIXTURE}:pinnacle:101:0": offer("2.07"), f"{FIXTURE}:pinnacle:103:0": offer("9.0")}
    assert [one.odds for one in catalogue.slip_of(betslip(odds={"pinnacle": keys}), Rates()).quotes] == [Decimal("2.07")]


def test_a_market_is_open_while_one_bookmaker_takes_bets() -> None:
    def status(body: dict[str, Any]) -> MarketStatus:
        return catalogue.seen(body, catalogue.slip_of(body, Rates())).status

    assert status(betslip()) is MarketStatus.OPEN
    assert status(betslip({"pinnacle": offer(active=False)})) is MarketStatus.SUSPENDED


def limits(size: str, offers: Any, currency: str = "USD", **terms: Any) -> str | None:
    slip = catalogue.slip_of(betslip(offers), Rates({"GBP": Decimal("0.8")}))
    refused = catalogue.refused_by_limits(placement(size=Decimal(size), **terms), slip, currency)
    return refused[0] if refused is not None else None


def test_a_stake_no_bookmaker_takes_is_known_before_it_is_sent() -> None:
    two = {"a": offer(minimum=5), "b": offer(minimum=2, currency="GBP")}  # 2.50 USD
    assert limits("2.40", two) == "STAKE_BELOW_MINIMUM"
    assert limits("2.50", two) is None
    assert limits("4.00", two, routing=Routing(bookmakers=("a",))) == "STAKE_BELOW_MINIMUM"
    assert limits("3.20", two, currency="GBP", routing=Routing(bookmakers=("a",))) == "STAKE_BELOW_MINIMUM"
    assert limits("4.00", two, currency="GBP", routing=Routing(bookmakers=("a",))) is None
    whole = Routing(bookmakers=("a",), partial=False)
    assert limits("1000.01", {"a": offer()}, routing=whole) == "STAKE_EXCEEDS_LIMIT"
    assert limits("1000.01", {"a": offer()}, routing=Routing(bookmakers=("a",)), type=OrderType.FILL_OR_KILL)
    assert limits("1000.00", {"a": offer()}, routing=whole) is None
    assert limits("5000.00", {"a": offer()}, routing=Routing(bookmakers=("a",))) is None  # in parts, again and again


def test_what_is_not_known_is_left_to_the_venue() -> None:
    assert limits("1.00", {"a": offer(minimum=None)}) is None
    assert limits("1.00", {"a": offer(currency="XYZ")}) is None
    assert limits("1.00", {}) is None
    assert limits("1.00", {"a": offer()}, routing=Routing(bookmakers=("a", "silent"))) is None
    assert limits("1.00", {"a": offer(active=False)}) is None


# Lists


def test_lists_of_every_generation_and_their_cursor() -> None:
    assert wire.page([1], "orders") == wire.Page(rows=[1], after=None)
    assert wire.page({"orders": [1], "hasMore": True, "nextCursor": 9001}, "orders") == wire.Page(rows=[1], after="9001")
    assert wire.page({"rows": [1], "hasMore": False}, "orders") == wire.Page(rows=[1], after=None)
    for body in (None, {}, {"a": [], "b": []}, {"orders": [1], "hasMore": True}):
        with pytest.raises(Unreadable):
            wire.page(body, "orders")


# Laws

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_STATUSES = st.sampled_from(["PENDING", "PROCESSING", "FILLED", "PARTIALLY_FILLED", "REJECTED", "EXPIRED", "CANCELLED", "FAILED"])
_BETS = st.sampled_from(["PENDING", "PLACED", "CONFIRMED", "REJECTED", "CANCELLED", "FAILED", "VOID"])


def odd(row: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A row with some of its fields replaced by anything."""
    return st.dictionaries(st.sampled_from(sorted(row)), _JSON, max_size=3).map(lambda changes: {**row, **changes})


@law(300, share=80)
@given(odd(order()), st.lists(odd(bet()), max_size=3))
def test_an_order_and_its_bets_are_read_or_unreadable(row: Any, bets: Any) -> None:
    try:
        found = gathered(row, bets, Rates(), AT)
        fact_of(found, AT)
        found.settled(AT)
    except Unreadable:
        return
    assert found.sizes.stake > 0


@settings(max_examples=300)
@given(status=_STATUSES, bets=st.lists(st.tuples(_BETS, st.integers(1, 300)), max_size=3), late=st.booleans())
def test_sizes_add_up_and_nothing_is_complete_while_a_bet_is_open(status: str, bets: Any, *, late: bool) -> None:
    rows = [bet(number, betStatus=state, placedStake=stake) for number, (state, stake) in enumerate(bets)]
    certain = sum(stake for state, stake in bets if state == "CONFIRMED")
    try:
        found = held(*rows, orderStatus=status, filledStake=certain, at=OVER if late else AT)
    except Unreadable:
        assert certain > 600
        return
    assert found.sizes.matched == certain
    if any(state in ("PENDING", "PLACED") for state, _ in bets):
        assert found.sizes.remaining == 600 - certain
    assert sum(fill.size for fill in found.fills if fill.status == "CONFIRMED") == found.sizes.matched


@law(200, share=80)
@given(odd(betslip()) | _JSON, odd(offer()))
def test_a_betslip_is_read_or_unreadable(body: Any, one: Any) -> None:
    for shown in (body, betslip({"a": one})):
        try:
            slip = catalogue.slip_of(shown, Rates())
            catalogue.best_offer(BOOK, slip, "USD", AT)
            catalogue.refused_by_limits(placement(OrderRef(REF)), slip, "USD")
            catalogue.seen(shown, slip)
            catalogue.market_of(shown)
        except Unreadable:
            continue


@settings(max_examples=100)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_bytes_are_read_or_unreadable(content: bytes) -> None:
    try:
        wire.open_envelope(200, exact_json.decode(content))
    except Unreadable:
        return
