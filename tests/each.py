"""One question to very many things: a test for each costs more than the question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")


def of_each(things: Iterable[Thing], holds: Callable[[Thing], object], *, named: Callable[[Thing], object] = str) -> None:
    """All of which it does not hold are told, and there has to be something to ask it of."""
    asked, wrong = 0, []
    for thing in things:
        asked += 1
        try:
            holds(thing)
        except Exception as error:  # noqa: BLE001 - it is told with its name
            wrong.append(f"{named(thing)}: {type(error).__name__}: {error}")
    assert asked, "it was asked of nothing"
    assert not wrong, "\n\n".join(wrong)
