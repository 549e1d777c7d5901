"""Text in; a plan or problems out; never an exception, never both, never neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planrunner import resources
from planrunner.plan.pipeline import Checked
from planrunner.plan.problems import CODES, MOST_SHOWN, to_json
from tests.laws import law
from tests.plan.checking import PLAN, check, check_site

GOLDEN = Path(__file__).parent.parent / "golden" / "messages"
FILES = [case / "plan.yaml" for case in sorted(GOLDEN.iterdir()) if (case / "plan.yaml").exists()]
SOURCES = [PLAN, *(file.read_bytes().decode("utf-8", "replace") for file in FILES)]


def obeys(checked: Checked) -> None:
    """What holds of every text."""
    assert (checked.plan is None) == bool(checked.problems)
    assert list(checked.problems) == sorted(checked.problems, key=lambda one: (one.line, one.column, one.code))
    assert len(set(checked.problems)) == len(checked.problems)
    for one in checked.problems:
        assert one.code in CODES
        assert one.line >= 1
        assert one.column >= 1
        assert one.span >= 1
        assert one.message.endswith((".", ")", "?"))
        assert to_json(one)["message"] == one.message
    shown = checked.told()
    assert "\x1b" not in shown
    assert shown.count(": error PR") >= min(len(checked.problems), MOST_SHOWN)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
@example(b"\x00planrunner: 1")
@example(b"\xff\xfep\x00l\x00a\x00n\x00")
@example(b"planrunner: 1\nplan: " + b"[" * 5000)
@example(b"- " * 3000)
@example(b"? " * 300)
@example(b"planrunner: 1\n" + b"a: " * 50)
@example(b" :")
@example(b"planrunner: 1\n: \n? \n")
def test_any_bytes(data: bytes) -> None:
    obeys(check(data))
    told = check_site(data)
    assert (told.site is None) == bool(told.problems)


_WORDS = """
planrunner plan limits max_loss orders name venue event market selection side odds stake back lay betfair corner +120 65% 5/2 1m
0s
every after if reprice best no_worse_than cancel remainder keep in_play alert fallback type fill_or_kill min_fill odds_hold_for
average liability_at_most expires_after expires_at time_zone Europe/London tickets hedge settings
move_remainder_to 1 999999d 0% -100 2026-02-30
today null ${x} [ ] { } # ' &a *a 3.10 " favourite only_if odds_at_least price_at_most 40% available_at_least in_play no
runners_at_most for_each_market green_up for_at_most join_best 1% max_orders starts_after 13:00
tote oddspapi_abp meeting bets pool exacta each_way placepot runners finish any_order first legs race unit_stake total_cost
reserves retry once bookmakers pinnacle accept_partial event_id id100 selection_id
when day weekday saturday dates at 11:00 time_zone from until before_each_start on_signal if_missed run_late late_by_at_most
if_still_running queue max_loss_in_total 14:29 2026-12-05 service users operator signals proof token within webhook
https://hooks.example.org email
"""
_PHRASES = ("25.00 GBP", "10.00 EUR", "1 tick", "2026-12-05 14:29", "", ": ", "\n", "    ", "- ", "\t")
WORDS = st.sampled_from([*_WORDS.split(), *_PHRASES])


@law(150, share=50)
@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 12), WORDS), min_size=1, max_size=4))
def test_a_plan_with_pieces_replaced(text: str, cuts: list[tuple[int, int, str]]) -> None:
    for at, length, word in cuts:
        place = at % (len(text) + 1)
        text = text[:place] + word + text[place + length :]
    obeys(check(text))


@law(100, share=40)
@given(st.sampled_from(SOURCES), st.data())
def test_a_plan_with_lines_moved_copied_and_lost(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        taken = lines.pop(data.draw(st.integers(0, len(lines) - 1)))
        for _ in range(data.draw(st.integers(0, 2))):
            indent = " " * data.draw(st.integers(0, 4))
            lines.insert(data.draw(st.integers(0, len(lines))), indent + taken)
        lines = lines or [""]
    obeys(check("\n".join(lines)))


def shaped(keys: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    scalar = WORDS.filter(lambda word: word not in ("\n", "\t"))

    def deeper(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        return st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=8)

    return st.recursive(scalar, deeper, max_leaves=30)


def written(value: object, indent: int = 0) -> str:
    """YAML of a tree, every scalar quoted."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"\n{pad}{key}: {written(one, indent + 1)}" for key, one in value.items()) if value else "''"
    if isinstance(value, list):
        return "".join(f"\n{pad}- {written(one, indent + 1)}" for one in value) if value else "[]"
    return "'" + str(value).replace("'", "''") + "'"


