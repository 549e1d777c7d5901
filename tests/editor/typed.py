"""What an editor makes of a file: YAML 1.2's types, judged by the schema. Written for these tests; the runner reads text only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import Draft202012Validator

from planrunner.plan.nodes import Block, Node, Scalar

_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


def typed(node: Node) -> Any:
    """The tree as YAML 1.2 has it: `3.10` is a number and `no` a text."""
    if isinstance(node, Block):
        return {key: typed(value) for key, value in node.values.items()}
    if not isinstance(node, Scalar):
        return [typed(item) for item in node.items]
    if not node.is_plain:
        return node.text
    if node.text in (*_WORDS, "Null", "NULL", "True", "TRUE", "False", "FALSE"):
        return _WORDS[node.text.lower()]
    if re.fullmatch(r"[-+]?[0-9]+", node.text):
        return int(node.text)
    is_number = re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node.text)
    return float(node.text) if is_number else node.text


def lines_at_fault(root: Node, validator: Draft202012Validator) -> set[int]:
    """The lines on which the schema finds something, apart from keys that are missing."""
    return {line for error in validator.iter_errors(typed(root)) for line in _lines(error, root)}


def _lines(error: ValidationError, root: Node) -> Iterator[int]:
    node: Node = root
    line = root.span.line
    for step in error.absolute_path:
        if isinstance(node, Block):
            line = node.keys[str(step)].line
            node = node.values[str(step)]
        elif not isinstance(node, Scalar):
            node = node.items[int(step)]
            line = node.span.line
    if error.validator == "additionalProperties" and isinstance(node, Block):
        yield from (node.keys[key].line for key in node.keys if key not in error.schema["properties"])
    elif error.validator not in ("required", "if", "dependentRequired"):
        yield line
