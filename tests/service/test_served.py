"""A service in a process of its own: killed in the middle of fifty runs, told to end, asked over the web."""

from __future__ import annotations

import json
import resource
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from planrunner.engine.replay import replay
from planrunner.model.journal import Fate, RunState
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import Timetable
from tests.answering import answering
from tests.audited import audited
from tests.crash.kill import Slot, served
from tests.service.served import SITE, STOPPED, holdings, plan, service, world

FIFTY = 50


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    scenario = tmp_path_factory.mktemp("world") / "scenario.yaml"
    scenario.write_text(world(FIFTY))
    with served(scenario) as slot:
        yield slot


@pytest.fixture
def folder(tmp_path: Path, slot: Slot) -> Path:
    slot.reset()
    (tmp_path / "planrunner.yaml").write_text(SITE.format(exposure="2000.00"))
    return tmp_path


def states(folder: Path) -> list[RunState]:
    """Of all runs, with every record's digest checked and its facts told again."""
    with Journal.open(folder / ".planrunner" / "planrunner.db", durable=False) as journal:
        for info in journal.runs():
            if records := journal.read(info.run):
                replay(records)
        return [info.state for info in journal.runs()]


def test_fifty_runs_go_on_after_the_service_was_killed(folder: Path, slot: Slot) -> None:
    for n in range(FIFTY):
        (folder / f"plan-{n:02}.yaml").write_text(plan(n, expires="8s"))
    with service(folder, slot) as first:
        code, told = first.signalled("one")
        assert (code, len(told["runs"])) == (202, FIFTY)
        first.until(lambda: len(holdings(slot)) > FIFTY // 3)
        first.process.kill()  # some are placed, some on their way, some not begun
        first.process.wait()
    with service(folder, slot) as second:
        code, told = second.signalled("one")  # the sender did not hear the answer, and says it again
        assert code in (202, 409)
        second.until(lambda: second.runs_over() == FIFTY)
        second.ends()
        assert not second.all("bug")
    assert set(states(folder)) <= {RunState.FINISHED, RunState.SETTLED}
    assert len(states(folder)) == FIFTY
    assert holdings(slot) == {f"Reds{n} v Blues{n}": STOPPED for n in range(FIFTY)}
    audited(folder / ".planrunner" / "planrunner.db", slot.call("log"))


def test_told_to_end_it_leaves_its_runs_to_the_next_or_takes_back_what_rests(folder: Path, slot: Slot) -> None:
    (folder / "plan.yaml").write_text(plan(1, expires="40s"))
    with service(folder, slot) as first:
        [run] = first.signalled("one")[1]["runs"]
        first.until(lambda: holdings(slot).get("Reds1 v Blues1", {}).get(("back", 3.05)))
        first.ends()
        assert first.all("ended")[0]["left"] == 1
    assert states(folder) == [RunState.RUNNING]
    assert holdings(slot)["Reds1 v Blues1"][("back", 4.0)] == {}
    with service(folder, slot, "--take-back") as second:
        second.until(lambda: second.all("begins"))
        assert second.all("begins")[0]["taken_up"] == 1
        second.until(lambda: second.ask("GET", f"/api/v1/runs/{run}")[1]["state"] == "running")
        second.ends()
        assert second.all("ended")[0]["left"] == 0
    assert holdings(slot) == {"Reds1 v Blues1": STOPPED}
    audited(folder / ".planrunner" / "planrunner.db", slot.call("log"))


def test_a_site_file_with_problems_keeps_nobody_from_looking_after_runs(folder: Path, slot: Slot) -> None:
    """The machine is rebooted while somebody writes at it: what rests at the venue has its endings all the same."""
    (folder / "plan.yaml").write_text(plan(7, expires="4s"))
    with service(folder, slot) as first:
        [run] = first.signalled("one")[1]["runs"]
        first.until(lambda: holdings(slot).get("Reds7 v Blues7", {}).get(("back", 3.05)))
        first.process.kill()
        first.process.wait()
    site = (folder / "planrunner.yaml").read_text()
    (folder / "planrunner.yaml").write_text(site.replace("accounts:", "acounts:"))
    with service(folder, slot) as second:
        second.until(lambda: second.runs_over() == 1)
        assert second.all("run")[0]["run"] == second.all("run goes on")[0]["run"] == run
        address = second.all("listens")[0]["address"]
        assert (second.ask("GET", "/readyz", at=address)[0], second.all("plan has problems")) == (503, [])
        (folder / "planrunner.yaml").write_text(site)
        second.until(lambda: second.signalled("two", stake="5.00 GBP")[0] == 422)  # the plan takes no such thing
        assert second.signalled("three")[0] == 202
        second.ends()
    assert len(states(folder)) == 2


def test_a_signal_without_a_secret_is_told_of_before_anything_begins(folder: Path, slot: Slot) -> None:
    (folder / "plan.yaml").write_text(plan(8))
    with service(folder, slot, PLANRUNNER_SERVICE_SIGNAL_GO_SECRET="") as one:
        assert one.process.wait() == 3
        assert "PLANRUNNER_SERVICE_SIGNAL_GO_SECRET" in one.process.communicate()[1]
        assert not one.all("begins")


def test_one_service_has_a_journal_and_a_plan_never_loses_more_than_it_may_in_total(folder: Path, slot: Slot) -> None:
    (folder / "plan.yaml").write_text(plan(2, expires="1s", policy="queue", total="70.00"))
    with service(folder, slot) as first:
        assert first.signalled("one")[0] == 202
        with service(folder, slot) as other:
            assert other.process.wait() == 2
        for nonce in ("two", "three", "four", "five"):
            first.signalled(nonce)
        first.until(lambda: first.runs_over() >= 2 and len(first.all("occurrence")) >= 9)
        first.ends()
    with Journal.open(folder / ".planrunner" / "planrunner.db", durable=False) as journal:
        noted = Timetable(journal, RealClock()).noted()
    # Each run may lose 30.00 until it is over and then 4.00: 30, then 4 + 30, 8 + 30, and so on.
    assert [one.fate for one in noted if one.run is None and one.fate is not Fate.REFUSED] == []
    assert sum(one.may_lose.amount for one in noted) <= 70
    audited(folder / ".planrunner" / "planrunner.db", slot.call("log"))


def test_a_run_is_replaced_though_it_is_only_beginning(folder: Path, slot: Slot) -> None:
    (folder / "plan.yaml").write_text(plan(4, expires="60s", policy="replace"))
    with service(folder, slot) as one:
        for nonce in ("one", "two"):
            assert one.signalled(nonce)[0] == 202
        one.until(lambda: len({each["run"] for each in one.all("occurrence") if "run" in each}) == 2, within=10)
        one.ends()


def test_a_site_file_that_could_not_be_taken_in_is_taken_in_later_and_one_that_is_gone_lifts_no_limit(
    folder: Path, slot: Slot
) -> None:
    """The journal is locked when its limits are lowered; later an editor takes the file away before it writes it anew."""
    for n in (5, 6):
        (folder / f"plan-{n}.yaml").write_text(plan(n, expires="3s"))
    with service(folder, slot, PLANRUNNER_JOURNAL_PATIENCE="1") as one:
        one.until(lambda: one.url)
        browser = sqlite3.connect(folder / ".planrunner" / "planrunner.db", isolation_level=None)
        browser.execute("BEGIN EXCLUSIVE")
        (folder / "planrunner.yaml").write_text(SITE.format(exposure="20.00"))
        one.until(lambda: one.all("trouble"))
        browser.execute("ROLLBACK")
        browser.close()
        one.until(lambda: len(one.all("site file is in force")) == 2, within=10)
        assert len(one.signalled("one")[1]["runs"]) == 2
        one.until(lambda: one.runs_over() == 2)
        (folder / "planrunner.yaml").unlink()
        one.until(lambda: one.ask("GET", "/readyz")[0] == 503)
        one.ends()
    stakes = {("back", 3.05): 10, ("back", 4.0): 8}
    assert sum(stakes[of] for contest in holdings(slot).values() for of in contest) <= 20
    audited(folder / ".planrunner" / "planrunner.db", slot.call("log"))


def test_a_run_that_trouble_left_unfinished_keeps_its_place_until_it_is_over(folder: Path, slot: Slot) -> None:
    """The disk is full for some seconds: the run gives up for now, and what comes next waits for it all the same."""
    (folder / "plan.yaml").write_text(plan(7, expires="4s", policy="queue"))
    with service(folder, slot) as one:
        [first] = one.signalled("one")[1]["runs"]
        one.until(lambda: holdings(slot).get("Reds7 v Blues7", {}).get(("back", 3.05)))
        full = (folder / ".planrunner" / "planrunner.db-wal").stat().st_size
        resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        one.until(lambda: one.runs_over() == 1)
        assert one.all("run")[0]["exit"] == 5
        resource.prlimit(one.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert one.signalled("two") == (202, {"runs": []})
        one.until(lambda: one.runs_over() == 2)
        one.until(lambda: one.all("occurrence")[-1]["became"] == "run", within=10)
        told = [
            (each.get("became"), each["run"]) for each in one.said if each.get("what") in ("occurrence", "run") and "run" in each
        ]
        assert told[:3] == [("run", first), (None, first), (None, first)], "it begins once that one is over, and not before"
        one.ends()


RACES = """\
scenario: Two races soon
fixtures:
  - event: Bath 1
    sport: Horse Racing
    meeting: Bath
    start: in 66s
    markets:
      - market: Win
        selections:
          - selection: Able
            fair_odds: 2.5
          - selection: Baker
            fair_odds: 5
  - event: Bath 2
    sport: Horse Racing
    meeting: Bath
    start: in 67s
    markets:
      - market: Win
        selections:
          - selection: Able
            fair_odds: 3
          - selection: Dog
            fair_odds: 4
"""
EACH = """\
planrunner: 1
plan: Something in each race
time_zone: UTC
when:
  before_each_start: 1m
limits:
  max_loss: 4.00 GBP
  max_loss_in_total: 40.00 GBP
  max_orders: 1
for_each_market:
  venue: betfair
  sport: Horse Racing
  meetings:
    - Bath
  market: Win
orders:
  - name: ${market.start}
    venue: betfair
    selection: Able
    side: back
    odds: 900.0
    stake: 4.00 GBP
    expires_after: 1s
"""


def test_each_start_of_a_real_catalogue_has_a_run_of_its_own(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(RACES)
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "planrunner.yaml").write_text(SITE.format(exposure="100.00"))
    (folder / "races.yaml").write_text(EACH)
    with served(scenario) as slot, service(folder, slot) as one:
        one.until(lambda: one.runs_over() == 2)
        one.ends()
        assert sorted(len(of) for of in holdings(slot).values()) == [1, 1]
        audited(folder / ".planrunner" / "planrunner.db", slot.call("log"))
    assert [told["exit"] for told in one.all("run")] == [0, 0]


def test_plans_and_the_site_file_may_be_changed_while_it_is_at_work(folder: Path, slot: Slot) -> None:
    told: list[bytes] = []

    def hear(_path: str, _headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        told.append(body)
        return 200, b""

    with answering(hear) as hook, service(folder, slot) as one:
        assert one.ask("GET", "/api/v1/plans") == (200, {"plans": []})
        site = SITE.format(exposure="20.00") + f"notify:\n  - webhook: {hook}\n    on: [finished, not_run]\n"
        (folder / "planrunner.yaml").write_text(site)
        (folder / "plan.yaml").write_text(plan(3, expires="1s", total="33.00"))
        one.until(lambda: [each["plan"] for each in one.ask("GET", "/api/v1/plans")[1]["plans"]] == ["plan.yaml"])
        nonces = map(str, range(100))
        one.until(lambda: one.signalled(f"one-{next(nonces)}")[1]["runs"])
        one.until(lambda: one.runs_over() == 1)
        (folder / "planrunner.yaml").write_text(site.replace("20.00 GBP", "20.00 pounds"))
        one.until(lambda: one.ask("GET", "/readyz")[0] == 503)
        assert one.signalled("two")[0] == 409
        assert one.ask("POST", "/api/v1/plans/plan.yaml/runs", {})[0] == 409
        (folder / "planrunner.yaml").write_text(site)
        one.until(lambda: one.ask("GET", "/readyz")[0] == 200)
        for _ in range(2):  # what was refused stays so
            assert one.signalled("three")[0] == 409  # 4.00 are lost or may be, and 30.00 more would be too much
        one.until(lambda: len(told) == 2)
        (folder / "plan.yaml").unlink()
        one.until(lambda: one.ask("GET", "/api/v1/plans") == (200, {"plans": []}))
        one.ends()
        [run] = [each["run"] for each in one.all("run")]
        report = folder / "runs" / run / "report.html"
        report.unlink()  # as if it had been killed when the run was over, and before it was told
        (folder / "planrunner.yaml").write_text(site.replace(hook, f"{hook}/somebody-else"))
        with service(folder, slot) as two:
            two.until(lambda: two.all("run") and len(told) == 3)
            two.ends()
        assert report.exists()
    assert json.loads(told.pop())["run"] == run
    assert holdings(slot) == {"Reds3 v Blues3": STOPPED}
    assert [json.loads(body)["happening"] for body in told] == ["finished", "not_run"]
    assert "max_loss_in_total" in json.loads(told[1])["text"]
