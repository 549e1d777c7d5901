"""The reference, `schemas/README.md`, is what is made from the schemas today, and whole; links between pages lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planrunner import resources
from planrunner.app.reference import reference
from planrunner.plan.expression import FILTERS
from planrunner.plan.problems import CODES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "schemas" / "README.md").read_text(encoding="utf-8")


def test_the_committed_page_is_the_one_that_is_made() -> None:
    assert reference() == PAGE, "write it anew: python -m planrunner.app.reference"


def blocks(schema: Any) -> Iterator[dict[str, Any]]:
    """The keys of every block of a schema, wherever it stands."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema["properties"]
        for one in schema.values():
            yield from blocks(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from blocks(one)


@pytest.mark.parametrize("name", ["plan", "site"])
def test_every_key_and_word_is_told(name: str) -> None:
    rows = re.findall(r"^\| `(\w+)`[^|]*\|(.*)$", PAGE, re.MULTILINE)
    for keys in blocks(resources.schema(name)):
        for key, rule in keys.items():
            told = [row for told, row in rows if told == key]
            assert told, key
            if isinstance(rule, dict):
                assert any(all(f"`{word}`" in row for word in rule.get("enum", ())) for row in told), key


def test_every_code_and_filter_is_told_once() -> None:
    assert sorted(re.findall(r"^#### (PR\d+): ", PAGE, re.MULTILINE)) == sorted(CODES)
    assert [name for name in FILTERS if PAGE.count(f"\n| `{name}` | ") < 1] == []


@pytest.mark.parametrize("page", ["README.md", "plans/README.md", "schemas/README.md"])
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for file, heading in re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", (ROOT / page).read_text(encoding="utf-8")):
        target = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        assert target.exists(), file
        assert not heading or heading in anchors(target.read_text(encoding="utf-8")), heading


def anchors(text: str) -> set[str]:
    """As GitHub names headings."""
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_every_row_has_the_cells_of_its_table() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table
