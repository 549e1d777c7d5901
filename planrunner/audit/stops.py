"""Stops as the journal kept them: what a stop covers is not written down to be placed while it is in force.

Stops and their ends are stamped under the journal's lock, intents before they wait for it. So an intent that is younger than a
stop was written down after it; and one that was answered before the stop's end was written down before that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from planrunner.audit import lines
from planrunner.audit.arrivals import clock
from planrunner.audit.findings import Code, Finding, Tell, shown
from planrunner.audit.lines import Damaged, Json
from planrunner.audit.run import Intent, Run

REHEARSAL = "rehearsal"  # places nothing, so nothing stops it
SCOPES = ("all", "account", "plan", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`name`: of which account, plan (its name, or its file's) or run."""

    scope: str
    name: str
    because: str
    at: datetime
    released: datetime | None

    def covers(self, run: Run, account: str) -> bool:
        if run.mode == REHEARSAL:
            return False
        match self.scope:
            case "account":
                return self.name == account
            case "plan":
                return self.name == run.plan or _last_part(self.name) == _last_part(run.plan_file)
            case "run":
                return self.name == run.run
            case _:
                return True

    def was_in_force(self, intent: Intent) -> bool:
        """For certain, when the intent was written down. Of one that nobody answered its own time is all there is."""
        return self.at < intent.at and (self.released is None or (intent.answered or intent.at) < self.released)

    def __str__(self) -> str:
        """`account betfair was stopped at ... until ...: prices look wrong`."""
        what = "everything" if self.scope == "all" else f"{self.scope} {shown(self.name)}"
        until = f" until {clock(self.released)}" if self.released is not None else ""
        return f"{what} was stopped at {clock(self.at)}{until}: {shown(self.because)}"


def read_stops(export: Iterable[str], tell: Tell) -> list[Stop]:
    """One per line. A line that can't be read is a finding."""
    stops = []
    for number, line in enumerate(export, start=1):
        try:
            stops.append(_stop(lines.read(line)))
        except Damaged as error:
            tell(Finding(code=Code.UNREADABLE, text=f"stop {number} of the journal can't be read: {error}"))
    return stops


def despite(stops: Iterable[Stop], run: Run) -> Iterator[Finding]:
    """What a run was about to place under a stop; where several held, the first is told."""
    kept = list(stops)
    for intent in run.intents:
        held = next((stop for stop in kept if stop.covers(run, intent.account) and stop.was_in_force(intent)), None)
        for ref in intent.refs if held is not None else ():
            text = f"{shown(ref)} was to be placed in spite of a stop"
            yield Finding(
                code=Code.DESPITE_STOP, text=text, run=run.run, ref=ref, journal=f"to be placed, at {clock(intent.at)}; {held}"
            )


def _stop(line: Json) -> Stop:
    scope = lines.text(line, "scope")
    if scope not in SCOPES:
        raise Damaged("`scope` is none that is known")
    return Stop(
        scope=scope,
        name=lines.text(line, "name"),
        because=lines.text(line, "because"),
        at=lines.moment(line, "at"),
        released=lines.moment(line, "released") if line.get("released") is not None else None,
    )


def _last_part(path: str) -> str:
    """A plan's file is the same from whatever folder it was named."""
    return path.replace("\\", "/").rpartition("/")[2]
