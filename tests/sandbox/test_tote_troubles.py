"""Everything that goes wrong at a Tote, row by row: each can be asked for, and leaves the venue's own books right."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from planrunner.sandbox.faults import Fault, Trouble
from tests.sandbox.tote import GATEWAY, LEGACY, MODERN, PLACE, Closed, Venue, meeting, play, stake

ASYNC = "placeBetsAsync"


async def one_bet(venue: Venue, ticket: str = "t1", bet: str = "b1", **how: Any) -> dict[str, Any]:
    win = await venue.product("WIN")
    return {"input": {"ticketId": ticket, "bets": [win.bet(bet, [1], **how)]}}


async def decided(venue: Venue, bet: str = "b1", **time: float) -> str:
    await venue.wait(**(time or {"seconds": 3}))
    return str((await venue.bet(bet))["placement"]["status"])


@pytest.mark.parametrize(
    ("trouble", "idempotent"), [(Trouble.REPLY_LOST_AFTER_LANDING, True), (Trouble.REPLY_LOST_BEFORE_LANDING, False)]
)
def test_a_lost_reply_and_a_lost_request_are_told_apart_by_sending_again(trouble: Trouble, idempotent: bool) -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        with pytest.raises(TimeoutError):
            await venue.post(PLACE, variables=asked, within=10)
        again = (await venue.ask(PLACE, **asked))["r"]["ticket"]
        assert again["idempotent"] is idempotent
        assert await decided(venue) == "ACCEPTED"
        assert await venue.balance() == Decimal("998.00")

    play(story, None, Fault(call=ASYNC, trouble=trouble))


def test_a_request_may_land_long_after_nobody_found_its_bet() -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        with pytest.raises(TimeoutError):
            await venue.post(PLACE, variables=asked, within=10)
        assert (await venue.ask('{ bets(id: "b1") { nodes { id } } }'))["bets"]["nodes"] == []
        await venue.wait(seconds=60)
        assert (await venue.ask(PLACE, **asked))["r"]["ticket"]["idempotent"] is True
        assert await decided(venue) == "ACCEPTED"
        assert await venue.balance() == Decimal("998.00")

    play(story, None, Fault(call=ASYNC, trouble=Trouble.TIMEOUT_LANDS_LATER, seconds=45))


def test_any_call_means_requests_and_neither_bets_nor_messages() -> None:
    async def story(venue: Venue) -> None:
        await venue.ask(PLACE, **await one_bet(venue))
        await venue.wait(seconds=3)
        assert (await venue.post("{ echo { success } }")).status_code == 503
        assert await decided(venue) == "ACCEPTED"

    play(story, None, Fault(call="*", trouble=Trouble.HTTP_503, number=3))


@pytest.mark.parametrize("dialect", [LEGACY, MODERN])
def test_an_event_may_come_before_the_reply(dialect: str) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted")
            placing = asyncio.create_task(venue.ask(PLACE, **await one_bet(venue)))
            assert (await socket.event())[1]["customerBetId"] == "b1"
            assert not placing.done()
            (bet,) = (await placing)["r"]["ticket"]["bets"]["nodes"]
            assert bet["placement"]["status"] == "PLACED"

    play(story, None, Fault(call=ASYNC, trouble=Trouble.EVENT_BEFORE_REPLY, seconds=2))


def test_an_event_may_come_late_or_never_or_twice() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            await socket.subscribe("onBetAccepted")
            await venue.ask(PLACE, **await one_bet(venue, "t1", "late"))
            assert await decided(venue, "late") == "ACCEPTED"
            assert await socket.silent(80)
            assert (await socket.event(20))[1]["customerBetId"] == "late"
            await venue.ask(PLACE, **await one_bet(venue, "t2", "never"))
            assert await socket.silent()
            assert await decided(venue, "never") == "ACCEPTED"
            await venue.ask(PLACE, **await one_bet(venue, "t3", "twice"))
            assert await socket.event() == await socket.event()
            assert await socket.silent()

    call = "onBetAccepted"
    play(
        story, None, Fault(call=call, trouble=Trouble.MESSAGE_DELAYED, seconds=90),
        Fault(call=call, trouble=Trouble.MESSAGE_LOST, number=2), Fault(call=call, trouble=Trouble.REPORTED_TWICE, number=3),
    )  # fmt: skip


@pytest.mark.parametrize("dialect", [LEGACY, MODERN])
@pytest.mark.parametrize(
    "fault",
    [Fault(call=ASYNC, trouble=Trouble.SOCKET_DROPPED), Fault(call="connection", trouble=Trouble.SOCKET_DROPPED, seconds=0)],
)
def test_a_socket_may_break_between_a_bet_and_its_event(dialect: str, fault: Fault) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(dialect) as socket:
            await venue.ask(PLACE, **await one_bet(venue))
            with pytest.raises(Closed, match="1012"):
                await socket.read()
        async with venue.socket(dialect) as socket:
            await socket.subscribe("onBetAccepted")
            assert (await socket.event())[1]["customerBetId"] == "b1" if fault.call == "connection" else True
        assert await decided(venue) == "ACCEPTED"

    play(story, None, fault)


def test_a_connection_may_be_refused_closed_or_show_no_life() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket(LEGACY, key=None) as socket:
            await socket.send({"type": "connection_init", "payload": {"authorization": "Api-Key key"}})
            assert (await socket.read())["type"] == "connection_error"
        for dialect in (LEGACY, MODERN):
            async with venue.socket(dialect, key=None) as socket:
                await socket.send({"type": "connection_init", "payload": {"authorization": "Api-Key key"}})
                with pytest.raises(Closed, match="4401"):
                    await socket.read()
        async with venue.socket(LEGACY) as socket:
            with pytest.raises(TimeoutError):
                await socket.raw(within=600)
        with pytest.raises(Closed, match="503"):
            async with venue.socket(LEGACY):
                raise AssertionError("nobody is there")
        async with venue.socket(LEGACY) as socket:
            assert await socket.raw() == {"type": "ka"}

    troubles = (
        Trouble.CONNECTION_REFUSED, Trouble.UNAUTHORIZED, Trouble.UNAUTHORIZED, Trouble.NO_KEEP_ALIVE, Trouble.HTTP_503,
    )  # fmt: skip
    play(story, None, *(Fault(call="connection", trouble=trouble, number=n) for n, trouble in enumerate(troubles, 1)))


@pytest.mark.parametrize(
    ("code", "reason"),
    [("", "Error placing a bet with the bet provider"), ("Product was not open", "Product was not open"), ("Odd", "Odd")],
)
def test_a_bet_may_be_rejected_for_any_reason(code: str, reason: str) -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            await socket.subscribe("onBetRejected")
            await venue.ask(PLACE, **await one_bet(venue))
            assert (await socket.event())[1]["reason"] == reason
        bet = await venue.bet("b1")
        assert (bet["placement"]["status"], bet["placement"]["rejectionReason"]) == ("REJECTED", reason)
        assert await venue.balance() == Decimal("1000.00")
        await venue.ask(PLACE, **await one_bet(venue, "t2", "b2"))
        assert await decided(venue, "b2") == "ACCEPTED"

    play(story, None, Fault(call=ASYNC, trouble=Trouble.BET_REJECTED, code=code))


def test_a_bet_may_fail() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            await socket.subscribe("onBetFailed")
            await venue.ask(PLACE, **await one_bet(venue))
            assert (await socket.event())[1]["customerBetId"] == "b1"
        assert (await venue.bet("b1"))["placement"]["status"] == "FAILED"
        assert await venue.balance() == Decimal("1000.00")

    play(story, None, Fault(call="bet", trouble=Trouble.BET_FAILED))


def test_of_one_ticket_one_bet_may_be_accepted_and_another_rejected() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]), win.bet("b2", [2]), win.bet("b3", [3]))
        await venue.wait(seconds=3)
        assert [(await venue.bet(bet))["placement"]["status"] for bet in ("b1", "b2", "b3")] == [
            "ACCEPTED",
            "REJECTED",
            "ACCEPTED",
        ]
        assert await venue.balance() == Decimal("996.00")

    play(story, None, Fault(call="bet", trouble=Trouble.BET_REJECTED, number=2))


def test_a_bet_may_stay_placed_for_ever() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            for root in ("onBetAccepted", "onBetRejected", "onBetFailed"):
                await socket.subscribe(root)
            await venue.ask(PLACE, **await one_bet(venue))
            assert await socket.silent(3600)
        assert await decided(venue, hours=2) == "PLACED"
        assert await venue.balance() == Decimal("998.00")

    play(story, None, Fault(call="bet", trouble=Trouble.NEVER_DECIDED))


def test_an_accepted_bet_may_be_voided() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            await socket.subscribe("onBetCancelled")
            await venue.ask(PLACE, **await one_bet(venue))
            assert await decided(venue) == "ACCEPTED"
            assert (await socket.event())[1]["customerBetId"] == "b1"
        bet = await venue.bet("b1")
        assert (bet["placement"]["status"], bet["settlement"]["status"]) == ("CANCELLED", "REFUNDED")
        assert await venue.balance() == Decimal("1000.00")

    play(story, None, Fault(call="bet", trouble=Trouble.BET_VOIDED, seconds=20))


def test_a_runner_of_a_bet_may_be_withdrawn_after_it() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [2, 3], stake=stake("4.00")))
        await venue.wait(minutes=20)
        returns = (await venue.bet("b1"))["resulting"]["returns"]
        assert (returns["refundAmount"]["decimalAmount"], returns["returnAmount"]["decimalAmount"]) == (2, 0)
        assert await venue.balance() == Decimal("998.00")

    play(story, None, Fault(call="bet", trouble=Trouble.NON_RUNNER, seconds=30))


def test_a_stake_may_be_rounded_down() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        ticket = await venue.place("t1", win.bet("b1", [1], stake=stake("2.19")))
        (bet,) = ticket["bets"]["nodes"]
        assert bet["placement"]["stake"]["decimalAmount"] == 2.1

    play(story, None, Fault(call="bet", trouble=Trouble.STAKE_ROUNDED_DOWN))


def test_a_used_bet_id_may_be_an_error_instead_of_rejected_bets() -> None:
    async def story(venue: Venue) -> None:
        await venue.ask(PLACE, **await one_bet(venue))
        body = (await venue.post(PLACE, variables=await one_bet(venue, "t2"))).json()
        assert (body["data"], len(body["errors"])) == ({"r": {"ticket": None}}, 1)
        assert await venue.balance() == Decimal("998.00")

    play(story, None, Fault(call=ASYNC, trouble=Trouble.DUPLICATE_AS_ERRORS, number=2))


PAGES = {
    Trouble.UNAUTHORIZED: (401, "application/json"), Trouble.SESSION_KILLED: (401, "application/json"),
    Trouble.FORBIDDEN_PAGE: (403, "text/html"), Trouble.TOO_MANY_REQUESTS: (429, "text/html"),
    Trouble.HTTP_500: (500, "text/html"), Trouble.HTTP_502: (502, "text/html"), Trouble.HTTP_503: (503, "text/html"),
    Trouble.NOT_JSON: (200, "text/html"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", PAGES)
def test_pages_of_the_edge(trouble: Trouble) -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        reply = await venue.post(PLACE, variables=asked)
        assert (reply.status_code, reply.headers["content-type"].partition(";")[0]) == PAGES[trouble]
        landed = trouble is Trouble.NOT_JSON
        assert (await venue.ask(PLACE, **asked))["r"]["ticket"]["idempotent"] is landed

    play(story, None, Fault(call=ASYNC, trouble=trouble))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_to_the_other_form_of_the_address(status: int) -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        reply = await venue.post(PLACE, variables=asked)
        assert (reply.status_code, reply.headers["location"]) == (status, GATEWAY + "/")
        there = await venue.ask(PLACE, path=reply.headers["location"], **asked)
        assert there["r"]["ticket"]["idempotent"] is False

    play(story, None, Fault(call=ASYNC, trouble=Trouble.REDIRECTED, code=str(status)))


@pytest.mark.parametrize("lands", [True, False])
def test_errors_with_a_status_of_200(lands: bool) -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        reply = await venue.post(PLACE, variables=asked)
        assert (reply.status_code, reply.json()["data"]) == (200, None)
        assert reply.json()["errors"]
        assert (await venue.ask(PLACE, **asked))["r"]["ticket"]["idempotent"] is lands

    play(story, None, Fault(call=ASYNC, trouble=Trouble.ERRORS_IN_REPLY, lands=lands))


def test_partial_data_and_half_an_answer() -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        partial = (await venue.post(PLACE, variables=asked)).json()
        assert (partial["data"], partial["errors"][0]["path"]) == ({"r": {"ticket": None}}, ["r", "ticket"])
        half = await venue.post(PLACE, variables=asked)
        with pytest.raises(ValueError):
            half.json()
        assert (await venue.ask(PLACE, **asked))["r"]["ticket"]["idempotent"] is True

    play(
        story, None, Fault(call=ASYNC, trouble=Trouble.PARTIAL_DATA), Fault(call=ASYNC, trouble=Trouble.MALFORMED_BODY, number=2)
    )


def test_a_slow_body_and_a_slow_answer() -> None:
    async def story(venue: Venue) -> None:
        asked = await one_bet(venue)
        for seconds in (7, 9):
            began = venue.clock.age()
            assert (await venue.post(PLACE, variables=asked)).json()["data"]
            assert venue.clock.age() - began == seconds
        with pytest.raises(TimeoutError):
            await venue.post(PLACE, variables=asked, within=5)

    slow = Fault(call=ASYNC, trouble=Trouble.SLOW_BODY, seconds=7)
    play(story, None, slow, *(Fault(call=ASYNC, trouble=Trouble.REPLY_DELAYED, seconds=9, number=n) for n in (2, 3)))


def test_an_unknown_status_and_an_unknown_message() -> None:
    async def story(venue: Venue) -> None:
        await venue.ask(PLACE, **await one_bet(venue))
        await venue.wait(seconds=3)
        assert (await venue.bet("b1"))["placement"]["status"] == "HELD"
        async with venue.socket(None, key=None, headers={"Authorization": "Api-Key key"}) as socket:
            await venue.ask(PLACE, **await one_bet(venue, "t2", "b2"))
            assert [(await socket.read())["MessageType"] for _ in range(2)] == ["BetReviewed", "BetAccepted"]

    unknown = Fault(call="onBetAccepted", trouble=Trouble.UNKNOWN_VALUE, number=2)
    play(story, meeting(flat_messages=True), Fault(call="bets", trouble=Trouble.UNKNOWN_VALUE, code="HELD"), unknown)


def test_a_message_without_reason_and_time() -> None:
    async def story(venue: Venue) -> None:
        async with venue.socket() as socket:
            await socket.subscribe("onBetRejected")
            await venue.ask(PLACE, **await one_bet(venue, stake=stake("0.10")))
            assert {name: value for name, value in (await socket.event())[1].items() if value} == {
                "betId": (await venue.bet("b1"))["toteId"], "customerBetId": "b1",
            }  # fmt: skip

    play(story, None, Fault(call="onBetRejected", trouble=Trouble.FIELDS_MISSING))


def test_an_empty_report_of_what_is_there() -> None:
    """A bet that was placed and is not (yet) found."""

    async def story(venue: Venue) -> None:
        await venue.ask(PLACE, **await one_bet(venue))
        query = '{ bets(id: "b1") { nodes { id } } }'
        assert (await venue.ask(query))["bets"]["nodes"] == []
        assert (await venue.ask(query))["bets"]["nodes"] == [{"id": "b1"}]

    play(story, None, Fault(call="bets", trouble=Trouble.EMPTY_REPORT))


def test_the_token_endpoint_has_its_troubles_too() -> None:
    async def story(venue: Venue) -> None:
        async def grant() -> httpx.Response:
            asked = {
                "grant_type": "password",
                "client_id": "c",
                "username": "u",
                "password": "p",
                "audience": "https://partner.tote.co.uk",
            }
            return await venue.http.post("/tote/oauth/token", json=asked)

        assert [(await grant()).status_code for _ in range(2)] == [503, 200]

    play(story, None, Fault(call="token", trouble=Trouble.HTTP_503))


def test_every_fault_of_the_list_is_in_the_log() -> None:
    """Whoever reads the log knows what was done on purpose."""

    async def story(venue: Venue) -> None:
        await venue.ask(PLACE, **await one_bet(venue))
        await venue.wait(seconds=3)
        await venue.balance()
        told = {(line["call"], line["trouble"]) for line in venue.lines("fault")}
        assert told == {("placeBetsAsync", "reply delayed"), ("bet", "stake rounded down"), ("onBetAccepted", "message lost")}
        (bet,) = venue.lines("bet")
        assert (bet["ref"], bet["ticket"], bet["venue"]) == ("b1", "t1", "tote")
        request = next(line for line in venue.lines("request") if line["call"] == ASYNC)
        assert request["params"]["input"]["bets"][0]["betId"] == "b1"

    play(
        story, None, Fault(call=ASYNC, trouble=Trouble.REPLY_DELAYED), Fault(call="bet", trouble=Trouble.STAKE_ROUNDED_DOWN),
        Fault(call="onBetAccepted", trouble=Trouble.MESSAGE_LOST),
    )  # fmt: skip
