"""Talking to ABP: the key in its header, asking, paging, and keeping what was said for the journal.

The key travels as a header and in the login of the socket, and is in nothing that is returned.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.journal import Exchange
from planrunner.model.market import AccountName
from planrunner.net.channel import Channel
from planrunner.net.door import Door
from planrunner.net.message import Reply
from planrunner.ports import Clock, Secrets, SendBy
from planrunner.venues import exact_json
from planrunner.venues.asking import READ_TRIES, READ_WITHIN, Asked, AskedToWait, Question, ask_once, fits_a_header, patiently
from planrunner.venues.oddspapi_abp import wire
from planrunner.venues.oddspapi_abp.codes import NOT_FOUND, PERMANENT, TOO_MANY, fault
from planrunner.venues.oddspapi_abp.wire import Envelope, Fault, Result, open_envelope
from planrunner.venues.outcomes import Garbled

# Where the venue asks to wait and does not say how long; its window is one second long.
WAIT_USUALLY = 1.0
MOST_PAGES = 100  # more orders than an account ever has; a list that never ends would be asked for as long
AT_ONCE = 50  # ids in one address


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Where the venue is, and whatever its documentation has changed its mind about (times in seconds).

    `header` was once `X-ABP-API-KEY`. `rps`: requests in any second, once 60 in a minute. `ping_every`: who pings whom has turned
    round, so we ping too; three such times without a word and the socket counts as dead.
    """

    base: str = "https://v2.55-tech.com"
    header: str = "x-api-key"
    rps: int = 100
    ping_every: float = 30.0
    login_within: float = 10.0
    channels: tuple[str, ...] = ("orders", "bets", "settlements", "balance", "emergency")


class NothingThere(VenueTrouble):
    """The venue has nothing by these ids."""


class Manners:
    """When the next request may leave: the venue's own word, and no more in any second than the key allows."""

    def __init__(self, clock: Clock, rps: int) -> None:
        self._clock = clock
        self._until = 0.0
        self._sent: deque[float] = deque(maxlen=rps)

    def left(self) -> float:
        """Seconds that the venue asked for."""
        return max(self._until - self._clock.age(), 0.0)

    def full(self) -> float:
        """Seconds until the oldest of a full second is a second old, on the clock that waiting goes by."""
        if len(self._sent) < (self._sent.maxlen or 1):
            return 0.0
        return max(self._sent[0] + 1.0 - asyncio.get_running_loop().time(), 0.0)

    def leaving(self) -> None:
        self._sent.append(asyncio.get_running_loop().time())

    def answered(self, answer: object) -> None:
        if isinstance(answer, Fault) and answer.status == TOO_MANY:
            wait = WAIT_USUALLY if answer.retry_after is None else float(answer.retry_after)
            self._until = max(self._until, self._clock.age() + wait)


