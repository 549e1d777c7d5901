"""`planrunner check`: is a plan right, and if not, what to write instead."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import given_options

if TYPE_CHECKING:
    from planrunner.app.check import FileResult, Results


@click.command(short_help="say whether plans are right, and what to write if not")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The site file [default: planrunner.yaml beside each plan].")  # fmt: skip
@given_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def check(
    ctx: click.Context, files: tuple[str, ...], *, site: Path | None, set_values: dict[str, str], inputs: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Check plans. FILE is a plan, a folder (the plans right in it), or - for standard input.

    Nothing is asked of a venue and no credentials are needed. Exit code 0: all valid; 1: problems; 2: nothing was checked,
    or a file can't be read.

    \b
    Examples:
      planrunner check plan.yaml
      planrunner check plans/ --json
      planrunner check blueprint.yaml --set selection=Arsenal --set stake="5.00 GBP"
    """
    from planrunner.app.check import check_files
    from planrunner.plan.given import Given

    given = Given(values=set_values, file=inputs)
    results = check_files(files, read_stdin=sys.stdin.buffer.read, site=site, given=given)
    tell(results, as_json=as_json)
    for text in results.unreadable:
        click.echo(text, err=True)
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
    from planrunner.cli.output import problem_text
    from planrunner.plan.problems import MOST_SHOWN, tells_more

    said: list[str] = []
    for one in results.files:
        if not one.problems:
            said.append(_valid(one))
        said += [problem_text(one.name, problem, one.texts) for problem in one.problems[:MOST_SHOWN]]
        if len(one.problems) > MOST_SHOWN:
            said.append(f"{one.name}: {len(one.problems) - MOST_SHOWN} more")
    said += [f"{name}: skipped; it is no plan (a plan's first line is `planrunner: 1`)" for name in results.skipped]
    problems = [problem for one in results.files for problem in one.problems]
    if problems:
        among = (
            f" in {sum(1 for one in results.files if one.problems)} of {len(results.files)} files"
            if len(results.files) > 1
            else ""
        )
        said.append(tells_more(problems, among))
    if said:
        click.echo("\n".join(said))


def _valid(one: FileResult) -> str:
    from planrunner.app.check import can_lose
    from planrunner.cli.output import good
    from planrunner.plan.problems import harmless

    name = harmless(one.name)
    if one.plan is None:
        return f"{name}: {good('valid')} site file"
    count = len(one.plan.orders)
    orders = f"{count} order{'s' if count > 1 else ''}"
    if one.plan.per_market is not None:
        orders += f" for each market, at most {one.plan.limits.max_orders} in all"
    return f"{name}: {good('valid')}; {orders}, can lose at most {can_lose(one.plan)}"


def _print_json(results: Results) -> None:
    import json

    document = {
        "valid": not results.has_problems and not results.unreadable,
        "files": [_as_json(one) for one in results.files],
        "skipped": results.skipped,
        "unreadable": results.unreadable,
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _as_json(one: FileResult) -> dict[str, object]:
    from planrunner.app.check import can_lose
    from planrunner.plan.problems import MOST_SHOWN, to_json

    found: dict[str, object] = {"file": one.name, "kind": "site" if one.is_site else "plan", "valid": not one.problems}
    if one.plan is not None:
        found |= {"digest": one.plan.digest, "orders": len(one.plan.orders), "can_lose_at_most": str(can_lose(one.plan))}
        if one.plan.per_market is not None:
            found["for_each_market"] = True
    found["problems"] = [to_json(problem) for problem in one.problems[:MOST_SHOWN]]
    found["more"] = max(0, len(one.problems) - MOST_SHOWN)
    return found
