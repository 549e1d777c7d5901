"""Every verb at the Tote and at OddsPapi ABP, as at Betfair: real processes at a served sandbox, over HTTP and its sockets."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_reconcile import fault, kinds
from tests.app.verbs import Desk
from tests.crash.kill import Slot, served
from tests.forked import Begun
from tests.sandbox import abp, tote

SCENARIO = """\
scenario: A meeting and two bookmakers, of whom one takes 30 dollars
fixtures:
  - event: Arsenal v Chelsea
    id: 30000001
    sport: Football
    start: in 3h
    markets:
      - market: Match Odds
        selections:
          - selection: Arsenal
          - selection: Chelsea
          - selection: The Draw
        result: Chelsea
pools:
  meetings:
    - meeting: Bath
      races:
        - start: in 30m
          runners: [A1, B1, C1, D1, E1, F1, G1, H1]
          result: [H1, G1, F1, E1]
    - meeting: Ascot
      races:
        - start: in 90m
          runners: [A1, B1, C1, D1, E1, F1, G1, H1]
bookmakers:
  books:
    - bookmaker: pinnacle
      follows_odds: no
      offers:
        - event: Arsenal v Chelsea
          market: Match Odds
          selection: Arsenal
          to_back: [2.10 x 30, 1.95 x 1000]
    - bookmaker: sharpbet
      follows_odds: no
"""
TICKET = """\
planrunner: 1
plan: Two bets at Bath, {name}
limits:
  max_loss: {cost} GBP
tickets:
  - name: bath
    venue: tote
    meeting: {meeting}
    date: {day}
    {when}
    total_cost: {cost} GBP
    bets:
      - pool: win
        race: 1
        runners: [1]
        unit_stake: {stake} GBP
      - pool: exacta
        race: 1
        runners: [1, 2]
        finish: any_order
        unit_stake: 1.00 GBP
"""
MEETINGS = {"Bath": 30, "Ascot": 90}  # minutes from the reset to the first race
ROUTED = """\
planrunner: 1
plan: Back Arsenal at bookmakers, {name}
limits:
  max_loss: 50.00 USD
orders:
  - name: arsenal
    venue: oddspapi_abp
    event_id: id1000000030000001
    selection_id: 101
    side: back
    odds: 2.10
    odds_hold_for: average
    stake: 50.00 USD
    expires_before_start: 1h
"""
SITE = """\
planrunner_site: 1
accounts:
  tote:
    venue: tote
    currency: GBP
    mode: sandbox
    limits:
      max_stake_per_order: 5.00 GBP
      max_open_exposure: 8.00 GBP
      max_exposure_per_market: 5.00 GBP
      max_loss_per_day: 9.00 GBP
  oddspapi_abp:
    venue: oddspapi_abp
    currency: USD
    mode: sandbox
    limits:
      max_stake_per_order: 60.00 USD
      max_open_exposure: 90.00 USD
      max_exposure_per_market: 70.00 USD
      max_loss_per_day: 95.00 USD
