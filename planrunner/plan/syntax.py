"""Lines that YAML can't read, explained by what people mostly meant."""

from __future__ import annotations

import re

import yaml

from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem, quoted

# The pure Python parser says where and why in one voice, but takes seconds for a megabyte.
_SLOW_FROM = 100_000
_KEY = re.compile(r"^(\s*(?:- +)*)([^\s:#'\"][^:#]*?)\s*:(.*)$")
_WORD_AND_REST = re.compile(r"^(\s*(?:- +)*)([a-z_]+)\s+(\S.*)$")


def explain(text: str, error: yaml.YAMLError, lines: list[str]) -> Problem:
    """One problem for a text that can't be read; the same whichever parser gave up."""
    told = _told_by_the_pure_parser(text) if len(text) < _SLOW_FROM else None
    told = told or error
    mark = getattr(told, "problem_mark", None)
    start = getattr(told, "context_mark", None)
    words = str(getattr(told, "problem", "") or "").lower()
    context = str(getattr(told, "context", "") or "").lower()
    if mark is None:
        return say.unreadable(say.TOP, "planrunner can't read this file as YAML.")
    here = Span(min(mark.line, len(lines) - 1) + 1, mark.column + 1)
    began = Span(start.line + 1, start.column + 1) if start is not None else here
    return _explain(words, context, here, began, lines)


def _told_by_the_pure_parser(text: str) -> yaml.YAMLError | None:
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        return error
    return None


def _explain(words: str, context: str, here: Span, began: Span, lines: list[str]) -> Problem:
    if "quoted scalar" in context and "escape" not in words:
        return say.unreadable(began, "this quote is never closed; close it on the same line.")
    if "escape" in words or "expected escape" in words:
        return say.unreadable(here, "`\\` has a meaning of its own between double quotes; use single quotes.")
    if "flow" in context:
        return say.unreadable(began, "this list is never closed; close it with `]` and put commas between its items.")
    if "mapping values are not allowed" in words:
        return _colon(here, lines)
    if "could not find expected ':'" in words:
        return _no_colon(began, lines)
    if "sequence entries are not allowed" in words:
        return say.unreadable(here, "a list begins on the line below its key, each item with `- ` in front.")
    if "cannot start any token" in words or any(
        part in context for part in ("alias", "anchor", "tag", "directive", "block scalar")
    ):
        return _sign(here, began, lines)
    return _misplaced(here, lines)


def _line(at: Span, lines: list[str]) -> str:
    return lines[at.line - 1] if at.line <= len(lines) else ""


def _colon(here: Span, lines: list[str]) -> Problem:
    line = _line(here, lines)
    key = _KEY.match(line)
    if key and here.column - 1 > key.start(3):
        rest = key[3].strip()
        text = f"the value of {quoted(key[2])} holds a `:`, so it needs quotes."
        quote = "'" if '"' in rest else '"'
        return say.unreadable(here, text, fix=f"{key[2]}: {quote}{rest}{quote}")
    text = "this line is indented deeper than the one above, which has its value; keys that belong together start in one column."
    return say.unreadable(_whole(here, line), text, fix=_as_above(here, lines))


def _as_above(here: Span, lines: list[str]) -> str | None:
    above = next((line for line in reversed(lines[: here.line - 1]) if line.strip() and not line.lstrip().startswith("#")), None)
    return _line(here, lines).strip() if above is not None else None


def _no_colon(began: Span, lines: list[str]) -> Problem:
    line = _line(began, lines)
    key = _KEY.match(line)
    if key and key[3][:1] not in ("", " "):
        return say.unreadable(_whole(began, line), "a space is missing after `:`.", fix=f"{key[2]}: {key[3].strip()}")
    word = _WORD_AND_REST.match(line)
    if word:
        return say.unreadable(_whole(began, line), f"`:` is missing after {quoted(word[2])}.", fix=f"{word[2]}: {word[3]}")
    return say.unreadable(_whole(began, line), "this line is neither a key with its value nor an item of a list.")


def _sign(here: Span, began: Span, lines: list[str]) -> Problem:
    line = _line(began if began.line == here.line else here, lines)
    key = _KEY.match(line)
    if key and key[3].strip():
        rest = key[3].strip()
        quote = "'" if '"' in rest else '"'
        text = f"a value that begins with {quoted(rest[0])} needs quotes."
        return say.unreadable(_whole(here, line), text, fix=f"{key[2]}: {quote}{rest}{quote}")
    return say.unreadable(here, "a text that begins with this sign needs quotes.")


def _misplaced(here: Span, lines: list[str]) -> Problem:
    line = _line(here, lines)
    before = line[: here.column - 1].strip()
    if before and before != "-":
        text = "planrunner can't read the line from here on; if this belongs to the value before it, quote the whole value."
        return say.unreadable(here, text)
    text = "this line does not start in the column of any line it could belong to; keys that belong together start in one column."
    return say.unreadable(_whole(here, line), text)


def _whole(at: Span, line: str) -> Span:
    start = len(line) - len(line.lstrip())
    return Span(at.line, start + 1, max(1, len(line.rstrip()) - start))
