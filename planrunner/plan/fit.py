"""Does a file fit its schema, yes or no: the schema itself turned into functions, once.

Most files fit, and for them this is all that is asked; it costs a hundredth of a full validation. What it says no to is
handed to `jsonschema`, whose word counts and whose errors are explained (see `schema`). A keyword that is not known here stops
the compilation, so that a schema can't grow past it unseen; tests hold the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from planrunner.plan.nodes import Block, Listing, Node, Scalar

Fits: TypeAlias = Callable[[Node], bool]

# Words about a value that don't judge it.
_REMARKS = frozenset({"$schema", "$defs", "title", "description", "examples"})


def compile_schema(schema: Mapping[str, Any]) -> Fits:
    """Raises ValueError for a keyword it does not know."""
    return _Compiler(schema).fits(schema)


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._defs: Mapping[str, Any] = root.get("$defs", {})
        self._done: dict[str, Fits] = {}

    def fits(self, schema: Mapping[str, Any]) -> Fits:
        keywords = schema.keys() - _REMARKS
        match sorted(keywords):
            case ["$ref"]:
                return self._definition(schema["$ref"])
            case ["enum"]:
                words = frozenset(word for word in schema["enum"] if isinstance(word, str))
                return lambda node: type(node) is Scalar and node.text in words
            case ["anyOf"]:
                return _any([self.fits(one) for one in schema["anyOf"]])
        match schema.get("type"):
            case "object":
                return self._block(schema, keywords)
            case "array":
                return self._listing(schema, keywords)
            case "string" | ["string", "number"]:
                return _text(schema, keywords)
            case "number" | "integer":
                return lambda _: False  # for editors, who see numbers; here everything is text
        raise ValueError(f"a schema uses {sorted(keywords)}, which is not compiled")

    def _definition(self, ref: str) -> Fits:
        name = ref.removeprefix("#/$defs/")
        if name not in self._done:
            self._done[name] = self.fits(self._defs[name])
        return self._done[name]

    def _block(self, schema: Mapping[str, Any], keywords: set[str]) -> Fits:
        _only(keywords, {"type", "properties", "required", "additionalProperties", "minProperties", "if", "then", "else"})
        properties = {key: self.fits(one) for key, one in schema.get("properties", {}).items()}
        other = schema["additionalProperties"]
        others = self.fits(other) if other else None
        required = frozenset(schema.get("required", ()))
        least = schema.get("minProperties", 0)
        is_whole = _is_whole(schema)

        def fits(node: Node) -> bool:
            if type(node) is not Block or len(node.values) < least or not required <= node.values.keys() or not is_whole(node):
                return False
            for key, value in node.values.items():
                rule = properties.get(key, others)
                if rule is None or not rule(value):
                    return False
            return True

        return fits

    def _listing(self, schema: Mapping[str, Any], keywords: set[str]) -> Fits:
        _only(keywords, {"type", "items", "minItems"})
        item, least = self.fits(schema["items"]), schema.get("minItems", 0)
        return lambda node: type(node) is Listing and len(node.items) >= least and all(map(item, node.items))


def _is_whole(schema: Mapping[str, Any]) -> Callable[[Block], bool]:
    """`if` one key is there `then` others are required, `else` others again; and so on within either."""
    if "if" not in schema:
        return lambda _: True
    for part in (schema["if"], schema["then"], schema["else"]):
        _only(set(part), {"required", "if", "then", "else"})
    asked, then, other = (frozenset(schema[part].get("required", ())) for part in ("if", "then", "else"))
    after, otherwise = _is_whole(schema["then"]), _is_whole(schema["else"])
    return lambda node: (
        then <= node.values.keys() and after(node)
        if asked <= node.values.keys()
        else other <= node.values.keys() and otherwise(node)
    )


def _any(rules: list[Fits]) -> Fits:
    return lambda node: any(rule(node) for rule in rules)


def _text(schema: Mapping[str, Any], keywords: set[str]) -> Fits:
    _only(keywords, {"type", "pattern", "minLength", "maxLength"})
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1 << 20)
    if "pattern" not in schema:
        return lambda node: type(node) is Scalar and least <= len(node.text) <= most
    search = re.compile(schema["pattern"]).search
    return lambda node: type(node) is Scalar and search(node.text) is not None and least <= len(node.text) <= most


def _only(keywords: set[str], known: set[str]) -> None:
    if unknown := keywords - known:
        raise ValueError(f"a schema uses {sorted(unknown)}, which is not compiled")
