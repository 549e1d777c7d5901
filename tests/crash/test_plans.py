"""Every plan that ships is killed before and after what it writes down and what it asks of the venue, and taken up again.

It ends with the bets that it has when nobody interferes, or says which reference a person must look up. A new plan in `plans/` is
covered by being there.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from planrunner.app.outcome import Exit
from planrunner.model.journal import RunState
from tests.audited import audited
from tests.crash.quiet import KILLED, WORLDS, Ended, Quiet, Trouble, hooks_of, hurried

PLANS = Path(__file__).parents[2] / "plans"
SHIPPED = [*sorted(PLANS.glob("*.yaml")), *sorted(PLANS.glob("two-venues/*-then-*.yaml"))]
SEED = 20261205
SHARE = 1  # kills of each plan, where not all are asked for
TWICE = 20  # pairs of kills of each plan in each world, when all are

Kills = tuple[str, ...]  # of the first process, and of the one that takes its run up


@dataclass(frozen=True)
class Undisturbed:
    """How a plan ends when nobody interferes, and what it comes to on the way."""

    code: int
    bets: list[tuple[object, ...]]
    hooks: list[str]


def undisturbed(plan: Path, world: str, folder: Path) -> Undisturbed:
    folder.mkdir()
    with closing(Quiet(plan, world, folder)) as quiet:
        ended = quiet.begin(Trouble(list_to=folder / "hooks"))
        assert ended.code in (Exit.DONE, Exit.NOT_AS_PLANNED), ended
        audited(quiet.journal, quiet.log())
        hooks = list(hooks_of(folder / "hooks"))
        assert {name.partition(".")[0] for name in hooks} == {"append", "intent", "send", "reply"}
        return Undisturbed(ended.code, quiet.bets(), hooks)


def killed(plan: Path, world: str, folder: Path, kills: Kills, expected: Undisturbed) -> str | None:
    """Answers what is wrong; None when nothing is."""
    folder.mkdir()
    with closing(Quiet(plan, world, folder)) as quiet:
        ended = quiet.begin(Trouble(crash_at=kills[0]))
        for moment in (*kills[1:], None):
            following = quiet.go_on(Trouble(crash_at=moment))
            ended = ended if following.code == KILLED and not moment else following
        return wrong(quiet, ended, expected)


def wrong(quiet: Quiet, ended: Ended, expected: Undisturbed) -> str | None:
    [state] = quiet.states().values()
    if state is RunState.RUNNING:
        return f"it does not end: {ended}"
    audited(quiet.journal, quiet.log())
    found = quiet.bets()
    if ended.code == Exit.UNKNOWN_EXPOSURE:
        unnamed = [ref for ref in quiet.open_bets() if ref not in ended.text]
        return f"unresolved, and {unnamed} is not told: {ended.text}" if unnamed else None
    if found != expected.bets:
        return f"{found}\ninstead of {expected.bets}\n{ended}"
    return None if ended.code in (expected.code, KILLED) else f"exit {ended}, instead of {expected.code}"


def all_wrong(plan: Path, world: str, folder: Path, moments: Iterable[Kills], expected: Undisturbed) -> list[str]:
    told = []
    for number, kills in enumerate(moments):
        try:
            found = killed(plan, world, folder / f"{world}-{number}", kills, expected)
        except AssertionError as broken:
            found = str(broken)
        if found:
            told.append(f"{plan.name}, {world}, killed at {' and '.join(kills)}: {found}")
    return told


def pairs(hooks: list[str], count: int, dice: random.Random) -> list[Kills]:
    return [(dice.choice(hooks), dice.choice(hooks[: 1 + len(hooks) // 2])) for _ in range(count)]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda plan: plan.stem)
def test_a_share_of_the_kills(shipped: Path, tmp_path: Path) -> None:
    dice = random.Random(f"{SEED} {shipped.stem}")
    plan, world = hurried(shipped, tmp_path), dice.choice(list(WORLDS))
    expected = undisturbed(plan, world, tmp_path / "undisturbed")
    moments = [(dice.choice(expected.hooks),) for _ in range(SHARE - 1)] + pairs(expected.hooks, 1, dice)
    assert not (told := all_wrong(plan, world, tmp_path, moments, expected)), "\n".join(told)


@pytest.mark.storm
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda plan: plan.stem)
def test_all_of_the_kills_and_pairs_of_them(shipped: Path, world: str, tmp_path: Path) -> None:
    dice = random.Random(f"{SEED} {shipped.stem} {world}")
    plan = hurried(shipped, tmp_path)
    expected = undisturbed(plan, world, tmp_path / "undisturbed")
    moments = [(hook,) for hook in expected.hooks] + pairs(expected.hooks, TWICE, dice)
    assert not (told := all_wrong(plan, world, tmp_path, moments, expected)), "\n".join(told)
