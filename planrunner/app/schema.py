"""The schemas that ship: as the runner applies them, and as editors show them."""

from __future__ import annotations

import copy
import json
from typing import Any

from planrunner import resources

NAMES = ("plan", "site", "scenario", "report")


def text(name: str, *, for_editor: bool = False) -> str:
    """A schema as a JSON document. For an editor it is the same schema, its keys explained with their examples."""
    if not for_editor:
        return resources.text(f"schemas/{name}.schema.json")
    schema = copy.deepcopy(resources.schema(name))
    _explain(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _explain(schema: Any) -> None:
    """Editors show a title above the description on hover; the runner's titles are its own words, so they go."""
    if isinstance(schema, list):
        for one in schema:
            _explain(one)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("title"), str) and "description" in schema:
        del schema["title"]
    examples = [one for one in schema.get("examples", ()) if isinstance(one, str | int)]
    if isinstance(schema.get("description"), str) and examples:
        schema["markdownDescription"] = f"{schema['description']}\n\nExample: {', '.join(f'`{one}`' for one in examples)}"
    for key, value in schema.items():
        if key not in ("examples", "enum"):
            _explain(value)
