"""Orders at the router: what becomes of them, what is declined, what is seen twice, what can be taken back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from planrunner.sandbox.bookmakers import Key, Span
from planrunner.sandbox.scenario import Base, Due, Moment, Suspend
from tests.sandbox.abp import FIXTURE, HOME, Client, account, book, books, order, play, shows, uuid


def at_pinnacle(*offers: Any, **terms: Any) -> Any:
    script = {
        name: terms.pop(name) for name in ("accounts", "keys", "sync_wait", "rates", "emergencies", "legacy") if name in terms
    }
    return books(book("pinnacle", *(offers or (shows(("2.10", "400")),)), **{"least": Decimal(5), **terms}), **script)


# What becomes of an order


def test_an_order_that_fits_is_filled_before_the_answer_comes() -> None:
    async def main(abp: Client) -> Any:
        return await abp.place(order(stake=100))

    answer = play(main, at_pinnacle())
    assert (answer["status"], answer["declinedOrders"]) == ("accepted", [])
    (row,) = answer["acceptedOrders"]
    assert (row["orderStatus"], row["filledStake"], row["remainingStake"], row["orderId"]) == ("FILLED", 100, 0, 9001)
    (bet,) = row["bets"]
    assert (bet["betStatus"], bet["placedPrice"], bet["placedStake"], bet["placedCurrency"]) == ("CONFIRMED", 2.1, 100, "USD")
    assert row["createdAt"] == "2026-12-05T14:00:00.000000+00:00"
    assert row["expiresAt"] == "2026-12-05T14:00:05.000000+00:00"
    assert row["fixtureInfo"]["participants"]["participant1Name"] == "Arsenal"
    assert row["outcomeInfo"]["outcomeName"] == "Arsenal"
    assert row["currencyInfo"]["currencyValue"] == 1


def test_the_answer_may_come_before_the_first_fill() -> None:
    async def main(abp: Client) -> list[str]:
        first = (await abp.place(order()))["acceptedOrders"][0]["orderStatus"]
        await abp.sleep(milliseconds=60)
        second = (await abp.order())["orderStatus"]
        await abp.sleep(seconds=1)
        return [first, second, (await abp.order())["orderStatus"]]

    assert play(main, at_pinnacle(sync_wait=0)) == ["PENDING", "PROCESSING", "FILLED"]


def test_a_worse_bet_is_paid_for_by_a_better_one() -> None:
    """1000 at 2.00: 400 at 2.10, then 600 at 1.95."""

    async def main(abp: Client) -> Any:
        await abp.place(order(stake=1000, bookmakers="pinnacle"))
        await abp.sleep(seconds=2)
        return await abp.order()

    row = play(main)
    assert row["orderStatus"] == "FILLED"
    assert [(bet["placedPrice"], bet["placedStake"]) for bet in row["bets"]] == [(2.1, 400), (1.95, 600)]


def test_what_the_mean_does_not_pay_for_lapses_at_the_end() -> None:
    async def main(abp: Client) -> tuple[Any, Any]:
        (early,) = (await abp.place(order(stake=1000)))["acceptedOrders"]
        await abp.sleep(seconds=6)
        return early, await abp.order()

    early, late = play(main, at_pinnacle(shows(("2.10", "400"), ("1.80", "5000"))))
    assert (early["orderStatus"], early["filledStake"]) == ("PARTIALLY_FILLED", 400)
    assert (late["orderStatus"], late["filledStake"], late["remainingStake"]) == ("PARTIALLY_FILLED", 600, 400)


def test_an_order_waits_for_its_price_and_expires_without_it() -> None:
    async def main(abp: Client) -> list[Any]:
        await abp.place(order(1, expiresAt="2026-12-05T14:00:20Z"), order(2, 2.5))
        await abp.sleep(seconds=6)
        rows = [await abp.order(1), await abp.order(2)]
        await abp.sleep(seconds=6)
        return [(row["orderStatus"], len(row["bets"])) for row in (*rows, await abp.order(1))]

    script = at_pinnacle(shows(("1.90", "400")), shows(("2.02", "400"), at=10_000))
    assert play(main, script) == [("PENDING", 0), ("EXPIRED", 0), ("FILLED", 1)]


def test_whoever_looks_again_after_hours_finds_what_happened_meanwhile() -> None:
    """The loop needs nobody to watch it; and what happened is told with the time it happened."""

    async def main(abp: Client) -> Any:
        await abp.place(order(expiresAt="2026-12-05T14:30:00Z"))
        await abp.sleep(hours=2)
        return await abp.order()

    row = play(main, at_pinnacle(shows(("1.90", "400")), shows(("2.02", "400"), at=600_000)))
    assert row["orderStatus"] == "FILLED"
    assert row["bets"][0]["placedAt"] == "2026-12-05T14:10:00.000000+00:00"


def test_a_sweep_goes_to_the_best_bookmaker_first_and_rounds_stakes_down_to_its_currency() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(stake=500.01))
        await abp.sleep(seconds=3)
        return await abp.order()

    row = play(main, books(book("pinnacle", shows(("2.10", "400"))), book("sharpbet", shows(("2.05", "300")), currency="EUR")))
    assert [(bet["bookmaker"], bet["placedStake"], bet["placedCurrency"]) for bet in row["bets"]] == [
        ("pinnacle", 400, "USD"),
        ("sharpbet", 92, "EUR"),
    ]
    assert (row["orderStatus"], row["filledStake"], row["remainingStake"]) == ("FILLED", 500, 0.01)


def test_in_parallel_both_bookmakers_get_their_bet_at_once() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(stake=500, acceptPartialStake=False))
        await abp.sleep(seconds=1)
        return await abp.order()

    row = play(main)
    assert [(bet["bookmaker"], bet["placedStake"]) for bet in row["bets"]] == [("pinnacle", 400), ("sharpbet", 92)]
    assert row["bets"][0]["placedAt"] == row["bets"][1]["placedAt"]


def test_a_lay_goes_only_where_lays_are_taken() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(price=2.2, stake=10, back=False))
        await abp.sleep(seconds=2)
        return await abp.order()

    exchange = book("betfair-ex", shows(lay=(("2.16", "50"),)), currency="GBP", lays=True)
    row = play(main, books(book("pinnacle", shows(("2.10", "400"))), exchange))
    assert [(bet["bookmaker"], bet["placedPrice"], bet["placedStake"]) for bet in row["bets"]] == [("betfair-ex", 2.16, 7.9)]


def test_a_test_order_is_looked_at_and_nothing_more() -> None:
    async def main(abp: Client) -> tuple[Any, str]:
        await abp.place(order(testOrder=True))
        await abp.sleep(seconds=3)
        assert not [line for line in abp.log if line["kind"] == "bet"]
        return await abp.order(), await abp.declined(number=2, testOrder=True, stake=1)

    row, reason = play(main, at_pinnacle())
    assert (row["testOrder"], row["bets"]) == (True, [])
    assert reason.startswith("Stake below minimum")


# Limits


def test_the_first_limit_that_is_set_hides_the_others_and_the_bookmaker_may_reject() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(stake=450))
        await abp.sleep(seconds=6)
        return await abp.order()

    row = play(main, at_pinnacle(accounts=(account(max_stake=Decimal(1000)),)))
    assert ([bet["betStatus"] for bet in row["bets"]], row["filledStake"]) == (["REJECTED"], 0)
    enough = shows(("2.10", "450"))
    row = play(main, at_pinnacle(enough, accounts=(account(max_stake=Decimal(200)),)))
    assert [bet["placedStake"] for bet in row["bets"]] == [200, 200, 50]
    row = play(main, at_pinnacle(enough, accounts=(account(max_stake=Decimal(150), multi_limit=False),)))
    assert ([bet["placedStake"] for bet in row["bets"]], row["orderStatus"]) == ([150], "PARTIALLY_FILLED")


def test_of_several_accounts_the_active_one_with_the_highest_priority_is_bet_with() -> None:
    async def main(abp: Client) -> list[str]:
        used = []
        for number in (1, 2):
            (row,) = (await abp.place(order(number, stake=50)))["acceptedOrders"]
            used.append(row["bets"][0]["username"])
            await abp.ask("PATCH", "/accounts/pinnacle/second", json={"active": False})
        return used

    accounts = (account(username="first"), account(username="second", priority=9))
    assert play(main, at_pinnacle(accounts=accounts)) == ["second", "first"]


# What is declined

DECLINES = [
    ("Stake exceeds limit: 500.00 USD > 400.00 USD", {}, {"stake": 500, "acceptPartialStake": False}),
    ("Stake below minimum: 2.00 USD < 5.00 USD", {}, {"stake": 2}),
    ("Invalid odds", {"offers": (shows(),)}, {}),
    ("No active accounts", {"accounts": (account(active=False),)}, {}),
    ("Currency conversion failed: from XYZ to USD", {}, {"orderCurrency": "XYZ"}),
    ("Bookmaker not available", {}, {"bookmakers": "vertex"}),
    ("Bookmaker not available", {}, {"fixtureId": "id1000000000000001"}),
    ("Bookmaker not available", {}, {"outcomeId": HOME + 1}),
    ("Bookmaker not available", {"emergencies": (Span(at=0),)}, {}),
    ("Odds temporarily unavailable", {"accounts": (account(verify=True),), "down": (Span(at=0),)}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "script", "terms"), DECLINES)
def test_an_order_is_declined_with_a_reason(reason: str, script: dict[str, Any], terms: dict[str, Any]) -> None:
    offers = script.get("offers", ())
    script = {name: value for name, value in script.items() if name != "offers"}

    async def main(abp: Client) -> str:
        answer = await abp.place(order(**terms))
        assert (answer["status"], answer["acceptedOrders"]) == ("declined", [])
        return str(answer["declinedOrders"][0]["declineReason"])

    assert play(main, at_pinnacle(*offers, **script)).startswith(reason)


def test_a_market_that_is_suspended_takes_no_orders_and_makes_those_there_wait() -> None:
    async def main(abp: Client) -> tuple[str, str]:
        await abp.place(order(1, 2.5, expiresAt="2026-12-05T14:05:00Z"))
        await abp.sleep(seconds=30)
        return await abp.declined(number=2), (await abp.order(1))["orderStatus"]

    suspended = Due(moment=Moment(base=Base.BEGIN, delay=20_000), happening=Suspend())
    reason, status = play(main, at_pinnacle(), happenings=(suspended,))
    assert (reason.partition(":")[0], status) == ("Invalid odds", "PENDING")


def test_part_of_a_batch_may_be_declined() -> None:
    async def main(abp: Client) -> Any:
        return await abp.place(order(1), order(2, stake=2))

    answer = play(main, at_pinnacle())
    assert answer["status"] == "partial-success"
    assert [one["requestUuid"] for one in (*answer["acceptedOrders"], *answer["declinedOrders"])] == [uuid(1), uuid(2)]


# The same order twice


def test_a_repeat_is_skipped_without_a_word_and_all_repeats_are_a_409() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1), order(2, stake=2), order(3, 2.5))
        mixed = await abp.place(order(1), order(4))
        again = await abp.send(order(1), order(2), order(3, 2.5))
        rows = (await abp.get("/orders", userRef="alpha"))["orders"]
        return mixed, again.status_code, again.json(), [row["requestUuid"] for row in rows]

    mixed, status, body, rows = play(main, at_pinnacle())
    assert [one["requestUuid"] for one in mixed["acceptedOrders"]] == [uuid(4)]
    assert (mixed["declinedOrders"], status) == ([], 409)
    assert body["detail"] == {
        "error": "All orders are duplicates", "duplicateUuids": [uuid(1), uuid(2)], "inProgressUuids": [uuid(3)],
    }  # fmt: skip
    assert rows == [uuid(4), uuid(3), uuid(1)]


def test_two_requests_at_once_make_one_order() -> None:
    async def main(abp: Client) -> list[int]:
        both = await asyncio.gather(abp.send(order(1)), abp.send(order(1)))
        assert both[1].json()["detail"]["inProgressUuids"] == [uuid(1)]
        assert len((await abp.get("/orders", userRef="alpha"))["orders"]) == 1
        return [one.status_code for one in both]

    assert play(main, at_pinnacle()) == [200, 409]


@pytest.mark.parametrize(("legacy", "minutes"), [(False, 30), (True, 5)])
def test_a_late_retry_is_a_second_order(legacy: bool, minutes: int) -> None:
    async def main(abp: Client) -> list[int]:
        headers = {"x-abp-api-key": "demo"}
        told = [(await abp.send(order(1), headers=headers)).status_code]
        await abp.sleep(minutes=minutes - 0.01)
        told.append((await abp.send(order(1), headers=headers)).status_code)
        await abp.sleep(seconds=1)
        told.append((await abp.send(order(1), headers=headers)).status_code)
        return [*told, len([line for line in abp.log if line["kind"] == "bet"])]

    assert play(main, at_pinnacle(shows(("2.10", "4000")), legacy=legacy)) == [200, 409, 200, 2]


# Cancel


def test_a_cancel_stops_the_loop_and_leaves_what_is_filled() -> None:
    async def main(abp: Client) -> tuple[Any, Any]:
        await abp.place(order(1, stake=600), order(2, 2.5), order(3, stake=10, userRef="beta"))
        first = await abp.cancel(orderIds=[9001], userRef="beta", requestUuids=[uuid(2), uuid(9)])
        return first, await abp.cancel(requestUuids=[uuid(1)])

    first, second = play(main, at_pinnacle(shows(("2.10", "410"))))
    assert first["status"] == "cancelled"
    assert first["cancelledCount"] == 3
    assert [(row["orderId"], row["orderStatus"], row["filledStake"]) for row in first["cancelled"]] == [
        (9001, "CANCELLED", 410),
        (9002, "CANCELLED", 0),
        (9003, "CANCELLED", 0),
    ]
    assert first["notCancelled"]["reason"] == "Order not cancellable"
    assert (second["cancelledCount"], [row["orderId"] for row in second["notCancelled"]["orders"]]) == (0, [9001])


def test_a_bet_that_is_on_its_way_can_not_be_called_back() -> None:
    """While the first bet is, the order can't be cancelled; a later one is confirmed on an order that is cancelled already."""

    async def main(abp: Client) -> tuple[Any, Any, Any]:
        await abp.place(order(1, stake=600))
        await abp.sleep(milliseconds=100)
        early = await abp.cancel(orderIds=[9001])
        await abp.sleep(milliseconds=400)
        late = await abp.cancel(orderIds=[9001])
        await abp.sleep(seconds=2)
        return early, late, await abp.order()

    early, late, row = play(main, at_pinnacle(shows(("2.10", "400"), ("2.05", "400")), sync_wait=0))
    assert early["notCancelled"]["orders"][0]["orderStatus"] == "PROCESSING"
    assert [bet["betStatus"] for bet in late["cancelled"][0]["bets"]] == ["CONFIRMED", "PLACED"]
    assert (row["orderStatus"], row["filledStake"]) == ("CANCELLED", 600)
    assert [bet["betStatus"] for bet in row["bets"]] == ["CONFIRMED", "CONFIRMED"]


