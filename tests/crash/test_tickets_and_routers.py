"""What only pools and routers have, and a process that dies over it: a ticket whose answer is lost, a bet that a bookmaker has
not decided yet, a pool that closed while nobody drove the run."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from planrunner.app.outcome import Exit
from planrunner.model.journal import RunState
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.faults import Trouble as Wrong
from tests.audited import audited
from tests.crash.quiet import ALL, KILLED, Quiet, Trouble, hurried
from tests.crash.test_plans import PLANS, Undisturbed, wrong

PLACING = ("placeBetsAsync", "/place-orders")
NEVER_HEARD = Wrong.REPLY_LOST_AFTER_LANDING, Wrong.REPLY_LOST_BEFORE_LANDING
LATE = 12  # seconds, which no order of these plans lives


def told(plan: Path, folder: Path, *faults: Fault) -> tuple[Undisturbed, list[int]]:
    """How it ends where nobody dies, and which requests it sends from its first placement on."""
    folder.mkdir()
    with closing(Quiet(plan, ALL, folder, faults)) as quiet:
        ended = quiet.begin()
        audited(quiet.journal, quiet.log())
        first = next(number for number, text in enumerate(quiet.requests, 1) if any(one in text for one in PLACING))
        return Undisturbed(ended.code, quiet.bets(), []), list(range(first, len(quiet.requests) + 1))


def dies_at_each(plan: Path, folder: Path, expected: Undisturbed, requests: list[int], *faults: Fault) -> None:
    """The request has arrived, and the answer finds nobody."""
    for number in requests:
        (own := folder / f"{number}").mkdir()
        with closing(Quiet(plan, ALL, own, faults)) as quiet:
            assert quiet.begin(Trouble(gone_after=number)).code == KILLED
            found = wrong(quiet, quiet.go_on(), expected)
            assert found is None, f"died at {quiet.requests[number - 1]}: {found}"


def some(requests: list[int], *, times: int) -> list[int]:
    """The first, and others all the way to the last."""
    return sorted({requests[round(part * (len(requests) - 1) / (times - 1))] for part in range(times)})


@pytest.mark.parametrize("lost", NEVER_HEARD, ids=str)
@pytest.mark.parametrize("stem", ["placepot", pytest.param("pools-at-bath", marks=pytest.mark.storm)])
def test_a_ticket_whose_answer_is_lost_is_placed_once_whoever_asks_about_it(stem: str, lost: Wrong, tmp_path: Path) -> None:
    plan, fault = hurried(PLANS / f"{stem}.yaml", tmp_path), Fault(call="placeBetsAsync", trouble=lost)
    expected, requests = told(plan, tmp_path / "undisturbed", fault)
    assert expected.bets
    dies_at_each(plan, tmp_path, expected, some(requests, times=3), fault)


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.storm)])
@pytest.mark.parametrize("stem", ["one-bookmaker", "three-bookmakers"])
def test_a_bet_that_a_bookmaker_decides_after_the_process_died_counts(stem: str, times: int, tmp_path: Path) -> None:
    """The order's own time is over long before."""
    plan = hurried(PLANS / f"{stem}.yaml", tmp_path)
    fault = Fault(call="bookmaker:pinnacle", trouble=Wrong.BET_CONFIRMED_LATE, seconds=LATE)
    expected, requests = told(plan, tmp_path / "undisturbed", fault)
    assert any(part == "fill at pinnacle" for bet in expected.bets for part, _ in bet[-1])  # type: ignore[attr-defined]
    dies_at_each(plan, tmp_path, expected, some(requests, times=times), fault)


@pytest.mark.parametrize(("stem", "hours"), [("placepot", 1), pytest.param("pools-at-bath", 5, marks=pytest.mark.storm)])
@pytest.mark.parametrize("moment", [
    "intent.after", "reply.before",
    *(pytest.param(one, marks=pytest.mark.storm) for one in ("send.before", "reply.after", "append.before:3")),
])  # fmt: skip
def test_a_run_that_is_taken_up_after_its_pools_have_closed_has_the_bets_that_left_in_time(
    stem: str, hours: int, moment: str, tmp_path: Path
) -> None:
    """What had not left by then the pool does not take any more, and the run ends with that."""
    plan = hurried(PLANS / f"{stem}.yaml", tmp_path)
    expected, _ = told(plan, tmp_path / "undisturbed")
    (folder := tmp_path / "closed").mkdir()
    with closing(Quiet(plan, ALL, folder)) as quiet:
        assert quiet.begin(Trouble(crash_at=moment)).code == KILLED
        quiet.pass_by(timedelta(hours=hours))
        ended = quiet.go_on()
        audited(quiet.journal, quiet.log())
        assert RunState.RUNNING not in quiet.states().values(), ended
        if moment in ("intent.after", "send.before"):
            parts = {part for *_, held in quiet.bets() for part, _ in held}  # type: ignore[attr-defined]
            assert ended.code in (Exit.NOT_AS_PLANNED, Exit.REFUSED)
            assert parts <= {"lapse"}, ended
        else:
            assert (ended.code, quiet.bets()) == (expected.code, expected.bets), ended
