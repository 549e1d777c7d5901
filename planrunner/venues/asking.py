"""Asking a venue once, what came of it for the journal, and the patience of a read: the same for every venue."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from planrunner.model.errors import NeverSent, ReplyUnknown, VenueTrouble
from planrunner.model.journal import Exchange
from planrunner.net.door import Door
from planrunner.net.message import Reply
from planrunner.ports import Clock, Request, SendBy
from planrunner.venues.exact_json import Unreadable, decode
from planrunner.venues.outcomes import Garbled

READ_WITHIN = 10.0
# Reads wait themselves where the venue asks to, so often; placements are the engine's to send again.
READ_TRIES = 3
_IN_A_HEADER = re.compile("[!-~]+")

Answer = TypeVar("Answer")


class AskedToWait(VenueTrouble):
    """Too many requests, or the venue is overloaded: nothing is wrong, but the next one comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, but for its headers, where the secrets are. `body` is what the journal shows of `content`; one with a
    `send_by` leaves soon or never."""

    title: str
    url: str
    body: Any = None
    content: bytes = b""
    method: str = "POST"
    within: float = READ_WITHIN
    send_by: SendBy | None = None

    @classmethod
    def of(cls, request: Request, title: str, *, within: float, send_by: SendBy | None = None) -> Question:
        return cls(
            title=title, method=request.method, url=request.url, body=request.redacted, content=request.content,
            within=within, send_by=send_by,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[Answer]):
    """What came of one request: an answer, or why there is none. The exchanges are ready for the journal."""

    answer: Answer | NeverSent | ReplyUnknown
    exchanges: tuple[Exchange, ...]

    def after(self, earlier: Asked[Answer]) -> Asked[Answer]:
        """It was asked twice, and this is the answer."""
        return replace(self, exchanges=earlier.exchanges + self.exchanges)


async def ask_once(
    door: Door, clock: Clock, question: Question, headers: Sequence[tuple[str, str]], *, read: Callable[[Reply, Any], Answer]
) -> tuple[Asked[Answer], Reply | None]:
    """`read` is given the reply and its decoded body, None where that is no JSON. Never raises for what the venue or the network
    does."""
    sent_at = clock.now()
    answer: Answer | NeverSent | ReplyUnknown
    shown, status, answered_at, trouble, reply = None, None, None, None, None
    try:
        reply = await door.send(
            question.method, question.url, headers, question.content, within=question.within, send_by=question.send_by
        )
    except (NeverSent, ReplyUnknown) as error:
        answer, trouble = error, str(error)
    else:
        shown, status, answered_at = body_of(reply), reply.status, clock.now()
        answer = read(reply, shown)
        trouble = answer.text if isinstance(answer, Garbled) else None
    exchange = Exchange(
        title=question.title, method=question.method, url=question.url, request=question.body, sent_at=sent_at,
        answer=shown, status=status, answered_at=answered_at, trouble=trouble,
    )  # fmt: skip
    return Asked(answer=answer, exchanges=(exchange,)), reply


def body_of(reply: Reply) -> Any:
    """The decoded body, None where it is no JSON: a gateway's page is of no use to anybody."""
    try:
        return decode(reply.content)
    except Unreadable:
        return None


async def patiently(
    ask: Callable[[], Awaitable[Asked[Answer]]],
    asks_to_wait: Callable[[object], bool],
    keep: list[Exchange] | None,
    *,
    tries: int = READ_TRIES,
) -> Answer | NeverSent | ReplyUnknown:
    """What came of a read. Asked a second time where no answer came: an idle connection may have been closed; and again where the
    venue asks to wait."""
    unanswered = 0
    for left in reversed(range(tries)):
        asked = await ask()
        if keep is not None:
            keep.extend(asked.exchanges)
        is_answer = not isinstance(asked.answer, Garbled | NeverSent | ReplyUnknown)
        unanswered += not is_answer
        if (is_answer and not asks_to_wait(asked.answer)) or unanswered == 2 or not left:
            break
    return asked.answer


def fits_a_header(secret: str) -> bool:
    """Nothing that could end a header is in it."""
    return _IN_A_HEADER.fullmatch(secret) is not None


class Manners:
    """When a kind of request may be made again after the venue asked to wait: twice as long each time in a row. Another kind's
    trouble is none of a cancel's or a placing's."""

    def __init__(self, clock: Clock, *, first: float, most: float) -> None:
        self._clock = clock
        self._first = first
        self._most = most
        self._waits: dict[Hashable, tuple[float, float]] = {}  # until which age, and how long that was

    def left(self, kind: Hashable) -> float:
        """Seconds."""
        until, _ = self._waits.get(kind, (0.0, 0.0))
        return max(until - self._clock.age(), 0.0)

    def asked_to_wait(self, kind: Hashable) -> None:
        if not self.left(kind):  # of several that were under way one counts
            _, before = self._waits.get(kind, (0.0, 0.0))
            wait = min(max(2 * before, self._first), self._most)
            self._waits[kind] = (self._clock.age() + wait, wait)

    def went_well(self, kind: Hashable) -> None:
        self._waits.pop(kind, None)
