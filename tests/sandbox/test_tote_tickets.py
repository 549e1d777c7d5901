"""Placing: a ticket once, a bet id for ever, each bet whole or not at all, and what a stake must be."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.sandbox.pools import NonRunner, PoolTerms
from planrunner.sandbox.scenario import MINUTE, AccountTerms, Base, Moment
from tests.laws import law
from tests.sandbox.tote import PLACE, Venue, meeting, play, race, stake


def status(ticket: Any) -> list[str]:
    return [bet["placement"]["status"] for bet in ticket["bets"]["nodes"]]


def reason(ticket: Any) -> str | None:
    (bet,) = ticket["bets"]["nodes"]
    return bet["placement"]["rejectionReason"]


def test_an_asynchronous_bet_is_placed_at_once_and_accepted_a_little_later() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        ticket = await venue.place("t1", win.bet("b1", [1]))
        (bet,) = ticket["bets"]["nodes"]
        assert (ticket["id"], ticket["idempotent"], status(ticket)) == ("t1", False, ["PLACED"])
        assert len(bet["toteId"]) == 32
        assert len(ticket["toteId"]) == 36
        assert await venue.balance() == Decimal("998.00")
        await venue.wait(seconds=3)
        assert (await venue.bet("b1"))["placement"]["status"] == "ACCEPTED"
        assert await venue.balance() == Decimal("998.00")

    play(story)


def test_at_once_the_answer_is_final() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        assert status(await venue.place("t1", win.bet("b1", [1]), at_once=True)) == ["ACCEPTED"]
        assert status(await venue.place("t2", win.bet("b2", [1], stake=stake("0.10")), at_once=True)) == ["REJECTED"]

    play(story)


def test_a_ticket_that_comes_again_is_answered_as_the_first_time_for_ever() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        first = await venue.place("t1", win.bet("b1", [1]))
        for _ in range(3):
            await venue.wait(hours=1)
            again = await venue.place("t1", win.bet("b1", [1]))
            assert again == {**first, "idempotent": True}
        different = await venue.place("t1", win.bet("b9", [2], stake=stake("50.00")), win.bet("b10", [3]))
        assert different == {**first, "idempotent": True}
        assert len(venue.lines("bet")) == 1
        assert (await venue.bet("b1"))["settlement"]["status"] == "SETTLED"

    play(story)


def test_two_that_arrive_together_are_one() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        both = await asyncio.gather(*(venue.place("t1", win.bet("b1", [1])) for _ in range(2)))
        assert sorted(ticket["idempotent"] for ticket in both) == [False, True]
        assert await venue.balance() == Decimal("998.00")

    play(story)


def test_a_bet_id_is_good_once_and_sinks_the_whole_ticket_after_that() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]))
        ticket = await venue.place("t2", win.bet("b2", [2]), win.bet("b1", [1]))
        assert status(ticket) == ["REJECTED", "REJECTED"]
        assert "Duplicate bet id" in ticket["bets"]["nodes"][0]["placement"]["rejectionReason"]
        twice = await venue.place("t3", win.bet("b3", [2]), win.bet("b3", [1]))
        assert status(twice) == ["REJECTED", "REJECTED"]
        used_up = await venue.place("t4", win.bet("b2", [2]))
        assert status(used_up) == ["REJECTED"]
        others = await venue.place("t1", win.bet("b1", [1]), key="another")
        assert (others["idempotent"], status(others)) == (False, ["PLACED"])
        assert await venue.balance() == Decimal("998.00")

    play(story)


def test_a_bet_id_that_was_used_may_also_be_an_error() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]))
        for _ in range(2):
            asked = {"ticketId": "t2", "bets": [win.bet("b1", [1])]}
            body = (await venue.post(PLACE, variables={"input": asked})).json()
            assert body["data"] == {"r": {"ticket": None}}
            assert body["errors"][0]["path"] == ["r", "ticket"]
            assert "Duplicate bet id" in body["errors"][0]["message"]
        assert len(venue.lines("bet")) == 1

    play(story, meeting(duplicates_as_errors=True))


def test_bets_of_a_ticket_stand_for_themselves() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]), win.bet("b2", [2], stake=stake("0.30")), win.bet("b3", [3]))
        await venue.wait(seconds=3)
        data = await venue.ask('{ tickets(id: "t1") { nodes { idempotent bets { nodes { id placement { status } } } } } }')
        (ticket,) = data["tickets"]["nodes"]
        assert (ticket["idempotent"], status(ticket)) == (False, ["ACCEPTED", "REJECTED", "ACCEPTED"])
        assert await venue.balance() == Decimal("996.00")

    play(story)


@pytest.mark.parametrize(
    ("code", "picks", "given", "says"),
    [
        ("WIN", [[1]], stake("0.90"), "below the minimum"),
        ("WIN", [[1]], stake("10000.10"), "above the maximum"),
        ("WIN", [[1]], stake("5000.10"), "above the maximum"),
        ("WIN", [[1]], stake("1.05"), "increment"),
        ("WIN", [[1, 2]], stake(None, "0.50"), None),
        ("WIN", [[1, 2]], stake(None, "0.05"), "below the minimum"),
        ("WIN", [[1, 2, 3]], stake("2.00"), "whole number of lines"),
        ("WIN", [[1]], stake("2.00", "2.00"), "either total amount or line amount"),
        ("WIN", [[1]], stake(None, None), "either total amount or line amount"),
        ("WIN", [[1]], stake(currency="HKD"), "Currency is not supported"),
        ("WIN", [[1]], stake(currency="EUR"), "Insufficient funds"),
        ("WIN", [[1]], stake("1000.10"), "Insufficient funds"),
        ("WIN", [[1]], stake("1000.00"), None),
        ("WIN", [[1, 1]], stake(), "Unknown selection"),
        ("WIN", [[1], [2]], stake(), "Invalid position"),
        ("EXACTA", [[1], [2]], stake("0.50"), None),
        ("EXACTA", [[1, 2], [1, 2]], stake("0.50"), None),
        ("EXACTA", [[1], [1]], stake(), "make no bet"),
        ("EXACTA", [[1, 2]], stake(), "Invalid position"),
        ("EXACTA", [[1], [2], [3]], stake(), "Invalid position"),
        ("QUINELLA", [[1]], stake(), "make no bet"),
        ("SWINGER", [[1, 2, 3]], stake(None, "0.17"), None),
        ("TRIO", [[1, 2, 3, 4]], stake(None, "0.15"), None),
    ],
)  # fmt: skip
def test_what_a_bet_on_one_race_must_be_like(code: str, picks: list[list[int]], given: Any, says: str | None) -> None:
    async def story(venue: Venue) -> None:
        product = await venue.product(code)
        positions = code == "EXACTA" or len(picks) > 1
        ticket = await venue.place("t", product.bet("b", *picks, stake=given, positions=positions), at_once=True)
        if says is None:
            assert (status(ticket), reason(ticket)) == (["ACCEPTED"], None)
        else:
            assert status(ticket) == ["REJECTED"]
            assert says in (reason(ticket) or "")
            assert await venue.balance() == Decimal("1000.00")

    play(story)


def test_a_bet_over_several_races_takes_one_leg_for_each() -> None:
    async def story(venue: Venue) -> None:
        pot = await venue.product("PLACEPOT")
        legs = [[1], [1, 2], [3], [4], [5, 6], [7]]
        whole = pot.bet("b1", *legs, stake=stake(None, "0.25"))
        ticket = await venue.place("t1", whole, at_once=True)
        assert (status(ticket), reason(ticket)) == (["ACCEPTED"], None)
        (bet,) = ticket["bets"]["nodes"]
        assert bet["placement"]["stake"]["decimalAmount"] == 1
        wrong = {**whole, "betId": "b2", "legs": whole["legs"][:5]}
        assert reason(await venue.place("t2", wrong, at_once=True)) == "Wrong number of legs"
        twice = {**whole, "betId": "b3", "legs": [*whole["legs"][:5], whole["legs"][0]]}
        assert reason(await venue.place("t3", twice, at_once=True)) == "Wrong number of legs"
        mixed = {**whole, "betId": "b4", "legs": list(reversed(whole["legs"]))}
        assert status(await venue.place("t4", mixed, at_once=True)) == ["ACCEPTED"]

    play(story)


def test_an_unknown_product_and_an_unknown_selection_are_refused() -> None:
    async def story(venue: Venue) -> None:
        win, place = await venue.product("WIN"), await venue.product("PLACE")
        lost = {**win.bet("b1", [1]), "productId": "no such"}
        assert reason(await venue.place("t1", lost, at_once=True)) == "Unknown product"
        other = win.bet("b2", [1])
        other["legs"][0]["selections"][0]["productLegSelectionID"] = place.selection(1)
        assert reason(await venue.place("t2", other, at_once=True)) == "Unknown selection"

    play(story)


def test_a_bet_that_comes_to_its_turn_after_the_off_is_refused_after_the_call_succeeded() -> None:
    async def story(venue: Venue) -> None:
        win, pot = await venue.product("WIN"), await venue.product("PLACEPOT")
        await venue.wait(minutes=9, seconds=59.99)
        assert status(await venue.place("t1", win.bet("b1", [1]))) == ["PLACED"]
        assert await venue.balance() == Decimal("998.00")
        await venue.wait(seconds=3)
        late = await venue.bet("b1")
        assert (late["placement"]["status"], late["placement"]["rejectionReason"]) == ("REJECTED", "Product was not open")
        assert await venue.balance() == Decimal("1000.00")
        over = pot.bet("b2", *([1] for _ in range(6)))
        assert reason(await venue.place("t2", over, at_once=True)) == "Product was not open"

    play(story)


GONE = race(1, non_runners=(NonRunner(name="B1", moment=Moment(base=Base.START, delay=-5 * MINUTE)),))


def test_a_runner_that_is_out_is_refused_unless_another_stands_in() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        assert status(await venue.place("t0", win.bet("b0", [2]), at_once=True)) == ["ACCEPTED"]
        await venue.wait(minutes=6)
        shown = await venue.product("WIN")
        assert shown.legs[0]["selections"]["nodes"][1]["status"] == "NOT_AVAILABLE"
        assert reason(await venue.place("t1", win.bet("b1", [2]), at_once=True)) == "Selection is not available"
        assert status(await venue.place("t2", win.bet("b2", [2], reserves={0: [2 + 1]}), at_once=True)) == ["ACCEPTED"]
        chosen = win.bet("b3", [2, 3], reserves={0: [3]})
        assert reason(await venue.place("t3", chosen, at_once=True)) == "Alternative selection is already selected"

    play(story, meeting(GONE))


def test_money_that_is_set_aside_is_not_bet_twice() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", *(win.bet(f"b{n}", [1], stake=stake("40.00")) for n in range(3)))
        assert await venue.balance() == Decimal("20.00")
        await venue.wait(seconds=3)
        assert sorted([(await venue.bet(f"b{n}"))["placement"]["status"] for n in range(3)]) == [
            "ACCEPTED",
            "ACCEPTED",
            "REJECTED",
        ]
        assert (await venue.bet("b2"))["placement"]["rejectionReason"] == "Insufficient funds"
        assert await venue.balance() == Decimal("20.00")

    play(story, meeting(account=AccountTerms(balance=10_000)))


def test_terms_of_a_scenario_are_the_products_rules() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        query = """{
          products(betType: WIN, first: 1) { nodes { type { ...Rules } } }
        }
        fragment Rules on BettingProduct { betType { rules { bet { min { stringAmount } } } }
        }"""
        rules = (await venue.ask(query))["products"]["nodes"][0]["type"]["betType"]["rules"]
        assert rules == {"bet": {"min": {"stringAmount": "5.00"}}}
        assert "below" in (reason(await venue.place("t1", win.bet("b1", [1]), at_once=True)) or "")

    play(story, meeting(terms=(PoolTerms(pool="win", bet_least=500),)))


def test_a_host_may_round_stakes_down() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        ticket = await venue.place("t1", win.bet("b1", [1, 2, 3], stake=stake("4.99")), at_once=True)
        (bet,) = ticket["bets"]["nodes"]
        assert (status(ticket), bet["placement"]["stake"]["decimalAmount"]) == (["ACCEPTED"], 4.8)
        assert await venue.balance() == Decimal("995.20")

    play(story, meeting(rounds_stakes=True))


def test_others_see_nothing_of_a_customers_bets() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]))
        mine = await venue.ask("{ customer { id } bets { totalCount totalStakes { stringAmount } } tickets { nodes { id } } }")
        theirs = """query ($c: ID) {
          bets(customerId: $c) { totalCount } tickets(customerId: $c) { nodes { id } } customer(customerId: $c) { id }
        }"""
        seen = await venue.ask(theirs, key="another")
        assert (seen["bets"]["totalCount"], seen["tickets"]["nodes"]) == (0, [])
        asked = await venue.ask(theirs, key="another", c=mine["customer"]["id"])
        assert asked == {"bets": {"totalCount": 0}, "tickets": {"nodes": []}, "customer": None}
        assert mine["bets"] == {"totalCount": 1, "totalStakes": {"stringAmount": "2.00"}}

    play(story)


def test_bets_are_found_by_either_id_and_by_time() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        first = await venue.place("t1", win.bet("b1", [1]))
        await venue.wait(minutes=1)
        await venue.place("t2", win.bet("b2", [1]))
        tote = first["bets"]["nodes"][0]["toteId"]

        async def ids(arguments: str) -> list[str]:
            return [node["id"] for node in (await venue.ask(f"{{ bets({arguments}) {{ nodes {{ id }} }} }}"))["bets"]["nodes"]]

        assert await ids(f'toteId: "{tote}"') == ["b1"]
        assert await ids('ids: ["b2", "b7"]') == ["b2"]
        assert await ids('since: "2026-12-05T12:00:30Z"') == ["b2"]
        assert await ids('until: "2026-12-05T12:00:30Z", betTypes: [WIN], venue: "Bath"') == ["b1"]
        assert await ids("betType: EXACTA") == []

    play(story)


@law(25, share=10)
@given(
    sends=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["0.50", "2.00", "7.30"])), max_size=12),
    at_once=st.booleans(),
)
def test_whatever_is_sent_again_every_bet_is_debited_once(sends: list[tuple[int, int, str]], at_once: bool) -> None:
    """A bet id has one bet at most, and the balance is what the accepted ones leave."""

    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        answers: dict[int, Any] = {}
        for ticket, bet, total in sends:
            answer = await venue.place(f"t{ticket}", win.bet(f"b{bet}", [1], stake=stake(total)), at_once=at_once)
            assert answer == {**answers.setdefault(ticket, answer), "idempotent": answer["idempotent"]}
            assert answer["idempotent"] is (answer is not answers[ticket])
        await venue.wait(seconds=3)
        balance = await venue.balance()
        placed = venue.lines("bet")
        assert len({line["ref"] for line in placed}) == len(placed)
        taken = sum(Decimal(line["size"]) for line in venue.lines("fill"))
        assert balance == Decimal(1000) - taken

    play(story)
