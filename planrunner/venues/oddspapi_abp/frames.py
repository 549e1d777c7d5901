"""What comes through the socket, as values. Pure.

How a payload looks is documented for older generations only, so nothing is ever taken from one but the ids of what changed; what
it changed to is read over REST. Repeated, reordered and half-empty frames can do no harm that way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from planrunner.venues import exact_json, fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import wire

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """To be answered, or the venue hangs up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A heartbeat, the answer to our own ping, a frame of a kind that nobody asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """From now on it is told what changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The venue says that something is wrong with us."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Something changed. `seq` rises by one with each; None where a frame has none."""

    channel: str
    payload: Any
    seq: int | None


Frame: TypeAlias = Ping | Alive | LoggedIn | Trouble | Data


def frame(text: str) -> Frame:
    """Raises Unreadable."""
    body = exact_json.decode(text)
    match wire.text(body, "type").casefold():
        case "ping":
            return Ping()
        case "login_ok" | "login_success" | "logged_in":
            return LoggedIn()
        case "error" | "login_error" | "login_failed":
            return Trouble(text=wire.said(body.get("message") or body.get("error")) or "no reason given")
        case "data":
            seq = body.get("seq")
            return Data(
                channel=wire.text(body, "channel").casefold(), payload=body.get("payload"), seq=seq if type(seq) is int else None
            )
        case _:
            return Alive()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Which order changed, by whatever the frame names it with, and when it did so at the venue."""

    order: str | None
    ref: str | None
    bet: str | None
    updated: datetime | None


def hint(payload: Any) -> Hint | None:
    """None where it names nothing."""
    try:
        order, ref, bet = (_id(payload, name) for name in ("orderId", "requestUuid", "betId"))
        updated = wire.moment(payload, "updatedAt")
    except Unreadable:
        return None
    if order is None and ref is None and bet is None:
        return None
    return Hint(order=order, ref=ref.lower() if ref else None, bet=bet, updated=updated if bet is None else None)


def _id(payload: Any, name: str) -> str | None:
    return wire.text(payload, name) if fields.optional(payload, name) is not None else None


# Emergencies

_FLAGS = ("active", "isActive", "enabled", "on", "emergency", "emergencyMode", "emergencyActive", "status", "state", "mode")
_ON = frozenset({"active", "on", "enabled", "true", "emergency", "started", "halted"})
_OFF = frozenset({"inactive", "off", "disabled", "false", "normal", "ended", "cleared", "none", "ok"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """`bookmaker`: only there; None: everywhere. `is_active` None: the venue speaks of one in words that are not known."""

    bookmaker: str | None
    is_active: bool | None


def emergency(payload: Any) -> Emergency:
    """Its shape is not documented, so every word for yes and no is tried."""
    where = payload.get("bookmaker") if isinstance(payload, dict) else None
    return Emergency(bookmaker=where if isinstance(where, str) and where else None, is_active=_is_on(payload))


def _is_on(value: Any, depth: int = 3) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        plain = value.strip().casefold()
        return True if plain in _ON else False if plain in _OFF else None
    if isinstance(value, dict) and depth:
        answers = [_is_on(value[name], depth - 1) for name in _FLAGS if name in value]
        return next((one for one in answers if one is not None), None)
    return None


def emergency_of_status(body: Any) -> bool:
    """Of the venue's page about itself. Only what plainly speaks of an emergency counts; the rest is about other things."""
    if not isinstance(body, dict):
        return False
    return any(_is_on(value) is True for name, value in body.items() if "emergency" in str(name).casefold())
