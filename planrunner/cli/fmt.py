"""`planrunner fmt`: plans made tidy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import from_stdin
from planrunner.cli.output import problem_parts, say, say_json
from planrunner.model.shown import harmless

if TYPE_CHECKING:
    from planrunner.app.fmt import FileFormatted, Results


@click.command(short_help="make plans tidy; what they say never changes")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; name what would change; exit code 1 if anything would.")
@click.option("--diff", "show_diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.pass_context
def fmt(ctx: click.Context, files: tuple[str, ...], *, only_check: bool, show_diff: bool, as_json: bool) -> None:
    """Make plans tidy: two spaces a level, one after `:` and `-`, nothing at the end of a line.

    FILE is a plan, a blueprint or a site file, a folder (those right in it), or - for standard input, which is then printed.
    Comments, blank lines, quotes and the order of things stay. A file that can't be read as YAML is left as it is.

    Exit code 0: all are tidy now; 1: a file can't be read as YAML, or with --check, something would change; 2: a file can't
    be read or written.

    \b
    Examples:
      planrunner fmt plan.yaml
      planrunner fmt plans/ --check
      planrunner fmt plan.yaml --diff
    """
    from planrunner.app.fmt import format_files, write_back
    from planrunner.model.errors import WrongUse

    results = format_files(files, read_stdin=from_stdin)
    changed = [one for one in results.files if one.changes]
    if not only_check and not show_diff:
        for one in [one for one in changed if one.name != "-"]:
            try:
                write_back(one)
            except WrongUse as error:
                results.unreadable.append(str(error))
                changed.remove(one)
    if as_json:
        _print_json(results, changed, only_check or show_diff)
    else:
        _print_text(results, changed, only_check=only_check, show_diff=show_diff)
    for text in results.unreadable:
        say(text, err=True)
    if results.unreadable:
        ctx.exit(2)
    ctx.exit(1 if any(one.problems for one in results.files) or (only_check and changed) else 0)


def _print_text(results: Results, changed: list[FileFormatted], *, only_check: bool, show_diff: bool) -> None:
    from planrunner.app.fmt import diff

    piped = next((one for one in results.files if one.name == "-"), None)
    _print_problems(results, to_stderr=piped is not None)
    if show_diff:
        say("".join(diff(one) for one in changed), nl=False)
    if only_check:
        for one in changed:
            say(f"{harmless(one.shown)}: would be formatted", err=show_diff)
    if only_check or show_diff:
        return
    if piped is not None and piped.after is not None:
        # To the letter for a program or a file; a terminal gets what it can't be moved by, as with everything that is shown.
        if sys.stdout.isatty():
            say(piped.after.decode("utf-8"), nl=False)
        else:
            sys.stdout.buffer.write(piped.after)
        return
    for one in changed:
        say(f"{harmless(one.shown)}: formatted")
    tidy = sum(1 for one in results.files if one.after == one.before)
    if tidy:
        say(f"{tidy} file{'s were' if tidy > 1 else ' was'} tidy already")


def _print_problems(results: Results, *, to_stderr: bool) -> None:
    for one in results.files:
        for problem in one.problems:
            say(*problem_parts(one.shown, problem, one.texts), err=to_stderr)
        if one.problems:
            say(f"{harmless(one.shown)}: left as it is", err=to_stderr)


def _print_json(results: Results, changed: list[FileFormatted], is_dry: bool) -> None:
    from planrunner.app.fmt import diff
    from planrunner.plan.problems import to_json

    document = {
        "written": not is_dry,
        "files": [
            {
                "file": one.shown,
                "changes": one in changed,
                "diff": diff(one) if one in changed else "",
                "problems": [to_json(problem) for problem in one.problems],
            }
            for one in results.files
        ],
        "unreadable": results.unreadable,
    }
    say_json(document)
