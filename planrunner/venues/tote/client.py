"""Talking to the Tote: who we are, asking, and keeping what was said for the journal.

The key or token travels as a header and is in nothing that is returned. Asking for a token is never kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from planrunner.model.errors import NeverSent, Refused, ReplyUnknown, VenueRefused, VenueTrouble
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
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.outcomes import Garbled
from planrunner.venues.tote import wire
from planrunner.venues.tote.codes import ASKS_TO_WAIT, PERMANENT, fault
from planrunner.venues.tote.wire import LOGIN_REFUSED, UNAUTHENTICATED, Envelope, Fault, Result, open_envelope

# How long a kind of request is left alone when the venue asks to wait: twice as long each time in a row.
WAIT_FIRST, WAIT_MOST = 2.0, 60.0
MOST_PAGES = 100  # more than any day has; a list that never ends would be asked for as long
AUDIENCE = "https://partner.tote.co.uk"
# A token's lifetime is not published. It is renewed after so much of what the venue says, or of this where it says nothing.
RENEWED_AT = 0.8
USUAL_LIFE = 600.0
TOKEN_AGAIN = 60.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the venue is. Messages have a host path of their own; so has whoever hands out tokens."""

    gateway: str = "https://hub.production.racing.tote.co.uk/partner/gateway/graphql"
    connections: str = "wss://hub.production.racing.tote.co.uk/partner/connections/graphql/"
    login: str = "https://auth.tote.co.uk/oauth/token"

    @classmethod
    def of_sandbox(cls, base: str) -> Addresses:
        """`base` is that of all the sandboxes."""
        here = f"{base}/tote"
        connections = re.sub("^http", "ws", f"{here}/partner/connections/graphql/")
        return cls(gateway=f"{here}/partner/gateway/graphql", connections=connections, login=f"{here}/oauth/token")


class Client:
    """One account at the Tote: a key, or a token that a name and a password give."""

    def __init__(self, *, account: AccountName, door: Door, clock: Clock, secrets: Secrets, addresses: Addresses) -> None:
        self._account = account
        self._door = door
        self._clock = clock
        self._secrets = secrets
        self.addresses = addresses
        self._authorization = ""
        self._renew_at: float | None = None  # by age; None: a key, which does not end
        self._barred: str | None = None
        self._login = asyncio.Lock()
        self._manners = Manners(clock, first=WAIT_FIRST, most=WAIT_MOST)

    @property
    def authorization(self) -> str:
        """What to show at every door of the venue's."""
        return self._authorization

    # who we are

    async def log_in(self, stale: str | None = None) -> None:
        """Once at a time, and never again after the venue refused. Raises VenueRefused, VenueTrouble, NeverSent, ReplyUnknown,
        Unreadable; Refused where there are no credentials."""
        async with self._login:
            if self._authorization and self._authorization != stale:
                return  # somebody else was faster
            if self._barred is not None:
                raise VenueRefused(self._barred)
            key = self._key()
            if key is None:
                await self._ask_for_token()
            elif not stale:
                self._authorization = _of_a_header(f"Api-Key {key}", key, self._account)
            else:
                raise VenueRefused(f"the Tote does not take the API key of account {self._account}")

    def _key(self) -> str | None:
        """None where the account has a name and a password instead."""
        try:
            return self._secrets.get(self._account, "api_key")
        except Refused as no_key:
            try:
                self._secrets.get(self._account, "username")
            except Refused:
                raise no_key from None
            return None

    async def _ask_for_token(self) -> None:
        names = ("client_id", "username", "password")
        form = {
            "grant_type": "password",
            **{name: self._secrets.get(self._account, name) for name in names},
            "audience": AUDIENCE,
        }
        headers = (("Content-Type", "application/json"), ("Accept", "application/json"))
        reply = await self._door.send("POST", self.addresses.login, headers, exact_json.encode(form), within=READ_WITHIN)
        answer = body_of(reply)
        if reply.status in (400, 401, 403):
            text = f"the Tote refused the login of account {self._account}; correct the user name, password or client id"
            if isinstance(answer, dict):  # a page of a gateway is no verdict on anybody's password
                self._barred = text
            raise VenueRefused(text)
        if reply.status != 200 or not isinstance(answer, dict):
            raise VenueTrouble(f"the Tote's login service does not work (HTTP status {reply.status}); try again later")
        given = str(answer.get("access_token"))
        token = given if len(given) > fields.LONGEST_TEXT else fields.text(answer, "access_token")  # a token may be long
        self._secrets.learn(token)
        self._authorization = _of_a_header(f"Bearer {token}", token, self._account)
        life = answer.get("expires_in")
        lives = float(life) if isinstance(life, int) and not isinstance(life, bool) and 0 < life < 10**9 else USUAL_LIFE
        self._renew_at = self._clock.age() + RENEWED_AT * lives

    async def keep_alive(self) -> None:
        """Renew a token before it ends. Where that fails it goes on meanwhile, and it is tried again soon."""
        if self._renew_at is None or self._clock.age() < self._renew_at:
            return
        try:
            await self.log_in(stale=self._authorization)
        except (VenueTrouble, VenueRefused, NeverSent, ReplyUnknown, Unreadable):
            self._renew_at = self._clock.age() + TOKEN_AGAIN

    async def renew(self, refused: str) -> None:
        """The venue did not take what was shown at its door. For a key there is nothing to be done."""
        if self._renew_at is not None:
            await self.log_in(stale=refused)

    # asking

    async def ask(self, question: Question) -> Asked[Envelope]:
        """One request; a second time where a token had ended, which proves that the first did nothing. But what must leave soon
        is never sent twice on one intent: only the token is renewed then, and whoever decides sends it again.

        Where the venue asked to wait, one that must leave soon is not sent, any other waits. Never raises for what the venue or
        the network does.
        """
        is_placing = question.send_by is not None
        if left := self._manners.left(is_placing):
            if is_placing:
                return Asked(answer=NeverSent("the venue asked to wait with requests of this kind"), exchanges=())
            await asyncio.sleep(left)
        shown = self._authorization
        first = await self._ask_once(question)
        if not _is_of_login(first.answer) or self._renew_at is None:
            return first
        try:
            await self.renew(shown)
        except VenueRefused:
            return replace(first, answer=Fault(code=LOGIN_REFUSED)) if isinstance(first.answer, Fault) else first
        except (VenueTrouble, NeverSent, ReplyUnknown, Unreadable):
            return first  # the first answer stands, and it says why
        if is_placing:
            return first
        return (await self._ask_once(question)).after(first)

    async def _ask_once(self, question: Question) -> Asked[Envelope]:
        """One request, and again to where the venue says that it is to be taken, once: as it is, never as something else."""
        first, reply = await self._exchange(question)
        to = None if reply is None else _elsewhere(reply, question.url)
        if to is None:
            return first
        second, _ = await self._exchange(replace(question, url=to))
        if isinstance(second.answer, NeverSent):  # the first one left
            text = f"the venue's answer is no use (HTTP status {reply.status if reply else ''}); {second.answer}"
            second = replace(second, answer=ReplyUnknown(text))
        return second.after(first)

    async def _exchange(self, question: Question) -> tuple[Asked[Envelope], Reply | None]:
        headers = (
            ("Authorization", self._authorization), ("Content-Type", "application/json"), ("Accept", "application/json"),
        )  # fmt: skip
        asked, reply = await ask_once(self._door, self._clock, question, headers, read=_opened)
        if _asks_to_wait(asked.answer):
            self._manners.asked_to_wait(question.send_by is not None)
        elif isinstance(asked.answer, Result):
            self._manners.went_well(question.send_by is not None)
        return asked, reply

    async def read(self, title: str, query: str, keep: list[Exchange] | None = None) -> dict[str, Any]:
        """The data of a query, whole. Asked a second time where no answer came: an idle connection may have been closed; and
        again where the venue asks to wait.

        Raises VenueTrouble, VenueRefused, NeverSent, ReplyUnknown.
        """
        body = wire.document(query)
        question = Question(title=title, url=self.addresses.gateway, body=body, content=exact_json.encode(body))
        answer = await patiently(lambda: self.ask(question), _asks_to_wait, keep)
        return data_of(answer)

    async def pages(
        self, title: str, query: Callable[[str | None], str], name: str, keep: list[Exchange] | None = None
    ) -> list[Any]:
        """All rows of a list; `query` makes the document of a page from the cursor before. Raises as `read`, and Unreadable."""
        found: list[Any] = []
        async for page in self._each_page(title, query, name, keep):
            found += page
        return found

    async def _each_page(
        self, title: str, query: Callable[[str | None], str], name: str, keep: list[Exchange] | None
    ) -> AsyncIterator[list[Any]]:
        after: str | None = None
        for _ in range(MOST_PAGES):
            listed = fields.block(await self.read(title, query(after), keep), name)
            yield fields.rows(listed, "nodes")
            after = wire.next_page(listed)
            if after is None:
                return
        raise VenueTrouble(f"the Tote lists {name} on {MOST_PAGES} pages, and says that there are still more")


