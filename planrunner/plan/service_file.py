"""The site file's `service`, `notify` and `mail` to values: who may come in, which signals start plans, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from planrunner.model.account import USUALLY_TOLD, By, Happening, MailServer, Notice, Proof, Role, ServiceTerms, SignalTerms
from planrunner.plan import scalars
from planrunner.plan.decode import Reading
from planrunner.plan.messages import site as say
from planrunner.plan.nodes import Block, Listing, Scalar

USUAL_PORT = 587  # where mails are handed in: RFC 6409
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST, _SHORTEST = timedelta(minutes=10), timedelta(seconds=1)
_MOST_PER_MINUTE = 600
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


def read_service(reading: Reading, root: Block) -> ServiceTerms:
    node = root.values.get("service")
    if not isinstance(node, Block):
        return ServiceTerms()
    return ServiceTerms(
        credentials=reading.text(node, "credentials") or "env",
        users=dict(_users(reading, node)),
        signals={one.name: one for one in _signals(reading, node)},
    )


def _users(reading: Reading, service: Block) -> Iterator[tuple[str, Role]]:
    node = _block(service, "users")
    for name, key in node.keys.items():
        role = reading.text(node, name)
        if is_name(reading, key, "a user") and role is not None:
            yield name, Role(role)


def _signals(reading: Reading, service: Block) -> Iterator[SignalTerms]:
    node = _block(service, "signals")
    for name, terms in node.values.items():
        is_named, usual = is_name(reading, node.keys[name], "a signal"), SignalTerms(name=name)
        if isinstance(terms, Block):
            found = SignalTerms(
                name=name,
                proof=Proof(reading.text(terms, "proof") or usual.proof),
                within=_within(reading, terms) or usual.within,
                at_most_per_minute=_at_most(reading, terms) or usual.at_most_per_minute,
            )
            yield from [found] if is_named else []


def _block(node: Block, key: str) -> Block:
    """Empty where there is none."""
    found = node.values.get(key)
    return found if isinstance(found, Block) else Block(node.line, node.column)


def is_name(reading: Reading, key: Scalar, what: str) -> bool:
    if _NAME.fullmatch(key.text):
        return True
    reading.shape.complain(key, say.not_a_name(key, what))
    return False


def _within(reading: Reading, node: Block) -> timedelta | None:
    value = reading.scalar(node, "within")
    found = scalars.duration(value.text) if value is not None else None
    if value is not None and (found is None or not _SHORTEST <= found <= _LONGEST):
        reading.shape.complain(value, say.not_within(value))
    return found


def _at_most(reading: Reading, node: Block) -> int | None:
    value = reading.scalar(node, "at_most_per_minute")
    found = scalars.count(value.text) if value is not None else None
    if value is not None and found is not None and found > _MOST_PER_MINUTE:
        reading.shape.complain(value, say.too_many_signals(value, _MOST_PER_MINUTE))
    return found


# Who is told


def read_notices(reading: Reading, root: Block) -> tuple[Notice, ...]:
    listing = root.values.get("notify")
    items = listing.items if isinstance(listing, Listing) and id(listing) not in reading.shape.bad else []
    blocks = [one for one in items if isinstance(one, Block) and id(one) not in reading.shape.bad]
    found = [notice for one in blocks if (notice := _notice(reading, one)) is not None]
    emails = [one.keys["email"] for one in blocks if "email" in one.values]
    if emails and "mail" not in root.values and not reading.shape.is_silent(root, "mail"):
        reading.shape.complain(None, say.no_mail_server(emails[0]))
    return tuple(found)


def _notice(reading: Reading, node: Block) -> Notice | None:
    ways = [key for key in node.values if key in ("webhook", "email")]
    for key in ways[1:]:
        reading.shape.complain(None, say.two_ways(node.keys[key], node.keys[ways[0]]))
    if not ways and not reading.shape.is_silent(node, "webhook", "email"):
        reading.shape.complain(None, say.no_way(node.span))
    if len(ways) != 1:
        return None
    by, value = By(ways[0]), reading.scalar(node, ways[0])
    if by is By.EMAIL and "signed" in node.values:
        reading.shape.complain(None, say.signed_email(node.keys["signed"]))
    if value is None or (by is By.WEBHOOK and not _is_address(reading, value)):
        return None
    return Notice(by=by, to=value.text, on=_told_of(reading, node), signed=reading.text(node, "signed") == "yes")


def _is_address(reading: Reading, value: Scalar) -> bool:
    """Not one part of an address that may hold a secret is said again."""
    try:
        parts = urlsplit(value.text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https") or not value.text.isascii() or re.search(r"[\s\\]", value.text):
        reading.shape.complain(value, say.not_an_address(value))
    elif parts.username is not None or parts.password is not None:
        reading.shape.complain(value, say.holds_a_login(value))
    elif parts.scheme == "http" and host not in _HERE:
        reading.shape.complain(value, say.not_encrypted(value))
    else:
        return True
    return False


def _told_of(reading: Reading, node: Block) -> frozenset[Happening]:
    listing = node.values.get("on")
    items = listing.items if isinstance(listing, Listing) and id(listing) not in reading.shape.bad else []
    told = [one.text for one in items if isinstance(one, Scalar) and id(one) not in reading.shape.bad]
    return frozenset(map(Happening, told)) or USUALLY_TOLD


def read_mail(reading: Reading, root: Block) -> MailServer | None:
    node = root.values.get("mail")
    if not isinstance(node, Block):
        return None
    server, sender, port = reading.text(node, "server"), reading.text(node, "from"), reading.scalar(node, "port")
    if port is not None and int(port.text) > 65535:
        reading.shape.complain(port, say.not_a_port(port))
    if server is None or sender is None:
        return None
    return MailServer(
        server=server,
        port=int(port.text) if port is not None else USUAL_PORT,
        sender=sender,
        user=reading.text(node, "user"),
        tls=reading.text(node, "tls") != "no",
    )
