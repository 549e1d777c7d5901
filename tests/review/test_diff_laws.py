"""What changed is told exactly when a digest changes, whatever changed and however deep it stands."""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from itertools import combinations
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.app.check import check_files
from planrunner.model.plan import LimitOrder, Plan
from planrunner.plan.digest import digest, meaning, means
from planrunner.plan.given import Given
from planrunner.review.changes import Spot, What
from planrunner.review.diff import diff
from planrunner.review.diff_align import align
from planrunner.review.diff_fields import compare
from tests.laws import law
from tests.plan.checking import PLAN, check
from tests.plan.test_digest import LAY, MARKETS, RICH
from tests.plan.test_tickets import ROUTED, TICKET
from tests.plans.rehearsing import PLANS, ROOT
from tests.review.changing import changed, values_of

SAMPLES = sorted((ROOT / "tests" / "golden" / "samples").iterdir())


def plans() -> dict[str, Plan]:
    """Every plan that ships, every sample of the language, and those that tests of the digest are made of."""
    found = {f"plans/{name}": _read(f"{ROOT}/plans/{name}.yaml", None) for name in PLANS}
    for folder in SAMPLES:
        inputs = folder / "values.yaml"
        found[folder.name] = _read(str(folder / "plan.yaml"), str(inputs) if inputs.is_file() else None)
    for text in (PLAN, LAY, RICH, MARKETS, TICKET, ROUTED):
        plan = check(text).plan
        assert plan is not None
        found[str(len(found))] = plan
    return found


def _read(name: str, inputs: str | None) -> Plan:
    results = check_files([name], read_stdin=bytes, given=Given(file=inputs))
    (plan,) = [one.plan for one in results.files if one.plan is not None]
    return plan


ALL = plans()


def same_digest(old: Plan, new: Plan) -> bool:
    return digest(old) == digest(new)


@pytest.mark.parametrize("name", ALL)
def test_a_plan_is_no_other_than_itself(name):
    assert diff(ALL[name], ALL[name]) == ()


@law(300, share=80)
@given(st.data())
def test_a_change_is_told_exactly_when_the_digest_changes(data):
    old = ALL[data.draw(st.sampled_from(list(ALL)))]
    new = data.draw(changed(old))
    for _ in range(data.draw(st.integers(0, 2))):
        new = data.draw(changed(new))
    old, new = (replace(one, digest="") for one in (old, new))
    told = diff(old, new)
    assert (told == ()) == same_digest(old, new)
    assert [one for one in told if one.old == one.new and one.what is not What.MOVED] == []
    assert (diff(new, old) == ()) == (told == ())


def kinds(hint: Any, found: dict[type[Any], None]) -> dict[type[Any], None]:
    """Every kind of value that a plan may hold."""
    for one in get_args(hint):
        kinds(one, found)
    if is_dataclass(hint) and hint not in found:
        found[hint] = None
        for one in get_type_hints(hint).values():
            kinds(one, found)
    return found


KINDS = list(kinds(Plan, {}))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_field_of_every_kind_is_told(kind, data):
    """Each in turn, and not by chance: by itself, in a value of which nothing else changes."""
    old = data.draw(values_of(kind))
    hints = get_type_hints(kind)
    for name in means(kind):
        new = replace(old, **{name: data.draw(values_of(hints[name], name))})
        if kind is Plan:
            assert (diff(replace(old, digest=""), replace(new, digest="")) == ()) == (meaning(old) == meaning(new)), name
        elif meaning(old) != meaning(new):
            assert list(compare(Spot(about="it", path="it"), old, new)), name


def test_a_field_that_joins_later_is_told_by_its_own_name():
    later = make_dataclass(
        "Later", [("in_colour", str, field(default="red"))], bases=(LimitOrder,), frozen=True, kw_only=True, slots=True
    )
    (order,) = ALL["plans/chase"].orders
    red, blue = (later(**{one.name: getattr(order, one.name) for one in fields(order)}, in_colour=one) for one in ("red", "blue"))
    old, new = (replace(ALL["plans/chase"], orders=(one,), digest="") for one in (red, blue))
    assert [one.text for one in diff(old, new)] == ["in colour red -> blue"]


@settings(max_examples=200)
@given(st.lists(st.integers(0, 8)), st.lists(st.integers(0, 8)))
def test_each_is_at_most_one_other_and_nobody_is_lost(old, new):
    found = align(old, new, lambda one: one, lambda one: one // 2, lambda one: None if one > 6 else one % 2)
    assert sorted([one for one, _ in found.pairs] + list(found.removed)) == sorted(old)
    assert sorted([one for _, one in found.pairs] + list(found.added)) == sorted(new)


@given(st.permutations(range(7)))
def test_what_moved_is_told_and_as_little_of_it_as_can_be(new):
    found = align(range(7), new, lambda one: one)
    moved = {one for one, _ in found.moved}
    stays = [one for one in new if one not in moved]
    assert stays == sorted(stays)
    assert (moved == set()) == (list(new) == sorted(new))
    assert not any(list(run) == sorted(run) for run in combinations(new, len(stays) + 1))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_did_not_change_is_not_told(data):
    """One field of one order, or of the limits: nothing is told of anything else but the figures that follow."""
    plan = ALL["plans/several-in-one-market"]
    number = data.draw(st.integers(0, len(plan.orders) - 1))
    order = plan.orders[number]
    hints = get_type_hints(LimitOrder)
    name = data.draw(st.sampled_from([one for one in means(LimitOrder) if one != "name"]))
    other = replace(order, **{name: data.draw(values_of(hints[name], name))})
    new = replace(plan, orders=(*plan.orders[:number], other, *plan.orders[number + 1 :]), digest="")
    told = [one for one in diff(replace(plan, digest=""), new) if one.what is not What.FOLLOWS]
    assert {one.about for one in told} <= {order.name}
    assert all(one.path.startswith(f"orders.{order.name}.{name}") for one in told)
    limits = replace(plan.limits, max_orders=data.draw(st.integers(20, 30)))
    assert {one.about for one in diff(plan, replace(plan, limits=limits, digest=""))} == {"limits"}
