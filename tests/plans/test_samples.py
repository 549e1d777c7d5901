"""Every word of the plan language at work: each folder of `tests/golden/samples` is a whole plan that is checked, told and run.

`explain.txt` is how the plan is told, as it was read and approved. After a change that is meant:
`python -m tests.plans.test_samples` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from planrunner import resources
from planrunner.app.explain import explain_plan
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.text import as_text
from tests.plans.rehearsing import ROOT, rehearse

SAMPLES = ROOT / "tests" / "golden" / "samples"
# What is given beside a plan that has inputs; the file wins over defaults, and what is said on the command line over the file.
GIVEN = {
    "inputs": Given(values={"stake": "12.00 GBP"}, file=str(SAMPLES / "inputs" / "values.yaml")),
    # What a signal would bring.
    "signal": Given(
        values={"event": "Arsenal v Chelsea", "team": "Arsenal", "odds": "2.50", "stake": "4.00 GBP", "side": "back"}
    ),
}


class Came(NamedTuple):
    """What became of an order's stake (`matched`, `cancelled` ...), and the odds it was placed at, one after the other."""

    became: Mapping[str, str]
    odds: Sequence[str]


ALL, NOTHING = "matched", "cancelled"
# Words of this version that no rehearsal can play: the sandbox has no markets with lines.
UNPLAYED = {"line"}
# Samples that are checked and told, for venues that rehearsals do not have yet.
TOLD_ONLY = ("tickets", "tickets-table", "router")


def came(stake: str, became: str, *odds: str) -> Came:
    return Came({became: f"{stake} GBP"}, odds)


# The exit code of each sample, and its orders.
FACTS: dict[str, tuple[int, dict[str, Came]]] = {
    "first-plan": (
        0, {"arsenal": came("25.00", NOTHING, "3.1", "3.05", "3", "2.98", "2.96", "2.94", "2.92", "2.9")}
    ),
    "amounts": (
        0,
        {
            "decimal": came("10.00", NOTHING, "3.1"), "american": came("10.00", NOTHING, "2.2"),
            "american lay": came("10.00", ALL, "2"), "probability": came("10.00", ALL, "4"),
            "long shot": came("10.00", "lapsed", "120"),
        },
    ),
    "ids": (
        0,
        {
            "by market and selection": came("2.00", ALL, "1.8"), "by market": came("2.00", ALL, "1.5"),
            "by event": came("2.00", NOTHING, "10"),
        },
    ),
    # There is no seventh favourite among six runners.
    "racing": (
        4,
        {
            "third race": came("2.00", ALL, "2"), "by its time": came("2.00", ALL, "1.5"),
            "in a field of six": came("2.00", "not_placed"),
        },
    ),
    "placing": (
        0,
        {
            "at once": came("2.00", NOTHING, "10"), "before the start": came("2.00", NOTHING, "20"),
            "by the clock": came("2.00", NOTHING, "10"), "into play": came("2.00", NOTHING, "100"),
        },
    ),
    "only-if": (
        0,
        {
            "all of it holds": came("2.00", ALL, "2"), "too few runners": came("2.00", "not_placed"),
            "not in play": came("2.00", "not_placed"),
        },
    ),
    "fill-or-kill": (0, {"arsenal": came("20.00", ALL, "2.2")}),
    "steps": (
        0,
        {
            "moves": came("20.00", NOTHING, "3.1", "3.05", "3", "2.98", "2.96", "2.94", "2.92"),
            "gives up": came("20.00", NOTHING, "5"), "stays": came("20.00", NOTHING, "1.5", "1.52"),
        },
    ),
    "hedge": (
        0,
        {
            "liverpool": came("20.00", ALL, "1.45"), "liverpool/hedge": came("20.00", ALL, "1.45"),
            "everton": came("20.00", NOTHING, "30"),
        },
    ),
    "moves": (
        0,
        {
            "to the router": came("20.00", ALL, "3.1"), "to the router/moved": came("20.00", ALL, "2.3"),
            "from the router": came("10.00", NOTHING, "9"), "from the router/moved": came("10.00", NOTHING, "9"),
            "if refused": came("10.00", NOTHING, "2.5"),
        },
    ),
    "inputs": (0, {"chelsea": came("4.00", ALL, "2.74")}),
    "blueprint": (0, {"Newcastle": came("5.00", ALL, "2.2", "1.91")}),
    "table": (
        0,
        {
            "pick#1": came("4.00", ALL, "2.5"), "pick#2": came("2.00", ALL, "3.8"), "pick#3": came("2.00", NOTHING, "3"),
        },
    ),
    "rows": (0, {"Arsenal#1": came("2.00", ALL, "2.5"), "The Draw#2": came("3.00", NOTHING, "3.9")}),
    "markets": (
        0,
        {
            "Ascot 13:05#1": came("2.00", ALL, "1.5"), "Bath 13:20#2": came("2.00", ALL, "1.5"),
            "Ascot 13:40#3": came("2.00", ALL, "1.5"), "Bath 13:55#4": came("2.00", ALL, "1.5"),
        },
    ),
    "schedule": (
        0, {"from half past eleven": came("2.00", NOTHING, "10"), "at once": came("2.00", ALL, "1.8")}
    ),
    "dates": (0, {"arsenal": came("2.00", ALL, "2.5")}),
    "starts": (0, {"13:20#1": came("2.00", ALL, "1.5")}),
    "signal": (0, {"pick": came("4.00", ALL, "2.5")}),
    "site": (
        0, {"arsenal": came("38.00", NOTHING, "3.1", "3.05", "3", "2.98", "2.96", "2.94", "2.92", "2.9")}
    ),
}  # fmt: skip


