"""What is answered is what the command line tells: one use case, two ways to it."""

from __future__ import annotations

import asyncio
import io
import json
import re
from contextlib import chdir, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from planrunner.app.report import JOURNALS
from planrunner.app.site import find_site
from planrunner.cli.main import run as main
from planrunner.model.account import Role
from planrunner.model.journal import Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.runtime.clock import VirtualClock
from planrunner.runtime.journal import Journal
from tests.web.conftest import SITE
from tests.web.service import PLAN, START, Desk


def _verb(folder: Path, *arguments: str) -> Any:
    with chdir(folder), redirect_stdout(io.StringIO()) as told:
        main(arguments)
    return json.loads(told.getvalue())


def _ask(desk: Desk, method: str, path: str, role: Role, **more: Any) -> Any:
    return asyncio.run(desk.ask(method, f"/api/v1{path}", role, **more))


WAITS = PLAN.replace("    default: 5.00 GBP\n", "").replace(
    "inputs:", "  max_loss_in_total: 20.00 GBP\nwhen:\n  on_signal: signed\ninputs:"
)  # fmt: skip
DAILY = PLAN.replace("inputs:", "  max_loss_in_total: 70.00 GBP\nwhen:\n  every: day\n  at: '11:00'\n  time_zone: UTC\ninputs:")
WIDE = SITE.replace(" 6.00", " 60.00") + "service:\n  signals:\n    signed:\n      within: 60s\n"


@pytest.mark.parametrize("text", [PLAN, WAITS, DAILY], ids=["started", "waits for a signal", "daily"])
@pytest.mark.parametrize("inputs", [{}, {"stake": "5.00 GBP"}, {"stake": "500 GBP"}, {"stake": "five"}], ids=str)
def test_a_plan_is_checked_and_previewed_as_at_the_command_line(desk: Desk, text: str, inputs: dict[str, str]) -> None:
    folder, day = desk.service.folder, datetime(2026, 12, 5, tzinfo=UTC)
    (folder / "plan.yaml").write_text(text)
    (folder / "planrunner.yaml").write_text(WIDE)
    given = [word for name, value in inputs.items() for word in ("--set", f"{name}={value}")]
    verb = _verb(folder, "check", "plan.yaml", "--json", *given)
    assert verb["valid"] == (inputs.get("stake", "5.00 GBP") == "5.00 GBP")
    assert _ask(desk, "POST", "/plans/plan.yaml/check", Role.AUTHOR, json={"inputs": inputs}).json() == verb
    told = _verb(folder, "preview", "plan.yaml", "--json", "--from", f"{day:%Y-%m-%d}", *given)
    at_midnight = Desk(desk.service, clock=VirtualClock(day))
    preview = _ask(at_midnight, "POST", "/plans/plan.yaml/preview", Role.AUTHOR, json={"inputs": inputs})
    assert (preview.json() if verb["valid"] else preview.json()["found"]) == told
    assert preview.status_code == (200 if verb["valid"] else 422)


def test_the_next_runs_are_counted_from_the_clock_of_the_service(desk: Desk) -> None:
    (desk.service.folder / "daily.yaml").write_text(DAILY)
    for hours, first in ((0, "2026-12-06T11:00:00+00:00"), (24, "2026-12-07T11:00:00+00:00")):
        asked = Desk(desk.service, clock=VirtualClock(START + timedelta(hours=hours, seconds=1)))
        assert _ask(asked, "POST", "/plans/daily.yaml/preview", Role.AUTHOR).json()["due"][0] == first


def test_a_text_is_checked_as_from_standard_input(desk: Desk) -> None:
    text = (desk.service.folder / "chase.yaml").read_text().replace("2.62", "2.625").replace("side: back", "side: bck")
    found = _ask(desk, "POST", "/check", Role.AUTHOR, content=text).json()
    (desk.service.folder / "wrong.yaml").write_text(text)
    verb = _verb(desk.service.folder, "check", "wrong.yaml", "--json")
    assert [one["problems"] for one in found["files"]] == [one["problems"] for one in verb["files"]] != [[]]


