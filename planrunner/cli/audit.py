"""`planrunner audit`: journal and venue held against each other by somebody who takes neither's word."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, good, say, say_json

if TYPE_CHECKING:
    from planrunner.app.audit import Told


@click.command(short_help="hold the journal against the venue's own log")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--venue-log", metavar="FILE|URL",
              help="The venue's own log: a file (`sandbox serve --log`), or the address of a sandbox.")  # fmt: skip
@click.option("--clocks", metavar="SECONDS", type=click.IntRange(min=0), default=0, show_default=True,
              help="How far the venue's clock may be behind this machine's.")  # fmt: skip
@state_option
@json_option
@click.pass_context
def audit(
    ctx: click.Context, *, runs: tuple[str, ...], venue_log: str | None, clocks: int, state: Path | None, as_json: bool
) -> None:
    """Audit RUNs, or all runs: was nothing placed twice, is every bet explained by an intent written down before it, is every
    fill, cancel and lapse in the journal, do sizes add up, did every limit hold at every moment, was nothing placed under a stop,
    is nothing left open that nobody looks after, was no record changed.

    The auditor shares no code with the rest of planrunner. It reads what a run left in the journal and what the venue says by
    itself; without the venue's log it can tell only whether the journal agrees with itself. RUN is a run's id, the beginning of
    one, or a plan file (all its runs).

    \b
    Examples:
      planrunner audit
      planrunner audit --venue-log http://127.0.0.1:8765
      planrunner audit plan.yaml --venue-log venue.jsonl --json

    Exit code 0: nothing was found. 5: a person must look.
    """
    from planrunner.app import audit as auditing

    beside = next((Path(name).absolute().parent for name in runs if Path(name).is_file()), Path())
    folder = state or beside / ".planrunner"
    told = auditing.run(auditing.Asked(runs=runs, state=folder, venue_log=venue_log, clocks=timedelta(seconds=clocks)))
    if as_json:
        say_json(auditing.as_json(told))
    else:
        _say(told)
    ctx.exit(told.exit)


def _say(told: Told) -> None:
    audited = told.audited
    run = ""
    for finding in audited.findings:
        if (finding.run or "no run") != run:
            run = finding.run or "no run"
            say(Styled(f"{run}:", bold=True))
        say("  ", Styled(finding.code.value, "red", bold=True), f": {finding.text}")
        for who, what in (("the journal says:", finding.journal), ("the venue says:  ", finding.venue)):
            if what:
                say(Styled(f"    {who} ", dim=True), what)
    for note in audited.notes:
        say(Styled("note", "yellow"), f": {note}")
    counted = f"{_many(audited.runs, 'run')} with {_many(audited.placements, 'placement')}"
    if told.venue_log is None:
        counted += ", by the journal alone: name the venue's log with --venue-log to hold it against that"
    else:
        counted += f", against {_many(audited.bets, 'bet')} of {told.venue_log}"
    verdict = Styled(_many(len(audited.findings), "finding"), "red", bold=True) if audited.findings else good("clean")
    say(verdict, f": {counted}")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
