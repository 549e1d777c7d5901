"""`planrunner runs`: the history, the newest last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, say, say_json
from planrunner.cli.report import STYLES

if TYPE_CHECKING:
    from planrunner.app.status import Past

LAST = 20


@click.command(short_help="the runs there were, the newest last")
@click.option("--last", metavar="N", type=click.IntRange(1), default=LAST, show_default=True, help="Only so many of them.")
@click.option("--all", "every", is_flag=True, help="All of them.")
@state_option
@json_option
def runs(*, last: int, every: bool, state: Path | None, as_json: bool) -> None:
    """List the runs there were: when, which plan, how each ended, and what it brought once it was settled. `planrunner report
    RUN` tells one of them again.

    \b
    Examples:
      planrunner runs
      planrunner runs --all --json
    """
    from planrunner.app.scope import state_of
    from planrunner.app.status import history

    shown, count = history(state_of(state), last=None if every else last)
    if as_json:
        say_json({"runs": [_as_json(one) for one in shown], "count": count})
        return
    if len(shown) < count:
        say(Styled(f"{count - len(shown)} earlier ones are shown by --all", dim=True))
    for one in shown:
        _say(one)


def _say(one: Past) -> None:
    say(
        Styled(f"{one.info.created:%Y-%m-%d %H:%M} UTC", dim=True),
        f"  {one.info.run}  {one.info.mode.value:<9}  ",
        STYLES[one.tone]._replace(text=one.badge),
        f"  {one.info.plan_name}",
    )
    say(f"    {one.headline}")


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
