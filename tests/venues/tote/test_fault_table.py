"""The fault table of the Tote's sheet, row by row: the adapter before the sandbox, on virtual time.

What whole runs make of the same faults is in `tests/faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.commands import NewPoolBet, PlaceTicket
from planrunner.model.events import (
    BetSettled,
    Event,
    MarketSettled,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import OrderRef
from planrunner.model.placement import Sizes
from planrunner.model.pools import Pool
from planrunner.ports import SendBy
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.scenario import AccountTerms
from tests.sandbox.tote import BEGIN, meeting
from tests.venues.tote import test_stream, test_troubles, test_with_sandbox
from tests.venues.tote.test_with_sandbox import ACCOUNT, A, B, Desk, bet, check, play

C = OrderRef("c" * 32)
TWO = Decimal("2.00")
TAKEN = Sizes(stake=TWO, matched=TWO)


def on(call: str, trouble: Trouble, **terms: Any) -> Fault:
    return Fault(call=call, trouble=trouble, **{"seconds": 40, **terms})


async def send(desk: Desk, *bets: NewPoolBet, ticket: str = "t", attempt: int = 1) -> tuple[Event, ...]:
    """Once, whatever comes of it."""
    command = PlaceTicket(
        account=ACCOUNT, ticket="tickets.bath", request_ref=ticket * 32, attempt=attempt, placements=bets, because="plan"
    )
    send_by = SendBy(wall=desk.clock.now() + timedelta(seconds=2), age=desk.clock.age() + 2)
    events = (await desk.venue.send(desk.venue.prepare(command), send_by)).events
    desk.learn(*events)
    return events


def told(story: Any, *faults: Fault, **how: Any) -> Desk:
    """A story that listens to the pool of the first race, and is checked at its end."""

    async def whole(desk: Desk) -> None:
        product = await desk.card(Pool.WIN)
        desk.venue.watch(product.id)
        listening = asyncio.ensure_future(desk.listen(1, 3 * 3600))
        await asyncio.sleep(1)
        await story(desk, product)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    desk = play(whole, *faults, **how)
    check(desk)
    return desk


def kinds(events: Any) -> list[type]:
    return [type(event) for event in events]


def debits(desk: Desk) -> list[str]:
    """What was paid for."""
    refs = {line["bet"]: line["ref"] for line in desk.log.lines("bet")}
    return sorted(refs[line["bet"]] for line in desk.log.lines("fill"))


@pytest.mark.parametrize(
    ("trouble", "idempotent"), [(Trouble.REPLY_LOST_AFTER_LANDING, True), (Trouble.REPLY_LOST_BEFORE_LANDING, False)]
)
def test_a_ticket_that_is_sent_again_is_debited_once(trouble: Trouble, *, idempotent: bool) -> None:
    async def story(desk: Desk, product: Any) -> None:
        assert kinds(await send(desk, bet(product, A, 1))) == [OrderUnknown]
        found = await desk.look_up(bet(product, A, 1))
        assert isinstance(found, OrderReported if idempotent else OrderNotFound)
        for attempt in (2, 3):
            assert kinds(await send(desk, bet(product, A, 1), attempt=attempt)) == [OrderAccepted]
        await asyncio.sleep(5)

    desk = told(story, on("placeBetsAsync", trouble))
    assert debits(desk) == [A]
    assert desk.sizes[A] == TAKEN


def test_another_ticket_under_the_same_reference_is_told_and_not_taken_for_ours() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        (event,) = await send(desk, bet(product, A, 2, size="3.00"), attempt=2)
        assert isinstance(event, OrderUnknown)
        assert "another ticket" in event.text
        await asyncio.sleep(5)

    assert debits(told(story)) == [A]


@pytest.mark.parametrize("mode", ["nodes", "errors"])
def test_a_bets_reference_that_was_used_books_nothing(mode: str) -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(5)
        again, other = await send(desk, bet(product, A, 1), bet(product, C, 2), ticket="u")
        assert isinstance(again, OrderUnknown), "it is ours, and is looked up"
        assert isinstance(other, OrderRejected)
        assert (other.reason, other.conclusive) == ("DUPLICATE_BET", False)
        await asyncio.sleep(5)

    faults = [on("placeBetsAsync", Trouble.DUPLICATE_AS_ERRORS, number=2)] if mode == "errors" else []
    assert debits(told(story, *faults)) == [A]


@pytest.mark.parametrize(
    ("call", "trouble", "seconds"),
    [
        ("placeBetsAsync", Trouble.EVENT_BEFORE_REPLY, 3),
        ("onBetAccepted", Trouble.MESSAGE_DELAYED, 30),
        ("onBetAccepted", Trouble.MESSAGE_DELAYED, 90),
        ("onBetAccepted", Trouble.MESSAGE_LOST, 0),
        ("onBetAccepted", Trouble.FRAME_TWICE, 0),
        ("placeBetsAsync", Trouble.SOCKET_DROPPED, 0),
        ("onBetAccepted", Trouble.CONNECTION_LOST, 0),
    ],
)
def test_whenever_and_however_often_a_message_comes_the_state_is_right_after_a_minute(
    call: str, trouble: Trouble, seconds: int
) -> None:
    async def story(desk: Desk, product: Any) -> None:
        assert kinds(await send(desk, bet(product, A, 1), bet(product, B, 2))) == [OrderAccepted, OrderAccepted]
        await asyncio.sleep(61)
        assert desk.sizes == {A: TAKEN, B: TAKEN}
        await asyncio.sleep(60)

    desk = told(story, on(call, trouble, seconds=seconds))
    assert debits(desk) == [A, B]
    reports = [(fact.ref, fact.sizes) for fact in desk.told(OrderReported)]
    assert len(reports) == len(set(reports)), "told once"


def test_a_message_that_comes_after_the_look_up_books_nothing_twice() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(5)
        found = await desk.look_up(bet(product, A, 1))
        assert isinstance(found, OrderReported)
        assert found.sizes == TAKEN
        await asyncio.sleep(60)

    desk = told(story, on("onBetAccepted", Trouble.MESSAGE_DELAYED, seconds=30))
    assert not desk.told(OrderReported), "it was known"


@pytest.mark.parametrize(
    ("trouble", "times"),
    [
        (Trouble.CONNECTION_REFUSED, 2), (Trouble.HTTP_503, 2), (Trouble.UNAUTHORIZED, 2), (Trouble.SOCKET_DROPPED, 2),
        (Trouble.NO_KEEP_ALIVE, 1),  # in the newer dialect it is we who ask whether somebody is there
    ],
)  # fmt: skip
def test_a_connection_that_is_refused_or_dies_is_opened_again_and_the_outage_is_told(trouble: Trouble, times: int) -> None:
    async def story(desk: Desk, product: Any) -> None:
        await desk.place(bet(product, A, 1))
        await asyncio.sleep(240)

    desk = told(story, on("connection", trouble, seconds=20))
    assert sum(line["call"] == "connection" for line in desk.log.lines("request")) == times
    assert kinds(desk.told(VenueDown, VenueUp)) in ([VenueDown, VenueUp], [])
    assert desk.sizes[A] == TAKEN


REASONS = {
    "Product was not open": "POOL_NOT_OPEN", "Selection is not available": "RUNNER_NOT_AVAILABLE",
    "Stake is not on the increment": "STAKE", "Insufficient funds": "NOT_ENOUGH_MONEY",
}  # fmt: skip


@pytest.mark.parametrize("said", REASONS)
def test_a_refusal_has_its_kind_and_nothing_is_tried_again(said: str) -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(5)

    desk = told(story, on("bet", Trouble.BET_REJECTED, code=said))
    assert (desk.refused[A].reason, desk.refused[A].transient, desk.refused[A].conclusive) == (REASONS[said], False, True)
    assert said in desk.refused[A].text
    assert sum(line["call"] == "placeBetsAsync" for line in desk.log.lines("request")) == 1


def test_refusals_of_the_venues_own_rules() -> None:
    """Not asked for, as above, but found by its checks."""

    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1, size="2.05"), bet(product, B, 2, size="900.00"))
        await asyncio.sleep(5)
        await asyncio.sleep(700)  # the race is off
        await send(desk, bet(product, C, 1), ticket="u")
        await asyncio.sleep(5)

    desk = told(story, scenario=meeting(account=AccountTerms(balance=10_000)))
    assert {ref: one.reason for ref, one in desk.refused.items()} == {A: "STAKE", B: "NOT_ENOUGH_MONEY", C: "POOL_NOT_OPEN"}
    assert debits(desk) == []


def test_an_error_of_the_provider_is_told_as_one_that_passes() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(5)
        assert kinds(await send(desk, bet(product, C, 1), ticket="u")) == [OrderAccepted], "with new references"
        await asyncio.sleep(5)

    desk = told(story, on("bet", Trouble.BET_REJECTED))
    assert (desk.refused[A].reason, desk.refused[A].transient) == ("PROVIDER_ERROR", True)
    assert debits(desk) == [C]


def test_a_bet_that_failed_is_not_placed_and_that_was_looked_up() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(5)
        assert A in desk.refused
        assert isinstance(await desk.look_up(bet(product, A, 1)), OrderRejected)

    desk = told(story, on("bet", Trouble.BET_FAILED))
    assert debits(desk) == []
    calls = [line["call"] for line in desk.log.lines("request")]
    assert "bets" in calls[calls.index("placeBetsAsync") :]


def test_of_a_mixed_ticket_each_bet_has_its_own_end() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1), bet(product, B, 2))
        await asyncio.sleep(5)
        assert (desk.sizes[A], list(desk.refused)) == (TAKEN, [B])
        await asyncio.sleep(3600)

    desk = told(story, on("bet", Trouble.BET_REJECTED, number=2))
    assert [(one.ref, one.outcome) for one in desk.told(BetSettled)] == [(A, Outcome.WON)]
    assert len(desk.told(MarketSettled)) == 1


def test_a_bet_that_is_never_decided_stays_open_and_is_never_made_again() -> None:
    async def story(desk: Desk, product: Any) -> None:
        await send(desk, bet(product, A, 1))
        await asyncio.sleep(3600)
        found = await desk.look_up(bet(product, A, 1))
        assert isinstance(found, OrderReported)
        assert found.sizes == Sizes(stake=TWO)
        assert kinds(await send(desk, bet(product, A, 1), attempt=2)) == [OrderAccepted]

    desk = told(story, on("bet", Trouble.NEVER_DECIDED))
    assert (debits(desk), desk.told(BetSettled, MarketSettled)) == ([], [])
    assert len(list(desk.log.lines("bet"))) == 1


@pytest.mark.parametrize(
    "fault",
    [
        on("bet", Trouble.BET_VOIDED),
        on("bet", Trouble.NON_RUNNER),
        on("dividends", Trouble.DIVIDEND_CHANGED),
        on("bet", Trouble.STAKE_ROUNDED_DOWN),
    ],
    ids=lambda fault: str(fault.trouble),
)
def test_what_is_settled_is_what_the_money_did(fault: Fault) -> None:
    async def story(desk: Desk, product: Any) -> None:
        size = "2.05" if fault.trouble is Trouble.STAKE_ROUNDED_DOWN else "2.00"
        await desk.place(bet(product, A, 1, size=size), bet(product, B, 2))
        await asyncio.sleep(3600)

    desk = told(story, fault)
    refs = {line["bet"]: line["ref"] for line in desk.log.lines("bet")}
    paid = {refs[line["bet"]]: Decimal(line["profit"]) for line in desk.log.lines("settled")}
    settled = {one.ref: one for one in desk.told(BetSettled)}
    assert {ref: one.profit for ref, one in settled.items()} == paid
    if fault.trouble in (Trouble.BET_VOIDED, Trouble.NON_RUNNER):
        assert (settled[A].outcome, settled[A].profit) == (Outcome.VOID, 0)
        assert settled[A].refunded + desk.sizes[A].voided in (TWO, 2 * TWO)
    else:
        assert settled[A].outcome is Outcome.WON


ANSWERS: dict[str, tuple[Trouble, dict[str, Any], type]] = {
    "401": (Trouble.UNAUTHORIZED, {}, OrderNotSent),
    "403 html": (Trouble.FORBIDDEN_PAGE, {}, OrderNotSent),
    "429": (Trouble.TOO_MANY_REQUESTS, {}, OrderNotSent),
    "503": (Trouble.HTTP_503, {}, OrderUnknown),
    **{f"{code}": (Trouble.REDIRECTED, {"code": str(code)}, OrderAccepted) for code in (301, 302, 307, 308)},
    "200 with errors": (Trouble.ERRORS_IN_REPLY, {}, OrderUnknown),
    "200 with errors, and it landed": (Trouble.ERRORS_IN_REPLY, {"lands": True}, OrderUnknown),
    "200 with partial data": (Trouble.PARTIAL_DATA, {}, OrderUnknown),
    "slow body": (Trouble.SLOW_BODY, {"seconds": 4}, OrderAccepted),
    "a body that never ends": (Trouble.SLOW_BODY, {"seconds": 60}, OrderUnknown),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_each_answer_is_tried_again_as_far_as_it_allows(answer: str) -> None:
    """Not at all, later, or after a look-up; in the end both bets are there, once."""
    trouble, terms, kind = ANSWERS[answer]

    async def story(desk: Desk, product: Any) -> None:
        bets = bet(product, A, 1), bet(product, B, 2)
        assert kinds(await send(desk, *bets)) == [kind, kind]
        await asyncio.sleep(10)
        await desk.place(*bets)
        await asyncio.sleep(61)
        assert desk.sizes == {A: TAKEN, B: TAKEN}

    assert debits(told(story, on("placeBetsAsync", trouble, **terms))) == [A, B]


@pytest.mark.parametrize(
    "fault",
    [
        on("connection", Trouble.FLAT_MESSAGES, times=9),
        on("onBetAccepted", Trouble.UNKNOWN_VALUE),
        on("onBetAccepted", Trouble.FIELDS_MISSING, times=9),
        on("bets", Trouble.UNKNOWN_VALUE),
        on("product", Trouble.UNKNOWN_VALUE),
    ],
    ids=lambda fault: f"{fault.call} {fault.trouble}",
)
def test_messages_and_words_in_other_forms_are_understood_or_do_no_harm(fault: Fault) -> None:
    async def story(desk: Desk, product: Any) -> None:
        await desk.place(bet(product, A, 1), bet(product, B, 2))
        await asyncio.sleep(61)
        assert desk.sizes == {A: TAKEN, B: TAKEN}
        await asyncio.sleep(3600)

    desk = told(story, fault)
    assert {one.ref: one.outcome for one in desk.told(BetSettled)} == {A: Outcome.WON, B: Outcome.LOST}


def test_a_stake_that_was_rounded_down_is_told_as_it_was_taken_also_by_those_who_come_later() -> None:
    """At once, by a look-up, by a process that is new, and in the list of the account's bets."""
    rounded = Sizes(stake=Decimal("2.05"), matched=TWO, lapsed=Decimal("0.05"))

    async def story(desk: Desk, product: Any) -> None:
        one = bet(product, A, 1, size="2.05")
        await desk.place(one)
        await asyncio.sleep(61)
        assert desk.sizes[A] == rounded
        found = await desk.look_up(one)
        assert isinstance(found, OrderReported)
        assert found.sizes == rounded
        (listed,) = await desk.venue.bets(BEGIN)
        assert (listed.ref, listed.sizes) == (A, TAKEN), "nobody there knows what was asked"
        desk.venue.unwatch(product.id)
        desk.venue.watch(product.id)  # as a new process does
        await asyncio.sleep(5)
        again = await desk.look_up(replace(one))
        assert isinstance(again, OrderReported)
        assert again.sizes == rounded

    desk = told(story, on("bet", Trouble.STAKE_ROUNDED_DOWN))
    assert {fact.sizes.matched for fact in desk.told(OrderReported)} == {TWO}


