"""What there is to tell where a venue's answer never came, or is none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planrunner.model.commands import CancelOrder, PlaceOrders, PlaceTicket
from planrunner.model.events import CancelUnknown, Event, OrderNotSent, OrderUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbled:
    """No answer of the service at all: a gateway's page, or JSON of some other shape."""

    text: str


def no_use(status: int) -> Garbled:
    return Garbled(text=f"the venue's answer is no use (HTTP status {status})")


def never_sent(command: PlaceOrders | PlaceTicket, text: str, at: datetime) -> tuple[Event, ...]:
    return tuple(OrderNotSent(at=at, ref=one.ref, attempt=command.attempt, text=text) for one in command.placements)


def all_unknown(command: PlaceOrders | PlaceTicket, text: str, at: datetime) -> tuple[Event, ...]:
    return tuple(OrderUnknown(at=at, ref=one.ref, text=text) for one in command.placements)


def cancel_lost(command: CancelOrder, text: str, at: datetime) -> Event:
    return CancelUnknown(at=at, ref=command.ref, bet=command.bet, text=text)
