"""`planrunner report`: tell a run again from its journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from planrunner.cli.output import Styled, say, say_text

# How a terminal shows the styles of a summary.
STYLES = {
    "plain": Styled(""),
    "strong": Styled("", bold=True),
    "dim": Styled("", dim=True),
    "good": Styled("", "green"),
    "warn": Styled("", "yellow"),
    "bad": Styled("", "red", bold=True),
}


@click.command(short_help="tell a run again from its journal")
@click.argument("run", required=False)
@click.option("--state", "state", metavar="DIR", type=click.Path(path_type=Path),
              help="The folder of the journal [default: .planrunner beside the plan, or here].")  # fmt: skip
@click.option("--json", "json", is_flag=True, help="Print the report as JSON (schema: planrunner schema report).")
@click.option("--html", "html", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="Write the page to FILE instead (- for standard output).")  # fmt: skip
def report(run: str | None, state: Path | None, *, json: bool, html: Path | None) -> None:
    """Tell RUN again: what it was asked, what matched, what each fallback step did, what came of it.

    RUN is a run's id, the beginning of one, or a plan file (its latest run); without it, the latest run of all. Prints a
    summary and writes report.json and report.html to runs/RUN.

    \b
    Examples:
      planrunner report plan.yaml
      planrunner report 20261205-1429 --json
    """
    from planrunner.app import report as telling

    if json and html is not None:
        raise click.UsageError("--json and --html don't go together: each prints or writes one form of the report")
    if state is None:
        of_plan = run is not None and Path(run).is_file()
        state = (Path(run).absolute().parent if run and of_plan else Path()) / telling.STATE
    kept = telling.find_run(state, run)
    story = telling.story_of(kept.info, kept.records)
    if json:
        for piece in telling.as_json(story):
            say_text(piece)
    elif html is not None and str(html) == "-":
        for piece in telling.as_html(story):
            say_text(piece)
    elif html is not None:
        telling.write_whole(html, telling.as_html(story))
        say(f"written: {html}")
    else:
        show(telling.summary(story))
        paths = telling.write_report(story, telling.directory_of(state, kept.info.run))
        say(f"\nwritten: {paths.html}\n         {paths.json}")


def show(lines: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Lines of styled spans."""
    for line in lines:
        *before, last = line or [("", "plain")]
        say(*(STYLES[style]._replace(text=text) for text, style in [*before, (last[0].rstrip(), last[1])]))