def test_a_bet_may_be_confirmed_after_its_order_expired() -> None:
    async def main(abp: Client) -> list[Any]:
        await abp.place(order(1))
        await abp.sleep(seconds=6)
        before = await abp.order()
        await abp.sleep(seconds=6)
        return [(row["orderStatus"], row["bets"][0]["betStatus"]) for row in (before, await abp.order())]

    assert play(main, at_pinnacle(latency=8_000)) == [("EXPIRED", "PLACED"), ("EXPIRED", "CONFIRMED")]


def test_whoever_wakes_an_order_makes_no_second_bet_while_the_first_is_on_its_way() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1))
        for _ in range(5):
            await abp.sleep(milliseconds=200)
            await abp.ask("PATCH", "/accounts/pinnacle/practice", json={"priority": 2})
        await abp.sleep(seconds=5)
        return await abp.order()

    row = play(main, at_pinnacle(latency=3_000, sync_wait=0))
    assert (len(row["bets"]), row["filledStake"]) == (1, 100)


# Who sees what


def test_a_client_sees_nothing_of_another() -> None:
    async def main(abp: Client) -> None:
        await abp.place(order(1))
        other = abp.other("stranger")
        assert (await other.get("/orders", requestUuids=uuid(1), orderIds="9001"))["orders"] == []
        assert (await other.get("/bets", orderIds="9001"))["bets"] == []
        assert (await other.ask("GET", "/bets/5551")).status_code == 403
        assert (await other.ask("GET", "/bets/99")).status_code == 404
        assert (await other.cancel(orderIds=[9001], userRef="alpha"))["notCancelled"]["orders"] == []
        assert (await other.get("/positions"))["positions"] == []
        assert (await other.place(order(1)))["status"] == "accepted"
        assert (await abp.get("/bets/5551"))["orderId"] == 9001

    play(main, at_pinnacle())


