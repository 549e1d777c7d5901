"""The router's routes beside the order itself: who may come in, shapes of what is wrong, lists, accounts, sums, faults."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from planrunner.sandbox.bookmakers import Key, Settles, Span
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp.checks import Reason
from planrunner.sandbox.practice import practice_world
from planrunner.sandbox.scenario import Abandon, Base, Close, Due, Moment, SettleAgain, Suspend, VoidMatched
from tests.sandbox.abp import AWAY, FIXTURE, HOME, Client, account, book, books, order, play, shows, uuid
from tests.sandbox.client import BEGIN

PINNACLE = book("pinnacle", shows(("2.10", "400")), least=Decimal(5))
SCRIPT = books(PINNACLE)
HOUR_LATER = "2026-12-05T18:00:00Z"


# Who may come in


def test_no_key_a_wrong_key_and_a_key_that_may_not() -> None:
    keys = (Key(key="demo", name="demo", denied=("pnl",)), Key(key="old", name="old", active=False))

    async def main(abp: Client) -> list[Any]:
        bare = await abp.http.get("/accounts")
        answers = [
            bare,
            await abp.other("old").ask("GET", "/accounts"),
            await abp.ask("GET", "/pnl"),
            await abp.ask("GET", "/accounts"),
        ]
        assert (await abp.http.get("/nowhere")).json() == {"detail": "Not Found"}
        for path in ("/health", "/ready", "/status", "/metrics"):
            assert (await abp.http.get(path)).status_code == 200
        return [(answer.status_code, answer.json() if answer.status_code != 200 else None) for answer in answers]

    assert play(main, books(PINNACLE, keys=keys)) == [
        (403, {"detail": "Missing API key header: x-api-key"}),
        (401, {"error": "Invalid or inactive API key"}),
        (403, {"error": "Access denied to endpoint"}),
        (200, None),
    ]


def test_more_requests_than_a_client_may_send_in_a_second() -> None:
    async def main(abp: Client) -> tuple[httpx.Response, httpx.Response, httpx.Response, int]:
        first = await abp.ask("GET", "/accounts")
        await abp.ask("GET", "/accounts")
        many = await abp.ask("GET", "/accounts")
        stranger = (await abp.other("other").ask("GET", "/accounts")).status_code
        await abp.sleep(seconds=1)
        return first, many, await abp.ask("GET", "/accounts"), stranger

    keys = (Key(key="demo", name="demo", rps=2), Key(key="other", name="other"))
    first, many, later, stranger = play(main, books(PINNACLE, keys=keys))
    assert [first.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "reset")] == ["2", "1", "1"]
    assert many.status_code == 429
    assert many.json() == {"detail": "Rate limit exceeded", "limit": "2", "retry_after": 1}
    assert (many.headers["retry-after"], many.headers["x-ratelimit-remaining"]) == ("1", "0")
    assert (later.status_code, stranger) == (200, 200)


# Bodies that are wrong

WRONG = [
    ({"requestUuid": "1-2"}, "requestUuid", "uuid_parsing"),
    ({"orderStake": 0}, "orderStake", "greater_than"),
    ({"orderPrice": 1}, "orderPrice", "greater_than"),
    ({"orderPrice": "2.0"}, "orderPrice", "float_type"),
    ({"outcomeId": "101"}, "outcomeId", "int_type"),
    ({"testOrder": 1}, "testOrder", "bool_type"),
    ({"expiresAt": "soon"}, "expiresAt", "datetime_parsing"),
    ({"meta": []}, "meta", "dict_type"),
    ({"bookmakers": 5}, "bookmakers", "string_type"),
    ({"futureId": "f1"}, "futureId", "value_error"),
]


@pytest.mark.parametrize(("terms", "field", "kind"), WRONG)
def test_one_wrong_order_refuses_the_whole_batch(terms: dict[str, Any], field: str, kind: str) -> None:
    async def main(abp: Client) -> tuple[int, Any, int]:
        answer = await abp.send(order(1), {**order(2), **terms})
        return answer.status_code, answer.json()["detail"], len((await abp.get("/orders", userRef="alpha"))["orders"])

    status, (problem,), placed = play(main, SCRIPT)
    assert (status, problem["loc"], problem["type"], placed) == (422, ["body", "orders", 1, field], kind, 0)


@pytest.mark.parametrize(
    "field", ["requestUuid", "fixtureId", "outcomeId", "playerId", "orderPrice", "orderStake", "userRef", "testOrder"]
)
def test_what_an_order_must_have(field: str) -> None:
    async def main(abp: Client) -> Any:
        return (await abp.send({name: value for name, value in order().items() if name != field})).json()["detail"]

    assert play(main, SCRIPT) == [{"loc": ["body", "orders", 0, field], "msg": "Field required", "type": "missing"}]


def test_a_batch_has_one_to_a_hundred_orders() -> None:
    async def main(abp: Client) -> list[int]:
        many = [order(number, 2.5) for number in range(1, 102)]
        bodies = [await abp.send(), await abp.send(*many), await abp.send(*many[:100])]
        broken = await abp.ask("POST", "/place-orders", content=b"{")
        return [answer.status_code for answer in (*bodies, broken)]

    assert play(main, SCRIPT) == [422, 422, 200, 422]


def test_futures_are_not_live() -> None:
    async def main(abp: Client) -> int:
        future = {name: value for name, value in order().items() if name != "fixtureId"}
        return (await abp.send({**future, "futureId": "f1", "participantId": 3})).status_code

    assert play(main, SCRIPT) == 501


# Lists


def test_orders_and_bets_come_newest_first_and_page_by_page() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(*[order(number, stake=5) for number in range(1, 8)])
        found, cursor = [], {}
        while True:
            page = await abp.get("/orders", userRef="alpha", limit=3, **cursor)
            found.append([row["orderId"] for row in page["orders"]])
            if not page["hasMore"]:
                break
            cursor = {"afterOrderId": page["nextCursor"]}
        bets = await abp.get("/bets", orderIds="9001,9002", userRef="nobody")
        assert [bet["betId"] for bet in (await abp.get("/bets", betIds="5553,99,x", orderIds="9001"))["bets"]] == [5553, 5551]
        assert (await abp.ask("GET", "/orders")).status_code == (await abp.ask("GET", "/bets")).status_code == 400
        assert (await abp.ask("POST", "/cancel-orders", json={})).status_code == 400
        return found, [bet["orderId"] for bet in bets["bets"]]

    assert play(main, SCRIPT) == ([[9007, 9006, 9005], [9004, 9003, 9002], [9001]], [9002, 9001])


def test_the_betslip_has_cascaded_limits_in_the_accounts_currency() -> None:
    async def main(abp: Client) -> Any:
        slip = await abp.get("/betslip", fixtureId=FIXTURE, outcomeId=HOME, playerId=0)
        missing = await abp.ask("GET", "/betslip", params={"fixtureId": FIXTURE, "outcomeId": 999, "playerId": 0})
        assert (missing.status_code, missing.json()) == (404, {"detail": "No odds found for given parameters"})
        assert (await abp.ask("GET", "/betslip")).status_code == 400
        return slip

    sharp = book("sharpbet", shows(("2.05", "300")), currency="EUR", max_stake=Decimal(250))
    slip = play(main, books(PINNACLE, sharp, accounts=(account("sharpbet", min_stake=Decimal(2)),)))
    entry = slip["odds"]["sharpbet"][f"{FIXTURE}:sharpbet:{HOME}:0"]
    assert {name: entry[name] for name in ("price", "limit", "limitMin", "limitCurrency", "limitUsd", "limitMinUsd")} == {
        "price": 2.05, "limit": 250, "limitMin": 2, "limitCurrency": "EUR", "limitUsd": 271.73, "limitMinUsd": 2.17,
    }  # fmt: skip
    assert slip["odds"]["pinnacle"][f"{FIXTURE}:pinnacle:{HOME}:0"]["limit"] == 400


def test_accounts_are_created_changed_and_deleted_and_never_show_a_password() -> None:
    async def main(abp: Client) -> None:
        body = {"bookmaker": "pinnacle", "username": "two", "password": "word", "priority": 5, "currencyId": "GBP"}
        made = await abp.ask("POST", "/accounts", json=body)
        assert (made.status_code, made.json()["password"], made.json()["currencyId"]) == (201, "***", "GBP")
        assert (await abp.ask("POST", "/accounts", json=body)).status_code == 409
        assert (await abp.ask("POST", "/accounts", json={"username": "x"})).status_code == 422
        assert [row["username"] for row in await abp.get("/accounts", bookmaker="pinnacle")] == ["two", "practice"]
        changed = await abp.ask("PATCH", "/accounts/pinnacle/two", json={"maxStake": 12.5, "meta": {"a": 1}})
        assert (changed.json()["maxStake"], changed.json()["meta"]) == (12.5, {"a": 1})
        assert (await abp.ask("PATCH", "/accounts/pinnacle/two", json={"priority": "x"})).status_code == 422
        assert (await abp.get("/accounts/pinnacle/two"))["client"] == "demo"
        assert (await abp.other("else").ask("GET", "/accounts/pinnacle/two")).status_code == 404
        assert (await abp.ask("DELETE", "/accounts/pinnacle/two")).status_code == 204
        assert (await abp.ask("GET", "/accounts/pinnacle/two")).status_code == 404
        assert "word" not in abp.rehearsal.world.log.text().replace("password", "")

    play(main, SCRIPT)


# Settlement


def closes(*happenings: Any) -> tuple[Due, ...]:
    return tuple(
        Due(moment=Moment(base=Base.BEGIN, delay=10_000 * (place + 1)), happening=one) for place, one in enumerate(happenings)
    )


async def settled(abp: Client) -> Any:
    """A bet of 100 at 2.10 on the home team and 10 at 3.00 on the other, and a while."""
    await abp.place(order(1), order(2, 2.0, 10, outcomeId=AWAY))
    await abp.sleep(seconds=60)
    bets = (await abp.get("/bets", userRef="alpha"))["bets"]
    return {bet["requestUuid"]: (bet["settlementStatus"], bet["settlementAmount"], bet["betStatus"]) for bet in bets}, abp


BOTH = books(book("pinnacle", shows(("2.10", "400")), shows(("3.00", "100"), selection="Chelsea")))


def test_a_result_settles_the_bets() -> None:
    async def main(abp: Client) -> Any:
        bets, _ = await settled(abp)
        assert (await abp.get("/positions"))["positions"] == []
        return bets, await abp.get("/pnl"), [line["profit"] for line in abp.log if line["kind"] == "settled"]

    bets, pnl, profits = play(main, BOTH, happenings=closes(Close()))
    assert bets == {uuid(1): ("WON", 210, "CONFIRMED"), uuid(2): ("LOST", 0, "CONFIRMED")}
    (row,) = pnl["pnl"]
    assert (row["settledBets"], row["wins"], row["losses"], row["netPnl"], row["winRate"]) == (2, 1, 1, 100, 50)
    assert (pnl["totalNetPnl"], pnl["totalStaked"], profits) == (100, 110, ["110.00", "-10.00"])


def test_an_open_position_is_what_is_confirmed_and_not_settled() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1), order(2, stake=300))
        await abp.sleep(seconds=2)
        assert (await abp.ask("GET", "/positions", params={"groupBy": "horse"})).status_code == 400
        return (await abp.get("/positions", groupBy="userRef"))["positions"]

    assert play(main, SCRIPT) == [{"userRef": "alpha", "openBets": 2, "totalStake": 400, "averagePrice": 2.1}]


def test_an_abandoned_contest_voids_and_a_wrong_result_is_settled_again() -> None:
    async def main(abp: Client) -> Any:
        return (await settled(abp))[0]

    bets = play(main, BOTH, happenings=closes(Abandon()))
    assert bets == {uuid(1): ("VOID", 100, "VOID"), uuid(2): ("VOID", 10, "VOID")}
    bets = play(main, BOTH, happenings=closes(Close(), SettleAgain(result=("Chelsea",))))
    assert bets == {uuid(1): ("LOST", 0, "CONFIRMED"), uuid(2): ("WON", 30, "CONFIRMED")}


def test_bets_that_are_taken_back_stay_void_and_later_ones_count() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1))
        await abp.sleep(seconds=12)
        early = (await abp.order(1))["bets"][0]
        await abp.place(order(2, stake=50))
        await abp.sleep(seconds=20)
        bets = [(await abp.order(number))["bets"][0] for number in (1, 2)]
        kinds = [(line["kind"], line["bet"]) for line in abp.log if line["kind"] in ("void", "settled")]
        return [(bet["betStatus"], bet["settlementStatus"], bet["settlementAmount"]) for bet in (early, *bets)], kinds

    bets, kinds = play(main, SCRIPT, happenings=closes(VoidMatched(), Close()))
    assert bets == [("VOID", "VOID", 100), ("VOID", "VOID", 100), ("CONFIRMED", "WON", 105)]
    assert kinds == [("void", "9001"), ("settled", "9001"), ("settled", "9002")]


def test_what_hangs_on_the_first_order_happens_after_it() -> None:
    async def main(abp: Client) -> list[str]:
        first = (await abp.place(order(1, 2.5)))["status"]
        await abp.sleep(seconds=31)
        return [first, await abp.declined(number=2)]

    soon = Due(moment=Moment(base=Base.ORDER, delay=30_000), happening=Suspend())
    assert play(main, SCRIPT, happenings=(soon,)) == ["accepted", "Invalid odds: the market takes no bets"]


@pytest.mark.parametrize(
    ("how", "amount"), [("HALF_WON", 155), ("HALF_LOST", 50), ("PUSH", 100), ("VOID", 100), ("CASHOUT", 90), ("WON", 210)]
)
def test_every_way_to_settle_can_be_scripted(how: str, amount: int) -> None:
    async def main(abp: Client) -> Any:
        async with abp.listening("settlements") as channel:
            await channel.receive()
            return (await settled(abp))[0]

    settles = Settles(event="Arsenal v Chelsea", market="Match Odds", selection="Arsenal", how=how, after=5_000)
    script = replace(BOTH, settles=(settles,))
    bets = play(main, script, happenings=closes(Close()))
    assert bets[uuid(1)][:2] == (how, amount)
    assert bets[uuid(2)][:2] == ("LOST", 0)


# Faults


def test_an_answer_is_lost_after_the_order_was_taken() -> None:
    async def main(abp: Client) -> tuple[int, str]:
        with pytest.raises(TimeoutError):
            await abp.send(order(1), within=3)
        return (await abp.send(order(1))).status_code, (await abp.order())["orderStatus"]

    assert play(main, SCRIPT, Fault(call="place-orders", trouble=Trouble.REPLY_LOST_AFTER_LANDING)) == (409, "FILLED")


@pytest.mark.parametrize(
    ("trouble", "status", "placed"),
    [
        (Trouble.HTTP_504_AFTER_LANDING, 504, 1),
        (Trouble.HTTP_500_AFTER_LANDING, 500, 1),
        (Trouble.HTTP_503, 503, 0),
        (Trouble.SERVICE_BUSY, 503, 0),
        (Trouble.TOO_MANY_REQUESTS, 429, 0),
        (Trouble.STILL_IN_PROGRESS, 409, 1),
        (Trouble.TAKEN_AS_SEEN, 409, 0),
        (Trouble.MALFORMED_BODY, 200, 1),
        (Trouble.NOT_JSON, 200, 1),
        (Trouble.ANOTHER_SHAPE, 200, 1),
    ],
)
def test_a_placement_goes_wrong(trouble: Trouble, status: int, placed: int) -> None:
    async def main(abp: Client) -> tuple[int, int]:
        answer = await abp.send(order(1))
        return answer.status_code, len((await abp.get("/orders", requestUuids=uuid(1)))["orders"])

    assert play(main, SCRIPT, Fault(call="place-orders", trouble=trouble)) == (status, placed)


@pytest.mark.parametrize("code", ["401", "403", "403-HEADER", "404", "409", "422", "429", "500", "501", "503"])
@pytest.mark.parametrize("lands", [True, False])
def test_every_status_can_be_asked_for(code: str, lands: bool) -> None:
    async def main(abp: Client) -> tuple[int, bool, int]:
        answer = await abp.send(order(1))
        body = answer.json()
        return answer.status_code, "detail" in body or "error" in body, len((await abp.get("/orders", userRef="alpha"))["orders"])

    fault = Fault(call="place-orders", trouble=Trouble.REFUSED, code=code, lands=lands)
    assert play(main, SCRIPT, fault) == (int(code[:3]), True, int(lands))


@pytest.mark.parametrize("reason", ["STAKE_EXCEEDS_LIMIT", "ODDS_TEMPORARILY_UNAVAILABLE", "DUPLICATE_REQUEST_UUID"])
def test_every_reason_to_decline_can_be_asked_for(reason: str) -> None:
    async def main(abp: Client) -> str:
        return await abp.declined()

    fault = Fault(call="place-orders", trouble=Trouble.LEG_FAILED, code=reason)
    assert play(main, SCRIPT, fault) == Reason[reason]


def test_a_rejected_bet_is_tried_elsewhere() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1))
        await abp.sleep(seconds=2)
        return await abp.order()

    row = play(main, None, Fault(call="place-orders", trouble=Trouble.BET_REJECTED))
    assert [(bet["bookmaker"], bet["betStatus"]) for bet in row["bets"]] == [("pinnacle", "REJECTED"), ("sharpbet", "CONFIRMED")]
    assert (row["orderStatus"], row["filledStake"]) == ("FILLED", 100)


def test_odds_drop_and_limits_shrink_after_the_first_fill() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1, stake=600))
        await abp.sleep(seconds=6)
        return await abp.order()

    deep = books(book("pinnacle", shows(("2.10", "400"), ("2.05", "400"))))
    row = play(main, deep, Fault(call="place-orders", trouble=Trouble.ODDS_DROP))
    assert [bet["placedPrice"] for bet in row["bets"]] == [2.1, 1.89]
    staked = sum(bet["placedStake"] for bet in row["bets"])
    assert sum(bet["placedStake"] * bet["placedPrice"] for bet in row["bets"]) >= 2 * staked
    row = play(main, deep, Fault(call="place-orders", trouble=Trouble.LIMITS_SHRINK))
    assert (row["orderStatus"], row["filledStake"]) == ("PARTIALLY_FILLED", 400)


def test_a_bet_is_confirmed_late() -> None:
    async def main(abp: Client) -> list[str]:
        await abp.place(order(1))
        await abp.sleep(seconds=6)
        early = (await abp.order())["orderStatus"]
        await abp.sleep(seconds=10)
        return [early, (await abp.order())["bets"][0]["betStatus"]]

    assert play(main, SCRIPT, Fault(call="place-orders", trouble=Trouble.BET_CONFIRMED_LATE, seconds=10)) == [
        "EXPIRED",
        "CONFIRMED",
    ]


def test_the_breaker_opens_tries_once_and_closes() -> None:
    """Three failures open it, half a minute later one bet may try."""

    async def main(abp: Client) -> list[str]:
        told = []

        async def state() -> None:
            told.append((await abp.get("/status"))["bookmakers"][0]["breaker"])

        for number in (1, 2, 3):
            await abp.place(order(number, stake=10))
            await abp.sleep(seconds=6)
            await state()
        told.append(await abp.declined(number=4))
        await abp.sleep(seconds=30)
        await state()
        await abp.place(order(5, stake=10))
        await state()
        return told

    script = books(replace(PINNACLE, down=(Span(at=0, lasts=17_000),)))
    assert play(main, script) == ["closed", "closed", "open", "Bookmaker not available: pinnacle", "half-open", "closed"]


def test_an_emergency_that_begins_with_a_call() -> None:
    async def main(abp: Client) -> list[str]:
        first = await abp.declined(number=1)
        await abp.sleep(seconds=5)
        return [first, (await abp.place(order(2)))["status"]]

    fault = Fault(call="place-orders", trouble=Trouble.EMERGENCY, seconds=5)
    assert play(main, SCRIPT, fault) == ["Bookmaker not available: emergency mode is on", "accepted"]


@pytest.mark.parametrize(("trouble", "rows"), [(Trouble.EMPTY_REPORT, 0), (Trouble.REPORTED_TWICE, 2), (Trouble.OLDER_REPORT, 0)])
def test_a_list_of_orders_may_not_be_what_it_should(trouble: Trouble, rows: int) -> None:
    async def main(abp: Client) -> int:
        await abp.get("/orders", requestUuids=uuid(1))
        await abp.place(order(1))
        return len((await abp.get("/orders", requestUuids=uuid(1)))["orders"])

    assert play(main, SCRIPT, Fault(call="orders", trouble=trouble, number=2)) == rows


def test_a_cancel_may_come_too_late() -> None:
    async def main(abp: Client) -> int:
        await abp.place(order(1, 2.5))
        return int((await abp.cancel(orderIds=[9001]))["cancelledCount"])

    assert play(main, SCRIPT, Fault(call="cancel-orders", trouble=Trouble.LEG_FAILED, code="TOO_LATE")) == 0


# The old generation


def test_the_old_generation_has_other_headers_and_shapes() -> None:
    async def main(abp: Client) -> None:
        assert (await abp.ask("GET", "/accounts")).json() == {
            "detail": {"message": "Missing API key header: x-abp-api-key", "code": 403}
        }
        old = {"x-abp-api-key": "demo"}
        bare = {name: value for name, value in order().items() if name not in ("userRef", "testOrder")}
        placed = await abp.send(bare, headers=old)
        assert (placed.status_code, placed.headers["x-ratelimit-limit"]) == (200, "60")
        again = (await abp.send(bare, order(2, stake=10), headers=old)).json()
        assert [said["declineReason"] for said in again["declinedOrders"]] == ["Duplicate requestUuid"]
        rows = (await abp.ask("GET", "/orders", params={"orderIds": "9001"}, headers=old)).json()
        assert [row["orderId"] for row in rows] == [9001]
        slip = (
            await abp.ask("GET", "/betslip", params={"fixtureId": FIXTURE, "outcomeId": HOME, "playerId": 0}, headers=old)
        ).json()
        assert slip["pinnacle"]["price"] == 2.1

    play(main, books(PINNACLE, legacy=True))


# How others react


@pytest.mark.parametrize(
    ("case", "filled", "status"),
    [("nothing-matches", 0, "PENDING"), ("half-matches", 10, "PARTIALLY_FILLED"), ("all-match", 20, "FILLED")],
)
def test_the_cases_of_a_rehearsal_hold_at_the_router(case: str, filled: float, status: str) -> None:
    async def main(abp: Client) -> Any:
        abp = Client(practice_world(day=BEGIN.date(), seed=1, case=case, begin=BEGIN), abp.clock)
        fixtures = (await abp.get("/markets"))["fixtures"]
        norwich = next(one for one in fixtures if one["fixtureInfo"]["participants"]["participant1Name"] == "Norwich")
        await abp.place(order(1, 4.0, 20, fixtureId=norwich["fixtureId"], expiresAt="2026-12-05T14:10:00Z"))
        await abp.sleep(seconds=15)
        early = (await abp.order())["filledStake"]
        await abp.sleep(minutes=2)
        row = await abp.order()
        await abp.http.aclose()
        await abp.door.close()
        return early if case == "half-matches" else 0, row["filledStake"], row["orderStatus"]

    assert play(main) == (0, filled, status)


def test_an_unknown_bookmaker_beside_a_known_one_is_passed_over() -> None:
    async def main(abp: Client) -> Any:
        await abp.place(order(1, 2.5, bookmakers=["nowhere", "pinnacle"]))
        await abp.sleep(seconds=6)
        return (await abp.order())["orderStatus"]

    assert play(main, SCRIPT) == "EXPIRED"


# Without a script


def test_the_practice_world_has_four_bookmakers_that_follow_its_odds() -> None:
    async def main(abp: Client) -> tuple[str, list[Any]]:
        abp = Client(practice_world(day=BEGIN.date(), seed=1, case="usual", begin=BEGIN), abp.clock)
        fixtures = (await abp.get("/markets"))["fixtures"]
        arsenal = next(one for one in fixtures if one["fixtureInfo"]["participants"]["participant1Name"] == "Arsenal")
        slip = await abp.get("/betslip", fixtureId=arsenal["fixtureId"], outcomeId=HOME, playerId=0)
        offers = [next(iter(by_key.values())) for by_key in slip["odds"].values()]
        assert [one["limitCurrency"] for one in offers] == ["USD", "EUR", "CAD", "GBP"]
        assert all(2.2 < one["price"] < 2.55 for one in offers)
        assert (await abp.get("/bookmakers"))["bookmakers"][3]["lay"] is True
        ids = [outcome["outcomeId"] for one in fixtures for market in one["markets"] for outcome in market["outcomes"]]
        assert len(ids) > 20
        await abp.place(order(1, 2.0, 20, fixtureId=arsenal["fixtureId"]))
        await abp.sleep(seconds=2)
        status = (await abp.order())["orderStatus"]
        await abp.http.aclose()
        await abp.door.close()
        return status, [one["price"] for one in offers]

    first = play(main)
    assert first[0] == "FILLED"
    assert play(main) == first
