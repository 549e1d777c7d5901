"""Ways round an approval: what its approver is shown, who wrote what, a run that began on it and did not get far."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from planrunner.app.plans import load
from planrunner.model.events import StopRequested
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.runtime.clock import RealClock, wall_now
from planrunner.runtime.journal import Journal
from planrunner.runtime.timetable import Timetable
from tests.security.test_approvals import LET_THROUGH, Desk, config, desk, info_of

__all__ = ["config", "desk"]  # the fixtures


def commit(desk: Desk, by: str, *words: str) -> None:
    who = ("-c", f"user.email={by}@example.org", "-c", f"user.name={by}")
    for one in (("add", "."), ("commit", "-qm", "a plan", *words)):
        subprocess.run(["git", "-C", desk.folder, *who, *one], check=True, capture_output=True)


def test_sentences_of_a_preview_that_somebody_rewrote_are_not_signed(desk: Desk) -> None:
    assert desk.verb("preview", "plan.yaml", "--out", "preview.json")[0] == 0
    file = desk.folder / "preview.json"
    text = file.read_text()
    assert "8.00" in text
    file.write_text(text.replace("8.00", "0.80"))
    code, said = desk.verb("approve", "preview.json", "--as", "bob", "--author", "ann", "--yes")
    assert code == 3, said
    assert "0.80" not in said
    assert not (desk.folder / "approvals").exists()


def reindented(desk: Desk) -> None:
    desk.change(("    odds: 2.20", "    odds: 2.20  # as agreed"))
    commit(desk, "bob")


def renamed(desk: Desk) -> None:
    desk.plan.rename(desk.folder / "other.yaml")
    commit(desk, "bob")
    desk.plan.write_text((desk.folder / "other.yaml").read_text())
    (desk.folder / "other.yaml").unlink()
    commit(desk, "bob")


def linked(desk: Desk) -> None:
    desk.plan.rename(desk.folder / "real.yaml")
    commit(desk, "ann")
    desk.plan.symlink_to("real.yaml")
    commit(desk, "bob")


@pytest.mark.parametrize("hide", [reindented, renamed, linked])
def test_an_author_stays_one_behind_the_last_commit_of_somebody_else(desk: Desk, hide: Callable[[Desk], None]) -> None:
    subprocess.run(["git", "-C", desk.folder, "init", "-q"], check=True)
    subprocess.run(["git", "-C", desk.folder, "config", "user.email", "ann@example.org"], check=True)
    commit(desk, "ann")
    hide(desk)
    assert desk.verb("approve", "plan.yaml", "--as", "ann", "--yes")[0] == 0
    [file] = (desk.folder / "approvals").iterdir()
    assert json.loads(file.read_text())["authors"] == ["ann", "bob"]
    assert "can't be the only one" in desk.live()[1]


def test_two_who_wrote_it_together_approve_it_together_and_both_approvals_are_used(desk: Desk) -> None:
    desk.approve("ann", "--author", "bob")
    assert "can't be the only one" in desk.live()[1]
    desk.approve("bob", "--author", "ann", author="bob")
    assert LET_THROUGH in desk.live()[1]
    assert len(desk.held.uses) == 2


def claimed(desk: Desk, run: str) -> None:
    """A process that was killed between its claim and its first fact."""
    held, digest = desk.held, load(desk.plan).plan.digest
    info = replace(info_of(run), plan_file=str(desk.plan), plan_digest=digest)
    with Journal.open(desk.state, durable=True) as journal:
        journal.create(info, held.uses)


def test_a_run_that_did_not_get_far_goes_on_with_what_was_approved_and_nothing_else(desk: Desk) -> None:
    desk.approve("bob")
    claimed(desk, "r1")
    assert LET_THROUGH in desk.live("--resume", "r1")[1]
    desk.write_site(("50.00 GBP", "5000.00 GBP"))
    code, said = desk.live("--resume", "r1")
    assert code == 3, said
    assert LET_THROUGH not in said
    assert "approv" in said


def test_an_approval_with_ids_is_found_among_many_later_ones(desk: Desk) -> None:
    ids = [{"order": "newcastle", "market": "1", "selection": "2"}]
    document = desk.signed()
    binds = {**document["binds"], "resolved": [list(one.values()) for one in ids]}
    desk.put(desk.resigned(document, binds=binds, bound="0" * 64))
    for stake in ("7.00", "6.00", "5.00", "4.00"):
        text = desk.plan.read_text()
        desk.change(("8.00 GBP", f"{stake} GBP"))
        desk.approve("bob")
        desk.plan.write_text(text)
    assert LET_THROUGH in desk.live()[1]


def test_a_file_that_nobody_signed_breaks_nothing(desk: Desk) -> None:
    desk.approve("bob")
    [file] = (desk.folder / "approvals").iterdir()
    document = json.loads(file.read_text())
    for number, at in enumerate(("0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00")):
        body = {**document, "signed_at": at, "expires_at": at}
        text = json.dumps(body, indent=1, ensure_ascii=False) + "\n"
        file.with_name(file.name.replace("-bob-", f"-bob{number}-")).write_text(text)
    assert LET_THROUGH in desk.live()[1]
    file.unlink()
    code, said = desk.live()
    assert code == 3, said
    assert "was not signed by its approver" in said or "can't be read" in said


# A clock that was set back


def of_another_plan(at: datetime) -> RunInfo:
    return replace(info_of(f"made {at}"), plan_file="another.yaml", plan_digest="1", created=at)


def made(journal: Journal, at: datetime) -> None:
    journal.create(of_another_plan(at))


def looked(journal: Journal, at: datetime) -> None:
    asyncio.run(Timetable(journal, RealClock()).look_until("another.yaml", Mode.LIVE, "daily", at))


def recorded(journal: Journal, at: datetime) -> None:
    """By a run that began long before, and is over."""
    info = replace(of_another_plan(at), created=wall_now() - timedelta(days=1))
    journal.create(info)
    epoch = journal.take(info.run, "test")
    asyncio.run(journal.append(info.run, epoch, [StopRequested(at=at, text="enough")], at))
    journal.set_state(info.run, epoch, RunState.FINISHED)
    journal.leave(info.run, epoch)


@pytest.mark.parametrize("happened", [made, looked, recorded])
def test_a_clock_that_was_set_back_revives_nothing(desk: Desk, happened: Callable[[Journal, datetime], None]) -> None:
    """It expired yesterday, and today the clock says that it is the day before."""
    desk.approve("bob", "--valid-for", "2h")
    assert LET_THROUGH in desk.live()[1]
    with Journal.open(desk.state, durable=False) as journal:
        happened(journal, wall_now() + timedelta(minutes=119))
    assert LET_THROUGH in desk.live()[1]
    with Journal.open(desk.state, durable=False) as journal:
        happened(journal, wall_now() + timedelta(minutes=121))
    for code, said in (desk.live(), desk.verb("verify", "plan.yaml")):
        assert code == 3
        assert "seems to have been set back" in said
        assert LET_THROUGH not in said


# Who wrote it by now


def test_who_became_its_author_after_it_was_signed_is_not_enough_alone(desk: Desk) -> None:
    """Signed where no repository told, with another author's name; the plan was committed later."""
    desk.approve("ann", author="bob")
    assert LET_THROUGH in desk.live()[1]
    assert "written by bob, as was said when it was signed: no repository tells here" in desk.verb("verify", "plan.yaml")[1]
    subprocess.run(["git", "-C", desk.folder, "init", "-q"], check=True)
    commit(desk, "ann")
    for code, said in (desk.live(), desk.verb("verify", "plan.yaml")):
        assert code == 3
        assert "ann wrote this plan, and whoever wrote it can't be the only one" in said
    desk.approve("cid")
    assert "written by ann, as git tells now" in desk.verb("verify", "plan.yaml")[1]
    assert LET_THROUGH in desk.live()[1]
    assert [one.approver for one in desk.held.approvals] == ["cid"]


