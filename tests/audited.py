"""What every test of faults asks at its end: do the journal and the venue's own log tell the same story, limits and all?

The auditor shares no code with what it audits, so a fault that engine, ledger and adapter agree on is found here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from planrunner.app.audit import limits_of
from planrunner.audit.audit import Audited, audit
from planrunner.audit.limits import NO_LIMITS
from planrunner.model.account import Site
from planrunner.runtime.journal import Journal

SAME_CLOCK = timedelta(0)


def audited(journal: Path, venue: str | Iterable[str], site: Site | None = None, *, clocks: timedelta = SAME_CLOCK) -> Audited:
    """Asserts that nothing is to be found. `venue` is the log since the sandbox was last reset, as text or as lines; `site` has
    the limits of its accounts; `clocks` is how far apart a test has set the clocks."""
    lines = venue.strip("\n").split("\n") if isinstance(venue, str) else list(venue)
    limits = NO_LIMITS if site is None else limits_of(site)
    told = audit(exported(journal), since_reset(lines), limits, clocks=clocks, stops=stops_of(journal))
    assert not told.findings, f"{len(told.findings)} findings in {journal}\n" + "\n".join(map(str, told.findings))
    return told


def exported(journal: Path) -> list[list[str]]:
    """Every run of a journal as its lines; empty where it was never made."""
    if not journal.exists():
        return []
    with Journal.open(journal, durable=False) as opened:
        return [list(opened.export(info.run)) for info in opened.runs()]


def stops_of(journal: Path) -> list[str]:
    """Every stop of a journal."""
    if not journal.exists():
        return []
    with Journal.open(journal, durable=False) as opened:
        return list(opened.export_halts())


def since_reset(lines: list[str]) -> list[str]:
    """What the venue has written down in its present world."""
    begins = [place for place, line in enumerate(lines) if '"kind": "world"' in line]
    return lines[begins[-1] :] if begins else lines


def of_markets(lines: Iterable[str], markets: Collection[str]) -> Iterator[str]:
    """What the log says of some markets, where a test has a venue of others in common."""
    bets: set[str] = set()
    for line in lines:
        fact = json.loads(line)
        if fact["kind"] == "bet" and fact["market"] in markets:
            bets.add(fact["bet"])
        asked = fact.get("params", {}).get("marketId") if fact["kind"] == "request" else None
        if fact["kind"] == "world" or fact.get("market", asked) in markets or fact.get("bet") in bets:
            yield line
