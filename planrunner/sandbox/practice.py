"""The practice world that ships: rehearsals without a scenario of their own play in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import resources

from planrunner.model.names import nearest, same_name
from planrunner.sandbox.building import Builder, begin_of, build
from planrunner.sandbox.cases import CASES
from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.faults import Faults
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import HOUR, FixtureScript, MarketScript, Runner, Scenario, Start
from planrunner.sandbox.scenario_file import KNOWN_MARKETS, decode
from planrunner.sandbox.world import World

# An invented fixture starts this long after the world begins, unless a time is asked for.
INVENTED_STARTS_AFTER = 3 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A world with the faults that belong to it, and the means to invent what a plan names and the world lacks."""

    world: World
    faults: Faults
    scenario: Scenario

    def names(self) -> list[str]:
        """The fixtures and meetings there are."""
        fixtures = self.world.fixtures.values()
        return list(dict.fromkeys([fixture.name for fixture in fixtures] + [one.meeting for one in fixtures if one.meeting]))

    def invent(self, event: str, market: str, selections: Sequence[str], *, start: datetime | None = None) -> str:
        """Add a market, and its fixture where there is none of that name; answers the market's id.

        The selections named come first; what such a market has anyway fills it up. A name that is nearly one of those is a
        slip, and no other selection.
        """
        usual = _usual_selections(event, market)
        names = list(dict.fromkeys([*(one for one in selections if not _is_slip(one, usual)), *usual]))
        runners = tuple(Runner(name=name, fair=Decimal(len(names))) for name in names)
        script = MarketScript(name=market, type=KNOWN_MARKETS.get(market, market.upper().replace(" ", "_")), runners=runners)
        begins = Start(after=INVENTED_STARTS_AFTER if start is None else to_ms(start) - to_ms(self.world.begin))
        fixture = FixtureScript(name=event, sport="Football", start=begins, lasts=2 * HOUR, markets=(script,))
        before = set(self.world.boards)
        Builder(scenario=self.scenario, world=self.world, nominal=self.world.begin).add(fixture)
        return next(market for market in self.world.boards if market not in before)


def practice_scenario() -> Scenario:
    """As it ships, before any case."""
    content = (resources.files("planrunner.sandbox") / "worlds" / "practice.yaml").read_bytes()
    return decode("practice.yaml", content)


def practice_world(*, day: date, seed: int, case: str, begin: datetime | None = None, log: VenueLog | None = None) -> Rehearsal:
    """The practice world of a day. Raises KeyError for a case that is not in CASES."""
    return rehearse(practice_scenario(), day=day, seed=seed, case=case, begin=begin, log=log)


def rehearse(
    scenario: Scenario, *, day: date, seed: int, case: str = "usual", begin: datetime | None = None, log: VenueLog | None = None
) -> Rehearsal:
    """A scenario as a case changes it. Its clock begins at `begin`, or where the scenario says on that day."""
    changed = CASES[case].change(scenario)
    world = build(changed, begin=begin or begin_of(changed, day=day), seed=seed, log=log or VenueLog())
    return Rehearsal(world=world, faults=Faults(faults=list(changed.faults), seed=seed), scenario=changed)


def _is_slip(name: str, usual: Sequence[str]) -> bool:
    return name not in usual and (any(same_name(name, one) for one in usual) or nearest(name, usual) is not None)


def _usual_selections(event: str, market: str) -> list[str]:
    """What such a market has anyway: both teams and the draw, or over and under."""
    home, versus, away = event.partition(" v ")
    if market == "Match Odds" and versus:
        return [home, away, "The Draw"]
    if market.startswith("Over/Under "):
        line = market.removeprefix("Over/Under ")
        return [f"Under {line}", f"Over {line}"]
    return ["Any other"]
