"""Every plan that ships, rehearsed in the usual case, against the report that was read and approved.

The reports are `tests/golden/plans/<plan>/report.txt` and `report.json`. After a change that is meant:
`python -m tests.plans.test_reports` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import json
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from planrunner.app.running import Told
from planrunner.resources import schema
from tests.plans.rehearsing import PLANS, ROOT, document, in_words, rehearse

GOLDEN = ROOT / "tests" / "golden" / "plans"


def reports(told: Told) -> dict[str, str]:
    as_json = json.dumps(document(told), indent=2, ensure_ascii=False)
    return {"report.txt": in_words(told), "report.json": as_json + "\n"}


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_that_ships_gives_its_report(plan: str, tmp_path: Path) -> None:
    told = rehearse(plan, tmp_path)
    for name, text in reports(told).items():
        assert text == (GOLDEN / plan / name).read_text(encoding="utf-8")
    assert_one_file(told)
    Draft202012Validator(schema("report")).validate(json.loads("".join(told.json)))


def test_every_plan_has_its_report_and_every_report_its_plan() -> None:
    assert len(PLANS) >= 6
    assert sorted(str(report.parent.relative_to(GOLDEN)) for report in GOLDEN.rglob("report.txt")) == PLANS


def assert_one_file(told: Told) -> None:
    """The page is whole in itself: whatever it refers to is in it."""
    assert told.paths is not None
    page = Page()
    page.feed(told.paths.html.read_text(encoding="utf-8"))
    assert page.elements > 100
    assert page.outside == []


class Page(HTMLParser):
    """Collects what an HTML page would load or lead to. Text, like the addresses among the exchanges, is not that."""

    REFERS = frozenset({"src", "href", "xlink:href", "srcset", "data", "action", "formaction", "poster", "background", "ping"})

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0
        self.outside: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        self._in_style = tag == "style"
        if tag in {"script", "iframe", "object", "embed", "base"}:
            self.outside.append(tag)
        for name, value in attrs:
            if name in self.REFERS and not (value or "").startswith(("#", "data:")):
                self.outside.append(f"{tag} {name}={value}")
            self._style(value or "")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._style(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def _style(self, text: str) -> None:
        self.outside += re.findall(r"url\((?!#|data:).*?\)|@import.*", text)


if __name__ == "__main__":
    for each in PLANS:
        (GOLDEN / each).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            for name, text in reports(rehearse(each, Path(scratch))).items():
                (GOLDEN / each / name).write_text(text, encoding="utf-8")
