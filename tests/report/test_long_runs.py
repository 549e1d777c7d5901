"""A run of any length is told: in bounded memory, and what a page leaves out is counted in it and in report.json."""

from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Collection, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from planrunner.app.report import story_of, write_report
from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Exchange, Record
from planrunner.report.exchanges import ALL_UP_TO, AT_EACH_END, FAILED_UP_TO
from planrunner.report.html import as_html
from planrunner.report.offers import AT_EACH_END as LOOKS_AT_EACH_END
from planrunner.report.project import tell
from planrunner.report.to_json import as_json
from tests.report.stage import T0, Stage, info, order, program


class LookedUp(Collection[Record]):
    """A run that looks its order up again and again, made anew whenever it is read, as a long run is from its journal."""

    def __init__(self, count: int, *, failing: range = range(0), good_for: int = 9) -> None:
        self._begin = Stage(program(order())).start().accept().records
        self._count = count
        self._failing = failing
        self._good_for = good_for  # readings

    def __len__(self) -> int:
        return len(self._begin) + self._count

    def __iter__(self) -> Iterator[Record]:
        self._good_for -= 1
        yield from self._begin
        for number in range(self._count):
            if self._good_for < 0 and number == self._count // 2:
                raise JournalTrouble("the journal was changed or is damaged")
            yield Record(
                seq=len(self._begin) + 1 + number, epoch=1, at=T0 + timedelta(seconds=number), body=self._look_up(number)
            )

    def __contains__(self, record: object) -> bool:
        return any(each == record for each in self)

    def _look_up(self, number: int) -> Exchange:
        answer = [{"betId": f"{number}-{each}", "status": "EXECUTABLE"} for each in range(5)]
        failed = number in self._failing
        return Exchange(
            title=f"Look up {number}", method="POST", url="https://venue/x", request={"number": number}, sent_at=T0,
            answer=None if failed else answer, trouble="no answer within 8s" if failed else None,
        )  # fmt: skip


def test_a_report_takes_no_more_memory_for_more_exchanges(tmp_path):
    def most(count: int) -> int:
        tracemalloc.start()
        write_report(story_of(info(), LookedUp(count)), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    write_report(story_of(info(), LookedUp(3)), tmp_path)  # templates and the like are kept from now on
    few, many = most(ALL_UP_TO), most(3 * ALL_UP_TO)
    assert many < few + 2**16, "a hundred bytes of each of them would be more"
    assert (tmp_path / "report.json").read_text().count('"title": "Look up') == 3 * ALL_UP_TO


def test_every_exchange_is_in_the_document_as_json_has_it():
    for count in (0, 1, 2, 1000):
        records = LookedUp(count)
        text = as_json(tell(info(), records))
        document = json.loads(text)
        told = [one["title"] for one in document["exchanges"]]
        assert told == [one.body.title for one in records if isinstance(one.body, Exchange)]
        assert text == json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def titles_and_gaps(page: str) -> list[str]:
    return re.findall(r'class="title">Look up (\d+)<|class="more">and (.*?), in report.json', page)


def test_a_page_shows_all_exchanges_of_a_usual_run():
    page = as_html(tell(info(), LookedUp(ALL_UP_TO - 1)))  # and the one that placed the order
    assert [int(number) for number, _ in titles_and_gaps(page)] == list(range(ALL_UP_TO - 1))
    assert "Every request and its answer" in page


@pytest.mark.parametrize("failing", [range(0), range(350, 353), range(350, 350 + 2 * FAILED_UP_TO)])
def test_a_page_shows_the_ends_of_a_long_run_and_what_failed_and_counts_what_it_leaves_out(failing):
    count = 1000
    page = as_html(tell(info(), LookedUp(count, failing=failing)))
    found = titles_and_gaps(page)
    shown = {int(number) for number, gap in found if not gap}
    ends = {*range(AT_EACH_END - 1), *range(count - AT_EACH_END, count)}  # the very first is the one that placed the order
    assert shown == ends | set(failing[:FAILED_UP_TO])
    gaps = [gap for _, gap in found if gap]
    assert sum(int(gap.split(" ")[0]) for gap in gaps) == count - len(shown)
    left_out = len(failing[FAILED_UP_TO:])
    assert (f", {left_out} of them without a useful answer" in gaps[-1]) == bool(left_out)
    assert f"planrunner report {info().run} --json" in page


def test_a_journal_that_turns_out_damaged_while_it_is_told_leaves_the_old_report_whole(tmp_path: Path):
    old = write_report(story_of(info(), LookedUp(3)), tmp_path)
    before = old.json.read_bytes()
    with pytest.raises(JournalTrouble):
        write_report(story_of(info(), LookedUp(500, good_for=1)), tmp_path)
    assert old.json.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


@pytest.mark.parametrize("more", [0, 1, 3])
def test_of_many_looks_at_the_offers_the_first_and_the_last_are_told_and_all_are_counted(more):
    stage = Stage(program(order())).start().accept()
    count = 2 * LOOKS_AT_EACH_END + more
    for number in range(count):
        stage.book("3.1" if number % 2 else "3.15", None, size=str(number))
    story = tell(info(), stage.records)
    (one,) = story.orders
    sizes = [offer.back[1] for offer in one.offers if offer.back is not None]
    assert sizes == [*range(LOOKS_AT_EACH_END), *range(count - LOOKS_AT_EACH_END, count)]
    assert sum(offered.count for offered in one.offered.values()) == count
    assert one.offered[Decimal("3.10")].size == (count - 1 if count % 2 == 0 else count - 2)
    assert json.loads(as_json(story))["orders"][0].get("offers_left_out") == (more or None)
