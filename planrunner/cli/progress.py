"""One line per thing that happens while a run goes on, on standard error."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from types import TracebackType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planrunner.cli.output import Styled, say
from planrunner.model.commands import Alert, Asked, CancelOrder, NewPoolBet, PlaceOrders, PlaceTicket, market_of
from planrunner.model.events import (
    STOPPED,
    MarketChanged,
    OrderAccepted,
    OrderDenied,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    RunResumed,
    RunStarted,
    StopRequested,
    VenueDown,
    VenueUp,
)
from planrunner.model.journal import Body
from planrunner.model.market import MarketId, MarketStatus, OrderRef, titles


class Progress:
    """Use as a context manager around a run. Quiet runs tell alerts only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._told = False
        self._paths: dict[OrderRef, str] = {}
        self._matched: dict[OrderRef, Decimal] = {}
        self._in_pools: set[OrderRef] = set()
        self._fills: dict[OrderRef, frozenset[str]] = {}
        self._markets: dict[MarketId, str] = {}
        self._zone: tzinfo = UTC
        self._seen: set[MarketId] = set()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._told:
            with suppress(OSError):
                say(err=True)

    def tell(self, body: Body, at: datetime) -> None:
        """Facts and decisions as they are written down; most are no news."""
        if isinstance(body, RunStarted):
            self._zone = _zone(body.program.time_zone)
            self._markets = titles(body.program.markets.values(), self._zone)
        if isinstance(body, PlaceOrders | PlaceTicket):
            for asked in body.placements:
                self._paths[asked.ref] = asked.path.partition(".")[2]
                if isinstance(asked, NewPoolBet):
                    self._in_pools.add(asked.ref)
        if self._quiet and not isinstance(body, Alert):
            return
        for text, colour in self._news(body):
            text = text if isinstance(body, Alert) else " ".join(text.splitlines())
            self._told = True
            with suppress(OSError):  # whoever read this went away (a closed pipe); the run must not end with them
                say(Styled(f"{at.astimezone(self._zone):%H:%M:%S}  ", dim=True), Styled(text, colour), err=True)

    def _news(self, body: Body) -> list[tuple[str, str | None]]:
        match body:
            case PlaceOrders() | PlaceTicket():
                verb = "places" if body.attempt == 1 else "sends again, to the letter,"
                return [(f"{self._name(one.ref)}  {verb} {self._words(body, one)}", None) for one in body.placements]
            case CancelOrder():
                return [(f"{self._name(body.ref)}  takes back what is left", None)]
            case OrderAccepted() | OrderReported():
                return self._filled(body)
            case OrderRejected() | OrderUnknown() | OrderNotSent():
                words = {OrderRejected: "rejected", OrderUnknown: "no certain answer", OrderNotSent: "not sent"}[type(body)]
                return [(f"{self._name(body.ref)}  {words}: {body.text}", "red")]
            case OrderDenied(limit=limit) if limit == STOPPED:
                return [(f"{self._name(body.ref)}  not placed: {body.figure} is stopped ({body.held_by})", "red")]
            case OrderDenied():
                return [(f"{self._name(body.ref)}  refused by {body.limit}: {body.figure}; {body.held_by}", "red")]
            case MarketChanged():
                return self._turned(body)
            case Alert():
                return [(f"{body.path.partition('.')[2]}  alert: {body.text}", "yellow")]
            case RunResumed():
                return [("the run is taken up again", "yellow")]
            case StopRequested():
                return [(body.text, "yellow")]
            case VenueDown():
                return [(f"{body.account} can't be reached: {body.text}", "red")]
            case VenueUp():
                return [(f"{body.account} can be reached again", None)]
            case _:
                return []

    def _filled(self, body: OrderAccepted | OrderReported) -> list[tuple[str, str | None]]:
        before, now = self._matched.get(body.ref, Decimal(0)), body.sizes.matched
        self._matched[body.ref] = max(before, now)
        if now <= before:
            return []
        if body.ref in self._in_pools:
            return [(f"{self._name(body.ref)}  accepted for {now:.2f}", "green")]
        average = f" (average odds {body.average_odds:.2f})" if body.average_odds is not None else ""
        return [(f"{self._name(body.ref)}  {now - before:.2f} matched{average}{self._taken_by(body)}", "green")]

    def _taken_by(self, body: OrderAccepted | OrderReported) -> str:
        """The bookmakers that are new among those a router tells of."""
        before = self._fills.get(body.ref, frozenset())
        self._fills[body.ref] = before | {fill.id for fill in body.fills if fill.size}
        names = list(dict.fromkeys(fill.bookmaker for fill in body.fills if fill.size and fill.id not in before))
        return f", taken by {' and '.join(names)}" if names else ""

    def _words(self, command: PlaceOrders | PlaceTicket, asked: Asked) -> str:
        """A bet in a pool names its pool."""
        if isinstance(command, PlaceTicket):
            pool = self._markets.get(market_of(command, asked), "a pool")
            return f"{asked.words} in {pool}, with the ticket {command.ticket.partition('.')[2]}"
        return asked.words

    def _turned(self, body: MarketChanged) -> list[tuple[str, str | None]]:
        is_new = body.market not in self._seen
        self._seen.add(body.market)
        if is_new and body.status is MarketStatus.OPEN and not body.in_play:
            return []  # as everybody expects
        name = self._markets.get(body.market, f"market {body.market}")
        return [(f"{name} is {body.status.value}{', in play' if body.in_play else ''}", None)]

    def _name(self, ref: OrderRef) -> str:
        return self._paths.get(ref, "an order of this run")


def _zone(name: str | None) -> tzinfo:
    """The plan's, as in its report; UTC where this machine does not know it."""
    try:
        return UTC if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
