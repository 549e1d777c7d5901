"""Whatever is recorded and whatever we place: every fill could have happened beside the raw lines, and sizes add up.

The check is `raw_lines_check`, which shares no code with the matching. Real recordings are used where they are at hand.
"""

import random
import subprocess
import sys
from itertools import accumulate
from json import dumps
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.matching.bet import Bet, Persistence
from planrunner.matching.recorded import survey
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side
from tests.laws import law
from tests.matching import raw_lines_check
from tests.matching.raw_lines_check import check
from tests.matching.support import BACK, LADDER, LADDERS, LAY, T, conserved, definition, exported, from_file, line, played, tick

RECORDINGS = sorted((Path(__file__).parents[3] / "shared" / "data" / "markets").glob("*.gz"))
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="no recorded markets beside the project")

NEAR = ["2.96", "2.98", "3", "3.05", "3.1"]
SIZES = st.sampled_from(["0", "0.01", "1", "1.99", "2", "5.5", "20"])
LEVELS = st.lists(st.tuples(st.sampled_from(NEAR), SIZES), max_size=3)
VOLUMES = st.lists(st.tuples(st.sampled_from(NEAR), st.sampled_from(["-3", "0.01", "0.5", "4", "4.03", "30"])), max_size=2)
ORDERS = st.tuples(st.sampled_from(Side), st.sampled_from(NEAR), st.integers(1, 900), st.booleans(), st.booleans())
STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"atb": LEVELS, "atl": LEVELS, "trd": VOLUMES, "img": st.just(value=False) | st.just(value=True)}),
        ORDERS,
        ORDERS,
        st.sampled_from(["SUSPENDED", "OPEN", "IN_PLAY", "CANCEL"]),
    ),
    min_size=5,
    max_size=30,
)


class Play:
    """Turns steps into lines of a recording and orders between them."""

    def __init__(self, steps):
        self.traded = dict.fromkeys(NEAR, 0)
        self.in_play = False
        self.lines = [line(T, {"id": 11, "atb": [], "atl": []}, marketDefinition=definition(), img=True)]
        self.orders = []
        for at, step in zip(accumulate([700] * len(steps), initial=T), steps, strict=False):
            self.add(at, step)

    def add(self, at, step):
        if isinstance(step, dict):
            trades = [(odds, self.trade(odds, volume)) for odds, volume in step["trd"]]
            runner = {"id": 11, "atb": self.numbers(step["atb"]), "atl": self.numbers(step["atl"]), "trd": self.numbers(trades)}
            self.lines.append(line(at, runner, img=step["img"]))
        elif isinstance(step, tuple) or step == "CANCEL":
            self.orders.append((at, step))
        else:
            self.in_play = self.in_play or step == "IN_PLAY"
            status = "OPEN" if step == "IN_PLAY" else step
            told = definition(status, inPlay=self.in_play, betDelay=1 if self.in_play else 0)
            self.lines.append(line(at, {"id": 11, "trd": [[3, self.trade("3", "2")]]}, marketDefinition=told))

    def trade(self, odds, volume):
        self.traded[odds] = max(round(self.traded[odds] + float(volume), 2), 0)
        return self.traded[odds]

    def numbers(self, levels):
        return [[float(odds), float(size)] for odds, size in levels]


@given(steps=STEPS)
@law(100, share=30)
def test_fills_beside_any_recording_could_have_happened(steps):
    play = Play(steps)
    recorded, bets = played(*play.lines), []
    for at, order in play.orders:
        recorded.advance(at)
        if order == "CANCEL":
            for one in bets[-2:]:
                recorded.market.cancel(one.id, 100, at)
        elif recorded.market.status is MarketStatus.OPEN:
            bets.append(ordered(len(bets) + 1, at, *order))
            recorded.market.accept(bets[-1], at)
    recorded.advance(T + 10**6)
    assert all(conserved(one) for one in bets)
    assert check(play.lines, exported(bets)) == []


def ordered(number, at, side, odds, size, kill, keep):
    persistence = Persistence.PERSIST if keep else Persistence.LAPSE
    return Bet(
        id=number, owner="me", runner=11, side=side, tick=tick(odds), size=size, placed_at=at, persistence=persistence,
        fill_or_kill=kill, min_fill=min(size, 5) if kill else None,
    )  # fmt: skip


def trade_through(path, seed, count=300):
    """Place orders near the screen all along a recording, and take some back: (all bets, recorded market)."""
    chance = random.Random(seed)
    found = survey(raw_lines_check.read_recording(path), LADDERS)
    recorded, bets = from_file(path), []
    begins = max(found.begins, (found.turned_in_play_at or found.first.start) - 3_600_000)
    for at in sorted(chance.randint(begins, found.ends) for _ in range(count)):
        recorded.advance(at)
        if recorded.market.status is MarketStatus.OPEN:
            bets.append(near_the_screen(recorded.market, chance, len(bets) + 1, at))
            if chance.random() < 0.2:
                recorded.market.cancel(chance.choice(bets).id, None, at)
    recorded.advance(found.ends)
    return bets, recorded


def near_the_screen(market, chance, number, at):
    runner, side = chance.choice(market.runners), chance.choice(list(Side))
    offers = market.offers(runner)
    best = offers.back if side is BACK else offers.lay
    middle = best[0][0] if best else LADDER.ticks // 2
    limit = min(max(middle + chance.randint(-3, 3), 0), LADDER.ticks - 1)
    keep = chance.choice([Persistence.LAPSE, Persistence.PERSIST])
    one = Bet(
        id=number,
        owner="me",
        runner=runner,
        side=side,
        tick=limit,
        size=chance.randint(100, 5_000),
        placed_at=at,
        persistence=keep,
        fill_or_kill=chance.random() < 0.1,
    )
    market.accept(one, at)
    return one


@needs_recordings
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_fills_beside_real_recordings_could_have_happened(path):
    bets, recorded = trade_through(path, seed=path.stem)
    made = exported(bets)
    assert recorded.market.status is MarketStatus.CLOSED
    assert all(conserved(one) and not one.remaining for one in bets)
    assert {fill["taking"] for fill in made} == {True, False}
    assert {one.side for one in bets if one.matched} == {BACK, LAY}
    assert check(raw_lines_check.read_recording(path), made) == []


@needs_recordings
@pytest.mark.parametrize("path", RECORDINGS[:1], ids=lambda path: path.stem)
def test_the_check_as_a_script_finds_fills_that_cannot_have_happened(path, tmp_path):
    made = exported(trade_through(path, seed="script")[0])
    resting = next(fill for fill in made if not fill["taking"])
    taking = next(fill for fill in made if fill["taking"])
    wrong = [resting | {"at_ms": resting["placed_ms"] + 1}, taking | {"size": "100000", "stake": "100000"}]
    for fills, code in ((made, 0), (wrong[:1], 1), (wrong[1:], 1), ([], 2)):
        (tmp_path / "fills.json").write_text(dumps(fills))
        command = [sys.executable, raw_lines_check.__file__, str(path), str(tmp_path / "fills.json")]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
