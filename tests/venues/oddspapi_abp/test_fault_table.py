"""The fault table of the router's sheet, row by row: the adapter before the sandbox, on virtual time.

What whole runs make of the same faults is in `tests/faults`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.events import (
    BetSettled,
    CancelAccepted,
    CancelRefused,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    VenueDown,
    VenueUp,
)
from planrunner.model.market import OrderRef
from planrunner.sandbox.bookmakers import Settles, Span
from planrunner.sandbox.faults import Trouble
from planrunner.venues.oddspapi_abp.profile import PROFILE
from tests.sandbox import test_abp_socket
from tests.sandbox.abp import book, books, shows, uuid
from tests.venues.oddspapi_abp import test_answers, test_holdings, test_venue, test_with_sandbox
from tests.venues.oddspapi_abp.test_with_sandbox import FIRST, SECOND, STAYS, Session, last, play


def stays(at: Session, ref: OrderRef = FIRST, **terms: Any) -> Any:
    """An order that nobody takes for now."""
    return at.placement(ref, **{"odds": "9.00", "good_until": at.clock.now() + STAYS, **terms})


@pytest.mark.parametrize(
    "trouble", [Trouble.REPLY_LOST_AFTER_LANDING, Trouble.HTTP_504_AFTER_LANDING, Trouble.HTTP_500_AFTER_LANDING]
)
def test_an_order_whose_answer_is_lost_exists_and_a_second_request_makes_no_other(trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", trouble)
        assert isinstance((await at.place(stays(at)))[0], OrderUnknown)
        assert isinstance(await at.query(), OrderReported)
        assert isinstance((await at.place(stays(at), attempt=2))[0], OrderUnknown), "all of it is a repeat: 409"

    assert play(card).placed() == [FIRST]


def test_a_repeat_in_a_mixed_batch_is_in_neither_list_and_stays_unknown() -> None:
    async def card(at: Session) -> None:
        await at.place(stays(at))
        first, second = await at.place(stays(at), stays(at, SECOND), attempt=2)
        assert (type(first), type(second)) == (OrderUnknown, OrderAccepted)

    assert play(card).placed() == [FIRST, SECOND]


def test_two_requests_at_once_make_one_order() -> None:
    async def card(at: Session) -> None:
        answers = await asyncio.gather(at.place(stays(at)), at.place(stays(at), attempt=2))
        assert {type(event) for (event,) in answers} == {OrderAccepted, OrderUnknown}
        at.strike("place-orders", Trouble.STILL_IN_PROGRESS)
        assert isinstance((await at.place(stays(at, SECOND)))[0], OrderUnknown)

    assert play(card).placed() == [FIRST, SECOND]


def test_a_reference_is_trusted_for_less_long_than_the_venue_keeps_it() -> None:
    """Sent again after that it would be a second order, with real money: the engine stops counting on it before."""

    async def card(at: Session) -> None:
        await at.place(stays(at))
        await asyncio.sleep(31 * 60)
        assert isinstance((await at.place(stays(at), attempt=2))[0], OrderAccepted)

    assert play(card).placed() == [FIRST, FIRST]
    assert PROFILE.idempotent_for is not None
    assert PROFILE.idempotent_for <= timedelta(minutes=5) < timedelta(minutes=30)


REASONS = (
    "STAKE_EXCEEDS_LIMIT", "STAKE_BELOW_MINIMUM", "INVALID_ODDS", "NO_ACTIVE_ACCOUNTS", "CURRENCY_CONVERSION_FAILED",
    "BOOKMAKER_NOT_AVAILABLE", "ODDS_TEMPORARILY_UNAVAILABLE",
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_to_decline_is_a_refusal_with_its_name(reason: str) -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.LEG_FAILED, code=reason)
        (event,) = await at.place(stays(at))
        assert isinstance(event, OrderRejected)
        assert (event.reason, event.conclusive, event.transient) == (reason, True, reason == "ODDS_TEMPORARILY_UNAVAILABLE")

    assert play(card).placed() == []


def test_a_body_that_is_refused_for_one_order_is_refused_for_all() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.REFUSED, code="422")
        first, second = await at.place(stays(at), stays(at, SECOND))
        assert isinstance(first, OrderRejected)
        assert isinstance(second, OrderRejected)
        assert "orderStake" in first.text
        assert "another of its orders" in second.text

    assert play(card).placed() == []


STATUSES = {
    "401": OrderRejected, "403": OrderRejected, "403-HEADER": OrderRejected, "404": OrderRejected, "501": OrderRejected,
    "500": OrderUnknown, "503": OrderUnknown, "409": OrderUnknown, "429": OrderNotSent,
}  # fmt: skip


@pytest.mark.parametrize("lands", [False, True])
@pytest.mark.parametrize("code", STATUSES)
def test_each_status_says_as_much_as_it_proves(code: str, *, lands: bool) -> None:
    """Where it landed in spite of a status that says it did not, nothing is placed a second time."""

    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.REFUSED, code=code, lands=lands)
        (event,) = await at.place(stays(at))
        assert type(event) is STATUSES[code]
        await asyncio.sleep(6)
        if not isinstance(event, OrderRejected):
            await at.place(stays(at), attempt=2)

    placed = play(card).placed()
    assert placed == ([FIRST] if lands or STATUSES[code] is not OrderRejected else [])


def test_a_burst_of_too_many_requests_is_waited_out() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.TOO_MANY_REQUESTS, times=3)
        for attempt in range(1, 9):
            (event,) = await at.place(stays(at), attempt=attempt)
            if isinstance(event, OrderAccepted):
                break
            assert isinstance(event, OrderNotSent)
            await asyncio.sleep(1)
        assert isinstance(event, OrderAccepted)

    session = play(card)
    assert session.placed() == [FIRST]
    assert sum(line["call"] == "place-orders" for line in session.log.lines("request")) == 4, "left alone in between"


@pytest.mark.parametrize("trouble", [Trouble.ODDS_DROP, Trouble.LIMITS_SHRINK])
def test_after_the_first_fill_the_mean_holds_and_what_is_not_filled_lapses(trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", trouble)
        await at.place(at.placement(size="600.00"))
        await at.hear(40)
        done = await at.query()
        assert isinstance(done, OrderReported)
        assert done.sizes.remaining == 0
        assert 0 < done.sizes.matched < 600
        assert done.sizes.lapsed == 600 - done.sizes.matched
        assert done.average_odds is not None
        assert done.average_odds >= 2

    play(card, books(book("pinnacle", shows(("2.10", "200"), ("2.08", "2000")), least=Decimal(5))))


@pytest.mark.parametrize("trouble", [Trouble.BET_REJECTED, Trouble.BET_FAILED])
def test_a_bet_that_a_bookmaker_refused_is_made_at_another(trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike("bookmaker:pinnacle", trouble)
        await at.place(at.placement(size="100.00"))
        await at.hear(40)
        done = await at.query()
        assert isinstance(done, OrderReported)
        assert (done.sizes.matched, done.sizes.remaining) == (100, 0)
        dead = [one for one in done.fills if one.status in ("REJECTED", "FAILED")]
        assert [one.bookmaker for one in dead] == ["pinnacle"]
        assert sum(one.size for one in done.fills if one.status == "CONFIRMED") == 100

    play(card)


@pytest.mark.parametrize("how", ["cancelled", "lapsed"])
def test_a_bet_may_be_confirmed_after_its_order_was_over(how: str) -> None:
    """At two bookmakers: one answers soon and the other late; what is open then is told as open."""

    async def card(at: Session) -> None:
        at.strike("bookmaker:sharpbet", Trouble.BET_CONFIRMED_LATE, seconds=60)
        (event,) = await at.place(at.placement(size="600.00", good_until=at.clock.now() + timedelta(seconds=30)))
        assert isinstance(event, OrderAccepted)
        await at.hear(3)
        if how == "cancelled":
            answer = await at.cancel(event.bet)
            assert isinstance(answer, CancelAccepted | CancelRefused)
        await at.hear(30)
        before = await at.query()
        assert isinstance(before, OrderReported)
        assert before.sizes.remaining > 0, "a bet is on its way"
        await at.hear(60)
        after = await at.query()
        assert isinstance(after, OrderReported)
        assert after.sizes.matched > before.sizes.matched
        assert after.sizes.remaining == 0
        assert last(at.heard).sizes == after.sizes

    play(card)


def test_while_a_bet_is_on_its_way_an_order_is_not_taken_back() -> None:
    async def card(at: Session) -> None:
        at.strike("bookmaker:pinnacle", Trouble.BET_CONFIRMED_LATE, seconds=8)
        (event,) = await at.place(at.placement(size="100.00"))
        assert isinstance(event, OrderAccepted)
        refused = await at.cancel(event.bet)
        assert isinstance(refused, CancelRefused)
        await at.hear(10)
        assert last(at.heard).sizes.matched == 100

    play(card)


def test_an_order_in_money_that_can_not_be_converted_is_declined() -> None:
    async def card(at: Session) -> None:
        at.strike("place-orders", Trouble.CURRENCY_UNKNOWN)
        (event,) = await at.place(stays(at))
        assert isinstance(event, OrderRejected)
        assert event.reason == "CURRENCY_CONVERSION_FAILED"

    assert play(card).placed() == []


def test_what_was_settled_may_be_settled_again() -> None:
    async def card(at: Session) -> None:
        await at.place(at.placement())
        settled = [one for one in await at.hear(6 * 3600) if isinstance(one, BetSettled)]
        assert [one.outcome for one in settled] == [Outcome.WON, Outcome.HALF_LOST, Outcome.VOID]
        assert settled[-1].profit == 0

    ways = (("HALF_LOST", 60_000), ("VOID", 120_000))
    settles = [
        Settles(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenal", how=how, after=after) for how, after in ways
    ]
    play(card, books(settles=tuple(settles)))


def test_a_connection_that_is_quiet_for_hours_stays() -> None:
    """Whoever does not log in or answer pings is dropped; we do both."""

    async def card(at: Session) -> None:
        await at.hear(2400)
        assert not [one for one in at.heard if isinstance(one, VenueDown)]

    session = play(card)
    assert sum(line.get("call") == "ws" for line in session.log.lines("request")) <= 1


@pytest.mark.parametrize("call", ["ws-orders", "ws-bets"])
@pytest.mark.parametrize(
    "trouble",
    [Trouble.FRAME_LOST, Trouble.FRAME_TWICE, Trouble.FRAMES_SWAPPED, Trouble.BUFFER_FULL, Trouble.CONNECTION_LOST],
)
def test_whatever_becomes_of_frames_the_end_is_known_in_half_a_minute(call: str, trouble: Trouble) -> None:
    async def card(at: Session) -> None:
        at.strike(call, trouble, times=3)
        (event,) = await at.place(at.placement(size="600.00"))
        assert isinstance(event, OrderAccepted)
        told = [event, *(one for one in await at.hear(50) if isinstance(one, OrderReported))]
        assert [one.sizes.progress for one in told] == sorted(one.sizes.progress for one in told)
        assert len(told) == len({(one.sizes, one.fills) for one in told}), "nothing is told twice"
        there = await at.query()
        assert isinstance(there, OrderReported)
        assert told[-1].sizes == there.sizes

    play(card)


def test_a_bookmaker_that_does_not_answer_is_cut_off_and_tried_again_later() -> None:
    async def card(at: Session) -> None:
        three = await at.place(*(at.placement(OrderRef(uuid(number))) for number in range(11, 14)))
        assert {type(one) for one in three} == {OrderAccepted}
        await at.hear(5)
        (refused,) = await at.place(at.placement(FIRST))
        assert isinstance(refused, OrderRejected)
        assert refused.reason == "BOOKMAKER_NOT_AVAILABLE"
        await at.hear(60)
        (taken,) = await at.place(at.placement(SECOND))
        assert isinstance(taken, OrderAccepted)
        await at.hear(25)
        done = await at.query(SECOND)
        assert isinstance(done, OrderReported)
        assert done.sizes.matched == 100

    script = books(book("pinnacle", shows(("2.10", "400")), least=Decimal(5), down=(Span(at=0, lasts=20_000),)))
    assert play(card, script).placed() == [*(uuid(number) for number in range(11, 14)), SECOND]


def test_an_emergency_is_an_outage_in_which_nothing_leaves() -> None:
    async def card(at: Session) -> None:
        at.strike("orders", Trouble.EMERGENCY, seconds=30)
        await at.query()
        await at.hear(2)
        assert isinstance((await at.place(at.placement()))[0], OrderNotSent)
        await at.hear(60)
        assert [type(one) for one in at.heard if isinstance(one, VenueDown | VenueUp)] == [VenueDown, VenueUp]

    assert play(card).placed() == []


Held = Callable[..., None]
HELD: dict[str, tuple[Held, ...]] = {
    "reply lost after commit (close socket / 504)": (
        test_an_order_whose_answer_is_lost_exists_and_a_second_request_makes_no_other,
        test_with_sandbox.test_a_reply_that_is_lost_after_landing_is_found_and_never_placed_twice,
    ),
    "duplicate inside a mixed batch": (
        test_a_repeat_in_a_mixed_batch_is_in_neither_list_and_stays_unknown,
        test_answers.test_an_order_in_neither_list_is_unknown_and_not_the_one_beside_it,
    ),
    "concurrent duplicate": (test_two_requests_at_once_make_one_order,),
    "retry after 30 min": (test_a_reference_is_trusted_for_less_long_than_the_venue_keeps_it,),
    "decline each of the 7 reasons": (
        test_each_reason_to_decline_is_a_refusal_with_its_name,
        test_answers.test_why_an_order_is_declined,
    ),
    "422 on order k": (
        test_a_body_that_is_refused_for_one_order_is_refused_for_all,
        test_answers.test_a_body_that_is_refused_for_one_order_is_refused_for_all_and_each_is_told_why,
    ),
    "401 / 403 (three bodies) / 404 / 500 / 503 / 501": (
        test_each_status_says_as_much_as_it_proves,
        test_answers.test_a_request_that_fails_as_a_whole,
    ),
    "429 burst": (
        test_a_burst_of_too_many_requests_is_waited_out,
        test_answers.test_the_wait_that_is_asked_for_stands_in_the_body_or_the_header,
    ),
    "price drop after first fill": (test_after_the_first_fill_the_mean_holds_and_what_is_not_filled_lapses,),
    "limit shrink mid-order": (test_after_the_first_fill_the_mean_holds_and_what_is_not_filled_lapses,),
    "bet REJECTED by book then retried at other book": (test_a_bet_that_a_bookmaker_refused_is_made_at_another,),
    "late confirm after CANCELLED/EXPIRED": (
        test_a_bet_may_be_confirmed_after_its_order_was_over,
        test_holdings.test_a_late_confirmation_makes_the_matched_size_larger_and_counts_as_newer,
    ),
    "cancel during PROCESSING": (
        test_while_a_bet_is_on_its_way_an_order_is_not_taken_back,
        test_answers.test_a_cancel_that_came_too_late_or_too_soon_is_refused,
    ),
    "FX missing / non-USD account": (
        test_an_order_in_money_that_can_not_be_converted_is_declined,
        test_with_sandbox.test_place_and_match_at_two_bookmakers_in_two_currencies,
        test_holdings.test_the_profit_of_a_bet_in_another_currency_is_in_the_orders,
    ),
    "void after confirm, half results, re-settlement, cash-out": (
        test_with_sandbox.test_results_that_are_not_plainly_won,
        test_what_was_settled_may_be_settled_again,
    ),
    "WS: no login in 30 s, no pong in 120 s, 6th connection, seq gap, duplicate frame, reordered orders/bets frames, "
    "buffer overflow at 100": (
        test_a_connection_that_is_quiet_for_hours_stays,
        test_whatever_becomes_of_frames_the_end_is_known_in_half_a_minute,
        test_abp_socket.test_who_does_not_log_in_is_dropped,
        test_abp_socket.test_a_sixth_connection_of_a_key_is_refused,
        test_venue.test_while_the_socket_is_down_orders_are_asked_for_and_then_it_takes_over_again,
    ),
    "breaker open -> half-open -> closed; emergency on/off": (
        test_a_bookmaker_that_does_not_answer_is_cut_off_and_tried_again_later,
        test_an_emergency_is_an_outage_in_which_nothing_leaves,
        test_with_sandbox.test_an_emergency_stops_what_has_not_left,
    ),
    "legacy mode switch": (test_with_sandbox.test_the_older_generation_of_the_venue_says_the_same,),
}
# As the sheet has them.
ROWS = """\
reply lost after commit (close socket / 504)
duplicate inside a mixed batch
concurrent duplicate
retry after 30 min
decline each of the 7 reasons
422 on order k
401 / 403 (three bodies) / 404 / 500 / 503 / 501
429 burst
price drop after first fill
limit shrink mid-order
bet REJECTED by book then retried at other book
late confirm after CANCELLED/EXPIRED
cancel during PROCESSING
FX missing / non-USD account
void after confirm, half results, re-settlement, cash-out
WS: no login in 30 s, no pong in 120 s, 6th connection, seq gap, duplicate frame, reordered orders/bets frames, \
buffer overflow at 100
breaker open -> half-open -> closed; emergency on/off
legacy mode switch""".splitlines()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_sheets_table_has_a_test(row: str) -> None:
    assert HELD[row]
    assert all(test.__name__.startswith("test_") for test in HELD[row])


def test_no_test_is_of_a_row_that_the_sheet_has_not() -> None:
    assert list(HELD) == ROWS
