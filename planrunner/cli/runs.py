"""`planrunner runs`: the history, the newest first."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, say, say_json
from planrunner.cli.report import STYLES

if TYPE_CHECKING:
    from planrunner.app.status import Past
    from planrunner.model.journal import Noted

LIMIT = 20
DAY = click.DateTime(["%Y-%m-%d"])


@click.command(short_help="the runs there were, the newest first")
@click.option("--limit", "--last", metavar="N", type=click.IntRange(1), default=LIMIT, show_default=True,
              help="Only so many of them.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--plan", metavar="PLAN", help="Only this plan, by its file or its name.")
@click.option("--account", metavar="ACCOUNT", help="Only those that placed something on this account.")
@click.option("--is", "is_", type=click.Choice(["running", "finished", "settled"]), help="Only those that are.")
@click.option("--mode", type=click.Choice(["rehearsal", "sandbox", "live"]), help="Only those of this kind.")
@click.option("--since", metavar="DAY", type=DAY, help="Begun on this day (UTC) or later: 2026-12-01.")
@click.option("--until", metavar="DAY", type=DAY, help="Begun on this day (UTC) or earlier.")
@click.option("--not-run", is_flag=True, help="Also what was due and did not run, and why.")
@state_option
@json_option
def runs(
    *,
    limit: int,
    every: bool,
    plan: str | None,
    account: str | None,
    is_: str | None,
    mode: str | None,
    since: datetime | None,
    until: datetime | None,
    not_run: bool,
    state: Path | None,
    as_json: bool,
) -> None:
    """List the runs there were: when, which plan, how each ended, and what it brought once it was settled. `planrunner report
    RUN` tells one of them again.

    \b
    Examples:
      planrunner runs
      planrunner runs --plan chase.yaml --since 2026-12-01 --not-run
      planrunner runs --all --json
    """
    from planrunner.app.history import Wanted, history
    from planrunner.app.scope import state_of
    from planrunner.model.journal import Mode, RunState

    wanted = Wanted(
        plan=plan,
        account=account,
        state=RunState(is_) if is_ else None,
        mode=Mode(mode) if mode else None,
        since=since.date() if since else None,
        until=until.date() if until else None,
        limit=None if every else limit,
        not_run=not_run,
    )
    told = history(state_of(state), wanted)
    if as_json:
        more = {"not_run": [_not_run_as_json(one) for one in told.not_run]} if not_run else {}
        say_json({"runs": [_as_json(one) for one in told.runs], "count": told.count, **more})
        return
    rows = [(one.info.created, partial(_say, one)) for one in told.runs]
    rows += [(one.due.at, partial(_say_not_run, one)) for one in told.not_run]
    for _, tell in sorted(rows, key=itemgetter(0), reverse=True):
        tell()
    if not rows:
        say("No run fits.")
    if len(told.runs) < told.count:
        say(Styled(f"{told.count - len(told.runs)} earlier ones are shown by --all", dim=True))


def _say_not_run(one: Noted) -> None:
    say(
        Styled(f"{one.due.at:%Y-%m-%d %H:%M} UTC", dim=True),
        f"  {'not run':<18}  {one.due.mode.value:<9}  ",
        Styled(one.fate.value, "yellow"),
        f"  {one.due.plan}",
    )
    say(indent(one.text, "    "))


def _not_run_as_json(one: Noted) -> dict[str, object]:
    return {
        "plan_file": one.due.plan,
        "mode": one.due.mode.value,
        "occurrence": one.due.occurrence,
        "due": one.due.at.isoformat(),
        "outcome": one.fate.value,
        "text": one.text,
    }


def _say(one: Past) -> None:
    say(
        Styled(f"{one.info.created:%Y-%m-%d %H:%M} UTC", dim=True),
        f"  {one.info.run}  {one.info.mode.value:<9}  ",
        STYLES[one.tone]._replace(text=one.badge),
        f"  {one.info.plan_name}",
    )
    say(indent(one.headline, "    "))


def _as_json(one: Past) -> dict[str, object]:
    return {
        "run": one.info.run,
        "plan": one.info.plan_name,
        "plan_file": one.info.plan_file,
        "mode": one.info.mode.value,
        "created": one.info.created.isoformat(),
        "state": one.info.state.value,
        "status": one.badge,
        "headline": one.headline,
        "result": f"{one.net} {one.currency}" if one.net is not None else None,
        "exit_code": one.exit_code,
    }
