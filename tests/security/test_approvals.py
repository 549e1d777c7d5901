"""What was approved is what runs: an approval binds the meaning of a plan, is used once, and expires. Real keys, real files, the
real command line; a live run that is let through is refused by the venue's login, for there is none here."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from planrunner import resources
from planrunner.app import keys, rehearsal
from planrunner.app.approvals import accounts_of, file_of, may_lose, previewed, required, wanted
from planrunner.app.plans import load
from planrunner.app.run import Job, Process, start
from planrunner.app.service.houses import Houses
from planrunner.app.service.lane import Ready
from planrunner.app.service.log import Log
from planrunner.app.service.plans import Plans
from planrunner.app.service.runs import ServiceRuns
from planrunner.cli.main import run as main
from planrunner.model.account import Approver
from planrunner.model.errors import PlanProblems, Refused
from planrunner.model.journal import Due, Fate, Mode, RunInfo, RunState, by_hand
from planrunner.model.market import RunId
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.approvals import Held, Refusal, Uses, approve, canonical, holds, read, render
from planrunner.runtime.clock import RealClock, wall_now
from planrunner.runtime.hooks import NoHooks
from planrunner.runtime.journal import Journal
from planrunner.runtime.occurrences import Claim
from planrunner.runtime.timetable import Timetable
from tests.forked import PROCESSES

PLAN = """\
planrunner: 1
plan: Newcastle to win
limits:
  max_loss: 10.00 GBP
orders:
  - name: newcastle
    venue: betfair
    event: Newcastle v Brighton
    market: Match Odds
    selection: Newcastle
    side: back
    odds: 2.20
    stake: 8.00 GBP
    expires_after: 5m
"""
INPUTS = """\
inputs:
  stake:
    type: money
    at_most: 8.00 GBP
  side:
    type: choice
    choices: [back]
orders:"""
DAILY = "when:\n  every: day\n  at: 11:00\n  time_zone: Europe/London\n"
SIGNAL = "when:\n  on_signal: go\n"
TOTAL = "max_loss: 10.00 GBP\n  max_loss_in_total: 30.00 GBP"
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    mode: live
    currency: GBP
    limits:
      max_open_exposure: 50.00 GBP
service:
  signals:
    go:
      proof: token
policy:
  approval_needs_two_people_above: 100.00 GBP
  approvers:
"""
PEOPLE = ("ann", "bob", "cid")


