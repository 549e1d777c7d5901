"""A preview comes back from its document as it was, and what an approval signs follows the meaning alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from jsonschema import Draft202012Validator

from planrunner import resources
from planrunner.app.check import check_files
from planrunner.app.site import find_site
from planrunner.app.venues import profiles
from planrunner.model.account import AccountLimits, AccountMode, By, Happening, Notice, ServiceTerms, Site, SiteLimits
from planrunner.model.calendar import Calendar
from planrunner.model.market import AccountName
from planrunner.model.money import Money
from planrunner.model.plan import Plan
from planrunner.plan.digest import LANGUAGE
from planrunner.review.explain import explain
from planrunner.review.preview import Preview, Resolved, bound, from_json, policy_of, to_json
from tests.plan.checking import PLAN, PROFILES, SITE, changed, check
from tests.plans.rehearsing import PLANS, ROOT

BETFAIR = AccountName("betfair")
TEN = Money(amount=Decimal(10), currency="GBP")
ARSENAL = Resolved(order="arsenal", market="1.23", selection="47", market_name="Match Odds", selection_name="Arsenal")


def preview_of(text: str = PLAN, site: Site = SITE, file: str = "plan.yaml", **others: object) -> Preview:
    plan = check(text, site).plan
    assert plan is not None, check(text, site).told()
    return made(plan, site, profiles_of=PROFILES, file=file, **others)


def made(plan: Plan, site: Site, profiles_of: object, **others: object) -> Preview:
    told = explain(plan, site, profiles_of)
    usual = {"file": "plan.yaml", "inputs": {}, "occurrences": (), "resolved": (), "unresolved": (), "unknown": ()}
    return Preview(told=told, digest=plan.digest, language=LANGUAGE, policy=policy_of(site, plan), **{**usual, **others})


def shipped(name: str) -> Preview:
    file = ROOT / "plans" / f"{name}.yaml"
    (plan,) = [one.plan for one in check_files([str(file)], read_stdin=bytes).files if one.plan is not None]
    site = find_site(file.parent, None).site
    assert site is not None
    others = {"inputs": {"stake": "5.00 GBP"}, "resolved": (ARSENAL,), "unknown": ("the “odds”\x1b[31m",)}
    return made(plan, site, profiles(), file=str(file), occurrences=("Mon 2026-12-07 11:00",), **others)


@pytest.mark.parametrize("name", PLANS)
def test_a_preview_comes_back_as_it_was(name):
    preview = shipped(name)
    written = json.loads(json.dumps(to_json(preview)))
    Draft202012Validator(resources.schema("preview")).validate(written)
    assert from_json(written) == preview
    assert bound(from_json(written)) == bound(preview) == written["binds"]


def test_whatever_of_a_preview_is_not_as_it_was_written_is_refused():
    """One thing less, more or of another kind, wherever it is, and it is no preview: never half of one, and never a crash."""
    whole = to_json(shipped("several-in-one-market"))
    for spoil in places(whole, []):
        document = json.loads(json.dumps(whole))
        spoil(document)
        with pytest.raises(ValueError, match=r"what stands at|no preview|follows from the rest"):
            from_json(document)


def places(node: object, path: list[str | int]) -> list[Callable[[object], None]]:
    """Ways to spoil a document: each value turned into another kind, and each key left out, or joined by another."""
    found: list[Callable[[object], None]] = []

    def at(document: object, path: list[str | int] = path) -> object:
        for key in path:
            document = document[key]
        return document

    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        if [*path, key] != ["inputs"]:
            found.append(lambda document, key=key: at(document).__setitem__(key, {"not": "this"}))
        if isinstance(node, dict) and path != ["inputs"]:
            found.append(lambda document, key=key: at(document).pop(key))
        found += places(value, [*path, key])
    if isinstance(node, dict) and path != ["inputs"]:
        found.append(lambda document: at(document).__setitem__("more", 1))
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "0" * 64},
        {"inputs": {"stake": "5.00 GBP"}},
        {"resolved": (ARSENAL,)},
        {"language": LANGUAGE + 1},
        {"policy": "0" * 64},
    ],
)
def test_what_is_bound_changes_with_each_of_its_parts(changes):
    assert bound(replace(preview_of(), **changes)) != bound(preview_of())


@pytest.mark.parametrize(
    "other", [{"order": "chelsea"}, {"market": "1.24"}, {"selection": "48"}, {"market": "1.2", "selection": "347"}]
)
def test_other_ids_are_bound_otherwise(other):
    assert bound(preview_of(resolved=(replace(ARSENAL, **other),))) != bound(preview_of(resolved=(ARSENAL,)))


def test_what_is_only_said_is_not_bound():
    said = preview_of(
        changed(("side: back", "side: back  # she said so"), ("odds: 3.10", "odds: 3.1")),
        file="elsewhere.yaml",
        occurrences=("tomorrow",),
        resolved=(replace(ARSENAL, market_name="Resultat", start="soon"),),
        unknown=("much",),
    )
    assert bound(said) == bound(preview_of(resolved=(ARSENAL,)))
    assert bound(said) != bound(preview_of(changed(("odds: 3.10", "odds: 3.15")), resolved=(ARSENAL,)))


def account(**changes: object) -> Site:
    return replace(SITE, accounts={**SITE.accounts, BETFAIR: replace(SITE.accounts[BETFAIR], **changes)})


@pytest.mark.parametrize(
    "site",
    [
        account(mode=AccountMode.LIVE),
        account(venue="corner"),
        account(time_zone="Europe/London"),
        account(limits=AccountLimits(max_loss_per_day=TEN)),
        account(allow_lay=True),
        replace(SITE, limits=SiteLimits(max_open_exposure=TEN)),
        replace(SITE, live_needs_approval=False),
    ],
)
def test_what_of_the_site_holds_for_a_plan_is_bound(site):
    plan = check(PLAN).plan
    assert policy_of(site, plan) != policy_of(SITE, plan)


@pytest.mark.parametrize(
    "site",
    [
        account(credentials="keyring"),
        replace(SITE, accounts={BETFAIR: SITE.accounts[BETFAIR]}),
        replace(SITE, accounts=dict(reversed(SITE.accounts.items()))),
        replace(SITE, notify=(Notice(by=By.EMAIL, to="a@example.org", on=frozenset({Happening.SETTLED})),)),
        replace(SITE, service=ServiceTerms(credentials="file")),
        replace(SITE, calendars={"england": Calendar(name="england", days=())}),
        replace(SITE, file="planrunner.yaml", lines={"policy": 3}),
    ],
)
def test_what_of_the_site_does_not_hold_for_a_plan_is_not_bound(site):
    plan = check(PLAN).plan
    assert policy_of(site, plan) == policy_of(SITE, plan)
