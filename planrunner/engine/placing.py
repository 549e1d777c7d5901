"""An order's time has come: whether it is placed, and on whom.

A market known to be shut is waited for, until the order's ending. An order with conditions, or on a favourite, first asks how
the whole market stands, once for all orders that ask in the same moment, and decides on the answer; asked again when none comes.
"""

from __future__ import annotations

from dataclasses import replace

from rpds import List

from planrunner.engine import endings
from planrunner.engine.chain import odds_on_ladder, place
from planrunner.engine.conditions import by_best_odds, look
from planrunner.engine.guards import refusal
from planrunner.engine.state import OrderEnd, OrderState, Phase
from planrunner.engine.tickets import is_pool_bet, place_ticket
from planrunner.engine.turn import Turn
from planrunner.model.commands import QueryRunners
from planrunner.model.events import Runner, RunnersSeen
from planrunner.model.exposure import risk
from planrunner.model.market import MarketId, MarketStatus

RUNNERS_AGAIN_AFTER = 10  # seconds
SHUT = (MarketStatus.SUSPENDED, MarketStatus.INACTIVE)


def place_if_open(turn: Turn, order: OrderState) -> None:
    """Called when the time has come, and again when the market opens."""
    if is_pool_bet(order):
        place_ticket(turn, order)
        return
    asked, status = order.limit, turn.market_of(order.spec).status
    ending = turn.timer(f"ending:{order.path}")
    if ending is not None and ending <= turn.at:  # both came due while nobody was there
        endings.end(turn, order, OrderEnd.NOT_PLACED, "its ending had passed before it could be placed")
    elif status is MarketStatus.CLOSED or (status in SHUT and _must_be_open(order)):
        _market_is_shut(turn, order, status)
    elif status in SHUT:
        turn.change_order(order, ready=True)
    elif asked.only_if is not None or asked.target.favourite is not None:
        _await_runners(turn, order)
    else:
        _place(turn, order)


def _place(turn: Turn, order: OrderState) -> None:
    odds, size = odds_on_ladder(turn, order), order.spec.order.stake.amount
    if denial := refusal(turn, order, size=size, loss=risk(order.limit.side, size, odds)):
        endings.end(turn, order, OrderEnd.DENIED, denial)
    else:
        place(turn, order, odds=odds, size=size, because="plan")


def _must_be_open(order: OrderState) -> bool:
    return order.limit.only_if is not None and order.limit.only_if.market_open


def _market_is_shut(turn: Turn, order: OrderState, status: MarketStatus) -> None:
    if _must_be_open(order):
        endings.end(turn, order, OrderEnd.SKIPPED, f"`market: open` did not hold: the market was {status.value}")
    else:
        endings.end(turn, order, OrderEnd.NOT_PLACED, "the market is closed")


def _await_runners(turn: Turn, order: OrderState) -> None:
    if order.awaits_runners:
        return
    order = turn.change_order(order, ready=True, awaits_runners=True)
    waiting: List[str] = turn.runners.get(order.spec.market, List())
    turn.runners = turn.runners.insert(order.spec.market, waiting.push_front(order.path))
    if not waiting:
        _ask(turn, order)


def _ask(turn: Turn, order: OrderState) -> None:
    turn.emit(QueryRunners(account=order.spec.account, market=order.spec.market, because="plan"))
    turn.set_timer(f"runners:{order.spec.market}", turn.after(RUNNERS_AGAIN_AFTER))


def _waiting(turn: Turn, market: MarketId) -> list[OrderState]:
    """In the order in which they asked."""
    paths = reversed(list(turn.runners.get(market, List())))
    return [order for order in (turn.orders[path] for path in paths) if order.phase is Phase.WAITING and order.awaits_runners]


def runners_overdue(turn: Turn, market: MarketId) -> None:
    """Nobody said how the market stands. Asked again while an order still wants to know."""
    if waiting := _waiting(turn, market):
        _ask(turn, waiting[0])
    else:
        turn.runners = turn.runners.discard(market)


def runners_came(turn: Turn, seen: RunnersSeen) -> None:
    """How the market stands, for the orders that asked."""
    if seen.market not in turn.runners:
        return
    waiting, known = _waiting(turn, seen.market), turn.markets[seen.market].status
    if seen.status is MarketStatus.OPEN and known not in SHUT:
        _forget(turn, seen.market)
        ranked = by_best_odds(seen.runners)
        for order in waiting:
            _decide(turn, turn.change_order(order, awaits_runners=False), seen, ranked)
        return
    status = known if known is not None and known in SHUT else seen.status
    for order in waiting:
        if status is MarketStatus.CLOSED or _must_be_open(order):
            _market_is_shut(turn, order, status)
        elif known in SHUT:
            turn.change_order(order, awaits_runners=False)  # it looks again when the market opens
    if not _waiting(turn, seen.market):
        _forget(turn, seen.market)  # otherwise the timer asks again


def _forget(turn: Turn, market: MarketId) -> None:
    turn.runners = turn.runners.discard(market)
    turn.set_timer(f"runners:{market}", None)


def _decide(turn: Turn, order: OrderState, seen: RunnersSeen, ranked: list[Runner]) -> None:
    """Looked at once: which runner it is, then whether every condition holds."""
    place_of = order.limit.target.favourite
    if place_of is not None:
        if missing := _no_favourite(place_of, ranked):
            endings.end(turn, order, OrderEnd.NOT_PLACED, missing)
            return
        order = _on_favourite(turn, order, ranked[place_of - 1], place_of)
    only_if = order.limit.only_if
    looked = look(order.limit, only_if, seen, _own(order, seen)) if only_if is not None else ()
    found = [*([order.found] if order.found else []), *dict.fromkeys(one.seen for one in looked)]
    order = turn.change_order(order, found="; ".join(found))
    if failed := [f"`{one.condition}` did not hold: {one.seen}" for one in looked if not one.holds]:
        endings.end(turn, order, OrderEnd.SKIPPED, "; ".join(failed))
    else:
        _place(turn, order)


def _no_favourite(place_of: int, ranked: list[Runner]) -> str | None:
    if len(ranked) < place_of:
        return f"there was no favourite {place_of}: {len(ranked)} took part"
    if not ranked[place_of - 1].back:
        return f"there was no favourite {place_of}: nobody offered odds on more than {sum(1 for one in ranked if one.back)}"
    return None


def _on_favourite(turn: Turn, order: OrderState, runner: Runner, place_of: int) -> OrderState:
    found = f"favourite {place_of} was {runner.name} at {runner.back[0][0]}"
    spec = replace(order.aim, selection=runner.selection, selection_name=runner.name, handicap=runner.handicap)
    return turn.change_order(order, spec=spec, found=found)


def _own(order: OrderState, seen: RunnersSeen) -> Runner | None:
    key = (order.aim.selection, order.aim.handicap)
    return next((one for one in seen.runners if (one.selection, one.handicap) == key), None)