def commits_of_two(desk: Desk) -> None:
    """Ann wrote the plan, and Bob's commit after it says that it was looked at."""
    subprocess.run(["git", "-C", desk.folder, "init", "-q"], check=True)
    commit(desk, "ann")
    desk.plan.write_text(desk.plan.read_text() + "# looked at\n")
    commit(desk, "bob")


def test_a_clone_without_its_history_tells_nobody_that_the_last_one_wrote_it_all(desk: Desk, tmp_path: Path) -> None:
    commits_of_two(desk)
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{desk.folder}", folder], check=True, capture_output=True)
    clone = replace(desk, folder=folder)
    clone.put(clone.signed("ann", authors=["bob"]))
    for code, said in (clone.live(), clone.verb("verify", "plan.yaml"), clone.verb("approve", "plan.yaml", "--as", "ann")):
        assert code == 3
        assert "who wrote plan.yaml can't be told" in said
        assert "git fetch --unshallow" in said
    clone.put(clone.signed("bob", authors=["ann"]))
    for code, said in (clone.live(), clone.verb("verify", "plan.yaml")):  # of two people one did not write it alone
        assert LET_THROUGH in said or code == 0


def ignored(desk: Desk) -> None:
    (desk.folder / ".git" / "info" / "exclude").write_text("plan.yaml\n")


