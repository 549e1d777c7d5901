"""Paying the bets of a closed market."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.matching import settlement
from planrunner.sandbox.bets import OurBet, Settled
from planrunner.sandbox.board import Board


def settle(board: Board, bets: Sequence[OurBet], at: int) -> tuple[int, int]:
    """Mark one owner's bets of a market as settled; answers the net profit and the commission on it."""
    winners = settlement.shares(board.winners, board.terms.winners)
    paid = {one.bet.id: one for one in settlement.settle([ours.bet for ours in bets], winners, board.terms.ladder)}
    for ours in bets:
        one = paid.get(ours.bet.id)
        ours.settled = Settled(at=at, outcome=one.outcome if one else None, profit=one.profit if one else 0)
    net = sum(one.profit for one in paid.values())
    return net, settlement.commission(net, board.terms.commission)