def data_of(answer: Envelope | NeverSent | ReplyUnknown) -> dict[str, Any]:
    """What was asked for, or the error that says what to do about its absence. Half an answer is none."""
    match answer:
        case Result():
            if answer.problems:
                raise VenueTrouble(f"the Tote gave a part of an answer only: {answer.problems[0] or 'it does not say why'}")
            return answer.data
        case Garbled():
            raise VenueTrouble(answer.text)
        case Fault():
            _, words = fault(answer.code)
            said = f": {answer.text}" if answer.text else ""
            kind = AskedToWait if _asks_to_wait(answer) else VenueRefused if answer.code in PERMANENT else VenueTrouble
            raise kind(f"UK Tote: {words} ({answer.code}{said})")
        case _:
            raise answer


def _opened(reply: Reply, body: Any) -> Envelope:
    return open_envelope(reply.status, body)


def _asks_to_wait(answer: object) -> bool:
    return isinstance(answer, Fault) and answer.code in ASKS_TO_WAIT


def _is_of_login(answer: object) -> bool:
    return isinstance(answer, Fault | Result) and answer.code == UNAUTHENTICATED


def _elsewhere(reply: Reply, asked: str) -> str | None:
    """Where a request is to be taken instead; None where nowhere, or to somebody whom our key is none of the business of."""
    location = reply.header("location")
    if reply.status not in _REDIRECTS or not location:
        return None
    to, own = urlsplit(urljoin(asked, location)), urlsplit(asked)
    if to.scheme not in (own.scheme, "https") or to.hostname != own.hostname or (to.scheme == own.scheme and to.port != own.port):
        return None
    return to.geturl()


def _of_a_header(line: str, secret: str, account: AccountName) -> str:
    if not fits_a_header(secret):
        raise VenueRefused(f"the key or token of account {account} has signs in it that none has")
    return line
