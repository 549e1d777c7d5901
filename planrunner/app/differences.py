"""What differs between our record and the venue's, and what of it lasts: the two are never read at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from planrunner.model.market import OrderRef, RunId
from planrunner.ports import VenueBet

LOOKS = 3  # that count, at runs that are at work


class Kind(StrEnum):
    """What differs."""

    LOST = "lost"  # ours: the venue has it, its run does not know it
    SIZES = "sizes"
    RESULT = "result"  # settled, and the run does not know that yet
    MISSING = "missing"  # its run knows it, the venue does not
    IN_DOUBT = "in doubt"
    ALONE = "alone"  # it can still match, and its run is over
    STRAY = "stray"  # it looks like ours, and no run here knows it
    FOREIGN = "foreign"


# A person need not look at these: other people's bets, and results that nobody listened for.
HARMLESS = (Kind.RESULT, Kind.FOREIGN)
CAN_BE_ADOPTED = (Kind.LOST, Kind.SIZES, Kind.RESULT)
Key: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One bet or reference on which the two records are not of one mind. `at_work`: its run's owner is alive."""

    kind: Kind
    text: str
    run: RunId | None = None
    order: str | None = None
    ref: OrderRef | None = None
    bet: VenueBet | None = None
    at_work: bool = False

    @property
    def key(self) -> Key:
        return (self.kind, self.run, self.ref, self.bet.bet if self.bet else None)

    @property
    def can_be_adopted(self) -> bool:
        return self.kind in CAN_BE_ADOPTED and not self.at_work

    @property
    def needs_a_look(self) -> bool:
        return self.kind not in HARMLESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The venue's listing beside our record. `moved`: runs of which something was written down between the beginning of the one
    and the end of the other: what differs there may be so of no moment at all."""

    bets: int
    differences: tuple[Difference, ...]
    moved: Collection[RunId]


@dataclass(slots=True)
class Found:
    """What lasts of the looks so far. A run counts in those in which it did not move; of one at work only what is so in each."""

    lasting: dict[RunId | None, dict[Key, Difference]] = field(default_factory=dict)
    counted: Counter[RunId | None] = field(default_factory=Counter)
    moving: set[RunId] = field(default_factory=set)  # differed at the last look, which does not count

    def add(self, look: Look) -> None:
        present: dict[RunId | None, dict[Key, Difference]] = {run: {} for run in self.lasting}
        for one in look.differences:
            present.setdefault(one.run, {})[one.key] = one
        self.moving = {run for run, found in present.items() if run is not None and found and run in look.moved}
        for run, found in present.items():
            if run not in self.moving:
                self._count(run, found)

    def _count(self, run: RunId | None, found: Mapping[Key, Difference]) -> None:
        before = self.lasting.get(run, found)
        self.lasting[run] = {key: one for key, one in found.items() if key in before or not one.at_work}
        self.counted[run] += 1

    @property
    def unsettled(self) -> set[RunId]:
        """Runs of which it can't be said yet."""
        at_work = {run for run, found in self.lasting.items() if run and any(one.at_work for one in found.values())}
        return self.moving | {run for run in at_work if self.counted[run] < LOOKS}

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Of all others."""
        unsettled = self.unsettled
        return tuple(one for run, found in self.lasting.items() if run not in unsettled for one in found.values())
