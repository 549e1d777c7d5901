"""What each fallback step of an order did, or in words why it did nothing."""

from __future__ import annotations

from datetime import datetime

from planrunner.engine.state import OrderState, Phase, StepState
from planrunner.model.plan import Cancel, Condition, FallbackStep, Hedge, If, KeepInPlay, Move, Reprice, Retry, TellOwner
from planrunner.model.program import ProgramPoolBet
from planrunner.report.chains import Chain, move_in_words
from planrunner.report.history import History
from planrunner.report.story import Happening, HedgeStory, StepStory, Tone
from planrunner.report.words import Times, money

_NEVER_CAME = {
    Condition.REJECTED: "the venue rejected nothing",
    Condition.SUSPENDED: "the market was not suspended while the order stood",
    Condition.IN_PLAY: "the market did not turn in-play while the order stood",
    Condition.EXPIRED: "the order was over before it could expire",
}


def tell_steps(
    history: History, order: OrderState, chain: Chain, hedge: HedgeStory | None, times: Times, currency: str
) -> tuple[StepStory, ...]:
    told = []
    for index, (step, state) in enumerate(zip(order.spec.order.fallback, order.steps, strict=True)):
        effects = _effects(history, order, index, chain, hedge, currency)
        told.append(
            StepStory(
                number=index + 1,
                text=step.text,
                line=step.line,
                fired=state.fired,
                effects=tuple(effects),
                why_not=_why_not(history, order, step, state, times),
            )
        )
    return tuple(told)


def _effects(
    history: History, order: OrderState, index: int, chain: Chain, hedge: HedgeStory | None, currency: str
) -> list[Happening]:
    step, state = order.spec.order.fallback[index], order.steps[index]
    because = order.step_path(index)
    if not state.fired or state.last is None:
        return []
    match step.action:
        case Reprice():
            return _moves(history, order, because, state.fired, state.last, chain, currency)
        case Cancel():
            return [_taken_back(history, order, because, state.last, chain, currency)]
        case KeepInPlay():
            return [_happening(order, state.last, "left the rest at the venue after the start")]
        case TellOwner():
            alerts = [(at, one.text) for at, one in history.alerts if one.because == because]
            return [_happening(order, at, f"told{_later(history, order, at)}: {text}") for at, text in alerts]
        case Hedge():
            return _hedged(history, order, index, chain, hedge, currency)
        case Move(account=account):
            return [_happening(order, state.last, f"took the rest back to move it to {account}")]
        case Retry():
            return [_happening(order, state.last, f"asked the venue once more, under the new reference {order.refs[-1]}")]


def _happening(order: OrderState, at: datetime, text: str, tone: Tone = Tone.PLAIN) -> Happening:
    return Happening(at=at, text=text, order=order.path, tone=tone)


def _later(history: History, order: OrderState, at: datetime) -> str:
    ended = history.ended.get(order.path)
    return " after the order was over" if ended is not None and ended < at else ""


def _hedged(
    history: History, order: OrderState, index: int, chain: Chain, hedge: HedgeStory | None, currency: str
) -> list[Happening]:
    """Taking back what waited, then what the hedge came to."""
    last = order.steps[index].last
    assert last is not None
    effects = []
    is_ended_already = order.spec.order.fallback[index].trigger == If(condition=Condition.EXPIRED)
    if not is_ended_already and ((ended := history.ended.get(order.path)) is None or ended >= last):
        effects.append(_taken_back(history, order, order.step_path(index), last, chain, currency))
    if hedge is not None:
        over = history.ended.get(hedge.path)
        effects.append(_happening(order, over or last, hedge.text if hedge.is_over else f"so far: {hedge.text}"))
    return effects


def _moves(
    history: History, order: OrderState, because: str, fired: int, last: datetime, chain: Chain, currency: str
) -> list[Happening]:
    effects = []
    for before, after, ref in zip(chain.placements, chain.placements[1:], order.refs[1:], strict=False):
        if history.placements[ref].because == because:
            text = move_in_words(before, after, money(after.parts.stake, currency))
            effects.append(_happening(order, after.asked_at, text))
    if len(effects) < fired:
        end = order.reason or (order.end.value if order.end else "its cancel is not confirmed yet")
        effects.append(_happening(order, last, f"asked for the rest back to move it; it was not placed again: {end}"))
    return effects


def _taken_back(history: History, order: OrderState, because: str, last: datetime, chain: Chain, currency: str) -> Happening:
    for told, ref in zip(chain.placements, order.refs, strict=True):
        for at, who in history.placements[ref].taken_back:
            if who == because:
                size = told.parts.cancelled
                text = f"took back {money(size, currency)}" if size else "asked for the rest back; nothing was left to take back"
                return _happening(order, at, text)
    return _happening(order, last, "asked for the rest back while the order was still on its way")


def _comes_later(order: OrderState, step: FallbackStep) -> bool:
    """It still comes, though the order is over."""
    return any(order.spec.order.fallback[index] is step for index in order.later)


def _why_not(history: History, order: OrderState, step: FallbackStep, state: StepState, times: Times) -> str | None:
    if state.fired:
        return f"then: {state.note}" if state.note else None
    if state.note:
        return state.note
    if _comes_later(order, step):
        return "its time has not come yet"
    noun = "bet" if isinstance(order.spec, ProgramPoolBet) else "order"
    if not order.refs:
        return f"the {noun} was never placed" if order.phase is Phase.DONE else f"the {noun} is not placed yet"
    if noun == "bet" and len(order.refs) > 1:
        return "the bet was asked for once more instead, and that was not refused"
    if isinstance(step.trigger, If) and step.trigger.moment is None and step.trigger.condition in _NEVER_CAME:
        return _NEVER_CAME[step.trigger.condition] if order.phase is Phase.DONE else "it has not come to that yet"
    if order.phase is not Phase.DONE:
        return "its time has not come yet"
    ended = history.ended.get(order.path)
    how = order.end.value if order.end else "over"
    return f"the {noun} was over before its time came ({how}{f' at {times.clock(ended)}' if ended else ''})"