def test_problems_of_the_site_file_are_told_with_each_plan(desk: Desk) -> None:
    (desk.service.folder / "planrunner.yaml").write_text("planrunner_site: 1\naccounts:\n  betfair:\n    venue: nothing\n")
    found = _ask(desk, "POST", "/plans/chase.yaml/check", Role.AUTHOR).json()
    assert (found["valid"], [one["file"] for one in found["files"]]) == (False, ["planrunner.yaml"])


def test_a_plan_is_shown_with_its_text_and_digest(desk: Desk) -> None:
    shown = _ask(desk, "GET", "/plans/chase.yaml", Role.VIEWER).json()
    verb = _verb(desk.service.folder, "check", "chase.yaml", "--json")
    assert shown["text"] == (desk.service.folder / "chase.yaml").read_text()
    assert (shown["digest"], shown["valid"]) == (verb["files"][0]["digest"], True)


def test_a_run_is_told_as_by_the_verbs(desk: Desk) -> None:
    [run] = _ask(desk, "GET", "/runs", Role.VIEWER).json()["runs"]
    [verb] = _verb(desk.service.folder, "runs", "--json")["runs"]
    card = _ask(desk, "GET", f"/runs/{run['run']}", Role.VIEWER).json()
    assert {key: card[key] for key in verb if key in card} == {key: verb[key] for key in verb if key in card}
    assert {"headline", "status", "exit_code", "result"} <= set(verb) & set(card)
    report = _ask(desk, "GET", f"/runs/{run['run']}/report", Role.VIEWER)
    assert report.json() == _verb(desk.service.folder, "report", run["run"], "--json")
    page = _ask(desk, "GET", f"/runs/{run['run']}/report.html", Role.VIEWER)
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    for path in ("", "/report", "/report.html", "/events"):
        assert _ask(desk, "GET", f"/runs/{run['run'][:-1]}{path}", Role.VIEWER).status_code == 404, "only a whole id is one"


