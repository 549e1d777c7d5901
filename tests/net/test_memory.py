"""The in-memory twin keeps the same law, on virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from planrunner.model.errors import NeverSent, ReplyUnknown
from planrunner.net.door import Door
from planrunner.net.memory import MemoryWire
from planrunner.ports import SendBy
from planrunner.runtime.clock import VirtualClock, run_virtual
from tests.net.support import START, post

URL = "https://api.betfair.com/exchange/betting"
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class App:
    """Answers, keeps silent, or breaks; writes down what it saw."""

    def __init__(self, does: str = "answer") -> None:
        self.does = does
        self.saw: list[str] = []
        self.scope: dict[str, Any] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.scope = scope
        message = await receive()
        self.saw.append(message["body"].decode())
        if self.does == "break":
            raise ZeroDivisionError("a bug")
        if self.does == "keep silent":
            self.saw.append((await receive())["type"])
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"application/json")]})
        if self.does == "answer":
            await send({"type": "http.response.body", "body": b'{"ok":', "more_body": True})
            await send({"type": "http.response.body", "body": b"true}"})


def with_door(app: App, use: Callable[[Door, VirtualClock], Awaitable[None]]) -> None:
    async def main(clock: VirtualClock) -> None:
        door = Door(MemoryWire(app), clock)
        await use(door, clock)
        await door.close()

    run_virtual(main, start=START)


def test_the_application_sees_the_request_as_a_server_would_show_it() -> None:
    app = App()

    async def use(door: Door, clock: VirtualClock) -> None:
        assert await post(door, URL, content=b"asked") == b'{"ok":true}'

    with_door(app, use)
    assert app.saw == ["asked"]
    assert (app.scope["method"], app.scope["path"], app.scope["scheme"]) == ("POST", "/exchange/betting", "https")
    assert {(b"host", b"api.betfair.com"), (b"content-length", b"5"), (b"x-application", b"key")} == set(app.scope["headers"])


def test_a_lost_reply_is_unknown_after_its_time_and_the_application_sees_the_caller_go() -> None:
    app = App("keep silent")

    async def use(door: Door, clock: VirtualClock) -> None:
        with pytest.raises(ReplyUnknown, match="nothing within 3600 s"):
            await post(door, URL, within=3600)
        assert clock.now() == START + timedelta(hours=1)

    with_door(app, use)
    assert app.saw == ['{"a":1}', "http.disconnect"]


def test_too_late_never_reaches_the_application() -> None:
    app = App()

    async def use(door: Door, clock: VirtualClock) -> None:
        with pytest.raises(NeverSent):
            await post(door, URL, SendBy(wall=clock.now() - timedelta(microseconds=1), age=clock.age() + 1))

    with_door(app, use)
    assert app.saw == []


def test_half_an_answer_is_unknown() -> None:
    async def use(door: Door, clock: VirtualClock) -> None:
        with pytest.raises(ReplyUnknown):
            await post(door, URL)

    with_door(App("answer by half"), use)


def test_a_bug_of_the_application_is_loud() -> None:
    async def use(door: Door, clock: VirtualClock) -> None:
        with pytest.raises(ZeroDivisionError):
            await post(door, URL)

    with_door(App("break"), use)
