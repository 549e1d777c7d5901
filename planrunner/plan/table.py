"""A table as bettors have it: a CSV file out of a spreadsheet, in whatever dress the spreadsheet gave it.

Read here and not by `csv`, because a bad cell is told by its line and column; what the cells hold is what `csv` says (a test
holds the two against each other).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planrunner.plan import letters
from planrunner.plan.messages import table as say
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem

LARGEST = 1 << 20  # bytes, as of a plan
MOST_ROWS = 10_000
_LINE_ENDS = re.compile("\r\n|\r|\n")
_QUOTED = re.compile(r' *"((?:[^"]|"")*)"([ ]*)')
_DELIMITERS = ";\t,"
_SEP = re.compile(r"sep=([;,\t])(?:\r\n|\r|\n)", re.IGNORECASE)  # Excel's own first line
_AMOUNT = re.compile(r"[£€$]?[0-9]+[.,/][0-9]+(?: [A-Z]{3})?|[£€$][0-9]+|[0-9]+ [A-Z]{3}")  # what heads no column
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Table(NamedTuple):
    """`columns` as templates name them. Every row has a cell for each; an empty one has an empty text. None is a row whose cells
    nobody can tell apart."""

    columns: tuple[str, ...]
    rows: list[dict[str, Scalar] | None]
    lines: list[str]
    problems: list[Problem]


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


def column_name(header: str) -> str:
    """`Each-way price` is `each_way_price`: a word that a template can name."""
    return re.sub(r"\W+", "_", header.strip().lower()).strip("_")


def read(data: bytes, file: str) -> Table:
    """Never raises. Without columns nothing of the table can be used."""
    top = Span(1, 1, file=file)
    if len(data) > LARGEST:
        return Table((), [], [], [say.too_large(top, len(data), LARGEST)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return Table((), [], [], [say.not_utf8(top if data[:2] in _UTF16 else top._replace(line=line))])
    lines = _LINE_ENDS.split(text)
    try:
        records = list(_records(text, file))
    except _Unreadable as told:
        return Table((), [], lines, [told.problem])
    if not records:
        return Table((), [], lines, [say.nothing_here(top)])
    return _table(records, lines, file)


def _table(records: list[list[Scalar]], lines: list[str], file: str) -> Table:
    problems: list[Problem] = []
    headers, *body = records
    columns = [column_name(header.text) for header in headers]
    while columns and not columns[-1] and all(not row[len(columns) - 1 :] or not row[len(columns) - 1].text for row in body):
        columns.pop()
    if strange := _no_headers(headers, columns):
        return Table((), [], lines, [strange])
    first: dict[str, Scalar] = {}
    for header, column in zip(headers, columns, strict=False):
        if not column:
            problems.append(say.no_header(header.span))
        elif column in first:
            problems.append(say.same_header(header.span, column, first[column].column))
        else:
            first[column] = header
    if not first:
        return Table((), [], lines, [say.no_headers(headers[0].span)])
    if problems:
        return Table((), [], lines, problems)
    if not body:
        problems.append(say.no_rows(Span(1, 1, file=file)))
    elif len(body) > MOST_ROWS:
        problems.append(say.too_many_rows(body[MOST_ROWS][0].span, MOST_ROWS))
        body = body[:MOST_ROWS]
    problems += _ragged(body, columns)
    problems += _odd_letters(body, headers)
    return Table(tuple(first), [_row(row, columns) for row in body], lines, problems)


def _no_headers(headers: list[Scalar], columns: Sequence[str]) -> Problem | None:
    """A first line that is a title, a row, or no table's at all."""
    if len(columns) == 1 and len(headers[0].text) > 1 and "|" in headers[0].text:
        return say.other_separator(headers[0].span, "|")
    amounts = [one for one in headers if _AMOUNT.fullmatch(one.text)]
    if len(amounts) > 1:
        return say.a_row_first(amounts[0].span, amounts[0].text)
    if len(columns) > 2 and sum(map(bool, columns)) == 1:
        return say.a_title_first(next(one for one, column in zip(headers, columns, strict=False) if column).span)
    return None


