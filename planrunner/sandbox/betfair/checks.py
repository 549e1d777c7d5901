"""What makes Betfair refuse an order before it becomes a bet (sections 7, 8 and 12): one code per order, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from planrunner.matching.bet import Persistence
from planrunner.model.odds import Side
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json
from planrunner.sandbox.bets import Ask
from planrunner.sandbox.board import Board

PENNY = Decimal("0.01")
ORDER_TYPES = frozenset(("LIMIT", "LIMIT_ON_CLOSE", "MARKET_ON_CLOSE"))
SIDES = frozenset(("BACK", "LAY"))
PERSISTENCES = frozenset(("LAPSE", "PERSIST", "MARKET_ON_CLOSE"))
TARGETS = frozenset(("PAYOUT", "BACKERS_PROFIT"))
CUSTOMER_REF = re.compile(r"[A-Za-z0-9:\-._+*;~]{1,32}")
LONGEST_ORDER_REF = 32
LONGEST_STRATEGY_REF = 15
# Pounds; other currencies have other minimums and the practice account is in pounds.
MIN_STAKE = Decimal(1)
MIN_PAYOUT = Decimal(10)
# Rounding to pennies may make the payout this much smaller or larger than odds x size (section 12.4).
LOWEST_RATIO, HIGHEST_RATIO = Decimal("0.80"), Decimal("1.25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One PlaceInstruction, its types checked; `echo` is how the report shows it again."""

    type: str
    selection: int
    side: str
    size: Decimal
    odds: Decimal
    persistence: str
    fill_or_kill: bool
    min_fill: Decimal | None
    handicap: Decimal | None
    ref: str | None
    echo: Json


def read_instruction(params: Params) -> Instruction:
    """Raises Fault for what is missing or of a wrong type."""
    kind = params.word("orderType", ORDER_TYPES) or params.need_text("orderType")
    side = params.word("side", SIDES) or params.need_text("side")
    handicap = params.number("handicap")
    ref = params.text("customerOrderRef") or None
    selection = params.need_whole("selectionId")
    echo: dict[str, Json] = {"selectionId": selection}
    if handicap is not None:
        echo["handicap"] = handicap
    body, shown = _limit(params) if kind == "LIMIT" else _on_close(params, kind)
    echo |= shown
    if ref:
        echo["customerOrderRef"] = ref
    echo |= {"orderType": kind, "side": side}
    return Instruction(type=kind, selection=selection, side=side, handicap=handicap, ref=ref, echo=echo, **body)


def _limit(params: Params) -> tuple[dict[str, Json], dict[str, Json]]:
    """A limit order's own fields, and its echo: FILL_OR_KILL makes the persistence disappear from it."""
    order = params.object("limitOrder") or Params({"size": params.need_text("limitOrder")})
    persistence = order.word("persistenceType", PERSISTENCES)
    fill_or_kill = order.word("timeInForce", frozenset(("FILL_OR_KILL",))) is not None
    target = order.word("betTargetType", TARGETS)
    odds = order.need_number("price")
    size = _target_size(target, order.need_number("betTargetSize"), odds) if target else order.need_number("size")
    min_fill = order.number("minFillSize")
    shown: dict[str, Json] = {"size": size, "price": odds}
    if persistence and not fill_or_kill:
        shown["persistenceType"] = persistence
    if fill_or_kill:
        shown["timeInForce"] = "FILL_OR_KILL"
    if min_fill is not None:
        shown["minFillSize"] = min_fill
    body = {
        "size": size, "odds": odds, "persistence": persistence or "LAPSE", "fill_or_kill": fill_or_kill, "min_fill": min_fill
    }  # fmt: skip
    return body, {"limitOrder": shown}


def _target_size(target: str, amount: Decimal, odds: Decimal) -> Decimal:
    """Of a bet that aims at a payout or at a profit of the backer."""
    divisor = odds if target == "PAYOUT" else odds - 1
    return Decimal(0) if divisor <= 0 else (amount / divisor).quantize(PENNY, ROUND_HALF_UP)


