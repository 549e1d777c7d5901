"""The schemas that ship: as the runner applies them, and as editors show them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from planrunner import resources
from planrunner.model.errors import WrongUse

NAMES = ("plan", "site", "scenario", "report", "preview", "approval")
# Where the modeline of a plan looks for its schema.
FOLDER = ".planrunner"


def text(name: str, *, for_editor: bool = False) -> str:
    """A schema as a JSON document. For an editor it is the same schema, its keys explained with their examples."""
    if not for_editor:
        return resources.text(f"schemas/{name}.schema.json")
    schema = copy.deepcopy(resources.schema(name))
    _explain(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def place(name: str, folder: Path) -> Path:
    """Where the copy of a schema stands that the editor reads for the plans of a folder."""
    return folder / FOLDER / f"{name}.schema.json"


def write(name: str, folder: Path, *, for_editor: bool = True) -> Path:
    """Puts a schema where the modelines of the plans in a folder look for it. Raises WrongUse."""
    path = place(name, folder)
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(name, for_editor=for_editor), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WrongUse(f"{path} can't be written: {error.strerror or error}") from error
    return path


def _explain(schema: Any) -> None:
    """What editors show on hover, offer while one types, and say of what has another form.

    The runner's titles are its own words, so they go; examples become one line of the description, and something to choose from.
    """
    if isinstance(schema, list):
        for one in schema:
            _explain(one)
    if not isinstance(schema, dict):
        return
    title = schema.get("title")
    if "description" in schema:
        schema.pop("title", None)
    examples = [one for one in schema.pop("examples", ()) if isinstance(one, str | int)]
    if isinstance(schema.get("description"), str) and examples:
        shown = ", ".join(f"`{one}`" for one in examples)
        schema["markdownDescription"] = f"{schema['description']}\n\nExample: {shown}"
        if "$ref" not in schema and title != "template":  # beside a $ref it would count as a rule of its own
            schema["defaultSnippets"] = [{"label": str(one), "body": one} for one in examples]
        for form in [schema, *schema.get("anyOf", ())]:
            if "pattern" in form:  # editors would show the pattern, which is for machines
                form["patternErrorMessage"] = f"{schema['description']} Write it like {shown}."
    for key, value in schema.items():
        if key in ("properties", "$defs"):  # names of the file's own, whatever they are
            _explain(list(value.values()))
        elif key not in ("enum", "defaultSnippets"):
            _explain(value)
