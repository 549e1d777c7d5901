"""What a run makes of results that are not plain: dead heats, withdrawals, goals taken back, contests that are abandoned."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planrunner.app import report as telling
from planrunner.app.outcome import Exit, Ran
from planrunner.model.journal import RunState
from planrunner.sandbox.scenario import MINUTE, Abandon, Base, Due, Happening, Moment, Remove, Scenario, Start, VoidMatched
from tests.faults.course import Course
from tests.faults.plans import WORLD, written


def world(*happenings: Happening, result: tuple[str, ...] = ("Arsenal",)) -> Scenario:
    (fixture,) = WORLD.fixtures
    (market,) = fixture.markets
    soon = replace(fixture, start=Start(after=30 * MINUTE), lasts=10 * MINUTE, markets=(replace(market, result=result),))
    due = tuple(Due(moment=Moment(base=Base.ORDER, delay=10 * MINUTE), happening=one) for one in happenings)
    return replace(WORLD, fixtures=(soon,), for_every_market=due)


def told(course: Course, ran: Ran) -> str:
    assert ran.records is not None
    lines = telling.summary(telling.story_of(ran.info, ran.records))
    return "\n".join("".join(text for text, _ in line) for line in lines)


@pytest.mark.parametrize(
    ("scenario", "words", "net"),
    [
        (world(), ["won +20.00 GBP", "lost -4.00 GBP"], "15.20"),
        (world(result=("Arsenal", "Chelsea")), ["won in part, as in a dead heat +5.00 GBP"], "0.95"),
        (world(result=("Chelsea", "The Draw")), ["lost -10.00 GBP", "won in part, as in a dead heat +4.00 GBP"], "-6.00"),
        (world(Remove(selection="Chelsea", factor=Decimal(10))), ["at 2.70", "won +17.00 GBP"], "12.35"),
        (world(Remove(selection="Arsenal")), ["got      10.00 voided", "lost -4.00 GBP"], "-4.00"),
        (world(VoidMatched(selection="Arsenal")), ["got      10.00 voided", "lost -4.00 GBP"], "-4.00"),
        (world(Abandon()), ["14.00 GBP was voided", "got      10.00 voided"], "0.00"),
    ],
)
def test_a_result_that_is_not_plain_is_told_as_the_venue_pays_it(
    scenario: Scenario, words: list[str], net: str, tmp_path: Path
) -> None:
    course = Course(tmp_path / "run", written(tmp_path / "plans")["two"], scenario, settles=True)
    course.folder.mkdir()
    ended = course.run()
    assert course.broken(ended) == []
    assert isinstance(ended, Ran)
    assert (ended.exit, ended.info.state) == (Exit.DONE, RunState.SETTLED)
    report: dict[str, Any] = course.report(ended)
    text = told(course, ended)
    if report["settlement"] is None:  # everything was void, and nothing is left to be settled
        assert net == "0.00"
    else:
        assert (report["settlement"]["net"], report["settlement"]["not_settled"]) == (f"{net} GBP", 0)
    assert course.world.funds_of("practice").balance == 100_000 + int(Decimal(net) * 100)
    for word in words:
        assert word in text
