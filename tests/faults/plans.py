"""The plans that are run on the course, and the world they are run in.

On Arsenal a backer can take 25.00 at 3.00 and a layer 25.00 at 3.10. Of what rests on the draw 40 % are taken after five seconds;
what rests on Chelsea is never matched.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from planrunner.sandbox.scenario import (
    HOUR,
    MINUTE,
    SECOND,
    Base,
    Due,
    FixtureScript,
    MarketScript,
    Moment,
    Reaction,
    Reopen,
    Runner,
    Scenario,
    ShowOffers,
    Start,
    When,
)

_OFFERS = (
    ShowOffers(selection="Arsenal", to_back=((Decimal("3.00"), 2500),), to_lay=((Decimal("3.10"), 2500),)),
    ShowOffers(selection="Chelsea", to_back=((Decimal("4.00"), 2500),), to_lay=((Decimal("5.0"), 2500),)),
)  # fmt: skip
# Nothing can be taken back from a suspended market, so none stays so for long.
_REOPENS = tuple(Due(moment=Moment(base=Base.BEGIN, delay=minutes * MINUTE), happening=Reopen()) for minutes in range(1, 30))
_MARKET = MarketScript(
    name="Match Odds",
    type="MATCH_ODDS",
    runners=(Runner(name="Arsenal"), Runner(name="Chelsea"), Runner(name="The Draw")),
    happenings=(*(Due(moment=Moment(base=Base.BEGIN, delay=0), happening=offers) for offers in _OFFERS), *_REOPENS),
    result=("Arsenal",),
)
_FIXTURE = FixtureScript(
    name="Arsenal v Chelsea", sport="Football", start=Start(after=3 * HOUR), lasts=2 * HOUR, markets=(_MARKET,)
)  # fmt: skip
WORLD = Scenario(
    name="the course",
    fixtures=(_FIXTURE,),
    reactions=(Reaction(when=When.RESTS, share=Decimal("0.4"), after=5 * SECOND, selection="The Draw"),),
)  # fmt: skip

_HEAD = """\
planrunner: 1
plan: {name}
limits:
  max_loss: {max_loss} GBP
orders:
"""
_ORDER = """\
  - name: {name}
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: {selection}
    side: {side}
    odds: {odds}
    stake: {stake} GBP
"""


def _order(selection: str, odds: str, stake: str, *more: str, side: str = "back") -> str:
    name = f"{side}-{selection.split()[-1].lower()}-{odds.replace('.', '-')}"
    text = _ORDER.format(name=name, selection=selection, side=side, odds=odds, stake=stake)
    return text + "".join(f"    {line}\n" for line in more)


def _plan(name: str, max_loss: str, *orders: str) -> str:
    return _HEAD.format(name=name, max_loss=max_loss) + "".join(orders)


_CHASE = ("expires_after: 25s", "fallback:", "  - every: 8s", "    reprice: 1 tick", "    no_worse_than: 4.20")
_BEST = ("expires_after: 25s", "fallback:", "  - after: 6s", "    reprice: best", "    no_worse_than: 3.00")
_HEDGE = (
    "expires_after: 30s",
    "fallback:",
    "  - after: 5s",
    "    hedge: green_up",
    "    no_worse_than: 3.30",
    "    for_at_most: 15s",
)

PLANS: dict[str, str] = {
    "two": _plan(
        "One matches at once, one in part", "20.00",
        _order("Arsenal", "3.00", "10.00", "expires_after: 20s"), _order("The Draw", "4.00", "10.00", "expires_after: 20s"),
    ),
    "chase": _plan("One is moved twice", "8.00", _order("Chelsea", "4.60", "8.00", *_CHASE)),
    "best": _plan(
        "One is moved to where it matches, one waits", "16.00",
        _order("Chelsea", "4.60", "8.00", *_BEST), _order("The Draw", "6.00", "8.00", "expires_after: 15s"),
    ),
    "kill": _plan(
        "All or nothing", "30.00",
        _order("Arsenal", "3.00", "20.00", "odds_hold_for: average", "type: fill_or_kill", "min_fill: 10.00 GBP"),
        _order("Chelsea", "4.20", "10.00", "odds_hold_for: average", "type: fill_or_kill"),
    ),
    "lay": _plan(
        "A lay", "16.00", _order("The Draw", "4.00", "5.00", "liability_at_most: 16.00 GBP", "expires_after: 15s", side="lay")
    ),
    "hedge": _plan("Backed and laid again", "10.00", _order("Arsenal", "3.00", "10.00", *_HEDGE)),
    "only if": _plan(
        "Only if the odds are there", "20.00",
        _order("Arsenal", "3.00", "10.00", "only_if:", "  odds_at_least: 2.90", "expires_after: 10s"),
        _order("Chelsea", "4.60", "10.00", "only_if:", "  odds_at_least: 4.50", "expires_after: 10s"),
    ),
    "three": _plan(
        "As much as may be lost", "15.00",
        *(_order(selection, odds, "5.00", "expires_after: 12s")
          for selection, odds in (("Arsenal", "3.00"), ("The Draw", "4.00"), ("Chelsea", "4.60"))),
    ),
}  # fmt: skip


def written(folder: Path) -> dict[str, Path]:
    """The plans as files, each in a folder of its own."""
    files = {name: folder / name.replace(" ", "-") / "plan.yaml" for name in PLANS}
    for name, file in files.items():
        file.parent.mkdir(parents=True)
        file.write_text(PLANS[name])
    return files
