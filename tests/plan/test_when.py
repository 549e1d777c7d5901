"""Plans that run by themselves: what `when` means, what it takes of the rest of the plan, and what a signal brings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.engine.of_day import on_day
from planrunner.model.account import USUALLY_TOLD, By, Happening, Proof, Role, Site
from planrunner.model.calendar import Recurring, next_occurrence
from planrunner.model.plan import At, AtTime, BeforeEachStart, IfMissed, IfStillRunning, OnSignal, Plan, Repeating
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.explain import explain
from planrunner.review.schedule import overlap_in_words, schedule_in_words
from planrunner.review.text import as_text
from tests.laws import law
from tests.plan.checking import PLAN, PROFILES, changed, check, check_site, codes
from tests.plan.test_laws import obeys

SITE_FILE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
calendars:
  england-holidays: [2026-12-25, 2026-12-28]
service:
  credentials: keyring
  users:
    ann: operator
    bob: viewer
  signals:
    tradingview:
      proof: token
      within: 30s
      at_most_per_minute: 6
    house:
      proof: signature
notify:
  - webhook: https://hooks.example.org/desk
    signed: yes
    on: [settled, unknown_exposure]
  - webhook: http://127.0.0.1:8080/told
  - email: desk@example.org
mail:
  server: smtp.example.org
  from: planrunner@example.org
"""
DAILY = "  every: day\n  at: 11:00\n  time_zone: Europe/London\n"
ALONE = PLAN.replace("25.00 GBP\n\n", "25.00 GBP\n  max_loss_in_total: 250.00 GBP\n\n", 1)


def site() -> Site:
    found = check_site(SITE_FILE).site
    assert found is not None
    return found


def planned(when: str, *changes: tuple[str, str], given: Given = NOTHING_GIVEN, text: str = ALONE) -> Plan:
    checked = check(changed(*changes, plan=text) + f"when:\n{when}", site(), given=given)
    assert checked.plan is not None, checked.told()
    return checked.plan


def found(when: str, *changes: tuple[str, str], text: str = ALONE) -> list[str]:
    return [one.code for one in check(changed(*changes, plan=text) + f"when:\n{when}", site()).problems]


# What it means


def test_a_schedule_as_values() -> None:
    when = planned(
        "  every: weekday\n  except: england-holidays\n  at: [15:30, 11:00]\n  time_zone: Europe/London\n  from: 2026-12-01\n"
        "  until: 2027-03-31\n  if_missed: run_late\n  late_by_at_most: 10m\n  if_still_running: replace\n"
    ).when
    rule = Recurring(
        weekdays=frozenset(range(5)),
        times=(time(11), time(15, 30)),
        time_zone="Europe/London",
        except_on=frozenset({date(2026, 12, 25), date(2026, 12, 28)}),
        first=date(2026, 12, 1),
        last=date(2027, 3, 31),
        calendar="england-holidays",
    )
    late = timedelta(minutes=10)
    assert when == Repeating(
        rule=rule, if_missed=IfMissed.RUN_LATE, late_by_at_most=late, if_still_running=IfStillRunning.REPLACE
    )


def test_dates_weekends_starts_and_signals_as_values() -> None:
    dates = planned("  dates: [2026-12-26, 2026-12-05]\n  at: 11:00\n  time_zone: Europe/London\n").when
    weekends = planned("  every: [sunday, saturday]\n  at: 11:00\n  time_zone: Europe/London\n").when
    assert isinstance(dates, Repeating)
    assert isinstance(weekends, Repeating)
    assert (dates.rule.dates, dates.rule.weekdays) == ((date(2026, 12, 5), date(2026, 12, 26)), frozenset())
    assert weekends.rule.weekdays == {5, 6}
    assert planned("  on_signal: house\n  if_still_running: queue\n").when == OnSignal(
        name="house", if_still_running=IfStillRunning.QUEUE
    )
    starts = planned("  before_each_start: 15m\n", text=RACING).when
    assert starts == BeforeEachStart(before=timedelta(minutes=15))


