"""`planrunner check`: is a plan right, and if not, what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.formats import Wanted, format_option, refuse_two_outputs, takes_output, write
from planrunner.cli.given import from_stdin, given_options
from planrunner.cli.output import Styled, good, problem_parts, say, say_json
from planrunner.model.shown import harmless

if TYPE_CHECKING:
    from planrunner.app.judged import FileResult, Results


@click.command(short_help="say whether plans are right, and what to write if not")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The site file [default: planrunner.yaml beside each plan].")  # fmt: skip
@given_options
@click.option("--skip-others", is_flag=True, help="Pass over files that are no plans, and over nothing else.")
@format_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def check(
    ctx: click.Context, files: tuple[str, ...], *, site: Path | None, set_values: dict[str, str], inputs: str | None,
    skip_others: bool, formats: tuple[Wanted, ...], as_json: bool,
) -> None:  # fmt: skip
    """Check plans. FILE is a plan, a folder (the plans right in it), or - for standard input.

    Nothing is asked of a venue and no credentials are needed. Exit code 0: all valid; 1: problems; 2: nothing was checked,
    or a file can't be read.

    \b
    Examples:
      planrunner check plan.yaml
      planrunner check plans/ --json
      planrunner check blueprint.yaml --set selection=Arsenal --set stake="5.00 GBP"
      planrunner check plans/ --format sarif=plans.sarif --format junit=plans.xml
    """
    from planrunner.app.check import check_files
    from planrunner.plan.given import Given

    given = Given(values=set_values, file=inputs)
    refuse_two_outputs(formats, as_json=as_json)
    results = check_files(files, read_stdin=from_stdin, site=site, given=given, skip_others=skip_others)
    if formats:
        from planrunner.app.findings import of_check

        write(formats, of_check(results))
    if not takes_output(formats):
        tell(results, as_json=as_json)
        for text in results.unreadable:
            say(text, err=True)
    if results.unreadable:
        ctx.exit(2)
    ctx.exit(1 if results.has_problems else 0)


def tell(results: Results, *, as_json: bool) -> None:
    """What was found, on standard output."""
    if as_json:
        _print_json(results)
    else:
        _print_text(results)


def _print_text(results: Results) -> None:
    from planrunner.plan.problems import MOST_SHOWN, tells_more

    said: list[str | Styled] = []
    for one in results.files:
        if not one.problems:
            said += _valid(one)
        for problem in one.problems[:MOST_SHOWN]:
            said += [*problem_parts(one.name, problem, one.texts), "\n"]
        if len(one.problems) > MOST_SHOWN:
            said.append(f"{harmless(one.name)}: {len(one.problems) - MOST_SHOWN} more\n")
    for name in results.skipped:
        said.append(f"{harmless(name)}: skipped; it is no plan (a plan's first line is `planrunner: 1`)\n")
    problems = [problem for one in results.files for problem in one.problems]
    if problems:
        among = (
            f" in {sum(1 for one in results.files if one.problems)} of {len(results.files)} files"
            if len(results.files) > 1
            else ""
        )
        said.append(tells_more(problems, among) + "\n")
    say(*said, nl=False)


def _valid(one: FileResult) -> Sequence[str | Styled]:
    from planrunner.model import exposure
    from planrunner.model.plan import BeforeEachStart

    name = harmless(one.name)
    if one.plan is None:
        return (f"{name}: ", good("valid"), " site file\n")
    plan = one.plan
    counts = [(len(plan.orders), "order"), (len(plan.tickets), "ticket")]
    placed = " and ".join(f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count)
    if plan.per_market is not None:
        is_one = isinstance(plan.when, BeforeEachStart)
        placed += (
            " for each market, each a run of its own" if is_one else f" for each market, at most {plan.limits.max_orders} in all"
        )
    once = f" in one run, {plan.limits.max_loss_in_total} in all" if plan.when is not None else ""
    brings = f"; a signal brings {', '.join(one.awaited)}" if one.awaited else ""
    return (f"{name}: ", good("valid"), f"; {placed}, can lose at most {exposure.most(plan)}{once}{brings}\n")


def _print_json(results: Results) -> None:
    from planrunner.app.documents import check_document

    say_json(check_document(results))