@dataclass(frozen=True)
class Desk:
    """A folder with a plan and its site file, and the keys of three people."""

    folder: Path
    config: Path

    @property
    def plan(self) -> Path:
        return self.folder / "plan.yaml"

    @property
    def state(self) -> Path:
        return self.folder / ".planrunner" / "planrunner.db"

    @property
    def environment(self) -> dict[str, str]:
        return {"XDG_CONFIG_HOME": str(self.config)}

    def key(self, name: str) -> Any:
        return keys._load(self.config / "planrunner" / "keys" / f"{name}.key", {}, lambda _: "")

    def write_site(self, *changes: tuple[str, str], people: tuple[str, ...] = PEOPLE) -> None:
        text = SITE
        for name in people:
            text += f"    {name}:\n      key: {keys.public_of(self.key(name))}\n      email: {name}@example.org\n"
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.folder / "planrunner.yaml").write_text(text)

    def change(self, *changes: tuple[str, str]) -> None:
        text = self.plan.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        self.plan.write_text(text)

    def verb(self, *arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(out):
            code = main(arguments)
        return code, out.getvalue()

    def approve(self, by: str, *more: str, author: str = "ann") -> None:
        code, said = self.verb("approve", "plan.yaml", "--as", by, "--author", author, "--yes", *more)
        assert code == 0, said

    def live(self, *more: str) -> tuple[int, str]:
        return self.verb("run", "plan.yaml", "--live", *more)

    def signed(self, by: str = "bob", **others: Any) -> dict[str, Any]:
        """An approval as its approver's own program might make it."""
        loaded = load(self.plan)
        usual = {
            "plan": "plan.yaml", "accounts": accounts_of(loaded.plan), "authors": ["ann"], "now": wall_now(),
            "valid_for": timedelta(days=1), "uses": Uses.ONCE, "sign": self.key(by).sign,
            "approver": Approver(name=by, key=keys.public_of(self.key(by)), email=""),
        }  # fmt: skip
        preview = previewed(loaded, self.plan, NOTHING_GIVEN, now=wall_now())
        return approve(preview, **{**usual, **others})

    def put(self, document: dict[str, Any]) -> Path:
        file = file_of(self.plan, document["bound"], document["approver"], wall_now() - timedelta(minutes=1))
        file.parent.mkdir(exist_ok=True)
        file.write_text(render(document))
        return file

    def resigned(self, document: dict[str, Any], by: str = "bob", **changes: Any) -> dict[str, Any]:
        import base64

        body = {**{name: value for name, value in document.items() if name != "signature"}, **changes}
        return {**body, "signature": base64.b64encode(self.key(by).sign(canonical(body))).decode()}

    @property
    def held(self) -> Held:
        loaded = load(self.plan)
        with Journal.open(self.state, durable=False) as journal:
            found = required(loaded, self.plan, NOTHING_GIVEN, journal, now=wall_now())
        assert found is not None
        return found


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    for name in PEOPLE:
        keys.make(name, None, environment={"XDG_CONFIG_HOME": str(folder)}, passphrase="")
    return folder


@pytest.fixture
def desk(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    for name in [one for one in os.environ if one.startswith("PLANRUNNER_BETFAIR")]:
        monkeypatch.delenv(name)
    one = Desk(folder=tmp_path, config=config)
    one.write_site()
    one.plan.write_text(PLAN)
    return one


LET_THROUGH = "PLANRUNNER_BETFAIR_"  # what comes after the approvals: the venue's login


def test_what_was_approved_runs_and_nothing_runs_without(desk: Desk) -> None:
    code, said = desk.live()
    assert code == 3
    assert "needs an approval" in said
    assert "Nobody has approved plan.yaml" in said
    assert "planrunner approve plan.yaml" in said
    desk.approve("bob")
    [file] = (desk.folder / "approvals").iterdir()
    Draft202012Validator(resources.schema("approval")).validate(json.loads(file.read_text()))
    code, said = desk.verb("verify", "plan.yaml")
    assert code == 0
    assert "the approval of bob" in said
    assert LET_THROUGH in desk.live()[1]


def expired(desk: Desk) -> None:
    desk.put(desk.signed(now=wall_now() - timedelta(days=2)))


def too_old_for_the_policy(desk: Desk) -> None:
    desk.put(desk.signed(now=wall_now() - timedelta(days=8), valid_for=timedelta(days=30)))


def not_yet(desk: Desk) -> None:
    desk.put(desk.signed(now=wall_now() + timedelta(hours=1)))


def foreign(desk: Desk) -> None:
    desk.approve("cid")
    desk.write_site(people=("ann", "bob"))


def another_key(desk: Desk) -> None:
    desk.put(desk.signed(approver=Approver(name="bob", key=keys.public_of(desk.key("cid")), email=""), sign=desk.key("cid").sign))


def signed_by_another(desk: Desk) -> None:
    desk.put(desk.signed(sign=desk.key("cid").sign))


def tampered(desk: Desk) -> None:
    desk.put({**desk.signed(now=wall_now() - timedelta(days=2)), "expires_at": (wall_now() + timedelta(days=9)).isoformat()})


def another_policy(desk: Desk) -> None:
    desk.approve("bob")
    desk.write_site(("50.00", "500.00"))


def self_made(desk: Desk) -> None:
    desk.approve("ann")


def self_made_twice(desk: Desk) -> None:
    desk.approve("ann", author="ann@example.org")
    desk.put(desk.signed("ann", valid_for=timedelta(hours=2)))


def another_mode(desk: Desk) -> None:
    desk.put(desk.resigned(desk.signed(), mode="paper"))


def another_account(desk: Desk) -> None:
    desk.put(desk.resigned(desk.signed(), accounts=["euros"]))


def another_plan(desk: Desk) -> None:
    desk.approve("bob")
    desk.change(("odds: 2.20", "odds: 2.10"))


def used(desk: Desk) -> None:
    desk.approve("bob")
    with Journal.open(desk.state, durable=False) as journal:
        found = required(load(desk.plan), desk.plan, NOTHING_GIVEN, journal, now=wall_now())
        assert found is not None
        journal.create(info_of("the first"), found.uses)
        journal.set_state(RunId("the first"), journal.take(RunId("the first"), "test"), RunState.FINISHED)


def no_approval(desk: Desk) -> None:
    (desk.folder / "approvals").mkdir()
    (desk.folder / "approvals" / "plan-x.json").write_text("{")


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (expired, "expired at"),
        (too_old_for_the_policy, "expired at"),
        (not_yet, "which has not come"),
        (foreign, "is by nobody who may approve"),
        (another_key, "is signed with another key"),
        (signed_by_another, "was changed after it was signed"),
        (tampered, "was changed after it was signed"),
        (another_policy, "was given under another policy"),
        (self_made, "whoever wrote it can't be the only one"),
        (self_made_twice, "whoever wrote it can't be the only one"),
        (another_mode, "is for paper runs, not for live ones"),
        (another_account, "is for the accounts euros, not for betfair"),
        (another_plan, "is of another plan"),
        (used, "was used, by the run the first"),
        (no_approval, "approvals/plan-x.json can't be read"),
    ],
)
def test_an_approval_that_does_not_hold_is_refused_with_the_reason(desk: Desk, prepare: Callable[[Desk], None], why: str) -> None:
    prepare(desk)
    for verb in (desk.live(), desk.verb("verify", "plan.yaml")):
        code, said = verb
        assert code == 3
        assert why in said
        assert LET_THROUGH not in said


