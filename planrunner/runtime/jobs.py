"""What is handed to the writer: each puts its rows down in the transaction that all who wait share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from planrunner.model.commands import Asked, Placing, narrowed
from planrunner.model.events import STOPPED, OrderDenied
from planrunner.model.journal import Body, Halt, Mode, RunInfo
from planrunner.model.market import AccountName, OrderRef, RunId
from planrunner.ports import Request
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.codec import encode, plain_text
from planrunner.runtime.sheet import Sheet
from planrunner.runtime.writer import Stamp

NO_RUN = RunId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """What may now be sent, and until when it counts from.

    `command` and `request` hold the admitted placements only (None: all were denied). `committed_at` and `committed_age` were
    read just before the commit, so a send-by counted from them is never too late.
    """

    command: Placing | None
    request: Request | None
    denied: tuple[OrderDenied, ...]
    committed_at: datetime
    committed_age: float


@dataclass(slots=True)
class Append:
    run: RunId
    epoch: int
    at: datetime
    bodies: tuple[Body, ...]
    texts: list[tuple[str, str]]
    taken: tuple[int, ...] = ()
    name: str = "append"

    def put(self, sheet: Sheet) -> Callable[[Stamp], None]:
        sheet.check(self.run, self.epoch)
        seqs = [sheet.put(self.run, self.at, kind, text) for kind, text in self.texts]
        if self.taken:
            sheet.take(self.taken, seqs[0])
        for body in self.bodies:
            sheet.ledger.learn(self.run, body)
        return lambda _: None


@dataclass(slots=True)
class Beside:
    act: Callable[[Connection], Any]
    run: RunId = NO_RUN
    name: str = ""

    def put(self, sheet: Sheet) -> Callable[[Stamp], Any]:
        with sheet.connection.begin_nested():  # what fails leaves no row behind in everybody's transaction
            result = self.act(sheet.connection)
        return lambda _: result


@dataclass(slots=True)
class Reserve:
    run: RunId
    epoch: int
    info: RunInfo
    account: AccountName
    length: timedelta
    clock: HandsClock
    name: str = ""

    def put(self, sheet: Sheet) -> Callable[[Stamp], timedelta]:
        sheet.check(self.run, self.epoch)
        wait = sheet.reserve(f"{scope_of(self.info)}/{self.account}", self.length, self.clock.now())
        return lambda _: wait


@dataclass(slots=True)
class Intend:
    run: RunId
    epoch: int
    command: Placing
    at: datetime
    prepare: Callable[[Placing], Request]
    info: RunInfo
    name: str = "intent"

    def put(self, sheet: Sheet) -> Callable[[Stamp], Intended]:
        sheet.check(self.run, self.epoch)
        admitted, denied = self._admit(sheet)
        if not admitted:
            return lambda stamp: Intended(
                command=None, request=None, denied=denied, committed_at=stamp.wall, committed_age=stamp.age
            )
        command = narrowed(self.command, {each.ref for each in admitted}) if denied else self.command
        try:
            request = self.prepare(command)
            kind, text = encode(command)
            redacted = plain_text({"method": request.method, "url": request.url, "body": request.redacted})
        except BaseException:
            sheet.ledger.withdraw(command, run=self.run)
            raise
        seq = sheet.put(self.run, self.at, kind, text, redacted)
        sheet.intend(self.run, seq, (each.ref for each in admitted), command.attempt)
        return lambda stamp: Intended(
            command=command, request=request, denied=denied, committed_at=stamp.wall, committed_age=stamp.age
        )

    def _admit(self, sheet: Sheet) -> tuple[tuple[Asked, ...], tuple[OrderDenied, ...]]:
        if self.info.mode is not Mode.REHEARSAL:
            for halt in sheet.halts():
                if halt.covers(self.info, self.command.account):
                    return (), tuple(_stopped(each.ref, halt, self.at) for each in self.command.placements)
        return sheet.ledger.admit(self.command, run=self.run, scope=scope_of(self.info), at=self.at)


def _stopped(ref: OrderRef, halt: Halt, at: datetime) -> OrderDenied:
    return OrderDenied(at=at, ref=ref, limit=STOPPED, figure=halt.what, held_by=halt.why)


def scope_of(info: RunInfo) -> str:
    """What a run's money is counted with: live or sandbox, and every rehearsal on its own."""
    return info.run if info.mode is Mode.REHEARSAL else info.mode.value
