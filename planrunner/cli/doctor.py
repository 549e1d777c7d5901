"""`planrunner doctor`: is everything fit to bet with?"""

from __future__ import annotations

from pathlib import Path

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, say, say_json


@click.command(short_help="is everything fit to bet with?")
@click.option("--sandbox", metavar="[URL]", is_flag=False, flag_value="",
              help="Look at accounts that only practise too, at `planrunner sandbox serve`.")  # fmt: skip
@state_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, sandbox: str | None, state: Path | None, as_json: bool) -> None:
    """Look at this machine, its files and its accounts, and tell what to do where something is wrong: clock and zones, who may
    write the site file, the credentials and the journal, disk, every record of the journal, runs that nobody drives, stops in
    force, and a login on every account that is for live runs.

    \b
    Examples:
      planrunner doctor
      planrunner doctor --sandbox

    Exit code 4: something is bad.
    """
    from planrunner.app import doctor as app
    from planrunner.app.scope import state_of
    from planrunner.app.venues import SANDBOX

    found = app.diagnose(state_of(state), sandbox=SANDBOX if sandbox == "" else sandbox)
    if as_json:
        lines = [{"check": one.check, "health": one.health.value, "text": one.text, "do": one.do or None} for one in found.lines]
        say_json({"lines": lines, "exit_code": int(found.exit)})
    else:
        colours = {"ok": "green", "warn": "yellow", "bad": "red"}
        for one in found.lines:
            word = Styled(f"{one.health.value:<4}", colours[one.health.value], bold=one.health.value == "bad")
            say(word, f"  {one.check}: {one.text}")
            if one.do:
                say(f"      {one.do}")
    ctx.exit(found.exit)
