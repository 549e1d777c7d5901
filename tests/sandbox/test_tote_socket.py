"""The connection for subscriptions: both dialects, one field each, one message per bet, to whom it belongs and never again."""

from __future__ import annotations

from typing import Any

import pytest

from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import AccountTerms
from tests.sandbox.tote import CONNECTIONS, GATEWAY, LEGACY, MODERN, Closed, Socket, Venue, meeting, play, stake

DIALECTS = pytest.mark.parametrize("dialect", [LEGACY, MODERN])


@DIALECTS
def test_each_bet_has_one_message_of_what_became_of_it(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(dialect) as socket:
            for root in ("onBetAccepted", "onBetRejected", "onBetResulted", "onBetSettled"):
                await socket.subscribe(root)
            ticket = await venue.place("t1", win.bet("yes", [1]), win.bet("no", [1], stake=stake("0.20")))
            tote = {bet["id"]: bet["toteId"] for bet in ticket["bets"]["nodes"]}
            heard = dict([await socket.event(), await socket.event()])
            accepted, rejected = heard["onBetAccepted"], heard["onBetRejected"]
            assert (accepted["customerBetId"], accepted["betId"], accepted["reason"]) == ("yes", tote["yes"], None)
            assert accepted["createdAt"].startswith("2026-12-05T12:00:0")
            assert (rejected["customerBetId"], rejected["reason"]) == ("no", "Stake is below the minimum")
            assert [await socket.event(900), await socket.event(90)] == [
                ("onBetResulted", {**accepted, "createdAt": "2026-12-05T12:13:05.000Z"}),
                ("onBetSettled", {**accepted, "createdAt": "2026-12-05T12:14:05.000Z"}),
            ]
            assert await socket.silent(7200)

    play(story)


@DIALECTS
def test_only_the_fields_that_were_asked_for_come_under_the_subscriptions_own_id(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted", "mine", "id: customerBetId __typename")
            await venue.place("t1", win.bet("b1", [1]))
            message = await socket.read()
            kind = "next" if dialect == MODERN else "data"
            data = {"onBetAccepted": {"id": "b1", "__typename": "BetMessage"}}
            assert message == {"type": kind, "id": "mine", "payload": {"data": data}}

    play(story)


@DIALECTS
def test_one_root_field_for_a_subscription(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(dialect) as socket:
            start = "subscribe" if dialect == MODERN else "start"
            for query in (
                "subscription { onBetAccepted { betId } onBetFailed { betId } }",
                "subscription { onBetPriced { betId } }",
                "subscription { onBetAccepted { odds } }",
            ):
                await socket.send({"type": start, "id": "1", "payload": {"query": query}})
                message = await socket.read()
                assert (message["type"], message["id"]) == ("error", "1")
                assert isinstance(message["payload"], list if dialect == MODERN else dict)
            await socket.send({"type": start, "id": "2", "payload": {"query": "{ echo { success } }"}})
            assert (await socket.read())["payload"] == {"data": {"echo": {"success": True}}}
            assert await socket.read() == {"type": "complete", "id": "2"}

    play(story)


@DIALECTS
def test_messages_go_to_their_customer_only(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(dialect, key="key") as mine, venue.socket(dialect, key="another") as others:
            for socket in (mine, others):
                await socket.subscribe("onBetAccepted")
            await venue.place("t1", win.bet("b1", [1]))
            assert (await mine.event())[1]["customerBetId"] == "b1"
            assert await others.silent()

    play(story)


@DIALECTS
def test_what_was_missed_is_not_told_again(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted")
            await venue.place("t1", win.bet("b1", [1]))
        await venue.wait(seconds=5)
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted")
            assert await socket.silent()
            await venue.place("t1", win.bet("b1", [1]))  # the first answer once more, and no message
            assert await socket.silent()
            await venue.place("t2", win.bet("b2", [1]))
            assert (await socket.event())[1]["customerBetId"] == "b2"

    play(story)


@DIALECTS
def test_after_stopping_a_subscription_nothing_more_comes(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted", "1")
            await socket.send({"type": "complete" if dialect == MODERN else "stop", "id": "1"})
            await venue.place("t1", win.bet("b1", [1]))
            assert await socket.silent()

    play(story)


def test_the_older_dialect_shows_signs_of_life_and_the_newer_asks_for_them() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(LEGACY) as socket:
            assert [await socket.raw() for _ in range(3)] == [{"type": "ka"}] * 3
            await socket.send({"type": "connection_terminate"})
            with pytest.raises(Closed, match="1000"):
                await socket.read()
        async with venue.socket(MODERN) as socket:
            assert [await socket.raw() for _ in range(2)] == [{"type": "ping"}] * 2
            await socket.send({"type": "pong"})
            await socket.send({"type": "ping"})
            assert await socket.raw() == {"type": "pong"}

    play(story)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("no json", 4400),
        ({"type": "start", "id": "1", "payload": {}}, 4400),
        ({"type": "connection_init"}, 4403),
        ({"type": "connection_init", "payload": {"authorization": "Api-Key wrong"}}, 4403),
        ({"type": "subscribe", "id": "1", "payload": {"query": "subscription { onBetAccepted { betId } }"}}, 4401),
    ],
)
def test_the_newer_dialect_closes_on_what_it_does_not_take(sent: Any, code: int) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(MODERN, key=None) as socket:
            await socket.send(sent)
            with pytest.raises(Closed, match=str(code)):
                await socket.read()

    play(story, meeting(account=AccountTerms(app_key="key")))


def test_a_second_greeting_and_a_second_subscriber_are_closed_upon() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(MODERN) as socket:
            await socket.send({"type": "connection_init", "payload": {"authorization": "Api-Key key"}})
            with pytest.raises(Closed, match="4429"):
                await socket.read()
        async with venue.socket(MODERN) as socket:
            await socket.subscribe("onBetAccepted", "1")
            await socket.subscribe("onBetFailed", "1")
            with pytest.raises(Closed, match="4409"):
                await socket.read()

    play(story)


def test_the_older_dialect_says_what_is_wrong_before_it_closes() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(LEGACY, key=None) as socket:
            await socket.send({"type": "connection_init", "payload": {"authorization": "Api-Key wrong"}})
            assert (await socket.read())["type"] == "connection_error"
            with pytest.raises(Closed):
                await socket.read()

    play(story, meeting(account=AccountTerms(app_key="key")))


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(f"{MODERN}, {LEGACY}", MODERN), (f"{LEGACY}, {MODERN}", LEGACY), (f"soap, {LEGACY}", LEGACY), (None, None)],
)
def test_the_first_dialect_that_is_known_is_spoken(offered: str | None, chosen: str | None) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(offered) as socket:
            assert socket.subprotocol == chosen

    play(story)


def test_an_unknown_dialect_and_the_gateways_address_have_no_socket() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket("soap", key=None) as socket:
            with pytest.raises(Closed, match="4406"):
                await socket.read()
        with pytest.raises(Closed):
            async with venue.socket(MODERN, path=GATEWAY):
                raise AssertionError("nobody answers here")
        async with venue.socket(MODERN, path=CONNECTIONS.rstrip("/")) as socket:
            assert socket.subprotocol == MODERN

    play(story)


@pytest.mark.parametrize("how", ["scenario", "argument", "fault"])
def test_flat_messages_come_without_a_subscription(how: str) -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        async with venue.socket(None, key=None, headers={"Authorization": "Api-Key key"}) as socket:
            await venue.place("t1", win.bet("yes", [1]), win.bet("no", [1], stake=stake("0.20")))
            await venue.place("t2", win.bet("theirs", [1]), key="another")
            heard = {message["MessageType"]: message for message in [await socket.read(), await socket.read()]}
            assert set(heard["BetAccepted"]) == {"MessageType", "BetId", "CustomerBetId", "CreatedAt"}
            assert heard["BetRejected"]["Reason"] == "Stake is below the minimum"
            assert heard["BetRejected"]["CustomerBetId"] == "no"
            assert await socket.silent()

    faults = [Fault(call="connection", trouble=Trouble.FLAT_MESSAGES)] if how == "fault" else []
    play(story, meeting(flat_messages=how == "scenario"), *faults, flat=how == "argument")


def test_races_and_pools_are_told_as_they_change() -> None:
    async def story(venue: Venue) -> None:
        asked = {
            "onProductStatusChanged": "productId status",
            "onSelectionStatusChanged": "productId selectionId status legId",
            "onPoolTotalChanged": "productId isFinalized total { grossAmounts { decimalAmount currency { code } } }",
            "onPoolDividendChanged": "productId dividends { dividend { amounts { decimalAmount } } legs { selections { id } } }",
            "onLinesChanged": "productId lines { odds { decimal } legs { lineSelections { selectionId } } }",
            "onEventStatusChanged": "eventId status",
            "onEventResultChanged": "eventId competitorResults { competitorId finishingPosition status }",
        }
        async with venue.socket(MODERN) as socket:
            for root, fields in asked.items():
                await socket.subscribe(root, fields=fields)
            heard: dict[str, list[Any]] = {root: [] for root in asked}
            while True:
                try:
                    root, data = await socket.event(within=120)
                except TimeoutError:
                    break
                heard[root].append(data)
                if len(heard["onEventResultChanged"]) == 2:
                    break
        win = await venue.product("WIN")
        statuses = [one["status"] for one in heard["onProductStatusChanged"] if one["productId"] == win.id]
        assert statuses == ["CLOSED"]
        assert [one["status"] for one in heard["onEventStatusChanged"]] == ["STARTED", "FINISHED"]
        totals = [
            one["total"]["grossAmounts"][0]["decimalAmount"] for one in heard["onPoolTotalChanged"] if one["productId"] == win.id
        ]
        assert totals == sorted(totals)
        assert len(totals) >= 9
        assert [one["isFinalized"] for one in heard["onPoolTotalChanged"] if one["productId"] == win.id][-1] is True
        first, final = heard["onEventResultChanged"]
        assert {row["status"] for row in first["competitorResults"]} == {"PROVISIONAL"}
        assert {row["status"] for row in final["competitorResults"]} == {"FINAL"}
        assert first["competitorResults"][0]["finishingPosition"] == "1"
        assert any(one["productId"] == win.id for one in heard["onPoolDividendChanged"])
        assert any(one["productId"] == win.id and len(one["lines"]) == 8 for one in heard["onLinesChanged"])

    play(story)


def test_a_client_that_goes_away_leaves_nothing_behind() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        for _ in range(3):
            async with venue.socket(MODERN) as socket:
                await socket.subscribe("onBetAccepted")
        await venue.place("t1", win.bet("b1", [1]))
        await venue.wait(hours=1)
        gone = Socket(venue.app, MODERN)
        await gone.close()

    play(story)
