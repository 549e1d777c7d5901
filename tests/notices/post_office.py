"""A mail server of our own on loopback: takes mails, over TLS where it has a certificate, or refuses them as it is told to."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class PostOffice:
    """`refuses`: what it says to a mail instead of taking it. `hangs_up`: takes a mail and says nothing."""

    tls: ssl.SSLContext | None = None
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuses: str = ""
    hangs_up: bool = False
    secure: bool = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        await say("220 here")
        while line := (await reader.readline()).decode().strip():
            match line.split()[0].upper():
                case "EHLO":
                    await say(
                        "250-here\r\n250-AUTH PLAIN" + ("\r\n250 STARTTLS" if self.tls and not self.secure else "\r\n250 OK")
                    )
                case "STARTTLS":
                    await say("220 go on")
                    await writer.start_tls(self.tls)  # type: ignore[arg-type]
                    self.secure = True
                case "AUTH":
                    self.logins.append(base64.b64decode(line.split()[2]).decode())
                    await say("235 welcome")
                case "DATA":
                    await say("354 go on")
                    data = await reader.readuntil(b"\r\n.\r\n")
                    if self.refuses:
                        await say(self.refuses)
                        continue
                    self.mails.append(message_from_bytes(data[:-3], policy=policy.default))  # type: ignore[arg-type]
                    if self.hangs_up:
                        break
                    await say("250 taken")
                case "QUIT":
                    await say("221 goodbye")
                    break
                case _:
                    await say("250 OK")
        writer.close()


@asynccontextmanager
async def post_office(tls: ssl.SSLContext | None = None) -> AsyncIterator[PostOffice]:
    office = PostOffice(tls=tls)
    server = await asyncio.start_server(office.talk, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