def test_no_byte_of_an_approval_can_be_changed(desk: Desk) -> None:
    data = render(desk.signed()).encode()
    loaded = load(desk.plan)
    asked = wanted(loaded, desk.plan, NOTHING_GIVEN, mode=Mode.LIVE, occurrence="by hand", now=wall_now())

    def held(data: bytes) -> Held | Refusal:
        return holds([read("one", data)], asked, now=wall_now(), site=loaded.site)

    assert isinstance(held(data), Held)

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(data) - 1), st.integers(1, 255))
    def flipped(at: int, by: int) -> None:
        assert isinstance(held(data[:at] + bytes([data[at] ^ by]) + data[at + 1 :]), Refusal)

    flipped()


KEEPS: list[tuple[tuple[str, str], ...]] = [
    (("plan:", "# looked at twice\nplan:"),),
    (("odds: 2.20\n    stake: 8.00 GBP", "stake: '8.00 GBP'   # small\n    odds: '2.20'"),),
]


@pytest.mark.parametrize("changes", KEEPS)
def test_what_changes_nothing_keeps_it(desk: Desk, changes: tuple[tuple[str, str], ...]) -> None:
    desk.approve("bob")
    desk.change(*changes)
    os.utime(desk.plan, (1, 1))
    desk.write_site(("limits:", "limits:  # of all plans"), ("max_open", "max_open"))
    assert desk.verb("verify", "plan.yaml")[0] == 0
    desk.plan.rename(desk.folder / "other.yaml")
    assert desk.verb("verify", "other.yaml")[0] == 0


VOIDS: list[tuple[str, tuple[str, str], str]] = [
    ("", ("stake: 8.00", "stake: 8.01"), "8.01 GBP"),
    ("", ("odds: 2.20", "odds: 2.22"), "2.22 or higher"),
    ("", ("expires_after: 5m", "expires_after: 6m"), "6 minutes after it is placed"),
    ("", ("selection: Newcastle", "selection: Brighton"), "Brighton"),
    ("", ("max_loss: 10.00", "max_loss: 9.00"), "of at most 9.00 GBP"),
    ("daily", ("at: 11:00", "at: 11:01"), "11:01"),
    ("daily", ("max_loss_in_total: 30.00", "max_loss_in_total: 40.00"), "40.00 GBP"),
    ("signal", ("at_most: 8.00", "at_most: 9.00"), "9.00 GBP"),
    ("signal", ("choices: [back]", "choices: [back, lay]"), "now: 10.00 GBP of at most 10.00 GBP"),
    ("signal", ('"${side}"', '"${side | lower}"'), "in a way that its sentences don't tell"),
]


