"""`planrunner report`: tell a run again from its journal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

# How a terminal shows the styles of a summary.
STYLES = {"plain": "", "strong": "bold", "dim": "dim", "good": "green", "warn": "yellow", "bad": "bold red"}


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
        click.echo(telling.as_json(story), nl=False)
    elif html is not None and str(html) == "-":
        click.echo(telling.as_html(story), nl=False)
    elif html is not None:
        telling.write_whole(html, telling.as_html(story))
        click.echo(f"written: {html}")
    else:
        show(telling.summary(story))
        paths = telling.write_report(story, telling.directory_of(state, kept.info.run))
        click.echo(f"\nwritten: {paths.html}\n         {paths.json}")


def show(lines: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Lines of styled spans: in colour on a terminal, plain text anywhere else."""
    if not sys.stdout.isatty():
        for line in lines:
            click.echo("".join(text for text, _ in line).rstrip())
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(Text.assemble(*((text, STYLES[style]) for text, style in line)), soft_wrap=True)
