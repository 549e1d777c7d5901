"""What became of a ticket, for everything that the venue and the way to it can do; and what is asked of the venue then."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.commands import QueryBook
from planrunner.model.errors import VenueRefused, VenueTrouble
from planrunner.model.events import Event, OrderAccepted, OrderNotFound, OrderNotSent, OrderRejected, OrderReported, OrderUnknown
from planrunner.model.market import SelectionId
from planrunner.model.plan import Target
from tests.venues.tote.desk import ACCOUNT, KEY, POOL, A, B, Hands, answer, bet, listed, node, play, ticket

ELSEWHERE = (("location", "/tote/partner/gateway/graphql/"),)
ABROAD = (("location", "https://elsewhere.invalid/graphql"),)
NO_TICKET = {"r": {"ticket": None}}
PROBLEM = {"message": "something broke", "path": ["r"]}


def placed(*replies: Any, bets: dict[str, Any] | None = None, attempt: int = 1) -> tuple[tuple[Event, ...], Hands]:
    """What is told of a ticket with the bets A and B."""
    told: list[Event] = []

    async def act(hands: Hands) -> None:
        told.extend(await hands.place(bet(A), bet(B), attempt=attempt))

    hands = play(act, replies=list(replies), bets=bets or {})
    return tuple(told), hands


BOTH = answer(node(A), node(B))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (BOTH, OrderAccepted),
        ((401, b"<html>"), OrderNotSent),
        ((403, b"<html>"), OrderNotSent),
        ((429, b""), OrderNotSent),
        ((503, b""), OrderUnknown),
        ((500, {"errors": [{"message": "Unexpected Execution Error"}]}), OrderUnknown),
        ((502, b"<html>"), OrderUnknown),
        ((200, b"<html>all is well</html>"), OrderUnknown),
        ((200, b'{"data": {"r": {"tick'), OrderUnknown),
        ((0, b""), OrderUnknown),  # nothing comes back
        ({"data": None, "errors": [PROBLEM]}, OrderUnknown),
        ({"data": NO_TICKET, "errors": [PROBLEM]}, OrderUnknown),
        ({"data": NO_TICKET}, OrderUnknown),
        ({"errors": [PROBLEM]}, OrderUnknown),  # it was carried out up to there
        ({"errors": [{"message": "The field `x` does not exist", "locations": []}]}, OrderRejected),
        ((400, {"errors": [{"message": "Syntax Error"}]}), OrderRejected),
        ({"errors": [{"message": "no", "extensions": {"code": "AUTH_NOT_AUTHENTICATED"}}]}, OrderNotSent),
        ({"errors": []}, OrderUnknown),
        ([], OrderUnknown),
        (answer(), OrderUnknown),
        (answer(node(A), node(B), id="another"), OrderUnknown),
        (answer(node(A, "SHINY"), node(B, "SHINY")), OrderUnknown),
        (answer(node(A, stake="7.00"), node(B, stake="7.00")), OrderUnknown),  # more than was asked
        (answer(node(A, toteId=None), node(B, toteId=None)), OrderUnknown),
        ((307, b""), OrderUnknown),
        ((302, b"", ABROAD), OrderUnknown),
    ],
)
def test_each_answer_says_as_much_as_it_proves(reply: Any, kind: type) -> None:
    told, hands = placed(reply)
    assert [type(event) for event in told] == [kind, kind]
    assert hands.desk.count("mutation") == 1, "what may have been carried out is never sent again from here"


def test_that_a_bet_was_taken_in_is_not_yet_a_yes() -> None:
    (taken, accepted), _ = placed(answer(node(A, "PLACED"), node(B, "ACCEPTED")))
    assert isinstance(taken, OrderAccepted)
    assert isinstance(accepted, OrderAccepted)
    assert (taken.sizes.remaining, accepted.sizes.matched) == (Decimal("6.00"), Decimal("6.00"))
    assert taken.bet == f"tote-{A}"


def test_a_stake_that_was_rounded_down_is_told_as_it_was_taken() -> None:
    (rounded, _), _ = placed(answer(node(A, "ACCEPTED", stake="5.90"), node(B)))
    assert isinstance(rounded, OrderAccepted)
    assert (rounded.sizes.matched, rounded.sizes.lapsed, rounded.sizes.remaining) == (Decimal("5.90"), Decimal("0.10"), 0)


def test_one_bet_is_refused_and_the_other_is_not() -> None:
    (refused, other), _ = placed(answer(node(A, "REJECTED", reason="Product was not open", toteId=None, stake=None), node(B)))
    assert isinstance(refused, OrderRejected)
    assert (refused.reason, refused.conclusive, refused.transient) == ("POOL_NOT_OPEN", True, False)
    assert "Product was not open" in refused.text
    assert isinstance(other, OrderAccepted)


def test_the_one_reason_that_passes_is_told_so() -> None:
    (refused, _), _ = placed(answer(node(A, "REJECTED", reason="Error placing a bet with the bet provider"), node(B)))
    assert isinstance(refused, OrderRejected)
    assert refused.transient


@pytest.mark.parametrize(
    ("there", "kind"),
    [({A: node(A, "FAILED")}, OrderRejected), ({A: node(A, "ACCEPTED")}, OrderAccepted), ({}, OrderRejected)],
)
def test_a_bet_that_failed_is_asked_about_before_it_is_called_refused(there: dict[str, Any], kind: type) -> None:
    (failed, _), hands = placed(answer(node(A, "FAILED"), node(B)), bets=there)
    assert isinstance(failed, kind)
    assert sum(A in str(body) and B not in str(body) for _, body, _ in hands.desk.asked) == 1


ALREADY = "Bet id has already been used"
MODE_A = answer(node(A, "REJECTED", reason=ALREADY), node(B, "REJECTED", reason=ALREADY))
MODE_B = {"data": NO_TICKET, "errors": [{"message": ALREADY, "path": ["r"]}]}


@pytest.mark.parametrize("reply", [MODE_A, MODE_B], ids=["nodes", "errors"])
def test_a_reference_that_was_used_before_may_be_our_own_bet(reply: Any) -> None:
    (known, free), _ = placed(reply, bets={A: node(A, "ACCEPTED", ticket={"id": "of before"})})
    assert isinstance(known, OrderUnknown), "the engine looks it up and finds what is there"
    assert isinstance(free, OrderRejected)
    assert (free.reason, free.conclusive) == ("DUPLICATE_BET", False)


@pytest.mark.parametrize("reply", [MODE_A, MODE_B], ids=["nodes", "errors"])
def test_a_bet_of_this_very_ticket_is_told_as_it_is(reply: Any) -> None:
    (known, _), _ = placed(reply, bets={A: node(A, "ACCEPTED")}, attempt=2)
    assert isinstance(known, OrderAccepted)
    assert known.sizes.matched == Decimal("6.00")


def test_what_can_not_be_looked_up_stays_unknown() -> None:
    told: list[Event] = []

    async def act(hands: Hands) -> None:
        async def and_then_nothing() -> Any:
            hands.desk.always = (503, b"")
            return MODE_A

        hands.desk.replies = [and_then_nothing]
        told.extend(await hands.place(bet(A), bet(B)))

    play(act)
    assert [type(event) for event in told] == [OrderUnknown, OrderUnknown]


def test_a_ticket_that_the_venue_has_had_is_told_as_it_was_and_looked_up_at_once() -> None:
    async def act(hands: Hands) -> None:
        hands.desk.replies = [answer(node(A, "PLACED"), idempotent=True)]
        hands.desk.bets = {A: node(A, "ACCEPTED")}
        (told,) = await hands.place(bet(A), attempt=2)
        assert isinstance(told, OrderAccepted)
        assert told.sizes.remaining == Decimal("6.00")
        await asyncio.sleep(1)
        (report,) = hands.told(OrderReported)
        assert report.sizes.matched == Decimal("6.00")

    play(act)


@pytest.mark.parametrize(
    "other",
    [
        answer(node(A), idempotent=True),
        answer(node(A), node(B, placement=node(B)["placement"] | {"productId": "another"}), idempotent=True),
        answer(node(A), node(B, placement=node(B)["placement"] | {"legs": []}), idempotent=True),
    ],
    ids=["fewer bets", "another pool", "other runners"],
)
def test_another_ticket_under_our_reference_is_trouble_and_no_answer(other: Any) -> None:
    told, _ = placed(other)
    assert all(isinstance(event, OrderUnknown) and "another ticket" in event.text for event in told)


def test_a_redirect_is_followed_once_and_with_the_same_bytes() -> None:
    told, hands = placed((301, b"", ELSEWHERE), BOTH)
    assert [type(event) for event in told] == [OrderAccepted, OrderAccepted]
    first, second = [body for _, body, _ in hands.desk.asked if "mutation" in str(body)]
    assert first == second
    told, hands = placed((308, b"", ELSEWHERE), (308, b"", ELSEWHERE), BOTH)
    assert [type(event) for event in told] == [OrderUnknown, OrderUnknown]
    assert len(hands.desk.replies) == 1


def test_after_too_many_requests_no_ticket_leaves_for_a_while() -> None:
    async def act(hands: Hands) -> None:
        hands.desk.replies = [(429, b""), answer(node(A))]
        await hands.place(bet(A))
        (told,) = await hands.place(bet(A), attempt=2)
        assert isinstance(told, OrderNotSent)
        assert hands.desk.count("mutation") == 1
        await asyncio.sleep(3)
        (told,) = await hands.place(bet(A), attempt=3)
        assert isinstance(told, OrderAccepted)

    play(act)


def test_what_the_venue_holds_under_a_reference() -> None:
    async def act(hands: Hands) -> None:
        assert isinstance(await hands.query(), OrderNotFound)
        hands.desk.bets = {A: node(A)}
        assert (await hands.query()).sizes.remaining == Decimal("6.00")  # type: ignore[union-attr]
        hands.desk.bets = {A: node(A, "CANCELLED")}
        assert (await hands.query()).sizes.voided == Decimal("6.00")  # type: ignore[union-attr]
        hands.desk.bets = {A: node(A, "FAILED")}
        refused = await hands.query()
        assert isinstance(refused, OrderRejected)
        assert refused.conclusive
        for strange in (node(A, "SHINY"), node(A, stake="7.00"), node(A, placement={"status": "ACCEPTED", "productId": "other"})):
            hands.desk.bets = {A: strange}
            assert isinstance(await hands.query(), OrderUnknown)
        hands.desk.always = {"data": listed(node(A))["data"], "errors": [PROBLEM]}
        assert isinstance(await hands.query(), OrderUnknown), "half an answer is none"
        hands.desk.always = None

    play(act)


def test_no_key_is_in_what_is_written_down() -> None:
    async def act(hands: Hands) -> None:
        hands.desk.replies = [answer(node(A))]
        request = hands.venue.prepare(ticket())
        again = hands.venue.prepare(ticket(attempt=2))
        assert (request.content, again.content) == (again.content, request.content), "a second attempt is the same bytes"
        assert b'"totalAmount":6.00' in request.content
        assert b'"currencyCode":"GBP"' in request.content
        done = await hands.venue.send(request, None)
        assert KEY not in repr((request, done))
        assert hands.desk.asked[-1][2]["authorization"] == f"Api-Key {KEY}"
        assert done.exchanges[0].title == "Place a ticket of 1 bet"

    play(act)


def test_a_token_is_renewed_before_it_ends_and_when_it_is_not_taken() -> None:
    login = {"client_id": "public", "username": "ann", "password": "correct horse"}

    async def act(hands: Hands) -> None:
        hands.desk.replies = [(401, b""), answer(node(A))]
        (told,) = await hands.place(bet(A))
        assert isinstance(told, OrderNotSent)
        assert isinstance((await hands.place(bet(A), attempt=2))[0], OrderAccepted)
        assert hands.desk.asked[-1][2]["authorization"] == "Bearer token-2"
        await asyncio.sleep(1000)
        assert hands.desk.count("token") >= 3

    hands = play(act, secrets=login)
    path, body, headers = hands.desk.asked[0]
    assert path == "/tote/oauth/token"
    assert body == {"grant_type": "password", "audience": "https://partner.tote.co.uk", **login}
    assert "authorization" not in headers


@pytest.mark.parametrize(
    ("reply", "error"), [((401, b""), VenueRefused), ((403, b"<html>"), VenueRefused), ((502, b""), VenueTrouble)]
)
def test_a_venue_that_does_not_know_us_is_told_of_at_once(reply: Any, error: type[Exception]) -> None:
    async def never(hands: Hands) -> None:
        raise AssertionError("it was opened")

    with pytest.raises(error):
        play(never, always=reply)


def test_the_tote_takes_tickets_only() -> None:
    async def act(hands: Hands) -> None:
        with pytest.raises(VenueRefused, match="tickets"):
            await hands.venue.find(Target(event="Bath", market="Win"), on=None)
        book = QueryBook(account=ACCOUNT, market=POOL, selection=SelectionId("s4"), handicap=Decimal(0), because="plan")
        with pytest.raises(AssertionError, match="tickets"):
            hands.venue.prepare(book)

    play(act)
