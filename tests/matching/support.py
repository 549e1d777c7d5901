"""Words for the tests: odds and money as people write them, markets and recordings ready to use."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import count
from pathlib import Path

from planrunner.matching.bet import Bet, Persistence
from planrunner.matching.book import LimitBook
from planrunner.matching.market import Market
from planrunner.matching.recorded import RecordedMarket, read_lines
from planrunner.model.odds import Band, Ladder, Side

BACK, LAY = Side.BACK, Side.LAY
ROWS = """1.01 2 0.01, 2 3 0.02, 3 4 0.05, 4 6 0.1, 6 10 0.2, 10 20 0.5, 20 30 1, 30 50 2, 50 100 5, 100 1000 10"""
LADDER = Ladder(
    "CLASSIC",
    tuple(Band(low=Decimal(low), high=Decimal(high), step=Decimal(step)) for low, high, step in map(str.split, ROWS.split(","))),
)
LADDERS = {"CLASSIC": LADDER}
REDS = Path(__file__).parent / "data" / "reds.jsonl"
T = 1_000_000  # when that recording begins
_ids = count(1)


def tick(text: str) -> int:
    found = LADDER.tick(Decimal(text))
    assert found is not None
    return found


def pence(text: str) -> int:
    return int(Decimal(text) * 100)


def bet(side, limit, stake, *, at=T, runner=11, owner="me", keep=False, min_fill=None, kill=False):
    return Bet(
        id=next(_ids), owner=owner, runner=runner, side=side, tick=tick(limit), size=pence(stake), placed_at=at,
        persistence=Persistence.PERSIST if keep else Persistence.LAPSE,
        fill_or_kill=kill, min_fill=None if min_fill is None else pence(min_fill),
    )  # fmt: skip


def open_market(**given):
    return Market(ladder=LADDER, runners=[11, 22], book=LimitBook(), **given)


def placed(market, *args, at=T, **given):
    """A new bet, placed now."""
    new = bet(*args, at=at, **given)
    market.place(new, at)
    return new


def accepted(market, *args, at=T, **given):
    new = bet(*args, at=at, **given)
    market.accept(new, at)
    return new


def odds(at):
    return f"{LADDER.odds(at).normalize():f}"


def pounds(size):
    return f"{(Decimal(size) / 100).normalize():f}"


def quotes(offers):
    """Ticks and pence as odds and pounds."""
    return [(odds(at), pounds(size)) for at, size in offers]


def fills(one):
    return [(odds(fill.tick), pounds(fill.size), fill.at) for fill in one.fills]


def sizes(one):
    """matched, remaining, cancelled, lapsed, voided"""
    return tuple(map(pounds, (one.matched, one.remaining, one.cancelled, one.lapsed, one.voided)))


def conserved(one):
    parts = (one.matched, one.remaining, one.cancelled, one.lapsed, one.voided)
    return sum(parts) == one.size and min(parts) >= 0 and sum(fill.size for fill in one.fills) == one.matched


def reds(until=T):
    """The small recording in `data`, played until then."""
    recorded = RecordedMarket(REDS.read_bytes().splitlines(), LADDERS)
    recorded.advance(until)
    return recorded


def from_file(path, until=0):
    with path.open("rb") as file:
        recorded = RecordedMarket(list(read_lines(file)), LADDERS)
    recorded.advance(until)
    return recorded


def line(at, *runners, **change):
    """One line of a recording of market 1.1."""
    return json.dumps({"op": "mcm", "pt": at, "mc": [{"id": "1.1", "rc": list(runners), **change}]}).encode()


def definition(status="OPEN", **changed):
    return {
        "status": status, "inPlay": False, "betDelay": 0, "marketTime": "2026-12-05T15:00:00.000Z", "numberOfWinners": 1,
        "runners": [{"id": 11, "status": "ACTIVE"}, {"id": 22, "status": "ACTIVE"}], **changed,
    }  # fmt: skip


def played(*lines):
    recorded = RecordedMarket(lines, LADDERS)
    recorded.advance(recorded.begins)
    return recorded


def exported(bets):
    """The fills of bets as `raw_lines_check` reads them."""
    return [
        {
            "bet": one.id, "selection": one.runner, "side": one.side.value, "asked": odds(one.tick),
            "stake": pounds(one.size), "placed_ms": one.placed_at, "odds": odds(fill.tick),
            "size": pounds(fill.size), "at_ms": fill.at, "taking": fill.taking, "fill_or_kill": one.fill_or_kill,
        }
        for one in bets
        for fill in one.fills
    ]  # fmt: skip
