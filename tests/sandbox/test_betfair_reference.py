"""Login, the catalogue, the books, and how a request is refused before anything is carried out."""

from __future__ import annotations

from typing import Any

import pytest

from planrunner.sandbox.practice import practice_scenario
from planrunner.sandbox.scenario import HOUR, AccountTerms
from tests.sandbox.client import ACCOUNT, ARSENAL, BETTING, EVENT, MARKET, client, offers, order, scenario


def test_login_keep_alive_and_logout() -> None:
    with client(scenario(account=AccountTerms(session_life=HOUR))) as venue:
        assert venue.headers["X-Authentication"]
        venue.forward(minutes=59)
        assert venue.post("/api/keepAlive").json()["status"] == "SUCCESS"
        venue.forward(minutes=59)
        assert venue.current() == []
        venue.forward(minutes=2)  # requests don't make a session longer
        assert venue.rpc("listCurrentOrders")["error"]["data"]["APINGException"]["errorCode"] == "INVALID_SESSION_INFORMATION"
        assert venue.post("/api/keepAlive").json() == {"token": "", "product": "", "status": "FAIL", "error": "NO_SESSION"}
        venue.log_in()
        assert venue.post("/api/logout").json()["status"] == "SUCCESS"
        assert "error" in venue.rpc("listCurrentOrders")


def test_the_two_logins_answer_in_words_of_their_own() -> None:
    known = AccountTerms(username="owner", password="secret-word", app_key="key")
    with client(scenario(account=known)) as venue:
        wrong = {"username": "owner", "password": "other"}
        assert venue.post("/api/login", data=wrong).json() == {
            "token": "", "product": "key", "status": "FAIL", "error": "INVALID_USERNAME_OR_PASSWORD"
        }  # fmt: skip
        assert venue.post("/api/certlogin", data=wrong).json() == {"loginStatus": "INVALID_USERNAME_OR_PASSWORD"}
        good = venue.post("/api/certlogin", data={"username": "owner", "password": "secret-word"}).json()
        assert (good["loginStatus"], bool(good["sessionToken"])) == ("SUCCESS", True)


