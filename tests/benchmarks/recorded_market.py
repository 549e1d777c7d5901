"""How fast a recorded market is played, with a few orders of ours resting in it.

    python tests/benchmarks/recorded_market.py [RECORDING ...]

Without arguments: every recording in ../shared/data/markets, or a synthetic one where that folder is absent. Each is played from
end to end through the matching engine, and in the same run its lines go through a bare `json.loads` loop, the floor for anything
that reads the stream with the standard library. Both read the packed file. CPU time, best of five; peak memory is that of a
process which does nothing else.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from planrunner.matching.bet import Bet, Persistence  # noqa: E402
from planrunner.matching.recorded import RecordedMarket, read_lines  # noqa: E402
from planrunner.model.market import MarketStatus  # noqa: E402
from planrunner.model.odds import Band, Ladder, Side  # noqa: E402

MARKETS = ROOT.parent / "shared" / "data" / "markets"
RUNS = 5
ROWS = "1.01 2 0.01, 2 3 0.02, 3 4 0.05, 4 6 0.1, 6 10 0.2, 10 20 0.5, 20 30 1, 30 50 2, 50 100 5, 100 1000 10"
BANDS = (Band(low=Decimal(low), high=Decimal(high), step=Decimal(step)) for low, high, step in map(str.split, ROWS.split(",")))
CLASSIC = Ladder("CLASSIC", tuple(BANDS))
LADDERS = {"CLASSIC": CLASSIC}


@dataclass(frozen=True)
class Orders:
    """A back and a lay of `size` pence on each of the first `runners`, asked again once both are matched, kept in play."""

    runners: int
    size: int


NONE, FEW, MANY = Orders(0, 0), Orders(1, 50_00), Orders(99, 10_000_00)


def play(path: Path, orders: Orders) -> tuple[int, int]:
    """Lines played and pence matched."""
    with path.open("rb") as file:
        recorded = RecordedMarket(read_lines(file), LADDERS)
        ids = count(1)
        bets: list[Bet] = []
        live: list[Bet] = []
        at = recorded.begins
        while not recorded.finished:
            recorded.advance(at)
            live = [bet for bet in live if bet.remaining]
            if recorded.market.status is MarketStatus.OPEN and not live:
                runners = recorded.market.runners[: orders.runners]
                live = [place(recorded, runner, side, orders.size, next(ids), at) for runner in runners for side in Side]
                bets += live
            at += 60_000
    return recorded.lines_read, sum(bet.matched for bet in bets)


def place(recorded: RecordedMarket, runner: int, side: Side, size: int, number: int, at: int) -> Bet:
    """Three ticks behind the best of its own side."""
    offers = recorded.market.offers(runner)
    shown = offers.lay if side is Side.BACK else offers.back
    away = 3 if side is Side.BACK else -3
    tick = min(max((shown[0][0] if shown else CLASSIC.ticks // 2) + away, 0), CLASSIC.ticks - 1)
    keep = Persistence.PERSIST
    bet = Bet(id=number, owner="me", runner=runner, side=side, tick=tick, size=size, placed_at=at, persistence=keep)
    recorded.market.accept(bet, at)
    return bet


def floor(path: Path) -> None:
    with gzip.open(path) as file:
        for line in file.read().splitlines():
            json.loads(line)


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(path: Path) -> None:
    lines, _ = play(path, MANY)
    peak = peak_mib()  # before the floor, which reads the whole file at once
    bare = best(lambda: floor(path))
    print(f"{path.name}: {lines:,} lines, peak memory {peak:.1f} MiB")
    print(f"  bare json.loads                 {lines / bare:>9,.0f} lines/s")
    for name, orders in (("no orders", NONE), ("two orders", FEW), ("two large ones per runner", MANY)):
        took = best(lambda orders=orders: play(path, orders))  # type: ignore[misc]
        _, matched = play(path, orders)
        print(f"  played, {name:<26}{lines / took:>7,.0f} lines/s   {bare / took:.2f} x bare   {matched / 100:,.2f} matched")


def synthetic(path: Path, lines: int = 20_000) -> Path:
    """A market of three runners whose odds wander; one change per line, as most lines of real recordings are."""
    chance = random.Random(1)
    runners = [{"id": number, "status": "ACTIVE"} for number in (11, 22, 33)]
    told = {"status": "OPEN", "marketTime": "2026-12-05T15:00:00.000Z", "numberOfWinners": 1, "runners": runners}
    texts = [{"op": "mcm", "pt": 0, "mc": [{"id": "1.1", "img": True, "marketDefinition": told}]}]
    traded: dict[tuple[int, Decimal], Decimal] = {}
    for at in range(1, lines):
        runner, odds = chance.choice((11, 22, 33)), CLASSIC.odds(chance.randint(130, 150))
        change: dict[str, object] = {"id": runner}
        if chance.random() < 0.4:
            traded[runner, odds] = traded.get((runner, odds), Decimal(0)) + Decimal(chance.randint(2, 9_999)) / 100
            change["trd"] = [[float(odds), float(traded[runner, odds])]]
        change[chance.choice(["atb", "atl"])] = [[float(odds), chance.randint(0, 99_999) / 100]]
        texts.append({"op": "mcm", "pt": at * 700, "mc": [{"id": "1.1", "rc": [change]}]})
    path.write_bytes(gzip.compress("\n".join(json.dumps(text, separators=(",", ":")) for text in texts).encode()))
    return path


def main() -> None:
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        measure(Path(sys.argv[2]))
        return
    paths = [Path(name) for name in sys.argv[1:]] or sorted(MARKETS.glob("*.gz"))
    with tempfile.TemporaryDirectory() as folder:
        for path in paths or [synthetic(Path(folder) / "synthetic.gz")]:
            subprocess.run([sys.executable, __file__, "--one", str(path)], check=True)


if __name__ == "__main__":
    main()
