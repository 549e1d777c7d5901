"""One meaning, one digest; another meaning, another digest."""

from __future__ import annotations

from dataclasses import field, fields, is_dataclass, make_dataclass, replace
from typing import Any

import pytest

from planrunner.model.plan import Plan, Target
from planrunner.plan.digest import digest
from tests.plan.checking import PLAN, changed, check, order
from tests.plan.test_tickets import ROUTED, TICKET

LAY = order(
    "side: lay\nodds: 3.00\nliability_at_most: 60.00 GBP\nplace_before_start: 10m\nexpires_after_start: 5m\nfallback:\n"
    "  - before_start: 0s\n    keep: in_play\n"
    "  - after_start: 1m\n    reprice: best\n    no_worse_than: 4.00\n    at_most: 2 times"
)

RICH = order(
    "expires_before_start: 1m\nonly_if:\n  odds_at_least: 2.50\n  odds_at_most: 6.00\n  price_at_least: 10%\n"
    "  price_at_most: 50%\n  available_at_least: 50.00 GBP\n  market: open\n  in_play: no\n"
    "  runners_at_least: 5\n  runners_at_most: 12\n"
    "fallback:\n  - every: 30s\n    reprice: 1%\n    no_worse_than: 2.90\n"
    "  - before_start: 2m\n    hedge: green_up\n    no_worse_than: 3.50\n    for_at_most: 1m"
)
MARKETS = """\
planrunner: 1
plan: The favourite of every race
time_zone: Europe/London
limits:
  max_loss: 100.00 GBP
  max_orders: 10
for_each_market:
  venue: betfair
  sport: Horse Racing
  country: GB
  meetings: [Bath, Ascot]
  market: Win
  date: 2026-12-05
  starts_after: 13:00
  starts_before: 18:00
orders:
  - name: favourite
    venue: betfair
    favourite: 1
    side: back
    odds: 3.10
    stake: 10.00 GBP
    expires_before_start: 1m
"""


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
    spelling = {"LimitOrder": {"line": 99}, "PoolBet": {"line": 99}, "Ticket": {"line": 99}, "Odds": {"text": "?"},
                "FallbackStep": {"line": 99, "text": "?"}}  # fmt: skip
    changes |= spelling.get(kind, {})
    return replace(value, **changes)


@pytest.mark.parametrize("text", [PLAN, LAY, RICH, MARKETS, TICKET, ROUTED])
def test_where_and_how_it_was_written_is_no_meaning(text: str) -> None:
    plan = check(text).plan
    assert plan is not None
    assert digest(spelled_otherwise(plan)) == plan.digest == digest(replace(plan, digest="other"))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all fields that carry meaning."""
    if isinstance(value, tuple):
        return [leaf for number, one in enumerate(value) for leaf in leaves(one, (*path, number))]
    if is_dataclass(value):
        skipped = {
            "LimitOrder": {"line"},
            "PoolBet": {"line"},
            "Ticket": {"line"},
            "FallbackStep": {"line", "text"},
            "Odds": {"text"},
            "Plan": {"digest", "left_open"},  # it follows from what is bound with it
        }
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


@pytest.mark.parametrize("text", [PLAN, LAY, RICH, MARKETS, TICKET, ROUTED])
def test_every_field_that_carries_meaning_is_in_it(text: str) -> None:
    plan = check(text).plan
    assert isinstance(plan, Plan)
    paths = leaves(plan)
    assert len(paths) > 30
    assert len({digest(with_changed(plan, path)) for path in paths} | {plan.digest}) == len(paths) + 1


def test_a_word_that_joins_the_language_leaves_the_plans_that_do_not_use_it_alone() -> None:
    """What was approved stays approved when planrunner is updated."""
    plan = check(PLAN).plan
    assert isinstance(plan, Plan)
    (order_before,) = plan.orders
    given = [(one.name, Any, field(default=one.default)) for one in fields(Target)]
    grown = make_dataclass("Target", [*given, ("weather", Any, field(default="any"))], frozen=True, kw_only=True)
    said = {one.name: getattr(order_before.target, one.name) for one in fields(Target)}

    def digest_with(target: Any) -> str:
        return digest(replace(plan, orders=(replace(order_before, target=target),)))

    assert digest_with(grown(**said)) == digest_with(grown(**said, weather="any")) == plan.digest
    assert digest_with(grown(**said, weather="rain")) != plan.digest


def test_a_plans_digest_is_the_same_in_every_version() -> None:
    assert digest_of(PLAN) == "a77f28eb8dcab3f051a5858fe788d0e69947470c26cfbf57beabc96f2e9704bf"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("name: ${market.meeting}", "name: Some meeting"),
        ("favourite: ${2 if market.runners > 7 else 1}", "favourite: ${2 if market.runners > 6 else 1}"),
        ('name: ${market.country ~ " 12:00"}', "name: ${market.country} ${market.start}"),
    ],
)
def test_orders_that_are_the_same_for_some_market_only_are_not_the_same(one: str, other: str) -> None:
    key = one.partition(":")[0]
    now = next(line for line in MARKETS.splitlines() if f"{key}: favourite" in line or f"{key}: 1" in line).strip(" -")
    assert digest_of(MARKETS.replace(now, one)) != digest_of(MARKETS.replace(now, other))


def test_an_input_that_counts_for_some_market_only_is_part_of_the_meaning() -> None:
    def digest_with(give_up: str) -> str:
        inputs = f"inputs:\n  late:\n    type: duration\n    default: {give_up}\nlimits:"
        [line] = [line for line in MARKETS.splitlines() if line.strip().startswith("expires")]
        text = line.partition(":")[0] + ': ${late if market.runners > 20 else "2m"}'
        return digest_of(MARKETS.replace("limits:", inputs).replace(line, text))

    assert digest_with("2m") == digest_with("120s") != digest_with("150s")


def test_the_order_of_keys_with_templates_changes_no_digest() -> None:
    name, alert = "name: ${market.event}", "    fallback:\n      - if: suspended\n        alert: ${market.event}\n"
    text = MARKETS.replace("name: favourite", name) + alert
    swapped = (
        MARKETS.replace("  - name: favourite", "  - venue: betfair").replace("    venue: betfair\n", f"    {name}\n") + alert
    )
    assert digest_of(text) == digest_of(swapped)
