"""Text to nodes: strict, located, and the same from both parsers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.plan.nodes import Block, Scalar, tree, walk
from planrunner.plan.reader import Source, read
from tests.plan.checking import PLAN

CASES = Path(__file__).parent.parent / "golden" / "messages"
BOTH = [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader]


def told(source: Source) -> tuple[object, ...]:
    return source.problems, None if source.root is None else tree(source.root), source.lines


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_both_parsers_tell_the_same(case: Path) -> None:
    for file in case.glob("*.yaml"):
        quick, plain = (read(file.read_bytes(), loader) for loader in BOTH)
        assert told(quick) == told(plain)


def test_every_scalar_is_text_whatever_it_looks_like() -> None:
    root = read(b"a: no\nb: 12:30\nc: 1.20\nd: '1.20'\ne: 0x1F\nf: 2026-12-05\ng: 1_000\n").root
    assert root is not None
    assert tree(root) == {"a": "no", "b": "12:30", "c": "1.20", "d": "1.20", "e": "0x1F", "f": "2026-12-05", "g": "1_000"}


@pytest.mark.parametrize("loader", BOTH)
def test_every_node_knows_where_it_stands(loader: type) -> None:
    source = read(PLAN.encode(), loader)
    assert source.root is not None
    for _, node in walk(source.root):
        if isinstance(node, Scalar):
            line = source.lines[node.line - 1]
            assert line[node.column - 1 :][: node.width] == node.text
        if isinstance(node, Block):
            for key in node.keys.values():
                assert source.lines[key.line - 1][key.column - 1 :].startswith(key.text + ":")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    plain, windows = read(PLAN.encode()), read(b"\xef\xbb\xbf" + PLAN.replace("\n", "\r\n").encode())
    assert told(plain) == told(windows)


def test_comments_may_hold_anything() -> None:
    source = read(b"a: b # ${x} {y} &z *w !v 'q #1\n#no space here\nc: d\n")
    assert not source.problems


def test_an_alias_bomb_is_refused_without_being_unfolded() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    assert {one.code for one in read(bomb.encode()).problems} == {"PR107"}


# Pieces that mean something to YAML, in any order.
PIECES = st.sampled_from([
    "planrunner: 1", "plan: x", "limits:", "orders:", "a", "b", ": ", ":", "- ", "  ", "    ", "\n", "\n", "\n", "#", " # c",
    " #c", "'", '"', "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "|", ">", "---", "...", "%", "@", "`", "? ", "\t", "é",
    "\u00a0", "\u2028", "\\", "~", "null", "<<: ", "${x}", "25.00 GBP", "\r\n", "\ufeff",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_text_is_right_for_one_parser_and_wrong_for_the_other(text: str) -> None:
    quick, plain = (read(text.encode(), loader) for loader in BOTH)
    assert bool(quick.problems) == bool(plain.problems)
    if not quick.problems:
        assert told(quick) == told(plain)
