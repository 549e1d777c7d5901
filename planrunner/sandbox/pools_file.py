"""The section `pools` of a scenario file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from planrunner.sandbox.located import Path
from planrunner.sandbox.pools import MINUTE, MeetingScript, NonRunner, Pools, PoolTerms, RaceScript
from planrunner.sandbox.scenario import Start
from planrunner.sandbox.scenario_file import Part, duration, minor, moment, percent

Complain = Callable[[Path, str], None]


def pools(part: Part, start: Callable[[Part], Start], complain: Complain) -> Pools:
    """Problems are told, and read over."""
    names = [one.text("meeting") for one in part.parts("meetings")]
    for place, name in enumerate(names):
        if name in names[:place]:
            complain((*part.at("meetings"), place, "meeting"), f"`{name}` stands in `meetings` twice")
    return Pools(
        meetings=tuple(_meeting(one, start, complain) for one in part.parts("meetings")),
        terms=tuple(_terms(one) for one in part.parts("terms")),
        flat_messages=part.text("messages") == "flat",
        duplicates_as_errors=part.text("duplicate_bets") == "errors",
        rounds_stakes=part.text("stakes") == "rounded down",
    )


def _meeting(part: Part, start: Callable[[Part], Start], complain: Complain) -> MeetingScript:
    races = tuple(_race(one, start, complain) for one in part.parts("races"))
    return MeetingScript(name=part.text("meeting"), country=part.text("country", "GB"), races=races)


def _race(part: Part, start: Callable[[Part], Start], complain: Complain) -> RaceScript:
    runners = tuple(part.texts("runners"))
    for place, name in enumerate(runners):
        if name in runners[:place]:
            complain((*part.at("runners"), place), f"`{name}` runs twice")
    result = tuple(tuple(_texts(group)) for group in part.texts("result"))
    non_runners = tuple(NonRunner(name=one.text("runner"), moment=moment(one)) for one in part.parts("non_runners"))
    _known(part, "result", [name for group in result for name in group], runners, complain)
    _known(part, "non_runners", [one.name for one in non_runners], runners, complain)
    return RaceScript(
        start=start(part),
        runners=runners,
        name=part.text("name"),
        handicap=part.text("handicap") == "yes",
        lasts=part.value("lasts", duration, 2 * MINUTE),
        result=result,
        non_runners=non_runners,
        abandoned=moment(part.part("abandoned")) if "abandoned" in part else None,
    )


def _known(part: Part, key: str, names: list[str], runners: tuple[str, ...], complain: Complain) -> None:
    for name in names:
        if name not in runners:
            complain(part.at(key), f"there is no runner `{name}`; known are {', '.join(runners)}")


def _terms(part: Part) -> PoolTerms:
    return PoolTerms(
        pool=part.text("pool"),
        takeout=part.maybe("takeout", percent),
        bet_least=part.maybe("bet_least", minor),
        bet_most=part.maybe("bet_most", minor),
        line_least=part.maybe("line_least", minor),
        line_most=part.maybe("line_most", minor),
        line_step=part.maybe("line_step", minor),
        carry_in=part.maybe("carry_in", minor),
    )


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value
