"""`planrunner new`: a plan to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="write a plan to start from")
@click.argument("file", type=click.Path(path_type=Path), default="plan.yaml")
def new(file: Path) -> None:
    """Write a commented plan to FILE (plan.yaml unless you say), and the schema that lets an editor help you with it.

    A file that is there already is never touched.

    \b
    Example:
      planrunner new arsenal.yaml
    """
    from planrunner.app.new import write_starter

    for path in write_starter(file):
        click.echo(f"written: {path}")
    click.echo(f"\nNext:  planrunner check {file}\n       planrunner run {file}")