@pytest.mark.parametrize(("kind", "change", "told"), VOIDS)
def test_whatever_changes_the_meaning_voids_it_and_is_told(desk: Desk, kind: str, change: tuple[str, str], told: str) -> None:
    make_kind(desk, kind)
    desk.approve("bob")
    assert desk.verb("verify", "plan.yaml")[0] == 0
    desk.change(change)
    code, said = desk.verb("verify", "plan.yaml")
    assert code == 3
    assert "is of another plan" in said
    assert told in said.partition("Since it was approved:")[2]


def make_kind(desk: Desk, kind: str) -> None:
    if kind:
        desk.change(("max_loss: 10.00 GBP", TOTAL), ("orders:", (DAILY if kind == "daily" else SIGNAL) + "orders:"))
    if kind == "signal":
        desk.change(("orders:", INPUTS), ("stake: 8.00 GBP", 'stake: "${stake}"'), ("side: back", 'side: "${side}"'))


def test_inputs_are_part_of_it(desk: Desk) -> None:
    desk.change(("orders:", INPUTS), ("stake: 8.00 GBP", 'stake: "${stake}"'))
    desk.approve("bob", "--set", "stake=5.00 GBP", "--set", "side=back")
    assert LET_THROUGH in desk.live("--set", "stake=5.00 GBP", "--set", "side=back")[1]
    code, said = desk.live("--set", "stake=6.00 GBP", "--set", "side=back")
    assert code == 3
    assert "input stake, was: 5.00 GBP" in said
    assert "--set 'stake=6.00 GBP'" in said


def test_two_people_above_the_figure_and_nobody_twice(desk: Desk) -> None:
    desk.write_site(("above: 100.00", "above: 7.99"))
    desk.approve("bob")
    desk.put(desk.signed("bob", valid_for=timedelta(hours=3)))
    code, said = desk.live()
    assert code == 3
    assert "can lose 8.00 GBP, which is above `approval_needs_two_people_above: 7.99 GBP`" in said
    assert "2 approvals are of one person" in said
    desk.approve("ann")  # who wrote it may be one of two
    assert LET_THROUGH in desk.live()[1]


def test_who_wrote_a_plan_is_as_git_says_and_nobody_can_take_themselves_out(desk: Desk) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-C", desk.folder, *words], check=True, capture_output=True)

    git("init", "-q")
    git("config", "user.email", "ann@example.org")
    git("config", "user.name", "Ann")
    git("add", ".")
    git("commit", "-qm", "a plan")
    desk.approve("ann", author="bob")
    code, said = desk.live()
    assert code == 3
    [file] = (desk.folder / "approvals").iterdir()
    assert json.loads(file.read_text())["authors"] == ["ann", "bob"]
    assert "whoever wrote it can't be the only one" in said
    git("config", "user.email", "cid@example.org")
    desk.change(("8.00 GBP", "7.00 GBP"))
    assert desk.verb("approve", "plan.yaml", "--as", "cid", "--yes")[0] == 0
    assert "cid and" not in desk.live()[1]
    assert "can't be the only one" in desk.live()[1]


def test_a_preview_is_approved_only_while_it_is_what_lies_there(desk: Desk) -> None:
    assert desk.verb("preview", "plan.yaml", "--out", "preview.json")[0] == 0
    assert desk.verb("approve", "preview.json", "--as", "bob", "--author", "ann", "--yes")[0] == 0
    desk.change(("odds: 2.20", "odds: 2.10"))
    code, said = desk.verb("approve", "preview.json", "--as", "bob", "--author", "ann", "--yes")
    assert code == 3
    assert "preview it again" in said
    assert "2.10 or higher" in said


# Once


def info_of(run: str) -> RunInfo:
    return RunInfo(
        run=RunId(run), plan_file="plan.yaml", plan_name="Newcastle to win", plan_digest="0", mode=Mode.LIVE, created=wall_now()
    )  # fmt: skip


