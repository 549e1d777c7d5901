"""`planrunner preview`, as it is typed: what it shows and writes, what it looks up, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from planrunner import resources
from planrunner.cli.main import run
from planrunner.review.preview import all_from_json, from_json
from tests.matching.support import REDS
from tests.plan.checking import PLAN

MINUTE = 60_000  # milliseconds
REDS_PLAN = """\
planrunner: 1
plan: Back the Reds
time_zone: Europe/London
limits:
  max_loss: 20.00 GBP
  max_orders: 2
orders:
  - name: reds
    venue: betfair
    market_id: "1.1"
    selection_id: 11
    side: back
    odds: 3.05
    stake: 10.00 GBP
    expires_before_start: 30s
  - name: elsewhere
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.10
    stake: 10.00 GBP
    expires_before_start: 1m
"""
# As `listMarketCatalogue` answers, with all that a market is known by.
SAVED = [
    {
        "marketId": "1.1", "marketName": "Match Odds", "marketStartTime": "2026-12-05T15:00:00.000Z",
        "description": {"bettingType": "ODDS", "marketType": "MATCH_ODDS", "marketBaseRate": 5.0, "turnInPlayEnabled": True,
                        "priceLadderDescription": {"type": "CLASSIC"}},
        "runners": [{"selectionId": number, "runnerName": name, "handicap": 0.0, "sortPriority": number}
                    for number, name in ((11, "Reds"), (22, "Blues"))],
        "eventType": {"id": "1", "name": "Soccer"},
        "event": {"id": "30", "name": "Reds v Blues", "countryCode": "GB", "timezone": "GMT",
                  "openDate": "2026-12-05T15:00:00.000Z"},
    }
]  # fmt: skip


def recording() -> str:
    """A recording that begins twenty minutes before its start."""
    lines = [json.loads(line) for line in REDS.read_text(encoding="utf-8").splitlines()]
    start = int(datetime(2026, 12, 5, 15, tzinfo=UTC).timestamp()) * 1000
    first, last = lines[0]["pt"], lines[-1]["pt"]
    for line in lines:  # stretched, so that it is open when it is looked at
        line["pt"] = start - 20 * MINUTE + (line["pt"] - first) * 60 * MINUTE // (last - first)
    return "".join(f"{json.dumps(line)}\n" for line in lines)


Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    """The command in a folder of its own: exit code, output, and what went to standard error."""
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "reds.yaml").write_text(REDS_PLAN, encoding="utf-8")
    (tmp_path / "saved.json").write_text(json.dumps(SAVED), encoding="utf-8")
    (tmp_path / "reds.jsonl").write_text(recording(), encoding="utf-8")

    def answer(*arguments: str) -> tuple[int, str, str]:
        with chdir(tmp_path):
            code = run(["preview", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return answer


def test_what_is_written_is_the_document_that_its_schema_describes(typed, tmp_path):
    code, out, _ = typed("plan.yaml", "--out", "preview.json", "--from", "2026-12-01")
    assert (code, out) == (0, "written: preview.json\n")
    document = json.loads((tmp_path / "preview.json").read_text(encoding="utf-8"))
    Draft202012Validator(resources.schema("preview")).validate(document)
    assert typed("plan.yaml", "--json", "--from", "2026-12-01")[:2] == (
        0,
        (tmp_path / "preview.json").read_text(encoding="utf-8"),
    )
    assert from_json(document).told.plan == "Back Arsenal, chase down to 2.90"


def test_several_forms_of_several_plans_come_from_one_run(typed, tmp_path):
    forms = ("--format", "html=page/review.html", "--format", "markdown=review.md", "--format", "json")
    code, out, err = typed("plan.yaml", "reds.yaml", *forms)
    assert code == 0
    assert err == "written: page/review.html, review.md\n"
    assert [one.file for one in all_from_json(json.loads(out))] == ["plan.yaml", "reds.yaml"]
    for page in ("page/review.html", "review.md"):
        assert "2 plans; run once each, they can lose at most 45.00 GBP" in (tmp_path / page).read_text(encoding="utf-8")


def test_the_values_a_plan_was_read_with_are_in_its_preview(typed, tmp_path):
    (tmp_path / "gaps.yaml").write_text(
        PLAN.replace("stake: 25.00 GBP", 'stake: "${stake}"').replace("odds: 3.10", 'odds: "${odds}"')
        + "inputs:\n  stake:\n    type: money\n  odds:\n    type: odds\n",
        encoding="utf-8",
    )
    (tmp_path / "values.yaml").write_text("stake: 5.00 GBP\nodds: 3.10\n", encoding="utf-8")
    code, out, _ = typed("gaps.yaml", "--inputs", "values.yaml", "--set", "stake=7.00 GBP", "--json")
    assert code == 0
    assert from_json(json.loads(out)).inputs == {"stake": "7.00 GBP", "odds": "3.10"}
    assert "7.00 GBP (stake of arsenal)" in typed("gaps.yaml", "--inputs", "values.yaml", "--set", "stake=7.00 GBP")[1]


def test_problems_are_told_as_check_tells_them_and_nothing_is_written(typed, tmp_path, capsys):
    (tmp_path / "bad.yaml").write_text(PLAN.replace("side: back", "side: bakc"), encoding="utf-8")
    with chdir(tmp_path):
        run(["check", "plan.yaml", "bad.yaml"])
    checked = capsys.readouterr().out
    assert typed("plan.yaml", "bad.yaml", "--out", "preview.json")[:2] == (1, checked)
    assert not (tmp_path / "preview.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing.yaml",), "nothing.yaml: there is no such file"),
        (("planrunner.yaml",), "nothing was previewed: planrunner.yaml holds no plan"),
        (("plan.yaml", "--format", "pdf"), "`pdf` is no form; write one of text, json, markdown, html"),
        (("plan.yaml", "--format", "html", "--format", "text"), "only one form can go to standard output"),
        (("plan.yaml", "--format", "html", "--json"), "--json goes to standard output"),
        (("plan.yaml", "--case", "usual"), "it goes with --rehearse"),
        (("plan.yaml", "--rehearse", "--case", "sunny"), "`sunny` is no case"),
        (("plan.yaml", "--rehearse", "--site", "planrunner.yaml"), "leave out --site"),
        (("plan.yaml", "--market-data", "plan.yaml"), "is no recording of a Betfair stream"),
        (("plan.yaml", "--market-data", "empty.json"), "is no market catalogue that tells enough"),
        (("plan.yaml", "--out", "plan.yaml/x.json"), "plan.yaml/x.json can't be written"),
    ],
)
def test_wrong_use_is_told_and_shows_nothing(arguments, said, typed, tmp_path):
    (tmp_path / "planrunner.yaml").write_text(
        "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n", encoding="utf-8"
    )
    (tmp_path / "empty.json").write_text('[{"marketId": 1}]', encoding="utf-8")
    code, out, err = typed(*arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


@pytest.mark.parametrize("data", ["reds.jsonl", "saved.json"])
def test_names_are_looked_up_in_market_data_and_what_these_lack_stays_open(data, typed):
    code, out, _ = typed("reds.yaml", "--market-data", data, "--json")
    assert code == 0
    preview = from_json(json.loads(out))
    (found,) = preview.resolved
    assert (found.order, found.market, found.selection, found.selection_name) == ("reds", "1.1", "11", "Reds")
    assert found.start == "Saturday 2026-12-05 15:00 (Europe/London)"
    assert preview.unresolved == ("Only Betfair Exchange can tell whether it has Match Odds of Arsenal v Chelsea, with Arsenal.",)
    ends = next(one for one in preview.deadlines if one.what == "ends")
    assert (ends.local, ends.may_move) == ("Saturday 2026-12-05 14:59:30 (Europe/London)", True)


def test_a_name_that_market_data_know_better_is_a_problem_of_its_line(typed, tmp_path):
    near = REDS_PLAN.replace(
        'market_id: "1.1"\n    selection_id: 11', "event: Reds v Blue\n    market: Match Odds\n    selection: Reds"
    )
    (tmp_path / "near.yaml").write_text(near, encoding="utf-8")
    code, out, err = typed("near.yaml", "--market-data", "saved.json")
    assert (code, out) == (1, "")
    assert "near.yaml:10:12: error PR408" in err
    assert "did you mean: Reds v Blues" in err


def test_a_rehearsal_is_told_beside_the_plan(typed):
    code, out, _ = typed("plan.yaml", "--rehearse", "--case", "all-match", "--case", "nothing-matches", "--json")
    assert code == 0
    all_of_it, nothing = from_json(json.loads(out)).rehearsed
    (order,) = all_of_it.orders
    assert str(order.matched) == str(all_of_it.at_worst) == "25.00 GBP"
    assert order.odds == "3.10"
    assert nothing.orders[0].odds == ""
    assert nothing.headline.startswith("Nothing of 25.00 GBP matched")


def test_a_plan_that_cannot_be_rehearsed_is_shown_and_says_why(typed, tmp_path):
    """A signal's values, a plan from standard input; and what a rehearsal refuses."""
    signal = "when:\n  on_signal: tip\ninputs:\n  stake:\n    type: money\n    at_most: 25.00 GBP\n"
    total = PLAN.replace("max_loss: 25.00 GBP", "max_loss: 25.00 GBP\n  max_loss_in_total: 50.00 GBP")
    (tmp_path / "signal.yaml").write_text(total.replace("stake: 25.00 GBP", 'stake: "${stake}"') + signal, encoding="utf-8")
    (tmp_path / "planrunner.yaml").write_text(
        "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n"
        "service:\n  signals:\n    tip:\n      proof: token\n",
        encoding="utf-8",
    )
    code, out, _ = typed("signal.yaml", "--rehearse", "--json")
    assert code == 0
    preview = from_json(json.loads(out))
    assert [one.trouble for one in preview.rehearsed] == [
        "a signal brings values that it needs; give examples of them: --set stake=..."
    ]
    assert (str(preview.told.loss.total), preview.occurrences) == ("25.00 GBP", ())
    assert "When the signal tip comes in, and with which values." in preview.unknown
    assert not (tmp_path / ".planrunner").exists()
