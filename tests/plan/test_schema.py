"""The schemas: one source of shape, for the quick answer, the full validation, and editors."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from planrunner import resources
from planrunner.app import schema as schemas
from planrunner.model.account import Happening, Proof, Role
from planrunner.model.plan import Condition, IfMissed, IfStillRunning, MarketQuery, OnlyIf, OrderType, Routing
from planrunner.model.pools import Pool
from planrunner.plan import decode, layout, scalars, unsupported
from planrunner.plan.fit import compile_schema
from planrunner.plan.messages.shape import BLOCKS
from planrunner.plan.nodes import Block, tree
from planrunner.plan.problems import Problem
from planrunner.plan.reader import read
from planrunner.plan.words import OF_MOVES
from tests.laws import law
from tests.plan.checking import PLAN, check, check_site, codes
from tests.plan.test_laws import KEYS, SOURCES, WORDS, shaped, written

NAMES = ["plan", "site"]
FITS = {name: compile_schema(resources.schema(name)) for name in NAMES}
VALIDATORS = {name: Draft202012Validator(resources.schema(name)) for name in NAMES}


def every_key(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    blocks = [schema, *schema["$defs"].values(), *schema["properties"].values()]
    return [(key, one) for block in blocks for key, one in block.get("properties", {}).items()]


@pytest.mark.parametrize("name", NAMES)
def test_is_a_schema_whose_every_key_is_explained_with_examples(name: str) -> None:
    schema = resources.schema(name)
    Draft202012Validator.check_schema(schema)
    for key, one in [*every_key(schema), *schema["$defs"].items()]:
        target = schema["$defs"][one["$ref"].removeprefix("#/$defs/")] if "$ref" in one else one
        assert (one.get("description") or target.get("description", "")).endswith("."), key
        assert one.get("examples") or target.get("examples"), key


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_a_scalar_is_valid_in_its_place(name: str) -> None:
    schema = resources.schema(name)
    for key, one in every_key(schema):
        rule = Draft202012Validator({**one, "$defs": schema["$defs"]})
        for value in one.get("examples", []):
            if not isinstance(value, dict | list):
                assert rule.is_valid(value), (key, value)
                assert rule.is_valid(str(value)), (key, value)


@pytest.mark.parametrize("value", [3.1, 2, 120, -110, 1000])
def test_editors_may_see_odds_as_numbers(value: float) -> None:
    schema = resources.schema("plan")
    assert Draft202012Validator({**schema["$defs"]["odds"], "$defs": schema["$defs"]}).is_valid(value)


@pytest.mark.parametrize("value", [10, 25.5, float("nan")])
def test_no_number_guards_money(value: float) -> None:
    schema = resources.schema("plan")
    assert not Draft202012Validator({**schema["$defs"]["money"], "$defs": schema["$defs"]}).is_valid(value)


def agree(name: str, text: str) -> None:
    root = read(text.encode()).root
    if isinstance(root, Block):
        assert FITS[name](root) == VALIDATORS[name].is_valid(tree(root))


@law(200, share=40)
@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 8), WORDS), max_size=2))
def test_the_quick_answer_is_the_schemas_for_plans_with_pieces_replaced(text: str, cuts: list[tuple[int, int, str]]) -> None:
    for at, length, word in cuts:
        place = at % (len(text) + 1)
        text = text[:place] + word + text[place + length :]
    agree("plan", text)


@law(100, share=60)
@given(st.dictionaries(KEYS, shaped(KEYS), max_size=6))
def test_the_quick_answer_is_the_schemas_for_any_tree(value: dict[str, object]) -> None:
    agree("plan", written({"planrunner": "1", **value}).lstrip())
    agree("site", written({"planrunner_site": "1", **value}).lstrip())


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(resources.schema("plan")["$defs"])), st.text("0123456789.,+-%/: GBPEURtickstmeshd#ab", max_size=14))
def test_the_quick_answer_is_the_schemas_for_every_kind_of_scalar(kind: str, text: str) -> None:
    schema = resources.schema("plan")
    alone = {"type": "object", "additionalProperties": {"$ref": f"#/$defs/{kind}"}, "$defs": schema["$defs"]}
    root = read(f"key: '{text}'".encode()).root
    assert root is not None
    assert compile_schema(alone)(root) == Draft202012Validator(alone).is_valid(tree(root))


def test_a_keyword_that_would_be_ignored_stops_the_compilation() -> None:
    with pytest.raises(ValueError, match="multipleOf"):
        compile_schema({"type": "string", "multipleOf": 3})


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789.,+-% GBPEURticksmeshdx:", max_size=12))
def test_what_fits_the_pattern_of_an_amount_is_read_and_nothing_else(text: str) -> None:
    defs = resources.schema("plan")["$defs"]
    fits = {kind: Draft202012Validator({**rule, "$defs": defs}).is_valid(text) for kind, rule in defs.items()}
    assert (scalars.money(text) is not None) == fits["money"]
    assert (scalars.times(text) is not None) == fits["times"]
    assert (scalars.line(text) is not None) == fits["line"]
    assert (scalars.count(text) is not None) == fits["count"]
    assert (scalars.time_of_day(text) is not None) == fits["time"]
    is_way = text in ("best", "join_best") or scalars.ticks(text) is not None or scalars.percent(text) is not None
    assert is_way == (fits["reprice"] and text.strip("0.") != "%")  # 0% has the form and moves nothing
    assert scalars.odds(text) is None or fits["odds"]  # 1.00 and 0% have the form and pay nothing
    assert scalars.duration(text) is None or fits["duration"]  # 999d has the form and is too long


def test_the_schema_and_the_model_have_the_same_words() -> None:
    defs = resources.schema("plan")["$defs"]
    order, step = defs["order"]["properties"], defs["step"]["properties"]
    later = {"limit_on_close", "market_on_close", "market"}
    assert words(step["if"]) == {one.value for one in Condition}
    assert words(order["type"]) | later == {one.value for one in OrderType}
    assert set(decode.TRIGGERS) | set(decode.ACTIONS) | {"no_worse_than", "at_most", "for_at_most"} | OF_MOVES == set(step)
    assert set(order) > OF_MOVES
    assert set(decode.ENDINGS) <= set(order)
    asked = {one.name for one in fields(OnlyIf)}
    assert {"market_open" if key == "market" else key for key in defs["only_if"]["properties"]} == asked
    assert words(defs["bet"]["properties"]["pool"]) == {*(one.value for one in Pool), "each_way"}
    assert len(defs["settings"]["properties"]) == len(fields(Routing))
    assert len(defs["for_each_market"]["properties"]) == len(fields(MarketQuery))


def test_schedules_and_the_service_have_the_models_words() -> None:
    when = resources.schema("plan")["$defs"]["when"]["properties"]
    assert set(when) == layout.WHEN
    assert words(when["if_missed"]) == {one.value for one in IfMissed}
    assert words(when["if_still_running"]) == {one.value for one in IfStillRunning}
    site = resources.schema("site")["$defs"]
    for kind, enum in (("role", Role), ("happening", Happening)):
        assert set(site[kind]["enum"]) == {one.value for one in enum}
    assert set(site["signal"]["properties"]["proof"]["enum"]) == {one.value for one in Proof}


def words(schema: dict[str, Any]) -> set[str]:
    """The words of a key that may also be a template."""
    return set(schema["anyOf"][0]["enum"])


@pytest.mark.parametrize("name", NAMES)
def test_messages_have_a_name_for_every_block(name: str) -> None:
    schema = resources.schema(name)
    blocks = [schema, *schema["$defs"].values()]
    assert {one["title"] for one in blocks if "properties" in one} <= BLOCKS.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_scalar_that_does_not_fit_has_a_message(name: str) -> None:
    """Wherever a scalar may stand, the longest and oddest of all is told, not raised."""
    schema = resources.schema(name)
    for key, one in every_key(schema):
        rule = Draft202012Validator({**one, "$defs": schema["$defs"]})
        for odd in ("C:\\bets\\picks.csv", "`", "x" * 2000):
            if not rule.is_valid(odd):
                for title in homes(schema, key):
                    assert all(problem.message.endswith((".", ")", "?")) for problem in told_of(name, title, key, odd)), key


def homes(schema: dict[str, Any], key: str) -> list[str]:
    """The titles of the blocks that a key may stand in."""
    blocks = [schema, *schema["$defs"].values()]
    return [block["title"] for block in blocks if key in block.get("properties", {})]


def told_of(name: str, title: str, key: str, text: str) -> tuple[Problem, ...]:
    alone = f"{key}: '{text}'"
    within = {
        "plan": f"{alone}\n", "limits": f"limits:\n  {alone}\n", "order": f"orders:\n  - {alone}\n",
        "step": f"orders:\n  - fallback:\n      - {alone}\n", "only_if": f"orders:\n  - only_if:\n      {alone}\n",
        "ticket": f"tickets:\n  - {alone}\n", "bet": f"tickets:\n  - bets:\n      - {alone}\n",
        "leg": f"tickets:\n  - bets:\n      - pool: placepot\n        legs:\n          - {alone}\n",
        "settings": f"orders:\n  - settings:\n      {alone}\n", "for_each_market": f"for_each_market:\n  {alone}\n",
        "input": f"inputs:\n  one:\n    {alone}\n",
        "site": f"{alone}\n", "account": f"accounts:\n  one:\n    {alone}\n", "policy": f"policy:\n  {alone}\n",
        "when": f"when:\n  {alone}\n", "service": f"service:\n  {alone}\n", "notice": f"notify:\n  - {alone}\n",
        "signal": f"service:\n  signals:\n    one:\n      {alone}\n", "mail": f"mail:\n  {alone}\n",
            "approver": f"policy:\n  approvers:\n    one:\n      {alone}\n",
        "account_limits": f"accounts:\n  one:\n    limits:\n      {alone}\n", "site_limits": f"limits:\n  {alone}\n",
    }[title]  # fmt: skip
    if name == "site":
        return check_site(f"planrunner_site: 1\n{within}".encode()).problems
    return check(f"planrunner: 1\nplan: x\n{within}").problems


def test_every_later_word_is_refused_by_name() -> None:
    for title, keys in unsupported.KEYS.items():
        assert title in BLOCKS
        if title in ("plan", "limits"):
            for key in keys:
                place = "orders:" if title == "plan" else "  max_loss"
                text = PLAN.replace(place, f"{place.replace(place.strip(), '')}{key}: x\n{place}")
                assert codes(text) == ["PR203"], key


def test_for_an_editor_it_is_the_same_schema_with_more_to_read() -> None:
    import json

    plain, editor = resources.schema("plan"), json.loads(schemas.text("plan", for_editor=True))
    for text in SOURCES:
        root = read(text.encode()).root
        if root is not None:
            assert Draft202012Validator(plain).is_valid(tree(root)) == Draft202012Validator(editor).is_valid(tree(root))
    assert "Example: `3.10`" in editor["$defs"]["order"]["properties"]["odds"]["markdownDescription"]
