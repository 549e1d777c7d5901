"""Times in which nothing is placed: at all, or at one bookmaker. Scripted, or switched on and off by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from planrunner.sandbox.bookmakers import Bookmaking, Span


@dataclass(slots=True, kw_only=True)
class Emergencies:
    """`by_hand`: the tiers (None: everything) with the moment at which they end by themselves; None: never."""

    script: Bookmaking
    begin: int
    by_hand: dict[str | None, int | None] = field(default_factory=dict)

    def active(self, tier: str | None, at: int) -> bool:
        """Of one tier alone."""
        if tier in self.by_hand:
            ends = self.by_hand[tier]
            return ends is None or at < ends
        return any(self.covers(span, at) for span in self._spans(tier))

    def everywhere(self, at: int) -> list[str | None]:
        """The tiers in which there is one now."""
        return [tier for tier in (None, *(book.slug for book in self.script.books)) if self.active(tier, at)]

    def switch(self, tier: str | None, *, on: bool, until: int | None = None) -> None:
        """By hand, whatever is scripted from here on."""
        self.by_hand[tier] = until if on else 0

    def covers(self, span: Span, at: int) -> bool:
        since = self.begin + span.at
        return since <= at and (span.lasts is None or at < since + span.lasts)

    def changes(self) -> Iterator[int]:
        """When a scripted one begins or ends."""
        for tier in (None, *(book.slug for book in self.script.books)):
            for span in self._spans(tier):
                yield self.begin + span.at
                if span.lasts is not None:
                    yield self.begin + span.at + span.lasts

    def _spans(self, tier: str | None) -> tuple[Span, ...]:
        if tier is None:
            return self.script.emergencies
        return next((book.emergencies for book in self.script.books if book.slug == tier), ())
