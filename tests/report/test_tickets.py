"""Tickets, what bookmakers took and what moved on: sizes add up, every reference is told, and nothing that no fact says."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.commands import PlaceOrders, PlaceTicket
from planrunner.model.errors import Divergence
from planrunner.model.events import BetSettled, OrderRejected, OrderReported, OrderUnknown, Outcome, StopRequested
from planrunner.model.market import BetId
from planrunner.model.odds import decimal_odds
from planrunner.model.placement import Sizes
from planrunner.model.plan import Condition, If
from planrunner.model.pools import Dividend, Pool
from planrunner.report.html import as_html
from planrunner.report.project import tell
from planrunner.report.story import PoolBetStory, Story
from planrunner.report.text import as_text
from planrunner.report.to_json import as_json
from tests.laws import law
from tests.report import elsewhere
from tests.report.elsewhere import RETRY, Router, Window, bath, exacta, leg, routed
from tests.report.scenes import SCENES
from tests.report.stage import Stage, info
from tests.report.test_laws import adds_up, schema, tags_of

ELSEWHERE = [
    "ticket-paid",
    "ticket-mixed",
    "ticket-unanswered",
    "ticket-refused-by-a-limit",
    "routed-and-moved",
]

LINES = {
    "ticket-paid": "14.00 GBP in 2 bets on the ticket bath were accepted; they returned 23.40 GBP. Profit 9.40 GBP",
    "ticket-mixed": "11.50 of 17.00 GBP on the ticket bath were accepted; the exacta was refused: the pool had closed; the "
    "swinger was taken for 1.50 of 3.00 GBP; they returned 21.00 GBP, 1.00 of it refunded stake. Profit 9.50 GBP",
    "ticket-refused-by-a-limit": "Nothing of 10.00 GBP on the ticket bath was accepted; none of the 2 bets was placed, refused "
    "by a limit: max_loss of the plan is 9.00 GBP; with this placement it would be 10.00 GBP; a ticket is placed whole or not "
    "at all",
    "routed-and-moved": "26.00 of 30.00 GBP matched at 3.02; the rest was cancelled at 14:34:00. Moved 12.00 GBP to betfair at "
    "2.96 or higher: 8.00 GBP matched there at 2.98, 4.00 GBP cancelled. Profit 51.61 GBP after 0.79 GBP commission",
}


def told(stage: Stage) -> Story:
    return tell(info(), stage.records)


def bets(stage: Stage) -> tuple[PoolBetStory, ...]:
    return told(stage).pool_bets


@pytest.mark.parametrize("scene", LINES)
def test_headline(scene: str) -> None:
    assert told(SCENES[scene]()).headline == LINES[scene]


@pytest.mark.parametrize("scene", ELSEWHERE)
def test_every_reference_is_told_in_every_form(scene: str) -> None:
    stage = SCENES[scene]()
    story = told(stage)
    placings = [record.body for record in stage.records if isinstance(record.body, PlaceOrders | PlaceTicket)]
    refs = {str(one.ref) for command in placings for one in command.placements}
    refs |= {command.request_ref for command in placings if isinstance(command, PlaceTicket)}
    refs |= {record.body.bet for record in stage.records if isinstance(record.body, OrderReported)}
    for form in (as_text(story), as_json(story), as_html(story)):
        body = form.split('"exchanges"')[0].split("Exchanges with the venue")[0]
        assert [ref for ref in refs if ref not in body and not (form == as_text(story) and ref.isdecimal())] == []


@pytest.mark.parametrize("scene", ELSEWHERE)
def test_what_is_told_was_said_by_a_fact(scene: str) -> None:
    """Dividends, returns and what bookmakers hold: exactly those of the facts."""
    stage = SCENES[scene]()
    story = told(stage)
    results = {record.body.ref: record.body for record in stage.records if isinstance(record.body, BetSettled)}
    for bet in story.pool_bets:
        result = results.get(bet.placements[-1].ref) if bet.placements else None
        assert bet.dividends == (result.dividends if result else ())
        assert bet.refunded == (result.refunded if result else 0)
        assert bet.profit == (result.profit if result else None)
    reports = {record.body.ref: record.body.fills for record in stage.records if isinstance(record.body, OrderReported)}
    for order in story.orders:
        for placement in order.placements:
            assert placement.bookmakers == reports.get(placement.ref, ())


POOLS = (
    (Pool.WIN, "2.00", [leg(1, 4)]),
    (Pool.EXACTA, "0.50", [exacta(4, 6, 10)]),
    (Pool.SWINGER, "1.00", [leg(2, 2, 5, 7)]),
)
MOVES = ("take in", "accept", "refuse", "refuse for a moment", "less", "void", "lose", "pay", "wait", "stop")


@law(80, share=25)
@given(moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(1, 3)), max_size=14), retry=st.booleans())
def test_whatever_the_venue_says_of_a_ticket_the_sizes_add_up(moves: list[tuple[str, int]], retry: bool) -> None:
    window = Window(bath(*POOLS, steps=(RETRY,) if retry else ())).start().at(2)
    for move, number in moves:
        try:
            _play(window, move, number)
        except Divergence:
            break  # the engine's own: such a fact can't be true
    story = told(window)
    adds_up(story)
    schema().validate(json.loads(as_json(story)))
    assert story.headline in as_text(story)
    assert "</html>" in as_html(story)
    for bet in story.pool_bets:
        placement = window.state.placements[window.bet_ref(bet.number)]
        assert bet.parts.matched == placement.sizes.matched
        assert bet.parts.voided == placement.sizes.voided
    assert sum(bet.loss_after for bet in story.pool_bets) == window.state.risk_held


def _play(window: Window, move: str, number: int) -> None:
    ref = window.bet_ref(number)
    stake = window.sizes[ref].stake
    match move:
        case "take in":
            window.told(number)
        case "accept":
            window.told(number, matched=str(stake))
        case "refuse" | "refuse for a moment":
            window.refuses(number, "REJECTED", "no", transient=move != "refuse")
        case "less":
            window.told(number, matched=str(stake / 2), lapsed=str(stake / 2))
        case "void":
            window.told(number, voided=str(stake))
        case "lose":
            window.say(OrderUnknown(at=window.now, ref=ref, text="no answer"))
        case "pay":
            window.pays(number, Outcome.LOST, f"-{window.state.placements[ref].sizes.matched}")
        case "wait":
            window.at((window.now - elsewhere.T0).total_seconds() / 60 + 1.5)
        case "stop":
            window.say(StopRequested(at=window.now, text="enough"))


def test_a_bet_that_was_accepted_and_made_void_comes_back() -> None:
    window = Window(bath((Pool.WIN, "2.00", [leg(1, 4)]))).start().at(2).taken_in(1).accepts(1).at(9)
    window.told(1, voided="2.00").pays(1, Outcome.VOID, "0.00", refunded="2.00")
    [bet] = bets(window)
    assert bet.ended == "void; its stake of 2.00 GBP comes back"
    assert (bet.returned, bet.refunded, bet.profit, bet.loss_after) == (2, 2, 0, 0)


def test_runners_are_told_by_number_and_name_and_where_they_are_to_finish() -> None:
    boxed, placed = bets(
        Window(
            bath((Pool.EXACTA, "1.00", [exacta(4, 6)]), (Pool.TRIFECTA, "1.00", [leg(1, 4, 6, finish=[(4,), (6, 10), (2, 6)])]))
        ).start()
    )
    assert boxed.asked == "exacta, race 3: 4 Miss Dolly Rocker, 6 Sea Fret in any order"
    assert boxed.spelled == ("4 - 6", "6 - 4")
    assert placed.asked == (
        "trifecta, race 1: first 4 Miss Dolly Rocker; second 6 Sea Fret, 10 Lansdown Lad; third 2 Pulteney, 6 Sea Fret"
    )
    assert placed.spelled == ("4 - 6 - 2", "4 - 10 - 2", "4 - 10 - 6")


def test_many_lines_are_counted_and_not_spelled_out() -> None:
    [bet] = bets(Window(bath((Pool.EXACTA, "0.50", [exacta(4, 6, 10, 2, 5)]))).start())
    assert (bet.lines, bet.spelled) == (20, ())


def test_a_refusal_that_passes_tells_both_attempts_and_counts_the_second() -> None:
    placepot = bets(elsewhere.ticket_mixed())[3]
    first, second = placepot.placements
    assert (first.status, second.status) == ("refused by the venue", "accepted")
    assert second.because == "fallback step 1 (if: rejected: retry once)"
    assert placepot.parts.matched == placepot.parts.stake == 2
    assert placepot.steps[0].effects[0].text.endswith(second.ref)
    assert len(told(elsewhere.ticket_mixed()).tickets[0].references) == 2


def test_an_unanswered_bet_is_to_be_looked_up_by_bet_and_ticket() -> None:
    window = elsewhere.ticket_unanswered()
    story = told(window)
    [one] = story.unresolved
    [ticket] = story.tickets
    assert one.ref == window.bet_ref(1)
    assert ticket.references[0] in one.to_do
    assert story.headline.startswith(f"Look this up at the venue: 2.00 GBP may be at risk under {one.ref}")
    assert story.run.exit_code == 5


def test_the_race_and_the_result_are_in_the_timeline() -> None:
    texts = [one.text for one in told(elsewhere.ticket_paid()).happenings]
    assert "scheduled start: Bath, race 3" in texts
    assert any(one.endswith("won: +17.40 GBP; Exacta pays 23.40 for 1 on 6 - 4") for one in texts)
    page = as_html(told(elsewhere.ticket_paid()))
    assert 'class="mark accept"' in page
    assert 'class="mark result"' in page


def test_a_provisional_dividend_says_so() -> None:
    window = Window(bath((Pool.WIN, "2.00", [leg(1, 4)]))).start().at(2).taken_in(1).accepts(1).at(20)
    window.pays(1, Outcome.WON, "3.00", Dividend(name="Win", on="4", pays=Decimal("2.50"), is_final=False))
    assert "Win pays 2.50 for 1 on 4, provisionally" in as_text(told(window))


HOSTILE = '<script>alert("1")</script>\'><img src=x onerror=alert(1)> {{ 7 * 7 }}'


def test_names_from_the_venue_are_escaped() -> None:
    asked, found = leg(1, 4)
    nasty = replace(found, name=HOSTILE, picks=tuple(replace(one, name=HOSTILE) for one in found.picks))
    window = Window(bath((Pool.WIN, "2.00", [(asked, nasty)]))).start().at(2).taken_in(1).accepts(1).at(20)
    window.pays(1, Outcome.WON, "3.00", Dividend(name=HOSTILE, on=HOSTILE, pays=Decimal("2.50")))
    router = routed_stage()
    router.fills(replace(elsewhere.fill(1, HOSTILE, "3.10", "8.00", "8.00", "GBP"), status=HOSTILE), matched="8.00")
    for stage in (window, router):
        page = as_html(told(stage))
        assert not tags_of(page).tags & {"script", "img"}
        assert escape("{{ 7 * 7 }}") in page


# --- bookmakers and moves


def routed_stage(**changes: Any) -> Router:
    router = Router(replace(routed(), **changes))
    router.start()
    router.accept()
    return router


def test_an_order_and_what_took_its_remainder_over_are_one_stake() -> None:
    story = told(elsewhere.routed_and_moved())
    both, there = story.orders
    assert (both.parts.stake, both.parts.matched, both.parts.cancelled, both.parts.moved) == (30, 26, 4, 0)
    assert both.move is not None
    assert (both.move.here.matched, both.move.here.moved, both.move.there.matched) == (18, 12, 8)
    assert there.takes_over == both.path == "orders.arsenal"
    assert (story.parts.stake, story.loss_before, story.loss_after) == (30, 30, 26)
    assert both.average_odds == (18 * both.move.average_here + 8 * both.move.average_there) / 26
    assert both.profit == Decimal("52.40")


def test_single_fills_below_the_odds_are_explained_where_the_average_counts() -> None:
    order, _ = told(elsewhere.routed_and_moved()).orders
    words = "the odds asked for hold for the average of all fills, so that a single one may be below 3.00: 1 of 3 fills was"
    assert order.averaging == words
    for form in (as_text, as_json, as_html):
        assert words in form(told(elsewhere.routed_and_moved()))


def test_what_bookmakers_paid_in_their_own_money_is_told() -> None:
    text = as_text(told(elsewhere.routed_and_moved()))
    assert "pinnacle      8.00 GBP at   3.10  confirmed, paid 10.64 USD  b-881" in text
    assert "sbobet        4.00 GBP at   2.94  confirmed  b-884" in text


def test_an_older_report_of_bookmakers_that_comes_late_changes_nothing() -> None:
    stage = elsewhere.routed_and_moved()
    before = told(stage).orders
    old = next(record.body for record in stage.records if isinstance(record.body, OrderReported))
    stage.say(replace(old, at=stage.now))
    assert told(stage).orders == before


@law(40, share=15)
@given(here=st.integers(0, 3000), there=st.integers(0, 100), rejected=st.booleans())
def test_wherever_the_remainder_matches_the_parts_add_up(here: int, there: int, rejected: bool) -> None:
    router = routed_stage()
    matched = Decimal(here) / 100
    ref, left = router.ref(), 30 - matched
    router.go_to(60)
    sizes = Sizes(stake=Decimal("30.00"), matched=matched, cancelled=left)
    router.say(
        OrderReported(at=router.now, ref=ref, bet=router.bet(), sizes=sizes, average_odds=Decimal("3.1") if here else None)
    )
    router.go_to(62)
    if router.state.orders["orders.arsenal/moved"].refs:
        if rejected:
            refused = OrderRejected(at=router.now, ref=router.ref("arsenal/moved"), reason="NO", text="no")
            router.say(refused)
        else:
            size = (left * there / 100).quantize(Decimal("0.01"))
            router.accept("arsenal/moved").report("arsenal/moved", average=Decimal(3), matched=size)
    story = told(router)
    adds_up(story)
    schema().validate(json.loads(as_json(story)))
    held = sum(one.sizes.matched for one in router.state.placements.values())
    assert story.orders[0].parts.matched == held
    assert story.loss_after == router.state.risk_held


def test_a_refused_order_that_was_moved_whole_counts_where_it_went() -> None:
    program = routed()
    first, second = program.orders
    step = replace(first.order.fallback[0], trigger=If(condition=Condition.REJECTED))
    orders = (replace(first, order=replace(first.order, fallback=(step,))), second)
    router = Router(replace(program, orders=orders))
    router.start()
    router.say(OrderRejected(at=router.now, ref=router.ref(), reason="DECLINED", text="no bookmaker takes it"))
    router.go_to(1)
    router.accept("arsenal/moved").match("30.00", "2.98", "arsenal/moved")
    story = told(router)
    adds_up(story)
    assert story.headline.startswith("30.00 of 30.00 GBP matched at 2.98. Moved 30.00 GBP to betfair at 2.96 or higher")
    assert story.orders[0].ended.endswith("no bookmaker takes it; 30.00 GBP was moved to betfair")


def test_what_was_too_little_to_move_is_told_as_not_moved() -> None:
    router = routed_stage()
    router.go_to(60)
    sizes = Sizes(stake=Decimal("30.00"), matched=Decimal("29.50"), cancelled=Decimal("0.50"))
    router.say(OrderReported(at=router.now, ref=router.ref(), bet=router.bet(), sizes=sizes, average_odds=Decimal("3.1")))
    story = told(router)
    [order] = story.orders
    assert order.move is None
    assert "was not placed there: the 0.50 left is below the minimum of betfair" in order.ended
    assert order.parts.cancelled == Decimal("0.50")


def test_limits_count_as_the_checker_does() -> None:
    by_name = {one.name: one.used for one in told(elsewhere.routed_and_moved()).limits}
    assert (by_name["max_orders"], by_name["max_loss"]) == (1, 30)
    by_name = {one.name: one.used for one in told(elsewhere.ticket_mixed()).limits}
    assert (by_name["max_orders"], by_name["max_loss"], by_name["max_stake"]) == (4, 17, 17)


def test_an_order_of_a_router_that_names_its_limit_exactly_says_nothing_of_averages() -> None:
    program = routed()
    first, second = program.orders
    exact = replace(first, order=replace(first.order, odds_hold_for_average=False, odds=decimal_odds("3.00")))
    router = routed_stage(orders=(exact, second))
    router.fills(elsewhere.fill(1, "pinnacle", "3.10", "8.00", "8.00", "GBP"), matched="8.00")
    assert told(router).orders[0].averaging is None
    assert BetId("b-881") in as_html(told(router))
