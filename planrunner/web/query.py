"""The words of a query as values. Each raises ValueError with what is wrong; `unreadable` makes the answer of it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from planrunner.web.problem import Problem

Word = TypeVar("Word", bound=StrEnum)
LONGEST = 200  # characters of what is wrong: it quotes the query


def one_of(words: type[Word], text: str) -> Word:
    if text not in set(words):
        raise ValueError(f"{text} is none of {', '.join(words)}")
    return words(text)


def moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} says no zone; write it like 2026-12-05T11:00:00Z")
    if not 1970 < at.year < 9000:  # beyond, other zones have no such time
        raise ValueError(f"{text} is too far away")
    return at


def day(text: str) -> date:
    return date.fromisoformat(text)


def unreadable(error: ValueError) -> Problem:
    return Problem(400, f"the query can't be read: {str(error)[:LONGEST]}")
