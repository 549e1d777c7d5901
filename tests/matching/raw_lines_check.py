"""Check fills against the raw lines of a recorded market: could they have happened beside what the recording shows?

    python tests/matching/raw_lines_check.py RECORDING FILLS

RECORDING is a Betfair stream file of one market, plain or gzip, with full depth (atb, atl) and traded volume (trd).

FILLS is either JSON, a list with one object per fill:

    {"bet": "1",              which bet the fill belongs to
     "selection": 228749,
     "side": "back",          or "lay"
     "asked": "3.1",          the bet's limit
     "stake": "5.00",         the bet's size
     "placed_ms": 1657537000000,   when the market took the bet in; the bet delay recorded for that moment is added here
     "odds": "3.15",          at which this part was matched
     "size": "2.00",          how much of it
     "at_ms": 1657537000000,  when
     "taking": true,          it took what was shown; false: it rested and was reached by traded volume; may be left out:
                              what was matched in the moment the bet came took, what was matched later rested
     "fill_or_kill": false}   may be left out; true: the limit holds for the average only

or a log of the sandbox: JSON lines, of which those of kind `bet` and `fill` are read.

What must hold, with all amounts exact:

1. Taking: over any stretch of time, what was taken of a level is at most what stood there when the stretch began plus what the
   recording added to it since. So no shown size is taken twice.
2. Resting: what a bet got is at most half the volume traded at its odds since it came (traded volume counts both sides of a
   trade) less the size shown at its odds, on its side, when it came; plus half the volume traded at odds beyond its own.
3. Sharing: what all bets on a selection got at one moment is at most half the volume traded at that moment. Each bet may have
   half a penny from before.
4. Fills happen while the market is open, within the limit of the bet (resting ones exactly at it), and never exceed its size.

Exit code 0: all fills hold; 1: some don't, each with a line; 2: nothing could be checked. Shares no code with planrunner.
"""

from __future__ import annotations

import gzip
import json
import sys
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

PENNY = Decimal("0.01")


@dataclass
class Series:
    """A figure over time: `values[i]` holds from `times[i]` on."""

    times: list[int] = field(default_factory=list)
    values: list = field(default_factory=list)

    def note(self, at, value):
        self.times.append(at)
        self.values.append(value)

    def when(self, at, otherwise):
        index = bisect_right(self.times, at) - 1
        return self.values[index] if index >= 0 else otherwise


@dataclass
class Story:
    """Everything the lines say: levels by (selection, "atb" or "atl", odds), trades by selection, status and bet delay."""

    levels: dict = field(default_factory=lambda: defaultdict(Series))
    trades: dict = field(default_factory=lambda: defaultdict(list))
    open: Series = field(default_factory=Series)
    delay: Series = field(default_factory=Series)


def tell(lines) -> Story:
    story, traded, clock = Story(), defaultdict(Decimal), 0
    for line in lines:
        if not line.strip():
            continue
        message = json.loads(line, parse_float=Decimal, parse_int=Decimal)
        clock = max(clock, int(message["pt"]))
        for change in message.get("mc") or ():
            definition = change.get("marketDefinition")
            if definition:
                story.open.note(clock, definition["status"] == "OPEN")
                story.delay.note(clock, int(definition.get("betDelay", 0)) * 1000)
            if change.get("img"):
                for series in story.levels.values():
                    series.note(clock, Decimal(0))
            for runner in change.get("rc") or ():
                selection = int(runner["id"])
                for ladder in ("atb", "atl"):
                    for odds, size in runner.get(ladder) or ():
                        story.levels[selection, ladder, odds].note(clock, size)
                for odds, total in runner.get("trd") or ():
                    if total > traded[selection, odds]:
                        story.trades[selection].append((clock, odds, total - traded[selection, odds]))
                    traded[selection, odds] = total
    return story


def check(lines, fills) -> list[str]:
    """What does not hold, in words; empty when everything does."""
    story = tell(lines)
    bets = defaultdict(list)
    for fill in sorted(fills, key=lambda fill: int(fill["at_ms"])):
        bets[str(fill["bet"])].append(exact(story, fill))
    wrong = []
    for bet in bets.values():
        wrong += bounds(story, bet)
        wrong += queue(story, [fill for fill in bet if not fill["taking"]])
    every = [fill for bet in bets.values() for fill in bet]
    wrong += taking(story, [fill for fill in every if fill["taking"]])
    wrong += sharing(story, [fill for fill in every if not fill["taking"]])
    return wrong


def exact(story, fill):
    """The fill with exact numbers, and `came_ms`: when the bet was in the book, the bet delay over."""
    numbers = {key: Decimal(str(fill[key])) for key in ("asked", "stake", "odds", "size")}
    times = {key: int(fill[key]) for key in ("selection", "at_ms", "placed_ms")}
    came = times["placed_ms"] + story.delay.when(times["placed_ms"], otherwise=0)
    return {"fill_or_kill": False, "taking": times["at_ms"] == came, "came_ms": came} | fill | numbers | times


def told(fill, what):
    return f"bet {fill['bet']}, {fill['size']} at {fill['odds']} at {fill['at_ms']}: {what}"


