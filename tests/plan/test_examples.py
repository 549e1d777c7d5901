"""The examples of the schema are what editors show and people copy: each of them, in its place, makes a plan without problems."""

from __future__ import annotations

from typing import Any

import pytest

from planrunner import resources
from planrunner.plan.words import OF_MOVES
from tests.plan.checking import PROFILES, SITE, check, check_site
from tests.plan.test_laws import written

SCHEMA = resources.schema("plan")
DEFS = SCHEMA["$defs"]
ORDER: dict[str, Any] = DEFS["order"]["examples"][0]
STEP = {"after": "2m", "cancel": "remainder"}
REPRICE = {"every": "30s", "reprice": "1 tick", "no_worse_than": "2.90"}
HEDGE = {"before_start": "2m", "hedge": "green_up", "no_worse_than": "3.50", "for_at_most": "1m"}
FILL_OR_KILL = {"type": "fill_or_kill", "odds_hold_for": "average", "expires_before_start": None}
KEPT = {"expires_before_start": None, "expires_after_start": "10m"}

ROUTED = {
    "venue": "oddspapi_abp", "event": None, "event_id": "id1000009900000001", "market": None, "selection": None,
    "selection_id": "101", "odds_hold_for": "average",
}  # fmt: skip
# What goes with a key of a step that moves the remainder.
MOVED = {
    "after": "2m",
    "move_remainder_to": "corner",
    "event": "Arsenal v Chelsea",
    "market": "Match Odds",
    "selection": "Arsenal",
}
ROUTED_THERE = {
    "after": "2m", "move_remainder_to": "oddspapi_abp", "event_id": "id1000009900000001", "selection_id": "101",
    "odds_hold_for": "average",
}  # fmt: skip
TICKET: dict[str, Any] = DEFS["ticket"]["examples"][0]
BET: dict[str, Any] = TICKET["bets"][0]
FINISH = {"runners": None, "finish": None, "first": ["4"], "second": ["6", "10"]}
LEGS = [{"race": str(race), "runners": ["3", "7"]} for race in range(1, 7)]

# What goes with a key of an order (None: is left out beside it).
BESIDE: dict[str, dict[str, Any]] = {
    "event_id": {"event": None},
    "market_id": {"event": None, "market": None},
    "selection_id": {"selection": None},
    "favourite": {"selection": None},
    "player_id": ROUTED,
    "settings": {**ROUTED, "odds_hold_for": None},
    "liability_at_most": {"side": "lay"},
    "type": FILL_OR_KILL,
    "odds_hold_for": FILL_OR_KILL,
    "min_fill": FILL_OR_KILL,
    "expires_after": {"expires_before_start": None},
    "expires_after_start": {"expires_before_start": None},
    "expires_at": {"expires_before_start": None},
}
# The step a key of a step stands in.
STEPS: dict[str, dict[str, Any]] = {
    "every": REPRICE,
    "reprice": REPRICE,
    "no_worse_than": REPRICE,
    "at_most": REPRICE,
    "before_start": {"cancel": "remainder"},
    "after_start": {"cancel": "remainder"},
    "if": {"alert": "Look at it"},
    "keep": {"before_start": "0s"},
    "hedge": HEDGE,
    "for_at_most": HEDGE,
    "alert": {"after": "2m"},
    **dict.fromkeys(OF_MOVES, MOVED),
    **dict.fromkeys(("event_id", "selection_id", "player_id", "settings", "odds_hold_for"), ROUTED_THERE),
    "move_remainder_to": ROUTED_THERE,
    "settings": {key: one for key, one in ROUTED_THERE.items() if key != "odds_hold_for"},
    "market_id": {"after": "2m", "move_remainder_to": "corner", "selection": "Arsenal"},
}


