"""`planrunner schema`: the shape of planrunner's files, for editors and other programs."""

from __future__ import annotations

from pathlib import Path

import click

from planrunner.cli.output import say, say_text


def _known(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from planrunner.app.schema import NAMES

    if value is not None and value not in NAMES:
        raise click.BadParameter(f"`{value}` is no schema; there are {', '.join(NAMES)}")
    return value


@click.command(short_help="print a schema, for editors and other programs")
@click.argument("name", required=False, callback=_known)
@click.option("--for", "reader", type=click.Choice(["program", "editor"]),
              help="For an editor: keys explained with examples, values to choose from, messages without patterns "
              "[default: program; editor with --write].")  # fmt: skip
@click.option("--write", "is_written", is_flag=True,
              help="Write .planrunner/NAME.schema.json in this folder, where the first line of a plan looks for it.")  # fmt: skip
def schema(name: str | None, *, reader: str | None, is_written: bool) -> None:
    """Print the JSON Schema (2020-12) called NAME: plan (the default), site, scenario, report, preview or approval.

    \b
    Examples:
      planrunner schema
      planrunner schema plan --for editor
      planrunner schema --write
    """
    from planrunner.app import schema as schemas

    if not is_written:
        say_text(schemas.text(name or "plan", for_editor=reader == "editor"))
        return
    for one in [name] if name else ["plan", "site"]:
        path = schemas.write(one, Path(), for_editor=reader != "program")
        say(f"written: {path}")
        say(f"         a file begins with:  # yaml-language-server: $schema={path.as_posix()}")
