"""What a newcomer sees first: the first command of the README, its words and its page."""

from __future__ import annotations

import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from planrunner.app.running import Told
from tests.plans.rehearsing import ROOT, document, in_words, rehearse

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
)  # fmt: skip
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium to open the page with")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    assert "run plans/chase.yaml --case half-matches" in (ROOT / "README.md").read_text(encoding="utf-8")
    return rehearse("chase", tmp_path_factory.mktemp("first"), case="half-matches")


def test_part_of_it_matches_the_rest_is_repriced_and_cancelled_at_expiry(told: Told) -> None:
    (order,) = document(told)["orders"]
    assert told.ran.exit == 0
    assert (order["matched"], order["cancelled"], order["stake"]) == ("10.00 GBP", "10.00 GBP", "20.00 GBP")
    assert order["ended"] == "expired at 14:59:00; the rest was cancelled"
    assert [placement["odds"] for placement in order["placements"]] == [
        "2.62", "2.60", "2.58", "2.56", "2.54", "2.52", "2.50", "2.48",
    ]  # fmt: skip
    assert "10.00 of 20.00 GBP matched at 2.62; the rest was cancelled at 14:59:00" in in_words(told)


@needs_chromium
def test_a_browser_shows_the_page_and_has_nothing_to_say_about_it(told: Told, tmp_path: Path) -> None:
    assert told.paths is not None
    shown, console = opened(told.paths.html, tmp_path)
    assert console == []
    page = Shown()
    page.feed(shown)
    assert page.headings[0].startswith("10.00 of 20.00 GBP matched at 2.62; the rest was cancelled at 14:59:00")
    assert {"Timeline", "Ladder and fills", "Placements", "Fallback", "Settlement", "Exchanges with the venue"} <= set(
        page.headings
    )
    assert {"timeline", "ladder"} <= page.drawings
    assert page.headings.count("Request, sent 14:50:00.000") == 3  # a reprice: cancel, look up, place

    # And it would have been heard: the page forbids itself everything from elsewhere, and the browser says so.
    worse = tmp_path / "worse.html"
    text = told.paths.html.read_text(encoding="utf-8")
    worse.write_text(text.replace("</body>", '<img src="http://planrunner.invalid/x.png"></body>'), encoding="utf-8")
    _, console = opened(worse, tmp_path)
    assert len(console) == 1
    assert "Content Security Policy" in console[0]


def opened(page: Path, scratch: Path) -> tuple[str, list[str]]:
    """The document as the browser has it in the end, and what came to its console."""
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={scratch / 'profile'}", "--dump-dom", page.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ended.stdout, [line for line in ended.stderr.splitlines() if ":CONSOLE" in line]


class Shown(HTMLParser):
    """The headings of a page and the classes of its drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.drawings: set[str] = set()
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_heading = tag in {"h1", "h2", "h3"}
        if self._in_heading:
            self.headings.append("")
        if tag == "svg":
            self.drawings |= set((dict(attrs).get("class") or "").split())

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.headings[-1] = f"{self.headings[-1]} {data.strip()}".strip()

    def handle_endtag(self, tag: str) -> None:
        self._in_heading = self._in_heading and tag not in {"h1", "h2", "h3"}