def examples(block: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every key with each of its examples, or with those of its kind."""
    return [
        (key, example)
        for key, one in block["properties"].items()
        for example in one.get("examples") or DEFS[one["$ref"].removeprefix("#/$defs/")]["examples"]
    ]


WAYS = ("every", "dates", "before_each_start", "on_signal")
WHEN: dict[str, Any] = {"when": {"every": "day", "at": "11:00", "time_zone": "Europe/London"}}
# With what examples of `when` name.
WITH_A_SERVICE = check_site(
    "planrunner_site: 1\naccounts:\n"
    + "".join(f"  {name}:\n    venue: {name}\n" for name in PROFILES)
    + "calendars:\n  england-holidays: [2026-12-25]\nservice:\n  signals:\n    morning_pick:\n      proof: token\n"
).site


def has_no_problems(**changes: Any) -> None:
    whole = {
        "planrunner": "1", "plan": "An example", "time_zone": "Europe/London", "limits": {"max_loss": "100.00 GBP"},
        "orders": [ORDER], **changes,
    }  # fmt: skip
    checked = check(written(whole).lstrip(), WITH_A_SERVICE if "when" in changes else SITE)
    assert checked.plan is not None, checked.told()


def an_order(**changes: Any) -> list[dict[str, Any]]:
    return [{key: value for key, value in {**ORDER, **changes}.items() if value is not None}]


@pytest.mark.parametrize(("key", "example"), examples(DEFS["order"]))
def test_an_example_of_an_order(key: str, example: Any) -> None:
    has_no_problems(orders=an_order(**{**BESIDE.get(key, {}), key: example}))


@pytest.mark.parametrize(("key", "example"), [one for one in examples(DEFS["step"]) if one[0] != "retry"])
def test_an_example_of_a_step(key: str, example: Any) -> None:
    stays = KEPT if key in ("keep", "after_start") else {}
    has_no_problems(orders=an_order(**stays, fallback=[{**STEPS.get(key, STEP), key: example}]))


# What goes with a key of a bet.
BETS: dict[str, dict[str, Any]] = {
    "first": FINISH,
    "second": FINISH,
    "third": {**FINISH, "pool": "trifecta", "third": ["2", "6", "10"]},
    "reserves": {"runners": ["1", "2", "3"]},
    "legs": {"pool": "double", "race": None, "runners": None, "finish": None},
}


def a_ticket(bet: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """With the cost that its bet comes to: the checker tells it."""
    whole = {**TICKET, "total_cost": "999.00 GBP", "bets": [bet], **changes}
    found = check(written({"planrunner": "1", "plan": "x", "limits": {"max_loss": "100.00 GBP"}, "tickets": [whole]}).lstrip())
    right = next((one.did_you_mean for one in found.problems if one.code == "PR345"), None)
    return [{**whole, "total_cost": right or whole["total_cost"]}]


@pytest.mark.parametrize(("key", "example"), [one for one in examples(DEFS["ticket"]) if one[0] != "total_cost"])
def test_an_example_of_a_ticket(key: str, example: Any) -> None:
    instead = {"place_before_start"} if key == "place_at" else set()
    has_no_problems(tickets=[{name: one for name, one in {**TICKET, key: example}.items() if name not in instead}])


@pytest.mark.parametrize(("key", "example"), examples(DEFS["bet"]))
def test_an_example_of_a_bet(key: str, example: Any) -> None:
    bet = {name: one for name, one in {**BET, **BETS.get(key, {}), key: example}.items() if one is not None}
    has_no_problems(tickets=a_ticket(bet))


@pytest.mark.parametrize(("key", "example"), examples(DEFS["leg"]))
def test_an_example_of_a_leg(key: str, example: Any) -> None:
    first = {**LEGS[0], **({"runners": ["9"]} if key == "reserves" else {}), key: example}
    legs = [first, *LEGS[1:]]
    has_no_problems(tickets=a_ticket({"pool": "placepot", "legs": legs, "unit_stake": "0.05 GBP"}))


@pytest.mark.parametrize(("key", "example"), examples(DEFS["settings"]))
def test_an_example_of_settings(key: str, example: Any) -> None:
    has_no_problems(orders=an_order(**ROUTED, settings={key: example}))


@pytest.mark.parametrize(("key", "example"), [*examples(DEFS["only_if"]), *[("", one) for one in DEFS["only_if"]["examples"]]])
def test_an_example_of_only_if(key: str, example: Any) -> None:
    has_no_problems(orders=an_order(only_if={key: example} if key else example))


@pytest.mark.parametrize(("key", "example"), examples(DEFS["limits"]))
def test_an_example_of_limits(key: str, example: Any) -> None:
    when = WHEN if key == "max_loss_in_total" else {}
    has_no_problems(limits={"max_loss": "25.00 GBP", key: example}, **when)


@pytest.mark.parametrize(("key", "example"), [*examples(DEFS["when"]), *[("", one) for one in DEFS["when"]["examples"]]])
def test_an_example_of_when(key: str, example: Any) -> None:
    given = {key: example} if key else example
    instead = {one: None for one in ("every", "dates", "before_each_start", "on_signal") if {one} != given.keys() and key in WAYS}
    late = (
        {"if_missed": "run_late"} if "late_by_at_most" in given else {"late_by_at_most": "10m"} if example == "run_late" else {}
    )
    stays = {} if key in ("before_each_start", "on_signal") else {"at": "11:00", "time_zone": "Europe/London"}
    whole = {name: one for name, one in {"every": "day", **instead, **stays, **late, **given}.items() if one is not None}
    limits = {"max_loss": "50.00 GBP", "max_loss_in_total": "500.00 GBP", "max_orders": "5"}
    if key != "before_each_start":
        has_no_problems(limits=limits, when=whole)
        return
    orders = an_order(event=None, market=None, selection=None, favourite="1")
    markets = DEFS["for_each_market"]["examples"][0]
    has_no_problems(limits=limits, when=whole, for_each_market=markets, orders=orders)


@pytest.mark.parametrize(("key", "example"), examples(DEFS["for_each_market"]))
def test_an_example_of_for_each_market(key: str, example: Any) -> None:
    place = {"venue": "betfair", "sport": "Horse Racing", "market": "Win", key: example}
    orders = an_order(event=None, market=None, selection=None, favourite="1")
    has_no_problems(limits={"max_loss": "50.00 GBP", "max_orders": "5"}, for_each_market=place, orders=orders)


@pytest.mark.parametrize("kind", ["order", "step", "limits", "for_each_market", "ticket", "bet", "leg"])
def test_a_whole_example(kind: str) -> None:
    (example,) = DEFS[kind]["examples"]
    match kind:
        case "order":
            has_no_problems(orders=[example])
        case "step":
            has_no_problems(orders=an_order(fallback=[example]))
        case "limits":
            has_no_problems(limits=example)
        case "ticket":
            has_no_problems(tickets=[example])
        case "bet":
            has_no_problems(tickets=a_ticket(example))
        case "leg":
            has_no_problems(tickets=a_ticket({"pool": "double", "legs": [example, LEGS[4]], "unit_stake": "1.00 GBP"}))
        case _:
            orders = an_order(event=None, market=None, selection=None, favourite="1")
            limits = {"max_loss": "50.00 GBP", "max_orders": "5"}
            has_no_problems(limits=limits, for_each_market=example, orders=orders)
