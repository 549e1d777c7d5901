"""A secret is in nothing that is written or printed, even where the venue quotes it or an exception of our own holds it.

The marked values begin with `s3cr3t-`; every byte of every file and of everything said is searched for that, and for the
tokens of sessions.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus

import pytest

from planrunner.app.outcome import Exit
from planrunner.app.plans import load
from planrunner.app.report import story_of, summary, write_report
from planrunner.app.run import Job, start
from planrunner.app.stage import over_http
from planrunner.cli.boundary import exit_code_of
from planrunner.cli.main import run
from planrunner.model.account import AccountMode
from planrunner.model.errors import VenueRefused
from planrunner.model.journal import Body, Mode
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import FILE_NAME, HIDDEN, EnvironmentSecrets, redacted, secrets_of
from tests.answering import answering, passed_on
from tests.crash.kill import PLANRUNNER, served
from tests.plan.checking import PLAN as GOOD
from tests.trouble.support import PLAN, world

MARK = "s3cr3t-"
USERNAME, PASSWORD, APP_KEY = f"{MARK}zebra", f'{MARK}%&=+ for/real\\"é', f"{MARK}KeyOfTheApp"
VALUES = {"USERNAME": USERNAME, "PASSWORD": PASSWORD, "APP_KEY": APP_KEY}
ENVIRONMENT = {f"PLANRUNNER_BETFAIR_{name}": value for name, value in VALUES.items()}
ACCOUNT = "account:\n" + "".join(f"  {name.lower()}: {json.dumps(value)}\n" for name, value in VALUES.items())
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    mode: live
    credentials: file
policy:
  live_needs_approval: no
"""
Taint = Callable[[str, str, dict[str, Any]], object | None]


