"""News of races and pools for those who listen to them: what is different from the last time is told. Only what somebody ever
listened to is looked at, for a card has thousands of lines."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from planrunner.sandbox.board import NEVER
from planrunner.sandbox.clock import iso
from planrunner.sandbox.scenario import MINUTE
from planrunner.sandbox.tote.announcing import dividends, probables
from planrunner.sandbox.tote.card import Product
from planrunner.sandbox.tote.messages import Message
from planrunner.sandbox.tote.races import Race
from planrunner.sandbox.tote.timeline import FINAL_AFTER, Stage, moments, stage

if TYPE_CHECKING:  # it holds the watch
    from planrunner.sandbox.tote.tote import Tote

GROWING = {"onPoolTotalChanged", "onLinesChanged"}  # they change by the minute while a pool is open
# What is told of these is known from the races and the time alone.
OF_RACES = {"onProductStatusChanged", "onEventStatusChanged", "onEventUpdated"}
News = dict[tuple[str, str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """All times at which a pool gets to its next stage, and those at which races go off and are over, in order."""

    pools: list[int]
    races: list[int]

    def next_of_pools(self, now: int) -> int | None:
        return _first_after(self.pools, now)

    def next(self, now: int) -> int:
        return min((at for at in (self.next_of_pools(now), _first_after(self.races, now)) if at is not None), default=NEVER)


@dataclass(slots=True, kw_only=True)
class Watch:
    """`roots` are the messages that somebody listened to."""

    tote: Tote
    roots: set[str] = field(default_factory=set)
    _told: News = field(default_factory=dict)
    _looked_at: int = -1
    _nothing_before: int = -1
    _times: Times = field(default_factory=lambda: Times(pools=[], races=[]))
    _races: tuple[object, ...] = ()
    _told_of: tuple[object, ...] | None = None

    @property
    def is_on(self) -> bool:
        return bool(self.roots)

    def begin(self, root: str, now: int) -> None:
        """What is so already is no news."""
        if root not in self.roots:
            self.roots.add(root)
            self.tote.card.look(self.tote.card.races.values())
            self._told.update((key, data) for key, data in self._news(now).items() if key[0] == root)

    def look(self, now: int) -> None:
        if not self.roots or now == self._looked_at:
            return
        self._looked_at = now
        self._know_races()
        if self._told_of is self._races and now < self._nothing_before and self.roots <= OF_RACES:
            return
        news = self._news(now)
        for key, data in news.items():
            if self._told.get(key) != data:
                self.tote.messages.tell(Message(root=key[0], owner=None, data=data))
        self._told, self._told_of = news, self._races
        self._nothing_before = self._times.next(now)

    def _know_races(self) -> None:
        """What is known of them, and the times with it: reckoned anew when it has changed."""
        races = tuple(
            (race.start, race.off_at, race.result_at, race.abandoned_at, *race.withdrawn.items())
            for race in self.tote.card.races.values()
        )
        if races == self._races:
            return
        self._races = races
        pools = {at for product in self.tote.card.products.values() for at, _ in moments(product)}
        known = {at for race in self.tote.card.races.values() for at in (race.off, race.result_at, race.abandoned_at)}
        self._times = Times(pools=sorted(pools), races=sorted(at for at in known if at is not None))

    def next_at(self, now: int) -> int | None:
        """The next stage of any pool, the next thing in the world, or the next minute while pools grow."""
        if not self.is_on:
            return None
        self._know_races()
        first, races = self._times.next_of_pools(now), self.tote.card.races.values()
        times = [] if first is None else [first]
        times += [at for race in races for at in (race.next_news(), *race.withdrawn.values()) if at is not None and at > now]
        if self.roots & GROWING and any(now < race.off for race in races):
            times.append((now // MINUTE + 1) * MINUTE)
        return min(times, default=None)

    def _news(self, now: int) -> News:
        news: News = {}
        for race in self.tote.card.races.values():
            news.update(self._of_race(race, now))
        for product in self.tote.card.products.values():
            news.update(self._of_product(product, now))
        return {key: data for key, data in news.items() if key[0] in self.roots}

    def _of_race(self, race: Race, now: int) -> News:
        start = {"eventId": race.id, "name": race.name, "scheduledStartDateTime": iso(race.start)}
        news: News = {
            ("onEventStatusChanged", race.id, ""): {"eventId": race.id, "status": status(race, now)},
            ("onEventUpdated", race.id, ""): start,
        }
        if race.is_over(now) and not race.is_abandoned(now):
            order = finishing(race, now)
            results = [
                {"competitorId": race.horse(number).id, "finishingPosition": str(position), "status": how}
                for number, position, how in order
            ]
            news["onEventResultChanged", race.id, ""] = {"eventId": race.id, "competitorResults": results}
        for horse in race.horses:
            gone = "CONFIRMED" if race.runs(horse.number, now) else "WITHDRAWN"
            told = {"eventId": race.id, "competitorId": horse.id, "status": gone}
            news["onCompetitorStatusChanged", race.id, horse.id] = told
        return news

    def _of_product(self, product: Product, now: int) -> News:
        reached = stage(product, now)
        selling = "OPEN" if reached is Stage.OPEN else "SETTLED" if reached is Stage.SETTLED else "CLOSED"
        news: News = {("onProductStatusChanged", product.id, ""): {"productId": product.id, "status": selling}}
        if "onPoolTotalChanged" in self.roots:
            money = _money(Decimal(self.tote.gross(product, now)).scaleb(-2))
            told_total = {"productId": product.id, "isFinalized": reached is not Stage.OPEN, "total": {"grossAmounts": money}}
            news["onPoolTotalChanged", product.id, ""] = told_total
        if "onPoolDividendChanged" in self.roots and (announced := self.tote.announced(product, now)) is not None:
            told = [{"dividend": {"amounts": _money(one.amount)}, "legs": one.legs()} for one in dividends(product, announced[0])]
            news["onPoolDividendChanged", product.id, ""] = {"productId": product.id, "dividends": told}
        if "onLinesChanged" in self.roots and reached is Stage.OPEN and len(product.legs) == 1 and product.type.rule.size == 1:
            lines = [
                {"odds": [{"decimal": one.amount, "status": "PROVISIONAL"}], "legs": one.legs("lineSelections", "selectionId")}
                for one in probables(self.tote, product, now)
            ]
            news["onLinesChanged", product.id, ""] = {"productId": product.id, "lines": lines}
        for leg in product.legs if "onSelectionStatusChanged" in self.roots else ():
            for number, selection in enumerate(leg.selections, 1):
                runs = "Active" if leg.race.runs(number, now) else "NotActive"
                data = {"productId": product.id, "legId": leg.id, "selectionId": selection, "status": runs}
                news["onSelectionStatusChanged", product.id, selection] = data
        return news


def _first_after(times: list[int], now: int) -> int | None:
    place = bisect_right(times, now)
    return times[place] if place < len(times) else None


def _money(amount: Decimal) -> list[dict[str, Any]]:
    return [{"decimalAmount": amount, "currency": {"code": "GBP"}}]


def status(race: Race, at: int) -> str:
    """Of an event."""
    if race.is_abandoned(at):
        return "CANCELLED"
    return "FINISHED" if race.is_over(at) else "STARTED" if at >= race.off else "SCHEDULED"


def finishing(race: Race, at: int) -> list[tuple[int, int, str]]:
    """Number, position and how sure that is."""
    assert race.result_at is not None
    how = "FINAL" if at >= race.result_at + FINAL_AFTER else "PROVISIONAL"
    order, position = [], 1
    for group in race.finish:
        order += [(number, position, how) for number in group]
        position += len(group)
    return order