def _row(row: Sequence[Scalar], columns: Sequence[str]) -> dict[str, Scalar] | None:
    return None if _is_long(row, columns) or len(row) < len(columns) else dict(zip(columns, row, strict=False))


def _is_long(row: Sequence[Scalar], columns: Sequence[str]) -> bool:
    return any(cell.text for cell in row[len(columns) :])


def _ragged(body: list[list[Scalar]], columns: Sequence[str]) -> list[Problem]:
    """Said of the first row that has too many cells, and of the first that has too few: most often one cause made them all."""
    count = len(columns)
    long = [row for row in body if _is_long(row, columns)]
    short = [row for row in body if len(row) < count]
    found = []
    if long:
        cell = next(cell for cell in long[0][count:] if cell.text)
        found.append(say.too_many_cells(cell.span, len(long[0]), count, [row[0].line for row in long[1:]]))
    if short:
        found.append(say.too_few_cells(short[0][0].span, len(short[0]), count, [row[0].line for row in short[1:]]))
    return found


def _odd_letters(body: list[list[Scalar]], headers: list[Scalar]) -> Iterator[Problem]:
    """A name in a word processor's quotes, or with a letter of another alphabet, is found at no venue."""
    for row in body:
        for cell, header in zip(row, headers, strict=False):
            if not cell.text.isascii() and (problem := letters.judge(cell._replace(style=None), header)):
                yield problem


def _records(text: str, file: str) -> Iterator[list[Scalar]]:
    """Rows of cells; rows in which nothing stands are no rows."""
    at, line = 0, 1
    if sep := _SEP.match(text):
        at, line = sep.end(), 2
    delimiter = sep[1] if sep else _delimiter(text)
    plain = re.compile(f"[^{delimiter}\r\n]*")
    row: list[Scalar] = []
    begin = at  # of the line
    while at < len(text):
        cell, end = _cell(text, at, plain, delimiter, Span(line, at - begin + 1, file=file))
        row.append(cell)
        breaks = list(_LINE_ENDS.finditer(text, at, end))
        if breaks:  # inside quotes
            line, begin = line + len(breaks), breaks[-1].end()
        if text[end : end + 1] == delimiter:
            at = end + 1
            if at < len(text):
                continue
            row.append(Scalar("", line, at - begin + 1, 1, '"', file))
        else:
            stop = _LINE_ENDS.match(text, end)
            at = stop.end() if stop else len(text)
        if any(one.text for one in row):
            yield row
        row, line, begin = [], line + 1, at
        # a line that ends with a delimiter has one more, empty cell: the loop above reads it as such


def _cell(text: str, at: int, plain: re.Pattern[str], delimiter: str, span: Span) -> tuple[Scalar, int]:
    """A cell and where it ends. What surrounds it is no part of it."""
    lead = 0
    while text[at + lead : at + lead + 1] == " ":
        lead += 1
    if text[at + lead : at + lead + 1] != '"':
        found = plain.match(text, at)
        assert found is not None
        content = found[0].strip()
        before = len(found[0]) - len(found[0].lstrip())
        return Scalar(content, span.line, span.column + before, max(1, len(content)), '"', span.file), found.end()
    quoted = _QUOTED.match(text, at)
    if quoted is None:
        raise _Unreadable(say.open_quote(span._replace(column=span.column + lead)))
    end = quoted.end()
    if text[end : end + 1] not in ("", delimiter, "\r", "\n"):
        raise _Unreadable(say.after_quote(Span(span.line, span.column + end - at, file=span.file)))
    inside = quoted[1].replace('""', '"').strip()
    width = end - at - lead - len(quoted[2]) if not _LINE_ENDS.search(quoted[1]) else 1
    return Scalar(inside, span.line, span.column + lead, width, '"', span.file), end


def _delimiter(text: str) -> str:
    """The one that the line of headers has most of."""
    head = re.sub('"(?:[^"]|"")*"', "", _LINE_ENDS.split(text.lstrip("\r\n"), maxsplit=1)[0])
    return max(_DELIMITERS, key=lambda one: (head.count(one), one == ","))
