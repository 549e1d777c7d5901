"""A plan's text made tidy: only what must change does, and never what the plan says.

Two spaces a level, one space after `:` and `-`, nothing at the end of a line, one line end at the end of the file. Comments,
blank lines, quotes and the order of things stay. What was said is read again afterwards and compared, word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from planrunner.plan.problems import Problem, in_order
from planrunner.plan.reader import Loader, read

_STEP = 2
_BOM = "\ufeff"
_LINE_ENDS = re.compile("\r\n|\r")
_HEADER = re.compile("[|>][-+0-9]*")  # of a text over several lines
_FLOW_STARTS = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_FLOW_ENDS = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_BLOCK_STARTS = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
# Signs that stand in the column of their block, where a value stands deeper.
_SIGNS = (yaml.KeyToken, yaml.ValueToken, yaml.BlockEntryToken)
_SILENT = (yaml.StreamStartToken, yaml.StreamEndToken, yaml.BlockEndToken)


class Formatted(NamedTuple):
    """`data` is None where the file can't be read; `problems` then says why, as `check` does."""

    data: bytes | None
    problems: tuple[Problem, ...]
    lines: list[str]


def formatted(data: bytes) -> Formatted:
    """The file as it should be written. Never raises, whatever the bytes are."""
    source = read(data)
    if source.problems:
        return Formatted(None, in_order(source.problems), source.lines)
    text = data.decode("utf-8")
    mark = _BOM if text.startswith(_BOM) else ""
    return Formatted((mark + _tidy(text.removeprefix(_BOM))).encode("utf-8"), (), source.lines)


def _tidy(text: str) -> str:
    lines = _LINE_ENDS.sub("\n", text).split("\n")
    layout = _Layout(lines)
    layout.take(Loader("\n".join(lines)))
    body = "\n".join(_Writer(lines, layout).written())
    said = list(_said(text))
    for candidate in (body.rstrip("\n") + "\n", body):  # a line end may be part of the last text
        if list(_said(candidate)) == said:
            return candidate
    raise AssertionError("formatting would change what the plan says")


def _said(text: str) -> Iterator[tuple[type, object, object]]:
    for event in yaml.parse(text, Loader=Loader):
        yield type(event), getattr(event, "value", None), getattr(event, "style", None)


class _Level(NamedTuple):
    """A block: the column it stands in, and the one it should stand in."""

    old: int
    new: int
    is_list: bool
    is_under_its_key: bool = False  # its dashes stand in the column of the key they belong to; YAML does not open a block there


class _Words(NamedTuple):
    """The words of one line: from which column to which, where they should begin, and the blocks open after them."""

    start: int
    end: int
    indent: int
    gaps: tuple[tuple[int, int, int], ...]  # from column, to column, so many spaces instead
    levels: tuple[_Level, ...]
    ends_in_text: bool


