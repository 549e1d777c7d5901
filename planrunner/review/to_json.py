"""What was explained, for other programs: the sentences and the figures behind them. Amounts are text and stay exact."""

from __future__ import annotations

from planrunner.review.explained import Explained, ToldLimit, ToldOrder


def as_document(told: Explained) -> dict[str, object]:
    return {
        "plan": told.plan,
        "digest": told.digest,
        "summary": list(told.summary),
        "orders": [_order(one) for one in told.orders],
        **({"tickets": [_order(one) | {"bets": list(one.bets)} for one in told.tickets]} if told.tickets else {}),
        "remarks": list(told.remarks),
        "worst_loss": {
            "parts": [{"order": one.order, "amount": str(one.amount), "because": one.because} for one in told.loss.parts],
            "total": str(told.loss.total),
            "at_most": str(told.loss.at_most),
        },
        "limits": [_limit(one) for one in told.limits],
        "binding": told.binding,
    }


def _order(order: ToldOrder) -> dict[str, object]:
    steps = [{"when": one.when, "what": one.what, "rungs": list(one.rungs)} for one in order.points]
    return {"name": order.name, "line": order.line, "bet": order.bet, "sentences": list(order.sentences), "steps": steps}


def _limit(limit: ToldLimit) -> dict[str, object]:
    bound = limit.bound
    return {
        "level": bound.level.value,
        "name": bound.name,
        "of": bound.of,
        "market": bound.market,
        "orders": [one.order for one in bound.shares],
        "used": str(bound.used),
        "limit": str(bound.limit),
        "is_minimum": bound.is_least,
        "left": str(bound.left),
        "written": bound.written,
        "binds": limit.binds,
    }
