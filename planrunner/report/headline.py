"""The run in one line: what must be looked up first, then what matched or was accepted and what became of the rest, then profit
or loss."""

from __future__ import annotations

from planrunner.model.commands import Ended
from planrunner.model.events import StopRequested
from planrunner.report.chains import add
from planrunner.report.history import History
from planrunner.report.orders import NOT_PLACED_BECAUSE
from planrunner.report.story import (
    ZERO,
    Badge,
    OrderStory,
    Parts,
    PlacementStory,
    SettlementStory,
    TicketStory,
    Tone,
    UnresolvedStory,
)
from planrunner.report.tickets import several_in_a_line
from planrunner.report.words import Times, listed, money, odds, plural

TICKETS_UP_TO = 2  # with a sentence each

EXITS: dict[Ended, tuple[int, str]] = {
    Ended.AS_PLANNED: (0, "done as the plan says"),
    Ended.NOTHING_PLACED: (3, "refused, and nothing was placed"),
    Ended.NOT_AS_PLANNED: (4, "it ran and did not end as planned"),
    Ended.STOPPED: (4, "stopped before its planned end"),
    Ended.UNRESOLVED: (5, "unknown exposure: a person must look"),
}


def tell_exit(history: History) -> tuple[int | None, str]:
    """The exit code of the run and what it means."""
    if history.broken is not None:
        known = bool(history.placements)
        return EXITS[Ended.UNRESOLVED if known else Ended.NOTHING_PLACED]
    if history.finish is None:
        return None, "not known before the run has ended"
    ended = history.finish[1].ended
    signals = [fact for fact in history.run_facts if isinstance(fact, StopRequested) and "SIG" in fact.text]
    if ended is Ended.STOPPED and signals:  # the stop names the signal that asked for it
        return 130, "interrupted; what could be taken back was"
    return EXITS[ended]


def tell_badge(history: History, settlement: SettlementStory | None) -> Badge:
    """The state of the run in two words."""
    if history.broken is not None:
        return Badge(text="needs a person", tone=Tone.BAD)
    if history.program is None:
        return Badge(text="not started", tone=Tone.PLAIN)
    if history.finish is None:
        return Badge(text="not over yet", tone=Tone.PLAIN)
    ended = history.finish[1].ended
    tones = {Ended.AS_PLANNED: Tone.GOOD, Ended.UNRESOLVED: Tone.BAD}
    settled = settlement is not None and not settlement.open and ended is not Ended.UNRESOLVED
    return Badge(text=f"{ended.value}, settled" if settled else ended.value, tone=tones.get(ended, Tone.WARN))


def tell_headline(
    history: History,
    orders: tuple[OrderStory, ...],
    tickets: tuple[TicketStory, ...],
    unresolved: tuple[UnresolvedStory, ...],
    settlement: SettlementStory | None,
    times: Times,
) -> str:
    if history.program is None:
        return "Nothing is written down of this run: it never started"
    currency = history.program.currency
    sentences = []
    if history.broken is not None:
        sentences.append(f"Stopped without touching orders, because a fact can't be true: {history.broken[1]}")
    if unresolved:
        sentences.append(_look_up(unresolved, currency))
    if history.finish is None and history.broken is None:
        sentences.append("Not over yet")
    planned = tuple(order for order in orders if order.is_planned)
    if planned or not tickets:
        parts = add([order.parts for order in planned], sum((order.parts.stake for order in planned), ZERO))
        sentences.append(_matched(history, parts, planned, _placements(orders), times, currency))
    sentences += _moved(planned, currency)
    sentences += _hedged(planned)
    sentences += _accepted(tickets, currency)
    if settlement is not None:
        sentences.append(_result(settlement, currency))
    return ". ".join(sentence.rstrip(".") for sentence in sentences)


def _placements(orders: tuple[OrderStory, ...]) -> list[PlacementStory]:
    """All but those of hedges."""
    return [placement for order in orders if order.hedges is None for placement in order.placements]


def _moved(orders: tuple[OrderStory, ...], currency: str) -> list[str]:
    moved = [order.move for order in orders if order.move is not None]
    if len(moved) == 1:
        return [f"Moved {moved[0].text}"]
    whole = money(sum((one.size for one in moved), ZERO), currency)
    there = money(sum((one.there.matched for one in moved), ZERO), currency)
    return [f"Moved {whole} of {plural(len(moved), 'order')} to other accounts, where {there} matched"] if moved else []