RACING = """\
planrunner: 1
plan: The favourite of each race
limits:
  max_loss: 10.00 GBP
  max_loss_in_total: 100.00 GBP
  max_orders: 1
for_each_market:
  venue: betfair
  sport: Horse Racing
  market: Win
orders:
  - name: first
    venue: betfair
    favourite: 1
    side: back
    odds: 1.5
    stake: 10.00 GBP
    expires_before_start: 10s
"""


def test_the_zone_of_the_schedule_is_the_plans() -> None:
    assert planned(DAILY).time_zone == "Europe/London"
    by_the_clock = planned(DAILY, ("expires_before_start: 1m", "expires_at: 14:29"))
    assert by_the_clock.orders[0].ending == AtTime(time=time(14, 29), time_zone="Europe/London")


def test_a_time_alone_is_of_the_day_of_each_run_and_takes_no_part_in_the_digest() -> None:
    plan = planned(DAILY, ("expires_before_start: 1m", "place_at: 13:00\n    expires_at: 14:29"))
    winter, summer = on_day(plan, date(2026, 12, 5)), on_day(plan, date(2027, 7, 3))
    assert (winter.orders[0].place, winter.orders[0].ending) == (
        At(at=datetime(2026, 12, 5, 13, tzinfo=UTC)), At(at=datetime(2026, 12, 5, 14, 29, tzinfo=UTC)),
    )  # fmt: skip
    assert summer.orders[0].ending == At(at=datetime(2027, 7, 3, 13, 29, tzinfo=UTC))
    assert winter.digest == summer.digest == plan.digest


def test_without_a_schedule_a_time_alone_has_no_day() -> None:
    assert codes(
        changed(("limits:", "time_zone: Europe/London\nlimits:"), ("expires_before_start: 1m", "expires_at: 14:29"))
    ) == ["PR209"]


def test_when_and_the_total_are_part_of_what_is_approved() -> None:
    plans = [
        planned(DAILY),
        planned(DAILY, ("250.00 GBP", "300.00 GBP")),
        planned(DAILY.replace("11:00", "11:01")),
        planned(DAILY + "  except: england-holidays\n"),
        planned(DAILY + "  if_still_running: queue\n"),
        planned(DAILY.replace("every: day", "every: [monday]")),
    ]
    assert len({plan.digest for plan in plans}) == len(plans)
    by_another_name = replace(site(), calendars={"feasts": site().calendars["england-holidays"]})
    renamed = check(ALONE + "when:\n" + DAILY + "  except: feasts\n", by_another_name).plan
    assert renamed is not None
    assert renamed.digest == plans[3].digest  # the same days


# What is wrong


@pytest.mark.parametrize(
    ("when", "code"),
    [
        ("  every: day\n  dates: [2026-12-05]\n", "PR352"),
        ("  on_signal: house\n  at: 11:00\n", "PR353"),
        (DAILY + "  from: 2026-12-05\n  until: 2026-12-04\n", "PR355"),
        ("  dates: [2026-12-25]\n  except: england-holidays\n  at: 11:00\n  time_zone: Europe/London\n", "PR355"),
        (DAILY.replace("11:00", "[11:00, 11:00]"), "PR356"),
        (DAILY + "  if_missed: run_late\n", "PR357"),
        (DAILY + "  if_missed: skip\n  late_by_at_most: 5m\n", "PR357"),
        ("  before_each_start: 15m\n", "PR358"),
        (DAILY + "  except: scotland-holidays\n", "PR426"),
        ("  on_signal: mouse\n", "PR427"),
        (DAILY.replace("  at: 11:00\n", ""), "PR202"),
        (DAILY.replace("  time_zone: Europe/London\n", ""), "PR202"),
    ],
)
def test_one_cause_makes_one_message(when: str, code: str) -> None:
    assert found(when) == [code]


