"""`planrunner prune`: old runs out of the journal."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, say, say_json

if TYPE_CHECKING:
    from planrunner.app.prune import Pruned

NAMED_UP_TO = 5
LONGEST = 36_500  # days


class _Days(click.ParamType[timedelta]):
    """`90d`, `12w`."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,5})(d|w)", str(value))
        if found is None or not 0 < (days := int(found[1]) * (7 if found[2] == "w" else 1)) <= LONGEST:
            self.fail(f"write it like 90d (days) or 12w (weeks), not `{value}`", param, ctx)
        return timedelta(days=days)


@click.command(short_help="take old runs out of the journal")
@click.option("--older-than", metavar="AGE", type=_Days(), required=True, help="How old at least: 90d, 12w.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--compact", is_flag=True, help="Make the file smaller too, where no run is at work.")
@state_option
@json_option
def prune(*, older_than: timedelta, dry_run: bool, compact: bool, state: Path | None, as_json: bool) -> None:
    """Take runs that are older, and their reports, out of the journal. What they brought stays: `planrunner pnl` says the same
    before and after. Runs that are not over, not settled, in doubt, or whose results may still be corrected are kept, and so is
    what became of every occurrence of a schedule.

    \b
    Examples:
      planrunner prune --older-than 90d --dry-run
      planrunner prune --older-than 52w --compact
    """
    from planrunner.app.prune import prune_runs
    from planrunner.app.scope import state_of

    done = prune_runs(state_of(state), older_than=older_than, dry_run=dry_run, compact=compact)
    say_json(_as_json(done, dry_run=dry_run)) if as_json else _say(done, dry_run=dry_run)


def _say(done: Pruned, *, dry_run: bool) -> None:
    verb = "would go" if dry_run else "went"
    say(Styled(f"{_counted(len(done.gone))} {verb}", bold=True), f", {_counted(done.younger)} younger")
    for reason, runs in done.kept.items():
        more = f" and {len(runs) - NAMED_UP_TO} more" if len(runs) > NAMED_UP_TO else ""
        say(Styled("kept", "yellow"), f"  {', '.join(one.run for one in runs[:NAMED_UP_TO])}{more}: {reason}")
    for note in done.notes:
        say(Styled(note, dim=True))


def _counted(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _as_json(done: Pruned, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "gone": [one.run for one in done.gone],
        "kept": {reason: [one.run for one in runs] for reason, runs in done.kept.items()},
        "younger": done.younger,
        "notes": list(done.notes),
    }