def _accepted(tickets: tuple[TicketStory, ...], currency: str) -> list[str]:
    """Each ticket in a line, and many in one."""
    if len(tickets) <= TICKETS_UP_TO:
        return [ticket.headline for ticket in tickets]
    return [several_in_a_line(tickets, currency)]


def _look_up(unresolved: tuple[UnresolvedStory, ...], currency: str) -> str:
    refs = listed([one.ref for one in unresolved[:3]] + (["more"] if len(unresolved) > 3 else []))
    at_risk = money(sum((one.at_risk for one in unresolved[1:]), unresolved[0].at_risk), currency)
    return f"Look this up at the venue: {at_risk} may be at risk under {refs}"


def _matched(
    history: History,
    parts: Parts,
    orders: tuple[OrderStory, ...],
    placements: list[PlacementStory],
    times: Times,
    currency: str,
) -> str:
    whole = money(parts.stake, currency)
    if parts.not_placed == parts.stake:
        return f"Nothing was placed of {whole}: {_why_not_placed(orders)}"
    done = f"{money(parts.matched, currency).removesuffix(f' {currency}')} of {whole} matched"
    if not parts.matched:
        done = f"Nothing of {whole} matched"
    elif len(orders) == 1 and orders[0].average_odds is not None:
        done += f" at {odds(orders[0].average_odds)}"
    elif len(orders) > 1:
        done += f" in {sum(1 for order in orders if order.parts.matched)} of {plural(len(orders), 'order')}"
    rest = _rest(history, parts, orders, placements, times, currency)
    return f"{done}; {rest}" if rest else done


def _hedged(orders: tuple[OrderStory, ...]) -> list[str]:
    hedged = [order.hedge for order in orders if order.hedge is not None]
    if len(hedged) == 1:
        return [f"{hedged[0].how}: {hedged[0].text}"]
    whole = sum(1 for one in hedged if one.how == "Hedged")
    return [f"{whole} of {plural(len(hedged), 'hedge')} complete"] if hedged else []


def _why_not_placed(orders: tuple[OrderStory, ...]) -> str:
    """A condition that did not hold speaks for itself."""
    if len(orders) == 1:
        return orders[0].ended.removeprefix(NOT_PLACED_BECAUSE)
    skipped = all(order.ended.startswith(NOT_PLACED_BECAUSE) for order in orders)
    return f"{plural(len(orders), 'order')}{', each because a condition did not hold' if skipped else ''}, see below"


def _rest(
    history: History,
    parts: Parts,
    orders: tuple[OrderStory, ...],
    placements: list[PlacementStory],
    times: Times,
    currency: str,
) -> str:
    left = [(name, size) for name, size in parts.named() if size and name not in ("matched", "moved")]
    whole = "the rest" if parts.matched else "all of it"
    if len(left) == 1:
        return f"{whole} {_became(history, left[0][0], orders, placements, times)}"
    return listed([f"{money(size, currency)} {_became(history, name, orders, placements, times)}" for name, size in left])


def _became(history: History, part: str, orders: tuple[OrderStory, ...], placements: list[PlacementStory], times: Times) -> str:
    match part:
        case "remaining":
            return "is still at the venue"
        case "unknown":
            return "may be at the venue" if history.finish else "is on its way"
        case "not placed":
            left = [order for order in orders if order.parts.not_placed]
            skipped = left and all(order.ended.startswith(NOT_PLACED_BECAUSE) for order in left)
            return "was not placed, because a condition did not hold" if skipped else "was not placed"
    verb = "lapsed" if part == "lapsed" else f"was {part}"
    moments = [
        grown.at
        for placement in placements
        for grown in history.placements[placement.ref].grown
        if grown.part == part and not (part in ("cancelled", "lapsed") and not getattr(placement.parts, part))
    ]
    if not moments:
        return verb
    several = len(set(moments)) > 1
    return f"{verb}{', the last' if several else ''} at {times.clock(max(moments))}"


def _result(settlement: SettlementStory, currency: str) -> str:
    name = "Profit" if settlement.net >= 0 else "Loss"
    text = f"{name} {money(abs(settlement.net), currency)}"
    if settlement.commission:
        text += f" after {money(settlement.commission, currency)} commission"
    if settlement.open:
        text += f" so far; {plural(settlement.open, 'bet')} not settled"
    return text