def test_the_total_is_there_with_a_schedule_and_only_then() -> None:
    assert [one.code for one in check(PLAN + "when:\n" + DAILY, site()).problems] == ["PR202"]
    assert codes(ALONE) == ["PR359"]
    assert found(DAILY, ("250.00 GBP", "24.99 GBP")) == ["PR359"]
    assert found(DAILY, ("250.00 GBP", "25.00 GBP")) == []
    assert found(DAILY, ("250.00 GBP", "250.00 EUR")) == ["PR321"]


@pytest.mark.parametrize(
    ("schedule", "order", "code"),
    [
        (DAILY, "date: 2026-12-05", "PR360"),
        (DAILY + "  until: 2026-12-05\n", "date: 2026-12-05", None),
        (DAILY + "  until: 2026-12-05\n", "expires_at: 2026-12-05 14:29", None),
        (DAILY + "  until: 2026-12-05\n", "expires_at: 2026-12-05 11:00", "PR360"),
        (DAILY + "  until: 2026-12-05\n", "expires_at: 2026-12-05 11:01", None),
        (DAILY, "expires_at: 2026-12-05 14:29", "PR360"),
        (DAILY, "expires_at: 11:00", "PR360"),
        (DAILY, "expires_at: 11:01", None),
        (DAILY.replace("11:00", "[09:00, 15:00]"), "expires_at: 14:29", "PR360"),
        ("  on_signal: house\n", "date: 2026-12-05", None),  # one match, whenever its signal comes
    ],
)
def test_a_day_or_time_that_is_past_when_the_plan_runs(schedule: str, order: str, code: str | None) -> None:
    ending = ("expires_before_start: 1m", order if order.startswith("expires") else f"expires_before_start: 1m\n    {order}")
    assert found(schedule, ending) == ([code] if code else [])


def test_before_each_start_a_run_is_of_one_market() -> None:
    plan = planned("  before_each_start: 15m\n", text=RACING)
    assert plan.limits.max_orders == 1
    more = RACING.replace("max_orders: 1", "max_orders: 8")  # room for eight, of which each run has one
    assert planned("  before_each_start: 15m\n", text=more).limits.max_loss == plan.limits.max_loss
    by_hand = RACING.replace("  max_loss_in_total: 100.00 GBP\n", "").replace("max_orders: 1", "max_orders: 8")
    assert codes(by_hand) == ["PR303"]
    fixed = ("expires_before_start: 10s", "expires_at: 2026-12-05 14:29")
    in_london = RACING.replace("limits:", "time_zone: Europe/London\nlimits:")
    assert found("  before_each_start: 15m\n", fixed, text=in_london) == ["PR360"]


# Signals and inputs

_INPUTS = "inputs:\n  team:\n    type: text\n  odds:\n    type: odds\n  stake:\n    type: money\n    at_most: 25.00 GBP\n"
ASKS = changed(
    ("orders:", f"{_INPUTS}orders:"),
    ("selection: Arsenal", "selection: ${team}"),
    ("odds: 3.10", "odds: ${odds}"),
    ("stake: 25.00 GBP", "stake: ${stake}"),
    plan=ALONE,
)
SIGNAL = "when:\n  on_signal: house\n"
TO_COME = Given(signal_to_come=True)
CAME = Given(values={"team": "Chelsea", "odds": "3.50", "stake": "5.00 GBP"})


def test_what_a_signal_brings_is_not_missing_before_it_comes() -> None:
    checked = check(ASKS + SIGNAL, site(), given=TO_COME)
    assert checked.plan is not None, checked.told()
    assert checked.awaited == ("team", "odds", "stake")
    assert checked.plan.orders[0].stake == checked.plan.limits.max_loss  # the largest it may be
    told = " ".join(as_text(explain(checked.plan, site(), PROFILES, awaited=checked.awaited)).split())
    assert "The signal brings `team`, `odds` and `stake`." in told


