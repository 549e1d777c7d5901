"""Profit and loss over many runs as one page that asks nothing of anybody. Every name is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planrunner.report import over_time
from planrunner.report.brought import Brought, By, Sum, sums, totals
from planrunner.report.html import environment

ROWS_UP_TO = 2_000


def in_pieces(brought: Sequence[Brought], *, by: By, mode: str, title: str, notes: Sequence[str]) -> Iterator[str]:
    """The page. Equal histories give equal pages."""
    rows, days = sums(brought, by), sums(brought, By.DAY)
    whole: tuple[Sum, ...] = totals(brought)
    pictures = [over_time.draw(days, one.currency) for one in whole]
    page = environment().get_template("brought.html.j2")
    return page.generate(
        title=title, mode=mode, by=by.value, totals=whole, rows=rows[:ROWS_UP_TO], rows_left=len(rows) - ROWS_UP_TO,
        pictures=[one for one in pictures if one is not None], notes=notes,
    )  # fmt: skip
