"""People are told each thing once, by a web address or by mail, whatever restarts or answers nothing; and nobody waits for it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from planrunner.app.notices import GIVEN_UP_AFTER, TEXT_UP_TO, Notices
from planrunner.model.account import By, Happening, MailServer, Notice, Site
from planrunner.model.market import RunId
from planrunner.net.door import Door
from planrunner.net.socket_wire import SocketWire
from planrunner.runtime.clock import RealClock
from planrunner.runtime.journal import Journal
from planrunner.runtime.secrets import EnvironmentSecrets, redacted
from planrunner.runtime.tables import notice_table
from tests.answering import answering
from tests.net.support import HandClock
from tests.notices.post_office import PostOffice, post_office

SECRETS = {"PLANRUNNER_SERVICE_NOTIFY_SECRET": "sign-with-this", "PLANRUNNER_SERVICE_MAIL_PASSWORD": "mail-with-this"}
SETTLED = frozenset({Happening.SETTLED})


@dataclass
class Hook:
    """A web address that answers as it is told to, and keeps what it heard."""

    answers: list[int] = field(default_factory=list)
    heard: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def __call__(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self.heard.append((path, dict(headers.items()), body))
        return (self.answers.pop(0) if self.answers else 204), b""


@dataclass
class Desk:
    """Notices of one journal, told by a clock that is set by hand."""

    path: Path
    site: Site
    clock: HandClock = field(default_factory=HandClock)
    tls: ssl.SSLContext | None = None
    is_broken: bool = False

    def read(self) -> Site:
        if self.is_broken:
            raise OSError("the site file is gone")
        return self.site

    @asynccontextmanager
    async def notices(self) -> AsyncIterator[Notices]:
        """As a process has them; another one begins with the journal alone."""
        door = Door(SocketWire(RealClock()), RealClock())
        with Journal.open(self.path, durable=False) as journal:
            try:
                yield Notices(journal, self.read, self.clock, EnvironmentSecrets(SECRETS), door, tls=self.tls)
            finally:
                await door.close()

    def rows(self) -> list[Any]:
        with Journal.open(self.path, durable=False) as journal, journal.reading() as connection:
            return list(connection.execute(select(notice_table).order_by(notice_table.c.id)))


def webhook(url: str, *, signed: bool = False, on: frozenset[Happening] = SETTLED) -> Site:
    return Site(accounts={}, notify=(Notice(by=By.WEBHOOK, to=f"{url}/desk/hush-hush", on=on, signed=signed),))


async def settled(notices: Notices, run: str = "20261205-1429-k7f3", text: str = "Profit 15.20 GBP") -> int:
    return await notices.tell(Happening.SETTLED, run, "Settled", text, run=RunId(run), plan="chase.yaml")


def test_each_thing_is_told_once_and_only_to_those_who_want_it_signed_for_them(tmp_path: Path) -> None:
    hook = Hook()
    with answering(hook) as url:
        desk = Desk(tmp_path / "planrunner.db", webhook(url, signed=True))

        async def main() -> None:
            new = []
            for _ in range(2):  # whoever restarts tells the same again
                async with desk.notices() as notices:
                    new += [await settled(notices), await settled(notices)]
                    assert await notices.tell(Happening.STARTED, "k7f3", "Started", "") == 0, "nobody wants to hear of it"
                    assert await notices.tell_due() is None
            assert new == [1, 0, 0, 0]

        asyncio.run(main())
    [(path, headers, body)] = hook.heard
    assert path == "/desk/hush-hush"
    assert json.loads(body) == {
        "happening": "settled", "title": "Settled", "text": "Profit 15.20 GBP", "run": "20261205-1429-k7f3", "plan": "chase.yaml",
        "at": desk.clock.now().isoformat(),
    }  # fmt: skip
    signed = hmac.new(b"sign-with-this", headers["Planrunner-Time"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["Planrunner-Signature"] == f"sha256={signed}"
    [row] = desk.rows()
    assert (row.due, row.trouble, row.tries) == (None, None, 1)
    assert "hush-hush" not in str(row), "an address of the web may be a secret"
    assert "hush-hush" not in redacted(f"no answer from {url}/desk/hush-hush")


def test_who_does_not_answer_is_tried_less_and_less_often_for_a_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hook = Hook(answers=[503] * 1000)
    with answering(hook) as url:
        desk, waits = Desk(tmp_path / "planrunner.db", webhook(url)), []

        async def main() -> None:
            async with desk.notices() as notices:
                await settled(notices)
                begun = desk.clock.now()
                while (due := await notices.tell_due()) is not None:
                    waits.append(round((due - desk.clock.now()).total_seconds()))
                    desk.clock.advance(waits[-1])
                assert GIVEN_UP_AFTER - timedelta(hours=1) <= desk.clock.now() - begun <= GIVEN_UP_AFTER

        asyncio.run(main())
    assert waits[:9] == [10, 20, 40, 80, 160, 320, 640, 1280, 2560]
    assert set(waits[9:]) == {3600}
    assert len({headers["Idempotency-Key"] for _, headers, _ in hook.heard}) == 1
    [row] = desk.rows()
    assert (row.due, row.trouble) == (None, "it answered 503")
    first, last = (record.getMessage() for record in caplog.records)
    assert ("is tried again, for a day: it answered 503" in first, "is given up" in last) == (True, True)


@pytest.mark.parametrize(("status", "tries"), [(404, 3), (302, 3), (429, None), (408, None)])
def test_who_refuses_is_given_up_soon_and_who_is_busy_is_not(status: int, tries: int | None, tmp_path: Path) -> None:
    hook = Hook(answers=[status] * 6)
    with answering(hook) as url:
        desk = Desk(tmp_path / "planrunner.db", webhook(url))

        async def main() -> None:
            async with desk.notices() as notices:
                await settled(notices)
                while await notices.tell_due() is not None:
                    desk.clock.advance(3600)

        asyncio.run(main())
    assert len(hook.heard) == (tries or 7)
    assert (desk.rows()[0].trouble is None) is (tries is None)


def test_a_kill_between_telling_and_writing_down_that_it_was_told_tells_the_same_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with post_office() as office:
            desk = by_mail(tmp_path, office, tls=False)
            office.hangs_up = True  # it has the mail, and we do not know
            async with desk.notices() as notices:
                await settled(notices)
                assert await notices.tell_due() is not None
            office.hangs_up = False
            desk.clock.advance(3600)
            async with desk.notices() as notices:
                assert await notices.tell_due() is None
            assert len(office.mails) == 2
            assert len({mail["Message-ID"] for mail in office.mails}) == 1

    asyncio.run(main())


def test_what_the_site_file_names_no_more_and_what_would_go_in_the_open_is_given_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "planrunner.db", webhook("http://hooks.example.org"))

    async def main() -> None:
        async with desk.notices() as notices:
            await settled(notices, "open")
            desk.site, before = Site(accounts={}), desk.site
            await notices.tell_due()
            desk.site = before
            for _ in range(3):
                desk.clock.advance(3600)
                await notices.tell_due()

    asyncio.run(main())
    assert [row.trouble for row in desk.rows()] == ["its address is not https, and nothing is told in the open"]
    assert desk.rows()[0].due is None


def test_nobody_waits_for_one_who_hears_slowly_and_a_worker_outlives_what_goes_wrong(tmp_path: Path) -> None:
    hook = Hook()

    async def main() -> None:
        with answering(hook) as url:
            desk = Desk(tmp_path / "planrunner.db", webhook(url))
            async with desk.notices() as notices:
                await settled(notices)
                desk.is_broken = True
                worker = asyncio.create_task(notices.work())
                await asyncio.sleep(0.01)
                desk.is_broken = False
                await settled(notices, "another")
                async with asyncio.timeout(20):
                    while not hook.heard:
                        await asyncio.sleep(0.01)
                worker.cancel()

    asyncio.run(main())


def test_too_many_are_given_up_and_none_is_longer_than_it_may_be(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "planrunner.db", webhook("http://127.0.0.1:9"))

    async def main() -> None:
        async with desk.notices() as notices:
            for number in range(1002):
                await settled(notices, f"run-{number}", "x" * 10_000 if not number else "x")

    asyncio.run(main())
    rows = desk.rows()
    assert [row.trouble for row in rows if row.due is None] == ["too many were still to be told"] * 2
    assert len(json.loads(rows[0].body)["text"]) == TEXT_UP_TO


# --- by mail


def by_mail(folder: Path, office: PostOffice, *, tls: bool, trusts: ssl.SSLContext | None = None) -> Desk:
    server = MailServer(server="127.0.0.1", port=office.port, sender="planrunner@example.org", user="planrunner", tls=tls)
    notice = Notice(by=By.EMAIL, to="desk@example.org", on=SETTLED)
    return Desk(folder / "planrunner.db", Site(accounts={}, notify=(notice,), mail=server), tls=trusts)


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    folder: Path = tmp_path_factory.mktemp("tls")
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=planrunner"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


def test_a_mail_goes_over_tls_with_a_login_and_nobody_adds_a_header_to_it(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], tmp_path: Path
) -> None:
    async def main() -> None:
        async with post_office(contexts[0]) as office:
            desk = by_mail(tmp_path, office, tls=True, trusts=contexts[1])
            async with desk.notices() as notices:
                await notices.tell(Happening.SETTLED, "a", "Won\r\nBcc: all@example.org", "Grüße\r\n.\r\nQUIT", plan="ä.yaml")
                assert await notices.tell_due() is None, desk.rows()
            [mail] = office.mails
            assert office.secure
            assert office.logins == ["\0planrunner\0mail-with-this"]
            assert mail["Bcc"] is None
            assert (mail["To"], mail["From"]) == ("desk@example.org", "planrunner@example.org")
            assert mail["Message-ID"].endswith("@example.org>")
            assert "Grüße" in mail.get_content()
            assert "QUIT" in mail.get_content()
            assert "ä.yaml" in mail.get_content()

    run(main)


def test_a_server_without_tls_or_with_another_certificate_is_told_nothing(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], tmp_path: Path
) -> None:
    async def main() -> None:
        for certificate, why in ((None, "it offers no TLS"), (contexts[0], "it can't be reached: [SSL")):
            async with post_office(certificate) as office:
                folder = tmp_path / why[:9].replace(" ", "")
                desk = by_mail(folder, office, tls=True)
                async with desk.notices() as notices:
                    await settled(notices)
                    await notices.tell_due()
                assert (office.mails, office.logins) == ([], [])
                assert why[:20] in desk.rows()[0].trouble

    run(main)


def test_a_mail_that_is_refused_for_good_is_given_up_and_one_for_now_is_not(tmp_path: Path) -> None:
    async def main() -> None:
        async with post_office() as office:
            desk = by_mail(tmp_path, office, tls=False)
            async with desk.notices() as notices:
                office.refuses = "451 later"
                await settled(notices)
                for _ in range(4):
                    assert await notices.tell_due() is not None
                    desk.clock.advance(3600)
                office.refuses = "554 never"
                assert await notices.tell_due() is None
            assert desk.rows()[0].trouble == "it answered 554"

    run(main)
