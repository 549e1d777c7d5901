"""Files from anybody, of any bytes: a value, or a problem told in words; what is told can be shown."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from planrunner import resources
from planrunner.matching.recorded import BadRecording, NotPlayed, read_lines, survey
from planrunner.model.errors import JournalTrouble, WrongUse
from planrunner.model.shown import harmless_lines
from planrunner.plan.fmt import formatted
from planrunner.plan.pipeline import Checked, CheckedSite
from planrunner.plan.reader import read
from planrunner.report.html import as_html
from planrunner.report.project import tell
from planrunner.report.text import as_text
from planrunner.report.to_json import as_json
from planrunner.runtime.jsonl import from_lines
from planrunner.sandbox.scenario_file import read_scenario
from tests.fuzz.laws import Law, mutated
from tests.matching.support import LADDERS, REDS
from tests.plan.checking import PLAN, check, check_site
from tests.plan.test_expand import BLUEPRINT, USING
from tests.plan.test_table import HEAD, ROW
from tests.plan.test_table import PLAN as PICKS
from tests.security.test_strangers import with_value

ROOT = Path(__file__).parents[2]
PLANS = [path.read_bytes() for path in sorted((ROOT / "plans").glob("*.yaml"))] + [BLUEPRINT.encode(), USING.encode()]
SITE = b"""\
planrunner_site: 1
time_zone: Europe/London
accounts:
  main:
    venue: betfair
    mode: live
    currency: GBP
    credentials: file
    limits:
      max_stake_per_order: 10.00 GBP
      max_orders_per_minute: 60
policy:
  live_needs_approval: no
limits:
  max_open_exposure: 100.00 GBP
calendars:
  holidays: [2026-12-25, 2026-12-28]
