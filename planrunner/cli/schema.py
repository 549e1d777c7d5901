"""`planrunner schema`: the shape of planrunner's files, for editors and other programs."""

from __future__ import annotations

import click


def _known(_: click.Context, __: click.Parameter, value: str) -> str:
    from planrunner.app.schema import NAMES

    if value not in NAMES:
        raise click.BadParameter(f"`{value}` is no schema; there are {', '.join(NAMES)}")
    return value


@click.command(short_help="print a schema, for editors and other programs")
@click.argument("name", default="plan", callback=_known)
@click.option("--for", "reader", type=click.Choice(["program", "editor"]), default="program", show_default=True,
              help="For an editor, descriptions carry their examples.")  # fmt: skip
def schema(name: str, *, reader: str) -> None:
    """Print the JSON Schema (2020-12) called NAME: plan (the default), site, scenario or report.

    \b
    Examples:
      planrunner schema
      planrunner schema plan --for editor > .planrunner/plan.schema.json
    """
    from planrunner.app import schema as schemas

    click.echo(schemas.text(name, for_editor=reader == "editor"), nl=False)
