"""Tickets: what each pool wants to be told, the lines its runners make, and whether they cost what the author says."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.model.money import Money, zero
from planrunner.model.names import plain
from planrunner.model.plan import Condition, If, Retry
from planrunner.model.pools import SHAPES
from planrunner.model.pools import Shape as Form
from planrunner.model.profile import VenueProfile
from planrunner.plan.decode import ACTIONS, TRIGGERS, DraftBet, DraftStep, DraftTicket
from planrunner.plan.messages import meaning as say_meaning
from planrunner.plan.messages import ticket as say
from planrunner.plan.messages import venue as say_venue
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.schema import Shape
from planrunner.plan.step_checks import no_keys_of_orders
from planrunner.plan.ticket_draft import PLACES, leg_blocks, runners_of

# What a bet on one race says; over several, each of its legs.
_OF_ONE_RACE = ("race", "runners", "finish", *PLACES, "reserves")
_LIMITS_OF_STEPS = ("no_worse_than", "at_most", "for_at_most")


def check_ticket(shape: Shape, ticket: DraftTicket, profile: VenueProfile | None) -> None:
    """Adds every problem of a ticket, its bets and its steps."""
    node = ticket.node
    if "place_before_start" in node.values and "place_at" in node.values:
        shape.complain(None, say_meaning.placed_twice(node.keys["place_at"], "place_before_start"))
        ticket.place = None
    for bet in ticket.bets:
        if not (bet.pools and _says_it_all(shape, bet) and _adds_up(shape, bet)):
            bet.legs = ()
        if profile is not None:
            _venue(shape, bet, profile)
    _steps(shape, ticket)
    _total(shape, ticket)


def _venue(shape: Shape, bet: DraftBet, profile: VenueProfile) -> None:
    if bet.pools and not profile.pools.issuperset(bet.pools):
        value = bet.node.scalar("pool")
        problem = say.no_such_pool(value, title=profile.title, pools=sorted(pool.value for pool in profile.pools))
        shape.complain(value, problem)
    minimum = profile.minimums.get(bet.unit.currency) if bet.unit is not None else None
    if minimum is not None and bet.unit is not None and bet.unit.amount < minimum.stake:
        least = Money(amount=minimum.stake, currency=bet.unit.currency)
        value = bet.node.scalar("unit_stake")
        shape.complain(None, say_venue.stake_too_small(value, title=profile.title, least=least, payout=""))
        bet.unit = None


# What a bet says


def _says_it_all(shape: Shape, bet: DraftBet) -> bool:
    """Has it the keys that its pool wants, and no others?"""
    form, pool = SHAPES[bet.pools[0]], bet.node.text("pool") or ""
    if form.races > 1:
        return _over_several(shape, bet.node, pool, form)
    if "legs" in bet.node.values:
        shape.complain(None, say.one_race_only(bet.node.keys["legs"], pool))
        return False
    is_there = _has(shape, bet.node, "race", say.no_race(bet.node.span, pool))
    in_order = _in_order(shape, bet.node, pool, form) if form.ordered else _in_no_order(shape, bet.node, pool, form)
    return is_there and in_order


def _has(shape: Shape, node: Block, key: str, problem: object) -> bool:
    if key in node.values:
        return True
    if not shape.is_silent(node, key):
        shape.complain(None, problem)  # type: ignore[arg-type]
    return False


def _over_several(shape: Shape, node: Block, pool: str, form: Form) -> bool:
    strays = [node.keys[key] for key in _OF_ONE_RACE if key in node.values]
    for key in strays:
        shape.complain(None, say.belongs_to_legs(key, pool, form.races))
    if strays:
        return False
    if not _has(shape, node, "legs", say.no_legs(node.span, pool, form.races)) or id(node.values["legs"]) in shape.bad:
        return False
    legs = leg_blocks(shape, node)
    if len(legs) != form.races:
        shape.complain(None, say.other_number_of_legs(node.keys["legs"], pool, form.races, len(legs)))
        return False
    return _each_race_once(shape, legs)


def _each_race_once(shape: Shape, legs: Sequence[Block]) -> bool:
    first: dict[str, Scalar] = {}
    for leg in legs:
        race = leg.values.get("race")
        if not isinstance(race, Scalar) or id(race) in shape.bad:
            continue
        if race.text in first:
            shape.complain(race, say.same_race(race, first[race.text]))
            return False
        first[race.text] = race
    return True


def _in_order(shape: Shape, node: Block, pool: str, form: Form) -> bool:
    """Of pools in which the order counts: any order of some runners, or who may come in where."""
    needed, given = PLACES[: form.together], [place for place in PLACES if place in node.values]
    if not given:
        is_there = _has(shape, node, "runners", say.no_runners(node.span, pool, form.together))
        return is_there and _has(shape, node, "finish", say.no_order(node.span, pool, needed))
    wrong = [say.said_by_places(node.keys[key], given[0]) for key in ("runners", "finish") if key in node.values]
    wrong += [say.place_too_many(node.keys[key], pool, form.together) for key in given if key not in needed]
    wrong += [say.place_missing(node.keys[given[0]], pool, key) for key in needed if key not in given]
    for problem in wrong:
        shape.complain(None, problem)
    return not wrong


def _in_no_order(shape: Shape, node: Block, pool: str, form: Form) -> bool:
    strays = [node.keys[key] for key in ("finish", *PLACES) if key in node.values]
    for key in strays:
        shape.complain(None, say.no_order_counts(key, pool))
    return not strays and _has(shape, node, "runners", say.no_runners(node.span, pool, form.together))


# Its runners, and the lines they make


def _adds_up(shape: Shape, bet: DraftBet) -> bool:
    """Is every runner named once where it can be, and are there enough of them for a line?"""
    legs = leg_blocks(shape, bet.node) if SHAPES[bet.pools[0]].races > 1 else [bet.node]
    clear = [_each_runner_once(shape, leg) for leg in legs]
    if not all(clear) or not bet.legs:
        return False
    if bet.lines:
        return True
    key = next(bet.node.keys[one] for one in ("runners", *PLACES) if one in bet.node.values)
    together = SHAPES[bet.pools[0]].together
    named = len(bet.legs[0].runners)
    shape.complain(None, say.too_few(key, bet.node.text("pool") or "", together, named))
    return False


def _each_runner_once(shape: Shape, leg: Block) -> bool:
    """In each list for itself; a reserve is none of the runners either."""
    taken: dict[str, Scalar] = {}
    is_clear = True
    for key in ("runners", *PLACES, "reserves"):
        runners = runners_of(shape, leg, key) if key in leg.values else []
        known = dict(taken) if key == "reserves" else {}
        for runner in runners or ():
            name = str(int(runner.text)) if runner.text.isdecimal() else plain(runner.text)
            if name in known:
                shape.complain(runner, say.same_runner(runner, known[name], is_reserve=key == "reserves" and name in taken))
                is_clear = False
            else:
                known[name] = runner
                if key != "reserves":
                    taken.setdefault(name, runner)
    return is_clear


def _total(shape: Shape, ticket: DraftTicket) -> None:
    costs = [bet.cost for bet in ticket.bets]
    if ticket.total_cost is None or not ticket.is_whole or not ticket.bets:
        return
    known = [cost for cost in costs if cost is not None and cost.currency == ticket.total_cost.currency]
    if len(known) < len(costs):
        return
    total = sum(known, zero(ticket.total_cost.currency))
    if total != ticket.total_cost:
        value = ticket.node.scalar("total_cost")
        parts = [(bet.node.text("pool") or "", bet.lines, bet.unit) for bet in ticket.bets]
        shape.complain(value, say.other_total(value, total, [(pool, lines, unit) for pool, lines, unit in parts if unit]))


# Its steps


def _steps(shape: Shape, ticket: DraftTicket) -> None:
    """A pool takes a bet or refuses it: only the refusal is left to act on."""
    first: DraftStep | None = None
    for step in ticket.steps:
        is_clear = _trigger(shape, step) & _action(shape, step)
        if not is_clear:
            step.trigger = None
        elif isinstance(step.action, Retry):
            if first is not None:
                shape.complain(step.node, say.second_retry(step.node.keys["retry"], first.node.span.line))
            first = first or step


def _trigger(shape: Shape, step: DraftStep) -> bool:
    node = step.node
    others = [key for key in node.values if key in TRIGGERS and key != "if"]
    for key in others:
        shape.complain(None, say.other_trigger(node.keys[key]))
    if "if" in node.values:
        condition = node.values["if"]
        is_right = step.trigger == If(condition=Condition.REJECTED)
        if not is_right and not others and isinstance(condition, Scalar) and id(condition) not in shape.bad:
            shape.complain(condition, say.other_condition(condition))
        return is_right and not others
    if not others and not shape.is_silent(node, *TRIGGERS):
        shape.complain(None, say.no_trigger(node.span))
    return False


def _action(shape: Shape, step: DraftStep) -> bool:
    node = step.node
    given = [key for key in node.values if key in ACTIONS]
    wrong = [key for key in given if key not in ("retry", "alert")]
    for key in wrong:
        shape.complain(None, say.other_action(node.keys[key]))
    for key in _LIMITS_OF_STEPS if not wrong else ():
        if key in node.values:
            shape.complain(None, say.limit_of_step(node.keys[key]))
    if "move_remainder_to" not in node.values:
        no_keys_of_orders(shape, node)
    if not given and not shape.is_silent(node, *ACTIONS):
        shape.complain(None, say.no_action(node.span))
    for key in given[1:] if not wrong else ():
        shape.complain(None, say_meaning.several_actions(node.keys[key], node.keys[given[0]]))
    return len(given) == 1 and not wrong
