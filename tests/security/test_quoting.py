"""The Tote's and ABP's keys, tokens, names and passwords are in nothing that is written or told, wherever the venue quotes them.

In errors of HTTP and of GraphQL, in a refusal's reason, in a bookmaker's name; at a socket's door, in its frames, in its end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planrunner.app.outcome import Exit
from planrunner.cli.boundary import exit_code_of
from planrunner.model.errors import PlanrunnerError
from planrunner.runtime.secrets import FILE_NAME, HIDDEN
from planrunner.sandbox.scenario import AccountTerms, Scenario
from tests.sandbox import client, tote
from tests.sandbox.abp import FIXTURE, books
from tests.security.quoting import Taint, quoting
from tests.security.test_redaction import MARK, Said, holding, live

LONG = "word " * 37  # what is told of a venue's words ends in the middle of a secret
TOTE_PLAN = """\
planrunner: 1
plan: A win bet at Bath
limits:
  max_loss: 2.00 GBP
tickets:
  - name: bath
    venue: tote
    meeting: Bath
    total_cost: 2.00 GBP
    bets:
      - pool: win
        race: 1
        runners: [1]
        unit_stake: 2.00 GBP
    fallback:
      - if: rejected
        alert: It was refused
"""
ABP_PLAN = f"""\
planrunner: 1
plan: Back Arsenal where there is 2.00
limits:
  max_loss: 40.00 USD
orders:
  - name: arsenal
    venue: oddspapi_abp
    event_id: {FIXTURE}
    selection_id: 101
    side: back
    odds: 2.00
    odds_hold_for: average
    stake: 40.00 USD
    expires_after: 3s
"""
SITE = """\
planrunner_site: 1
accounts:
  {account}:
    venue: {account}
    mode: live
    currency: {currency}
    credentials: file
policy:
  live_needs_approval: no