_KEYS = """
planrunner plan limits orders max_loss name venue event market selection side odds stake expires_after fallback
after cancel reprice
if accounts policy mode currency when shares favourite only_if odds_at_least odds_at_most available_at_least runners_at_most
in_play for_each_market sport starts_after starts_before meetings hedge move_remainder_to no_worse_than for_at_most
place_before_start
liability_at_most tickets meeting bets pool race runners finish first second third legs unit_stake total_cost reserves settings
bookmakers accept_partial retry event_id selection_id allow_lay
max_loss_in_total every dates except at time_zone from until before_each_start on_signal if_missed late_by_at_most
if_still_running service users signals proof within at_most_per_minute notify webhook email on signed mail server port inputs
type
"""
KEYS = st.sampled_from(_KEYS.split())


@law(150, share=50)
@given(st.dictionaries(KEYS, shaped(KEYS), max_size=6))
def test_any_tree_of_a_plans_words(tree: dict[str, object]) -> None:
    obeys(check(written({"planrunner": "1", **tree}).lstrip()))
    told = check_site(written({"planrunner_site": "1", **tree}).lstrip())
    assert (told.site is None) == bool(told.problems)


_BLOCKS = {"only_if": "only_if", "settings": "settings"}
_LISTS = {"fallback": "step", "bets": "bet", "legs": "leg"}


def said(kind: str, least: int) -> st.SearchStrategy[dict[str, object]]:
    """A block with some of its keys, most of them as in the examples of the schema."""
    defs = resources.schema("plan")["$defs"]
    values: dict[str, st.SearchStrategy[object]] = {}
    for key, one in defs[kind]["properties"].items():
        if key in _BLOCKS:
            values[key] = said(_BLOCKS[key], 1)
        elif key in _LISTS:
            values[key] = st.lists(said(_LISTS[key], 1), min_size=1, max_size=4)
        else:
            examples = one.get("examples") or defs[one["$ref"].removeprefix("#/$defs/")]["examples"]
            values[key] = st.sampled_from([*examples, *examples, "2.90", "0s", "10.00 EUR"])
    keys = st.lists(st.sampled_from(sorted(values)), min_size=least, max_size=len(values), unique=True)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: values[key] for key in chosen}))


@law(200, share=40)
@given(st.lists(said("order", 6), min_size=1, max_size=3), said("limits", 1), st.none() | said("for_each_market", 3))
def test_any_order_of_the_words_of_orders(orders: list[object], limits: object, markets: object) -> None:
    each = {} if markets is None else {"for_each_market": markets}
    obeys(check(written({"planrunner": "1", "plan": "Any", "limits": limits, **each, "orders": orders}).lstrip()))


@law(100, share=30)
@given(st.lists(said("ticket", 4), min_size=1, max_size=3), said("limits", 1), st.lists(said("order", 6), max_size=1))
def test_any_order_of_the_words_of_tickets(tickets: list[object], limits: object, orders: list[object]) -> None:
    some = {"orders": orders} if orders else {}
    obeys(check(written({"planrunner": "1", "plan": "Any", "limits": limits, "tickets": tickets, **some}).lstrip()))


@pytest.mark.parametrize("size", [1 << 20, 10 << 20])
def test_a_file_of_megabytes(size: int) -> None:
    checked = check((b"- a\n" * (size // 4 + 1))[: size + 1])
    obeys(checked)
    assert [one.code for one in checked.problems] == ["PR102"]
