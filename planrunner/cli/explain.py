"""`planrunner explain`: a plan as sentences, or what the code of a problem means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import from_stdin, given_options
from planrunner.cli.output import Styled, say, say_json

if TYPE_CHECKING:
    from planrunner.plan.given import Given
    from planrunner.review.explained import Explained

_CODE = re.compile(r"pr[0-9]{1,4}", re.IGNORECASE)
WIDEST = 100  # characters; longer lines are hard to read aloud
STYLES = {"title": Styled("", bold=True), "strong": Styled("", bold=True), "dim": Styled("", dim=True), "plain": Styled("")}


@click.command(short_help="tell a plan as sentences, or what a code means")
@click.argument("what", metavar="PLAN|CODE")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The site file [default: planrunner.yaml beside the plan].")  # fmt: skip
@given_options
@click.option("--all", "everything", is_flag=True, help="Every row of a table, every rung and every part of a sum.")
@click.option("--json", "as_json", is_flag=True, help="Print the sentences and their figures as JSON.")
@click.pass_context
def explain(
    ctx: click.Context, what: str, *, site: Path | None, set_values: dict[str, str], inputs: str | None, everything: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Tell what PLAN will do, in sentences for reading aloud: every order, what it can win and lose, every step of its fallback
    in order of time, the worst loss as a sum, and which limit binds. PLAN is a file, or - for standard input.

    With the CODE of a problem, such as PR206: why it is one, with a wrong and a right example. `codes` lists them all.

    Nothing is asked of a venue. Exit code 0: told; 1: the plan has problems, which are printed; 2: there is nothing to tell.

    \b
    Examples:
      planrunner explain plan.yaml
      planrunner explain picks.yaml --all
      planrunner explain blueprint.yaml --set stake="5.00 GBP"
      planrunner explain PR206
      planrunner explain codes
    """
    from planrunner.plan.given import Given

    if _CODE.fullmatch(what):
        _print_code(what.upper(), as_json=as_json)
    elif what == "codes":
        _print_codes(as_json=as_json)
    elif not _print_plan(what, site, Given(values=set_values, file=inputs), everything=everything, as_json=as_json):
        ctx.exit(1)


def _print_plan(name: str, site: Path | None, given: Given, *, everything: bool, as_json: bool) -> bool:
    """Whether there was a plan to tell."""
    from planrunner.app.explain import explain_plan
    from planrunner.cli import check

    found = explain_plan(name, read_stdin=from_stdin, site=site, given=given)
    if found.told is None:
        check.tell(found.results, as_json=as_json)
    elif as_json:
        from planrunner.review.to_json import as_document

        say_json(as_document(found.told))
    else:
        _print_told(found.told, everything=everything)
    return found.told is not None


def _print_told(told: Explained, *, everything: bool) -> None:
    from planrunner.review.text import paragraphs

    columns = width()
    for one in paragraphs(told, everything=everything):
        for line in one.lines(columns):
            say(STYLES[one.style.value]._replace(text=line.rstrip()))


def _print_code(code: str, *, as_json: bool) -> None:
    from planrunner.app.explain import entry_of
    from planrunner.plan.problems import CODES

    entry = entry_of(code)
    if as_json:
        say_json({"code": code, "title": CODES[code], "why": entry.why, "wrong": entry.wrong, "right": entry.right})
        return
    from planrunner.review.codes import code_text

    say(Styled(f"{code}: {CODES[code]}", bold=True))
    say(code_text(entry, width=width()), nl=False)


def _print_codes(*, as_json: bool) -> None:
    from planrunner.plan.problems import CODES

    if as_json:
        say_json([{"code": code, "title": title} for code, title in CODES.items()])
        return
    for code, title in sorted(CODES.items()):
        say(f"{code}  {title}")


def width() -> int:
    from shutil import get_terminal_size

    return min(WIDEST, max(40, get_terminal_size((WIDEST, 24)).columns))