def create_at_once(path: str, run: str, uses: tuple[tuple[str, str], ...], gate: Any, told: Any) -> None:
    with Journal.open(Path(path), durable=True) as journal:
        gate.wait(30)
        try:
            journal.create(info_of(run), uses)
        except Refused as error:
            told.put(f"refused: {error}")
        else:
            told.put("begun")


def test_two_processes_at_one_moment_use_it_once(desk: Desk) -> None:
    desk.approve("bob")
    uses = desk.held.uses
    gate, told = PROCESSES.Barrier(3), PROCESSES.Queue()
    both = [
        PROCESSES.Process(target=create_at_once, args=(str(desk.state), run, uses, gate, told), daemon=True) for run in ("a", "b")
    ]
    for one in both:
        one.start()
    gate.wait(30)
    said = sorted(told.get(timeout=30) for _ in both)
    for one in both:
        one.join(30)
    assert said[0] == "begun"
    assert said[1].startswith("refused: its approval was used meanwhile, by the run")
    with Journal.open(desk.state, durable=False) as journal:
        assert len(journal.runs()) == 1


def test_a_run_begins_on_it_once_and_its_names_lead_to_what_was_approved(desk: Desk) -> None:
    """At an exchange in memory, as the venue would be."""
    desk.approve("bob")
    loaded, held = load(desk.plan), desk.held
    stage = replace(rehearsal.in_memory(loaded.plan, loaded.site.accounts, seed=1, case="usual"), mode=Mode.LIVE)
    job = Job(plan_file="plan.yaml", plan=loaded.plan, site=loaded.site, journal=desk.state, held=held)
    other = replace(held, resolved=(("newcastle", "1.999", "7"),))
    with pytest.raises(Refused, match="lead to other markets or selections"):
        start(replace(job, held=other), stage, lambda *_: None)
    ran = start(job, stage, lambda *_: None)
    assert ran.records
    with pytest.raises(Refused, match="its approval was used meanwhile"):
        start(job, stage, lambda *_: None)
    code, said = desk.verb("verify", "plan.yaml")
    assert code == 3
    assert f"was used, by the run {ran.info.run}" in said


def served(desk: Desk, journal: Journal, clock: RealClock, timetable: Timetable) -> ServiceRuns:
    return ServiceRuns(
        process=Process(journal=journal, clock=clock, hooks=NoHooks()), plans=Plans(desk.folder), mode=Mode.LIVE, url=None,
        houses=Houses(clock=clock, folder=desk.folder), timetable=timetable, log=Log(write=lambda _: None, clock=clock),
        notify=lambda *_: asyncio.sleep(0),
    )  # fmt: skip


def test_a_service_uses_it_once_for_each_time_that_the_plan_is_due(desk: Desk) -> None:
    make_kind(desk, "daily")
    clock = RealClock()

    async def story() -> None:
        with Journal.open(desk.state, durable=False, clock=clock) as journal:
            timetable = Timetable(journal, clock)
            runs = served(desk, journal, clock, timetable)

            async def claimed(due: Due, ready: Ready) -> Fate:
                claim = Claim(
                    due=due, fate=Fate.RUN, text="", info=ready.info, may_lose=ready.may_lose, in_total=None, uses=ready.uses
                )
                return (await timetable.claim(claim)).noted.fate

            monday, tuesday = (Due(plan="plan.yaml", mode=Mode.LIVE, occurrence=day, at=clock.now()) for day in ("mon", "tue"))
            with pytest.raises(Refused, match="Nobody has approved"):
                runs.ready(monday)
            desk.approve("bob")
            ready = runs.ready(monday)
            assert await claimed(monday, ready) is Fate.RUN
            assert await claimed(replace(monday, occurrence="by another service"), runs_again(ready)) is Fate.REFUSED
            with pytest.raises(Refused, match="was used, by the run"):
                runs.ready(monday)
            assert runs.ready(monday, ready.info).info == ready.info  # it goes on, and needs none anew
            assert await claimed(tuesday, runs.ready(tuesday)) is Fate.RUN
            first, second = (by_hand("plan.yaml", Mode.LIVE, key, clock.now(), {}) for key in ("1", "2"))
            assert await claimed(first, runs.ready(first)) is Fate.RUN
            with pytest.raises(Refused, match="was used, by the run"):
                runs.ready(second)
            desk.change(("odds: 2.20", "odds: 2.10"))
            with pytest.raises(Refused, match="is of another plan"):
                runs.ready(replace(tuesday, occurrence="wed"))

    def runs_again(ready: Ready) -> Ready:
        return replace(ready, info=replace(ready.info, run=RunId("another")))

    asyncio.run(story())


