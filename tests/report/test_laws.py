"""What holds for the report of every run, at every moment of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from planrunner.model.journal import Record
from planrunner.report.html import as_html
from planrunner.report.project import tell
from planrunner.report.story import Story
from planrunner.report.text import as_text
from planrunner.report.to_json import as_json
from tests.engine.programs import any_program
from tests.engine.test_laws import SEEDS, STORMS
from tests.engine.twin import Twin
from tests.laws import law
from tests.report.scenes import SCENES, crowd
from tests.report.stage import Stage, info, order, program

SCHEMA = Path(__file__).parents[2] / "schemas" / "report.schema.json"


@cache
def schema() -> Draft202012Validator:
    document = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def told(records: list[Record]) -> Story:
    return tell(info(), records)


def as_records(twin: Twin) -> list[Record]:
    return [Record(seq=at, epoch=1, at=event.at, body=event) for at, event in enumerate(twin.events, 1)]


def adds_up(story: Story) -> None:
    for one in story.orders:
        assert one.parts.total == one.parts.stake
        if one.move is not None:
            assert one.move.here.total == one.move.here.stake == one.parts.stake
            assert one.move.there.total == one.move.there.stake == one.move.here.moved == one.move.size
        assert one.parts.moved == 0, "what moved went into another placement"
        assert one.moved == sum(placement.parts.moved for placement in one.placements)
        for placement in one.placements:
            assert placement.parts.total == placement.parts.stake
            assert sum(fill.size for fill in placement.fills) >= placement.parts.matched  # more where a matched part was voided
            assert min(size for _, size in placement.parts.named()) >= 0
    assert story.parts.total == story.parts.stake
    for ticket in story.tickets:
        for bet in ticket.bets:
            assert bet.parts.total == bet.parts.stake == bet.unit * bet.lines
            assert bet.parts.moved == bet.parts.cancelled == 0, "nothing ever comes back from a pool"
            assert min(size for _, size in bet.parts.named()) >= 0
            assert len(bet.spelled) in (0, bet.lines)
            if bet.profit is not None:
                assert bet.returned - bet.profit == bet.parts.matched + bet.parts.voided
        assert ticket.parts.total == ticket.parts.stake == sum(bet.parts.stake for bet in ticket.bets)
    planned = [one.parts for one in story.orders if one.is_planned] + [one.parts for one in story.tickets]
    assert story.parts.stake == sum(one.stake for one in planned)
    assert story.parts.matched == sum(one.matched for one in planned)
    if story.settlement is not None:
        results = [bet.profit for bet in (*story.settlement.bets, *story.settlement.pool_bets) if bet.profit is not None]
        assert story.settlement.profit == sum(results)


@law(60, share=20)
@given(program=any_program(), dice=STORMS, seed=SEEDS, cut=st.floats(0, 1))
def test_sizes_add_up_and_every_prefix_can_be_told(program, dice, seed, cut):
    records = as_records(Twin(program=program, random=Random(seed), dice=dice).play())
    for part in (records, records[: int(len(records) * cut)]):
        story = told(part)
        adds_up(story)
        schema().validate(json.loads(as_json(story)))
        assert as_html(story)
        assert as_text(story)


@law(60, share=20)
@given(program=any_program(), dice=STORMS, seed=SEEDS)
def test_the_report_agrees_with_the_books_of_the_venue(program, dice, seed):
    twin = Twin(program=program, random=Random(seed), dice=replace(dice, lost=0, restart=0)).play()
    story = told(as_records(twin))
    for one in story.orders:
        mine = [held for held in twin.books.values() if held.asked.path == one.path]
        assert one.parts.matched == sum(held.matched for held in mine)
        assert one.parts.cancelled + one.moved == sum(held.cancelled for held in mine)
    for limit in story.limits:
        assert limit.used <= limit.allowed


@pytest.mark.parametrize("scene", SCENES)
def test_every_prefix_of_a_scene_is_told_in_every_form(scene):
    records = SCENES[scene]().records
    for length in range(len(records) + 1):
        story = told(records[:length])
        adds_up(story)
        schema().validate(json.loads(as_json(story)))
        assert story.headline in as_text(story)
        assert "</html>" in as_html(story)


@pytest.mark.parametrize("scene", [*SCENES, "crowd"])
def test_equal_records_give_equal_bytes(scene):
    play = {**SCENES, "crowd": crowd}[scene]
    first, second = told(play().records), told(play().records)
    assert (as_text(first), as_json(first), as_html(first)) == (as_text(second), as_json(second), as_html(second))


def test_what_was_cancelled_to_be_placed_again_counts_as_moved_and_in_neither():
    (chased,) = told(SCENES["chased-then-cancelled-at-expiry"]().records).orders
    assert (str(chased.parts.matched), str(chased.parts.cancelled), str(chased.moved)) == ("7.50", "2.50", "18.25")
    first, *_, last = chased.placements
    assert (first.parts.cancelled, first.parts.moved) == (0, 7.5)
    assert (last.parts.cancelled, last.parts.moved) == (2.5, 0)


def test_average_odds_are_weighted_by_size_and_exact():
    (chased,) = told(SCENES["chased-then-cancelled-at-expiry"]().records).orders
    fills = [fill for placement in chased.placements for fill in placement.fills]
    assert chased.average_odds == sum(Fraction(fill.size) * fill.odds for fill in fills) / Fraction("7.5")
    assert chased.average_odds == Fraction("23.4625") / Fraction("7.5")


def test_repeated_and_late_reports_change_nothing():
    stage = SCENES["chased-then-cancelled-at-expiry"]()
    doubled = [record for one in stage.records for record in (one, one)]
    once, twice = told(stage.records), told(doubled)
    assert (once.headline, once.parts, once.settlement) == (twice.headline, twice.parts, twice.settlement)
    assert [one.placements for one in once.orders] == [one.placements for one in twice.orders]


HOSTILE = '<script>alert("1")</script>"\'><img src=x onerror=alert(1)> {{ 7 * 7 }} </title></style>'


class Tags(HTMLParser):
    """The tags and attributes a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def tags_of(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def hostile() -> Stage:
    """Whatever a plan or a venue can name says something nasty."""
    stage = Stage(program(order(HOSTILE))).start().accept(HOSTILE)
    stage.exchange(HOSTILE, {HOSTILE: HOSTILE}, {"x": HOSTILE}, stage.now, HOSTILE)
    return stage.go_to(20).match("2.00", "3.2", HOSTILE)


def test_names_from_plans_and_venues_are_escaped():
    stage = hostile()
    page = as_html(tell(info(plan_name=HOSTILE, plan_file=HOSTILE, case=HOSTILE), stage.records))
    assert "<script" not in page
    assert "<img" not in page
    tame = tags_of(as_html(told(SCENES["underway"]().records)))
    assert tags_of(page).tags <= tame.tags | {"h3", "ol"}
    assert "{{ 7 * 7 }}" in page, "templates in names are text"


@pytest.mark.parametrize("scene", [*SCENES, "crowd"])
def test_the_page_asks_nothing_of_anybody(scene):
    page = as_html(told({**SCENES, "crowd": crowd}[scene]().records))
    tags = tags_of(page)
    assert not tags.tags & {"script", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert all(value.startswith(("#", "data:,")) for name, value in tags.attributes if name in ("href", "src"))
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert re.findall(r"url\((?!#hatch\))|@import", page) == []
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_ids_are_unique_and_every_label_has_its_element():
    page = tags_of(as_html(told(crowd().records)))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert {value for name, value in page.attributes if name == "aria-labelledby"} <= set(ids)


def test_a_crowd_is_capped_and_says_how_many_more():
    page = as_html(told(crowd(60).records))
    assert "and 48 more orders" in page
    assert page.count('class="lane-name"') == 12
    assert "and 20 more orders" in as_text(told(crowd(60).records))


def test_an_unresolved_reference_comes_first_and_says_what_to_do():
    stage = SCENES["lost-answer"]()
    story = told(stage.records)
    assert story.headline.startswith(f"Look this up at the venue: 10.00 GBP may be at risk under {stage.ref()}")
    assert (story.run.exit_code, story.badge.text) == (5, "unresolved")
    assert story.unresolved[0].ref == stage.ref()
    assert as_html(story).index(stage.ref()) < as_html(story).index("Timeline")
