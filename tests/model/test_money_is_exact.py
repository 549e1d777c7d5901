"""No float in what decides about money: the words, the plan, the engine, the matching, the ledger."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.each import of_each

PACKAGE = Path(__file__).parents[2] / "planrunner"
EXACT = [
    *(path for name in ("model", "plan", "engine", "matching") for path in sorted((PACKAGE / name).rglob("*.py"))),
    PACKAGE / "runtime" / "ledger.py",
]


def test_there_is_no_float() -> None:
    of_each(EXACT, has_no_float)


def has_no_float(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}"
        assert not (isinstance(node, ast.Name) and node.id == "float"), f"line {node.lineno}"
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _of_integers(node)), f"line {node.lineno}"


def _of_integers(node: ast.BinOp) -> bool:
    """`a / b` of two whole numbers written out is a float, whatever it is called."""
    return all(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in (node.left, node.right))