"""
PIECES = [
    b"\n", b"\r", b"\t", b"  ", b": ", b":", b"- ", b"-", b"#", b" #", b"'", b'"', b"[", b"]", b"{", b"}", b"&a ",
    b"*a", b"!!x ", b"|", b">", b"---\n", b"...", b"%YAML", b"@", b"`", b"? ", b"${", b"}", b"{{", b"{%", b"<<: ", b"~",
    b"null", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xae", b"\xe2\x80\x8b", b"\x1b[2J",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\\", b"9" * 40, b"1e400", b"-", b"orders:", b"limits:", b"fallback:",
    b"- name: x\n", b"planrunner: 1\n", b"row.", b",", b";", b'""', b"sep=;\n",
]  # fmt: skip
TOKENS = [
    "stake", "odds", "row", ".", "[0]", "(", ")", "+", "-", "*", "/", "//", "%", "**", "~", "|", "round_to_tick",
    "round_to(", "tick", "ticks(", "if", "else", "and", "or", "not", "in", "is", "1", "0", "2.5", "'a'", '"b"',
    "10.00 GBP", "3.10", "30s", ",", "x", "__class__", "range(", "loop", "{", "}", "{{", "{%", "%}", "#}", "lambda",
    "=", "==", "<", " ", "\\", "9" * 50, "1e99", "none",
]  # fmt: skip
LINES = REDS.read_bytes()
STREAM = [
    b'"op":"mcm"', b'"mc":[', b'"rc":[', b'"id":', b'"img":true', b'"con":true', b'"marketDefinition":{',
    b'"runners":[', b'"status":"OPEN"', b'"status":"CLOSED"', b'"status":"REMOVED"', b'"status":"WINNER"',
    b'"inPlay":true', b'"pt":', b'"tv":', b'"trd":[[', b'"atb":[[', b'"atl":[[', b'"bdatb":[[', b'"batl":[[', b"[",
    b"]", b"{", b"}", b",", b":", b"null", b"1e400", b"-1", b"9" * 30, b"NaN", b"\n", b"\x00", b'"', b"0.5", b"11",
    b"22", b"3.05", b"1E99999999999999999999", b"1.01", b"1000", b"true",
]  # fmt: skip
JOURNALS = [path.read_bytes() for path in sorted((ROOT / "tests" / "golden" / "journals" / "v1").glob("*.jsonl"))]
SCENARIOS = [path.read_bytes() for path in sorted((ROOT / "plans" / "scenarios").glob("*.yaml"))]


def can_be_shown(checked: Checked | CheckedSite) -> None:
    told = checked.told()
    assert harmless_lines(told) == told


def any_bytes_are_read(data: bytes) -> None:
    """By both parsers of YAML, tidied, and checked to the end."""
    assert read(data).problems == read(data, yaml.SafeLoader).problems
    formatted(data)
    can_be_shown(check(data))


def any_bytes_are_a_site_file_or_not(data: bytes) -> None:
    checked = check_site(data)
    can_be_shown(checked)
    if checked.site is not None:
        check(PLAN, checked.site)


def any_bytes_are_a_table_or_not(data: bytes) -> None:
    can_be_shown(check(PICKS, files={"picks.csv": data}))


def any_bytes_are_a_blueprint_or_not(data: bytes) -> None:
    can_be_shown(check(USING, files={"blueprints/chase.yaml": data}))


def any_text_is_a_template_or_not(tokens: list[str]) -> None:
    text = "".join(tokens)
    for key in ("stake", "odds", "selection"):
        can_be_shown(check(with_value(key, "${" + text + "}")))
    can_be_shown(check(PICKS.replace("${row.odds}", "${" + text + "}"), files={"picks.csv": HEAD + ROW}))


def any_bytes_are_a_recording_or_not(data: bytes) -> None:
    refusal = ""
    try:
        survey(read_lines(io.BytesIO(data)), LADDERS)
    except (BadRecording, NotPlayed) as error:
        refusal = str(error)
    assert len(refusal) < 500


def any_bytes_are_a_scenario_or_not(data: bytes) -> None:
    with suppress(WrongUse):
        read_scenario("world.yaml", data, resources.schema("scenario"))


def any_lines_are_a_journal_or_not(data: bytes) -> None:
    try:
        info, records = from_lines(data.decode("utf-8", "replace").splitlines(keepends=True))
    except JournalTrouble:
        return
    told(info, records)


def told(info: Any, records: Any) -> None:
    story = tell(info, records)
    text, page = as_text(story), as_html(story)
    assert harmless_lines(text) == text
    assert harmless_lines(page) == page
    assert as_json(story)


def any_beginning_of_a_run_is_told(example: tuple[int, float, list[tuple[float, str]]]) -> None:
    """Also with other texts in it than were ever written."""
    which, share, texts = example
    info, records = from_lines(JOURNALS[which % len(JOURNALS)].decode().splitlines(keepends=True))
    records = records[: round(share * len(records))]
    for place, text in texts:
        if records:
            at = int(place * len(records))
            records[at] = replaced(records[at], text)
    told(info, records)


SAID = {"text", "reason", "because", "held_by", "figure", "title", "trouble", "answer"}


def replaced(record: Any, text: str) -> Any:

    named = {one.name for one in fields(record.body)} & {
        "text",
        "reason",
        "because",
        "held_by",
        "figure",
        "title",
        "trouble",
        "answer",
    }
    values: Any = dict.fromkeys(named, text)
    return replace(record, body=replace(record.body, **values))


PACKED = st.builds(
    lambda data, cut: gzip.compress(data, 1)[: int(cut * 2_000) or None], st.sampled_from([LINES, LINES * 3]), st.floats(0, 1)
)
RECORDED = mutated([LINES], STREAM) | mutated([gzip.compress(LINES)], STREAM) | PACKED
TABLES = mutated([(HEAD + ROW * 3).encode()], PIECES) | st.binary()
TEMPLATES = st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), max_size=12)
TEXTS = st.lists(st.tuples(st.floats(0, 0.999), st.text() | st.just("\x1b[2J\u202e")), max_size=3)
LAWS = {
    "any bytes are read": Law(of=any_bytes_are_read, examples=mutated(PLANS, PIECES) | st.binary(), share=60),
    "any bytes are a site file or not": Law(of=any_bytes_are_a_site_file_or_not, examples=mutated([SITE], PIECES), share=60),
    "any bytes are a table or not": Law(of=any_bytes_are_a_table_or_not, examples=TABLES, share=60),
    "any bytes are a blueprint or not": Law(
        of=any_bytes_are_a_blueprint_or_not, examples=mutated([BLUEPRINT.encode()], PIECES), share=40
    ),
    "any text is a template or not": Law(of=any_text_is_a_template_or_not, examples=TEMPLATES, share=60),
    "any bytes are a recording or not": Law(of=any_bytes_are_a_recording_or_not, examples=RECORDED, share=150),
    "any bytes are a scenario or not": Law(of=any_bytes_are_a_scenario_or_not, examples=mutated(SCENARIOS, PIECES), share=30),
    "any lines are a journal or not": Law(of=any_lines_are_a_journal_or_not, examples=mutated(JOURNALS, STREAM), share=60),
    "any beginning of a run is told": Law(
        of=any_beginning_of_a_run_is_told, examples=st.tuples(st.integers(0, 50), st.floats(0, 1), TEXTS), share=25
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_share(name: str) -> None:
    LAWS[name].holds_for_a_share()


@pytest.mark.storm
@pytest.mark.parametrize("name", LAWS)
def test_ten_minutes(name: str) -> None:
    print(f"{name}: {LAWS[name].holds_in_a_storm()} examples")