def plan_of(sample: str) -> Path:
    return Path("tests/golden/samples", sample, "plan.yaml")


def explained(sample: str) -> str:
    with chdir(ROOT):  # places are told as the plan was asked for
        found = explain_plan(str(plan_of(sample)), read_stdin=bytes, given=GIVEN.get(sample, NOTHING_GIVEN))
    assert found.told is not None, [one.problems for one in found.results.files]
    return as_text(found.told)


@pytest.mark.parametrize("sample", [*FACTS, *TOLD_ONLY])
def test_a_sample_is_a_plan_without_problems_and_told_as_approved(sample: str) -> None:
    assert explained(sample) == (SAMPLES / sample / "explain.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("sample", FACTS)
def test_a_sample_is_run_as_it_says(sample: str, tmp_path: Path) -> None:
    told = rehearse(plan_of(sample), tmp_path, given=GIVEN.get(sample, NOTHING_GIVEN))
    code, orders = FACTS[sample]
    report = json.loads("".join(told.json))
    assert (told.ran.exit, [one["name"] for one in report["orders"]]) == (code, list(orders))
    for order in report["orders"]:
        expected = orders[order["name"]]
        sizes = {kind: order[kind] for kind in ("matched", "cancelled", "lapsed", "not_placed") if order[kind] != "0.00 GBP"}
        assert sizes == expected.became
        assert [Decimal(one["odds"]) for one in order["placements"]] == [Decimal(one) for one in expected.odds]


def test_every_sample_has_its_facts() -> None:
    assert sorted([*FACTS, *TOLD_ONLY]) == sorted(path.name for path in SAMPLES.iterdir())


def test_between_them_the_samples_say_every_word_of_the_language() -> None:
    said = {word for file in SAMPLES.rglob("*.yaml") for word in words(yaml.load(file.read_text("utf-8"), yaml.BaseLoader))}
    assert keys(resources.schema("plan")) - said == UNPLAYED


def words(node: Any) -> Iterator[str]:
    """The keys of a file."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield key
        yield from words(value)
    for item in node if isinstance(node, list) else ():
        yield from words(item)


def keys(schema: Any) -> set[str]:
    """What a schema has a place for."""
    below = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return set(own).union(*(keys(one) for one in below))


if __name__ == "__main__":
    for name in (*FACTS, *TOLD_ONLY):
        (SAMPLES / name / "explain.txt").write_text(explained(name), encoding="utf-8")
