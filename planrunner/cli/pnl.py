"""`planrunner pnl`: profit and loss over many runs."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, say, say_json, say_text

if TYPE_CHECKING:
    from planrunner.app.pnl import ProfitAndLoss, Sum


DAY = click.DateTime(["%Y-%m-%d"])
HEADS = ("runs", "staked", "matched", "profit", "commission", "net", "open", "at risk")


@click.command(short_help="profit and loss over many runs")
@click.option("--by", type=click.Choice(["plan", "account", "venue", "day", "run"]), default="plan", show_default=True)
@click.option("--since", metavar="DAY", type=DAY, help="Runs that began on this day or later (2026-12-01).")
@click.option("--until", metavar="DAY", type=DAY, help="Runs that began on this day or earlier.")
@click.option("--plan", metavar="PLAN", help="Only this plan, by its file or its name.")
@click.option("--account", metavar="ACCOUNT", help="Only this account.")
@click.option("--mode", type=click.Choice(["live", "sandbox"]), help="[default: live, or sandbox where nothing was live]")
@click.option("--csv", "as_csv", is_flag=True, help="Print it for a spreadsheet.")
@click.option("--html", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Write a page with a picture to FILE (- for standard output).")  # fmt: skip
@state_option
@json_option
def pnl(
    *,
    by: str,
    since: datetime | None,
    until: datetime | None,
    plan: str | None,
    account: str | None,
    mode: str | None,
    as_csv: bool,
    html: Path | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Sum up what runs brought: staked, matched, profit, commission, and what is still open and at risk. Live and practice money
    are never mixed, and neither are currencies. A run counts on the day it began, where its account is.

    \b
    Examples:
      planrunner pnl
      planrunner pnl --by day --since 2026-12-01 --html december.html
      planrunner pnl --by plan --csv
    """
    from planrunner.app import pnl as app
    from planrunner.app.report import write_whole
    from planrunner.app.scope import state_of
    from planrunner.model.journal import Mode

    if as_csv + as_json + (html is not None) > 1:
        raise click.UsageError("--csv, --html and --json don't go together: each is one form")
    wanted = app.Wanted(
        by=app.By(by), since=_day(since), until=_day(until), plan=plan, account=account, mode=Mode(mode) if mode else None
    )
    told = app.pnl(state_of(state), wanted)
    if as_json:
        say_json(app.as_json(told))
    elif as_csv:
        say_text(app.as_csv(told))
    elif html is not None and str(html) == "-":
        for piece in app.as_html(told):
            say_text(piece)
    elif html is not None:
        write_whole(html, app.as_html(told))
        say(f"written: {html}")
    else:
        _say(told)


def _day(at: datetime | None) -> date | None:
    return None if at is None else at.date()


def _say(told: ProfitAndLoss) -> None:
    from planrunner.app.pnl import cells

    if not told.brought:
        say("No run that asked for something fits.")
    rows = told.rows
    wide = max((len(one.name) for one in rows), default=0)
    wide = min(max(wide, len(told.wanted.by.value), len("all of it")), 60)
    for total in told.totals:
        of = [one for one in rows if one.currency == total.currency]
        lines = [cells(one) for one in (*of, total)]
        widths = [max(len(head), *(len(line[at]) for line in lines)) for at, head in enumerate(HEADS)]
        say(Styled(f"{total.currency}, {told.mode.value}", bold=True))
        heads = "  ".join(head.rjust(width) for head, width in zip(HEADS, widths, strict=True))
        say(Styled(f"  {told.wanted.by.value:<{wide}}  {heads}", dim=True))
        for one, line in zip((*of, total), lines, strict=True):
            _say_row(one, one.name[:wide].ljust(wide), line, widths)
    for note in told.notes:
        say(Styled(note, dim=True))


def _say_row(one: Sum, name: str, cells: tuple[str, ...], widths: list[int]) -> None:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    net = HEADS.index("net")
    is_total = not one.name
    say(
        Styled(f"  {name if one.name else 'all of it'.ljust(len(name))}  {'  '.join(padded[:net])}  ", bold=is_total),
        Styled(padded[net], "green" if one.net > 0 else "red" if one.net < 0 else None, bold=is_total),
        Styled(f"  {'  '.join(padded[net + 1 :])}".rstrip(), bold=is_total),
    )
