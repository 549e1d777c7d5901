"""Options that several verbs have."""

from __future__ import annotations

from pathlib import Path

import click

STATE_HELP = "The folder of the journal [default: .planrunner here]."

state_option = click.option("--state", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help=STATE_HELP)
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
