"""`planrunner stop` and `planrunner release`: hold everything, and let it go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, good, say, say_json

if TYPE_CHECKING:
    from planrunner.app.left import Left
    from planrunner.app.stop import Stopped, Told

PLAN = click.option("--plan", metavar="FILE", help="Only runs of this plan: its file, or its name.")
ACCOUNT = click.option("--account", metavar="NAME", help="Only what is placed on this account.")
RUN = click.option("--run", metavar="RUN", help="Only this run: its id, or the beginning of it.")


@click.command(short_help="place nothing new and take back what rests, now")
@PLAN
@ACCOUNT
@RUN
@click.option("--because", metavar="TEXT", help="Why; told wherever the stop is felt.")
@click.option("--wait", "within", metavar="SECONDS", type=click.IntRange(1, 3600), default=60, show_default=True,
              help="How long to wait until everything is over and told.")  # fmt: skip
@state_option
@json_option
@click.pass_context
def stop(
    ctx: click.Context, *, plan: str | None, account: str | None, run: str | None, because: str | None, within: int,
    state: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Stop everything, or what you name: nothing new is placed and what rests is taken back, at once, also of runs that no
    process drives any more. It holds, whatever is started again, until `planrunner release`.

    \b
    Examples:
      planrunner stop
      planrunner stop --because "prices look wrong"
      planrunner stop --account betfair
      planrunner stop --plan plan.yaml --because "the trainer changed his mind"

    When nothing else works there is the stop file: a file called STOP in the folder of the journal stops everything, whatever
    is in it (its first line is told as the reason), and needs no planrunner to be put there:

    \b
      touch .planrunner/STOP

    It is looked at before every order and once a second by every run. `planrunner release` removes it.

    Exit code 0: all is stopped and nothing rests. 5: something rests or is not known; it is listed with the references to look
    for at the venue.
    """
    from planrunner.app.scope import scope_of, state_of
    from planrunner.app.stop import stop as act

    stopped = act(scope_of(plan=plan, account=account, run=run), state_of(state, plan), because=because, within=float(within))
    if as_json:
        say_json(_as_json(stopped))
    else:
        _say(stopped)
    ctx.exit(stopped.exit)


@click.command(short_help="end a stop, so that runs may begin again")
@PLAN
@ACCOUNT
@RUN
@click.option("--because", metavar="TEXT", required=True, help="Why it may; kept with the stop.")
@state_option
@json_option
@click.pass_context
def release(
    ctx: click.Context, *, plan: str | None, account: str | None, run: str | None, because: str, state: Path | None, as_json: bool
) -> None:
    """End the stop that was made with the same words, and remove the stop file where everything is released. Runs that were
    stopped are over; what is wanted again is run again.

    \b
    Examples:
      planrunner release --because "prices are right again"
      planrunner release --account betfair --because "the venue is back"
    """
    from planrunner.app.documents import halt_document
    from planrunner.app.scope import scope_of, state_of
    from planrunner.app.stop import release as act

    came = act(scope_of(plan=plan, account=account, run=run), state_of(state, plan), because=because)
    if as_json:
        say_json(
            {
                "released": [halt_document(halt) for halt in came.released],
                "still_in_force": [halt_document(halt) for halt in came.still],
                "exit_code": int(came.exit),
            }
        )
    else:
        for halt in came.released:
            say(good("released"), f": {halt.what} ({halt.why})")
        if not came.released:
            say("nothing was stopped with these words")
        for halt in came.still:
            say(Styled("still stopped", "yellow"), f": {halt.what} ({halt.why})")
    ctx.exit(came.exit)


def _say(stopped: Stopped) -> None:
    for trouble in stopped.troubles:
        say(Styled(trouble, "red", bold=True))
    for note in stopped.notes:
        say(Styled(note, "yellow"))
    if stopped.is_in_force:
        say(Styled("stopped", "yellow", bold=True), f": {stopped.scope.what} ({stopped.because}, by {stopped.by})")
        say(f"Nothing of it is placed until: {stopped.release}")
    for told in (*stopped.runs, *stopped.earlier):
        _say_run(told)
    if not stopped.runs and not stopped.earlier and not stopped.troubles:
        say("No run was under way, and nothing rests at a venue as far as the journal knows.")
    elif all(one.is_certain for one in (*stopped.runs, *stopped.earlier)) and not stopped.troubles:
        say(good("\nNothing rests at a venue."))


def _say_run(told: Told) -> None:
    state = Styled("over", "green") if told.is_certain else Styled("look at this", "red", bold=True)
    say(f"\n{told.info.run}  {told.info.plan_name}: ", state)
    say(f"  {told.headline}")
    if told.why:
        say(Styled(f"  {told.why}", "red"))
    say_left(told.left)
    if not told.is_over:
        say(f"  To go on with it: {told.go_on}")
    if told.report is not None and told.is_over:
        say(Styled(f"  {told.report}", dim=True))


def say_left(left: tuple[Left, ...]) -> None:
    """What may still match, a line each."""
    from planrunner.app.left import words

    for one in left:
        say(Styled(f"  {words(one)}", "yellow"))


def _as_json(stopped: Stopped) -> dict[str, object]:
    return {
        "stopped": stopped.is_in_force,
        "scope": stopped.scope.scope.value,
        "name": stopped.scope.name,
        "because": stopped.because,
        "by": stopped.by,
        "at": stopped.at.isoformat(),
        "runs": [_run_as_json(one) for one in stopped.runs],
        "unresolved_before": [_run_as_json(one) for one in stopped.earlier],
        "troubles": list(stopped.troubles),
        "notes": list(stopped.notes),
        "release": stopped.release,
        "exit_code": int(stopped.exit),
    }


def _run_as_json(told: Told) -> dict[str, object]:
    from planrunner.app.documents import left_document

    return {
        "run": told.info.run,
        "plan": told.info.plan_name,
        "plan_file": told.info.plan_file,
        "mode": told.info.mode.value,
        "over": told.is_over,
        "headline": told.headline,
        "left": [left_document(one) for one in told.left],
        "why": told.why,
        "go_on": None if told.is_over else told.go_on,
        "report": str(told.report) if told.report else None,
    }