def test_values_of_a_signal_are_within_what_was_approved(desk: Desk) -> None:
    make_kind(desk, "signal")
    desk.approve("bob")
    came = Given(values={"stake": "5.00 GBP", "side": "back"})
    loaded = load(desk.plan, came)
    found = required(loaded, desk.plan, came, None, now=wall_now(), occurrence="signal go 1")
    assert found is not None
    assert may_lose(loaded.plan).amount == 30
    with pytest.raises(Refused, match="this run has side=back and stake=5"):
        required(loaded, desk.plan, came, None, now=wall_now())  # somebody's own start with values of their own


def test_a_signal_changes_nothing_that_an_approved_plan_says_to_its_blueprint(desk: Desk) -> None:
    make_kind(desk, "signal")
    desk.plan.rename(desk.folder / "blueprint.yaml")
    blueprint = (desk.folder / "blueprint.yaml").read_text()
    (desk.folder / "blueprint.yaml").write_text(blueprint.replace("plan:", "blueprint:"))
    desk.plan.write_text("planrunner: 1\nplan: Small\nuse_blueprint: blueprint.yaml\nwith:\n  stake: 2.00 GBP\n")
    desk.approve("bob")
    clock = RealClock()
    with Journal.open(desk.state, durable=False, clock=clock) as journal:
        runs = served(desk, journal, clock, Timetable(journal, clock))
        due = Due(plan="plan.yaml", mode=Mode.LIVE, occurrence="signal go 1", at=clock.now(), given={"side": "back"})
        assert runs.ready(due).uses
        with pytest.raises(PlanProblems, match="a signal changes nothing that the plan says"):
            runs.ready(replace(due, given={"side": "back", "stake": "8.00 GBP"}))


# Keys


def test_a_private_key_is_its_owners_alone_and_never_made_twice(desk: Desk, tmp_path: Path) -> None:
    file = desk.config / "planrunner" / "keys" / "bob.key"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Exception, match="is there already"):
        keys.make("bob", None, environment=desk.environment, passphrase="")
    copy = tmp_path / "bob.key"
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o640)
    code, said = desk.verb("approve", "plan.yaml", "--as", "bob", "--key", str(copy), "--author", "ann", "--yes")
    assert code == 3
    assert "chmod 600" in said
    copy.chmod(0o600)
    code, said = desk.verb("approve", "plan.yaml", "--as", "ann", "--key", str(copy), "--author", "ann", "--yes")
    assert code == 3
    assert "is not the key that the site file has for ann" in said


def test_a_passphrase_locks_it(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLANRUNNER_KEY_PASSPHRASE", "correct horse")
    file = tmp_path / "dan.key"
    code, said = desk.verb("approve", "--new-key", "dan", "--key", str(file), "--json")
    assert code == 0
    desk.write_site((keys.public_of(desk.key("bob")), json.loads(said)["key"]))
    asked = ("approve", "plan.yaml", "--as", "bob", "--key", str(file), "--author", "ann", "--yes")
    monkeypatch.setenv("PLANRUNNER_KEY_PASSPHRASE", "battery staple")
    code, said = desk.verb(*asked)
    assert code == 3
    assert "its passphrase is another" in said
    assert "battery" not in said
    monkeypatch.setenv("PLANRUNNER_KEY_PASSPHRASE", "correct horse")
    assert desk.verb(*asked)[0] == 0
    assert "horse" not in "".join(one.read_text() for one in (desk.folder / "approvals").iterdir())
