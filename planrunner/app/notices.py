"""Telling people what happened to runs, as `notify` of the site file says: each thing once to each of them, whatever restarts.

What is to be told is written down first and told by a worker of its own, so that nobody who is told late or never keeps a run
waiting. A notice that could not be told is tried again for a day, less and less often, and then given up.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from planrunner.model.account import By, Happening, Notice, Site
from planrunner.model.market import RunId
from planrunner.model.shown import harmless
from planrunner.net.door import Door
from planrunner.net.message import address
from planrunner.ports import Clock, Secrets
from planrunner.runtime import notices as rows
from planrunner.runtime.journal import Journal
from planrunner.runtime.notices import Waiting
from planrunner.runtime.notify import Sent, by_email, by_webhook, hide, target_of
from planrunner.runtime.secrets import redacted

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(hours=24)
TRIES_WHERE_REFUSED = 3
AT_ONCE = 50  # notices of one round
# Still to be told to one person; whoever did not hear of a thousand things is told no better by the next.
WAIT_UP_TO = 1_000
TITLE_UP_TO, TEXT_UP_TO = 200, 4_000
LOOK_AGAIN = 60.0  # seconds, where nothing is due: the journal may have been given something by another process
log = logging.getLogger(__name__)


class Notices:
    """Of one journal. `site` is asked each time, because a site file may be changed while a service is at work."""

    def __init__(
        self,
        journal: Journal,
        site: Callable[[], Site],
        clock: Clock,
        secrets: Secrets,
        door: Door,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._journal = journal
        self._site = site
        self._clock = clock
        self._secrets = secrets
        self._door = door
        self._tls = tls
        self._wake = asyncio.Event()

    async def tell(
        self, happening: Happening, key: str, title: str, text: str, *, run: RunId | None = None, plan: str = ""
    ) -> int:
        """Writes it down for everybody who wants to hear of it; answers for how many it is new. `key`: the run or the occurrence
        that it is about, and whatever else makes it a thing of its own. Raises JournalTrouble."""
        now, site = self._clock.now(), self._site()
        for notice in site.notify:
            hide(notice, self._secrets)
        told = {
            "happening": happening.value,
            "title": _cut(harmless(redacted(title)), TITLE_UP_TO),
            "text": _cut(redacted(text), TEXT_UP_TO),
            "run": run,
            "plan": plan or None,
            "at": now.isoformat(),
        }
        wanted = [notice for notice in site.notify if happening in notice.on]
        if not wanted:
            return 0

        def act(connection: Connection) -> int:
            return sum(_put(connection, notice, f"{happening.value}:{key}", told, now) for notice in wanted)

        new = await self._journal.beside(act)
        self._wake.set()
        return int(new)

    async def work(self) -> None:
        """Tells whatever is due, until cancelled. Nothing that goes wrong here ends it."""
        while True:
            self._wake.clear()
            pause = LOOK_AGAIN
            try:
                due = await self.tell_due()
                if due is not None:
                    pause = min(LOOK_AGAIN, max(0.0, (due - self._clock.now()).total_seconds()))
            except Exception as error:  # noqa: BLE001 - a loop that looks after others catches everything and goes on
                log.warning("notices could not be looked after: %s", redacted(str(error)))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, 0.05)):
                    await self._wake.wait()

    async def tell_due(self) -> datetime | None:
        """One round; those who are told are told beside each other, and each in order. Answers when the next is due."""
        with self._journal.reading() as connection:
            waiting = rows.due(connection, self._clock.now(), most=AT_ONCE)
        people: dict[str, list[Waiting]] = {}
        for one in waiting:
            people.setdefault(one.target, []).append(one)
        await asyncio.gather(*(self._tell_one(each) for each in people.values()))
        with self._journal.reading() as connection:
            return rows.next_due(connection)

    async def _tell_one(self, waiting: list[Waiting]) -> None:
        for one in waiting:
            sent = await self._send(one)
            await self._mark(one, sent)
            if sent.trouble is not None and not sent.for_good:
                return  # the rest would fare the same; they come with the next round

    async def _send(self, one: Waiting) -> Sent:
        site = self._site()
        notice = next((each for each in site.notify if target_of(each) == one.target), None)
        if notice is None:
            return Sent(trouble="the site file does not name it any more", for_good=True)
        told: dict[str, Any] = json.loads(one.body)
        hide(notice, self._secrets)
        if notice.by is By.WEBHOOK:
            return await by_webhook(notice, one.key, told, door=self._door, secrets=self._secrets, now=self._clock.now())
        return await by_email(notice, one.key, told, server=site.mail, secrets=self._secrets, tls=self._tls)

    async def _mark(self, one: Waiting, sent: Sent) -> None:
        now, tries = self._clock.now(), one.tries + 1
        due = None if sent.trouble is None else _again(one, sent, tries, now)
        trouble = None if sent.trouble is None else _cut(harmless(redacted(sent.trouble)), TITLE_UP_TO)
        if trouble is not None and (due is None or tries == 1):  # else nobody knew before it is too late
            what = "is given up" if due is None else "is tried again, for a day"
            log.warning("%s was not told (%s), which %s: %s", one.to, one.key.partition(":")[0], what, trouble)
        await self._journal.beside(lambda connection: rows.mark(connection, one.id, tries=tries, due=due, trouble=trouble))


def _put(connection: Connection, notice: Notice, key: str, told: dict[str, Any], now: datetime) -> bool:
    target = target_of(notice)
    full = f"{key}:{target}"
    if not rows.put(connection, key=full, by=notice.by, to=shown(notice), body=json.dumps(told), at=now):
        return False
    if rows.waiting(connection, target) > WAIT_UP_TO:
        rows.give_up(connection, full, "too many were still to be told")
    return True


def _again(one: Waiting, sent: Sent, tries: int, now: datetime) -> datetime | None:
    """When it is tried next; None: never."""
    if sent.for_good and tries >= TRIES_WHERE_REFUSED:
        return None
    due = now + min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    return None if due - one.at > GIVEN_UP_AFTER else due


def shown(notice: Notice) -> str:
    """Who is told, without what may be a secret: of an address of the web only the host."""
    if notice.by is By.EMAIL:
        return notice.to
    try:
        return f"https://{address(notice.to).host_header}"
    except ValueError:
        return "an address of the web"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
