"""The one finder of files that ship with planrunner: inside the wheel, or in the checkout it runs from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parent
# Where each top directory of the repository stands in a wheel.
_IN_WHEEL = {"schemas": "_schemas", "plans": "_plans"}


def find(path: str) -> Path:
    """`schemas/plan.schema.json`, wherever it is. Raises FileNotFoundError: then the installation is broken."""
    top, _, rest = path.partition("/")
    for place in (_PACKAGE / _IN_WHEEL.get(top, top) / rest, _PACKAGE.parent / path):
        if place.exists():
            return place
    raise FileNotFoundError(f"planrunner is installed without its file {path}")


def text(path: str) -> str:
    return find(path).read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema by its short name: `plan`, `site`, `scenario`, `report`, `preview`. Not to be changed by who gets it."""
    found: dict[str, Any] = json.loads(text(f"schemas/{name}.schema.json"))
    return found