Held = Callable[..., None]
HELD: dict[str, tuple[Held, ...]] = {
    "Mutation processed, HTTP reply dropped": (test_a_ticket_that_is_sent_again_is_debited_once,),
    "Mutation lost before processing": (test_a_ticket_that_is_sent_again_is_debited_once,),
    "Same ticketId, different body": (
        test_another_ticket_under_the_same_reference_is_told_and_not_taken_for_ours,
        test_troubles.test_another_ticket_under_our_reference_is_trouble_and_no_answer,
    ),
    "betId reused in new ticket (mode A: nodes REJECTED; mode B: `errors[]`)": (
        test_a_bets_reference_that_was_used_books_nothing,
        test_troubles.test_a_reference_that_was_used_before_may_be_our_own_bet,
    ),
    "Event before HTTP reply / event delayed 30-90 s / event never sent": (
        test_whenever_and_however_often_a_message_comes_the_state_is_right_after_a_minute,
        test_stream.test_a_bet_of_which_nothing_is_heard_is_looked_up_after_a_minute,
    ),
    "Event twice; Accepted after query already said ACCEPTED": (
        test_whenever_and_however_often_a_message_comes_the_state_is_right_after_a_minute,
        test_a_message_that_comes_after_the_look_up_books_nothing_twice,
    ),
    "Socket dropped between placement and event": (
        test_whenever_and_however_often_a_message_comes_the_state_is_right_after_a_minute,
        test_stream.test_what_was_said_while_nobody_listened_is_looked_up_after_the_reconnect,
    ),
    "`connection_error`, close 4401, missing `ka`": (
        test_a_connection_that_is_refused_or_dies_is_opened_again_and_the_outage_is_told,
        test_stream.test_a_refusal_of_the_token_renews_it,
        test_stream.test_a_server_that_says_nothing_any_more_is_left_for_another_connection,
    ),
    "Reject: product closed; selection unavailable; stake rules; funds": (
        test_a_refusal_has_its_kind_and_nothing_is_tried_again,
        test_refusals_of_the_venues_own_rules,
    ),
    "Reject: provider error text": (test_an_error_of_the_provider_is_told_as_one_that_passes,),
    "BetFailed": (
        test_a_bet_that_failed_is_not_placed_and_that_was_looked_up,
        test_troubles.test_a_bet_that_failed_is_asked_about_before_it_is_called_refused,
    ),
    "Mixed ticket: one accepted, one rejected": (test_of_a_mixed_ticket_each_bet_has_its_own_end,),
    "PLACED forever": (test_a_bet_that_is_never_decided_stays_open_and_is_never_made_again,),
    "Void after acceptance; non-runner refund; provisional then changed dividend": (test_what_is_settled_is_what_the_money_did,),
    "401, 403 HTML, 429, 503, 3xx redirect, 200 with `errors`, 200 with partial data, slow body": (
        test_each_answer_is_tried_again_as_far_as_it_allows,
        test_troubles.test_each_answer_says_as_much_as_it_proves,
        test_with_sandbox.test_each_bet_is_there_once_and_its_end_is_told,
    ),
    "Flat PascalCase messages; unknown enum value; missing Reason/CreatedAt": (
        test_messages_and_words_in_other_forms_are_understood_or_do_no_harm,
        test_stream.test_flat_messages_say_the_same,
    ),
    "Stake rounded down by host": (test_a_stake_that_was_rounded_down_is_told_as_it_was_taken_also_by_those_who_come_later,),
}
# As the sheet has them.
ROWS = """\
Mutation processed, HTTP reply dropped
Mutation lost before processing
Same ticketId, different body
betId reused in new ticket (mode A: nodes REJECTED; mode B: `errors[]`)
Event before HTTP reply / event delayed 30-90 s / event never sent
Event twice; Accepted after query already said ACCEPTED
Socket dropped between placement and event
`connection_error`, close 4401, missing `ka`
Reject: product closed; selection unavailable; stake rules; funds
Reject: provider error text
BetFailed
Mixed ticket: one accepted, one rejected
PLACED forever
Void after acceptance; non-runner refund; provisional then changed dividend
401, 403 HTML, 429, 503, 3xx redirect, 200 with `errors`, 200 with partial data, slow body
Flat PascalCase messages; unknown enum value; missing Reason/CreatedAt
Stake rounded down by host""".splitlines()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_sheets_table_has_a_test(row: str) -> None:
    assert HELD[row]
    assert all(test.__name__.startswith("test_") for test in HELD[row])


def test_no_test_is_of_a_row_that_the_sheet_has_not() -> None:
    assert list(HELD) == ROWS
