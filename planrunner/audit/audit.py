"""The auditor's one door: journals and a venue's log in, findings out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from planrunner.audit.agreement import Agreement
from planrunner.audit.arrivals import Arrivals
from planrunner.audit.books import Books
from planrunner.audit.findings import Code, Finding, shown
from planrunner.audit.limits import NO_LIMITS, Limits
from planrunner.audit.pace import broken_pace
from planrunner.audit.run import read_run
from planrunner.audit.stops import despite, read_stops

NO_DIFFERENCE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """`bets` are the venue's. `notes` are no breaches: what is unresolved and told so, what could not be looked at."""

    findings: tuple[Finding, ...]
    runs: int
    placements: int
    bets: int = 0
    notes: tuple[str, ...] = ()


def audit(
    journals: Iterable[Iterable[str]],
    venue: Iterable[str] | None,
    limits: Limits = NO_LIMITS,
    *,
    only: Collection[str] | None = None,
    clocks: timedelta = NO_DIFFERENCE,
    at: str | None = None,
    stops: Iterable[str] = (),
    pruned: Collection[str] = (),
) -> Audited:
    """Every run whose bets the log may hold, each as the lines of its export, and the lines of the log; None: journals alone.
    `stops`: every stop there ever was, as its journal exports it.

    `only`: the runs to tell about; the others still explain bets and count against limits. `clocks`: how far the venue's clock
    may be behind ours. `at`: the host whose log it is; orders that went elsewhere are not looked for in it. `pruned`: the
    references of runs whose records are no more; nothing can be said of their bets but whose they were.
    """
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        if only is None or finding.run is None or finding.run in only:
            found.append(finding)

    read = [run for export in journals if (run := read_run(export, tell)) is not None]
    runs = {run.run: run for run in read}
    looked_at = [run for run in read if only is None or run.run in only]
    count = sum(len(run.placements) for run in looked_at)
    known = read_stops(stops, tell)
    for run in looked_at:
        for finding in despite(known, run):
            tell(finding)
    if venue is None:
        return Audited(findings=tuple(found), runs=len(looked_at), placements=count)

    here = [run for run in read if at is None or not run.sent_to or at in run.sent_to]
    placements = {ref: placement for run in here for ref, placement in run.placements.items()}
    books = Books(tell)
    arrivals = Arrivals(
        runs=runs, placements=placements, books=books, limits=limits, clocks=clocks, tell=tell, pruned=frozenset(pruned)
    )
    for number, line in enumerate(venue, start=1):
        arrivals.take(line, number)
    agreement = Agreement(
        runs={run.run: run for run in here}, placements=placements, books=books, under=arrivals.under, clocks=clocks
    )
    for finding in agreement.findings():
        tell(finding)
    for placement, broken in broken_pace(placements.values(), arrivals.under.keys(), limits):
        text = f"{placement.ref} was placed too soon after others"
        tell(Finding(code=Code.LIMIT, text=text, run=placement.where.run, ref=placement.ref, journal=broken))
    notes = [text for run, text in agreement.notes() if only is None or run in only]
    if arrivals.of_pruned:
        notes.append(f"{arrivals.of_pruned} bets are of runs that were pruned, so nothing more can be said of them")
    elsewhere = [run for run in looked_at if run not in here]
    for run in elsewhere:
        hosts = ", ".join(shown(host) for host in sorted(run.sent_to))
        notes.append(f"run {shown(run.run)}: its orders went to {hosts}, so its journal alone was audited")
    return Audited(findings=tuple(found), runs=len(looked_at), placements=count, bets=len(books.bets), notes=tuple(notes))