def test_a_key_that_may_use_some_bookmakers_only() -> None:
    async def main(abp: Client) -> tuple[str, set[str]]:
        slip = await abp.get("/betslip", fixtureId=FIXTURE, outcomeId=HOME, playerId=0)
        return await abp.declined(bookmakers="pinnacle"), set(slip["odds"])

    reason, seen = play(main, books(keys=(Key(key="demo", name="demo", bookmakers=("sharpbet",)),)))
    assert (reason, seen) == ("Bookmaker not available: pinnacle", {"sharpbet"})


# The log


def test_the_parts_of_every_order_in_the_log_add_up() -> None:
    async def main(abp: Client) -> list[dict[str, Any]]:
        await abp.place(order(1, stake=500.01), order(2, 2.5), order(3, 2.05, 900), order(4, 2.3))
        await abp.cancel(requestUuids=[uuid(4)])
        await abp.sleep(seconds=10)
        await abp.order()
        assert "demo" not in str([line for line in abp.log if line["kind"] == "request"])
        return [line for line in abp.log if line.get("venue") == "oddspapi_abp"]

    lines = play(main)
    ends = [line for line in lines if line["kind"] in ("fill", "cancel", "lapse")]
    for bet in (line for line in lines if line["kind"] == "bet"):
        parts = [Decimal(line["size"]) for line in ends if line["bet"] == bet["bet"]]
        assert sum(parts) == Decimal(bet["size"]), bet
    assert [line["ref"] for line in lines if line["kind"] == "bet"] == [uuid(number) for number in (1, 2, 3, 4)]
