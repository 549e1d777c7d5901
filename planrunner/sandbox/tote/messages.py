"""What the Tote tells those who listen. A message goes to whoever listens at that moment, and is never told again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from planrunner.sandbox.agenda import Agenda
from planrunner.sandbox.clock import iso
from planrunner.sandbox.faults import Faults, Trouble
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote.bets import PoolBet

BET_ROOTS = ("onBetAccepted", "onBetRejected", "onBetFailed", "onBetCancelled", "onBetResulted", "onBetSettled")
# What a raw connection gets without asking.
UNASKED = (*BET_ROOTS, "onProductStatusChanged", "onEventResultChanged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`owner` None: everybody may know. `root` is the field that it answers."""

    root: str
    owner: str | None
    data: dict[str, Any]

    def flat(self) -> dict[str, Any]:
        """As a raw message: all of it at the top, in capitals."""
        return {"MessageType": self.root.removeprefix("on"), **_capital(self.data)}


class Listener(Protocol):
    """A connection."""

    def hear(self, message: Message) -> None: ...

    def wake(self) -> None: ...

    def drop(self, owner: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class Messages:
    faults: Faults
    log: VenueLog
    agenda: Agenda[Callable[[int], None]]
    listeners: list[Listener] = field(default_factory=list)

    def bet(self, root: str, bet: PoolBet, at: int) -> None:
        """One message of one bet, and what goes wrong with it."""
        fault = self.faults.strike(root, by_name=True)
        trouble = fault.trouble if fault else None
        data = {"betId": bet.tote_id, "customerBetId": bet.id, "createdAt": iso(at)}
        if bet.reason:
            data["reason"] = bet.reason
        if fault:
            self.log.write("fault", at, venue="tote", call=root, trouble=fault.trouble.value)
        if trouble is Trouble.MESSAGE_LOST:
            return
        if trouble is Trouble.FIELDS_MISSING:
            data = {name: data[name] for name in ("betId", "customerBetId")}
        message = Message(root=root, owner=bet.owner, data=data)
        if trouble is Trouble.UNKNOWN_VALUE:  # a kind of message nobody knows, besides the one
            self.tell(Message(root=fault.code or "onBetReviewed" if fault else "", owner=bet.owner, data=data))
        if fault and trouble is Trouble.MESSAGE_DELAYED:
            self.agenda.add(at + fault.seconds * SECOND, lambda _: self.tell(message))
            return
        self.tell(message)
        if trouble is Trouble.REPORTED_TWICE:
            self.tell(message)

    def tell(self, message: Message) -> None:
        for listener in list(self.listeners):
            listener.hear(message)

    def drop(self, owner: str) -> None:
        """The owner's connections break."""
        for listener in list(self.listeners):
            listener.drop(owner)

    def wake(self) -> None:
        """Something was put on the agenda that those who wait for the next moment don't know of."""
        for listener in list(self.listeners):
            listener.wake()


def _capital(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[0].upper() + name[1:]: _capital(one) for name, one in value.items()}
    return [_capital(one) for one in value] if isinstance(value, list) else value
