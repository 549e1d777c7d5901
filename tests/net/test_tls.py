"""The same law through TLS, where two layers buffer."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from planrunner.model.errors import NeverSent, ReplyUnknown
from planrunner.net.channel import NotConnected
from tests.net.support import HandClock, Peer, opened, post, reply, serving
from tests.net.test_channel_tcp import then

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command to make a certificate")


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server on 127.0.0.1 and of a client that trusts it."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=planrunner"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return server, ssl.create_default_context(cafile=str(certificate))


async def answer(peer: Peer) -> None:
    while await peer.request():
        await peer.say(reply(b'{"ok":true}'))


async def reset(peer: Peer) -> None:
    await peer.request()
    peer.writer.transport.abort()


def test_replies_come_back_on_one_kept_connection(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer, contexts[0]) as server, opened(clock, tls=contexts[1]) as door:
            for size in (10, 100_000, 10):
                assert await post(door, server.url, clock.send_by(), content=b"x" * size) == b'{"ok":true}'
            assert len(server.received) == 1

    asyncio.run(main())


def test_too_late_sends_nothing(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(answer, contexts[0]) as server, opened(clock, tls=contexts[1]) as door:
            send_by = clock.send_by()
            clock.advance(2.5)
            with pytest.raises(NeverSent, match="moment"):
                await post(door, server.url, send_by)
            await asyncio.sleep(0.05)
            assert server.bytes == 0

    asyncio.run(main())


def test_a_server_that_is_not_trusted_gets_no_request(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        async with serving(answer, contexts[0]) as server, opened(HandClock()) as door:
            with pytest.raises(NeverSent, match="certificate"):
                await post(door, server.url)
            assert server.bytes == 0

    asyncio.run(main())


def test_a_reset_after_the_request_is_unknown(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(reset, contexts[0]) as server, opened(clock, tls=contexts[1]) as door:
            with pytest.raises(ReplyUnknown):
                await post(door, server.url, clock.send_by())

    asyncio.run(main())


def test_a_channel_trusts_and_checks_as_requests_do(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    async def main() -> None:
        async with serving(then(stays=True), contexts[0]) as server:
            async with opened(HandClock(), tls=contexts[1]) as door:
                channel = await door.connect(server.url.replace("https:", "wss:"), within=5.0)
                await channel.send("hello")
                with pytest.raises(NotConnected, match="certificate"):
                    await door.connect(server.url.replace("127.0.0.1", "localhost"), within=5.0)
            before = server.bytes
            async with opened(HandClock()) as door:
                with pytest.raises(NotConnected, match="certificate"):
                    await door.connect(server.url, within=5.0)
            assert server.bytes == before
        async with serving(then(stays=True)) as server, opened(HandClock()) as door:
            with pytest.raises(NotConnected):
                await door.connect(server.url.replace("http:", "wss:"), headers=(("X-Api-Key", "secret"),), within=0.5)
            assert b"secret" not in b"".join(server.received)

    asyncio.run(main())
