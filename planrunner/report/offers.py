"""The best offers that a rule looked at while its order stood: of a usual run each, of a long one what fits."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from planrunner.model.events import BookChanged
from planrunner.report.story import Offered, OfferStory

AT_EACH_END = 500  # looks; every two seconds, some half an hour together


@dataclass(slots=True, kw_only=True)
class Looks:
    """Of one order: the first, the last, how many between them are left out, and what was on offer at each odds."""

    first: list[OfferStory] = field(default_factory=list)
    last: deque[OfferStory] = field(default_factory=lambda: deque(maxlen=AT_EACH_END))
    left_out: int = 0
    at_odds: dict[Decimal, Offered] = field(default_factory=dict)

    def add(self, book: BookChanged) -> None:
        """They come in the order of time."""
        look = OfferStory(at=book.at, back=book.back, lay=book.lay)
        if len(self.first) < AT_EACH_END:
            self.first.append(look)
        else:
            self.left_out += len(self.last) == AT_EACH_END
            self.last.append(look)
        for name, best in (("back", book.back), ("lay", book.lay)):
            if best is not None:
                self._note(book.at, name, *best)

    def _note(self, at: datetime, name: str, odds: Decimal, size: Decimal) -> None:
        before = self.at_odds.get(odds)
        if before is None:
            self.at_odds[odds] = Offered(at=at, name=name, size=size)
        else:
            self.at_odds[odds] = replace(before, at=at, name=name, size=size, count=before.count + 1)

    @property
    def told(self) -> tuple[OfferStory, ...]:
        """Those that are not left out."""
        return (*self.first, *self.last)
