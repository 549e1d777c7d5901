"""What happens to a whole text on its way: lines quoted by a mail, numbered by an editor, or with their indentation taken away.

Each is one mistake, however many lines it is on; it is told once and undone, so that the plan itself is judged in the same pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from planrunner.plan.layout import LIMITS, ORDER, STEP
from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem

# What stands in front of every line, and where it comes from.
_DRESSES = (
    (re.compile(r"[ \t]*>+ ?"), "as a mail quotes another"),
    (re.compile(r"\+ ?"), "as a comparison of two files shows them"),
    (re.compile(r"[ \t]*\|(?: |$)"), "as a table in a document"),
    (re.compile(r"[ \t]*[0-9]{1,4}(?:[:.|)]+ ?|[ \t]|$)"), "as an editor counts lines"),
)
_SECTIONS = frozenset({
    "planrunner", "plan", "blueprint", "about", "inputs", "limits", "for_each", "for_each_market", "orders", "time_zone",
    "use_blueprint", "with",
})  # fmt: skip
_KEY = re.compile(r"(- )?([a-z_]+):(?: |$)")
_FIX_LINES = 6


class Undressed(NamedTuple):
    """The lines as they were before, and by how much each was moved to the left (below zero: to the right)."""

    problem: Problem
    lines: list[str]
    shifts: dict[int, int]


def undressed(lines: Sequence[str]) -> Undressed | None:
    """None for a text that is as it was written, as far as anybody can see."""
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return None
    for sign, origin in _DRESSES:
        found = sign.match(lines[first])
        if found and lines[first][found.end() :].startswith("planrunner"):
            return _without(sign, origin, lines, first)
    return _indented(lines) if not any(line.startswith((" ", "\t")) for line in lines) else None


def _without(sign: re.Pattern[str], origin: str, lines: Sequence[str], first: int) -> Undressed | None:
    bare, shifts = [], {}
    for number, line in enumerate(lines, 1):
        found = sign.match(line)
        if found is None and line.strip():
            return None
        bare.append(line[found.end() :] if found else line)
        shifts[number] = found.end() if found else 0
    width = shifts[first + 1]
    at = Span(first + 1, 1, len(lines[first][:width].rstrip()))
    problem = say.dressed(at, lines[first][:width].strip(), origin, bare[first].rstrip())
    return Undressed(problem, bare, shifts)


def _indented(lines: Sequence[str]) -> Undressed | None:
    """The indentation that a plan without any would have: its keys say where they belong."""
    moved, shifts = [], {}
    section, is_in_fallback = "", False
    for number, line in enumerate(lines, 1):
        indent = 0
        found = _KEY.match(line)
        if found is not None:
            dash, key = found.groups()
            if not dash and key in _SECTIONS:
                section = key
            elif section == "limits" and key in LIMITS:
                indent = 2
            elif section == "orders" and dash:
                is_in_fallback = is_in_fallback and key in STEP
                indent = 6 if is_in_fallback else 2
            elif section == "orders" and (key in STEP or key in ORDER):
                is_in_fallback = key == "fallback" or (is_in_fallback and key in STEP)
                indent = 8 if is_in_fallback and key != "fallback" else 4
            else:
                return None
        elif line.strip() and not line.startswith("#"):
            return None
        shifts[number] = -indent
        moved.append(" " * indent + line)
    wrong = [number for number, shift in shifts.items() if shift]
    if len(wrong) < 3:
        return None
    at = Span(wrong[0], 1, len(lines[wrong[0] - 1].rstrip()))
    problem = say.not_indented(at, wrong[1:], "\n".join(line.rstrip() for line in moved[wrong[0] - 1 :][:_FIX_LINES]).rstrip())
    return Undressed(problem, moved, shifts)
