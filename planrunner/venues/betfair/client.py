"""Talking to Betfair: logging in, staying logged in, asking, and keeping what was said for the journal.

The session token and the application key travel as headers and are in nothing that is returned. A login is never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from planrunner.model.errors import NeverSent, ReplyUnknown, VenueRefused, VenueTrouble
from planrunner.model.journal import Exchange
from planrunner.model.market import AccountName
from planrunner.net.door import Door
from planrunner.net.message import Reply
from planrunner.ports import Clock, Secrets
from planrunner.venues import exact_json, fields
from planrunner.venues.asking import (
    READ_WITHIN,
    Asked,
    AskedToWait,
    Manners,
    Question,
    ask_once,
    body_of,
    fits_a_header,
    patiently,
)
from planrunner.venues.betfair import wire
from planrunner.venues.betfair.codes import (
    ASKS_TO_WAIT,
    LOGIN_MAY_BE_TRIED_AGAIN,
    LOGIN_REFUSED,
    LOGINS,
    PERMANENT,
    SESSION_ENDED,
    fault,
)
from planrunner.venues.betfair.wire import Envelope, Fault, Result, open_envelope
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled

# How long an operation is left alone when the venue asks to wait: twice as long each time in a row.
WAIT_FIRST, WAIT_MOST = 5.0, 60.0
# The venue answers so many of these at a time, for each account and kind.
AT_ONCE = dict.fromkeys(("listCurrentOrders", "listClearedOrders"), 3)
LOGOUT_WITHIN = 2.0
LOGIN_TRIES = 3
# A session lives 20 minutes at the shortest (Italy, Spain) and only keeping alive prolongs it, not calls.
KEEP_ALIVE_EVERY = 600.0
KEEP_ALIVE_AGAIN = 60.0
PAGE = 1000
MOST_PAGES = 100  # more orders than an account ever has in one list; one that never ends would be asked for as long
# How a report calls what it shows.
TITLES = {wire.BETTING + "listClearedOrders": "Look up among cleared bets"}
_ACCEPT = ("Accept", "application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the venue is: identity and exchange have hosts of their own."""

    identity: str = "https://identitysso.betfair.com"
    api: str = "https://api.betfair.com"

    @property
    def betting(self) -> str:
        return f"{self.api}/exchange/betting/json-rpc/v1"

    @property
    def account(self) -> str:
        return f"{self.api}/exchange/account/json-rpc/v1"


