"""Each thing that the doctor looks at: well where it is well, and told with what to do where it is not."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from planrunner.app import doctor
from planrunner.app.doctor import Health
from planrunner.model.journal import HaltScope
from tests.app.test_stop import end_unresolved
from tests.app.verbs import Desk, Ended

LIVE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    mode: live
    credentials: file
"""


def of(ended: Ended, check: str) -> list[tuple[str, str, Any]]:
    return [(one["health"], one["text"], one["do"]) for one in ended.json["lines"] if one["check"] == check]


def bad(ended: Ended) -> list[str]:
    return [one["check"] for one in ended.json["lines"] if one["health"] == "bad"]


def test_where_all_is_well_nothing_is_to_be_done_and_the_account_answers(desk: Desk) -> None:
    desk.make_journal()
    found = desk.process("doctor", "--json", "--sandbox", desk.slot.url)
    assert found.code == 0, found
    checks = {one["check"] for one in found.json["lines"]}
    assert checks >= {
        "zone data",
        "site file",
        "state folder",
        "disk",
        "disk sync",
        "journal",
        "runs",
        "stops",
        "accounts",
        "clock",
    }
    assert [one for one in found.json["lines"] if one["health"] == "bad" or (one["health"] != "ok") is (one["do"] is None)] == []
    told = of(found, "accounts")
    assert {(health, text.partition("; ")[0]) for health, text, _ in told} == {
        ("ok", f"{account} logs in") for account in ("betfair", "tote", "oddspapi_abp")
    }
    assert {health for health, *_ in of(found, "clock")} == {"ok"}


def test_what_others_may_write_is_bad(desk: Desk) -> None:
    desk.make_journal()
    site, secrets = desk.folder / "planrunner.yaml", desk.folder / "planrunner.credentials"
    site.write_text(LIVE.replace("mode: live", "mode: sandbox"))
    secrets.write_text("PLANRUNNER_BETFAIR_PASSWORD=x\n")
    for path in (site, desk.state):
        path.chmod(0o777)
    secrets.chmod(0o644)
    found = desk.verb("doctor", "--json")
    assert (found.code, bad(found)) == (4, ["site file", "credentials", "state folder"])
    assert [do for *_, do in of(found, "credentials")] == [f"put the file itself there, and: chmod 600 {secrets}"]
    assert [do for *_, do in of(found, "site file")] == [f"chmod go-w {site}"]
    for path in (site, desk.state):
        path.chmod(0o700)
    secrets.chmod(0o600)
    assert desk.verb("doctor").code == 0


def test_a_live_account_that_can_not_log_in_is_bad_and_a_broken_site_file_too(desk: Desk) -> None:
    desk.make_journal()
    site = desk.folder / "planrunner.yaml"
    site.write_text(LIVE)
    found = desk.verb("doctor", "--json")
    assert (found.code, bad(found)) == (4, ["credentials", "accounts"]), "there is no file of credentials, so nobody was asked"
    site.write_text("accounts: 7\n")
    found = desk.verb("doctor", "--json")
    assert found.code == 4
    assert "site file" in bad(found)
    assert "planrunner check" in of(found, "site file")[0][1]


def test_a_venue_that_is_not_there_is_told(desk: Desk) -> None:
    desk.make_journal()
    found = desk.verb("doctor", "--json", "--sandbox", "http://127.0.0.1:1")
    assert (found.code, set(bad(found))) == (4, {"accounts"})


def test_a_record_that_was_changed_is_bad(desk: Desk) -> None:
    desk.killed()
    assert [health for health, *_ in of(desk.verb("doctor", "--json"), "journal")] == ["ok"]
    with closing(sqlite3.connect(desk.state / "planrunner.db")) as connection, connection:
        connection.execute("update event set body = replace(body, '9.0', '8.0') where kind = 'PlaceOrders'")
    found = desk.verb("doctor", "--json")
    assert found.code == 4
    assert "journal" in bad(found)
    assert "was changed or is damaged" in of(found, "journal")[0][1]


def test_what_nobody_looks_after_and_what_is_stopped_is_told(desk: Desk) -> None:
    run = desk.killed()
    [(health, text, do)] = of(desk.verb("doctor", "--json"), "runs")
    assert (health, run in text, "may rest" in text) == ("bad", True, True)
    assert f"planrunner run --resume {run} --sandbox {desk.slot.url}" in do
    asyncio.run(end_unresolved(desk, run))
    with desk.journal() as journal:
        journal.halt(HaltScope.ALL, "", "enough", "ann")
    found = desk.verb("doctor", "--json")
    [(health, text, do)] = of(found, "runs")
    assert (health, next(iter(desk.bets())) in text, "reconcile --adopt" in do) == ("bad", True, True)
    assert [(health, "everything is stopped: enough" in text) for health, text, _ in of(found, "stops")] == [("warn", True)]
    assert desk.verb("stop").code == 0
    assert [health for health, *_ in of(desk.verb("doctor", "--json"), "runs")] == ["ok"]


def test_a_machine_that_does_not_know_a_zone_is_told() -> None:
    assert [line.health for line in doctor.zones()] == [Health.OK]
    assert [line.health for line in doctor.zones({"Atlantis/Capital": 0})] == [Health.BAD]
    assert [line.health for line in doctor.zones({"Europe/London": 0})] == [Health.BAD], "it knows nothing of summer"


@pytest.mark.parametrize(
    ("line", "health"),
    [
        (doctor.sync_speed(0.0004), Health.OK),
        (doctor.sync_speed(0.00004), Health.WARN),
        (doctor.sync_speed(0.2), Health.WARN),
        (doctor.space(5 << 30), Health.OK),
        (doctor.space(200 << 20), Health.WARN),
        (doctor.space(10 << 20), Health.BAD),
        (doctor.login("betfair", 0.08), Health.OK),  # type: ignore[arg-type]
        (doctor.login("betfair", 1.5), Health.WARN),  # type: ignore[arg-type]
        (doctor.clock_offset("betfair", timedelta(seconds=-1)), Health.OK),  # type: ignore[arg-type]
        (doctor.clock_offset("betfair", timedelta(seconds=-5)), Health.WARN),  # type: ignore[arg-type]
        (doctor.clock_offset("betfair", timedelta(hours=1)), Health.BAD),  # type: ignore[arg-type]
    ],
)
def test_figures_are_judged(line: doctor.Line, health: Health) -> None:
    assert (line.health, bool(line.do)) == (health, health is not Health.OK)


def test_the_venues_clock_is_read_in_the_middle_of_its_whole_second() -> None:
    sent = datetime(2026, 12, 5, 14, 0, 10, tzinfo=UTC)
    assert doctor.offset_of(datetime(2026, 12, 5, 14, 0, 10, tzinfo=UTC), sent, 1.0) == timedelta(0)
    assert doctor.offset_of(datetime(2026, 12, 5, 13, 0, 10, tzinfo=UTC), sent, 1.0) == timedelta(hours=1), "we are ahead"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_folder_that_can_not_be_written_is_bad(desk: Desk) -> None:
    desk.make_journal()
    desk.state.chmod(0o500)
    assert "state folder" in bad(desk.verb("doctor", "--json"))
    desk.state.chmod(0o700)
