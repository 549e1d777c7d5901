"""`planrunner diff`: what a plan bets otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import from_stdin, given_options
from planrunner.cli.options import json_option
from planrunner.cli.output import Styled, say, say_json, say_text
from planrunner.model.shown import harmless

if TYPE_CHECKING:
    from planrunner.app.diff import Compared
    from planrunner.review.diff_text import Line

_COLOURS = {"added": "green", "removed": "red"}
DIFFERENT, TROUBLE = 1, 2  # with --exit-code, as `git diff` and `diff` have them


@click.command(short_help="tell what a plan bets otherwise than before")
@click.argument("named", nargs=-1, required=True, metavar="OLD NEW | PLAN...")
@click.option("--base", metavar="REVISION", help="Compare each PLAN with what it was at this git revision.")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The site file for both [default: planrunner.yaml beside each plan, as it was there].")  # fmt: skip
@given_options
@click.option("--exit-code", "as_code", is_flag=True,
              help="Exit 1 where anything differs, as `git diff --exit-code`; 2 where it can't be told.")  # fmt: skip
@click.option("--markdown", "as_markdown", is_flag=True, help="Print it as Markdown, for a pull request.")
@json_option
@click.pass_context
def diff(
    ctx: click.Context, named: tuple[str, ...], *, base: str | None, site: Path | None, set_values: dict[str, str],
    inputs: str | None, as_code: bool, as_markdown: bool, as_json: bool,
) -> None:  # fmt: skip
    """Tell in sentences what changed from OLD to NEW: stakes, odds, steps, limits, when it runs, and what can be lost. Spelling,
    comments and the order of keys are no change; a blueprint, a table or a site file that changed underneath is one.

    OLD and NEW are plans: files, - for standard input, REVISION:FILE as git names them, or a git revision alone, which then is of
    the other one's file. OLD may be a preview (`preview --out FILE.json`): that tells what changed since somebody read it. Of two
    previews what differs is told, and to which markets and selections their names were found to lead. A plan of a revision is
    read with the blueprint, tables, inputs and site file of that revision; --set and --inputs go to both.

    Exit code 0: told, whether anything differs or not (--exit-code: 1 where it does); 1: a plan has problems, which are printed
    (--exit-code: 2); 2: there is nothing to compare.

    \b
    Examples:
      planrunner diff old.yaml new.yaml
      planrunner diff HEAD~1 plans/chase.yaml
      planrunner diff main:plans/chase.yaml plans/chase.yaml
      planrunner diff --base origin/main plans/ --markdown
      planrunner diff approved.json plans/chase.yaml
      planrunner diff --exit-code HEAD plans/chase.yaml || echo "it needs a new approval"
    """
    from planrunner.app.diff import compare, compare_with
    from planrunner.app.versions import Asked
    from planrunner.plan.given import Given

    if as_markdown and as_json:
        raise click.UsageError("--markdown and --json don't go together")
    asked = Asked(site=site, given=Given(values=set_values, file=inputs))
    if base is not None:
        found = compare_with(base, named, asked)
    elif len(named) == 2:
        found = (compare(*named, asked, read_stdin=from_stdin),)
    else:
        raise click.UsageError(_two(named))
    _tell(found, as_json=as_json, as_markdown=as_markdown)
    ctx.exit(_code(found, as_code=as_code))


def _two(named: Sequence[str]) -> str:
    if len(named) == 1:
        return f"name two plans; `planrunner diff --base HEAD {harmless(named[0])}` tells what changed since the last commit"
    return "name two plans, OLD and NEW; several against one revision: `planrunner diff --base REVISION PLAN...`"


def _code(found: Sequence[Compared], *, as_code: bool) -> int:
    if any(one.problems for one in found):
        return TROUBLE if as_code else 1
    return DIFFERENT if as_code and not all(one.is_same for one in found) else 0


def _tell(found: Sequence[Compared], *, as_json: bool, as_markdown: bool) -> None:
    if as_json:
        from planrunner.app.documents import diff_document

        say_json(diff_document(found))
    elif as_markdown:
        from planrunner.review.diff_text import as_markdown as written

        say_text(written([(one.old, one.new, one.title, one.lines, one.note or _troubled(one)) for one in found]))
    else:
        _print(found)
    if not as_json:
        _print_problems(found)


def _troubled(one: Compared) -> str:
    return "it has problems, so what changed can't be told" if one.problems else ""


def _print_problems(found: Sequence[Compared]) -> None:
    from planrunner.cli import check

    for results in (results for one in found for results in one.problems):
        check.tell(results, as_json=False)


def _print(found: Sequence[Compared]) -> None:
    told = [one for one in found if not one.is_same and not one.problems]
    for number, one in enumerate(told):
        say(Styled(_head(one), bold=True), f": {harmless(one.title)}" if one.title else "")
        for line in _lines(one):
            say(*line)
        if number + 1 < len(told):
            say("")
    same = [one for one in found if one.is_same]
    if same and len(found) == 1:
        say(f"{harmless(same[0].old)} and {harmless(same[0].new)} mean the same.")
    elif same:
        say(f"{'' if not told else chr(10)}{len(same)} of {len(found)} plans mean what they meant.")


def _head(one: Compared) -> str:
    return f"{harmless(one.old)} -> {harmless(one.new)}" if one.old else harmless(one.new)


def _lines(one: Compared) -> Iterator[list[Styled]]:
    from shutil import get_terminal_size

    from planrunner.review.text import Paragraph

    width = min(100, max(40, get_terminal_size((100, 24)).columns))
    if one.note:
        yield [Styled(f"  {one.note}")]
    for line in one.lines:
        first, *rest = Paragraph(text=str(line), indent=2, hang=2).lines(width)
        yield [*_coloured(line, first)]
        yield from ([Styled(more.rstrip())] for more in rest)


def _coloured(line: Line, first: str) -> Iterator[Styled]:
    head = f"  {line.about}:"
    colour = _COLOURS.get(line.what.value)
    if first.startswith(head):
        yield Styled(head, bold=True)
        yield Styled(first.removeprefix(head).rstrip(), colour)
    else:
        yield Styled(first.rstrip(), colour)
