"""What is said over the Tote's WebSocket: two dialects, and two shapes of the same message. Pure.

The venue's sample speaks the older dialect (`start`, `data`); which one a server prefers is not known, so both are offered and
the one that it chooses is spoken. Messages come inside a subscription's data, named in camel case, or flat, named in Pascal case,
with their kind beside them. A message only says that something happened to a bet or a pool: what it is, is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from planrunner.venues import exact_json
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.tote import wire

MODERN, LEGACY = "graphql-transport-ws", "graphql-ws"
SUBPROTOCOLS = (MODERN, LEGACY)  # in the order they are liked
# What each subscription asks for, and what it asks for where that is not understood. One root field each.
_BET = ("betId customerBetId", "betId")
SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("onBetAccepted", "onBetRejected", "onBetFailed", "onBetCancelled", "onBetResulted", "onBetSettled"), _BET),
    "onProductStatusChanged": ("productId status", "productId"),
    "onEventStatusChanged": ("eventId",),
    "onEventUpdated": ("eventId",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """We may subscribe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """We may not; the venue's own words."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The other end is there. `answer` is what it wants to hear back."""

    answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One subscription gives nothing more; `refused`: because of what it asked for."""

    id: str
    refused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something happened. `name` is the venue's (`BetAccepted`); `bet` its own number of the bet, `ref` ours."""

    name: str
    bet: str | None = None
    ref: str | None = None
    product: str | None = None
    race: str | None = None


Frame: TypeAlias = Acknowledged | Turned | Alive | Ended | Notice


# Out


def hello(authorization: str) -> str:
    return exact_json.written({"type": "connection_init", "payload": {"authorization": authorization}})


def subscribe(dialect: str | None, id_: str, field: str, asks_for: str) -> str:
    query = f"subscription {field[0].upper()}{field[1:]} {{ {field} {{ {asks_for} }} }}"
    kind = "subscribe" if dialect == MODERN else "start"
    return exact_json.written({"id": id_, "type": kind, "payload": {"query": query}})


def still_there(dialect: str | None) -> str | None:
    """To be answered by the other end, where the dialect knows such a thing."""
    return exact_json.written({"type": "ping"}) if dialect == MODERN else None


# In


def read(text: str) -> tuple[Frame, ...]:
    """What a frame says; nothing where it is none that is known. Raises Unreadable where it is no JSON."""
    frame = exact_json.decode(text)
    if not isinstance(frame, dict):
        raise Unreadable("a message is no object")
    if (flat := _flat(frame)) is not None:
        return (flat,)
    id_, payload = frame.get("id"), frame.get("payload")
    match frame.get("type"):
        case "connection_ack":
            return (Acknowledged(),)
        case "connection_error":
            return (Turned(text=_said(payload)),)
        case "ka" | "pong":
            return (Alive(),)
        case "ping":
            return (Alive(answer=exact_json.written({"type": "pong"})),)
        case "error" if isinstance(id_, str | int):
            return (Ended(id=str(id_), refused=True),)
        case "complete" if isinstance(id_, str | int):
            return (Ended(id=str(id_), refused=False),)
        case "data" | "next":
            return _pushed(id_, payload)
        case _:
            return ()


def _pushed(id_: Any, payload: Any) -> tuple[Frame, ...]:
    if not isinstance(payload, dict):
        return ()
    if (flat := _flat(payload)) is not None:
        return (flat,)
    data = payload.get("data")
    if not isinstance(data, dict):
        return (Ended(id=str(id_), refused=True),) if payload.get("errors") else ()
    if (flat := _flat(data)) is not None:
        return (flat,)
    return tuple(_notice(name.removeprefix("on"), value) for name, value in data.items() if isinstance(value, dict))


def _flat(row: dict[str, Any]) -> Notice | None:
    name = _named(row).get("messagetype")
    return _notice(name, row) if isinstance(name, str) and name else None


def _notice(name: str, row: dict[str, Any]) -> Notice:
    given = _named(row)
    return Notice(
        name=name,
        bet=_key(given.get("betid")),
        ref=_key(given.get("customerbetid")),
        product=_key(given.get("productid")),
        race=_key(given.get("eventid")),
    )


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Names are in camel case or in Pascal case."""
    return {name.lower(): value for name, value in row.items()}


def _key(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _said(payload: Any) -> str:
    return wire.shown(payload.get("message")) if isinstance(payload, dict) else wire.shown(payload)
