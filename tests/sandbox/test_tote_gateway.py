"""The gateway's wire: GraphQL as the library understands it, who may come in, and what every answer carries."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, get_introspection_query, print_schema

from planrunner.sandbox.scenario import HOUR, MINUTE, AccountTerms
from tests.sandbox.tote import AUDIT, GATEWAY, Venue, meeting, play

TOKEN = "/tote/oauth/token"
GRANT = {
    "grant_type": "password", "client_id": "public", "username": "owner", "password": "word", "audience": "https://partner.tote.co.uk",
}  # fmt: skip


def test_aliases_variables_fragments_and_type_names() -> None:
    async def story(venue: Venue) -> None:
        query = """
          query Card($venue: String, $n: Int = 1) {
            up: echo { success __typename }
            card: products(venue: $venue, first: $n, betType: EXACTA) { nodes { ...Named type { ...Kind __typename } } }
          }
          fragment Named on Product { id name }
          fragment Kind on BettingProduct { betType { code } country { alpha2Code } }
        """
        data = await venue.ask(query, venue="bath")
        assert data["up"] == {"success": True, "__typename": "Echo"}
        (node,) = data["card"]["nodes"]
        assert node["type"] == {"betType": {"code": "EXACTA"}, "country": {"alpha2Code": "GB"}, "__typename": "BettingProduct"}
        assert node["name"] == "Race 1 Exacta"

    play(story)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ products { nodes { price } } }", "Cannot query field 'price'"),
        ("{ cancelBet(id: 1) { id } }", "Cannot query field 'cancelBet'"),
        ("mutation { cancelBets(input: {}) { id } }", "Cannot query field 'cancelBets'"),
        ("{ products(betType: LAY) { nodes { id } } }", "Value 'LAY' does not exist"),
        ('mutation { placeBets(input: {ticketId: "1"}) { ticket { id } } }', "bets"),
        ("subscription { onBetAccepted { betId } }", "not supported by the schema"),
        ("{ echo { success }", "Syntax Error"),
    ],
)
def test_what_is_not_in_the_schema_is_an_error_without_data(query: str, says: str) -> None:
    async def story(venue: Venue) -> None:
        reply = await venue.post(query)
        body = reply.json()
        assert (reply.status_code, "data" in body) == (200, False)
        assert says in body["errors"][0]["message"]
        strict = await venue.post(query, headers={"Accept": "application/graphql-response+json"})
        assert strict.status_code == 400

    play(story)


def test_the_schema_has_no_way_back() -> None:
    """No cancel, no amend, no cash-out, and no subscriptions."""
    schema = build_schema(print_schema(_introspected()))
    assert schema.mutation_type is not None
    assert set(schema.mutation_type.fields) == {"placeBets", "placeBetsAsync", "auditBetResult"}
    assert schema.subscription_type is None


def _introspected() -> Any:
    async def story(venue: Venue) -> Any:
        sdl = await venue.http.get(f"{GATEWAY}?sdl", headers={"Authorization": "Api-Key key"})
        introspected = build_client_schema(await venue.ask(get_introspection_query()))
        assert set(build_schema(sdl.text).type_map) == set(introspected.type_map)
        return introspected

    return play(story)


def test_both_forms_of_each_address_answer() -> None:
    async def story(venue: Venue) -> None:
        for path in (GATEWAY, GATEWAY + "/", AUDIT, AUDIT.rstrip("/")):
            assert (await venue.ask("{ echo { success } }", path=path))["echo"] == {"success": True}
        wrong = await venue.http.post("/tote/partner/connections/graphql/", json={"query": "{ echo { success } }"})
        assert wrong.status_code in (404, 405)

    play(story)


def test_a_key_or_a_token_comes_in_and_nothing_else() -> None:
    async def story(venue: Venue) -> None:
        async def status(authorization: str | None) -> int:
            headers = {} if authorization is None else {"Authorization": authorization}
            return (await venue.http.post(GATEWAY, json={"query": "{ echo { success } }"}, headers=headers)).status_code

        assert await status("Api-Key right") == 200
        for wrong in ("Api-Key wrong", "Api-Keyright", "right", "Bearer right", "Basic right", None):
            assert await status(wrong) == 401
        granted = (await venue.http.post(TOKEN, json={**GRANT})).json()
        assert granted["token_type"] == "Bearer"
        assert granted["expires_in"] == 3600
        token = f"Bearer {granted['access_token']}"
        assert await status(token) == 200
        await venue.wait(minutes=61)
        assert await status(token) == 401
        assert "right" not in venue.log.text()
        assert granted["access_token"] not in venue.log.text()

    play(story, meeting(account=AccountTerms(app_key="right", username="owner", session_life=HOUR)))


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "code"}, 400, "unsupported_grant_type"),
        ({"audience": "else"}, 400, "invalid_request"),
        ({"username": "another"}, 403, "invalid_grant"),
    ],
)
def test_a_wrong_grant_gets_no_token(change: dict[str, str], status: int, error: str) -> None:
    async def story(venue: Venue) -> None:
        reply = await venue.http.post(TOKEN, json={**GRANT, **change})
        assert (reply.status_code, reply.json()["error"]) == (status, error)

    play(story, meeting(account=AccountTerms(username="owner", session_life=MINUTE)))


def test_every_answer_has_a_request_id_and_a_clients_own_is_kept() -> None:
    async def story(venue: Venue) -> None:
        async def named(own: str | None) -> str:
            headers = {} if own is None else {"X-Partner-Request-ID": own}
            return (await venue.post("{ echo { success } }", headers=headers)).headers["x-partner-request-id"]

        assert await named("abc123") == "abc123"
        made = [await named(own) for own in (None, "with-dashes", "x" * 101, None)]
        assert len(set(made)) == 4
        assert all(one.isalnum() and len(one) == 32 for one in made)
        refused = await venue.http.post(GATEWAY, json={})
        assert refused.headers["x-partner-request-id"]

    play(story)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"query": 1}',
        '{"query": "{ echo { success } }", "variables": []}',
        '{"query": "query A {echo{success}} query B {echo{success}}"}',
    ],
)
def test_a_body_that_is_no_request_is_an_error(body: str) -> None:
    async def story(venue: Venue) -> None:
        headers = {"Authorization": "Api-Key key", "Content-Type": "application/json"}
        reply = await venue.http.post(GATEWAY, content=body, headers=headers)
        assert reply.json()["errors"]
        assert "data" not in reply.json()

    play(story)


def test_products_are_filtered_and_paged() -> None:
    async def story(venue: Venue) -> None:
        async def names(arguments: str) -> list[str]:
            data = await venue.ask(f"{{ products({arguments}) {{ nodes {{ name }} }} }}")
            return [node["name"] for node in data["products"]["nodes"]]

        assert await names("betTypes: [PLACEPOT, JACKPOT]") == ["Bath Placepot", "Bath Jackpot"]
        assert len(await names('date: "2026-12-05", betType: WIN, countryCode: "UK"')) == 7
        assert await names('date: "2026-12-06"') == []
        assert await names('venue: "Ascot"') == []
        assert await names('countryCodes: ["IE"]') == []
        await venue.wait(minutes=11)
        assert await names("betType: WIN, sellingStatus: CLOSED") == ["Race 1 Win"]
        page, seen = "", []
        while True:
            data = await venue.ask(
                f"{{ products(first: 17{page}) {{ pageInfo {{ hasNextPage endCursor }} edges {{ node {{ id }} }} }} }}"
            )
            seen += [edge["node"]["id"] for edge in data["products"]["edges"]]
            if not data["products"]["pageInfo"]["hasNextPage"]:
                break
            page = f", after: {json.dumps(data['products']['pageInfo']['endCursor'])}"
        assert len(seen) == len(set(seen)) == 7 * 7 + 7

    play(story)


def test_ids_may_be_numbers_and_amounts_are_exact() -> None:
    """A literal 1.10 is 110 pence; integers are read as ids."""

    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        mutation = f"""mutation {{ placeBets(input: {{ticketId: 7, bets: [{{betId: 8, productId: "{win.id}",
          stake: {{currencyCode: GBP, totalAmount: 1.10}},
          legs: [{{productLegId: "{win.legs[0]["id"]}", selections: [{{productLegSelectionID: "{win.selection(1)}"}}]}}]}}]}})
          {{ ticket {{ id bets {{ nodes {{ id placement {{ status stake {{ minorUnitsTotalAmount stringAmount decimalAmount }} }}
          }} }} }} }} }}"""
        ticket = (await venue.ask(mutation))["placeBets"]["ticket"]
        (bet,) = ticket["bets"]["nodes"]
        assert (ticket["id"], bet["id"], bet["placement"]["status"]) == ("7", "8", "ACCEPTED")
        assert bet["placement"]["stake"] == {"minorUnitsTotalAmount": 110, "stringAmount": "1.10", "decimalAmount": 1.1}

    play(story)


def test_single_things_are_found_by_their_ids() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        leg, selection = win.legs[0]["id"], win.selection(3)
        data = await venue.ask(
            """query ($p: ID!, $l: ID!, $s: ID!) {
              product(id: $p) { id name ... on BettingProduct { betType { code rules { bet { min { decimalAmount } } line { increment { decimalAmount } } } } } }
              leg(id: $l) { id resulting { status } event { id status venue { name } scheduledStartDateTime { iso8601 } } }
              selection(id: $s) { id name bettingSelectionId competitor { id } }
              lines(query: {productId: $p, selections: [{selectionId: $s, finishingPosition: 1}]}) { nodes { odds { decimal status type } } }
              nothing: product(id: "x") { id }
            }""",  # noqa: E501
            p=win.id, l=leg, s=selection,
        )  # fmt: skip
        assert data["product"]["betType"]["rules"] == {
            "bet": {"min": {"decimalAmount": 1}},
            "line": {"increment": {"decimalAmount": 0.1}},
        }
        assert data["leg"]["event"]["venue"] == {"name": "Bath"}
        assert data["leg"]["event"]["scheduledStartDateTime"] == {"iso8601": "2026-12-05T12:10:00.000Z"}
        assert data["selection"]["name"] == "C1"
        assert data["lines"]["nodes"][0]["odds"][0]["status"] == "PROVISIONAL"
        assert data["nothing"] is None
        event = await venue.ask("query ($e: ID!, $c: ID!) {event(id: $e) {competitors {nodes {id}}} competitor(id: $c) {name}}",
            e=data["leg"]["event"]["id"], c=data["selection"]["competitor"]["id"])  # fmt: skip
        assert event["competitor"] == {"name": "C1"}
        assert len(event["event"]["competitors"]["nodes"]) == 8

    play(story)