def bounds(story, fills):
    total = Decimal(0)
    for fill in fills:
        total += fill["size"]
        better = fill["odds"] - fill["asked"] if fill["side"] == "back" else fill["asked"] - fill["odds"]
        if total > fill["stake"] or fill["size"] <= 0:
            yield told(fill, f"{total} of {fill['stake']} matched")
        if better < 0 and not fill["fill_or_kill"]:
            yield told(fill, f"worse than the {fill['asked']} asked for")
        if not fill["taking"] and better != 0:
            yield told(fill, f"a resting bet is matched at its own odds, {fill['asked']}")
        if not story.open.when(fill["at_ms"], otherwise=False):
            yield told(fill, "the market is not open")


def queue(story, fills):
    """Law 2, for the resting fills of one bet."""
    if not fills:
        return
    bet = fills[0]
    came = bet["came_ms"]
    own_side = "atl" if bet["side"] == "back" else "atb"
    ahead = story.levels[bet["selection"], own_side, bet["asked"]].when(came, otherwise=Decimal(0))
    got = Decimal(0)
    for fill in fills:
        got += fill["size"]
        since = [(odds, size) for at, odds, size in story.trades[bet["selection"]] if came < at <= fill["at_ms"]]
        level = sum((size for odds, size in since if odds == bet["asked"]), Decimal(0))
        sign = 1 if bet["side"] == "back" else -1
        beyond = sum((size for odds, size in since if (odds - bet["asked"]) * sign > 0), Decimal(0))
        most = max(level / 2 - ahead, Decimal(0)) + beyond / 2
        if got > most:
            why = f"{level / 2} traded, {ahead} ahead, {beyond / 2} beyond"
            yield told(fill, f"{got} so far, but only {most} can have reached it ({why})")


def sharing(story, fills):
    """Law 3."""
    moments = defaultdict(list)
    for fill in fills:
        moments[fill["selection"], fill["at_ms"]].append(fill)
    for (selection, at), together in moments.items():
        volume = sum((size for when, _, size in story.trades[selection] if when == at), Decimal(0)) / 2
        got = sum(fill["size"] for fill in together)
        if got > volume + len(together) * PENNY / 2:
            yield told(together[-1], f"{got} matched on {selection} at that moment, but only {volume} traded")


def taking(story, fills):
    """Law 1. Going back in time from each fill, every moment since the first fill of the level begins a stretch."""
    levels = defaultdict(list)
    for fill in fills:
        levels[fill["selection"], "atb" if fill["side"] == "back" else "atl", fill["odds"]].append(fill)
    for key, taken in levels.items():
        series = story.levels[key]
        for number, fill in enumerate(taken):
            began, excess = worst_stretch(series, taken[: number + 1])
            if excess > 0:
                yield told(fill, f"{excess} more was taken since {began} than was shown")


def worst_stretch(series, taken):
    """The stretch that ends with the last fill and exceeds most what was shown: (its beginning, by how much)."""
    last = taken[-1]["at_ms"]
    index = bisect_right(series.times, last) - 1
    sizes = [Decimal(0), *series.values]  # nothing was shown before the first value
    grown, worst = Decimal(0), (last, Decimal(-1))
    while index >= -1:
        begins = series.times[index] if index >= 0 else 0
        within = sum(fill["size"] for fill in taken if fill["at_ms"] >= begins)
        excess = within - sizes[index + 1] - grown
        worst = max(worst, (begins, excess), key=lambda stretch: stretch[1])
        if begins <= taken[0]["at_ms"]:
            break
        grown += max(sizes[index + 1] - sizes[index], Decimal(0))
        index -= 1
    return worst


def read_recording(path):
    opened = gzip.open if path.read_bytes()[:2] == b"\x1f\x8b" else open
    with opened(path, "rb") as file:
        return file.read().splitlines()


def read_fills(text):
    """From the list described above, or from a log of the sandbox."""
    if text.lstrip().startswith("["):
        return json.loads(text, parse_float=Decimal)
    bets, fills = {}, []
    for line in map(json.loads, text.splitlines()):
        at = round(datetime.fromisoformat(line["at"]).timestamp() * 1000)
        if line["kind"] == "bet":
            bets[line["bet"]] = {
                "bet": line["bet"], "selection": line["selection"], "side": line["side"], "asked": line["odds"],
                "stake": line["size"], "placed_ms": at, "fill_or_kill": line["fill_or_kill"],
            }  # fmt: skip
        elif line["kind"] == "fill":
            fills.append(bets[line["bet"]] | {"odds": line["odds"], "size": line["size"], "at_ms": at})
    return fills


def main(recording, fills):
    fills = read_fills(Path(fills).read_text(encoding="utf-8"))
    if not fills:
        print("there is no fill to check")
        return 2
    wrong = check(read_recording(Path(recording)), fills)
    for line in wrong:
        print(line)
    print(f"{len(fills)} fills of {len({fill['bet'] for fill in fills})} bets: {len(wrong)} that can't have happened")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__)
        sys.exit(2)
    sys.exit(main(sys.argv[1], sys.argv[2]))
