"""One mail to one server, with the standard library's client in a thread of its own; every step of the talk has a timeout."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

IMPLICIT_TLS = 465  # the port where TLS comes first; elsewhere the server is asked for it
# What we call ourselves; without it the library asks the system for a name, which may take as long as it likes.
OURSELVES = "[127.0.0.1]"
_NO_TLS = "it offers no TLS, and nothing is told in the open; `tls: no` of the site file would allow that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Where and how a mail is handed in. `password` None: without a login."""

    server: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = None
    within: float = 10.0


class NotPosted(Exception):
    """The server did not take it. `for_good`: it says that asking again is no use."""

    def __init__(self, text: str, *, for_good: bool) -> None:
        super().__init__(text)
        self.for_good = for_good


async def post(message: EmailMessage, posting: Posting, *, tls: ssl.SSLContext | None = None) -> None:
    """Returns once the server has taken it. `tls`: whom to trust, the system's if not given. Raises NotPosted."""
    await asyncio.to_thread(_post, message, posting, tls or ssl.create_default_context())


def _post(message: EmailMessage, posting: Posting, tls: ssl.SSLContext) -> None:
    try:
        with _connected(posting, tls) as server:
            if posting.user is not None and posting.password is not None:
                server.login(posting.user, posting.password)
            server.send_message(message)
    except smtplib.SMTPNotSupportedError:
        raise NotPosted(_NO_TLS if posting.tls else "it takes no login", for_good=True) from None
    except smtplib.SMTPResponseException as error:
        raise NotPosted(f"it answered {error.smtp_code}", for_good=error.smtp_code >= 500) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        raise NotPosted(f"it refused the address ({', '.join(map(str, sorted(codes)))})", for_good=min(codes) >= 500) from None
    except (smtplib.SMTPException, OSError) as error:
        text = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise NotPosted(f"it can't be reached: {text}", for_good=False) from None


def _connected(posting: Posting, tls: ssl.SSLContext) -> smtplib.SMTP:
    host, port, within = posting.server, posting.port, posting.within
    if posting.tls and port == IMPLICIT_TLS:
        return smtplib.SMTP_SSL(host, port, local_hostname=OURSELVES, timeout=within, context=tls)
    server = smtplib.SMTP(host, port, local_hostname=OURSELVES, timeout=within)
    if posting.tls:
        try:
            server.starttls(context=tls)
        except BaseException:
            server.close()
            raise
    return server


def mail(*, sender: str, to: str, subject: str, text: str, date: str, id_: str) -> EmailMessage:
    """Plain text. Headers take no line's end, so nothing that is told can add one of its own."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = date
    message["Message-ID"] = id_
    message["Auto-Submitted"] = "auto-generated"  # no holiday's answer is wanted
    message.set_content(text)
    return message
