"""`planrunner verify`: whether an approval holds for exactly what would run now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import given_options
from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import good, say, say_json

if TYPE_CHECKING:
    from planrunner.app.approve import Judged
    from planrunner.review.approvals import Held


@click.command(short_help="tell whether an approval holds for a plan as it is now")
@click.argument("plan", metavar="PLAN|PREVIEW.json", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--market-data", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="What the names in a saved preview are looked up in.")  # fmt: skip
@given_options
@state_option
@json_option
@click.pass_context
def verify(
    ctx: click.Context, *, plan: Path, market_data: Path | None, set_values: dict[str, str], inputs: str | None,
    state: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Tell whether PLAN may run live: whether enough people approved exactly what would run now, with these inputs and under the
    policy of the site file. If not, every reason is told, and what has changed since it was approved.

    Of a saved preview it also tells whether that says what planrunner says of its plan now, and what of it can't be checked.

    Nothing is asked of a venue. Exit code 0: it is approved; 1: the plan has problems; 2: wrong use; 3: it is not approved, or
    the preview says something else.

    \b
    Examples:
      planrunner verify plan.yaml
      planrunner verify plan.yaml --set stake="5.00 GBP"
      planrunner verify preview.json --json
    """
    from planrunner.app import approve as app
    from planrunner.app.approvals import command
    from planrunner.plan.given import Given
    from planrunner.review.approvals import Held
    from planrunner.runtime.clock import wall_now

    given = Given(values=set_values, file=inputs)
    judged = app.verify(app.Asked(what=plan, given=given, state=state, market_data=market_data), now=wall_now())
    if as_json:
        say_json(_as_json(judged))
    else:
        _tell(plan, judged, command(plan, given))
    ctx.exit(0 if isinstance(judged.found, Held) else 3)


def _as_json(judged: Judged) -> dict[str, object]:
    from planrunner.review.approvals import Held
    from planrunner.review.preview import bound

    found, preview = judged.found, judged.said.preview
    approvals, reasons, changes = (found.approvals, (), ()) if isinstance(found, Held) else ((), found.reasons, found.changes)
    told = [
        {"approver": one.approver, "file": one.file, "expires_at": one.expires_at.isoformat(), "uses": one.uses.value}
        for one in approvals
    ]
    return {
        "holds": isinstance(found, Held), "bound": bound(preview), "digest": preview.digest, "approvals": told,
        "reasons": list(reasons), "changes": list(changes), "unchecked": list(judged.said.unchecked),
        "authors": list(judged.authors),
    }  # fmt: skip


def _tell(plan: Path, judged: Judged, to_approve: str) -> None:
    from planrunner.app.approvals import lines_of
    from planrunner.review.approvals import Held

    found = judged.found
    for one in judged.said.unchecked:
        say(f"Not checked: {one}.", err=not isinstance(found, Held))
    if isinstance(found, Held):
        _tell_held(plan, found, judged.authors)
        return
    say(f"{plan} is not approved as it is now.", err=True)
    for line in lines_of(found):
        say(line, err=True)
    say(f"To approve it: {to_approve}", err=True)


def _tell_held(plan: Path, found: Held, authors: Sequence[str]) -> None:
    from planrunner.app.approve import as_lines
    from planrunner.review.words import listed

    say(good(f"{plan} is approved as it is now"))
    for line in as_lines(found):
        say(f"- {line}")
    if authors:
        say(f"- written by {listed(authors)}, as git tells now")
        return
    named = sorted({name for one in found.approvals for name in one.authors})
    say(f"- written by {listed(named)}, as was said when it was signed: no repository tells here")