"""


@dataclass
class Venues(Desk):
    """A folder with plans for both."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def ticket(self, name: str = "ticket.yaml", *, when: str = "", stake: str = "2.00", meeting: str = "Bath") -> str:
        cost = Decimal(stake) + 2
        day = (self.began + timedelta(minutes=MEETINGS[meeting])).date()
        text = TICKET.format(name=name, when=when, stake=stake, cost=cost, meeting=meeting, day=day).replace("    \n", "")
        (self.folder / name).write_text(text)
        return name

    def routed(self, name: str = "routed.yaml") -> str:
        (self.folder / name).write_text(ROUTED.format(name=name))
        return name

    def go(self, plan: str) -> Begun:
        return self._process("run", plan, "--sandbox", self.slot.url)

    def until_told(self, *words: str) -> None:
        """In the journal's last run."""
        self.until(lambda: bool(self.runs()) and all(word.encode() in self.kinds() for word in words))

    def resting(self) -> Begun:
        """A routed order of which a part is taken and the rest waits."""
        process = self.go(self.routed())
        self.until(lambda: any("fill at pinnacle" in parts for parts in self.parts()))
        self.until(lambda: "30.00 matched, 20.00 remaining" in self.verb("status").out)
        return process

    def run_ids(self) -> dict[str, str]:
        with self.journal() as journal:
            return {Path(info.plan_file).name: info.run for info in journal.runs()}

    def audited(self) -> None:
        """Only what was placed since the reset: the log is that of the whole sandbox."""
        lines = self.slot.call("log").splitlines()
        fresh = max(number for number, line in enumerate(lines) if '"kind": "world"' in line)
        log = self.folder / "venue.jsonl"
        log.write_text("".join(f"{line}\n" for line in lines[fresh:]))
        told = self.verb("audit", "--venue-log", str(log))
        assert told.code == 0, told

    def advance(self, seconds: int) -> None:
        data = json.dumps({"seconds": seconds}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.slot.url}/sandbox/advance", data=data), timeout=30).close()

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """By hand, at the same account."""
        request = urllib.request.Request(
            f"{self.slot.url}{path}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json", **headers}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def slot_in(folder: Path) -> Iterator[Slot]:
    (folder / "scenario.yaml").write_text(SCENARIO)
    with served(folder / "scenario.yaml") as slot:
        yield slot


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slot]:
    with slot_in(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def desk(slot: Slot, tmp_path: Path) -> Iterator[Venues]:
    slot.reset()
    slot.call("faults", "DELETE")
    desk = Venues(slot, tmp_path)
    (tmp_path / "planrunner.yaml").write_text(SITE)
    yield desk
    desk.close()


def test_both_are_run_told_again_listed_audited_and_found_well(desk: Venues) -> None:
    routed = desk.resting()
    ticket = desk.end(desk.go(desk.ticket()))
    assert ticket.code == 0, ticket
    assert "4.00 GBP in 2 bets on the ticket bath were accepted" in ticket.out
    runs = desk.verb("runs")
    assert "4.00 GBP in 2 bets on the ticket bath were accepted" in runs.out
    assert "Not over yet. 30.00 of 50.00 USD matched at 2.10; the rest is still at the venue" in runs.out
    report = desk.verb("report", "ticket.yaml", "--json")
    assert (report.code, [one["name"] for one in report.json["tickets"]]) == (0, ["bath"])
    doctor = desk.verb("doctor", "--sandbox", desk.slot.url)
    assert doctor.code in (0, 4), doctor  # a disk of a test's own may be bad
    for account in ("tote", "oddspapi_abp"):
        assert f"accounts: {account} logs in; an answer takes" in doctor.out
        assert f"as {account} sees it" in doctor.out
    desk.audited()
    routed.kill()


def test_status_tells_what_waits_and_what_rests_in_words_and_how_near_limits_are(desk: Venues) -> None:
    routed = desk.resting()
    waiting = desk.go(desk.ticket(when="place_before_start: 10m"))
    desk.until(lambda: len(desk.run_ids()) == 2 and bool(desk.records()))
    desk.until(lambda: desk.verb("status").out.count("not placed yet") == 2)
    told = desk.verb("status")
    assert told.code == 0
    assert "arsenal  back Arsenal at 2.10 on oddspapi_abp:  30.00 matched, 20.00 remaining" in told.out
    assert "bath/1  win, race 1: 1 A1, 1 line of 2.00 GBP on tote:  2.00 not placed yet" in told.out
    assert "bath/2  exacta, race 1: 1 A1, 2 B1 in any order, 2 lines of 1.00 GBP on tote:" in told.out
    assert "): placed" in told.out
    status = desk.verb("status", "--json").json
    due = {order["order"]: order["next"]["in_seconds"] for run in status["runs"] for order in run["orders"] if order["next"]}
    assert due.keys() == {"bath/1", "bath/2"}
    assert all(900 < seconds < 1200 for seconds in due.values())
    used = {(one["of"], one["limit"]): one["used"] for one in status["limits"]}
    assert used["account oddspapi_abp", "max_open_exposure"] == "50.00"
    assert used["account tote", "max_open_exposure"] == "0"
    desk.kill(routed)
    silent = desk.verb("status")
    assert silent.code == 5
    assert "SILENT" in silent.out
    waiting.kill()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_takes_back_what_can_be_and_places_nothing_more(desk: Venues, by: signal.Signals) -> None:
    routed = desk.resting()
    waiting = desk.go(desk.ticket(when="place_before_start: 10m"))
    desk.until(lambda: len(desk.run_ids()) == 2 and b"SetTimers" in desk.kinds())
    for process in (routed, waiting):
        process.send_signal(by)
    ended, never = desk.end(routed), desk.end(waiting)
    assert (ended.code, never.code) == (130, 130), (ended, never)
    assert "30.00 of 50.00 USD matched at 2.10; the rest was cancelled" in ended.out
    assert "none of the 2 bets was placed" in never.out
    assert desk.parts() == [{"fill at pinnacle": 30.0, "cancel": 20.0}]
    desk.audited()


def test_killed_runs_are_taken_up_again_and_nothing_is_placed_twice(desk: Venues) -> None:
    """The ticket was not placed yet, and is placed in its time; the order rests, and is ended as the plan says."""
    waiting = desk.go(desk.ticket(when="place_before_start: 1785s"))
    desk.until(lambda: len(desk.run_ids()) == 1 and b"SetTimers" in desk.kinds())
    desk.kill(waiting)
    run = desk.kill(desk.resting())
    again = [desk._process("run", "--resume", desk.run_ids()[plan], "--sandbox", desk.slot.url) for plan in desk.run_ids()]
    desk.until(lambda: len(desk.bets()) == 3, within=90)
    desk.verb("stop", "--run", run, "--because", "enough")
    ended = {process.args[2]: desk.end(process) for process in again}
    assert ended[desk.run_ids()["ticket.yaml"]].code == 0, ended
    assert "the rest was cancelled" in ended[run].out
    assert sorted(parts.keys() == {"fill"} for parts in desk.parts()) == [False, True, True]
    desk.audited()


def test_a_ticket_that_is_not_answered_is_listed_and_never_taken_back(desk: Venues) -> None:
    fault(desk, call="bet", trouble="never decided")
    process = desk.go(desk.ticket())
    desk.until_told("OrderReported")
    desk.kill(process)
    status = desk.verb("status")
    assert status.code == 5
    assert "in doubt: no certain answer" in status.out
    stopped = desk.verb("stop", "--because", "enough", "--wait", "3")
    assert stopped.code == 5, stopped
    [ref] = [ref for ref, (*_, parts) in desk.bets().items() if not dict(parts)]
    assert "taken in and not answered" in stopped.out
    assert ref in stopped.out
    assert not any("cancel" in parts for parts in desk.parts())
    refused = desk.verb("run", "ticket.yaml", "--sandbox", desk.slot.url)
    assert refused.code == 3
    assert desk.verb("release", "--because", "looked at").code == 0


def test_a_routed_order_of_a_killed_run_is_taken_back_by_a_stop(desk: Venues) -> None:
    desk.kill(desk.resting())
    stopped = desk.verb("stop", "--account", "oddspapi_abp", "--because", "enough")
    assert stopped.code == 0, stopped
    assert "30.00 of 50.00 USD matched at 2.10; the rest was cancelled" in stopped.out
    assert desk.parts() == [{"fill at pinnacle": 30.0, "cancel": 20.0}]
    assert desk.verb("release", "--account", "oddspapi_abp", "--because", "well").code == 0


@pytest.mark.parametrize(("venue", "call"), [("tote", "placeBetsAsync"), ("oddspapi_abp", "place-orders")])
def test_a_bet_whose_answer_was_lost_is_found_and_adopted(desk: Venues, venue: str, call: str) -> None:
    fault(desk, call=call, trouble="reply lost after landing")
    fault(desk, call="onBetAccepted", trouble="message lost", times=2)
    process = desk.go(desk.ticket() if venue == "tote" else desk.routed())
    bets = 2 if venue == "tote" else 1
    desk.until(lambda: len(desk.bets()) == bets and (venue == "oddspapi_abp" or all(desk.parts())))
    desk.kill(process)
    found = desk.verb("reconcile", "--json")
    assert found.code == 5, found
    assert kinds(found), found.out
    assert {*kinds(found)} <= {"lost", "sizes"}, found.out
    adopted = desk.verb("reconcile", venue, "--adopt")
    assert adopted.code == 0, adopted
    assert desk.verb("reconcile").code == 0
    assert len(desk.bets()) == bets


def test_bets_by_hand_are_listed(desk: Venues) -> None:
    """At the router those under planrunner's label, for it lists no others."""
    by_hand = abp.order(7, price=9.0, stake=20, userRef="planrunner")
    placed = desk.post("/abp/place-orders", {"orders": [by_hand]}, **{"x-api-key": "practice"})
    assert placed["status"] == "accepted"
    assert desk.end(desk.go(desk.ticket())).code == 0
    desk.kill(desk.resting())
    gateway = {"Authorization": "Api-Key practice"}
    asked = desk.post(tote.GATEWAY, {"query": tote.PRODUCTS, "variables": {"types": ["PLACE"]}}, **gateway)
    place = tote.Product(asked["data"]["products"]["nodes"][0])
    bet = place.bet("byhand", (1,), stake=tote.stake("2.00"))
    desk.post(tote.GATEWAY, {"query": tote.PLACE, "variables": {"input": {"ticketId": "byhand", "bets": [bet]}}}, **gateway)
    found = desk.verb("reconcile", "--json")
    assert found.code == 0, found
    listed = {one["account"]: [each["kind"] for each in one["differences"]] for one in found.json["accounts"]}
    assert listed == {"tote": ["foreign"], "oddspapi_abp": ["foreign"]}


def test_limits_of_the_site_hold_for_tickets_and_for_routed_orders(desk: Venues) -> None:
    """Of a stake in check, of a pool and of an account when it is placed, of a day with what is settled."""
    checked = desk.verb("check", desk.ticket("dear.yaml", stake="6.00"))
    assert checked.code == 1
    assert "max_stake_per_order" in checked.out + checked.err
    assert desk.end(desk.go(desk.ticket(stake="3.00"))).code == 0
    pool = desk.end(desk.go(desk.ticket("again.yaml", stake="3.00")))
    assert pool.code == 3, pool
    assert "max_exposure_per_market" in pool.out
    assert "a ticket is placed whole or not at all" in pool.out  # the exacta would fit
    desk.resting()
    market = desk.end(desk.go(desk.routed("more.yaml")))
    assert market.code == 3, market
    assert "max_exposure_per_market" in market.out
    desk.advance(3600)
    assert desk.verb("reconcile", "tote", "--adopt").code == 0
    used = {(one["of"], one["limit"]): one["used"] for one in desk.verb("status", "--json").json["limits"]}
    assert (used["account tote", "max_open_exposure"], used["account tote", "max_loss_per_day"]) == ("0", "5.00")
    day = desk.end(desk.go(desk.ticket("later.yaml", stake="3.00", meeting="Ascot")))
    assert day.code == 3, day
    assert "max_loss_per_day" in day.out


def test_ids_that_the_router_shows_nothing_for_are_told_as_what_they_may_be(desk: Venues) -> None:
    plan = desk.routed()
    (desk.folder / plan).write_text(ROUTED.format(name=plan).replace("id1000000030000001", "id1000000030000002"))
    told = desk.verb("run", plan, "--sandbox", desk.slot.url)
    assert told.code == 1
    assert "no odds for selection `101` of event `id1000000030000002`" in told.err
    assert "see whether both ids are right, and whether bets on it are taken now" in told.err
