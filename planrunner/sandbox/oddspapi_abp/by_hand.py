"""What can be done to the router by hand, for tests and for people who practise. The control API takes it at `POST /sandbox/abp`:

{"do": "offer", "bookmaker": "pinnacle", "fixtureId": "id10...", "outcomeId": 101, "to_back": ["2.10 x 400"], "to_lay": []}
{"do": "emergency", "on": true}               and, as wanted, "bookmaker": "pinnacle" (else everywhere) and "seconds": 60
{"do": "breaker", "bookmaker": "pinnacle", "state": "open"}                or "closed"
{"do": "settle", "betId": 5551, "as": "HALF_WON"}                          as often as wanted; a CASHOUT with "pays": "85%"
{"do": "rate", "currency": "EUR", "per_usd": "0.95"}                       null: there is none any more
{"do": "forget"}                                                           which requestUuids came before
{"do": "generation", "old": true}
{"do": "answers within", "seconds": "0.5"}                                 how long an answer waits for a first result
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from planrunner.sandbox.bookmakers import Level
from planrunner.sandbox.oddspapi_abp.orders import STANDS, Settlement
from planrunner.sandbox.oddspapi_abp.settling import settle, worth
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.oddspapi_abp.wire import Json

WRONG = (KeyError, ValueError, TypeError, AttributeError, InvalidOperation)


def act(abp: Abp, asked: dict[str, Any]) -> Json:
    """What came of it. Raises one of WRONG for what can't be read."""
    at = abp.advance()
    match asked["do"]:
        case "offer":
            _offer(abp, asked, at)
        case "emergency":
            tier = asked.get("bookmaker")
            seconds = asked.get("seconds")
            abp.switch_emergency(tier, on=asked["on"] is True, seconds=None if seconds is None else int(seconds), at=at)
        case "breaker":
            breaker = abp.desk.breaker(abp.desk.books[asked["bookmaker"]].slug)
            breaker.open(at) if asked["state"] == "open" else breaker.worked()
        case "settle":
            return _settle(abp, asked, at)
        case "rate":
            _rate(abp, asked, at)
        case "forget":
            abp.forget()
        case "generation":
            abp.desk.legacy = asked["old"] is True
        case "answers within":
            abp.desk.sync_wait = int(Decimal(str(asked["seconds"])) * 1_000)
        case other:
            raise ValueError(f"`{other}` is not known")
    abp.changed(at)
    return {"status": "ok"}


def _offer(abp: Abp, asked: dict[str, Any], at: int) -> None:
    outcome = abp.desk.catalogue.outcome(asked["fixtureId"], int(asked["outcomeId"]))
    if outcome is None:
        raise ValueError("no such outcome; GET /sandbox/fixtures lists them")
    to_back, to_lay = (tuple(_level(text) for text in asked.get(key, ())) for key in ("to_back", "to_lay"))
    abp.desk.quotes.show(abp.desk.books[asked["bookmaker"]].slug, outcome, at, to_back, to_lay)


def _level(text: str) -> Level:
    odds, _, stake = text.partition(" x ")
    return Decimal(odds), Decimal(stake)


def _settle(abp: Abp, asked: dict[str, Any], at: int) -> Json:
    bet, how = abp.desk.bets[int(asked["betId"])], Settlement(asked["as"])
    if bet.status not in STANDS:
        raise ValueError("only a confirmed bet is settled")
    pays = Decimal(str(asked.get("pays", "90%")).removesuffix("%")).scaleb(-2)
    settle(abp.desk, bet, how, worth(bet, how, pays), at)
    abp.stir()
    return {"betId": bet.id, "settlementStatus": bet.settlement.value}


def _rate(abp: Abp, asked: dict[str, Any], at: int) -> None:
    if asked["per_usd"] is None:
        abp.desk.rates.values.pop(asked["currency"], None)
    else:
        abp.desk.rates.values[asked["currency"]] = Decimal(str(asked["per_usd"]))
    abp.desk.hub.tell("currencies", "UPDATE", {"currency": asked["currency"], "currencyValue": asked["per_usd"]}, at)