@contextmanager
def between(url: str, heard: list[str], taint: Taint) -> Iterator[str]:
    """The venue, which now and then answers something else: `taint` is given the operation, all it ever heard, and its answer."""

    def answers(path: str, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
        heard.extend([headers.get("X-Authentication", ""), headers.get("X-Application", "")])
        heard.extend(one for values in parse_qs(content.decode()).values() for one in values if MARK in one)
        status, body = passed_on(url, path, headers, content)
        operation = json.loads(content)["method"].rpartition("/")[2] if content[:1] == b"{" else path.rpartition("/")[2]
        tainted = taint(operation, " ".join(dict.fromkeys(filter(None, heard))), json.loads(body))
        return status, body if tainted is None else json.dumps(tainted).encode()

    with answering(answers) as address:
        yield address


def refuses_the_login(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    return {"status": "FAIL", "error": f"you said {heard}", "token": ""} if operation == "login" else None


def quotes_in_a_fault(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    fault = {"error": {"code": -32099, "data": {"APINGException": {"errorCode": f"OH {heard}", "errorDetails": heard}}}}
    return {**fault, heard: [heard]} if operation == "placeOrders" else None


def quotes_in_a_report(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    if operation != "placeOrders":
        return None
    for leg in answer["result"]["instructionReports"]:
        leg.update({"status": "FAILURE", "errorCode": f"OH {heard}", "note": {heard: heard}})
    return answer


def quotes_in_the_look_up(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    if operation == "placeOrders":
        return {"page": heard}
    return {**answer, "jsonrpc": heard} if operation.startswith("list") else None


class Said:
    """Whoever listens; one that stumbles is a fault of our own, with a secret in its words."""

    def __init__(self, stumbles_with: str = "") -> None:
        self.all: list[str] = []
        self._stumbles_with = stumbles_with

    def __call__(self, body: Body, at: object) -> None:
        self.all.append(repr(body))
        if self._stumbles_with and type(body).__name__ == "OrderAccepted":
            raise ValueError(self._stumbles_with) from KeyError(self._stumbles_with)


def folder_of(tmp_path: Path, n: int) -> Path:
    folder = tmp_path / f"run{n}"
    folder.mkdir()
    (folder / "plan.yaml").write_text(PLAN.format(n=n, expires="1s", blues="Match Odds"))
    (folder / "planrunner.yaml").write_text(SITE)
    (folder / FILE_NAME).write_text("".join(f"{name}={value}\n" for name, value in ENVIRONMENT.items()), encoding="utf-8")
    (folder / FILE_NAME).chmod(0o600)
    return folder


def live(folder: Path, url: str, said: Said) -> None:
    """A live run whose venue answers on this machine."""
    loaded = load(folder / "plan.yaml")
    accounts = loaded.site.accounts
    assert {account.mode for account in accounts.values()} == {AccountMode.LIVE}
    secrets = secrets_of({name: account.credentials for name, account in accounts.items()}, site_folder=folder, environment={})
    journal = folder / ".planrunner" / "planrunner.db"
    job = Job(plan_file=str(folder / "plan.yaml"), plan=loaded.plan, site=loaded.site, journal=journal)
    ran = start(job, over_http(Mode.LIVE, accounts, secrets, sandbox_url=url), said)
    assert ran.records is not None
    story = story_of(ran.info, ran.records)
    write_report(story, folder / "runs" / ran.info.run)
    said.all += [text for line in summary(story) for text, _ in line]
    with Journal.open(journal, durable=False) as kept:
        (folder / "exported.jsonl").write_text("".join(kept.export(ran.info.run)))


def holding(folder: Path, marks: Sequence[str]) -> list[tuple[Path, str]]:
    """The files with a secret in them, but for the one where they are kept; the journal's pages are searched as they lie."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != FILE_NAME]
    contents = {path: path.read_bytes() for path in files}
    return [(path, mark) for path, content in contents.items() for mark in marks if mark.encode() in content]


def test_no_secret_comes_back_from_a_venue_that_quotes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scenario.yaml").write_text(world(ACCOUNT), encoding="utf-8")
    runs = tmp_path / "runs"
    runs.mkdir()
    heard: list[str] = []
    said = Said()
    with served(tmp_path / "scenario.yaml") as slot:
        with (
            between(slot.url, heard, refuses_the_login) as url,
            pytest.raises(VenueRefused, match="a code that is none") as wrong,
        ):
            live(folder_of(runs, 0), url, said)
        assert exit_code_of(wrong.value, []) == Exit.REFUSED
        for n, taint in enumerate((quotes_in_a_fault, quotes_in_a_report, quotes_in_the_look_up), 1):
            with between(slot.url, heard, taint) as url:
                live(folder_of(runs, n), url, said)
            exported = (runs / f"run{n}" / "exported.jsonl").read_text()
            assert "<secret>" in exported, "nothing was quoted, so nothing was shown"
        with between(slot.url, heard, lambda *_: None) as url:
            folder = folder_of(runs, 4)
            with pytest.raises(ValueError, match=MARK) as fault:
                live(folder, url, Said(f"{PASSWORD!r} {heard[-2]} {json.dumps(VALUES)}"))
        with chdir(folder):
            assert exit_code_of(fault.value, ["run", "plan.yaml"]) == Exit.OUR_BUG
    [bug] = (folder / ".planrunner").glob("bug-*.txt")
    assert "<secret>" in bug.read_text()
    tokens = {one for one in heard if one and MARK not in one}
    assert len(tokens) >= 4
    told = "".join([*capsys.readouterr(), *said.all])
    assert [mark for mark in (MARK, *tokens) if mark in told] == []
    assert holding(runs, (MARK, *tokens)) == []


FORMS: Sequence[Callable[[str], str]] = (
    str, repr, ascii, json.dumps, lambda text: json.dumps(text, ensure_ascii=False), quote, quote_plus,
    lambda text: quote(text, safe="").lower(),
)  # fmt: skip


@pytest.mark.parametrize("outer", range(len(FORMS)))
@pytest.mark.parametrize("inner", range(len(FORMS)))
def test_whatever_form_a_secret_takes(inner: int, outer: int) -> None:
    value = "s3cr3t-\\ \"'<é%&-ß€\U0001f600x"
    EnvironmentSecrets({"PLANRUNNER_BETFAIR_PASSWORD": value}).get("betfair", "password")
    once = FORMS[inner](value)
    assert redacted(f"it was {once}, he said").count(HIDDEN) == 1
    if inner < 5 and outer < 5:  # quoted in what is quoted, as in a traceback
        assert redacted(f"it was {FORMS[outer](once)}, he said").count(HIDDEN) == 1


@pytest.mark.parametrize("end", ["...", "…", "...; and more"])
def test_a_secret_that_was_cut_off_with_the_text_around_it(end: str) -> None:
    """Long words of a venue are told in part."""
    value = "s3cr3t-of-the-end"
    EnvironmentSecrets({"PLANRUNNER_TOTE_API_KEY": value}).get("tote", "api_key")
    for length in range(4, len(value)):
        assert redacted(f"it was {value[:length]}{end}") == f"it was {HIDDEN}{end}"
    assert redacted(f"it was not{end}") == f"it was not{end}"


def test_a_secret_whose_spaces_have_become_one() -> None:
    EnvironmentSecrets({"PLANRUNNER_TOTE_PASSWORD": "s3cr3t  with   spaces"}).get("tote", "password")
    for told in ("s3cr3t  with   spaces", "s3cr3t with spaces", "s3cr3t+with++spaces"):
        assert redacted(f"it was {told}, he said") == f"it was {HIDDEN}, he said"


def test_a_text_too_short_to_be_a_secret_is_left_alone() -> None:
    EnvironmentSecrets({"PLANRUNNER_BETFAIR_USERNAME": "2.0"}).get("betfair", "username")
    assert redacted("at 2.0") == "at 2.0"


def say(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PLANRUNNER, *arguments], cwd=folder, env=os.environ | ENVIRONMENT | environment, text=True, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip


def test_no_verb_says_or_writes_a_secret_of_the_environment(tmp_path: Path) -> None:
    """check, explain, fmt, a rehearsal, a venue that refuses, a live run that can't begin, and a bug of our own."""
    folder = tmp_path / "plans"
    folder.mkdir()
    (folder / "plan.yaml").write_text(GOOD)
    (folder / "bad.yaml").write_text(GOOD.replace("max_loss", "max_los"))
    (folder / "crash").mkdir()
    with answering(refuses) as url:
        calls: Mapping[tuple[str, ...], int] = {
            ("check", "plan.yaml", "bad.yaml"): 1,
            ("explain", "plan.yaml"): 0,
            ("fmt", "plan.yaml"): 0,
            ("run", "plan.yaml"): 0,
            ("run", "plan.yaml", "--sandbox", url): 3,
            ("run", "plan.yaml", "--live"): 3,
            ("report",): 0,
        }
        told = ""
        for arguments, code in calls.items():
            done = say(folder, *arguments)
            assert done.returncode == code, done
            told += done.stdout + done.stderr
    done = say(folder, "run", "plan.yaml", PLANRUNNER_CRASH_LIST=str(folder / "nowhere" / MARK))
    assert done.returncode == Exit.OUR_BUG, done
    told += done.stdout + done.stderr
    assert [*(folder / ".planrunner").glob("bug-*.txt")]
    assert MARK not in told
    assert holding(tmp_path, [MARK]) == []


def refuses(_: str, headers: Mapping[str, str], content: bytes) -> tuple[int, bytes]:
    """Says no to every login, and quotes what it was sent."""
    return 200, json.dumps({"status": "FAIL", "error": f"NO {content.decode()} {headers['X-Application']}"}).encode()


def test_the_command_line_itself_may_hold_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--set` with a password by mistake: not in the file that is sent to us."""
    EnvironmentSecrets(ENVIRONMENT).get("betfair", "password")
    with chdir(tmp_path):
        assert exit_code_of(ZeroDivisionError("x"), ["run", "plan.yaml", "--set", f"stake={PASSWORD}"]) == Exit.OUR_BUG
        assert run(["check", "nowhere.yaml"]) == Exit.WRONG_USE
    assert MARK not in "".join(capsys.readouterr())
    assert holding(tmp_path, [MARK]) == []
