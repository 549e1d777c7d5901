"""PR221: tables that can't be read."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem, problem, quoted


def _of_table(at: Span, text: str) -> Problem:
    return problem("PR221", at, text)


def too_large(at: Span, size: int, most: int) -> Problem:
    return _of_table(at, f"the table is {size / 1048576:.1f} MiB; planrunner reads tables of at most {most // 1048576} MiB.")


def not_utf8(at: Span) -> Problem:
    return _of_table(at, "the table is not UTF-8 text; save it from your spreadsheet as `CSV UTF-8`.")


def nothing_here(at: Span) -> Problem:
    return _of_table(at, "there is nothing in this table; its first line has the headers, the lines below one bet each.")


def no_headers(at: Span) -> Problem:
    return _of_table(at, "the first line of the table has no headers.")


def other_separator(at: Span, sign: str) -> Problem:
    return _of_table(at, f"the cells of this table are parted by `{sign}`; save it with `;` or `,` between them.")


def a_row_first(at: Span, text: str) -> Problem:
    words = f"the first line of a table names its columns, and {quoted(text)} is no name; write a line above it: event;odds;stake"
    return _of_table(at, f"{words} and so on.")


def a_title_first(at: Span) -> Problem:
    return _of_table(at, "the first line of a table names its columns; take this title out, or put the names above it.")


def no_rows(at: Span) -> Problem:
    return _of_table(at, "the table has headers and no rows.")


def no_header(at: Span) -> Problem:
    return _of_table(at, "this column has no header.")


def same_header(at: Span, name: str, first: int) -> Problem:
    return _of_table(at, f"a second column is called `{name}`; the first begins at character {first} of the line.")


def too_many_rows(at: Span, most: int) -> Problem:
    return _of_table(at, f"the table has more than {most:,} rows.")


def too_many_cells(at: Span, cells: int, columns: int, more: Sequence[int]) -> Problem:
    text = f"this row has {cells} cells, and the table {columns} columns; a cell that holds the separator stands in quotes"
    return _of_table(at, text + _also_on(more))


def too_few_cells(at: Span, cells: int, columns: int, more: Sequence[int]) -> Problem:
    text = (
        f"this row has {cells} cell{'s' if cells > 1 else ''}, and the table {columns} columns; leave a cell empty, but not out"
    )
    return _of_table(at, text + _also_on(more))


def open_quote(at: Span) -> Problem:
    return _of_table(at, 'the quote that opens here is not closed; a quote inside a cell is written twice, `""`.')


def after_quote(at: Span) -> Problem:
    return _of_table(at, 'something follows the quote that ends this cell; a quote inside a cell is written twice, `""`.')


def _also_on(lines: Sequence[int]) -> str:
    if not lines:
        return "."
    shown = ", ".join(str(line) for line in lines[:5])
    rest = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f" (also on line{'s' if len(lines) > 1 else ''} {shown}{rest})."