class Client:
    """One account's session."""

    def __init__(self, *, account: AccountName, door: Door, clock: Clock, secrets: Secrets, addresses: Addresses) -> None:
        self._account = account
        self._door = door
        self._clock = clock
        self._secrets = secrets
        self.addresses = addresses
        self._app_key = ""
        self._token = ""
        self._prolonged = 0.0
        self._barred: str | None = None
        self._login = asyncio.Lock()
        self._manners = Manners(clock, first=WAIT_FIRST, most=WAIT_MOST)
        self._at_once = {name: asyncio.Semaphore(most) for name, most in AT_ONCE.items()}

    # session

    async def log_in(self, stale: str = "") -> None:
        """Once at a time, and never again after the venue refused: it locks accounts. Raises VenueRefused, VenueTrouble."""
        async with self._login:
            if self._token and self._token != stale:
                return  # somebody else was faster
            if self._barred is not None:
                raise VenueRefused(self._barred)
            self._app_key = self._secrets.get(self._account, "app_key")
            if not fits_a_header(self._app_key):
                raise VenueRefused(f"the application key of account {self._account} has signs in it that no such key has")
            form = {name: self._secrets.get(self._account, name) for name in ("username", "password")}
            for tries in range(1, LOGIN_TRIES + 1):
                if await self._log_in_once(urlencode(form).encode("ascii"), is_last=tries == LOGIN_TRIES):
                    return
                await asyncio.sleep(tries)

    async def _log_in_once(self, form: bytes, *, is_last: bool) -> bool:
        headers = (("Content-Type", "application/x-www-form-urlencoded"), _ACCEPT, ("X-Application", self._app_key))
        answer = await self._identity("login", headers, form)
        status, code = wire.code(answer, "status"), wire.code(answer, "error") or ""
        if status == "SUCCESS":
            self._token = _of_a_header(fields.text(answer, "token"))
            self._secrets.learn(self._token)
            self._prolonged = self._clock.age()
            return True
        if code in LOGIN_MAY_BE_TRIED_AGAIN:
            if is_last:
                raise VenueTrouble(f"Betfair's login has an error of its own ({code}); try again later")
            return False
        words = LOGINS.get(code, "log in on Betfair's site to see why")
        self._barred = f"Betfair refused the login of account {self._account}: {words} ({code or status})"
        raise VenueRefused(self._barred)

    async def keep_alive(self) -> None:
        """Prolong the session when it is time to. Where that fails the session goes on meanwhile, and it is tried again soon;
        one that has ended is renewed. Raises VenueTrouble, NeverSent, ReplyUnknown, VenueRefused, Unreadable: no session.
        """
        if self._clock.age() - self._prolonged < KEEP_ALIVE_EVERY:
            return
        token = self._token
        try:
            answer = await self._identity("keepAlive", self._of_session(token), b"")
            status, code = wire.code(answer, "status"), wire.code(answer, "error")
        except (VenueTrouble, NeverSent, ReplyUnknown, Unreadable):
            status, code = None, None
        if code in SESSION_ENDED:
            await self.log_in(stale=token)
        else:
            again = 0.0 if status == "SUCCESS" else KEEP_ALIVE_AGAIN - KEEP_ALIVE_EVERY
            self._prolonged = self._clock.age() + again

    async def log_out(self) -> None:
        """End this session, and no other login of the account; where that fails it ends by itself. Never raises for that."""
        token, self._token = self._token, ""
        if token:
            with suppress(VenueTrouble, NeverSent, ReplyUnknown):
                await self._identity("logout", self._of_session(token), b"", within=LOGOUT_WITHIN)

    def _of_session(self, token: str) -> tuple[tuple[str, str], ...]:
        return (_ACCEPT, ("X-Application", self._app_key), ("X-Authentication", token))

    async def _identity(
        self, name: str, headers: tuple[tuple[str, str], ...], form: bytes, *, within: float = READ_WITHIN
    ) -> Any:
        url = f"{self.addresses.identity}/api/{name}"
        reply = await self._door.send("POST", url, headers, form, within=within)
        answer = body_of(reply)
        if reply.status != 200 or not isinstance(answer, dict):
            raise VenueTrouble(f"Betfair's login service does not work (HTTP status {reply.status}); try again later")
        return answer

    # asking

    async def ask(self, question: Question) -> Asked[Envelope]:
        """One request; a second time where the session had ended, which proves that the first did nothing. But what must leave
        soon is never sent twice on one intent: only the session is renewed then, and whoever decides sends it again.

        Where the venue asked to wait, one that must leave soon is not sent, any other waits. Never raises for what the venue or
        the network does.
        """
        if left := self._manners.left(_operation(question)):
            if question.send_by is not None:
                return Asked(answer=NeverSent("the venue asked to wait with requests of this kind"), exchanges=())
            await asyncio.sleep(left)
        async with self._at_once.get(_operation(question)) or nullcontext():
            return await self._ask_twice(question)

    async def _ask_twice(self, question: Question) -> Asked[Envelope]:
        token = self._token
        first = await self._ask_once(question)
        if not (isinstance(first.answer, Fault) and first.answer.code in SESSION_ENDED):
            return first
        try:
            await self.log_in(stale=token)
        except VenueRefused:
            return replace(first, answer=Fault(code=LOGIN_REFUSED))
        except (VenueTrouble, NeverSent, ReplyUnknown, Unreadable):
            return first  # the first answer stands, and it says why: the session has ended
        if question.send_by is not None:
            return first
        return (await self._ask_once(question)).after(first)

    async def _ask_once(self, question: Question) -> Asked[Envelope]:
        headers = (
            ("X-Application", self._app_key), ("X-Authentication", self._token),
            ("Content-Type", "application/json"), _ACCEPT,
        )  # fmt: skip
        asked, _ = await ask_once(self._door, self._clock, question, headers, read=_opened)
        if _asks_to_wait(asked.answer):
            self._manners.asked_to_wait(_operation(question))
        elif isinstance(asked.answer, Result):
            self._manners.went_well(_operation(question))
        return asked

    async def read(self, operation: str, params: dict[str, Any], keep: list[Exchange] | None = None) -> Any:
        """The result of a read. Asked a second time where no answer came: an idle connection may have been closed; and again
        where the venue asks to wait.

        Raises VenueTrouble, VenueRefused, NeverSent, ReplyUnknown.
        """
        body = wire.call(operation, params)
        url = self.addresses.account if operation.startswith(wire.ACCOUNT) else self.addresses.betting
        title = TITLES.get(operation, operation)
        question = Question(title=title, url=url, body=body, content=exact_json.encode(body))
        answer = await patiently(lambda: self.ask(question), _asks_to_wait, keep)
        return value_of(answer)

    async def pages(self, operation: str, params: dict[str, Any], name: str, keep: list[Exchange] | None = None) -> list[Any]:
        """All pages of a list of orders. Raises as `read`, and Unreadable."""
        found: list[Any] = []
        async for page in self._each_page(operation, params, name, keep):
            found += page
        return found

    async def _each_page(
        self, operation: str, params: dict[str, Any], name: str, keep: list[Exchange] | None
    ) -> AsyncIterator[list[Any]]:
        start = 0
        for _ in range(MOST_PAGES):
            value = await self.read(operation, {**params, "fromRecord": start, "recordCount": PAGE}, keep)
            page = fields.rows(value, name)
            yield page
            start += len(page)
            if fields.optional(value, "moreAvailable") is not True or not page:
                return
        raise VenueTrouble(f"Betfair lists orders on {MOST_PAGES} pages, and says that there are still more")


def value_of(answer: Envelope | NeverSent | ReplyUnknown) -> Any:
    """The result, or the error that says what to do about its absence."""
    if isinstance(answer, Result):
        return answer.value
    if isinstance(answer, Garbled):
        raise VenueTrouble(answer.text)
    if isinstance(answer, Fault):
        _, words = fault(answer.code)
        kind = AskedToWait if _asks_to_wait(answer) else VenueRefused if answer.code in PERMANENT else VenueTrouble
        raise kind(f"Betfair: {words} ({answer.code})")
    raise answer


def _opened(reply: Reply, body: Any) -> Envelope:
    return open_envelope(reply.status, body)


def _operation(question: Question) -> str:
    """The venue asks to wait with each for itself."""
    return str(question.body["method"]).rpartition("/")[2]


def _asks_to_wait(answer: object) -> bool:
    return isinstance(answer, Fault) and answer.code in ASKS_TO_WAIT


def _of_a_header(token: str) -> str:
    """What the venue gives travels in a header from now on, so nothing that could end one may be in it."""
    if not fits_a_header(token):
        raise Unreadable("`token` is none")
    return token
