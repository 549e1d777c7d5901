"""What a good plan says, as values; and the sums, sides and moments the checker holds it to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.exposure import can_lose, total
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.plan import (
    AfterPlacing,
    At,
    BeforeStart,
    ByPercent,
    ByTicks,
    Condition,
    Every,
    FallbackStep,
    Hedge,
    If,
    MarketQuery,
    Move,
    OnlyIf,
    OrderType,
    Plan,
    Reprice,
    Routing,
    Target,
    TellOwner,
    ToBest,
    ToHead,
)
from planrunner.venues.betfair.profile import CLASSIC
from tests.laws import law
from tests.plan.checking import PLAN, changed, check, codes, order, problems


def planned(text: str) -> Plan:
    found = check(text)
    assert found.plan is not None, found.told()
    return found.plan


def test_a_plan_as_values() -> None:
    plan = planned(PLAN)
    (only,) = plan.orders
    assert plan.limits.max_loss == Money(amount=Decimal(25), currency="GBP")
    assert (only.side, only.odds, only.stake.amount) == (Side.BACK, decimal_odds("3.10"), Decimal(25))
    assert (only.target.event, only.target.market, only.target.selection) == ("Arsenal v Chelsea", "Match Odds", "Arsenal")
    assert only.ending == BeforeStart(delay=timedelta(minutes=1))
    assert only.line == 8
    assert only.fallback == (
        FallbackStep(
            trigger=Every(delay=timedelta(seconds=30)),
            action=Reprice(by=ByTicks(ticks=1), no_worse_than=decimal_odds("2.90")),
            text="every 30s: reprice 1 tick, no worse than 2.90",
            line=18,
        ),
        FallbackStep(
            trigger=If(condition=Condition.SUSPENDED),
            action=TellOwner(text="The market is suspended"),
            text="if suspended: alert The market is suspended",
            line=21,
        ),
    )


def test_local_times_become_utc() -> None:
    text = order("date: 2026-07-05\nplace_at: 2026-07-05 14:00\nexpires_at: 2026-07-05 14:29")
    (only,) = planned(text.replace("limits:", "time_zone: Europe/London\nlimits:")).orders
    assert only.target.on == date(2026, 7, 5)
    assert only.place == At(at=datetime(2026, 7, 5, 13, 0, tzinfo=UTC))
    assert only.ending == At(at=datetime(2026, 7, 5, 13, 29, tzinfo=UTC))


def test_a_fill_or_kill_says_that_its_odds_hold_for_the_average() -> None:
    (only,) = planned(order("type: fill_or_kill\nodds_hold_for: average\nmin_fill: 5.00 GBP")).orders
    assert only.odds_hold_for_average
    assert (only.type, only.ending) == (OrderType.FILL_OR_KILL, None)
    assert only.min_fill == Money(amount=Decimal(5), currency="GBP")


def test_by_the_venues_ids() -> None:
    text = order("market_id: 1.20\nselection_id: 47972\nline: -1.5\nexpires_after: 5m")
    for line in ("event: Arsenal v Chelsea", "market: Match Odds", "selection: Arsenal"):
        text = text.replace(f"    {line}\n", "")
    (only,) = planned(text).orders
    assert (only.target.market_id, only.target.selection_id, only.target.line) == ("1.20", "47972", Decimal("-1.5"))


def test_staying_in_play() -> None:
    steps = "  - before_start: 0s\n    keep: in_play\n  - after_start: 5m\n    cancel: remainder"
    text = order(f"expires_after_start: 10m\nfallback:\n{steps}")
    assert len(planned(text).orders[0].fallback) == 2


def test_steps_that_look_once_at_what_is_matched() -> None:
    step = "  - if: unmatched\n    after: 1m\n    reprice: best\n    no_worse_than: 2.90\n    at_most: 1 time"
    text = order(f"expires_after: 5m\nfallback:\n{step}")
    (only,) = planned(text).orders[0].fallback
    assert only.trigger == If(condition=Condition.UNMATCHED, moment=AfterPlacing(delay=timedelta(minutes=1)))
    assert only.action == Reprice(by=ToBest(), no_worse_than=decimal_odds("2.90"), at_most=1)
    assert only.text == "if unmatched after 1m: reprice best, no worse than 2.90, at most 1 time"


@pytest.mark.parametrize(
    ("way", "by"),
    [("2 ticks", ByTicks(ticks=2)), ("0.5%", ByPercent(percent=Decimal("0.5"))), ("best", ToBest()), ("join_best", ToHead())],
)
def test_ways_to_reprice(way: str, by: object) -> None:
    text = order(f"expires_after: 5m\nfallback:\n  - every: 30s\n    reprice: {way}\n    no_worse_than: 2.90")
    (step,) = planned(text).orders[0].fallback
    assert isinstance(step.action, Reprice)
    assert step.action.by == by


HEDGED = "expires_before_start: 1m\nfallback:\n  - WHEN\n    hedge: green_up\n    no_worse_than: 3.50\n    for_at_most: 1m"


def test_a_hedge_as_a_value() -> None:
    (step,) = planned(order(HEDGED.replace("WHEN", "before_start: 2m"))).orders[0].fallback
    assert step.action == Hedge(no_worse_than=decimal_odds("3.50"), for_at_most=timedelta(minutes=1))
    assert step.text == "before start 2m: hedge green_up, no worse than 3.50, for at most 1m"


MOVED = """\
expires_before_start: 1m
fallback:
  - before_start: 5m
    move_remainder_to: oddspapi_abp
    event_id: id1000009900000001
    selection_id: 101
    odds_hold_for: average
