"""Old runs go, whole or not at all, and nothing that somebody may still have to look at; what they brought is told as before."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from planrunner.app.prune import Pruned, prune_runs
from planrunner.app.results import results_of
from planrunner.app.standing import NO_ACCOUNTS
from planrunner.model.account import By
from planrunner.model.journal import RunState
from planrunner.runtime import notices
from planrunner.runtime.clock import RealClock
from planrunner.runtime.pruning import Judged, prune, references_of_pruned
from planrunner.runtime.rebuild import differences
from tests.app.test_settle import over, post, to_the_end
from tests.app.verbs import Desk


class Later(RealClock):
    """So many days from now."""

    def __init__(self, days: int) -> None:
        self._ahead = timedelta(days=days)

    def now(self) -> datetime:
        return super().now() + self._ahead


def pruned(desk: Desk, days: int, *, older_than: int = 90, dry_run: bool = False) -> Pruned:
    return prune_runs(desk.state, older_than=timedelta(days=older_than), dry_run=dry_run, clock=Later(days))


def told(desk: Desk, by: str) -> Any:
    return desk.verb("pnl", "--by", by, "--json").json


def notice(connection: Connection, run: str, due: datetime | None) -> None:
    """Told already, or still to be told."""
    key = f"settled:{run}:b"
    notices.put(connection, key=key, by=By.EMAIL, to="ann@example.org", body="{}", at=Later(0).now())
    if due is None:
        notices.give_up(connection, key, "")


def test_profit_and_loss_is_the_same_before_and_after_and_nobody_complains(desk: Desk) -> None:
    first, second = over(desk), over(desk, "other.yaml")
    to_the_end(desk)
    assert desk.verb("settle").code == 0
    before = [told(desk, by) for by in ("plan", "account", "venue", "day", "run")]
    refs = set(desk.bets())
    with desk.journal() as journal:
        for run, due in ((first, None), (second, journal.info(second).created)):
            journal.alone(lambda connection, run=run, due=due: notice(connection, run, due))

    assert [one.run for one in pruned(desk, 200, dry_run=True).gone] == [first, second]
    assert desk.runs() == [first, second], "nothing was done"
    done = pruned(desk, 200)
    assert ([one.run for one in done.gone], done.kept, done.notes) == ([first, second], {}, ())

    assert desk.runs() == []
    assert not (desk.folder / "runs" / first).exists()
    assert [told(desk, by) for by in ("plan", "account", "venue", "day", "run")] == before
    with desk.journal() as journal:
        assert set(references_of_pruned(journal)) == refs
        assert differences(journal, NO_ACCOUNTS) == ()
        with journal.reading() as connection:
            assert [one.key for one in notices.due(connection, Later(1).now(), most=9)] == [f"settled:{second}:b"]
    assert "was pruned on" in desk.verb("report", first).err
    assert desk.verb("settle").code == 0
    assert pruned(desk, 200) == Pruned(gone=(), kept={}, younger=0, notes=())


def test_bets_of_runs_that_are_gone_are_strangers_to_nobody(desk: Desk) -> None:
    gone, going = over(desk), over(desk, "other.yaml")
    to_the_end(desk)
    assert desk.verb("settle", "--run", gone).code == 0
    done = pruned(desk, 200)
    assert [one.run for one in done.gone] == [gone]
    [(reason, [kept])] = done.kept.items()
    assert (kept.run, "counts against limits" in reason) == (going, True)
    compared = desk.verb("reconcile", "--json")
    kinds = [one["kind"] for account in compared.json["accounts"] for one in account["differences"]]
    assert set(kinds) <= {"result"}, compared
    audited = desk.verb("audit", "--venue-log", f"{desk.slot.url}/sandbox/log", "--json")
    strangers = {one["ref"] for one in audited.json["findings"] if one["code"] == "no-intent"}
    assert not strangers & set(desk.bets()), "the log has bets of other worlds, too"
    assert "pruned" in " ".join(audited.json["notes"])
    doctor = desk.verb("doctor")
    assert "every record is as it was written" in doctor.out


def test_what_somebody_may_still_have_to_look_at_stays(desk: Desk) -> None:
    interrupted = desk.killed("interrupted.yaml")
    settled = over(desk)
    to_the_end(desk)
    assert desk.verb("settle", "--run", settled).code == 0
    done = pruned(desk, 5, older_than=1)
    assert {reason.partition(",")[0]: [one.run for one in runs] for reason, runs in done.kept.items()} == {
        "it is not over": [interrupted],
        "its results may still be corrected": [settled],
    }
    assert pruned(desk, 5).younger == 2
    post(desk, "advance", seconds=1)
    with desk.journal() as journal:
        info = journal.info(settled)
        epoch = journal.take(settled, "elsewhere:1")  # somebody writes in between
        judged = Judged(run=settled, state=RunState.SETTLED, seq=len(journal.read(settled)), needs_result=True)
        assert not journal.alone(lambda connection: prune(connection, judged, journal._clock.now()))
        journal.leave(settled, epoch)
        assert journal.info(settled) == info
        assert [one.run for one in results_of(journal).told] == [interrupted, settled]


def test_a_folder_with_something_of_somebody_else_stays_and_the_file_is_made_small_when_asked(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    assert desk.verb("settle").code == 0
    folder = desk.folder / "runs" / run
    (folder / "mine.txt").write_text("keep")
    done = prune_runs(desk.state, older_than=timedelta(days=9), dry_run=False, compact=True, clock=Later(200))
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert "holds more than reports" in done.notes[0]
    assert "KiB smaller" in done.notes[1]
    with desk.journal() as journal:
        assert [one.run for one in results_of(journal).told] == [run]


def test_rehearsals_go_without_a_trace_and_an_age_is_written_as_days_or_weeks(tmp_path: Path) -> None:
    desk = Desk(None, tmp_path)  # type: ignore[arg-type]
    plan = Path(__file__).parents[2] / "plans" / "back-and-cancel.yaml"
    desk.verb("run", str(plan), "--case", "all-match", "--state", str(desk.state))
    assert "0 runs would go, 1 run younger" in desk.verb("prune", "--older-than", "12w", "--dry-run").out
    assert len(pruned(desk, 200).gone) == 1
    assert "no run is written down" in desk.verb("runs").err


@pytest.mark.parametrize("age", ["90", "d", "-3d", "0d", "90 days", "99999w"])
def test_an_age_that_is_none_is_wrong_use(age: str, tmp_path: Path) -> None:
    desk = Desk(None, tmp_path)  # type: ignore[arg-type]
    assert desk.verb("prune", "--older-than", age).code == 2