"""
KEY = {"api_key": f"{MARK}TheKeyOfTheAccount-%&=+/x"}
LOGIN = {"username": f"{MARK}zebra", "password": f'{MARK}%&=+  for/real\\"é', "client_id": f"{MARK}client"}


def tote_world() -> Scenario:
    return tote.meeting(account=AccountTerms(username=LOGIN["username"], password=LOGIN["password"]))


def abp_world() -> Scenario:
    return client.scenario(bookmakers=books())


def folder_of(tmp_path: Path, name: str, venue: str, secrets: dict[str, str]) -> Path:
    folder = tmp_path / name.replace(" ", "-")
    folder.mkdir(parents=True)
    (folder / "plan.yaml").write_text(TOTE_PLAN if venue == "tote" else ABP_PLAN)
    (folder / "planrunner.yaml").write_text(SITE.format(account=venue, currency="GBP" if venue == "tote" else "USD"))
    lines = (f"PLANRUNNER_{venue.upper()}_{one.upper()}={value}\n" for one, value in secrets.items())
    (folder / FILE_NAME).write_text("".join(lines), encoding="utf-8")
    (folder / FILE_NAME).chmod(0o600)
    return folder


def only(operation: str, status: int, body: Any) -> Taint:
    """`body` is made of all that was heard. The second time it works."""
    return lambda name, number, heard, _: (status, body(heard)) if name == operation and number == 1 else None


def errors(heard: str) -> Any:
    return {"errors": [{"message": f"{LONG}{heard}", "extensions": {"code": "AUTH_NOT_AUTHORIZED", heard: heard}}]}


def rejected(name: str, number: int, heard: str, body: Any) -> tuple[int, Any] | None:
    """Each bet, for a reason that quotes; its answer is an answer else."""
    if name not in ("PlaceTicket", "Bets"):
        return None
    text = body
    for bet in _bets(text):
        bet["placement"].update({"status": "REJECTED", "rejectionReason": f"{LONG}{heard}"})
        bet["toteId"] = "t1"
    return 200, text


def _bets(body: Any) -> list[Any]:
    found = []
    if isinstance(body, dict):
        found += [body] if "placement" in body and "id" in body else []
        found += [one for value in body.values() for one in _bets(value)]
    if isinstance(body, list):
        found += [one for value in body for one in _bets(value)]
    return found


def as_bookmaker(name: str, number: int, heard: str, body: Any) -> tuple[int, Any] | None:
    if name != "bets":
        return None
    for row in body["bets"]:
        row.update({"bookmaker": heard, "note": heard})
    return 200, body


def declined(name: str, number: int, heard: str, body: Any) -> tuple[int, Any] | None:
    if name != "place-orders" or number > 1:
        return None
    said = {**body["acceptedOrders"][0], "declineReason": f"{LONG * 2}{heard}"}
    return 200, {"status": "declined", "acceptedOrders": [], "declinedOrders": [said]}


def nothing(*_: Any) -> None:
    """It works."""


TAINTS: dict[str, tuple[str, dict[str, str], Taint, str]] = {
    "tote login refused": ("tote", LOGIN, only("token", 403, lambda heard: {"error": heard, "error_description": heard}), ""),
    "tote login garbled": ("tote", LOGIN, only("token", 200, lambda heard: {"access_token": [heard]}), ""),
    "tote echo refused": ("tote", KEY, only("Echo", 200, errors), ""),
    "tote fault": ("tote", LOGIN, only("PlaceTicket", 200, errors), ""),
    "tote half an answer": ("tote", KEY, only("PlaceTicket", 200, lambda heard: {**errors(heard), "data": {heard: heard}}), ""),
    "tote rejected": ("tote", KEY, rejected, ""),
    "tote card": ("tote", KEY, only("Meetings", 400, errors), ""),
    "tote denied": ("tote", KEY, nothing, "denied"),
    "tote refused": ("tote", LOGIN, nothing, "refused"),
    "tote closed": ("tote", LOGIN, nothing, "closed"),
    "tote frames": ("tote", KEY, nothing, "frames"),
    "abp refused": ("oddspapi_abp", KEY, only("accounts", 401, lambda heard: {"error": f"{LONG * 2}{heard}"}), ""),
    "abp fault": ("oddspapi_abp", KEY, only("place-orders", 400, lambda heard: {"detail": f"{LONG * 2}{heard}"}), ""),
    "abp wrong": ("oddspapi_abp", KEY, only("place-orders", 422, lambda heard: {"detail": [{"loc": [heard], "msg": heard}]}), ""),
    "abp declined": ("oddspapi_abp", KEY, declined, ""),
    "abp bookmaker": ("oddspapi_abp", KEY, as_bookmaker, ""),
    "abp look-up": ("oddspapi_abp", KEY, only("orders", 500, lambda heard: {"error": heard}), ""),
    "abp denied": ("oddspapi_abp", KEY, nothing, "denied"),
    "abp login refused": ("oddspapi_abp", KEY, nothing, "refused"),
    "abp closed": ("oddspapi_abp", KEY, nothing, "closed"),
    "abp frames": ("oddspapi_abp", KEY, nothing, "frames"),
}  # fmt: skip
QUOTED = {"tote fault", "tote half an answer", "tote rejected", "abp fault", "abp wrong", "abp declined", "abp bookmaker"}


@pytest.mark.parametrize("name", TAINTS)
def test_nothing_that_listens_or_routes_brings_a_secret_back(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    venue, secrets, taint, socket = TAINTS[name]
    folder = folder_of(tmp_path, name, venue, secrets)
    heard: list[str] = []
    said = Said()
    scenario = abp_world() if venue == "oddspapi_abp" else tote_world() if secrets is LOGIN else tote.meeting()
    with quoting(scenario, taint, heard, socket) as url:
        try:
            live(folder, url, said)
        except PlanrunnerError as error:
            said.all.append(f"{error} {exit_code_of(error, [])}")
    marks = {MARK, MARK[:4], *(one for one in heard if MARK not in one)}
    assert heard
    told = "".join([*capsys.readouterr(), *said.all])
    assert [mark for mark in marks if mark in told] == []
    assert holding(folder, tuple(marks)) == []
    if name in QUOTED:
        assert HIDDEN in (folder / "exported.jsonl").read_text(), "nothing was quoted, so nothing was shown"


@pytest.mark.parametrize(("venue", "secrets"), [("tote", LOGIN), ("tote", KEY), ("oddspapi_abp", KEY)])
def test_a_bug_of_our_own_at_these_venues_is_written_down_without_them(
    venue: str, secrets: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, "bug", venue, secrets)
    heard: list[str] = []
    scenario = abp_world() if venue == "oddspapi_abp" else tote_world() if secrets is LOGIN else tote.meeting()
    with quoting(scenario, nothing, heard) as url, pytest.raises(ValueError, match=MARK) as fault:
        live(folder, url, Said(" ".join([repr(secrets), *secrets.values()])))
    monkeypatch.chdir(folder)
    assert exit_code_of(fault.value, ["run", "plan.yaml"]) == Exit.OUR_BUG
    [bug] = (folder / ".planrunner").glob("bug-*.txt")
    assert HIDDEN in bug.read_text()
    assert MARK not in "".join(capsys.readouterr())
    assert holding(folder, (MARK, *(one for one in heard if MARK not in one))) == []
