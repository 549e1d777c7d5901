"""Tickets as values, the lines they are counted in, and what comes of them in tables, digests and at the venue's word."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.model.exposure import can_lose, total
from planrunner.model.money import Money
from planrunner.model.plan import At, BeforeStart, Condition, If, Plan, Retry, Routing, TellOwner
from planrunner.model.pools import SHAPES, Leg, Pool, lines
from planrunner.plan.pipeline import Checked
from planrunner.plan.problems import Problem
from planrunner.review.tickets import spelled
from tests.plan.checking import check, order

TICKET = """\
planrunner: 1
plan: Bath
time_zone: Europe/London
limits:
  max_loss: 100.00 GBP
tickets:
  - name: bath
    venue: tote
    meeting: Bath
    date: today
    place_before_start: 10m
    total_cost: 14.00 GBP
    bets:
      - pool: exacta
        race: 3
        runners: [4, 6, 10]
        finish: any_order
        unit_stake: 1.00 GBP
      - pool: each_way
        race: 13:40
        runners:
          - Miss Dolly Rocker
        unit_stake: 4.00 GBP
        reserves: [2, 5]
    fallback:
      - if: rejected
        retry: once
      - if: rejected
        alert: Not taken
"""


def planned(text: str, **more: object) -> Plan:
    found: Checked = check(text, **more)  # type: ignore[arg-type]
    assert found.plan is not None, found.told()
    return found.plan


def test_a_ticket_as_values() -> None:
    plan = planned(TICKET)
    (ticket,) = plan.tickets
    exacta, win, place = ticket.bets
    assert (plan.orders, plan.accounts) == ((), ("tote",))
    assert (ticket.name, ticket.meeting, ticket.on, ticket.today) == ("bath", "Bath", None, True)
    assert ticket.cost == ticket.total_cost == Money(amount=Decimal(14), currency="GBP")
    assert [(bet.name, bet.pool, bet.lines, bet.stake.amount) for bet in ticket.bets] == [
        ("bath/1", Pool.EXACTA, 6, 6), ("bath/2", Pool.WIN, 1, 4), ("bath/3", Pool.PLACE, 1, 4),
    ]  # fmt: skip
    assert exacta.legs == (Leg(race="3", runners=("4", "6", "10")),)
    assert win.legs == place.legs == (Leg(race="13:40", runners=("Miss Dolly Rocker",), reserves=("2", "5")),)
    assert {bet.place for bet in ticket.bets} == {BeforeStart(delay=timedelta(minutes=10))}
    assert (ticket.line, exacta.line, win.line) == (7, 14, 19)
    for bet in ticket.bets:
        assert [step.trigger for step in bet.fallback] == [If(condition=Condition.REJECTED)] * 2
        assert [step.action for step in bet.fallback] == [Retry(), TellOwner(text="Not taken")]
    assert bet.fallback[0].text == "if rejected: retry once"


def test_who_comes_in_where_and_races_one_after_the_other() -> None:
    exacta = "      - pool: exacta\n        race: 3\n        first: [4]\n        second: [6, 10]\n        unit_stake: 1.00 GBP\n"
    double = (
        "      - pool: double\n        legs:\n          - race: 1\n            runners: [1, 2]\n          - race: 14:50\n"
        "            runners: [3]\n            reserves: [9]\n        unit_stake: 2.50 GBP\n"
    )
    head = TICKET[: TICKET.index("      - pool")].replace("14.00", "7.00").replace("today", "2026-12-05")
    (ticket,) = planned(head.replace("place_before_start: 10m", "place_at: 2026-12-05 13:00") + exacta + double).tickets
    assert (ticket.on, ticket.today) == (date(2026, 12, 5), False)
    assert [bet.legs for bet in ticket.bets] == [
        (Leg(race="3", runners=(), finish=(("4",), ("6", "10"))),),
        (Leg(race="1", runners=("1", "2")), Leg(race="14:50", runners=("3",), reserves=("9",))),
    ]
    assert ticket.bets[0].place == At(at=datetime(2026, 12, 5, 13, 0, tzinfo=UTC))


def test_what_a_ticket_can_lose_is_what_it_costs_bet_by_bet() -> None:
    parts = can_lose(planned(TICKET))
    assert [(part.order.name, part.loss.amount) for part in parts] == [("bath/1", 6), ("bath/2", 4), ("bath/3", 4)]
    assert total(parts, "GBP").amount == 14


# Lines

RUNNERS = st.lists(st.sampled_from("12345"), min_size=1, max_size=5, unique=True)


def in_full(pool: Pool, legs: list[Leg]) -> list[tuple[str, ...]]:
    """Every line, written out."""
    form, leg = SHAPES[pool], legs[0]
    if form.races > 1:
        return list(product(*(one.runners for one in legs)))
    if leg.finish:
        return [line for line in product(*leg.finish) if len(set(line)) == len(line)]
    return list((permutations if form.ordered else combinations)(leg.runners, form.together))


@st.composite
def bets(draw: st.DrawFn) -> tuple[Pool, list[Leg]]:
    pool = draw(st.sampled_from(list(Pool)))
    form = SHAPES[pool]
    if form.races > 1:
        return pool, [Leg(race=str(race), runners=tuple(draw(RUNNERS))) for race in range(1, form.races + 1)]
    if form.ordered and draw(st.booleans()):
        return pool, [Leg(race="3", runners=(), finish=tuple(tuple(draw(RUNNERS)) for _ in range(form.together)))]
    return pool, [Leg(race="3", runners=tuple(draw(RUNNERS)))]


@settings(max_examples=300, deadline=None)
@given(bets())
def test_lines_are_counted_as_if_they_were_written_out(bet: tuple[Pool, list[Leg]]) -> None:
    pool, legs = bet
    assert lines(pool, legs) == len(in_full(pool, legs))


def written(pool: Pool, legs: list[Leg], cost: Decimal) -> str:
    form, leg = SHAPES[pool], legs[0]
    if form.races > 1:
        said = "".join(f"          - race: {one.race}\n            runners: [{', '.join(one.runners)}]\n" for one in legs)
        said = f"        legs:\n{said}"
    elif leg.finish:
        places = zip(("first", "second", "third"), leg.finish, strict=False)
        said = "        race: 3\n" + "".join(f"        {place}: [{', '.join(some)}]\n" for place, some in places)
    else:
        order_of = "        finish: any_order\n" if form.ordered else ""
        said = f"        race: 3\n        runners: [{', '.join(leg.runners)}]\n{order_of}"
    head = TICKET[: TICKET.index("      - pool")].replace("100.00", "999999.00").replace("14.00 GBP", f"{cost:.2f} GBP")
    return f"{head}      - pool: {pool.value}\n{said}        unit_stake: 0.35 GBP\n"


@settings(max_examples=150, deadline=None)
@given(bets(), st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("-0.35")]))
def test_a_ticket_costs_its_lines_to_the_penny_and_any_other_figure_is_refused(bet: tuple[Pool, list[Leg]], off: Decimal) -> None:
    pool, legs = bet
    count = len(in_full(pool, legs))
    cost = Decimal("0.35") * count
    found = check(written(pool, legs, max(cost + off, Decimal(0))))
    if not count:
        assert [one.code for one in found.problems] == ["PR344"]
    elif off:
        assert [(one.code, one.did_you_mean) for one in found.problems] == [("PR345", f"{cost:.2f} GBP")]
    else:
        assert found.plan is not None, found.told()
        (one,) = found.plan.tickets[0].bets
        assert (one.stake.amount, sorted(spelled(one))) == (cost, sorted(spelled_out(pool, legs)))


def spelled_out(pool: Pool, legs: list[Leg]) -> list[str]:
    sign = " / " if SHAPES[pool].races > 1 else " - " if SHAPES[pool].ordered else " + "
    return [sign.join(line) for line in in_full(pool, legs)]


def test_lines_of_long_lists_are_counted_and_not_written_out() -> None:
    many = [str(number) for number in range(1, 2001)]
    cost = Decimal(2000 * 1999 * 1998) * Decimal("0.35")
    text = written(Pool.TRIFECTA, [Leg(race="3", runners=(), finish=(tuple(many),) * 3)], Decimal(1))
    told = {one.code: one.did_you_mean for one in check(text).problems}
    assert (told.keys(), told["PR345"]) == ({"PR303", "PR345"}, f"{cost:.2f} GBP")


# Tables and templates

ROWS = """\
planrunner: 1
plan: Bath
limits:
  max_loss: 9.00 GBP
  max_orders: 4
