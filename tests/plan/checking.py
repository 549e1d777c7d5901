"""Checking a text as the command line would, with the real venue and one that can do little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from textwrap import dedent

from planrunner import resources
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.market import Market
from planrunner.model.odds import Side
from planrunner.model.plan import OrderType
from planrunner.model.pools import Pool
from planrunner.model.profile import Minimum
from planrunner.plan import pipeline
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.problems import Problem
from planrunner.plan.site_file import default_site
from planrunner.venues.betfair.profile import PROFILE as BETFAIR
from planrunner.venues.oddspapi_abp.profile import PROFILE as ODDSPAPI_ABP
from planrunner.venues.tote.profile import PROFILE as TOTE

# Takes backs only, keeps nothing after the start, and has no exception from its minimum.
CORNER = replace(
    BETFAIR,
    venue="corner",
    title="Corner Shop",
    sides=frozenset({Side.BACK}),
    types=frozenset({OrderType.LIMIT, OrderType.FILL_OR_KILL}),
    minimums={"GBP": Minimum(stake=Decimal(2)), "EUR": Minimum(stake=Decimal(2))},
    can_keep_in_play=False,
    kept_orders_types=frozenset(),
    average_odds_types=frozenset(),
    min_fill_types=frozenset(),
)
# Has few of the Tote's pools.
PARLOUR = replace(TOTE, venue="parlour", title="Betting Parlour", pools=frozenset({Pool.WIN, Pool.PLACE}))
# The router, in pounds as the other plans of these tests.
ABP = replace(ODDSPAPI_ABP, usual_currency="GBP")
PROFILES = {"betfair": BETFAIR, "corner": CORNER, "tote": TOTE, "parlour": PARLOUR, "oddspapi_abp": ABP}
SITE = default_site(PROFILES)

PLAN = """\
planrunner: 1
plan: Back Arsenal, chase down to 2.90

limits:
  max_loss: 25.00 GBP

orders:
  - name: arsenal
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: Arsenal
    side: back
    odds: 3.10
    stake: 25.00 GBP
    expires_before_start: 1m
    fallback:
      - every: 30s
        reprice: 1 tick
        no_worse_than: 2.90
      - if: suspended
        alert: The market is suspended
"""


def check(
    text: str | bytes,
    site: Site = SITE,
    name: str = "plan.yaml",
    *,
    files: Mapping[str, str | bytes] | None = None,
    given: Given = NOTHING_GIVEN,
    markets: Sequence[Market] | None = None,
) -> pipeline.Checked:
    """`files` are those beside the plan."""
    known = {**(files or {}), name: text}

    def read(wanted: str) -> bytes:
        if wanted not in known:
            raise WrongUse(f"{wanted}: there is no such file")
        found = known[wanted]
        return found if isinstance(found, bytes) else found.encode()

    schema = resources.schema("plan")
    return pipeline.check(name, read, schema=schema, site=site, profiles=PROFILES, given=given, markets=markets)


def check_site(text: str | bytes, name: str = "planrunner.yaml") -> pipeline.CheckedSite:
    data = text if isinstance(text, bytes) else text.encode()
    return pipeline.read_site(name, lambda _: data, schema=resources.schema("site"), profiles=PROFILES)


def problems(text: str) -> tuple[Problem, ...]:
    return check(text).problems


def codes(text: str) -> list[str]:
    return [one.code for one in problems(text)]


def changed(*changes: tuple[str, str], plan: str = PLAN) -> str:
    """The plan with parts of its text replaced; a part that is not there is a mistake in the test."""
    for old, new in changes:
        assert old in plan, old
        plan = plan.replace(old, new)
    return plan


def order(lines: str) -> str:
    """A plan of one order, of which only these lines matter."""
    given = dedent(lines).strip("\n")
    keys = {line.split(":")[0] for line in given.splitlines() if line and line[0] not in " -"}
    usual = {
        "name": "one", "venue": "betfair", "event": "Arsenal v Chelsea", "market": "Match Odds", "selection": "Arsenal",
        "side": "back", "odds": "3.10", "stake": "10.00 GBP",
    }  # fmt: skip
    rest = [f"{key}: {value}" for key, value in usual.items() if key not in keys]
    body = "\n".join("    " + line for line in (*rest, *given.splitlines()))
    return f"planrunner: 1\nplan: One order\nlimits:\n  max_loss: 100.00 GBP\norders:\n  - {body.lstrip()}\n"