def test_numbers_of_json_arrive_to_the_last_digit(desk: Desk) -> None:
    body = '{"inputs": {"stake": "3.10 GBP", "lowest": 3.10}}'
    sent = {"Content-Type": "application/json"}
    assert _ask(desk, "POST", "/plans/on-signal.yaml/runs", Role.OPERATOR, content=body, headers=sent).status_code == 201
    assert desk.service.values == [{"stake": "3.10 GBP", "lowest": "3.10"}]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"inputs": {"stake": "1.00 GBP", "stake": "9.00 GBP"}}', "application/json", 400),
        ('{"inputs": {"lowest": true}}', "application/json", 400),
        ('{"inputs": {"lowest": [2]}}', "application/json", 400),
        ('{"inputs": {"lowest": NaN}}', "application/json", 400),
        ('{"input": {}}', "application/json", 400),
        ("[]", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ('{"inputs": {"stake": "\\ud800"}}', "application/json", 400),
        ("\xff", "application/json", 400),
        ("stake=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_inputs_that_mean_nothing_certain_start_nothing(desk: Desk, body: str, kind: str, status: int) -> None:
    sent = {"content": body.encode("latin-1"), "headers": {"Content-Type": kind}}
    assert _ask(desk, "POST", "/plans/on-signal.yaml/runs", Role.OPERATOR, **sent).status_code == status
    assert not desk.service.began


def test_a_start_that_is_sent_again_with_its_key_starts_once(desk: Desk) -> None:
    def start(key: str | None, plan: str = "on-signal.yaml", **inputs: str) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return _ask(desk, "POST", f"/plans/{plan}/runs", Role.OPERATOR, json={"inputs": inputs}, headers=headers)

    first, again = start("k1", stake="2.00 GBP"), start("k1", stake="2.00 GBP")
    assert (first.status_code, first.json(), first.headers["location"]) == (201, again.json(), again.headers["location"])
    assert len(desk.service.began) == 1
    assert start("k1", stake="3.00 GBP").status_code == 422, "what is asked with a key that was used must be the same"
    assert start("k1", plan="chase.yaml").status_code == 422
    assert len(desk.service.began) == 1
    assert start("k2", stake="200 GBP").status_code == 422, "the plan does not allow it"
    assert start("k2", stake="2.00 GBP").json() != first.json(), "and nothing began with this key"
    assert start(None).json() != start(None).json()
    assert start("a b").status_code == start("x" * 101).status_code == 400


def test_a_stop_holds_until_it_is_released(desk: Desk) -> None:
    put = _ask(desk, "POST", "/stops", Role.OPERATOR, json={"scope": "account", "name": "betfair", "because": "odd prices"})
    [stop] = put.json()["stops"]
    assert (put.status_code, stop["scope"], stop["name"], stop["because"], stop["by"]) == (
        201, "account", "betfair", "odd prices", "operator-of-ours"
    )  # fmt: skip
    assert _ask(desk, "GET", "/stops", Role.VIEWER).json()["stops"] == [stop]
    assert (
        _verb(desk.service.folder, "status", "--json")["halts"]
        == [stop]
        == _ask(desk, "GET", "/status", Role.VIEWER).json()["halts"]
    )
    other = {"scope": "all", "because": "sorted out"}
    assert _ask(desk, "DELETE", "/stops", Role.OPERATOR, params=other).status_code == 404
    assert _ask(desk, "DELETE", "/stops", Role.OPERATOR, params={"scope": "account", "name": "betfair"}).status_code == 400
    mine = {"scope": "account", "name": "betfair", "because": "sorted out"}
    came = _ask(desk, "DELETE", "/stops", Role.OPERATOR, params=mine).json()
    assert [one["released_because"] for one in came["released"]] == ["sorted out, by operator-of-ours"]
    assert _ask(desk, "GET", "/stops", Role.VIEWER).json() == {"stops": []}
    assert len(_ask(desk, "GET", "/stops?all=yes", Role.VIEWER).json()["stops"]) == 1


@pytest.mark.parametrize("body", [{"scope": "account"}, {"scope": "all", "name": "betfair"}, {"scope": "nothing"}, {}])
def test_a_stop_of_nothing_certain_is_refused(desk: Desk, body: Any) -> None:
    assert _ask(desk, "POST", "/stops", Role.OPERATOR, json=body).status_code == 400


# --- a run that is not over


def test_what_goes_on_is_told_as_by_the_verbs(practice: Desk) -> None:
    status = _ask(practice, "GET", "/status", Role.VIEWER).json()
    verb = _verb(practice.service.folder, "status", "--json")
    assert _timeless(status) == _timeless(verb)
    [run] = status["runs"]
    [order] = run["orders"]
    assert (order["matched"], order["remaining"]) == ("2.00", "3.00")
    card = _ask(practice, "GET", f"/runs/{run['run']}", Role.VIEWER).json()
    assert _timeless(card["at_work"]) == _timeless(run)
    assert (card["state"], card["exit_code"], card["left"]) == ("running", None, [])
    brought = _ask(practice, "GET", "/pnl?by=account", Role.VIEWER).json()
    assert brought == _verb(practice.service.folder, "pnl", "--by", "account", "--json")
    assert [(one["account"], one["at_risk"]) for one in brought["rows"]] == [("betfair", "5.00")]


def _timeless(told: Any) -> Any:
    """Two looks are never at the same moment; and a command to be pasted names the folder where it is not the present one."""
    if isinstance(told, dict):
        return {key: _timeless(value) for key, value in told.items() if key not in ("at", "in_seconds", "go_on")}
    return [_timeless(one) for one in told] if isinstance(told, list) else told


def test_exposure_and_silence_are_figures(practice: Desk) -> None:
    site = find_site(practice.service.folder).site
    assert site is not None
    practice.service.accounts = site
    found = _figures(Desk(practice.service, clock=VirtualClock(datetime.now(UTC) + timedelta(hours=1))))
    at = '{account="betfair",currency="GBP",mode="sandbox"}'
    assert (found[f"planrunner_open_exposure{at}"], found[f"planrunner_open_exposure_limit{at}"]) == (5, 6)
    assert 3_500 < found["planrunner_longest_silence_seconds"] < 4_000


# --- pages of runs

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


def _many(desk: Desk, count: int) -> list[str]:
    """Runs with orders beside the rehearsal; two begin at each moment. The newest first."""
    infos = [
        RunInfo(
            run=RunId(f"20261101-{number:04}-abcd"), plan_file=f"plans/{'one' if number % 3 else 'other'}.yaml",
            plan_name='Say "hi"', plan_digest="0", mode=Mode.LIVE if number % 2 else Mode.SANDBOX,
            created=BEGAN + timedelta(seconds=0.5 * (number // 2)),
        )
        for number in range(count)
    ]  # fmt: skip
    with Journal.open(desk.service.state / JOURNALS[Mode.LIVE], durable=False) as journal:
        for info in infos:
            journal.create(info)
        journal.set_state(infos[0].run, journal.take(infos[0].run, "test"), RunState.FINISHED)
    return [info.run for info in sorted(infos, key=lambda one: (one.created, one.run), reverse=True)]


def test_page_after_page_has_every_run_once_the_newest_first(desk: Desk) -> None:
    runs, found, cursor = _many(desk, 11), [], None
    [rehearsal] = [path.stem for path in (desk.service.folder / "runs").iterdir()]
    for _ in range(10):
        page = _ask(desk, "GET", "/runs", Role.VIEWER, params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        found += [one["run"] for one in page["runs"]]
        assert len(page["runs"]) <= 3
        if (cursor := page["next"]) is None:
            break
    assert found == [rehearsal, *runs]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"plan": "one.yaml"}, 7), ({"plan": "plans/other.yaml"}, 4), ({"plan": 'Say "hi"'}, 11), ({"plan": "ther.yaml"}, 0),
        ({"plan": "Say"}, 0), ({"mode": "live"}, 5), ({"mode": "sandbox", "plan": "one.yaml"}, 4), ({"mode": "rehearsal"}, 1),
        ({"state": "finished"}, 1), ({"since": "2026-11-01T01:00:02+01:00"}, 4), ({"plan": "%"}, 0),
        ({"since": "2026-11-01T00:00:02Z", "mode": "live"}, 1),
    ],
)  # fmt: skip
def test_runs_are_found_by_what_they_are(desk: Desk, query: dict[str, str], count: int) -> None:
    _many(desk, 11)
    assert len(_ask(desk, "GET", "/runs", Role.VIEWER, params=query).json()["runs"]) == count


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "501"}, {"limit": "many"}, {"limit": "٣"}, {"state": "sold"}, {"mode": "LIVE"},
     {"since": "yesterday"}, {"since": "2026-11-01T00:00:00"}, {"since": "0001-01-01T00:00:00+14:00"}, {"cursor": "x"},
     {"cursor": "MjAyNg=="}],
)  # fmt: skip
def test_a_query_that_can_not_be_read_is_no_question(desk: Desk, query: dict[str, str]) -> None:
    answer = _ask(desk, "GET", "/runs", Role.VIEWER, params=query)
    assert (answer.status_code, bool(answer.json()["detail"])) == (400, True)


# --- health and figures


def test_it_is_alive_when_it_is_not_ready_and_then_says_why(desk: Desk) -> None:
    desk.service.why_not = "the journal can't be written: the disk is full"
    assert asyncio.run(desk.get("/healthz", None)).status_code == 200
    ready = asyncio.run(desk.get("/readyz", None))
    assert (ready.status_code, ready.json()["detail"]) == (503, desk.service.why_not)
    assert _figures(desk)["planrunner_ready"] == 0


def test_figures_are_in_the_form_that_monitoring_reads(desk: Desk) -> None:
    _many(desk, 3)
    asyncio.run(desk.get("/api/v1/plans"))
    found = _figures(desk)
    assert found["planrunner_ready"] == 1
    assert found['planrunner_runs{state="running"}'] == 2
    assert found['planrunner_service_occurrences{outcome="run"}'] == 2
    assert found['planrunner_http_requests_total{method="GET",route="/api/v1/plans",status="200"}'] == 1


def _figures(desk: Desk) -> dict[str, float]:
    text = asyncio.run(desk.get("/metrics", None)).text
    from prometheus_client.parser import text_string_to_metric_families

    assert list(text_string_to_metric_families(text)), "Prometheus reads it"
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not re.match("#", line)}
