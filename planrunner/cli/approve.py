"""`planrunner approve`: sign that a plan may run live, just as it was shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import given_options
from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import ask_secret, confirm, good, say, say_json

if TYPE_CHECKING:
    from planrunner.app.approve import Ready, Signed

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="sign that a plan may run live, as it is shown")
@click.argument("what", metavar="PLAN|PREVIEW.json", type=FILE, required=False)
@click.option("--as", "name", metavar="NAME", help="Who approves, by the name in the site file [default: whose key is here].")
@click.option("--key", type=FILE, metavar="FILE", help="The private key [default: ~/.config/planrunner/keys/NAME.key].")
@click.option("--valid-for", metavar="TIME", help="How long it holds, as 12h or 3d [default: as long as the site file lets it].")
@click.option("--author", "authors", metavar="NAME", multiple=True, help="Who wrote the plan, where git does not tell.")
@click.option("--new-key", metavar="NAME", help="Make a key for an approver, and print the lines for the site file.")
@click.option("--market-data", type=FILE, metavar="FILE",
              help="Look the names up in a recorded market or a saved catalogue, and approve the ids they lead to.")  # fmt: skip
@given_options
@state_option
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask: the preview was read before.")
@json_option
@click.pass_context
def approve(
    ctx: click.Context, *, what: Path | None, name: str | None, key: Path | None, valid_for: str | None, authors: tuple[str, ...],
    new_key: str | None, market_data: Path | None, set_values: dict[str, str], inputs: str | None, state: Path | None,
    is_sure: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show what PLAN will do, and sign that it may run with real money: exactly this plan, with these inputs, under this policy.
    The approval is a file in the folder `approvals` beside the plan, to be committed with it. It is used once, or once each time
    a plan with `when` is due, and it expires.

    Of a preview that was saved, all that follows from the plan and the market data at hand is worked out again and has to be the
    same; what can't be is told, and not signed.

    Whoever wrote the plan can't be the only one who approves it. Comments, the order of keys and the name of the file may change
    afterwards; whatever changes what the plan means voids the approval.

    Exit code 0: signed; 1: the plan has problems; 2: wrong use; 3: you may not, or the preview is of something else.

    \b
    Examples:
      planrunner approve --new-key ann
      planrunner approve plan.yaml
      planrunner approve plan.yaml --set stake="5.00 GBP" --valid-for 12h
      planrunner approve preview.json --as ann --yes
    """
    from planrunner.app import approve as app
    from planrunner.plan.given import Given
    from planrunner.runtime.clock import wall_now

    if new_key is not None:
        _make_key(new_key, key, as_json=as_json)
        return
    if what is None:
        raise click.UsageError("say which plan to approve: planrunner approve plan.yaml")
    if as_json and not is_sure:
        raise click.UsageError("--json asks nothing; read the preview first, and say --yes with it")
    asked = app.Asked(
        what=what, name=name, key=key, valid_for=valid_for, authors=authors, given=Given(values=set_values, file=inputs),
        state=state, market_data=market_data,
    )  # fmt: skip
    ready = app.prepare(asked, now=wall_now(), environment=os.environ, ask=ask_secret)
    if not as_json:
        _show(ready)
    if not is_sure and not _is_wanted(ready):
        say("Nothing was signed.")
        ctx.exit(3)
    signed = app.sign(ready, now=wall_now(), state=state)
    if as_json:
        say_json(_as_json(ready, signed))
    else:
        _tell(ready, signed)


def _show(ready: Ready) -> None:
    from planrunner.app.approve import caveats, how_often
    from planrunner.app.preview import as_text
    from planrunner.review.preview import bound
    from planrunner.runtime.clock import wall_now

    say(as_text((ready.preview,)))
    for one in ready.unchecked:
        say(f"Not checked, and no part of what is signed: {one}.")
    now = wall_now()
    for one in caveats(ready, now=now):
        say(f"{one}.")
    until, who = f"{now + ready.valid_for:%Y-%m-%d %H:%M} UTC", ready.signer.approver.name
    say(f"This approves {ready.plan.name} for {how_often(ready.uses)} with real money, until {until}, as {who}.")
    say(f"Written by: {', '.join(ready.authors)}. What is signed: {bound(ready.preview)}")


def _is_wanted(ready: Ready) -> bool:
    try:
        return confirm(f"Do you approve {ready.plan.name} just so? (yes, no)")
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody is here to answer; read the preview, and then say --yes") from None


def _tell(ready: Ready, signed: Signed) -> None:
    from planrunner.app.approvals import command
    from planrunner.review.approvals import Refusal

    say(good(f"approved: {signed.file}"))
    if isinstance(signed.found, Refusal):
        say("It may not run live yet:")
        for one in signed.found.reasons:
            say(f"- {one}")
    elif ready.is_live:
        say(f"It may run live: {command(ready.plan, ready.given, 'run')} --live")


def _as_json(ready: Ready, signed: Signed) -> dict[str, object]:
    from planrunner.review.approvals import Refusal

    reasons = signed.found.reasons if isinstance(signed.found, Refusal) else ()
    told = {name: signed.document[name] for name in ("bound", "approver", "authors", "signed_at", "expires_at", "uses")}
    return {"file": str(signed.file), **told, "holds": not reasons, "reasons": list(reasons), "unchecked": list(ready.unchecked)}


def _make_key(name: str, path: Path | None, *, as_json: bool) -> None:
    from planrunner.app import keys

    passphrase = os.environ.get(keys.PASSPHRASE, "")
    if not passphrase and sys.stdin.isatty():
        passphrase = ask_secret("A passphrase for it (empty: none):")
    file, public = keys.make(name, path, environment=os.environ, passphrase=passphrase)
    if as_json:
        say_json({"file": str(file), "name": name, "key": public})
        return
    say(good(f"written: {file}"), ". It stays with you. In the site file, under `policy`:")
    say(f"  approvers:\n    {name}:\n      key: {public}\n      email: {name}@example.org  # that of your commits")
