"""The one way to a terminal for every verb: no text of others reaches it as it is, no secret at all, colour only where wanted.
In a job it is the way to a log, whose lines a build server may obey.

Verbs hand over plain text and say how it should look. `click.echo` and its like are used nowhere else.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from planrunner.model.shown import escaped, harmless_lines, inert
from planrunner.plan.problems import Problem, Texts, render
from planrunner.runtime.secrets import redacted

_HEAD = re.compile(r"^(.*?): error (PR[0-9]+): (.*)$")


class Styled(NamedTuple):
    """Text and how it looks."""

    text: str
    colour: str | None = None
    bold: bool = False
    dim: bool = False


def say(*parts: str | Styled, err: bool = False, nl: bool = True) -> None:
    """One message: it begins a line."""
    click.echo(inert("".join(_shown(part, err=err) for part in parts)), err=err, nl=nl)


def say_json(document: object) -> None:
    """For programs: what a terminal would obey stands in it escaped, so that they read exactly what is there."""
    say_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def say_text(document: str) -> None:
    """A document made by planrunner that is harmless already."""
    click.echo(redacted(escaped(document)), nl=False)


def say_error(error: click.ClickException) -> None:
    """Wrong use, as click tells it: it quotes the command line, and a pattern may have put any file's name there."""
    told = io.StringIO()
    error.show(told)
    say(told.getvalue(), err=True, nl=False)


def ask(question: str, default: str | None) -> str:
    """What a person at the terminal answers."""
    safe = None if default is None else harmless_lines(default)
    answer = click.prompt(harmless_lines(question), default=safe, prompt_suffix="\n> ")
    return str(answer if default is None or answer != safe else default).strip()


def confirm(question: str) -> bool:
    """Whether a person at the terminal says yes, in full."""
    return ask(question, "no").casefold() == "yes"


def ask_secret(question: str) -> str:
    """What a person at the terminal answers, and nobody sees."""
    return str(
        click.prompt(harmless_lines(question), default="", hide_input=True, show_default=False, prompt_suffix=" ", err=True)
    )


def has_colour(*, err: bool = False) -> bool:
    """On a terminal only, and never where NO_COLOR is set."""
    return (sys.stderr if err else sys.stdout).isatty() and not os.environ.get("NO_COLOR")


def problem_parts(name: str, problem: Problem, texts: Texts) -> Iterator[str | Styled]:
    """A problem as a person reads it, without the last line's end."""
    head, *rest = render(name, problem, texts).split("\n")
    if found := _HEAD.match(head):
        where, code, message = found.groups()
        yield from (Styled(where, bold=True), ": ", Styled(f"error {code}", "red", bold=True), f": {message}")
    else:
        yield head
    for line in rest:
        yield "\n"
        yield from _parts_of(line)


def _parts_of(line: str) -> Sequence[Styled]:
    gutter, mark, rest = line.partition(" | ")
    if mark:
        return (Styled(gutter + mark, dim=True), Styled(rest, "red" if not rest.strip(" ^") else None))
    return (Styled(line, "green"),)


def good(text: str) -> Styled:
    return Styled(text, "green")


def _shown(part: str | Styled, *, err: bool) -> str:
    text, *_ = one = Styled(part) if isinstance(part, str) else part
    clean = harmless_lines(redacted(text))
    if not clean or one[1:] == Styled("")[1:] or not has_colour(err=err):
        return clean
    return click.style(clean, fg=one.colour, bold=one.bold or None, dim=one.dim or None)