def _on_close(params: Params, kind: str) -> tuple[dict[str, Json], dict[str, Json]]:
    name = "limitOnCloseOrder" if kind == "LIMIT_ON_CLOSE" else "marketOnCloseOrder"
    order = params.object(name) or Params({"liability": params.need_text(name)})
    liability = order.need_number("liability")
    shown: dict[str, Json] = {"liability": liability}
    if kind == "LIMIT_ON_CLOSE":
        shown["price"] = order.need_number("price")
    body = {"size": liability, "odds": Decimal(0), "persistence": "LAPSE", "fill_or_kill": False, "min_fill": None}
    return body, {name: shown}


def wrong(order: Instruction, board: Board) -> str | None:
    """The instruction's error code, or None."""
    if order.type != "LIMIT":
        return "MARKET_NOT_OPEN_FOR_BSP_BETTING"  # no market here has starting prices
    if order.ref and len(order.ref) > LONGEST_ORDER_REF:
        return "INVALID_CUSTOMER_ORDER_REF"
    if board.terms.runner(order.selection) is None or order.handicap not in (None, 0):
        return "INVALID_RUNNER"
    if order.selection in board.market.removed:
        return "RUNNER_REMOVED"
    if board.terms.ladder.tick(order.odds) is None:
        return "INVALID_ODDS"
    return _wrong_persistence(order, board) or _wrong_min_fill(order) or wrong_size(order.size, order.odds)


def wrong_size(size: Decimal, odds: Decimal) -> str | None:
    """At least the minimum stake, or less where the payout is large enough; and pennies that pay what the odds say."""
    if size <= 0 or size != size.quantize(PENNY) or (size < MIN_STAKE and size * odds < MIN_PAYOUT):
        return "INVALID_BET_SIZE"
    return None if profit_ratio_holds(size, odds) else "INVALID_PROFIT_RATIO"


def profit_ratio_holds(size: Decimal, odds: Decimal) -> bool:
    """Whether the profit, rounded to pennies, is near what odds and size imply."""
    exact = size * (odds - 1)
    rounded = exact.quantize(PENNY, ROUND_HALF_UP)
    return exact * LOWEST_RATIO <= rounded <= exact * HIGHEST_RATIO


def _wrong_persistence(order: Instruction, board: Board) -> str | None:
    if order.persistence == "MARKET_ON_CLOSE" or (order.persistence == "PERSIST" and not board.terms.turns_in_play):
        return "INVALID_PERSISTENCE_TYPE"
    return None


def _wrong_min_fill(order: Instruction) -> str | None:
    if order.min_fill is None:
        return None
    if not order.fill_or_kill:
        return "UNEXPECTED_MIN_FILL_SIZE"
    return None if MIN_STAKE <= order.min_fill <= order.size else "INVALID_MIN_FILL_SIZE"


def crossing(orders: list[Instruction]) -> bool:
    """Whether one call both backs and lays a selection at odds that would match each other."""
    backs = [(order.selection, order.odds) for order in orders if order.side == "BACK"]
    lays = [(order.selection, order.odds) for order in orders if order.side == "LAY"]
    return any(back == lay and back_odds <= lay_odds for back, back_odds in backs for lay, lay_odds in lays)


def ask(order: Instruction, board: Board, owner: str, strategy: str | None) -> Ask:
    """The checked order in the world's words."""
    tick = board.terms.ladder.tick(order.odds)
    assert tick is not None  # checked
    return Ask(
        owner=owner,
        runner=order.selection,
        side=Side(order.side.lower()),
        tick=tick,
        size=int(order.size * 100),
        persistence=Persistence(order.persistence.lower()),
        fill_or_kill=order.fill_or_kill,
        min_fill=None if order.min_fill is None else int(order.min_fill * 100),
        order_ref=order.ref,
        strategy_ref=strategy,
    )
