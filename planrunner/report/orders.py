"""One order told: what was asked, what it came to, how it ended."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from planrunner.engine.state import AS_PLANNED, OrderEnd, OrderState, Phase, State
from planrunner.model.exposure import risk, worst_loss
from planrunner.model.odds import Ladder, Side
from planrunner.model.plan import LimitOrder, Reprice
from planrunner.model.program import Program, ProgramOrder
from planrunner.report.chains import NEVER_STOOD, Chain, tell_chain
from planrunner.report.fallback import tell_steps
from planrunner.report.hedges import netted_loss, tell_hedge
from planrunner.report.history import History, placements_of
from planrunner.report.moves import Moved, find_move, joined, moved_in_words, tell_move, tone_of_both
from planrunner.report.offers import Looks
from planrunner.report.story import ZERO, HedgeStory, MoveStory, OrderStory, Parts, Tone
from planrunner.report.words import TYPES, Times, conditions_in_words, ends_when, listed, money, placed_when, plural

NOT_PLACED_BECAUSE = "not placed, because "  # how the end of an order begins whose condition did not hold
ALL_TICKS_UP_TO = 20  # a ladder is drawn whole up to here; beyond it only the odds on which something happened


def tell_order(history: History, program: Program, state: State, order: OrderState, times: Times, title: str) -> OrderStory:
    """Everything about one order; `title` is what its market is called."""
    spec, asked, currency = order.aim, order.limit, program.currency
    market = program.markets[spec.market]
    moved = find_move(history, state, order)
    chain = tell_chain(history, state, order, moved_on=moved.size if moved is not None else ZERO)
    both = joined(chain, moved)
    ended, tone = _ended(history, order, chain.parts, moved, times, currency), _tone(order, chain.parts)
    move = _tell_move(history, program, chain, moved, times)
    hedge = tell_hedge(state, order, currency)
    steps = tell_steps(history, order, chain, hedge, times, currency)
    ladder = program.terms[spec.account].ladders[market.ladder]
    looks = history.looks.get(order.path, Looks())
    floor = _floor(asked)
    return OrderStory(
        name=asked.name,
        path=order.path,
        line=asked.line,
        target=f"{spec.selection_name} in {title}",
        selection=spec.selection_name,
        market=spec.market,
        account=spec.account,
        venue=program.terms[spec.account].venue,
        side=asked.side,
        odds=asked.odds.text,
        odds_limit=asked.odds.ratio,
        floor=floor,
        type=TYPES[asked.type],
        asks=tuple(_asks(order, times)),
        parts=both.parts,
        moved=chain.moved,
        average_odds=both.average_odds,
        placements=chain.placements,
        steps=steps,
        offers=looks.told,
        offers_left_out=looks.left_out,
        offered=looks.at_odds,
        ladder=_rungs(ladder, asked, chain, looks, floor),
        ended=ended,
        tone=tone_of_both(tone, move.tone if move is not None else None),
        ended_at=history.ended.get(order.path),
        loss_before=ZERO if order.is_hedge else _loss_before(asked),
        loss_after=_loss_after(state, order, both, hedge) + (moved.chain.loss_after if moved and hedge else ZERO),
        profit=_profit([chain, *([moved.chain] if moved is not None else [])]),
        found=order.found or None,
        hedge=hedge,
        hedges=spec.hedges,
        move=move,
        takes_over=spec.takes_over,
        averaging=_averaging(asked, chain),
    )


def _tell_move(history: History, program: Program, here: Chain, moved: Moved | None, times: Times) -> MoveStory | None:
    if moved is None:
        return None
    there = moved.chain.parts
    ended = _ended(history, moved.order, there, None, times, program.currency)
    return tell_move(program, here, moved, ended, _tone(moved.order, there))


def _averaging(asked: LimitOrder, chain: Chain) -> str | None:
    """Why a single fill may be at odds that nobody asked for, where single fills are told: a router tells them."""
    if not asked.odds_hold_for_average or not (asked.routing or any(one.bookmakers for one in chain.placements)):
        return None
    limit = asked.odds.ratio
    worse, name = (operator.lt, "below") if asked.side is Side.BACK else (operator.gt, "above")
    at = [fill.odds for one in chain.placements for fill in (one.bookmakers or one.fills) if fill.size]
    count = sum(1 for value in at if worse(value, limit))
    text = f"the odds asked for hold for the average of all fills, so that a single one may be {name} {asked.odds.text}"
    return f"{text}: {count} of {plural(len(at), 'fill')} {'was' if count == 1 else 'were'}" if count else text


def _loss_before(asked: LimitOrder) -> Decimal:
    """As the plan was reviewed."""
    cap = asked.liability_at_most.amount if asked.liability_at_most is not None else None
    loss = worst_loss(asked.side, asked.stake.amount, cap)
    return loss if loss is not None else risk(asked.side, asked.stake.amount, asked.odds.ratio)


def _loss_after(state: State, order: OrderState, chain: Chain, hedge: HedgeStory | None) -> Decimal:
    """A hedge is netted against what it hedges, and told there."""
    if order.is_hedge:
        return ZERO
    if hedge is None:
        return chain.loss_after
    live = (placement for placement in placements_of(state, order) if placement.status not in NEVER_STOOD)
    waiting = sum((risk(one.limit.side, one.sizes.remaining, one.limit.odds) for one in live), ZERO)
    return netted_loss(hedge) + waiting


def _asks(order: OrderState, times: Times) -> list[str]:
    asked = order.limit
    if order.is_hedge:
        return [f"hedges {asked.name.removesuffix('/hedge')}", ends_when(asked.ending, times)]
    if isinstance(order.spec, ProgramOrder) and order.spec.takes_over is not None:
        asks = [f"what was left of {asked.name.removesuffix('/moved')}", ends_when(asked.ending, times)]
    else:
        asks = [placed_when(asked.place, times), ends_when(asked.ending, times)]
    if asked.target.favourite is not None:
        asks.append(f"on favourite {asked.target.favourite} of that moment")
    if asked.only_if is not None:
        asks.append(f"only if {listed(conditions_in_words(asked.only_if))}")
    if asked.liability_at_most is not None:
        asks.append(f"liability at most {asked.liability_at_most}")
    if asked.min_fill is not None:
        asks.append(f"at least {asked.min_fill} at once")
    if asked.odds_hold_for_average:
        asks.append("the odds hold for the average")
    return asks + _routed(asked)


def _routed(asked: LimitOrder) -> list[str]:
    """What the plan lets a router do."""
    routing = asked.routing
    if routing is None:
        return []
    return [
        f"only at {listed(list(routing.bookmakers))}" if routing.bookmakers else "at any bookmaker of the account",
        *([] if routing.better_odds else ["at no better odds either"]),
        *([] if routing.partial else ["whole or not at all"]),
    ]


def _floor(asked: LimitOrder) -> Fraction | None:
    """The worst odds that any reprice may reach."""
    floors = [step.action.no_worse_than.ratio for step in asked.fallback if isinstance(step.action, Reprice)]
    if not floors:
        return None
    return min(floors) if asked.side is Side.BACK else max(floors)


def _rungs(
    ladder: Ladder, asked: LimitOrder, chain: Chain, looks: Looks, floor: Fraction | None
) -> tuple[tuple[int, Decimal], ...]:
    """The ticks to draw, lowest first. Odds between two ticks (an average) belong to the nearer one when drawn."""
    seen: list[Decimal | Fraction] = [asked.odds.ratio]
    seen += [placement.odds for placement in chain.placements]
    seen += [fill.odds for placement in chain.placements for fill in placement.fills]
    seen += looks.at_odds
    seen += [floor] if floor is not None else []
    ticks = {tick for value in seen for tick in _ticks_around(ladder, value)}
    if max(ticks) - min(ticks) < ALL_TICKS_UP_TO:
        ticks = set(range(min(ticks), max(ticks) + 1))
    return tuple((tick, ladder.odds(tick)) for tick in sorted(ticks))


def _ticks_around(ladder: Ladder, value: Decimal | Fraction) -> set[int]:
    ends = [ladder.tick(odds) for odds in ladder.around(value) if odds is not None]
    return {tick for tick in ends if tick is not None}


def _ended(history: History, order: OrderState, parts: Parts, moved: Moved | None, times: Times, currency: str) -> str:
    said = _how_it_ended(history, order, parts, times, currency)
    if (words := moved_in_words(order, moved, currency)) and order.end is OrderEnd.MOVED:
        ended = history.ended.get(order.path)
        return f"{words} at {times.clock(ended)}" if ended and moved is not None else words
    return f"{said}; {words}" if words else said


def _how_it_ended(history: History, order: OrderState, parts: Parts, times: Times, currency: str) -> str:
    if order.end is None:
        return _still(order, parts, currency)
    ended = history.ended.get(order.path)
    when = f" at {times.clock(ended)}" if ended else ""
    why = f": {order.reason}" if order.reason else ""
    match order.end:
        case OrderEnd.EXPIRED:
            return f"expired{when}" + ("; the rest was cancelled" if parts.cancelled else "")
        case OrderEnd.SKIPPED:
            return f"{NOT_PLACED_BECAUSE}{order.reason}"
        case OrderEnd.CANCELLED | OrderEnd.STOPPED:
            return f"{order.end.value}{when}{why if order.end is OrderEnd.STOPPED else ''}"
        case OrderEnd.UNRESOLVED:
            return f"unresolved{why}"
        case _:
            return f"{order.end.value}{when}{why}"


def _still(order: OrderState, parts: Parts, currency: str) -> str:
    if order.phase is Phase.WAITING:
        return "not placed yet"
    return "on its way" if parts.unknown else f"at the venue; {money(parts.remaining, currency)} can still match"


def _tone(order: OrderState, parts: Parts) -> Tone:
    if order.end is OrderEnd.UNRESOLVED or (order.end is not None and parts.unknown):
        return Tone.BAD
    if order.end is not None and order.end not in AS_PLANNED:
        return Tone.WARN
    return Tone.GOOD if parts.matched else Tone.PLAIN


def _profit(chains: Iterable[Chain]) -> Decimal | None:
    placements = (placement for chain in chains for placement in chain.placements)
    known = [bet.profit for placement in placements for bet in placement.bets if bet.profit is not None]
    return sum(known, ZERO) if known else None
