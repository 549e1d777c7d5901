"""What goes on is told from the journal: open orders and what comes next, how near limits are, and what nobody looks after."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from planrunner.app.status import watch
from tests.app.test_stop import end_unresolved
from tests.app.verbs import PLANRUNNER, Desk

SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    mode: sandbox
    limits:
      max_open_exposure: 6.00 GBP
      max_exposure_per_market: 30.00 GBP
      max_loss_per_day: 40.00 GBP
      max_orders_per_minute: 9
limits:
  max_open_exposure: 50.00 GBP
"""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    (desk.folder / "planrunner.yaml").write_text(SITE)
    return desk


def test_a_run_at_work_is_told_with_its_orders_and_what_comes_next_and_how_near_the_limits_are(desk: Desk) -> None:
    process = desk.begin()
    desk.until(lambda: b"OrderAccepted" in desk.kinds())
    told = desk.process("status", "--json")
    assert told.code == 0, told
    [run] = told.json["runs"]
    assert (run["silent"], run["can_lose"], run["max_loss"]) == (False, "5.00", "20.00 GBP")
    assert run["owner"].endswith(f":{process.pid}")
    [order] = run["orders"]
    assert (order["matched"], order["remaining"], order["in_doubt"], order["not_placed"]) == ("2.00", "3.00", "0", "0")
    assert order["references"] == list(desk.bets())
    assert 500 < order["next"]["in_seconds"] <= 600
    assert "reprice 1 tick" in order["next"]["what"]
    assert 2.9 * 3600 < order["ending"]["in_seconds"] < 3 * 3600
    limits = {(one["of"], one["limit"]): (one["used"], one["allowed"]) for one in told.json["limits"]}
    assert limits == {
        ("account betfair", "max_open_exposure"): ("5.00", "6.00"),
        ("account betfair", "max_exposure_per_market"): ("5.00", "30.00"),
        ("account betfair", "max_loss_per_day"): ("5.00", "40.00"),
        ("account betfair", "max_orders_per_minute"): ("1", "9"),
        ("the site", "max_open_exposure"): ("5.00", "50.00"),
    }
    text = desk.verb("status").out
    assert "2.00 matched, 3.00 remaining" in text
    assert "next in 9m " in text
    assert "ends in 2h 5" in text
    assert "5.00 of 6.00 GBP" in text
    assert "\x1b" not in text
    assert desk.parts() == [{"fill": 2.0}], "whoever looks disturbs nothing"


def test_a_silent_run_is_told_with_the_command_that_takes_it_up(desk: Desk) -> None:
    run = desk.killed()
    told = desk.verb("status", "--json")
    assert told.code == 5, "a bet rests and nobody looks after it"
    [one] = told.json["runs"]
    assert (one["run"], one["silent"]) == (run, True)
    assert one["go_on"] == f"planrunner run --resume {run} --sandbox {desk.slot.url}"
    assert "SILENT: no sign of life of" in desk.verb("status").out
    with closing(sqlite3.connect(desk.state / "planrunner.db")) as connection, connection:
        connection.execute("update lease set beat = '2026-01-01T00:00:00+00:00', owner = 'elsewhere:1'")
    assert desk.verb("status", "--json").json["runs"][0]["silent"], "nor does one that is frozen somewhere else"


def test_stops_and_what_ended_unresolved_are_told_until_they_are_no_more(desk: Desk) -> None:
    run = desk.killed()
    asyncio.run(end_unresolved(desk, run))
    (desk.state / "STOP").write_text("the power goes")
    told = desk.verb("status", "--json")
    assert told.code == 5
    assert told.json["runs"] == []
    [one] = told.json["unresolved"]
    assert (one["run"], [left["reference"] for left in one["left"]]) == (run, list(desk.bets()))
    assert [halt["because"] for halt in told.json["halts"]] == ["the power goes"]
    text = desk.verb("status").out
    assert "STOPPED  everything: the power goes" in text
    assert next(iter(desk.bets())) in text
    history = desk.verb("runs", "--json").json
    assert history["count"] == 1
    [past] = history["runs"]
    assert (past["run"], past["state"], past["status"], past["exit_code"]) == (run, "finished", "unresolved", 5)
    assert desk.verb("runs").out.count("still at the venue") == 1


def test_the_history_has_rehearsals_too_the_newest_first_and_what_they_brought(tmp_path: Path) -> None:
    desk = Desk(None, tmp_path)  # type: ignore[arg-type]
    plan = Path(__file__).parents[2] / "plans" / "back-and-cancel.yaml"
    for case in ("all-match", "nothing-matches"):
        desk.verb("run", str(plan), "--case", case, "--state", str(desk.state))
    shown = desk.verb("runs", "--json").json["runs"]
    assert [one["mode"] for one in shown] == ["rehearsal", "rehearsal"]
    assert [one["created"] for one in shown] == sorted((one["created"] for one in shown), reverse=True)
    assert shown[-1]["result"] is not None
    assert [one["run"] for one in desk.verb("runs", "--limit", "1", "--json").json["runs"]] == [shown[0]["run"]]
    assert desk.verb("status").code == 2, "none of them placed an order"


def test_watching_goes_on_counts_down_and_sees_what_happens(desk: Desk) -> None:
    desk.begin()
    looks = watch(desk.state)
    first, second = next(looks), next(looks)
    [before], [after] = first.runs[0].orders, second.runs[0].orders
    assert before.ending == after.ending
    assert second.at > first.at
    assert desk.verb("stop").code == 0
    third = next(looks)
    assert third.runs == ()
    assert [halt.what for halt in third.halts] == ["everything"]


def test_on_a_terminal_it_is_drawn_anew_in_colour_until_ctrl_c(desk: Desk) -> None:
    desk.make_journal()
    (desk.state / "STOP").touch()
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [*PLANRUNNER, "status", "--watch", "--state", str(desk.state)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 45
    while shown.count(b"No run is under way") < 2 and time.monotonic() < until:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    os.close(ours)
    assert b"\x1b[31m" in shown
    assert shown.count(b"STOPPED") >= 2


def test_watching_for_a_program_gives_a_line_each_time(desk: Desk) -> None:
    desk.make_journal()
    process = desk._process("status", "--watch", "--json")
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert desk.end(process).code == 0
    assert lines[0]["at"] < lines[1]["at"]