"""


def test_a_move_as_a_value() -> None:
    """What it leaves out is as in its order."""
    plan = planned(order(MOVED))
    there = Target(event_id="id1000009900000001", selection_id="101")
    move = Move(account=AccountName("oddspapi_abp"), target=there, odds=decimal_odds("3.10"), odds_hold_for_average=True)
    (step,) = plan.orders[0].fallback
    assert step.action == plan.orders[0].move == move
    assert step.text == "before start 5m: move remainder to oddspapi_abp"
    assert plan.accounts == ("betfair", "oddspapi_abp")
    more = "    odds: 3.05\n    settings:\n      bookmakers: [pinnacle]\n    expires_after: 2m\n"
    (told,) = (one.move for one in planned(order(MOVED + more)).orders)
    ending, routing = AfterPlacing(delay=timedelta(minutes=2)), Routing(bookmakers=("pinnacle",))
    assert told == replace(move, odds=decimal_odds("3.05"), ending=ending, routing=routing)


def test_what_is_moved_is_an_order_more_and_loses_nothing_more() -> None:
    text = order(MOVED).replace("max_loss: 100.00 GBP", "max_loss: 10.00 GBP\n  max_orders: 2")
    assert total(can_lose(planned(text)), "GBP") == Money(amount=Decimal(10), currency="GBP")
    assert codes(text.replace("max_orders: 2", "max_orders: 1")) == ["PR306"]
    assert codes(text.replace("max_loss: 10.00", "max_loss: 9.99")) == ["PR303"]


def test_conditions_as_values() -> None:
    asked = "odds_at_least: 2.50\n  price_at_least: 25%\n  market: open\n  in_play: no\n  runners_at_most: 12"
    (only,) = planned(order(f"expires_after: 5m\nonly_if:\n  {asked}\n  available_at_least: 50.00 GBP")).orders
    assert only.only_if == OnlyIf(
        odds_at_least=decimal_odds("2.50"),
        price_at_least=decimal_odds("4.00"),
        available_at_least=Money(amount=Decimal(50), currency="GBP"),
        market_open=True,
        in_play=False,
        runners_at_most=12,
    )


MARKETS = """\
planrunner: 1
plan: Favourites
time_zone: Europe/London
limits:
  max_loss: LOSS
  max_orders: ORDERS
for_each_market:
  venue: betfair
  sport: Horse Racing
  country: GB
  meetings: [Bath, Ascot]
  market: Win
  date: today
  starts_after: 13:00
