"""The runs there were can be narrowed down, and what was due and did not run is told with them when asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from planrunner.model.journal import Due, Fate, Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.runtime.clock import RealClock
from planrunner.runtime.occurrences import Claim
from planrunner.runtime.timetable import Timetable
from tests.app.test_settle import over
from tests.app.verbs import Desk


def shown(desk: Desk, *options: str) -> list[str]:
    return [one["run"] for one in desk.verb("runs", "--json", *options).json["runs"]]


def test_runs_are_narrowed_down_by_plan_account_state_mode_and_day(desk: Desk) -> None:
    first, second = over(desk), desk.killed("other.yaml")
    today, tomorrow = f"{datetime.now(UTC):%Y-%m-%d}", "2999-01-01"
    assert shown(desk) == [second, first]
    assert shown(desk, "--limit", "1") == [second]
    assert shown(desk, "--plan", "plan.yaml") == shown(desk, "--is", "finished") == [first]
    assert shown(desk, "--plan", "Rests at long odds, other.yaml") == shown(desk, "--is", "running") == [second]
    assert shown(desk, "--account", "betfair", "--mode", "sandbox", "--since", today, "--until", tomorrow) == [second, first]
    assert shown(desk, "--mode", "live") == shown(desk, "--until", "2020-01-01") == shown(desk, "--since", tomorrow) == []
    assert "No run fits" in desk.verb("runs", "--mode", "live").out
    assert "did you mean `other.yaml`?" in desk.verb("runs", "--plan", "othr.yaml").err
    assert "did you mean `betfair`?" in desk.verb("runs", "--account", "betfiar").err


def test_what_was_due_and_did_not_run_is_told_among_them(desk: Desk) -> None:
    run = over(desk)
    early, late = datetime(2026, 1, 1, 11, tzinfo=UTC), datetime(2999, 1, 1, 11, tzinfo=UTC)

    async def note() -> None:
        with desk.journal() as journal:
            table = Timetable(journal, RealClock())
            for at, fate, text in ((early, Fate.MISSED, "the machine was off"), (late, Fate.STILL_RUNNING, "still at it")):
                due = Due(plan="plan.yaml", mode=Mode.SANDBOX, occurrence=f"{at:%Y-%m-%d %H:%M} UTC", at=at)
                assert await table.note(due, fate, text)

    asyncio.run(note())
    told = desk.verb("runs", "--not-run").out
    assert told.index("still at it") < told.index(run) < told.index("the machine was off")
    assert "still at it" not in desk.verb("runs").out
    as_json = desk.verb("runs", "--not-run", "--until", "2026-06-01", "--json").json
    assert (as_json["runs"], [one["outcome"] for one in as_json["not_run"]]) == ([], ["missed"])
    assert (
        desk.verb("runs", "--not-run", "--plan", "plan.yaml", "--limit", "1", "--json").json["not_run"][0]["text"]
        == "still at it"
    )


def test_a_run_that_was_made_and_could_not_begin_says_why_once(desk: Desk) -> None:
    first = over(desk)
    info = replace(info_of(desk, first), run=RunId("20260101-1100-made"), state=RunState.RUNNING)
    due = Due(plan="plan.yaml", mode=Mode.SANDBOX, occurrence="2026-01-01 11:00 UTC", at=datetime(2026, 1, 1, 11, tzinfo=UTC))
    nothing = Money(amount=Decimal(0), currency="GBP")

    async def refuse() -> None:
        with desk.journal() as journal:
            table = Timetable(journal, RealClock())
            await table.claim(Claim(due=due, fate=Fate.RUN, text="", info=info, may_lose=nothing, in_total=None))
            assert table.refuse(info.run, "test", "the venue can't be reached\nstart it")

    asyncio.run(refuse())
    told = desk.verb("runs", "--not-run").out
    assert told.count("    It never started: the venue can't be reached\n    start it\n") == 1
    assert told.count("can't be reached") == 1


def info_of(desk: Desk, run: str) -> RunInfo:
    with desk.journal() as journal:
        return journal.info(RunId(run))
