"""Asking what is on offer on a selection: once for all orders that want to know, and again when no answer comes."""

from __future__ import annotations

from rpds import List

from planrunner.engine.state import BookKey, OrderState
from planrunner.engine.turn import Turn
from planrunner.model.commands import QueryBook
from planrunner.model.errors import Divergence
from planrunner.model.events import BookChanged
from planrunner.model.program import step_path

BOOK_AGAIN_AFTER = 10  # seconds


def await_book(turn: Turn, order: OrderState, index: int) -> None:
    """For a fallback step; of a hedge it is the step of the hedged order that asked for it."""
    order = turn.change_order(order, awaits_book=index)
    waiting: List[str] = turn.books.get(_key(order), List())
    turn.books = turn.books.insert(_key(order), waiting.push_front(order.path))
    if not waiting:
        _ask(turn, order)


def overdue(turn: Turn, path: str) -> None:
    """The odds on offer did not come. Asked for again while an order still wants them."""
    key = _key(turn.orders[path])
    wanting = [one for one in turn.books.get(key, List()) if turn.orders[one].awaits_book is not None]
    if wanting:
        _ask(turn, turn.orders[wanting[-1]])
    else:
        turn.books = turn.books.discard(key)


def wanted_by(turn: Turn, book: BookChanged) -> list[tuple[OrderState, int]]:
    """The orders that waited for this book, the first that asked first, with the steps it is for. They wait no longer."""
    key = (book.market, book.selection, book.handicap)
    waiting = list(turn.books.get(key, List()))
    turn.books = turn.books.discard(key)
    wanted = []
    for path in reversed(waiting):
        order = turn.orders[path]
        turn.set_timer(f"book:{path}", None)
        if order.awaits_book is not None:
            wanted.append((turn.change_order(order, awaits_book=None), order.awaits_book))
    return wanted


def _key(order: OrderState) -> BookKey:
    return (order.spec.market, order.aim.selection, order.aim.handicap)


def _ask(turn: Turn, order: OrderState) -> None:
    spec = order.aim
    if spec.selection is None:
        raise Divergence(f"{order.path}: which runner it is on is not known yet, so nobody can ask for its odds")
    because = step_path(spec.hedges or order.path, order.awaits_book or 0)
    turn.emit(
        QueryBook(
            account=spec.account, market=spec.market, selection=spec.selection, handicap=spec.handicap, because=because
        )
    )  # fmt: skip
    turn.set_timer(f"book:{order.path}", turn.after(BOOK_AGAIN_AFTER))
