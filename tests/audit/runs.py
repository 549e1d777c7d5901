"""Runs to be audited: a plan in memory, its journal's export and the venue's own log beside each other.

`python -m tests.audit.runs` writes the golden pairs anew; they stay as they are unless the form of one of the files changes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from planrunner.app.per_market import PerMarket
from planrunner.app.plans import load
from planrunner.app.rehearsal import staged, world_of
from planrunner.app.run import Job, start
from planrunner.audit.audit import Audited, audit
from planrunner.audit.limits import NO_LIMITS, Limits
from planrunner.audit.run import _compact, _follows, _sha
from planrunner.model.account import Site
from planrunner.model.plan import Plan
from planrunner.runtime.journal import Journal
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.scenario import Scenario

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "audits"
# Name of the pair -> plan and case.
PAIRS = {
    "cancelled": ("back-and-cancel", "half-matches"),
    "chase": ("chase", "half-matches"),
    "hedge": ("hedge", "usual"),
    "per-market": ("every-race", "usual"),
    "reply-lost": ("several-in-one-market", "reply-lost"),
}
Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """One run by both sides: lines as they are in the files, without their breaks."""

    journal: tuple[str, ...]
    venue: tuple[str, ...]

    def audited(self, limits: Limits = NO_LIMITS) -> Audited:
        return audit([self.journal], self.venue, limits)

    def venue_with(self, change: Callable[[list[Json]], list[Json]]) -> Pair:
        """The venue's log with its facts changed."""
        return replace(self, venue=tuple(json.dumps(line) for line in change([json.loads(line) for line in self.venue])))

    def journal_with(self, change: Callable[[list[Json]], list[Json]]) -> Pair:
        """The journal with its records changed and sealed again, as if it had been written so. The first is what the run is."""
        head, *records = change([json.loads(line) for line in self.journal])
        digest = _sha(_compact({**head["run"], "state": "running"}))
        for number, record in enumerate(records, start=1):
            record["seq"] = number
            digest, _ = _follows(digest, record, number)
            record["digest"] = digest
        return replace(self, journal=tuple(json.dumps(line) for line in (head, *records)))


def ran(
    plan: Path,
    folder: Path,
    *,
    case: str,
    seed: int = 1,
    faults: Sequence[Fault] = (),
    site: Site | None = None,
    scenario: Scenario | None = None,
    change: Callable[[Plan], Plan] | None = None,
) -> Pair:
    """Rehearsed from beginning to settlement. With `faults` more goes wrong than the case says; `site` has other limits than
    those the plan was checked with. `scenario`: another world than the practice one; `change`: to what no plan's text says."""
    loaded = load(plan)
    site = site or loaded.site
    loaded = replace(loaded, plan=change(loaded.plan)) if change else loaded
    rehearsal, day, notes = world_of(loaded.plan, seed=seed, case=case, scenario=scenario)
    for fault in faults:
        rehearsal.faults.add(fault)
    stage = staged(rehearsal, site.accounts, begin=rehearsal.world.begin, today=day, notes=notes)
    job = Job(
        plan_file=str(plan), plan=loaded.plan, site=site, journal=folder / "j.db", seed=seed, case=case,
        per_market=PerMarket(loaded),
    )  # fmt: skip
    run = start(job, stage, lambda body, at: None).info.run
    with Journal.open(job.journal, durable=False) as journal:
        return Pair(journal=tuple(journal.export(run)), venue=tuple(rehearsal.world.log.text().splitlines()))


def golden(name: str) -> Pair:
    return Pair(journal=_lines(GOLDEN / name / "journal.jsonl"), venue=_lines(GOLDEN / name / "venue.jsonl"))


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").splitlines())


def matters(line: str) -> bool:
    """Whether a line of the venue is kept: look-ups and logins are most of a log, and nothing for an auditor."""
    fact = json.loads(line)
    return fact["kind"] not in ("request", "reply") or fact["call"].startswith("place")


def main(names: Sequence[str]) -> None:
    for name in names or PAIRS:
        plan, case = PAIRS[name]
        with tempfile.TemporaryDirectory() as folder:
            write(name, ran(ROOT / "plans" / f"{plan}.yaml", Path(folder), case=case))


def write(name: str, pair: Pair) -> None:
    (GOLDEN / name).mkdir(parents=True, exist_ok=True)
    (GOLDEN / name / "journal.jsonl").write_text("".join(line.rstrip("\n") + "\n" for line in pair.journal), encoding="utf-8")
    venue = "".join(f"{line}\n" for line in pair.venue if matters(line))
    (GOLDEN / name / "venue.jsonl").write_text(venue, encoding="utf-8")
    print(name, len(pair.journal), len(pair.venue), *map(str, pair.audited().findings), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1:])
