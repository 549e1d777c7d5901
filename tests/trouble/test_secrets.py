"""Credentials and session tokens go to the venue and nowhere else, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from planrunner.app.outcome import Exit, Ran
from planrunner.app.plans import load
from planrunner.app.report import story_of, write_report
from planrunner.app.run import Job, start
from planrunner.app.stage import over_http
from planrunner.cli.boundary import exit_code_of
from planrunner.cli.main import run
from planrunner.model.commands import Alert
from planrunner.model.errors import VenueRefused
from planrunner.model.events import OrderAccepted
from planrunner.model.journal import Body, Mode, RunState
from planrunner.runtime.secrets import EnvironmentSecrets
from tests.answering import answering, passed_on
from tests.crash.kill import Slot, served
from tests.trouble.support import INTERNAL, Story, world

USERNAME, PASSWORD, APP_KEY = "zebra.keeper.77", "Gr8-secret%&=+for/real", "KeyOfTheApp4711"
ACCOUNT = f"account:\n  username: {USERNAME}\n  password: {PASSWORD}\n  app_key: {APP_KEY}\n"
ENVIRONMENT = {
    "PLANRUNNER_BETFAIR_USERNAME": USERNAME,
    "PLANRUNNER_BETFAIR_PASSWORD": PASSWORD,
    "PLANRUNNER_BETFAIR_APP_KEY": APP_KEY,
}


@contextmanager
def between(url: str, heard: set[str]) -> Iterator[str]:
    """Passes everything on to the venue and back, and keeps the session tokens it hears."""

    def answers(path: str, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
        heard.add(headers.get("X-Authentication", ""))
        return passed_on(url, path, headers, content)

    with answering(answers) as address:
        yield address


class Heard:
    """Whoever listens to a run; one that stumbles is a fault of our own in the middle of it."""

    def __init__(self, stumbles: bool) -> None:
        self.alerts: list[str] = []
        self.all: list[str] = []
        self._stumbles = stumbles

    def __call__(self, body: Body, at: datetime) -> None:
        self.all.append(repr(body))
        if isinstance(body, Alert):
            self.alerts.append(body.text)
        if isinstance(body, OrderAccepted) and self._stumbles:
            raise ZeroDivisionError("stumbled")


def begin(story: Story, url: str, environment: dict[str, str], heard: Heard) -> Ran:
    loaded = load(story.folder / "plan.yaml")
    job = Job(plan_file=str(story.folder / "plan.yaml"), plan=loaded.plan, site=loaded.site, journal=story.journal)
    accounts = {name: account for name, account in loaded.site.accounts.items() if account.venue == "betfair"}  # of the plan
    return start(job, over_http(Mode.SANDBOX, accounts, EnvironmentSecrets(environment), sandbox_url=url), heard)


def test_no_secret_is_in_any_file_or_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenario.yaml").write_text(world(ACCOUNT))
    tokens: set[str] = set()
    folder = tmp_path / "run"
    with served(tmp_path / "scenario.yaml") as slot, between(slot.url, tokens) as url:
        story = Story(slot, folder, 0, expires="1s")
        heard = Heard(stumbles=False)
        with pytest.raises(VenueRefused, match="the user name or the password is wrong") as wrong:
            begin(story, url, {**ENVIRONMENT, "PLANRUNNER_BETFAIR_PASSWORD": PASSWORD[::-1]}, heard)
        assert exit_code_of(wrong.value, []) == Exit.REFUSED
        assert (
            run(["run", str(folder / "plan.yaml"), "--sandbox", url]) == Exit.REFUSED
        )  # the practice credentials are not this venue's
        ran = begin(story, url, ENVIRONMENT, heard)
        assert ran.exit is Exit.DONE
        assert ran.records is not None
        write_report(story_of(ran.info, ran.records), folder / "runs" / ran.info.run)
        bug = Heard(stumbles=True)
        with pytest.raises(ZeroDivisionError) as fault:
            begin(Story(slot, folder / "bug", 1), url, ENVIRONMENT, bug)
        with chdir(folder):
            assert exit_code_of(fault.value, ["run", "plan.yaml"]) == Exit.OUR_BUG
    said = "".join([*capsys.readouterr(), *heard.all, *bug.all])
    tokens.discard("")
    assert tokens
    secrets = {USERNAME, PASSWORD, quote_plus(PASSWORD), PASSWORD[::-1], APP_KEY, *tokens}
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.suffix for path in files} >= {".db", ".json", ".html", ".txt"}
    for secret in secrets:
        assert secret not in said
        assert [path for path, content in files.items() if secret.encode() in content] == []


def test_a_fault_of_our_own_leaves_no_bet_without_a_watch(slot: Slot, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(slot, tmp_path / "story", 7)
    heard = Heard(stumbles=True)
    with pytest.raises(ZeroDivisionError) as fault:
        begin(story, slot.url, ENVIRONMENT, heard)
    story.until_held("cancel")
    [told] = heard.alerts
    assert "blues: back 8.00 at 4.0: 8.00 taken back (bet " in told
    assert "planrunner run --resume " in told
    with chdir(story.folder):
        assert exit_code_of(fault.value, ["run", "plan.yaml"]) == Exit.OUR_BUG
    said = capsys.readouterr().err
    assert "This is not your doing" in said
    [file] = (story.folder / ".planrunner").glob("bug-*.txt")
    assert str(file.relative_to(story.folder)) in said
    assert "stumbled" in file.read_text()
    assert story.state() is RunState.RUNNING
    assert not INTERNAL.search(told)