orders:
"""


def of_each_market(*orders: str, loss: str, most: int) -> str:
    text = MARKETS.replace("LOSS", loss).replace("ORDERS", str(most)) + "".join(one.split("orders:\n")[1] for one in orders)
    for line in ("event: Arsenal v Chelsea", "market: Match Odds", "selection: Arsenal"):
        text = text.replace(f"    {line}\n", "")
    return text


def test_markets_of_the_catalogue_as_values() -> None:
    plan = planned(of_each_market(order("favourite: 2\nexpires_before_start: 1m"), loss="200.00 GBP", most=20))
    assert plan.per_market == MarketQuery(
        account=AccountName("betfair"),
        sport="Horse Racing",
        market="Win",
        country="GB",
        meetings=("Bath", "Ascot"),
        starts_after=time(13, 0),
    )
    assert plan.orders[0].target == Target(favourite=2)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(1, 5), st.integers(0, 3), st.sampled_from([0, 1]))
def test_a_plan_of_markets_can_lose_what_max_orders_has_room_for(hedged: list[bool], markets: int, more: int, less: int) -> None:
    """A hedge takes room among the orders, and adds no loss. One order too few, and there is no market at all."""
    orders = [
        order(f"name: o{n}\nfavourite: {n + 1}\n" + (HEDGED.replace("WHEN", "before_start: 2m") if one else "expires_after: 5m"))
        for n, one in enumerate(hedged)
    ]
    placed = len(hedged) + sum(hedged)
    loss = f"{markets * len(hedged) * Decimal(10) - Decimal(less) / 100:.2f} GBP"
    found = codes(of_each_market(*orders, loss=loss, most=markets * placed + min(more, placed - 1)))
    assert found == (["PR303"] if less else [])
    if placed > 1:
        assert codes(of_each_market(*orders, loss="999.00 GBP", most=placed - 1)) == ["PR306"]


@law(150, share=50)
@given(
    st.sampled_from([("back", "3.00", "2.50"), ("lay", "3.00", "4.00"), ("back", "1.50", "1.02"), ("lay", "20.0", "30.0")]),
    st.integers(200, 5000),
    st.lists(st.tuples(st.fractions(0, 1), st.fractions(0, 1)), min_size=1, max_size=4),
    st.sampled_from(["1.05", "1.50", "3.00", "6.00", "100.0"]),
    st.fractions(0, 1),
)
def test_no_rung_and_no_hedge_loses_more_than_the_plan_says(
    order_on: tuple[str, str, str], pence: int, matched: list[tuple[Fraction, Fraction]], against: str, hedged: Fraction
) -> None:
    """Any part of the stake may be matched at any odds between the first rung and the last, and any part of that be hedged."""
    side, first, last = order_on
    stake = Decimal(pence) / 100
    cap = f"liability_at_most: {stake * (Decimal(last) - 1):.2f} GBP\n" if side == "lay" else ""
    text = order(
        f"side: {side}\nodds: {first}\nstake: {stake:.2f} GBP\n{cap}expires_before_start: 1m\nfallback:\n"
        f"  - every: 30s\n    reprice: 1%\n    no_worse_than: {last}\n"
        f"  - before_start: 2m\n    hedge: green_up\n    no_worse_than: {against}\n    for_at_most: 1m"
    ).replace("max_loss: 100.00", "max_loss: 999999.00")
    checked = check(text)
    if checked.plan is None:
        assert {one.code for one in checked.problems} == {"PR413"}  # so small a hedge is not taken
        return
    most = Fraction(total(can_lose(checked.plan), "GBP").amount)
    left, if_wins, payout = Fraction(stake), Fraction(0), Fraction(0)
    for share, way in matched:
        size, odds = left * share, Fraction(first) + (Fraction(last) - Fraction(first)) * way
        left -= size
        if_wins += size * (odds - 1)
        payout += size * odds
    staked = Fraction(stake) - left
    bet = payout / Fraction(against) * hedged
    sign = 1 if side == "back" else -1
    wins = sign * (if_wins - bet * (Fraction(against) - 1))
    loses = sign * (bet - staked)
    assert min(wins, loses) >= -most


@settings(max_examples=60, deadline=None)
@given(st.integers(0, CLASSIC.ticks - 1), st.integers(-30, 30))
def test_odds_are_on_the_ladder_or_the_two_nearest_are_named(tick: int, thousandths: int) -> None:
    exact = CLASSIC.odds(tick) + Decimal(thousandths) / 1000
    written = f"{exact:.3f}" if exact >= 100 else f"{exact:.4f}".rstrip("0").rstrip(".")
    found = problems(order(f"odds: {written}\nexpires_after: 5m"))
    if CLASSIC.tick(exact) is not None:
        assert found == ()
    elif exact > 1:
        (one,) = found
        below, above = CLASSIC.around(exact)
        assert one.code == "PR402"
        assert all(f"{near:.2f}" in one.message or f"{near:.1f}" in one.message for near in (below, above) if near is not None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(100, 5000)), min_size=1, max_size=5), st.integers(-1, 1))
def test_max_loss_is_compared_with_the_sum_of_what_every_order_can_lose(given: list[tuple[bool, int]], more: int) -> None:
    """A back can lose its stake, a lay its liability, and nothing is netted."""
    orders, total = "", Decimal(0)
    for number, (is_lay, pence) in enumerate(given):
        stake = Decimal(pence) / 100
        liability = stake * 2
        side = f"side: lay\nodds: 3.00\nliability_at_most: {liability:.2f} GBP" if is_lay else "side: back\nodds: 3.00"
        text = order(f"name: o{number}\n{side}\nstake: {stake:.2f} GBP\nexpires_after: 5m")
        orders += text.split("orders:\n")[1]
        total += liability if is_lay else stake
    limit = total + Decimal(more) / 100
    found = codes(f"planrunner: 1\nplan: Sums\nlimits:\n  max_loss: {limit:.2f} GBP\norders:\n{orders}")
    assert found == (["PR303"] if more < 0 else [])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(100, 100_000), st.sampled_from(["3.50", "4.00", "7.00"]), st.sampled_from(["1 tick", "1%", "best", "join_best"])
)
def test_a_lays_cap_covers_its_worst_rung_to_the_penny(pence: int, floor: str, way: str) -> None:
    stake = Decimal(pence) / 100
    needed = stake * (Decimal(floor) - 1)
    text = order(
        f"side: lay\nodds: 3.00\nstake: {stake:.2f} GBP\nliability_at_most: CAP\nexpires_after: 5m\n"
        f"fallback:\n  - every: 30s\n    reprice: {way}\n    no_worse_than: {floor}"
    ).replace("100.00 GBP", "99999999.00 GBP")
    enough = needed.quantize(Decimal("0.01"), rounding=ROUND_UP)
    assert codes(text.replace("CAP", f"{enough:.2f} GBP")) == []
    (short,) = problems(text.replace("CAP", f"{enough - Decimal('0.01'):.2f} GBP"))
    assert (short.code, short.did_you_mean) == ("PR310", f"{enough:.2f} GBP")


@pytest.mark.parametrize(
    ("ending", "step", "place", "is_reached"),
    [
        ("expires_after: 5m", "after: 4m", "", True),
        ("expires_after: 5m", "after: 5m", "", False),
        ("expires_after: 5m", "before_start: 1m", "", True),
        ("expires_before_start: 5m", "before_start: 6m", "", True),
        ("expires_before_start: 5m", "before_start: 5m", "", False),
        ("expires_before_start: 5m", "after_start: 5m", "", False),
        ("expires_after_start: 5m", "after_start: 4m", "", True),
        ("expires_after_start: 5m", "before_start: 4m", "", True),
        ("expires_before_start: 5m", "after: 4m", "place_before_start: 10m", True),
        ("expires_before_start: 5m", "after: 5m", "place_before_start: 10m", False),
        ("expires_after: 5m", "before_start: 6m", "place_before_start: 10m", True),
        ("expires_after: 5m", "before_start: 5m", "place_before_start: 10m", False),
        ("expires_after: 5m", "before_start: 11m", "place_before_start: 10m", False),
    ],
)
def test_a_step_comes_before_the_ending_where_the_two_can_be_compared(
    ending: str, step: str, place: str, is_reached: bool
) -> None:
    found = codes(order(f"{ending}\n{place}\nfallback:\n  - {step}\n    cancel: remainder"))
    assert found == ([] if is_reached else ["PR317"])


@pytest.mark.parametrize("step", ["after: 10m", "after_start: 5m", "if: partly_matched\n    after: 10m"])
def test_alerts_and_hedges_still_come_when_the_remainder_is_gone(step: str) -> None:
    alert = f"  - after: 1m\n    cancel: remainder\n  - {step}\n    alert: Have a look"
    hedge = f"  - {step}\n    hedge: green_up\n    no_worse_than: 3.50\n    for_at_most: 1m"
    assert codes(order(f"place_before_start: 20m\nexpires_after: 5m\nfallback:\n{alert}\n{hedge}")) == []
    assert codes(order(f"place_before_start: 20m\nexpires_after: 5m\nfallback:\n{alert}\n  - {step}\n    cancel: remainder"))


@pytest.mark.parametrize(
    "when", ["before_start: 2m", "if: matched\n    before_start: 2m", "if: in_play", "if: suspended", "after_start: 5m"]
)
def test_what_a_fill_or_kill_matched_can_be_hedged(when: str) -> None:
    text = HEDGED.replace("expires_before_start: 1m", "type: fill_or_kill\nodds_hold_for: average").replace("WHEN", when)
    assert codes(order(text)) == []


def test_with_a_line_odds_of_the_finer_ladder_are_good() -> None:
    assert codes(order("odds: 3.17\nexpires_after: 5m")) == ["PR402"]
    assert codes(order("odds: 3.17\nline: +0.5\nexpires_after: 5m")) == []


def test_a_small_stake_is_good_where_its_payout_is_large_enough() -> None:
    assert codes(order("odds: 20.0\nstake: 0.50 GBP\nexpires_after: 5m")) == []
    assert codes(order("odds: 19.5\nstake: 0.50 GBP\nexpires_after: 5m")) == ["PR403"]


def test_orders_with_trouble_are_left_out_of_no_sum() -> None:
    """A sum with a hole says nothing, so it is not compared."""
    assert codes(changed(("max_loss: 25.00 GBP", "max_loss: 1.00 GBP"), ("stake: 25.00 GBP", "stake: 25 quid"))) == ["PR207"]


def test_problems_that_only_a_venue_finds_are_told_at_the_value() -> None:
    checked = check(PLAN)
    assert checked.plan is not None
    span = checked.span("arsenal", "selection")
    assert checked.lines[span.line - 1][span.column - 1 :][: span.width] == "Arsenal"
    assert span.line == 12
