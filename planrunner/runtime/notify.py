"""The two ways a notice goes: to an address of the web, and by mail. Each ends as told, to be tried again, or refused."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from planrunner.model.account import By, MailServer, Notice
from planrunner.model.errors import PlanrunnerError
from planrunner.model.shown import harmless, harmless_lines
from planrunner.net.door import Door
from planrunner.net.mail import NotPosted, Posting, mail, post
from planrunner.net.message import address
from planrunner.ports import Secrets

WITHIN = 10.0  # seconds
SERVICE = "service"  # whose secrets they are
COME_BACK = frozenset({408, 425, 429})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SUBJECT_UP_TO = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of a try. `trouble` None: it was told; `for_good`: who was told says that trying again is no use."""

    trouble: str | None = None
    for_good: bool = False


TOLD = Sent()


def target_of(notice: Notice) -> str:
    """Names who is told without saying it: an address of the web may hold a secret."""
    return hashlib.sha256(f"{notice.by.value} {notice.to}".encode()).hexdigest()[:16]


def hide(notice: Notice, secrets: Secrets) -> None:
    """What follows the host of an address of the web may be all that keeps others from using it."""
    with suppress(ValueError):
        if notice.by is By.WEBHOOK and len(target := address(notice.to).target) > 1:
            secrets.learn(target)


def id_of(key: str) -> str:
    """The same at every try, so that whoever is told twice knows."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def body_of(told: dict[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode("ascii")


async def by_webhook(notice: Notice, key: str, told: dict[str, Any], *, door: Door, secrets: Secrets, now: datetime) -> Sent:
    """JSON, and with `signed` the HMAC-SHA256 of `<time>.<body>` in hexadecimal."""
    try:
        to = address(notice.to)
    except ValueError:
        return Sent(trouble="its address is none", for_good=True)
    if not to.tls and to.host not in LOOPBACK:
        return Sent(trouble="its address is not https, and nothing is told in the open", for_good=True)
    body, time = body_of(told), str(int(now.timestamp()))
    headers = [
        ("Content-Type", "application/json"), ("User-Agent", "planrunner"), ("Idempotency-Key", id_of(key)),
        ("Planrunner-Time", time),
    ]  # fmt: skip
    try:
        if notice.signed:
            headers.append(("Planrunner-Signature", f"sha256={signature(secrets.get(SERVICE, 'notify_secret'), time, body)}"))
        reply = await door.send("POST", notice.to, headers, body, within=WITHIN)
    except PlanrunnerError as error:
        return Sent(trouble=str(error))
    if 200 <= reply.status < 300:
        return TOLD
    return Sent(trouble=f"it answered {reply.status}", for_good=300 <= reply.status < 500 and reply.status not in COME_BACK)


def signature(secret: str, time: str, body: bytes) -> str:
    return hmac.new(secret.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()


async def by_email(
    notice: Notice, key: str, told: dict[str, Any], *, server: MailServer | None, secrets: Secrets, tls: ssl.SSLContext | None
) -> Sent:
    if server is None:
        return Sent(trouble="the site file has no `mail` any more", for_good=True)
    try:
        password = None if server.user is None else secrets.get(SERVICE, "mail_password")
        message = mail(
            sender=server.sender,
            to=notice.to,
            subject=harmless(f"planrunner: {told['title']}")[:SUBJECT_UP_TO],
            text=harmless_lines(_text(told)),
            date=format_datetime(datetime.fromisoformat(told["at"])),
            id_=f"<{id_of(key)}@{server.sender.rpartition('@')[2]}>",
        )
        posting = Posting(
            server=server.server, port=server.port, tls=server.tls, user=server.user, password=password, within=WITHIN
        )
        await post(message, posting, tls=tls)
    except NotPosted as error:
        return Sent(trouble=str(error), for_good=error.for_good)
    except (PlanrunnerError, ValueError) as error:  # a secret that is not there; an address that no header takes
        return Sent(trouble=str(error))
    return TOLD


def _text(told: dict[str, Any]) -> str:
    lines = [told["text"] or told["title"], ""]
    lines += [f"{name.capitalize()}: {told[name]}" for name in ("plan", "run", "at") if told[name]]
    return "\n".join(lines) + "\n"
