"""`planrunner reconcile`: our own record beside the venue's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, good, say, say_json

if TYPE_CHECKING:
    from planrunner.app.differences import Difference
    from planrunner.app.reconcile import AccountReport, Reconciled


@click.command(short_help="our own record beside the venue's")
@click.argument("account", required=False)
@click.option("--adopt", is_flag=True, help="Write down what the venue says of our bets in the runs they belong to.")
@state_option
@json_option
@click.pass_context
def reconcile(ctx: click.Context, *, account: str | None, adopt: bool, state: Path | None, as_json: bool) -> None:
    """Ask the venue for all bets of ACCOUNT (of every account that has something, without it) and tell what differs from our own
    record: bets that no run knows, bets that a run believes in and the venue does not have, sizes that differ, results that
    nobody has heard of yet. Nothing is placed and nothing is taken back.

    With --adopt what the venue says of our bets is written down in the run that each belongs to, so that reports and limits
    are right again. Runs that are at work learn by themselves.

    \b
    Examples:
      planrunner reconcile
      planrunner reconcile betfair --adopt

    Exit code 0: both say the same. 5: something differs, or the venue could not be asked.
    """
    from planrunner.app import reconcile as app
    from planrunner.app.scope import state_of

    came = app.reconcile(state_of(state), account=account, adopt=adopt)
    say_json(_as_json(came)) if as_json else _say(came, adopt=adopt)
    ctx.exit(came.exit)


def _say(came: Reconciled, *, adopt: bool) -> None:
    for trouble in came.troubles:
        say(Styled(trouble, "red", bold=True))
    for one in came.accounts:
        _say_account(one)
    if not came.accounts:
        say("No run has anything at a venue, so there is nothing to compare.")
    elif not adopt and any(each.can_be_adopted for one in came.accounts for each in one.differences):
        say("\nTo write down what the venue says: planrunner reconcile --adopt")


def _say_account(one: AccountReport) -> None:
    where = f"{one.mode.value}, {one.url}" if one.url else one.mode.value
    say(Styled(f"{one.account}", bold=True), f"  ({where})  {_counted(one.bets, 'bet')}, {_counted(one.runs, 'run')} compared")
    if one.trouble:
        say(Styled(f"  not asked: {one.trouble}", "red", bold=True))
    for each in one.adopted:
        say("  ", good("adopted"), f"  {_words(each)}")
    for each in one.differences:
        say("  ", Styled("look", "red", bold=True) if each.needs_a_look else Styled("note", "yellow"), f"  {_words(each)}")
    if not one.trouble and not one.differences:
        say("  ", good("both say the same"))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _words(each: Difference) -> str:
    if each.run is None:
        return each.text
    at_work = " (the run is at work)" if each.at_work else ""
    return f"run {each.run}, {each.order}, reference {each.ref}{at_work}: {each.text}"


def _as_json(came: Reconciled) -> dict[str, object]:
    return {
        "accounts": [
            {
                "account": one.account,
                "mode": one.mode.value,
                "at": one.url,
                "asked": one.trouble is None,
                "trouble": one.trouble,
                "bets": one.bets,
                "runs": one.runs,
                "differences": [_difference(each) for each in one.differences],
                "adopted": [_difference(each) for each in one.adopted],
            }
            for one in came.accounts
        ],
        "troubles": list(came.troubles),
        "exit_code": int(came.exit),
    }


def _difference(each: Difference) -> dict[str, object]:
    return {
        "kind": each.kind.value,
        "text": each.text,
        "run": each.run,
        "order": each.order,
        "reference": each.ref,
        "bet": each.bet.bet if each.bet else None,
        "needs_a_look": each.needs_a_look,
        "can_be_adopted": each.can_be_adopted,
        "run_is_at_work": each.at_work,
    }
