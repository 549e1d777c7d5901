"""Changes laid out: a line for each order or part of a plan, `arsenal: stake 10.00 -> 25.00 GBP; worst loss 30.00 -> 75.00 GBP`.

Rows of a table that changed alike share a line; programs get each by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from planrunner.model.shown import harmless
from planrunner.review.changes import Change, What
from planrunner.review.markdown import bold, code, text

_NAMED = 3  # of rows that changed alike


class Line(NamedTuple):
    """What became of one, or of several alike. `what` is that of its first change."""

    about: str
    text: str
    what: What

    def __str__(self) -> str:
        return f"{self.about}: {self.text}"


def lines(changes: Sequence[Change]) -> tuple[Line, ...]:
    """In the order they were found; nothing in them ends a line or moves a cursor."""
    found = [_line(about, list(group)) for about, group in groupby(changes, key=lambda change: change.about)]
    return tuple(_together(found))


def as_document(change: Change) -> dict[str, object]:
    """For programs."""
    return {
        "about": change.about,
        "what": change.what.value,
        "path": change.path,
        "text": change.text,
        "old": change.old,
        "new": change.new,
        "line": change.line,
    }


def as_markdown(compared: Sequence[tuple[str, str, str, Sequence[Line], str]]) -> str:
    """`compared`: of each plan its two names, its title, its lines, and what there is to say instead."""
    return "\n".join(f"{piece}\n" for one in compared for piece in _section(*one))


def _section(old: str, new: str, title: str, told: Sequence[Line], note: str) -> Iterator[str]:
    yield f"### {code(new)}{f': {text(title)}' if title else ''}"
    if told:
        yield f"Since {code(old)}:"
        yield "\n".join(f"- {bold(line.about)}: {text(line.text)}" for line in told)
    else:
        yield text(note) if note else f"Means the same as {code(old)}."


def _line(about: str, changes: Sequence[Change]) -> Line:
    *before, last = (harmless(change.text) for change in changes)
    return Line(harmless(about), "; ".join((*(text.removesuffix(".") for text in before), last)), changes[0].what)


def _together(found: Sequence[Line]) -> Iterator[Line]:
    """Rows of one table one after the other."""
    for (table, alike), group in groupby(found, key=lambda line: (line.about.rpartition("#")[0], _alike(line))):
        rows = list(group)
        if not table or len(rows) == 1:
            yield from rows
        elif alike:
            yield rows[0]._replace(about=_rows(table, rows))
        else:
            yield Line(_rows(table, rows), f"were {_rows(table, rows, was=True)}, and say what they said", What.RENAMED)


def _alike(line: Line) -> str:
    """Rows that are only numbered anew are alike."""
    is_renumbered = line.what is What.RENAMED and ";" not in line.text and "#" in line.about
    return "" if is_renumbered else line.text


def _rows(table: str, rows: Sequence[Line], *, was: bool = False) -> str:
    """`pick#2 to pick#9 (8 rows)`."""
    names = [line.text.removeprefix("was called ") if was else line.about for line in rows]
    numbers = [int(number) if (number := name.rpartition("#")[2]).isdecimal() else -1 for name in names]
    if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"{names[0]} to {names[-1]}"
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more of {table}"
