"""Text to nodes: strict, located, and the same from both parsers."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planrunner import resources
from planrunner.plan import layout, words
from planrunner.plan.nodes import Block, Scalar, tree, walk
from planrunner.plan.reader import Source, read
from tests.laws import law
from tests.plan.checking import PLAN

CASES = Path(__file__).parent.parent / "golden" / "messages"
PLANS = Path(__file__).parent.parent.parent / "plans"
BOTH = [getattr(yaml, "CSafeLoader", yaml.SafeLoader), yaml.SafeLoader]


def told(source: Source) -> tuple[object, ...]:
    return source.problems, None if source.root is None else tree(source.root), source.lines


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


@pytest.mark.parametrize("loader", BOTH)
def test_nodes_of_a_mended_text_stand_where_the_author_wrote_them(loader: type) -> None:
    text = (
        PLAN.replace("plan: Back Arsenal,", "plan: Cup: Arsenal,")
        .replace("    stake:", "\t  stake:")
        .replace("  - name", "  * name")
    )
    source = read(text.replace("    odds: 3.10", "      odds: 3.10").encode(), loader)
    assert source.root is not None
    for _, node in walk(source.root):
        if isinstance(node, Scalar) and id(node) not in source.bad:
            assert source.lines[node.line - 1][node.column - 1 :][: node.width] == node.text
    assert [one.code for one in source.problems] == ["PR104", "PR105", "PR105", "PR119"]


def test_the_keys_known_to_the_reader_are_those_of_the_schema() -> None:
    defs = resources.schema("plan")["$defs"]
    order, step, limits = (set(defs[name]["properties"]) for name in ("order", "step", "limits"))
    assert order | step | limits == words.KEYS
    step -= words.OF_MOVES
    tickets = {key for name in ("ticket", "bet", "leg", "settings") for key in defs[name]["properties"]}
    assert tickets - words.KEYS == words.OF_TICKETS
    assert step == layout.STEP
    assert limits == layout.LIMITS
    assert order - step - limits == layout.ORDER


def test_comments_may_hold_anything() -> None:
    source = read(b"a: b # ${x} {y} &z *w !v 'q #1\n#no space here\nc: d\n")
    assert not source.problems


def test_an_alias_bomb_is_refused_without_being_unfolded() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
    assert {one.code for one in read(bomb.encode()).problems} == {"PR107"}


# Pieces that mean something to YAML, and signs that people bring in with the clipboard, in any order.
PIECES = st.sampled_from([
    "planrunner: 1", "plan: x", "limits:", "orders:", "a", "b", ": ", ":", "- ", "-", "  ", "    ", "\n", "\n", "\n", "#", " # c",
    " #c", "'", '"', "[", "]", "{", "}", ", ", "&a ", "*a", "* ", "1. ", "!!str ", "!", "|", "|+", ">", "---", "...", "%", "@",
    "`", "? ", "\t", "é", "\u00a0", "\u2028", "\u0085", "\u200b", "\u201c", "\u0410bc", "\x00", "\\", "~", "null", "<<: ", "${x}",
    "{{ x }}", "{%", "25.00 GBP", "\r\n", "\r", "\ufeff", "odds 3", "side: back, odds: 3.10",
])  # fmt: skip
TEXTS = [
    file.read_text(encoding="utf-8", errors="replace") for folder in (CASES, PLANS) for file in sorted(folder.rglob("*.yaml"))
]


def alike(text: str) -> None:
    quick, plain = (read(text.encode("utf-8", "surrogatepass"), loader) for loader in BOTH)
    assert told(quick) == told(plain)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
@example("---")
@example(">-#")
@example("!orders:!!str |+#")
@example("!limits:!!str ")
@example("{planrunner: 1? * ")
def test_both_parsers_tell_the_same_of_any_text(text: str) -> None:
    alike(text)


@law(150, share=50)
@given(
    st.sampled_from([text for text in TEXTS if len(text) < 3000]),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 8), PIECES), min_size=1, max_size=3),
)
def test_both_parsers_tell_the_same_of_plans_with_pieces_replaced(text: str, cuts: list[tuple[int, int, str]]) -> None:
    for at, length, piece in cuts:
        place = at % (len(text) + 1)
        text = text[:place] + piece + text[place + length :]
    alike(text)


def test_both_parsers_tell_the_same_of_every_plan() -> None:
    for text in TEXTS:
        alike(text)
