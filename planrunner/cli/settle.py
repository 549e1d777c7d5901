"""`planrunner settle`: what the venues say of bets of runs that are over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, good, say, say_json, say_text

if TYPE_CHECKING:
    from planrunner.app.settle import Learned, Looked
    from planrunner.app.settling import Settled


@click.command(short_help="follow the bets of runs that are over until they are settled")
@click.option("--run", metavar="RUN", help="Only this run.")
@click.option("--watch", is_flag=True, help="Go on asking, less and less often, until nothing is open.")
@click.option(
    "--corrections", metavar="DAYS", type=click.IntRange(0, 89), default=7, show_default=True,
    help="How long a settled run is still asked about: venues correct results now and then.",
)  # fmt: skip
@state_option
@json_option
@click.pass_context
def settle(ctx: click.Context, *, run: str | None, watch: bool, corrections: int, state: Path | None, as_json: bool) -> None:
    """Ask the venues what became of the bets of runs that are over, and what commission they charge; write it down in the run
    that each belongs to, and tell its report anew with profit and loss. Nothing is placed and nothing is taken back.

    \b
    Examples:
      planrunner settle
      planrunner settle --watch

    Exit code 0: everybody was asked. 5: a venue could not be asked, or something may be at a venue for all that is known.
    """
    from planrunner.app import settling
    from planrunner.app.scope import state_of

    folder = state_of(state)
    if watch:
        try:
            ctx.exit(settling.watch(folder, _line if as_json else _say, run=run, for_days=corrections).exit)
        except KeyboardInterrupt:
            ctx.exit(0)
    came = settling.settle(folder, run=run, for_days=corrections)
    say_json(_as_json(came)) if as_json else _say(came)
    ctx.exit(came.exit)


def _line(came: Settled) -> None:
    say_text(json.dumps(_as_json(came), ensure_ascii=False) + "\n")


def _say(came: Settled) -> None:
    for one in came.looked:
        _say_account(one)
    if not came.looked:
        say("No run that is over has a bet to be settled.")


def _say_account(one: Looked) -> None:
    mode, at, account = one.pot
    say(Styled(account, bold=True), f"  ({f'{mode.value}, {at}' if at else mode.value})")
    for trouble in filter(None, (one.trouble, *one.troubles)):
        say("  ", Styled(trouble, "red", bold=True))
    for run in one.learned:
        _say_run(run)
    if one.in_doubt:
        text = f"{_counted(one.in_doubt, 'placement')} may be at the venue for all that is known; `planrunner status` lists them"
        say("  ", Styled(text, "red", bold=True))
    if one.open:
        say("  ", Styled(f"{_counted(one.open, 'bet')} not settled yet", "yellow"))
    elif not one.trouble and not one.troubles and not one.in_doubt:
        say("  ", good("everything is settled"))


def _say_run(one: Learned) -> None:
    say(f"  {one.run.run}  {one.run.plan_name}", Styled("  corrected", "yellow", bold=True) if one.is_correction else "")
    for fact in one.facts:
        say(f"    {fact}")
    name = "so far" if not one.is_settled else "profit" if one.net >= 0 else "loss"
    shown = one.net if not one.is_settled else abs(one.net)
    after = f" after {one.commission:.2f} {one.currency} commission" if one.commission else ""
    say(f"    {name} {shown:.2f} {one.currency}{after}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _as_json(came: Settled) -> dict[str, object]:
    return {
        "accounts": [
            {
                "account": one.pot.account,
                "mode": one.pot.mode.value,
                "at": one.pot.at,
                "asked": one.trouble is None,
                "troubles": [*filter(None, (one.trouble, *one.troubles))],
                "runs": list(one.runs),
                "learned": [_learned(each) for each in one.learned],
                "open": one.open,
                "in_doubt": one.in_doubt,
            }
            for one in came.looked
        ],
        "again": None if came.again is None else came.again.isoformat(),
        "exit_code": int(came.exit),
    }


def _learned(one: Learned) -> dict[str, object]:
    return {
        "run": one.run.run,
        "facts": list(one.facts),
        "is_settled": one.is_settled,
        "is_correction": one.is_correction,
        "profit": f"{one.profit} {one.currency}",
        "commission": f"{one.commission} {one.currency}",
        "net": f"{one.net} {one.currency}",
    }
