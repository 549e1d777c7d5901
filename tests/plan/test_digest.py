"""One meaning, one digest; another meaning, another digest."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from planrunner.model.plan import Plan
from planrunner.plan.digest import digest
from tests.plan.checking import PLAN, changed, check, order

LAY = order(
    "side: lay\nodds: 3.00\nliability_at_most: 60.00 GBP\nplace_before_start: 10m\nexpires_after_start: 5m\nfallback:\n"
    "  - before_start: 0s\n    keep: in_play\n"
    "  - after_start: 1m\n    reprice: best\n    no_worse_than: 4.00\n    at_most: 2 times"
)


def digest_of(text: str) -> str:
    plan = check(text).plan
    assert plan is not None, check(text).told()
    return plan.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("odds: 3.10", "odds: 3.1"),
        ("odds: 3.10", "odds: +210"),
        ("odds: 3.10", 'odds: "3.10"'),
        ("stake: 25.00 GBP", "stake: 25 GBP"),
        ("expires_before_start: 1m", "expires_before_start: 60s"),
        ("    side: back\n    odds: 3.10", "    odds: 3.10\n    side: back"),
        ("side: back", "side: back   # a comment"),
        ("side: back", "side: back\n    type: limit"),
        ("\nlimits:", "\n\n# more room\nlimits:"),
        ("reprice: 1 tick\n        no_worse_than: 2.90", "no_worse_than: 2.9\n        reprice: 1 tick"),
        ("\n", "\r\n"),
    ],
)
def test_spelling_changes_nothing(old: str, new: str) -> None:
    assert digest_of(changed((old, new))) == digest_of(PLAN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("plan: Back", "plan: Really back"),
        ("name: arsenal", "name: gunners"),
        ("odds: 3.10", "odds: 3.15"),
        ("stake: 25.00 GBP", "stake: 24.99 GBP"),
        ("max_loss: 25.00 GBP", "max_loss: 25.01 GBP"),
        ("selection: Arsenal", "selection: arsenal"),
        ("every: 30s", "every: 31s"),
        ("alert: The", "alert: the"),
        ("expires_before_start: 1m", "expires_after: 1m"),
        ("no_worse_than: 2.90", "no_worse_than: 2.92"),
        ("side: back", "side: back\n    date: today"),
        ("\nlimits:", "time_zone: Europe/London\nlimits:"),
    ],
)
def test_meaning_changes_it(old: str, new: str) -> None:
    assert digest_of(changed((old, new))) != digest_of(PLAN)


def spelled_otherwise(value: Any) -> Any:
    """The same value as if written elsewhere and otherwise."""
    if isinstance(value, tuple):
        return tuple(spelled_otherwise(one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {one.name: spelled_otherwise(getattr(value, one.name)) for one in fields(value)}
    kind = type(value).__name__
    changes |= {"LimitOrder": {"line": 99}, "FallbackStep": {"line": 99, "text": "?"}, "Odds": {"text": "?"}}.get(kind, {})
    return replace(value, **changes)


@pytest.mark.parametrize("text", [PLAN, LAY])
def test_where_and_how_it_was_written_is_no_meaning(text: str) -> None:
    plan = check(text).plan
    assert plan is not None
    assert digest(spelled_otherwise(plan)) == plan.digest == digest(replace(plan, digest="other"))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all fields that carry meaning."""
    if isinstance(value, tuple):
        return [leaf for number, one in enumerate(value) for leaf in leaves(one, (*path, number))]
    if is_dataclass(value):
        skipped = {"LimitOrder": {"line"}, "FallbackStep": {"line", "text"}, "Odds": {"text"}, "Plan": {"digest"}}
        names = [one.name for one in fields(value) if one.name not in skipped.get(type(value).__name__, ())]
        return [leaf for name in names for leaf in leaves(getattr(value, name), (*path, name))]
    return [path]


def with_changed(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "something else"
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], with_changed(value[step], rest), *value[step + 1 :])
    return replace(value, **{step: with_changed(getattr(value, step), rest)})


@pytest.mark.parametrize("text", [PLAN, LAY])
def test_every_field_that_carries_meaning_is_in_it(text: str) -> None:
    plan = check(text).plan
    assert isinstance(plan, Plan)
    paths = leaves(plan)
    assert len(paths) > 30
    assert len({digest(with_changed(plan, path)) for path in paths} | {plan.digest}) == len(paths) + 1
