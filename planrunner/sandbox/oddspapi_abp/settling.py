"""Paying the bets of a market that closed, by its result or as the scenario says; and once more when either changes.

`settlementAmount` is the gross return in the account's currency. What a bet won or lost for its order is told to the venue's log
in the order's currency, once every bet of the order is settled.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from planrunner.matching.settlement import shares
from planrunner.model.market import MarketStatus
from planrunner.sandbox.board import SETTLING_TAKES, Board
from planrunner.sandbox.bookmakers import Settles
from planrunner.sandbox.oddspapi_abp.desk import Desk, SettleMarket
from planrunner.sandbox.oddspapi_abp.money import near
from planrunner.sandbox.oddspapi_abp.orders import STANDS, ZERO, Bet, BetStatus, Order, Settlement
from planrunner.sandbox.oddspapi_abp.router import at_risk, move, try_market
from planrunner.sandbox.oddspapi_abp.views import bet_view, fixture_info

HALF = Decimal("0.5")
OUTCOMES = {"WON": "won", "HALF_WON": "won", "LOST": "lost", "HALF_LOST": "lost"}


def saw(desk: Desk, board: Board, at: int) -> None:
    """Something happened in a market. Only a new status or result is news here."""
    market = board.terms.id
    if market not in desk.on_board:
        return
    facts = (board.status, board.in_play, board.winners, board.is_void, len(board.voided))
    before, desk.results[market] = desk.results.get(market), facts
    if facts == before:
        return
    desk.hub.tell("fixtures", "UPDATE", fixture_info(desk.on_board[market][0].outcome), at)
    try_market(desk, market, at)
    _take_back(desk, board, at)
    if board.status is MarketStatus.CLOSED:
        desk.agenda.add(at + SETTLING_TAKES, SettleMarket(market))
        for script in _scripts(desk, board):
            desk.agenda.add(at + SETTLING_TAKES + script.after, SettleMarket(market, script))


def settle_market(desk: Desk, due: SettleMarket, at: int) -> None:
    for order in desk.on_board[due.market]:
        for bet in order.bets:
            if bet.status not in STANDS:
                continue
            if due.script is None:
                how, amount = _by_result(order, bet)
            elif due.script.selection == order.outcome.runner.name:
                how, amount = Settlement(due.script.how), worth(bet, Settlement(due.script.how), due.script.pays)
            else:
                continue
            settle(desk, bet, how, amount, at)


def settle(desk: Desk, bet: Bet, how: Settlement, amount: Decimal, at: int) -> None:
    """Settle a bet; one that was settled before is paid the difference."""
    if (bet.settlement, bet.amount) == (how, amount):
        return
    order, before = bet.order, bet.amount or ZERO
    if bet.status is BetStatus.VOID and how is not Settlement.VOID:
        bet.status = BetStatus.CONFIRMED
    if how is Settlement.VOID and bet.settlement is not Settlement.VOID:
        bet.status = BetStatus.VOID
        desk.write("void", at, bet=str(order.id), id=str(bet.id), size=str(bet.stake))
    bet.settlement, bet.amount, bet.updated = how, amount, at
    desk.hub.tell("bets", "SETTLED", bet_view(bet), at, order.client)
    desk.hub.tell("settlements", "UPDATE", bet_view(bet), at, order.client)
    move(desk, bet, amount - before, at)
    _tell(desk, order, at)


def worth(bet: Bet, how: Settlement, pays: Decimal = HALF) -> Decimal:
    """The gross return of a bet that is settled like this."""
    risk, part = at_risk(bet.order.spec, bet.part), bet.part
    gain = part.placed * (part.price - 1) if bet.order.spec.back else part.placed
    match how:
        case Settlement.WON:
            amount = risk + gain
        case Settlement.HALF_WON:
            amount = risk + gain * HALF
        case Settlement.HALF_LOST:
            amount = risk * HALF
        case Settlement.LOST:
            amount = ZERO
        case Settlement.CASHOUT:
            amount = risk * pays
        case _:
            amount = risk
    return near(Fraction(amount))


def profit(order: Order) -> Decimal:
    """In the order's currency: each bet's by itself, to the nearest cent."""
    settled = (bet for bet in order.bets if bet.status in STANDS and bet.amount is not None)
    return sum(
        (near(Fraction((bet.amount or ZERO) - at_risk(order.spec, bet.part)) / bet.rate) for bet in settled), Decimal("0.00")
    )  # fmt: skip


def _by_result(order: Order, bet: Bet) -> tuple[Settlement, Decimal]:
    board, runner = order.outcome.board, order.outcome.runner.id
    if board.is_void or runner in board.market.removed or bet.taken_back:
        return Settlement.VOID, worth(bet, Settlement.VOID)
    share = shares(board.winners, board.terms.winners).get(runner, Fraction(0))
    wins = (share > 0) is order.spec.back
    if 0 < share < 1:  # a dead heat: the share of the stake is paid in full
        paid = near(Fraction(bet.part.placed * bet.part.price) * share)
        if order.spec.back:
            return Settlement.WON, paid
        return Settlement.HALF_LOST, bet.part.placed * bet.part.price - paid
    how = Settlement.WON if wins else Settlement.LOST
    return how, worth(bet, how)


def _take_back(desk: Desk, board: Board, at: int) -> None:
    """Bets that were confirmed before the last time that bets were taken back, on these selections."""
    done = desk.taken_back.get(board.terms.id, 0)
    desk.taken_back[board.terms.id] = len(board.voided)
    for runner in board.voided[done:]:
        for order in desk.on_board[board.terms.id]:
            for bet in order.bets:
                if bet.status in STANDS and runner in (None, order.outcome.runner.id):
                    bet.taken_back = True
                    settle(desk, bet, Settlement.VOID, worth(bet, Settlement.VOID), at)


def _tell(desk: Desk, order: Order, at: int) -> None:
    standing = [bet for bet in order.bets if bet.status in STANDS]
    if all(bet.amount is not None for bet in standing):
        outcome = OUTCOMES.get(standing[-1].settlement.value, "void")
        desk.write("settled", at, bet=str(order.id), outcome=outcome, profit=str(profit(order)))


def _scripts(desk: Desk, board: Board) -> list[Settles]:
    named = (board.terms.fixture.name, board.terms.name)
    return [one for one in desk.script.settles if (one.event, one.market) == named]
