"""`--set` and `--inputs`: what fills the gaps of a plan, for every verb that reads one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def read_values(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """The last of a name wins, as with every option that is said twice."""
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"`{one}` gives no input a value; write --set name=value")
        found[name.strip()] = value.strip()
    return found


def from_stdin() -> bytes:
    """What is piped in, as far as a file would be read. Raises WrongUse where it goes on and on."""
    from planrunner.app.site import LARGEST, read_to_bound
    from planrunner.model.errors import WrongUse

    data = read_to_bound(sys.stdin.buffer)
    if len(data) > LARGEST:
        raise WrongUse(f"standard input goes on for more than {LARGEST >> 20} MiB; no plan does")
    return data


def given_options(command: F) -> F:
    """The two options; `set_values` and `inputs` are what the command gets."""
    command = click.option("--inputs", type=click.Path(dir_okay=False), metavar="FILE",
                           help="A YAML file with a value for each input: `name: value`.")(command)  # fmt: skip
    return click.option("--set", "set_values", multiple=True, metavar="NAME=VALUE", callback=read_values,
                        help="Give an input of the plan a value; may be said several times.")(command)  # fmt: skip