def test_a_signal_may_bring_what_loses_more_than_the_example() -> None:
    """The largest odds are told as the example, and with smaller ones more is at stake."""
    text = (ASKS + SIGNAL).replace("stake: ${stake}", 'stake: ${"1.00 GBP" if odds > 2 else stake}')
    assert text != ASKS + SIGNAL
    checked = check(text, site(), given=TO_COME)
    assert checked.plan is not None, checked.told()
    told = explain(checked.plan, site(), PROFILES, awaited=checked.awaited)
    assert checked.plan.orders[0].stake < checked.plan.limits.max_loss
    assert f"At most {checked.plan.limits.max_loss} can be lost in one run" in told.summary[0]
    assert told.loss.total == checked.plan.limits.max_loss


def test_a_run_has_the_values_of_its_signal_or_does_not_begin() -> None:
    assert [one.code for one in check(ASKS + SIGNAL, site()).problems] == ["PR329"] * 3
    came = check(ASKS + SIGNAL, site(), given=CAME)
    assert came.plan is not None
    assert came.awaited == ()
    assert (came.plan.orders[0].target.selection, str(came.plan.orders[0].stake)) == ("Chelsea", "5.00 GBP")
    too_much = replace(CAME, values={**CAME.values, "stake": "25.01 GBP"})
    assert [one.code for one in check(ASKS + SIGNAL, site(), given=too_much).problems] == ["PR330"]


def test_the_largest_stake_that_a_signal_may_bring_is_held_against_the_limits() -> None:
    greedy = ASKS.replace("at_most: 25.00 GBP", "at_most: 26.00 GBP")
    assert [one.code for one in check(greedy + SIGNAL, site(), given=TO_COME).problems] == ["PR303"]


@pytest.mark.parametrize("given_", [NOTHING_GIVEN, TO_COME])
def test_nobody_is_asked_when_a_schedule_runs_a_plan(given_: Given) -> None:
    problems = check(ASKS + "when:\n" + DAILY, site(), given=given_).problems
    assert [one.code for one in problems] == ["PR329"] * 3
    assert all("write a default" in one.message for one in problems)


def test_in_a_plan_when_holds_no_template_and_in_a_blueprint_it_may() -> None:
    hour = "inputs:\n  hour:\n    type: text\n    default: 11:00\n"
    text = ALONE.replace("orders:", hour + "orders:") + "when:\n" + DAILY.replace("11:00", "${hour}")
    assert [one.code for one in check(text, site()).problems] == ["PR220"]
    blueprint = text.replace("plan: Back", "blueprint: Back")
    assert check(blueprint, site()).problems == ()
    used = "planrunner: 1\nplan: At noon\nuse_blueprint: b.yaml\nwith:\n  hour: 12:00\n"
    plan = check(used, site(), files={"b.yaml": blueprint}).plan
    assert plan is not None
    assert isinstance(plan.when, Repeating)
    assert plan.when.rule.times == (time(12),)


# The site file


def test_the_services_part_of_the_site_file_as_values() -> None:
    one = site()
    assert (one.service.credentials, one.service.users) == ("keyring", {"ann": Role.OPERATOR, "bob": Role.VIEWER})
    viewed, house = one.service.signals["tradingview"], one.service.signals["house"]
    assert (viewed.proof, viewed.within, viewed.at_most_per_minute) == (Proof.TOKEN, timedelta(seconds=30), 6)
    assert (house.proof, house.within, house.at_most_per_minute) == (Proof.SIGNATURE, timedelta(seconds=60), 10)
    desk, told, mailed = one.notify
    assert (desk.by, desk.to, desk.signed) == (By.WEBHOOK, "https://hooks.example.org/desk", True)
    assert (desk.on, told.on) == ({Happening.SETTLED, Happening.UNKNOWN_EXPOSURE}, USUALLY_TOLD)
    assert (told.to, told.signed, mailed.by) == ("http://127.0.0.1:8080/told", False, By.EMAIL)
    assert one.mail is not None
    assert (one.mail.server, one.mail.port, one.mail.user, one.mail.tls) == ("smtp.example.org", 587, None, True)


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.org/x", "https://me:word@hooks.example.org/x", "https://me@hooks.example.org/x",
        "hooks.example.org", "ftp://hooks.example.org", "https:///x", "https://hooks.example.org:x/", "http://127.0.0.1.example.org/",
        "https://a b/",
        "http://localhost@hooks.example.org/", "file:///etc/passwd", "https://[::1/",
    ],
)  # fmt: skip
def test_an_address_that_no_notice_goes_to(address: str) -> None:
    checked = check_site(SITE_FILE.replace("http://127.0.0.1:8080/told", f'"{address}"'))
    assert [one.code for one in checked.problems] == ["PR430"]
    assert "word" not in checked.told().replace("password", "")