class _Layout:
    """Where everything stands, and where it should."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.words: dict[int, _Words] = {}
        self.texts: dict[int, tuple[int, int]] = {}  # line of a text over several lines -> its column as it is, as it should be
        self._levels: list[_Level] = []
        self._flow: list[int] = []  # how far the lines inside a list in brackets move
        self._last: Any = None

    def take(self, loader: Any) -> None:
        for token in iter(loader.get_token, None):
            self._token(token)

    def _token(self, token: Any) -> None:
        if isinstance(token, _BLOCK_STARTS):
            self._open(token.start_mark.column, is_list=isinstance(token, yaml.BlockSequenceStartToken))
        elif isinstance(token, yaml.BlockEndToken):
            self._close_list_under_key()
            self._levels.pop()
        elif not isinstance(token, _SILENT):
            self._word(token)

    def _open(self, column: int, *, is_list: bool, is_under_its_key: bool = False) -> None:
        new = self._levels[-1].new + _STEP if self._levels else 0
        self._levels.append(_Level(column, new, is_list, is_under_its_key))

    def _close_list_under_key(self) -> None:
        if self._levels and self._levels[-1].is_under_its_key:
            self._levels.pop()

    def _word(self, token: Any) -> None:
        line, column = token.start_mark.line, token.start_mark.column
        if isinstance(token, yaml.KeyToken) and not self._flow:
            self._close_list_under_key()
        if isinstance(token, yaml.BlockEntryToken) and not (self._levels and self._levels[-1].is_list):
            self._open(column, is_list=True, is_under_its_key=True)
        words = self.words.get(line)
        if words is None:
            words = _Words(column, column, self._indent(token), (), (), ends_in_text=False)
        if isinstance(token, _FLOW_STARTS):
            self._flow.append(words.indent - words.start)
        elif isinstance(token, _FLOW_ENDS):
            self._flow.pop()
        gaps = words.gaps if self._flow else words.gaps + self._gap(token)
        is_text = isinstance(token, yaml.ScalarToken) and token.style in ("|", ">")
        end = self._text(token) if is_text else token.end_mark.column
        self.words[line] = _Words(words.start, max(words.end, end), words.indent, gaps, tuple(self._levels), is_text)
        self._last = token

    def _indent(self, token: Any) -> int:
        base = self._levels[-1].new if self._levels else -_STEP
        column: int = token.start_mark.column
        if self._flow:
            return max(column + self._flow[-1], base + _STEP)
        return max(0, base if isinstance(token, _SIGNS) else base + _STEP)

    def _gap(self, token: Any) -> tuple[tuple[int, int, int], ...]:
        """The space before a word, where the word before it on the line decides how much there is."""
        last = self._last
        if last is None or last.end_mark.line != token.start_mark.line:
            return ()
        between = last.end_mark.column, token.start_mark.column
        if isinstance(token, yaml.ValueToken):
            return ((*between, 0),)
        is_sign = isinstance(last, yaml.ValueToken | yaml.BlockEntryToken) or (
            isinstance(last, yaml.KeyToken) and last.end_mark.column > last.start_mark.column
        )
        return ((*between, 1),) if is_sign else ()

    def _text(self, token: Any) -> int:
        """A text over several lines moves as a whole, its inner shape and its spaces kept. Gives where its sign ends."""
        line, column = token.start_mark.line, token.start_mark.column
        header = _HEADER.match(self._lines[line], column)
        assert header is not None
        around = self._levels[-1]
        told = re.search("[1-9]", header[0])
        below = range(line + 1, len(self._lines))
        first = next((self._lines[one] for one in below if self._lines[one].strip(" ")), "")
        old = around.old + int(told[0]) if told else _indent_of(first)
        new = around.new + (int(told[0]) if told else _STEP)
        for one in below:
            if self._lines[one].strip(" ") and _indent_of(self._lines[one]) < old:
                break
            self.texts[one] = (old, new)
        return header.end()


class _Writer:
    """The lines as they should be."""

    def __init__(self, lines: list[str], layout: _Layout) -> None:
        self._lines = lines
        self._layout = layout
        self._next = _following(lines, layout)

    def written(self) -> Iterator[str]:
        columns = self._comment_columns()
        before: _Words | None = None
        for number, line in enumerate(self._lines):
            words = self._layout.words.get(number)
            if number in self._layout.texts:
                yield _moved_text(line, *self._layout.texts[number])
            elif words is None:
                comment = line.strip(" ")
                yield " " * self._comment_indent(number, before) + comment if comment else ""
            else:
                before = words
                text, comment = _tidy_words(line, words), _comment(line, words)
                yield text.ljust(columns[number]) + comment if comment else text

    def _comment_columns(self) -> dict[int, int]:
        """Comments of one paragraph that stand in one column go on doing so: with the line that moved farthest to the right."""
        groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
        paragraph = 0
        for number, line in enumerate(self._lines):
            paragraph += not line.strip(" ")
            words = self._layout.words.get(number)
            comment = _comment(line, words) if words else ""
            if words and comment:
                moved = len(_tidy_words(line, words)) - words.end
                groups.setdefault((paragraph, len(line.rstrip(" ")) - len(comment)), []).append((number, moved))
        return {number: column + max(moved for _, moved in group) for (_, column), group in groups.items() for number, _ in group}

    def _comment_indent(self, number: int, before: _Words | None) -> int:
        """A comment of its own line goes with what stands in its column: the next line, or a block that was open above it.

        At the edge of the page it stays there, unless the next line leaves the edge.
        """
        column, after = _indent_of(self._lines[number]), self._next[number]
        indent = column
        levels = before.levels if before else ()
        if after is not None and after.start == column:
            indent = after.indent
        elif column and (around := [level for level in levels if level.old <= column]):
            indent = around[-1].new + column - around[-1].old
        if before is not None and before.ends_in_text:
            return min(indent, levels[-1].new)  # deeper, it would become part of the text above it
        return indent


def _following(lines: list[str], layout: _Layout) -> list[_Words | None]:
    """For each line the next one below it that has words."""
    found: list[_Words | None] = []
    below: _Words | None = None
    for number in range(len(lines) - 1, -1, -1):
        found.append(below)
        below = layout.words.get(number, below)
    return found[::-1]


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _tidy_words(line: str, words: _Words) -> str:
    text, at = " " * words.indent, words.start
    for start, end, spaces in words.gaps:
        text += line[at:start] + " " * spaces
        at = end
    return text + line[at : words.end]


def _comment(line: str, words: _Words) -> str:
    return line[words.end :].strip(" ")


def _moved_text(line: str, old: int, new: int) -> str:
    """Spaces beyond the text's own column are part of it; an empty line has none."""
    return " " * new + line[old:] if line[old:] else ""
