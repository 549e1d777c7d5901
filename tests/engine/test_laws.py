"""What holds for every plan, whatever a venue and a network do."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from planrunner.engine.replay import replay_events
from planrunner.engine.state import State
from planrunner.engine.step import step
from planrunner.model.commands import Ended, FinishRun, PlaceOrders
from planrunner.model.events import CancelAccepted, OrderAccepted, OrderRejected, OrderReported
from planrunner.model.exposure import risk
from planrunner.model.odds import Side
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program, ProgramOrder
from tests.engine.programs import any_program
from tests.engine.twin import Dice, Held, Twin
from tests.laws import law

STORMS = st.builds(
    Dice,
    lost=st.sampled_from([0, 10, 40]),
    not_sent=st.sampled_from([0, 20]),
    rejected=st.sampled_from([0, 10]),
    denied=st.sampled_from([0, 10]),
    fill=st.sampled_from([0, 20, 60]),
    restart=st.sampled_from([0, 2, 2, 15]),
    window=st.booleans(),
    repeats=st.sampled_from([0, 50]),
    lapses=st.sampled_from([0, 0, 3]),
    stop=st.sampled_from([0, 0, 1]),
)
SEEDS = st.integers(0, 2**32)
runs = law(200, share=60)


def orders_at_the_venue(twin: Twin) -> list[Held]:
    """All but hedges."""
    return [held for held in twin.books.values() if not held.asked.is_hedge]


def at_risk_at_the_venue(twin: Twin) -> dict[str, Decimal]:
    """From the venue's own books: what it holds could lose, by market, with everything live fully matched."""
    totals: dict[str, Decimal] = {}
    for held in orders_at_the_venue(twin):
        market = twin.state.orders[held.asked.path].spec.market
        size = held.matched + held.sizes.remaining
        totals[market] = totals.get(market, Decimal(0)) + risk(held.asked.side, size, held.asked.odds)
    return totals


def orders_of_plan(program: Program) -> list[ProgramOrder]:
    return [spec for spec in program.orders if spec.hedges is None]


def within_limits(twin: Twin, _: State) -> None:
    totals, limits = at_risk_at_the_venue(twin), twin.program.limits
    assert sum(totals.values()) <= limits.max_loss.amount
    if limits.max_exposure_per_market:
        assert all(total <= limits.max_exposure_per_market.amount for total in totals.values())
    if limits.max_stake:
        assert sum(held.matched + held.sizes.remaining for held in orders_at_the_venue(twin)) <= limits.max_stake.amount
    for spec in orders_of_plan(twin.program):
        mine = [held for held in twin.books.values() if held.asked.path == spec.path]
        if (cap := spec.order.liability_at_most) is not None:
            assert sum(risk(held.asked.side, held.matched + held.sizes.remaining, held.asked.odds) for held in mine) <= cap.amount
        assert sum(held.matched + held.sizes.remaining for held in mine) <= spec.order.stake.amount


@runs
@given(any_program(), STORMS, SEEDS)
def test_every_law_holds_in_every_history(program: Program, dice: Dice, seed: int) -> None:
    """Limits hold in the venue's own books after every step, and the others once it is over."""
    twin = Twin(program, Random(seed), dice, watch=within_limits).play()
    a_reference_arrives_at_most_once_and_only_identical_requests_are_repeated(twin)
    the_same_facts_give_the_same_decisions(twin)
    sizes_are_conserved_along_the_chain(twin)
    a_chain_stays_on_its_runner_and_its_side(twin)
    what_the_venue_holds_at_the_end_is_known_or_named(twin)
    repeated_facts_change_nothing(twin)


def a_reference_arrives_at_most_once_and_only_identical_requests_are_repeated(twin: Twin) -> None:
    assert all(times == 1 for times in Counter(ref for ref, _ in twin.arrivals).values())
    by_ref: dict[str, set[object]] = {}
    for command in twin.commands:
        if isinstance(command, PlaceOrders):
            for asked in command.placements:
                by_ref.setdefault(asked.ref, set()).add(asked)
    assert all(len(bodies) == 1 for bodies in by_ref.values())


def the_same_facts_give_the_same_decisions(twin: Twin) -> None:
    again = replay_events(twin.events)
    assert list(again.commands) == twin.commands
    assert again.state == twin.state


def sizes_are_conserved_along_the_chain(twin: Twin) -> None:
    for spec in orders_of_plan(twin.program):
        order = twin.state.orders[spec.path]
        chain = [twin.state.placements[ref] for ref in order.refs]
        for placement in chain:
            sizes = placement.sizes
            parts = sizes.matched + sizes.remaining + sizes.cancelled + sizes.lapsed + sizes.voided
            assert parts == sizes.stake == placement.asked.size
        for before, after in pairwise(chain):
            assert after.asked.size == before.sizes.cancelled
        assert sum((one.asked.size for one in chain[1:]), Decimal(0)) == order.moved


def a_chain_stays_on_its_runner_and_its_side(twin: Twin) -> None:
    """A hedge on the same runner and the other side."""
    asked: dict[str, set[tuple[object, Side]]] = {}
    for command in twin.commands:
        if isinstance(command, PlaceOrders):
            for one in command.placements:
                asked.setdefault(one.path, set()).add((one.selection, one.side))
    assert all(len(kinds) == 1 for kinds in asked.values())
    for spec in twin.program.orders:
        if spec.hedges in asked and spec.path in asked:
            ((runner, side),) = asked[spec.hedges]
            assert asked[spec.path] == {(runner, side.other)}


def what_the_venue_holds_at_the_end_is_known_or_named(twin: Twin) -> None:
    ended = [command.ended for command in twin.commands if isinstance(command, FinishRun)]
    assert len(ended) == 1
    for ref, held in twin.books.items():
        placement, order = twin.state.placements[ref], twin.state.orders[held.asked.path]
        if placement.status is PlacementStatus.UNKNOWN:
            assert ended == [Ended.UNRESOLVED]
            assert ref in (order.reason or "")
        else:
            assert held.sizes.remaining == 0
            assert placement.sizes.matched == held.matched


def repeated_facts_change_nothing(twin: Twin) -> None:
    """Every fact about a bet, told once more at the end, leaves the state as it is."""
    for event in twin.events:
        if isinstance(event, OrderAccepted | OrderReported | OrderRejected | CancelAccepted):
            told = step(twin.program, twin.state, event)
            assert told.state == twin.state
            assert told.commands == ()
