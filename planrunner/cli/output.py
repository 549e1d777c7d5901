"""What the verbs print: colour on a terminal only, and never where NO_COLOR is set."""

from __future__ import annotations

import os
import re
import sys

import click

from planrunner.plan.problems import Problem, Texts, render

_HEAD = re.compile(r"^(.*?): error (PR[0-9]+): (.*)$")


def has_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def problem_text(name: str, problem: Problem, texts: Texts) -> str:
    """A problem as text, coloured on a terminal."""
    text = render(name, problem, texts)
    if not has_colour():
        return text
    head, *rest = text.split("\n")
    found = _HEAD.match(head)
    if found:
        where, code, message = found.groups()
        head = f"{click.style(where, bold=True)}: {click.style(f'error {code}', fg='red', bold=True)}: {message}"
    return "\n".join([head, *(_coloured(line) for line in rest)])


def _coloured(line: str) -> str:
    gutter, mark, rest = line.partition(" | ")
    if mark and not rest.strip(" ^"):
        return click.style(gutter + mark, dim=True) + click.style(rest, fg="red")
    if mark:
        return click.style(gutter + mark, dim=True) + rest
    return click.style(line, fg="green")


def good(text: str) -> str:
    return click.style(text, fg="green") if has_colour() else text