def said_to_be_unchanged(desk: Desk) -> None:
    commit(desk, "bob")
    subprocess.run(["git", "-C", desk.folder, "update-index", "--assume-unchanged", "plan.yaml"], check=True)
    desk.change(("stake: 8.00", "stake: 7.00"))


@pytest.mark.parametrize("hide", [ignored, said_to_be_unchanged])
def test_whoever_works_here_wrote_what_git_was_told_to_overlook(desk: Desk, hide: Callable[[Desk], None]) -> None:
    subprocess.run(["git", "-C", desk.folder, "init", "-q"], check=True)
    subprocess.run(["git", "-C", desk.folder, "config", "user.email", "ann@example.org"], check=True)
    hide(desk)
    desk.approve("ann", author="bob")
    assert "can't be the only one" in desk.live()[1]


def test_a_repository_that_git_does_not_read_is_not_taken_for_none(desk: Desk) -> None:
    commits_of_two(desk)
    config = desk.folder / ".git" / "config"
    config.write_text(config.read_text().replace("repositoryformatversion = 0", "repositoryformatversion = 99"))
    desk.put(desk.signed("ann", authors=["bob"]))
    code, said = desk.live()
    assert code == 3
    assert "who wrote plan.yaml can't be told" in said
    assert "git says:" in said


# Approving in vain


def test_whoever_signs_is_told_before_that_it_will_not_hold_when_it_is_due(desk: Desk) -> None:
    weekly = f"    max_loss_in_total: 30.00 GBP\nwhen:\n  dates: [{(wall_now() + timedelta(days=30)).date()}]\n  at: 11:00\n"
    desk.plan.write_text(desk.plan.read_text().replace("orders:", f"{weekly[2:]}  time_zone: Europe/London\norders:"))
    ask = ("approve", "plan.yaml", "--as", "bob", "--author", "ann", "--yes")
    code, said = desk.verb(*ask)
    assert code == 0, said
    assert "this approval ends before that" in said
    desk.write_site(("policy:", "policy:\n  approval_valid_for: 60d"), ("mode: live", "mode: sandbox"))
    code, said = desk.verb(*ask)
    assert code == 0, said
    assert "this approval ends before that" not in said
    assert "The account betfair is for no live runs" in said
    assert "It may run live" not in said