class Client:
    """One account's key."""

    def __init__(self, *, account: AccountName, door: Door, clock: Clock, secrets: Secrets, terms: Terms) -> None:
        self._account = account
        self._door = door
        self._clock = clock
        self._secrets = secrets
        self.terms = terms
        self._key = ""
        self._manners = Manners(clock, terms.rps)

    def unlock(self) -> None:
        """Takes the key. Raises Refused where there is none, VenueRefused for one that can be none."""
        self._key = self._secrets.get(self._account, "api_key")
        if not fits_a_header(self._key):
            raise VenueRefused(f"the API key of account {self._account} has signs in it that no such key has")

    def login_frame(self) -> str:
        """Without reliable delivery: how a frame is acknowledged is not documented, and whatever is missed is read again."""
        login = {"type": "login", "apiKey": self._key, "channels": list(self.terms.channels)}
        return exact_json.encode(login).decode("ascii")

    async def connect(self) -> Channel:
        """The socket, not yet logged in. Raises NotConnected."""
        return await self._door.connect(f"{self.terms.base}/ws", within=self.terms.login_within)

    # asking

    @property
    def is_held_up(self) -> bool:
        """The next request that may wait would."""
        return bool(self._manners.left() or self._manners.full())

    async def ask(
        self, title: str, path: str, body: Any = None, *, within: float = READ_WITHIN, send_by: SendBy | None = None
    ) -> Asked[Envelope]:
        """One request, once: with a body a POST, without one a GET. Where the venue asked to wait, one that must leave soon is
        not sent, any other waits. Never raises for what the venue or the network does."""
        if send_by is not None and self._manners.left():
            return Asked(answer=NeverSent("the venue asked to wait with further requests"), exchanges=())
        if send_by is None:
            await asyncio.sleep(self._manners.left())
            while wait := self._manners.full():  # noqa: ASYNC110 - others wait too, and may leave first
                await asyncio.sleep(wait)
        self._manners.leaving()
        headers = [(self.terms.header, self._key), ("Accept", "application/json")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        question = Question(
            title=title, method="GET" if body is None else "POST", url=self.terms.base + path, body=body,
            content=b"" if body is None else exact_json.encode(body), within=within, send_by=send_by,
        )  # fmt: skip
        asked, _ = await ask_once(self._door, self._clock, question, headers, read=_opened)
        self._manners.answered(asked.answer)
        return asked

    async def read(self, title: str, path: str, keep: list[Exchange] | None = None, *, tries: int = READ_TRIES) -> Any:
        """What a GET brings. Asked again where no answer came, an idle connection may have been closed; and where the venue asks
        to wait. Raises VenueTrouble, VenueRefused, NeverSent, ReplyUnknown."""
        answer = await patiently(lambda: self.ask(title, path), _asks_to_wait, keep, tries=tries)
        return value_of(answer)

    async def orders(
        self, params: Mapping[str, str], keep: list[Exchange] | None = None, *, until: Callable[[Any], bool] | None = None
    ) -> list[Any]:
        """All pages, or those `until` a row: the newest orders come first. Raises as `read`, and Unreadable."""
        return await self._pages("Look up orders", "orders", "afterOrderId", params, keep, until)

    async def bets(self, orders: list[str], keep: list[Exchange] | None = None) -> dict[str, list[Any]]:
        """The bets that were made of these orders, by order. Raises as `read`, and Unreadable."""
        found: dict[str, list[Any]] = {order: [] for order in orders}
        for some in chunks(orders):
            for row in await self._pages("Look up bets", "bets", "afterBetId", {"orderIds": ",".join(some)}, keep):
                if (order := wire.text(row, "orderId")) in found:
                    found[order].append(row)
        return found

    async def _pages(
        self,
        title: str,
        name: str,
        cursor: str,
        params: Mapping[str, str],
        keep: list[Exchange] | None,
        until: Callable[[Any], bool] | None = None,
    ) -> list[Any]:
        found: list[Any] = []
        asked = dict(params)
        for _ in range(MOST_PAGES):
            page = wire.page(await self.read(title, f"/{name}?{wire.query(asked)}", keep), name)
            found += page.rows
            if page.after is None or not page.rows or (until is not None and until(page.rows[-1])):
                return found
            asked[cursor] = page.after
        raise VenueTrouble(f"OddsPapi ABP lists {name} on {MOST_PAGES} pages, and says that there are still more")


def value_of(answer: Envelope | NeverSent | ReplyUnknown) -> Any:
    """The result, or the error that says what to do about its absence."""
    if isinstance(answer, Result):
        return answer.value
    if isinstance(answer, Garbled):
        raise VenueTrouble(answer.text)
    if isinstance(answer, Fault):
        _, words = fault(answer.status)
        text = f"OddsPapi ABP: {words} ({answer.status}{f', {answer.text}' if answer.text else ''})"
        if answer.status == NOT_FOUND:
            raise NothingThere(text)
        kind = AskedToWait if _asks_to_wait(answer) else VenueRefused if answer.status in PERMANENT else VenueTrouble
        raise kind(text)
    raise answer


def _opened(reply: Reply, body: Any) -> Envelope:
    return open_envelope(reply.status, body, reply.header("retry-after"))


def _asks_to_wait(answer: object) -> bool:
    return isinstance(answer, Fault) and answer.status == TOO_MANY


def chunks(ids: list[str]) -> list[list[str]]:
    return [ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE)]
