"""The cascade of limits: a plan can only tighten them, and of those it goes past enough is told, and no more."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.account import Site
from planrunner.plan.cascade import Level, amount_of, cascade
from planrunner.plan.problems import Problem
from tests.laws import law
from tests.plan.checking import PROFILES, check, check_site

ORDER = """\
  - name: order{number}
    venue: {account}
    event: {event}
    market: Match Odds
    selection: Arsenal
    side: {side}
    odds: 3.00
    stake: {stake} GBP
    {cap}expires_before_start: 1m
"""
WIDE = "900.00"
SITE_CODES = {f"PR50{number}" for number in range(1, 9)}

amounts = st.integers(min_value=100, max_value=6000).map(lambda pence: f"{pence / 100:.2f}")
maybe = st.none() | amounts
orders = st.lists(
    st.tuples(st.sampled_from(["main", "other"]), st.sampled_from(["A v B", "C v D"]), st.sampled_from(["back", "lay"]), amounts),
    min_size=1,
    max_size=4,
)
of_the_site = st.fixed_dictionaries({
    "max_stake_per_order": maybe, "max_open_exposure": maybe, "max_exposure_per_market": maybe,
})  # fmt: skip
of_an_account = st.fixed_dictionaries({
    "max_stake_per_order": maybe, "max_open_exposure": maybe, "max_exposure_per_market": maybe, "max_loss_per_day": maybe,
})  # fmt: skip
of_the_plan = st.fixed_dictionaries({"max_loss": amounts, "max_stake": maybe, "max_exposure_per_market": maybe})


def limits(given: dict[str, str | None], indent: int) -> str:
    lines = "".join(f"{' ' * (indent + 2)}{key}: {amount} GBP\n" for key, amount in given.items() if amount is not None)
    return f"{' ' * indent}limits:\n{lines}" if lines else ""


def site_of(account: dict[str, str | None], whole: dict[str, str | None]) -> Site:
    text = "planrunner_site: 1\naccounts:\n  main:\n    venue: betfair\n" + limits(account, 4) + "  other:\n    venue: betfair\n"
    site = check_site(text + limits(whole, 0)).site
    assert site is not None
    return site


def plan_of(mine: dict[str, str | None], asked: list[tuple[str, str, str, str]]) -> str:
    items = [
        ORDER.format(
            number=number, account=account, event=event, side=side, stake=stake,
            cap=f"liability_at_most: {Decimal(stake) * 2} GBP\n    " if side == "lay" else "",
        )
        for number, (account, event, side, stake) in enumerate(asked)
    ]  # fmt: skip
    return "planrunner: 1\nplan: Any\n" + limits(mine, 0) + "orders:\n" + "".join(items)


def problems(mine: dict[str, str | None], asked: list[tuple[str, str, str, str]], site: Site) -> tuple[Problem, ...]:
    return check(plan_of(mine, asked), site).problems


@given(mine=of_the_plan, asked=orders, account=of_an_account, whole=of_the_site)
@law(150, share=50)
def test_a_plan_is_refused_exactly_when_it_goes_past_some_limit(mine, asked, account, whole):  # type: ignore[no-untyped-def]
    site = site_of(account, whole)
    generous = check(plan_of({"max_loss": WIDE}, asked), site_of({}, {})).plan
    assert generous is not None
    bounds = cascade(generous, site, PROFILES)
    past_site = [bound for bound in bounds if bound.is_exceeded and bound.level is not Level.PLAN]
    loss = next(bound.used for bound in bounds if bound.name == "max_loss")
    told = problems(mine, asked, site)
    if past_site:
        assert told, "the plan's own limits can't loosen the site's"
        assert {one.code for one in problems({"max_loss": WIDE}, asked, site)} <= SITE_CODES
    assert bool(told) >= (amount_of(loss) > Decimal(str(mine["max_loss"])))
    found = check(plan_of(mine, asked), site).plan
    assert (found is None) == bool(told)
    if found is not None:
        assert not any(bound.is_exceeded for bound in cascade(found, site, PROFILES))


@given(asked=orders, account=of_an_account, whole=of_the_site)
@law(100, share=35)
def test_each_round_of_advice_brings_a_plan_nearer_until_it_fits(asked, account, whole):  # type: ignore[no-untyped-def]
    """Whoever writes what each message proposes, and asks again, is done soon: at most once for each kind of limit."""
    site, text = site_of(account, whole), plan_of({"max_loss": WIDE}, [(a, e, "back", stake) for a, e, _, stake in asked])
    for _ in range(12):
        told = check(text, site).problems
        if not told or any(one.did_you_mean is None for one in told):
            return  # nothing left, or no single stake that would do
        lines = text.splitlines(keepends=True)
        for one in told:
            before = lines[one.line - 1]
            start = one.column - 1
            assert Decimal(str(one.did_you_mean).split()[0]) < Decimal(before[start:].split()[0])
            lines[one.line - 1] = before[:start] + str(one.did_you_mean) + "\n"
        text = "".join(lines)
    raise AssertionError(told)


def test_the_tightest_of_all_is_told_alone() -> None:
    """Every limit is gone past by the same order; one figure mends all of them."""
    account = {"max_stake_per_order": "21.00", "max_open_exposure": "18.00", "max_loss_per_day": "16.00"}
    site = site_of(account, {"max_stake_per_order": "19.00", "max_open_exposure": "15.00"})
    mine = {"max_loss": "24.00", "max_stake": "23.00", "max_exposure_per_market": "22.00"}
    [told] = problems(mine, [("main", "A v B", "back", "25.00")], site)
    assert (told.code, told.did_you_mean) == ("PR504", "15.00 GBP")
    assert "`max_open_exposure` of the site, 15.00 GBP (planrunner.yaml:" in told.message
    assert not problems(mine, [("main", "A v B", "back", "15.00")], site)


def test_two_causes_make_two_messages() -> None:
    site = site_of({"max_stake_per_order": "10.00"}, {"max_exposure_per_market": "30.00"})
    asked = [("main", "A v B", "back", "12.00"), ("other", "C v D", "back", "20.00"), ("other", "C v D", "back", "15.00")]
    assert [one.code for one in problems({"max_loss": WIDE}, asked, site)] == ["PR501", "PR505"]


def test_a_hedge_stays_within_the_sites_largest_stake() -> None:
    steps = (
        "    fallback:\n      - before_start: 2m\n        hedge: green_up\n        no_worse_than: 1.50\n        for_at_most: 1m\n"
    )
    text = plan_of({"max_loss": WIDE}, [("main", "A v B", "back", "10.00")]) + steps
    assert [one.code for one in check(text, site_of({}, {"max_stake_per_order": "19.99"})).problems] == ["PR506"]
    assert not check(text, site_of({}, {"max_stake_per_order": "20.00"})).problems


def test_many_orders_past_their_limits_are_judged_quickly() -> None:
    """Each of them alone and all of them together; the first fifty are shown."""
    asked = [("main", "A v B", "back", "3.00")] * 2000
    told = problems({"max_loss": "9000.00"}, asked, site_of({"max_stake_per_order": "2.00"}, {"max_open_exposure": "50.00"}))
    assert [one.code for one in told].count("PR501") == 2000
    assert [one.code for one in told if one.code != "PR501"] == ["PR504"]


def test_what_counts_to_one_minute_is_what_the_plan_places_together() -> None:
    text = "planrunner_site: 1\naccounts:\n  main:\n    venue: betfair\n    limits:\n      max_orders_per_minute: 2\n"
    site = check_site(text).site
    assert site is not None

    def codes(*places: str) -> list[str]:
        plan = plan_of({"max_loss": WIDE}, [("main", "A v B", "back", "3.00")] * len(places))
        plan = plan.replace("plan: Any\n", "plan: Any\ntime_zone: Europe/London\n")
        for number, place in enumerate(places):
            plan = plan.replace(f"  - name: order{number}\n", f"  - name: order{number}\n" + (f"    {place}\n" if place else ""))
        return [one.code for one in check(plan, site).problems]

    assert codes("", "", "") == ["PR508"]
    assert codes("", "", "place_before_start: 5m") == []
    assert codes(*["place_before_start: 300s", "place_before_start: 301s", "place_before_start: 359s"]) == ["PR508"]
    assert codes(*["place_before_start: 300s", "place_before_start: 301s", "place_before_start: 360s"]) == []
    assert codes(*[f"place_at: 2026-12-05 14:0{minute}" for minute in (0, 0, 1)]) == []
    assert codes(*["place_at: 2026-12-05 14:00"] * 3) == ["PR508"]