@pytest.mark.parametrize(
    ("headers", "number", "code"),
    [
        ({"X-Application": ""}, 4, "NO_APP_KEY"),
        ({"X-Application": "other"}, 7, "INVALID_APP_KEY"),
        ({"X-Authentication": ""}, 5, "NO_SESSION"),
        ({"X-Authentication": "other"}, 3, "INVALID_SESSION_INFORMATION"),
    ],
)
def test_a_request_without_the_right_headers_is_refused_in_both_envelopes(headers: Any, number: int, code: str) -> None:
    with client(scenario(account=AccountTerms(app_key="key"))) as venue:
        body = {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/listEventTypes", "params": {"filter": {}}, "id": 7}
        answer = venue.post(BETTING, json=body, headers=headers)
        told = {"requestUUID": "sandbox-0000000001", "errorCode": code, "errorDetails": ""}
        assert (answer.status_code, answer.json()) == (200, {
            "jsonrpc": "2.0", "id": 7,
            "error": {
                "code": -32099, "message": f"ANGX-{number:04d}",
                "data": {"exceptionname": "APINGException", "APINGException": told},
            },
        })  # fmt: skip
        rest = venue.post("/exchange/betting/rest/v1.0/listEventTypes/", json={"filter": {}}, headers=headers)
        assert (rest.status_code, rest.json()) == (400, {
            "faultcode": "Client", "faultstring": f"ANGX-{number:04d}",
            "detail": {"APINGException": {**told, "requestUUID": "sandbox-0000000002"}, "exceptionname": "APINGException"},
        })  # fmt: skip


def test_the_account_service_numbers_its_errors_itself() -> None:
    with client() as venue:
        venue.headers.pop("X-Authentication")
        error = venue.rpc("getAccountFunds", ACCOUNT)["error"]
        assert (error["message"], error["data"]["exceptionname"]) == ("AANGX-0010", "AccountAPINGException")


@pytest.mark.parametrize(
    ("body", "code", "message", "status"),
    [
        (b"{", -32700, "DSC-0008", 400),
        (b"\xff", -32700, "DSC-0008", 400),
        (b'{"method": NaN}', -32700, "DSC-0008", 400),
        (b"[]", -32600, "DSC-0031", 200),
        (b'{"method": "SportsAPING/v1.0/inventOrders", "id": 1}', -32601, "DSC-0021", 200),
        (b'{"method": "AccountAPING/v1.0/getAccountFunds", "id": 1}', -32601, "DSC-0021", 200),
        (b'{"method": "SportsAPING/v1.0/listEvents", "params": {}}', -32602, "DSC-0018", 200),
        (b'{"method": "SportsAPING/v1.0/listEvents", "params": {"filter": []}}', -32602, "DSC-0009", 200),
        (b'{"method": "SportsAPING/v1.0/listMarketBook", "params": {"marketIds": "1.2"}}', -32602, "DSC-0009", 200),
        (b'{"method": "SportsAPING/v1.0/placeOrders", "params": {"marketId": "1.2"}}', -32602, "DSC-0018", 200),
    ],
)
def test_what_the_framework_can_not_read_it_says(body: bytes, code: int, message: str, status: int) -> None:
    with client() as venue:
        answer = venue.post(BETTING, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (status, {"code": code, "message": message})


def test_a_batch_answers_each_entry_for_itself() -> None:
    with client() as venue:
        entries = [
            {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/LISTEVENTTYPES", "params": {"filter": {}}, "id": "a"},
            {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/nothing", "params": {}, "id": 2},
        ]
        first, second = venue.post(BETTING, json=entries).json()
        assert first == {"jsonrpc": "2.0", "result": [{"eventType": {"id": "1", "name": "Soccer"}, "marketCount": 1}], "id": "a"}
        assert (second["id"], second["error"]["code"]) == (2, -32601)


def test_the_catalogue_tells_what_is_asked_for_and_no_more() -> None:
    with client() as venue:
        assert venue.call("listMarketCatalogue", filter={}, maxResults=5) == [
            {"marketId": MARKET, "marketName": "Match Odds", "totalMatched": 0.0}
        ]
        shown = ["EVENT", "EVENT_TYPE", "COMPETITION", "MARKET_START_TIME", "RUNNER_DESCRIPTION", "MARKET_DESCRIPTION"]
        (market,) = venue.call("listMarketCatalogue", filter={"marketIds": [MARKET]}, maxResults=1, marketProjection=shown)
        assert market["marketStartTime"] == "2026-12-05T15:00:00.000Z"
        assert market["runners"][0] == {"selectionId": ARSENAL, "runnerName": "Arsenal", "handicap": 0.0, "sortPriority": 1}
        assert market["event"] == {
            "id": EVENT, "name": "Arsenal v Chelsea", "countryCode": "GB", "timezone": "Europe/London",
            "openDate": "2026-12-05T15:00:00.000Z",
        }  # fmt: skip
        description = market["description"]
        assert (description["marketBaseRate"], description["priceLadderDescription"]) == (5.0, {"type": "CLASSIC"})


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 36),
        ({"textQuery": "Arsenal v Chelsea"}, 2),
        ({"textQuery": "arsen*"}, 2),
        ({"textQuery": "Arsenl"}, 0),
        ({"textQuery": "Ascot 14:15"}, 2),
        ({"eventTypeIds": ["7"], "marketTypeCodes": ["PLACE"]}, 11),
        ({"venues": ["Ascot"]}, 6),
        ({"venues": ["Ascot", "Bath"], "marketCountries": ["GB"], "marketTypeCodes": ["WIN"]}, 7),
        ({"marketCountries": ["IE"]}, 0),
        ({"marketStartTime": {"from": "2026-12-05T14:30:00Z", "to": "2026-12-05T15:00:00Z"}}, 10),
        ({"inPlayOnly": True}, 0),
        ({"competitionIds": ["1"]}, 0),
        ({"withOrders": ["EXECUTABLE"]}, 0),
    ],
)
def test_filters(wanted: dict[str, Any], count: int) -> None:
    with client(practice_scenario()) as venue:
        found = venue.call("listMarketCatalogue", filter=wanted, maxResults=1000)
        assert len(found) == count, [one["marketName"] for one in found]


def test_a_meeting_is_one_event_with_a_race_for_each_start() -> None:
    with client(practice_scenario()) as venue:
        of_bath = {"venues": ["Bath"]}
        meetings = venue.call("listVenues", filter={"eventTypeIds": ["7"]})
        assert {one["venue"]: one["marketCount"] for one in meetings} == {"Ascot": 6, "Bath": 8, "Kempton": 4, "Newcastle": 4}
        assert venue.call("listCountries", filter=of_bath) == [{"countryCode": "GB", "marketCount": 8}]
        (event,) = venue.call("listEvents", filter=of_bath)
        assert (event["event"]["venue"], event["marketCount"]) == ("Bath", 8)
        shown = {"marketProjection": ["MARKET_START_TIME"], "sort": "FIRST_TO_START", "maxResults": 100}
        found = venue.call("listMarketCatalogue", filter={**of_bath, "marketTypeCodes": ["WIN"]}, **shown)
        assert [one["marketStartTime"][:16] for one in found] == [
            "2026-12-05T14:30",
            "2026-12-05T15:05",
            "2026-12-06T13:20",
            "2026-12-06T13:55",
        ]  # fmt: skip - the world begins at 14:00
        assert len({one["marketId"] for one in found}) == 4


def test_a_filter_sees_the_markets_as_they_are_now() -> None:
    with client(practice_scenario()) as venue:
        venue.forward(minutes=61)
        in_play = venue.call("listEvents", filter={"inPlayOnly": True})
        assert {one["event"]["name"] for one in in_play} == {
            "Arsenal v Chelsea", "Tottenham v Aston Villa", "Leeds v Sheffield United"
        }  # fmt: skip
        assert not venue.call("listEvents", filter={"textQuery": "Ascot 14:15"})  # closed since


def test_too_much_is_refused() -> None:
    with client() as venue:
        for operation, params, code in [
            ("listMarketCatalogue", {"filter": {}, "maxResults": 1001}, "INVALID_INPUT_DATA"),
            ("listMarketCatalogue", {"filter": {"textQuery": "*x"}, "maxResults": 1}, "INVALID_INPUT_DATA"),
            ("listMarketBook", {"marketIds": ["no id"]}, "INVALID_INPUT_DATA"),
            ("listMarketBook", {"marketIds": [f"1.{n}" for n in range(101)]}, "TOO_MUCH_DATA"),
            ("listMarketBook", {"marketIds": ["1.1"] * 12, "priceProjection": {"priceData": ["EX_TRADED"]}}, "TOO_MUCH_DATA"),
            ("listCurrentOrders", {"betIds": [str(n) for n in range(251)]}, "REQUEST_SIZE_EXCEEDS_LIMIT"),
            ("placeOrders", {"marketId": MARKET, "instructions": [order()] * 201}, "INVALID_INPUT_DATA"),
            ("placeOrders", {"marketId": MARKET, "instructions": [order()], "customerRef": "a b"}, "INVALID_INPUT_DATA"),
        ]:  # fmt: skip
            assert venue.rpc(operation, **params)["error"]["data"]["APINGException"]["errorCode"] == code, operation
        assert venue.call("listMarketBook", marketIds=["1.1"]) == []


def test_a_book_shows_offers_best_first_with_our_own_among_them() -> None:
    with client() as venue:
        venue.bet(odds=3.5, size=10)
        projection = {"priceData": ["EX_BEST_OFFERS"]}
        (book,) = venue.call("listMarketBook", marketIds=[MARKET], priceProjection=projection, orderProjection="EXECUTABLE")
        assert {name: book[name] for name in ("status", "betDelay", "inplay", "numberOfWinners", "totalAvailable")} == {
            "status": "OPEN", "betDelay": 0, "inplay": False, "numberOfWinners": 1, "totalAvailable": 49.2
        }  # fmt: skip
        arsenal = book["runners"][0]
        assert arsenal["ex"] == {
            "availableToBack": [{"price": 3.0, "size": 25.0}],
            "availableToLay": [{"price": 3.05, "size": 14.2}, {"price": 3.5, "size": 10.0}],
            "tradedVolume": [],
        }
        assert (arsenal["orders"][0]["avgPriceMatched"], arsenal["orders"][0]["sizeRemaining"]) == (0.0, 10.0)


def test_less_than_the_minimum_stake_is_rolled_up_to_the_next_odds() -> None:
    small = offers("Chelsea", [("4.0", 60), ("3.95", 70), ("3.9", 500)], [])
    with client(scenario(small)) as venue:

        def backs(**prices: Any) -> Any:
            (book,) = venue.call("listMarketBook", marketIds=[MARKET], priceProjection=prices)
            return [(one["price"], one["size"]) for one in book["runners"][1]["ex"]["availableToBack"]]

        assert backs(priceData=["EX_BEST_OFFERS"]) == [(3.95, 1.3), (3.9, 5.0)]
        assert backs(priceData=["EX_ALL_OFFERS"]) == [(4.0, 0.6), (3.95, 0.7), (3.9, 5.0)]
        unrolled = {"rollupModel": "NONE", "bestPricesDepth": 2}
        assert backs(priceData=["EX_BEST_OFFERS"], exBestOffersOverrides=unrolled) == [(4.0, 0.6), (3.95, 0.7)]


def test_account_details_name_the_currency() -> None:
    with client() as venue:
        assert venue.call("getAccountDetails", ACCOUNT)["currencyCode"] == "GBP"
        assert venue.rpc("getAccountFunds", ACCOUNT, wallet="AUS")["error"] == {"code": -32602, "message": "DSC-0018"}
