"""Histories of the engine with its twin of a venue: any plan, any dice, all promises after each."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from planrunner.engine.replay import replay_events
from planrunner.model.commands import Command, Ended, FinishRun, PlaceOrders, WatchMarket
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program
from tests.engine.programs import any_program
from tests.engine.test_laws import orders_of_plan, within_limits
from tests.engine.twin import Dice, Twin

DICE = st.builds(
    Dice,
    lost=st.sampled_from([0, 10, 40]),
    not_sent=st.sampled_from([0, 20]),
    rejected=st.sampled_from([0, 10]),
    denied=st.sampled_from([0, 10]),
    fill=st.sampled_from([0, 20, 60]),
    restart=st.sampled_from([0, 2, 15]),
    window=st.booleans(),
    repeats=st.sampled_from([0, 50]),
    lapses=st.sampled_from([0, 0, 3]),
    stop=st.sampled_from([0, 0, 1]),
    suspends=st.sampled_from([0, 0, 2, 5]),
    voids=st.sampled_from([0, 0, 3]),
)
SEEDS = st.integers(0, 2**32)


class Watching(Twin):
    """Whoever begins to watch a market reads what all bets in it have come to, as adapters do: after a restart too."""

    def carry_out(self, command: Command) -> None:
        super().carry_out(command)
        if isinstance(command, WatchMarket):
            for held in self.books.values():
                if self.market_of(held.asked) == command.market:
                    self.tell(held, 0.5)


def hold(program: Program, dice: Dice, chance: int) -> None:
    """Promises 1 to 5, in the twin's own books and in what the engine decided."""
    twin = Watching(program, Random(chance), dice, watch=within_limits).play()
    assert all(times == 1 for times in Counter(ref for ref, _ in twin.arrivals).values()), "a reference arrived twice"
    bodies: dict[str, set[object]] = {}
    for command in twin.commands:
        if isinstance(command, PlaceOrders):
            for asked in command.placements:
                bodies.setdefault(asked.ref, set()).add(asked)
    assert all(len(each) == 1 for each in bodies.values()), "one reference, two requests"
    for spec in orders_of_plan(program):
        for ref in twin.state.orders[spec.path].refs:
            sizes = twin.state.placements[ref].sizes
            parts = sizes.matched + sizes.remaining + sizes.cancelled + sizes.lapsed + sizes.voided
            assert parts == sizes.stake
    ended = [command.ended for command in twin.commands if isinstance(command, FinishRun)]
    assert len(ended) == 1
    for ref, held in twin.books.items():
        placement, order = twin.state.placements[ref], twin.state.orders[held.asked.path]
        if placement.status is PlacementStatus.UNKNOWN:
            assert ended == [Ended.UNRESOLVED]
            assert ref in (order.reason or "")
        elif "confirm" not in (order.reason or ""):  # stopped, at a venue that did not answer any more
            assert held.sizes.remaining == 0, "a deadline did not fire"
            assert (placement.sizes.matched, placement.sizes.voided) == (held.matched, held.voided)
    again = replay_events(twin.events)
    assert list(again.commands) == twin.commands


@seed(4)
@settings(max_examples=25, deadline=None, database=None)
@given(any_program(), DICE, SEEDS)
def test_a_share_of_the_histories(program: Program, dice: Dice, chance: int) -> None:
    hold(program, dice, chance)


@pytest.mark.storm
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_program(), DICE, SEEDS)
def test_ten_thousand_histories(program: Program, dice: Dice, chance: int) -> None:
    hold(program, dice, chance)
