"""What holds for every hedge, whatever a venue and a network do; told from the venue's own books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from planrunner.engine.state import OrderEnd, Phase, State
from planrunner.model.commands import Alert, Ended, FinishRun
from planrunner.model.odds import Side
from planrunner.model.placement import PlacementStatus
from planrunner.model.program import Program
from tests.engine.programs import any_hedged_order, hedged_order, program
from tests.engine.test_laws import SEEDS, STORMS, runs
from tests.engine.twin import Dice, Held, Twin

CENT = Decimal("0.01")
HEDGED = st.builds(
    lambda one, two, window: program(one, two, window=window),
    any_hedged_order("one"), any_hedged_order("two"), st.sampled_from([60, None]),
)  # fmt: skip
# A market that is suspended refuses placements and cancels; reopened it may be in-play, and what waited lapsed.
ROUGH = st.builds(replace, STORMS, suspends=st.sampled_from([0, 0, 5, 15]), fill=st.sampled_from([20, 60]))


def books(twin: Twin, path: str) -> list[Held]:
    return [held for held in twin.books.values() if held.asked.path == path]


def profit(held: Held, *, wins: bool, live: bool) -> Decimal:
    """Of a bet if its selection wins or loses; with `live`, as if all that still can match did, at the odds asked for."""
    more = held.sizes.remaining if live else Decimal(0)
    size, returns = held.matched + more, held.returns + more * held.asked.odds
    result = returns - size if wins else -size
    return result if held.asked.side is Side.BACK else -result


def never_loses_more_than_the_hedged_alone(twin: Twin, _: State) -> None:
    for spec in twin.program.orders:
        if spec.hedges is None:
            continue
        mine, hedges = books(twin, spec.hedges), books(twin, spec.path)
        alone = min(sum(profit(one, wins=wins, live=False) for one in mine) for wins in (True, False)) if mine else Decimal(0)
        for live in (True, False):
            for wins in (True, False):
                both = sum(profit(one, wins=wins, live=False) for one in mine)
                both += sum(profit(one, wins=wins, live=live) for one in hedges)
                assert both >= alone
        # Never more than equal profit: at the odds asked for, for what was matched at better ones is a gift.
        paid = sum(held.returns for held in mine)
        hedged = sum(min(held.returns, held.matched * held.asked.odds) for held in hedges)
        assert hedged + sum(held.sizes.remaining * held.asked.odds for held in hedges) <= paid


def is_sized_by_what_is_certain(twin: Twin, _: State) -> None:
    for spec in twin.program.orders:
        if spec.hedges is not None and (hedges := books(twin, spec.path)):
            assert all(not held.sizes.remaining for held in books(twin, spec.hedges))
            assert sum(1 for held in hedges if held.sizes.remaining) <= 1


def after_every_step(twin: Twin, state: State) -> None:
    never_loses_more_than_the_hedged_alone(twin, state)
    is_sized_by_what_is_certain(twin, state)


@runs
@given(HEDGED, ROUGH, SEEDS)
def test_every_law_holds_for_every_hedge(program: Program, dice: Dice, seed: int) -> None:
    """After every step of it, and once it is over."""
    twin = Twin(program, Random(seed), dice, watch=after_every_step).play()
    is_complete_or_its_owner_was_told(twin)
    what_was_asked_for_and_never_began_is_told(twin)


def is_complete_or_its_owner_was_told(twin: Twin) -> None:
    told = {command.path for command in twin.commands if isinstance(command, Alert)}
    (ended,) = (command.ended for command in twin.commands if isinstance(command, FinishRun))
    for spec in twin.program.orders:
        hedge = twin.state.orders[spec.path]
        if spec.hedges is None or hedge.phase is Phase.DORMANT:
            continue
        assert hedge.phase is Phase.DONE
        mine, hedges = books(twin, spec.hedges), books(twin, spec.path)
        open_ = sum(held.returns for held in mine) - sum(held.returns for held in hedges)
        if hedge.end is OrderEnd.MATCHED:
            assert sum(held.matched for held in hedges)
            odds = max(held.asked.odds for held in hedges)
            assert open_ / odds < 1  # less than the venue takes
            if all(held.returns == held.matched * held.asked.odds for held in hedges):
                assert open_ <= CENT * odds
        elif hedge.end is OrderEnd.NEEDLESS:
            assert not any(held.matched for held in (*mine, *hedges))
        else:
            assert ended is not Ended.AS_PLANNED
            assert hedge.end is OrderEnd.UNRESOLVED or hedge.path in told or open_ <= 0


def what_was_asked_for_and_never_began_is_told(twin: Twin) -> None:
    told = {command.path for command in twin.commands if isinstance(command, Alert)}
    for spec in twin.program.orders:
        if spec.hedges is None or twin.state.orders[spec.path].phase is not Phase.DORMANT:
            continue
        order = twin.state.orders[spec.hedges]
        matched = sum(twin.state.placements[ref].sizes.matched for ref in order.refs)
        if order.hedge_step is not None and matched and order.end is not OrderEnd.UNRESOLVED:
            assert order.path in told


@runs
@given(HEDGED, st.builds(replace, ROUGH, voids=st.sampled_from([2, 10])), SEEDS)
def test_bets_that_are_voided_are_hedged_no_more(program: Program, dice: Dice, seed: int) -> None:
    """As far as anybody has been told: what is asked for never exceeds what is left to hedge."""

    def is_no_more_than_needed(twin: Twin, state: State) -> None:
        for spec in program.orders:
            if spec.hedges is None or (ref := state.orders[spec.path].ref) is None:
                continue
            placement = state.placements[ref]
            if placement.attempt == 1 and placement.sent_at == twin.now and placement.status is PlacementStatus.PENDING:
                owed = sum(state.placements[one].returns for one in state.orders[spec.hedges].refs)
                done = sum(state.placements[one].returns for one in state.orders[spec.path].refs)
                assert done + Fraction(placement.asked.size) * Fraction(placement.asked.odds) <= owed

    Twin(program, Random(seed), dice, watch=is_no_more_than_needed).play()


def test_these_histories_hold_what_they_are_for() -> None:
    """Hedges that end in every way, or the laws above would say nothing."""
    ends: set[OrderEnd | None] = set()
    for seed in range(150):
        order = hedged_order("order", Side.LAY if seed % 2 else Side.BACK, stake="20.00", after=20, trade_out=30)
        dice = Dice(lost=seed % 3 * 20, fill=seed % 4 * 20, rejected=seed % 2 * 30, lapses=2, stop=5 if seed % 5 == 0 else 0)
        twin = Twin(program(order), Random(seed), dice).play()
        ends |= {one.end for one in twin.state.orders.values() if one.is_hedge}
    assert ends >= {OrderEnd.MATCHED, OrderEnd.UNHEDGED, OrderEnd.STOPPED, OrderEnd.UNRESOLVED, None}