for_each: picks.csv
tickets:
  - name: pick
    venue: tote
    meeting: Bath
    total_cost: ${row.cost}
    bets:
      - pool: swinger
        race: ${row.race}
        runners: ${row.runners}
        unit_stake: 1.00 GBP
      - pool: exacta
        race: ${row.race}
        first:
          - ${row.first}
        second: ${row.runners}
        unit_stake: 1.00 GBP
"""


def table(*rows: str) -> Checked:
    return check(ROWS, files={"picks.csv": "\n".join(["race,runners,first,cost", *rows])})


def test_a_table_makes_tickets_and_a_cell_a_list_of_numbers() -> None:
    plan = table("3,4; 6,Frankel,3.00 GBP", "4,1;2 ; 3,9,6.00 GBP").plan
    assert plan is not None
    assert [ticket.name for ticket in plan.tickets] == ["pick#1", "pick#2"]
    assert [bet.legs[0].runners or bet.legs[0].finish for ticket in plan.tickets for bet in ticket.bets] == [
        ("4", "6"), (("Frankel",), ("4", "6")), ("1", "2", "3"), (("9",), ("1", "2", "3")),
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["4 6", "Frankel; Galileo", "4;; 6", "4; 6.5", "0; 1", "-4"])
def test_a_cell_that_is_no_list_of_numbers_is_told_at_the_cell(cell: str) -> None:
    found = table(f"3,{cell},9,3.00 GBP").problems
    assert {(one.code, one.file, one.line, one.column) for one in found} == {("PR348", "picks.csv", 2, 3)}


def test_bets_of_every_row_count_in_max_orders() -> None:
    rows = ["3,4; 6,9,3.00 GBP"] * 3
    codes = {one.code: one for one in table(*rows).problems}
    assert codes.keys() == {"PR306"}
    assert codes["PR306"].fix == "max_orders: 6"
    left_out = check(ROWS.replace("  max_orders: 4\n", ""), files={"picks.csv": "\n".join(["race,runners,first,cost", *rows])})
    assert [(one.code, one.fix) for one in left_out.problems] == [("PR332", "max_orders: 6")]


# What only the venue finds


@pytest.mark.parametrize(
    ("bet", "key", "word", "at"),
    [
        ("bath/1", "meeting", "Bath", (9, 14)),
        ("bath/1", "pool", "exacta", (14, 15)),
        ("bath/1", "race", "3", (15, 15)),
        ("bath/1", "runners", "6", (16, 22)),
        ("bath/3", "race", "13:40", (20, 15)),
        ("bath/2", "runners", "Miss Dolly Rocker", (22, 13)),
        ("bath/2", "reserves", "5", (24, 23)),
        ("bath/3", "unit_stake", "4.00 GBP", (23, 21)),
        ("bath/9", "runners", "1", (7, 5)),
    ],
)
def test_a_word_that_the_venue_does_not_know_is_told_where_it_stands(bet: str, key: str, word: str, at: tuple[int, int]) -> None:
    span = check(TICKET).span(bet, key, word)
    assert (span.line, span.column) == at


# Routers

ROUTED = order(
    "venue: oddspapi_abp\nevent_id: id1\nselection_id: 101\nexpires_after: 5m\nodds_hold_for: average\nsettings:\n"
    "  bookmakers: [pinnacle, vertex]\n  accept_better_odds: no\n  accept_partial: no"
)
for _line in ("event: Arsenal v Chelsea", "market: Match Odds", "selection: Arsenal"):
    ROUTED = ROUTED.replace(f"    {_line}\n", "").replace(f"  - {_line}\n    ", "  - ")


def test_settings_of_a_router_as_values() -> None:
    (only,) = planned(ROUTED).orders
    assert only.routing == Routing(bookmakers=("pinnacle", "vertex"), better_odds=False, partial=False)
    assert (only.target.event_id, only.target.selection_id, only.target.player_id) == ("id1", "101", None)
    assert only.odds_hold_for_average


def test_settings_that_say_what_holds_anyway_are_none() -> None:
    said = "settings:\n      accept_better_odds: yes\n      accept_partial: yes"
    head, _, _ = ROUTED.partition("    settings:")
    plain, spelled_out_ = planned(head), planned(f"{head}    {said}\n")
    assert spelled_out_.orders[0].routing is plain.orders[0].routing is None
    assert spelled_out_.digest == plain.digest


def codes_of(text: str) -> list[str]:
    found: tuple[Problem, ...] = check(text).problems
    return [one.code for one in found]


@pytest.mark.parametrize("partial", ["yes", "no"])
@pytest.mark.parametrize("bookmakers", ["", "[pinnacle]", "[pinnacle, vertex]"])
def test_odds_hold_for_the_average_unless_one_bookmaker_takes_all_or_nothing(bookmakers: str, partial: str) -> None:
    head, _, _ = ROUTED.partition("    settings:")
    some = f"      bookmakers: {bookmakers}\n" if bookmakers else ""
    text = f"{head}    settings:\n{some}      accept_partial: {partial}\n"
    is_single = bookmakers == "[pinnacle]" and partial == "no"
    assert codes_of(text) == (["PR406"] if is_single else [])
    assert codes_of(text.replace("    odds_hold_for: average\n", "")) == ([] if is_single else ["PR406"])
