"""Every row of the venue's fault tables alone, at every call it can come from: whatever is answered, the promises hold.

Together with the storms this is the venue's side of the safety case. All rows: `pytest -m storm tests/faults`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from planrunner.app.outcome import Exit, Ran
from planrunner.sandbox.faults import Fault, Trouble
from tests.faults.course import Course
from tests.faults.plans import WORLD, written
from tests.faults.rows import BETFAIRS, ENVELOPES, LEGS, LOGINS, REPORTS, name_of, rows

SHARE = 50
ALL = list(rows())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return written(tmp_path_factory.mktemp("plans"))


def hold(fault: Fault, number: int, files: dict[str, Path], folder: Path) -> None:
    """A plan that asks everything there is to ask; with this on the `number`th call."""
    plan = "only if" if fault.call == "listMarketCatalogue" else "best"
    course = Course(folder, files[plan], WORLD, faults=[replace(fault, number=number)])
    assert course.broken(course.run()) == []


@pytest.mark.parametrize("fault", Random(4).sample(ALL, SHARE), ids=name_of)
def test_the_promises_hold_whatever_is_answered_once(fault: Fault, files: dict[str, Path], tmp_path: Path) -> None:
    hold(fault, 1, files, tmp_path)


@pytest.mark.storm
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("fault", ALL, ids=name_of)
def test_the_promises_hold_at_every_row_of_the_tables(fault: Fault, number: int, files: dict[str, Path], tmp_path: Path) -> None:
    hold(fault, number, files, tmp_path)


def test_no_row_is_left_out() -> None:
    """24 envelopes at six calls, 27 reports and 30 legs at two, logins at two, and every trouble of the line."""
    assert (len(ENVELOPES), len(REPORTS), len(LEGS), len(LOGINS)) == (24, 27, 30, 37)
    assert {fault.trouble for fault in ALL} == set(BETFAIRS)
    assert len(ALL) == len({name_of(fault) for fault in ALL}) > 6 * 24 + 2 * (27 + 30 + 37)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault(call="placeOrders", trouble=Trouble.REFUSED, code="TOO_MANY_REQUESTS"), Exit.DONE, None),
        (Fault(call="placeOrders", trouble=Trouble.SESSION_KILLED), Exit.DONE, None),
        (Fault(call="placeOrders", trouble=Trouble.REPORT_FAILED, code="INSUFFICIENT_FUNDS"), Exit.NOT_AS_PLANNED, "money"),
        (Fault(call="placeOrders", trouble=Trouble.REFUSED, code="TIMEOUT_ERROR", lands=True), Exit.DONE, None),
        (Fault(call="placeOrders", trouble=Trouble.REPORT_FAILED, code="ERROR_IN_MATCHER"), Exit.UNKNOWN_EXPOSURE, "look"),
        (Fault(call="placeOrders", trouble=Trouble.REPLY_LOST_BEFORE_LANDING), Exit.DONE, None),
        (Fault(call="placeOrders", trouble=Trouble.TIMEOUT_LANDS_LATER, seconds=14), Exit.DONE, None),
        (Fault(call="cancelOrders", trouble=Trouble.REPORT_FAILED, code="MARKET_SUSPENDED"), Exit.DONE, None),
        (Fault(call="cancelOrders", trouble=Trouble.REPLY_LOST_AFTER_LANDING), Exit.DONE, None),
    ],
    ids=lambda value: name_of(value) if isinstance(value, Fault) else None,
)  # fmt: skip
def test_how_a_run_ends_when_a_request_meets_trouble(
    fault: Fault, code: Exit, words: str | None, files: dict[str, Path], tmp_path: Path
) -> None:
    course = Course(tmp_path, files["two"], WORLD, faults=[fault])
    ended = course.run()
    assert course.broken(ended) == []
    assert isinstance(ended, Ran)
    assert ended.exit is code
    assert words is None or words in str(course.report(ended)["orders"]) + str(course.report(ended)["unresolved"])
