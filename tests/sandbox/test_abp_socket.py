"""The router's socket: login, numbered frames, pings, connections; and what a client must survive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planrunner.net.channel import ChannelClosed
from planrunner.sandbox.bookmakers import Span
from planrunner.sandbox.faults import Fault, Trouble
from tests.sandbox.abp import Client, book, books, frames, order, play, shows

SCRIPT = books(book("pinnacle", shows(("2.10", "400"))))


async def closed(channel: Any) -> tuple[int, list[Any]]:
    """The code it is closed with, and what was said until then."""
    said: list[Any] = []
    while True:
        try:
            said.append(json.loads(await channel.receive()))
        except ChannelClosed as end:
            return end.code, said


def test_a_login_is_answered_with_what_can_be_heard() -> None:
    async def main(abp: Client) -> Any:
        async with abp.listening("orders", "bets") as channel:
            return json.loads(await channel.receive())

    assert play(main, SCRIPT) == {
        "type": "login_ok", "clientName": "demo", "channels": ["orders", "bets"], "subscriptionId": 1,
        "access": {
            "clientFiltered": ["orders", "bets", "settlements", "accounts", "balance", "betslip"],
            "global": ["fixtures", "currencies", "status", "emergency"],
        },
        "reliableDelivery": False, "features": {"messageOrdering": True, "acknowledgments": False, "batchAck": False},
    }  # fmt: skip


def test_an_order_is_told_from_its_beginning_to_its_end_in_numbered_frames() -> None:
    async def main(abp: Client) -> tuple[list[Any], int]:
        async with abp.listening("orders", "bets") as channel, abp.other("else").listening("orders") as others:
            await channel.receive()
            await others.receive()
            await abp.place(order(1))
            told = await frames(channel, 6)
            stranger = await abp.other("else").place(order(1, stake=7))
            (first,) = await frames(others, 1)
            assert first["payload"]["orderId"] == stranger["acceptedOrders"][0]["orderId"]
            return told, abp.rehearsal.world.now - told[0]["ts"]

    told, _ = play(main, SCRIPT)
    states = [frame["payload"].get("orderStatus") or frame["payload"]["betStatus"] for frame in told]
    assert [(frame["channel"], frame["event"]) for frame in told] == [
        ("orders", "INSERT"), ("bets", "INSERT"), ("bets", "UPDATE"),
        ("orders", "STATUS"), ("bets", "UPDATE"), ("orders", "STATUS"),
    ]  # fmt: skip
    assert states == ["PENDING", "PENDING", "PLACED", "PROCESSING", "CONFIRMED", "FILLED"]
    assert [frame["seq"] for frame in told] == [1, 2, 3, 4, 5, 6]
    assert [frame["ts"] - told[0]["ts"] for frame in told] == [0, 50, 50, 50, 350, 350]


def test_what_lies_ahead_is_pushed_when_it_is_due_although_nobody_asks() -> None:
    async def main(abp: Client) -> tuple[str, int]:
        async with abp.listening("orders") as channel:
            await channel.receive()
            await abp.place(order(1, 2.5, expiresAt="2026-12-05T14:01:00Z"))
            (_, expired) = await frames(channel, 2)
            return expired["payload"]["orderStatus"], round((abp.clock.now() - abp.rehearsal.world.begin).total_seconds())

    assert play(main, SCRIPT) == ("EXPIRED", 60)


def test_who_does_not_log_in_is_dropped() -> None:
    async def main(abp: Client) -> Any:
        channel = await abp.door.connect("ws://sandbox/ws", within=5)
        code, said = await closed(channel)
        return code, said, (abp.clock.now() - abp.rehearsal.world.begin).total_seconds()

    assert play(main, SCRIPT) == (1008, [{"type": "error", "message": "Login timeout"}], 30)


def test_a_wrong_key_is_told_and_dropped() -> None:
    async def main(abp: Client) -> Any:
        abp.key = ""
        async with abp.listening() as channel:
            return await closed(channel)

    assert play(main, SCRIPT) == (1008, [{"type": "error", "message": "Invalid or inactive API key"}])


def test_who_does_not_answer_pings_is_dropped_after_two_minutes() -> None:
    async def main(abp: Client) -> Any:
        async with abp.listening("emergency") as channel:
            code, said = await closed(channel)
            return code, [frame["type"] for frame in said], (abp.clock.now() - abp.rehearsal.world.begin).total_seconds()

    assert play(main, SCRIPT) == (1001, ["login_ok", "ping", "ping", "ping", "error"], 120)


def test_who_answers_pings_may_stay_and_is_answered_too() -> None:
    async def main(abp: Client) -> list[str]:
        async with abp.listening("emergency") as channel:
            await channel.receive()
            await channel.send('{"type":"ping"}')
            kinds = []
            for _ in range(8):
                frame = json.loads(await channel.receive())
                kinds.append(frame["type"])
                await channel.send('{"type":"pong"}')
            return kinds

    assert play(main, SCRIPT) == ["pong"] + ["ping"] * 7


def test_a_sixth_connection_of_a_key_is_refused() -> None:
    async def main(abp: Client) -> Any:
        held = [abp.listening("orders") for _ in range(5)]
        channels = [await one.__aenter__() for one in held]
        for channel in channels:
            assert json.loads(await channel.receive())["type"] == "login_ok"
        async with abp.listening("orders") as sixth:
            refused = await closed(sixth)
        await held[0].__aexit__(None, None, None)
        await abp.sleep(milliseconds=1)
        async with abp.listening("orders") as again:
            return refused, json.loads(await again.receive())["type"]

    ((code, said), again) = play(main, SCRIPT)
    assert (code, said[0]["type"], again) == (1008, "error", "login_ok")


def test_reliable_frames_come_again_until_they_are_acknowledged() -> None:
    async def main(abp: Client) -> Any:
        async with abp.listening("orders", reliableDelivery=True) as channel:
            assert json.loads(await channel.receive())["features"]["acknowledgments"] is True
            await abp.place(*[order(number, 2.5, expiresAt="2026-12-05T14:10:00Z") for number in (1, 2)])
            first, second = await frames(channel, 2)
            assert first["requireAck"] is True
            await channel.send(json.dumps({"type": "ack", "seq": second["seq"]}))
            (again,) = await frames(channel, 1)
            await channel.send(json.dumps({"type": "ack", "seq": again["seq"]}))
            await abp.sleep(seconds=12)
            return first == again, list(abp.rehearsal.world.beside["oddspapi_abp"].desk.hub.subscriptions[1].unacked)  # type: ignore[attr-defined]

    assert play(main, SCRIPT) == (True, [])


def test_emergencies_are_announced_and_nothing_is_placed_meanwhile() -> None:
    async def main(abp: Client) -> Any:
        async with abp.listening("emergency") as channel:
            await channel.receive()
            (on, off) = await frames(channel, 2)
            return on["payload"], off["payload"], (await abp.get("/status"))["emergency"]["active"]

    on, off, now = play(main, books(*SCRIPT.books, emergencies=(Span(at=10_000, lasts=10_000),)))
    assert on == {"active": True, "global": True, "bookmakers": []}
    assert (off["active"], now) == (False, False)


@pytest.mark.parametrize(
    ("trouble", "numbers"),
    [
        (Trouble.FRAME_LOST, [1, 3, 4]),
        (Trouble.FRAME_TWICE, [1, 2, 2, 3]),
        (Trouble.FRAMES_SWAPPED, [1, 3, 2, 4]),
    ],
)
def test_frames_may_be_lost_doubled_or_swapped(trouble: Trouble, numbers: list[int]) -> None:
    async def main(abp: Client) -> list[int]:
        async with abp.listening("orders", "bets") as channel:
            await channel.receive()
            await abp.place(order(1))
            return [frame["seq"] for frame in await frames(channel, len(numbers))]

    assert play(main, SCRIPT, Fault(call="ws-bets", trouble=trouble)) == numbers


def test_a_connection_may_break_in_the_middle() -> None:
    async def main(abp: Client) -> int:
        async with abp.listening("bets") as channel:
            await channel.receive()
            await abp.place(order(1))
            return (await closed(channel))[0]

    assert play(main, SCRIPT, Fault(call="ws-bets", trouble=Trouble.CONNECTION_LOST, number=2)) == 1001


def test_a_buffer_that_is_full_drops_frames_and_their_numbers() -> None:
    """A hundred wait at most; the listener sees the gap."""

    async def main(abp: Client) -> tuple[int, int, int]:
        hub = abp.rehearsal.world.beside["oddspapi_abp"].desk.hub  # type: ignore[attr-defined]
        subscription = hub.subscribe("demo", ["orders"], reliable=False)
        for number in range(1, 103):
            await abp.place(order(number, 2.5, testOrder=True))
            await abp.sleep(milliseconds=20)
        return subscription.seq, len(subscription.waiting), subscription.dropped

    assert play(main, SCRIPT) == (102, 100, 2)


def test_the_old_generation_beats_and_does_not_ping() -> None:
    async def main(abp: Client) -> list[str]:
        async with abp.listening("orders") as channel:
            await channel.receive()
            beat = json.loads(await channel.receive())
            await abp.send(order(1, 2.5), headers={"x-abp-api-key": "demo"})
            (_, expired) = await frames(channel, 2)
            return [beat["type"], expired["event"]]

    assert play(main, books(*SCRIPT.books, legacy=True)) == ["heartbeat", "STATUS_CHANGE"]