# Told


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (
            "  every: weekday\n  except: england-holidays\n  at: 11:00\n  time_zone: Europe/London\n  until: 2027-03-31\n",
            "every weekday at 11:00 Europe/London except england-holidays, until 2027-03-31; a missed one is skipped",
        ),
        (DAILY + "  if_missed: run_late\n  late_by_at_most: 10m\n",
         "every day at 11:00 Europe/London; a missed one begins up to 10 minutes late"),
        ("  dates: [2026-12-05, 2026-12-26]\n  at: [11:00, 15:30]\n  time_zone: UTC\n",
         "on 2026-12-05 and 2026-12-26 at 11:00 and 15:30 UTC; a missed one is skipped"),
        ("  on_signal: house\n", "whenever the signal house comes in"),
    ],
)  # fmt: skip
def test_a_schedule_in_words(when: str, words: str) -> None:
    plan = planned(when)
    assert plan.when is not None
    assert schedule_in_words(plan.when) == words
    assert overlap_in_words(plan.when).endswith("is skipped.")


# Laws

PIECES = {
    "every": ["day", "weekday", "saturday", "[saturday, sunday]", "[monday, monday]", "fortnight"],
    "dates": ["[2026-12-05]", "[2026-12-05, 2026-12-25]", "2026-12-05", "[2026-02-30]"],
    "except": ["england-holidays", "none-such"],
    "at": ["11:00", "[11:00, 15:30]", "11am", "[]", "25:00"],
    "time_zone": ["Europe/London", "Europe/Rome", "Londn"],
    "from": ["2026-12-01", "2027-01-01", "soon"],
    "until": ["2026-12-24", "2027-03-31"],
    "before_each_start": ["15m", "soon"],
    "on_signal": ["house", "mouse", "My House"],
    "if_missed": ["skip", "run_late", "retry"],
    "late_by_at_most": ["10m", "0s", "ten"],
    "if_still_running": ["skip", "queue", "replace", "stop"],
}
BLOCKS = st.fixed_dictionaries({}, optional={key: st.sampled_from(some) for key, some in PIECES.items()}).filter(bool)
ORDERS = st.sampled_from(["expires_before_start: 1m", "expires_at: 14:29", "expires_at: 2026-12-05 14:29", "expires_at: 10:00"])


@law(150, share=50)
@given(BLOCKS, ORDERS, st.sampled_from([PLAN, ALONE, RACING, ASKS]), st.sampled_from([NOTHING_GIVEN, TO_COME, CAME]))
def test_any_block_is_a_schedule_that_happens_or_a_problem(block: dict[str, str], ending: str, text: str, given_: Given) -> None:
    lines = "".join(f"  {key}: {value}\n" for key, value in block.items())
    given_ = given_ if text is ASKS else NOTHING_GIVEN
    text = text.replace("expires_before_start: 1m", ending).replace("expires_before_start: 10s", ending)
    checked = check(f"{text}when:\n{lines}", site(), given=given_)
    obeys(checked)
    if checked.plan is not None:
        assert checked.plan.when is not None
        assert checked.plan.limits.max_loss_in_total is not None
        assert schedule_in_words(checked.plan.when)
        if isinstance(checked.plan.when, Repeating):
            assert next_occurrence(checked.plan.when.rule, datetime(2000, 1, 1, tzinfo=UTC)) is not None
