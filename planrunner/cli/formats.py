"""`--format NAME[=FILE]`: what was found in the words of other programs, on standard output or in files, several in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from planrunner.cli.output import say_text

if TYPE_CHECKING:
    from planrunner.review.formats.found import Findings

F = TypeVar("F", bound=Callable[..., Any])
TEXT = "text"  # for people: what standard output gets where nothing else goes there
NAMES = (TEXT, "json", "github", "sarif", "junit", "codeclimate", "markdown", "html")


class Wanted(NamedTuple):
    """`file` is None for standard output."""

    name: str
    file: Path | None


def read_formats(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[Wanted, ...]:
    found = tuple(_wanted(one) for one in given)
    if sum(one.file is None for one in found) > 1:
        raise click.BadParameter("only one format goes to standard output; give the others a file, as in --format sarif=FILE")
    return found


def _wanted(given: str) -> Wanted:
    name, sign, file = given.partition("=")
    if name not in NAMES:
        from planrunner.model.names import nearest

        guess = nearest(name, NAMES)
        hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(NAMES)}"
        raise click.BadParameter(f"there is no format `{name}`; {hint}")
    if name == TEXT and file not in ("", "-"):
        raise click.BadParameter("text goes to standard output; for a file of it, write > FILE at the end of the command")
    if sign and not file:
        raise click.BadParameter(f"`{given}` names no file; write --format {name}=FILE, or --format {name} for standard output")
    return Wanted(name, Path(file) if file not in ("", "-") else None)


def format_option(command: F) -> F:
    return click.option("--format", "formats", multiple=True, metavar="NAME[=FILE]", callback=read_formats,
                        help=f"Tell it as {', '.join(NAMES[:-1])} or {NAMES[-1]}, on standard output or in FILE; may be said "
                             "several times.")(command)  # fmt: skip


def takes_output(formats: Sequence[Wanted]) -> bool:
    """Whether a format is all that standard output gets; nothing else is then said, on standard error neither: GitHub obeys every
    line of a step that looks like a command, from wherever it comes."""
    return any(one.file is None and one.name != TEXT for one in formats)


def refuse_two_outputs(formats: Sequence[Wanted], *, as_json: bool) -> None:
    """Raises UsageError."""
    if as_json and any(one.file is None for one in formats):
        raise click.UsageError("--json goes to standard output, and so does a --format without a file; choose one")


def write(formats: Sequence[Wanted], findings: Findings) -> None:
    """Raises WrongUse where a file can't be written."""
    from planrunner.review.formats import told

    for one in formats:
        if one.name == TEXT:
            continue
        text = told(one.name, findings)
        if one.file is None:
            say_text(text)
        else:
            write_file(one.file, text)


def write_file(file: Path, text: str) -> None:
    """Whole or not at all, and without secrets. Raises WrongUse where it can't be written."""
    from planrunner.app.report import write_asked
    from planrunner.runtime.secrets import redacted

    write_asked(file, redacted(text))
