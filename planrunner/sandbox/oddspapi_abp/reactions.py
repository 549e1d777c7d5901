"""How others react to an order at the router, by the same rules of a scenario as on an exchange: a bookmaker takes a share of it
at the odds it asks for, at once or some time after it came."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from planrunner.model.odds import Side
from planrunner.sandbox.oddspapi_abp.desk import Desk
from planrunner.sandbox.oddspapi_abp.money import down
from planrunner.sandbox.oddspapi_abp.orders import ZERO, Order, Promise
from planrunner.sandbox.scenario import Reaction, ShareOf, When


def promise(desk: Desk, order: Order, at: int) -> Promise | None:
    """What the first rule that fits holds for an order that has just come."""
    rules = order.outcome.board.others.reactions.rules
    for index, rule in enumerate(rules):
        used = desk.reactions.get(index, 0)
        if _fits(rule, order) and (rule.times is None or used < rule.times):
            desk.reactions[index] = used + 1
            size = down(Fraction(_size(desk, rule, order)))
            return Promise(since=at + (0 if rule.when is When.ARRIVES else rule.after), left=size) if size > 0 else None
    return None


def _size(desk: Desk, rule: Reaction, order: Order) -> Decimal:
    if rule.of is ShareOf.ORDER:
        return rule.share * order.spec.stake
    alike = [
        one for one in desk.on_board[order.outcome.board.terms.id]
        if one.spec.outcome == order.spec.outcome and one.spec.back is order.spec.back and one.client == order.client
    ]  # fmt: skip
    filled = sum((one.filled for one in alike), ZERO)
    working = sum((one.remaining for one in alike if not one.ended), ZERO)
    most = max([working + filled, *(one.spec.stake for one in alike)])
    return min(rule.share * most - filled, order.spec.stake)


def _fits(rule: Reaction, order: Order) -> bool:
    terms, spec = order.outcome.board.terms, order.spec
    return (
        rule.market in (None, terms.id, terms.name)
        and rule.selection in (None, order.outcome.runner.name)
        and rule.side in (None, Side.BACK if spec.back else Side.LAY)
        and (rule.odds_at_least is None or spec.price >= rule.odds_at_least)
        and (rule.odds_at_most is None or spec.price <= rule.odds_at_most)
    )
