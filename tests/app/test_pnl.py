"""What runs brought is summed exactly, the same over every grouping, and as their reports say."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.app.pnl import ProfitAndLoss, Wanted, as_csv, as_html
from planrunner.app.results import decoded, encoded, result_of, results_of
from planrunner.model.journal import Mode
from planrunner.report.brought import Brought, By, sums, totals
from planrunner.report.over_time import draw
from planrunner.report.words import signed
from tests.app.test_reconcile import exposure
from tests.app.test_settle import over, report, to_the_end
from tests.app.verbs import Desk

amounts = st.decimals(min_value=-1000, max_value=1000, places=2)
sizes = st.decimals(min_value=0, max_value=1000, places=2)
runs = st.lists(
    st.builds(
        Brought,
        run=st.sampled_from("abcdef"),
        plan=st.sampled_from(["chase.yaml", "=HYPERLINK(1)", "<b>"]),
        account=st.sampled_from(["betfair", "tote"]),
        venue=st.sampled_from(["betfair", "tote"]),
        currency=st.sampled_from(["GBP", "EUR"]),
        day=st.dates(date(2026, 11, 1), date(2027, 3, 1)),
        staked=sizes,
        matched=sizes,
        profit=amounts,
        commission=sizes,
        open=st.integers(0, 3),
        at_risk=sizes,
        created=st.just(datetime(2026, 11, 21, tzinfo=UTC)),
    )
)


@given(runs)
def test_sums_over_any_grouping_agree_and_currencies_stay_apart(brought: list[Brought]) -> None:
    for by in By:
        rows = sums(brought, by)
        for total in totals(brought):
            own = [one for one in rows if one.currency == total.currency]
            for name in ("staked", "matched", "profit", "commission", "net", "open", "at_risk"):
                assert sum(getattr(one, name) for one in own) == getattr(total, name), (by, name)
        assert {one.currency for one in rows} == {one.currency for one in brought}


@settings(max_examples=40)
@given(runs)
def test_a_picture_has_every_day_within_its_frame_and_ends_at_the_total(brought: list[Brought]) -> None:
    for total in totals(brought):
        picture = draw(sums(brought, By.DAY), total.currency)
        assert picture is not None
        inside = [bar.y >= picture.top and bar.y + bar.height <= picture.bottom + 1 for bar in picture.bars]
        assert all(inside)
        assert all(picture.left <= x <= picture.right and picture.top <= y <= picture.bottom for x, y, _ in picture.line)
        assert picture.summary.endswith(f"{signed(total.net, total.currency)} in the end")


def told(brought: list[Brought]) -> ProfitAndLoss:
    return ProfitAndLoss(wanted=Wanted(), mode=Mode.LIVE, brought=tuple(brought), notes=())


@settings(max_examples=15)
@given(runs)
def test_a_page_asks_nothing_of_anybody_and_a_spreadsheet_reckons_with_no_name(brought: list[Brought]) -> None:
    page = "".join(as_html(told(brought)))
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=\"(?!data:)|<script|url\((?!#)|<b>", page)
    rows = list(csv.reader(io.StringIO(as_csv(told(brought)))))
    assert not [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@"))]
    assert sum(Decimal(row[7]) for row in rows[1:]) == sum(one.net for one in brought)


def test_the_history_is_what_the_reports_say_and_what_limits_count(desk: Desk) -> None:
    first = over(desk)
    second = over(desk, "other.yaml")
    going = over(desk, "third.yaml")
    open_before = desk.verb("pnl", "--json").json
    assert open_before["mode"] == "sandbox"
    [total] = open_before["totals"]
    assert (total["open_bets"], Decimal(total["at_risk"]), Decimal(total["net"])) == (3, exposure(desk), 0)
    assert exposure(desk) == 6
    to_the_end(desk)
    assert desk.verb("settle", "--run", first).code == 0
    assert desk.verb("settle", "--run", second).code == 0
    by_run = {row["run"]: row for row in desk.verb("pnl", "--by", "run", "--json").json["rows"]}
    assert [by_run[run]["open_bets"] for run in (first, second, going)] == [0, 0, 1]
    assert desk.verb("settle").code == 0
    by_plan = desk.verb("pnl", "--json").json
    assert [row["plan"] for row in by_plan["rows"]] == ["other.yaml", "plan.yaml", "third.yaml"]
    profits = [Decimal(report(desk, run)["profit"].split()[0]) for run in (first, second, going)]
    [charged] = {report(desk, run)["commission"] for run in (first, second, going)}
    [total] = by_plan["totals"]
    assert Decimal(total["profit"]) == sum(profits) == 48
    assert f"{total['commission']} GBP" == charged == "2.40 GBP", "of the market, so once"
    assert "more than one run" in by_plan["notes"][0]
    assert exposure(desk) == Decimal(total["at_risk"]) == 0
    for by in By:
        rows = desk.verb("pnl", "--by", by.value, "--json").json["rows"]
        assert sum(Decimal(row["net"]) for row in rows) == Decimal(total["net"]) == Decimal("45.60")
    with desk.journal() as journal:
        for one in results_of(journal).told:
            told_again = result_of(journal.info(one.run), journal.told(one.run), at=one.at)
            assert told_again == one == decoded(encoded(one)), "as kept, and told anew"


def test_what_is_summed_can_be_chosen_and_a_name_that_is_none_is_told(desk: Desk) -> None:
    over(desk)
    assert "No run that asked" in desk.verb("pnl", "--until", "2020-01-01").out
    assert desk.verb("pnl", "--plan", "plan.yaml", "--account", "betfair", "--by", "day").code == 0
    assert "did you mean `plan.yaml`?" in desk.verb("pnl", "--plan", "plam.yaml").err
    assert "did you mean `betfair`?" in desk.verb("pnl", "--account", "betfiar").err
    assert desk.verb("pnl", "--csv", "--json").code == 2
    table = desk.verb("pnl").out
    assert re.search(r"plan\.yaml +1 +5\.00 +2\.00 +0\.00 +0\.00 +0\.00 +1 +2\.00", table), table
    assert desk.verb("pnl", "--html", "pnl.html").code == 0
    assert "Still at risk" in (desk.folder / "pnl.html").read_text()
    rows = list(csv.reader(io.StringIO(desk.verb("pnl", "--csv").out)))
    assert rows[1][:4] == ["plan.yaml", "GBP", "1", "5.00"]
    assert json.loads(desk.verb("pnl", "--mode", "live", "--json").out)["rows"] == []
