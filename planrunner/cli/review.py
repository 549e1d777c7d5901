"""`planrunner review`: what a change of plans in a repository bets otherwise than before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.formats import Wanted, format_option, refuse_two_outputs, takes_output, write, write_file
from planrunner.cli.given import given_options
from planrunner.cli.output import Styled, problem_parts, say, say_json

if TYPE_CHECKING:
    from planrunner.review.formats.found import Findings, Touched


@click.command(short_help="tell what a change of plans in a git repository bets otherwise than before")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option(
    "--base", required=True, metavar="REV", help="What the change goes into: a branch or a commit, such as origin/main."
)
@click.option("--head", metavar="REV", help="Review this commit [default: the files as they are here].")
@click.option("--site", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The site file for all plans [default: planrunner.yaml beside each].")  # fmt: skip
@given_options
@click.option("--allow-nothing", is_flag=True, help="Exit code 0, not 2, where no plan changed.")
@click.option("--summary", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Add the whole as Markdown to FILE, such as $GITHUB_STEP_SUMMARY.")  # fmt: skip
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it as a page to FILE.")
@format_option
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def review(
    ctx: click.Context, paths: tuple[str, ...], *, base: str, head: str | None, site: Path | None, set_values: dict[str, str],
    inputs: str | None, allow_nothing: bool, summary: Path | None, html: Path | None, formats: tuple[Wanted, ...], as_json: bool,
) -> None:  # fmt: skip
    """Check and tell the plans that a change touches: those that changed, and those that read something that did, as a blueprint,
    a table or the site file. Each with its differences in sentences and its worst loss before and after. The change is all that
    came since it parted from REV; PATH narrows it down to files and folders.

    Git and the files are all that is asked. Exit code 0: everything touched is right; 1: problems; 2: no plan changed, no
    repository, or something can't be read.

    \b
    Examples:
      planrunner review --base origin/main
      planrunner review --base HEAD --html review.html
      planrunner review --base origin/main --format github --summary "$GITHUB_STEP_SUMMARY"
    """
    from planrunner.app.review import Asked
    from planrunner.app.review import review as find
    from planrunner.plan.given import Given

    refuse_two_outputs(formats, as_json=as_json)
    asked = Asked(base=base, head=head, paths=paths, site=site, given=Given(values=set_values, file=inputs))
    found = find(asked, folder=Path.cwd())
    page = (Wanted("html", html),) if html is not None else ()
    write((*formats, *page), found)
    if summary is not None:
        _add(summary, found)
    if not takes_output(formats):
        _tell(found, as_json=as_json)
    ctx.exit(_exit_code(found, allow_nothing=allow_nothing))


def _exit_code(found: Findings, *, allow_nothing: bool) -> int:
    if found.trouble:
        return 2
    if not found.touched and not found.looked:
        return 0 if allow_nothing else 2
    return 1 if found.count else 0


def _add(summary: Path, found: Findings) -> None:
    """What other steps wrote there stays."""
    from planrunner.model.errors import WrongUse
    from planrunner.review.formats import told

    try:
        before = summary.read_text(encoding="utf-8") if summary.exists() else ""
    except (OSError, ValueError) as error:
        raise WrongUse(f"{summary} can't be read: {error}") from error
    write_file(summary, f"{before}{told('markdown', found)}")


def _tell(found: Findings, *, as_json: bool) -> None:
    if as_json:
        say_json(found.document)
    else:
        _print(found)
    for text in found.trouble:
        say(text, err=True)


def _print(found: Findings) -> None:
    from planrunner.review.formats.found import alike, headline

    for some in alike(found.touched or ()):
        _print_plan(some)
    for one in found.looked:
        for problem in one.problems:
            say(*problem_parts(one.file, problem, one.texts))
    say(Styled(headline(found), bold=True))


def _print_plan(some: list[Touched]) -> None:
    """Plans that the same is told of are told together."""
    from planrunner.review.formats.found import named, what

    one = some[0]
    say(Styled(named(some), bold=True), f": {what(one)}")
    if len(some) == 1:
        before, after = one.loss_before, one.loss_after
        say(f"  worst loss {after}" if before == after else f"  worst loss {before} -> {after}")
    for text in (*one.changes, *one.notes):
        say(f"  - {text}")
