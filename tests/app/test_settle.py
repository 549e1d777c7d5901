"""Bets of runs that are over are followed until they are settled, corrections included; what the venue can't say now is asked
again later, and nothing is written down twice."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from planrunner.app.results import Result, results_of
from planrunner.app.settle import LATER, Pot, Rhythm, settle_due
from planrunner.app.settling import venues_at
from planrunner.app.stage import Accounts, Venues
from planrunner.app.standing import NO_ACCOUNTS, stand
from planrunner.model.errors import VenueTrouble
from planrunner.model.events import BetSettled, MarketSettled
from planrunner.model.journal import Mode, RunState
from planrunner.model.market import AccountName, RunId
from planrunner.runtime.clock import RealClock
from tests.app.test_reconcile import exposure, fault, market_of
from tests.app.test_stop import end_unresolved
from tests.app.verbs import Desk


def over(desk: Desk, name: str = "plan.yaml") -> RunId:
    """A run that was stopped: two of its five are matched, the rest was taken back."""
    run = desk.killed(name)
    assert desk.verb("stop", "--run", run).code == 0
    assert desk.verb("release", "--run", run, "--because", "on we go").code == 0
    return RunId(run)


def post(desk: Desk, path: str, **words: object) -> None:
    data = json.dumps(words).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{desk.slot.url}/sandbox/{path}", data=data, method="POST"), timeout=10
    ).close()


def to_the_end(desk: Desk) -> None:
    """The match is played, and its market settled."""
    post(desk, "advance", seconds=21600)


def state(desk: Desk, run: RunId) -> RunState:
    with desk.journal() as journal:
        return journal.info(run).state


def report(desk: Desk, run: RunId) -> Any:
    return json.loads((desk.folder / "runs" / run / "report.json").read_text())["settlement"]


def test_a_run_is_followed_to_its_profit_and_commission_and_asked_about_no_more_than_that(desk: Desk) -> None:
    run = over(desk)
    before = desk.verb("settle", "--json")
    assert before.err == ""
    assert (before.code, before.json["accounts"][0]["open"], state(desk, run)) == (0, 1, RunState.FINISHED)
    to_the_end(desk)
    told = desk.verb("settle", "--json")
    assert told.code == 0, told
    [account] = told.json["accounts"]
    [learned] = account["learned"]
    assert (account["open"], learned["is_settled"], learned["is_correction"]) == (0, True, False)
    assert (learned["profit"], learned["commission"], learned["net"]) == ("16.00 GBP", "0.80 GBP", "15.20 GBP")
    assert state(desk, run) is RunState.SETTLED
    assert (report(desk, run)["net"], report(desk, run)["not_settled"]) == ("15.20 GBP", 0)
    assert exposure(desk) == 0
    with desk.journal() as journal:
        length, lease = len(journal.read(run)), journal.lease(run)
        assert lease.beat is None, "its lease was given back"
    again = desk.verb("settle")
    assert (again.code, "everything is settled" in again.out) == (0, True)
    with desk.journal() as journal:
        assert (len(journal.read(run)), journal.lease(run)) == (length, lease), "the same again is not written down again"


def test_a_result_that_is_corrected_is_taken_over_told_and_counted_instead_of_the_wrong_one(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    assert desk.verb("settle").code == 0
    post(desk, "happenings", market=market_of(desk), do="settle again", result=["Chelsea"])
    told = desk.verb("settle")
    assert told.code == 0, told
    assert "corrected" in told.out
    assert "-2.00 GBP before commission (it was +16.00)" in told.out
    assert (report(desk, run)["net"], state(desk, run)) == ("-2.00 GBP", RunState.SETTLED)
    with desk.journal() as journal:
        [result] = results_of(journal).told
        assert [line.profit for line in result.lines] == [Decimal("-2.00")]
    post(desk, "happenings", market=market_of(desk), do="settle again", result=["Arsenal"])
    assert "no run that is over" in desk.verb("settle", "--corrections", "0").out.lower(), "it is not asked for ever"
    assert desk.verb("settle", "--run", run).code == 0, "unless somebody names it"
    assert report(desk, run)["net"] == "15.20 GBP"


def test_a_venue_that_does_not_answer_is_asked_again_later_and_keeps_no_other_waiting(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    rhythm, clock = Rhythm(), RealClock()

    @asynccontextmanager
    async def down(mode: Mode, at: str | None, accounts: Accounts) -> AsyncIterator[Venues]:
        raise VenueTrouble("the venue is down")
        yield {}

    async def rounds() -> None:
        with desk.journal() as journal:
            [first] = await settle_due(journal, down, clock, site=NO_ACCOUNTS, rhythm=rhythm)
            assert (first.trouble, first.open) == ("the venue is down", 1)
            assert await settle_due(journal, down, clock, site=NO_ACCOUNTS, rhythm=rhythm) == (), "not its turn"
            rhythm.turns[first.pot].due = clock.now()
            [second] = await settle_due(journal, venues_at(desk.state, clock), clock, site=NO_ACCOUNTS, rhythm=rhythm)
            assert (second.trouble, second.open, second.learned[0].is_settled) == (None, 0, True)

    asyncio.run(rounds())
    assert state(desk, run) is RunState.SETTLED
    fault(desk, call="listCurrentOrders", trouble="refused", code="UNEXPECTED_ERROR", times=9)
    refused = desk.verb("settle")
    assert (refused.code, "can't be read" in refused.out or "Betfair" in refused.out) == (5, True), refused


def test_a_run_at_work_is_left_to_its_owner(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    with desk.journal() as journal:
        epoch = journal.take(run, "elsewhere:1")
        asyncio.run(journal.beat({run: epoch}))
    told = desk.verb("settle", "--json")
    assert told.code == 5
    assert "at work in another process, elsewhere:1" in told.json["accounts"][0]["troubles"][0]
    with desk.journal() as journal:
        assert journal.lease(run).epoch == epoch
        journal.leave(run, epoch)
    assert desk.verb("settle").code == 0


def test_a_run_that_is_not_over_is_not_settled(desk: Desk) -> None:
    assert "is not over" in desk.verb("settle", "--run", desk.killed()).err


def test_what_was_in_doubt_when_its_run_ended_is_settled_once_it_shows_up(desk: Desk) -> None:
    fault(desk, call="placeOrders", trouble="reply lost after landing")
    run = RunId(desk.kill(desk.begin()))
    asyncio.run(end_unresolved(desk, run))
    to_the_end(desk)
    told = desk.verb("settle", "--json")
    assert (told.code, told.json["accounts"][0]["in_doubt"]) == (0, 0), told
    assert state(desk, run) is RunState.SETTLED
    with desk.journal() as journal:
        standing = stand(journal, journal.info(run))
        assert standing.left == ()
        kinds = [type(record.body) for record in standing.records]
    assert (kinds.count(BetSettled), kinds.count(MarketSettled)) == (1, 1)


def test_a_kill_between_the_last_result_and_closing_the_run_closes_it_later(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    assert desk.verb("settle").code == 0
    with desk.journal() as journal:
        epoch = journal.take(run, "killed:1")
        journal.set_state(run, epoch, RunState.FINISHED)
        journal.leave(run, epoch)
        length = len(journal.read(run))
    assert desk.verb("settle").code == 0
    with desk.journal() as journal:
        assert (journal.info(run).state, len(journal.read(run))) == (RunState.SETTLED, length)


def test_a_history_of_nothing_but_runs_that_never_began_has_nothing_to_settle(desk: Desk) -> None:
    desk.make_journal()
    assert "No run that is over has a bet to be settled" in desk.verb("settle", "--watch").out
    assert "there is no run zzz" in desk.verb("settle", "--run", "zzz").err


# --- when


POT = Pot(Mode.LIVE, None, AccountName("betfair"))
NOW = datetime(2026, 12, 5, 18, tzinfo=UTC)


def result(run: str = "a", *, is_settled: bool = False, starts: datetime | None = None) -> Result:
    return Result(run=RunId(run), plan="", plan_file="", mode=Mode.LIVE, created=NOW, is_settled=is_settled, starts=starts)


def test_an_account_is_asked_less_and_less_often_and_at_once_when_another_run_has_ended() -> None:
    rhythm, now, waits = Rhythm(), NOW, []
    for _ in range(9):
        due = rhythm.looked(POT, [result()], has_news=False, now=now)
        waits.append((due - now) // timedelta(minutes=1))
        assert not rhythm.is_due(POT, ["a"], due - timedelta(seconds=1))
        assert rhythm.is_due(POT, ["a"], due)
        now = due
    assert waits == [*LATER, 60, 60]
    assert rhythm.is_due(POT, ["a", "b"], now)
    assert rhythm.is_due(POT, ["a"], now - timedelta(days=400)), "a clock that was set back stops nothing"
    assert rhythm.looked(POT, [result()], has_news=True, now=now) == now + timedelta(minutes=1)
    assert rhythm.looked(POT, [result(is_settled=True)], has_news=False, now=now) == now + timedelta(hours=6)


def test_before_any_market_has_begun_once_an_hour_is_enough() -> None:
    rhythm = Rhythm()
    soon, far = NOW + timedelta(minutes=20), NOW + timedelta(days=3)
    assert rhythm.looked(POT, [result(starts=soon)], has_news=True, now=NOW) == soon
    assert rhythm.looked(POT, [result(starts=far)], has_news=True, now=NOW) == NOW + timedelta(hours=1)
    begun = [result(starts=far), result("b", starts=NOW - timedelta(hours=1))]
    assert rhythm.looked(POT, begun, has_news=True, now=NOW) == NOW + timedelta(minutes=1)
