"""The root fields of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from graphql import GraphQLError, GraphQLResolveInfo

from planrunner.sandbox.clock import from_ms, to_ms
from planrunner.sandbox.tote import bet_views, views
from planrunner.sandbox.tote.auditing import audit_bet_result
from planrunner.sandbox.tote.bets import PoolBet
from planrunner.sandbox.tote.card import Product
from planrunner.sandbox.tote.placing import place
from planrunner.sandbox.tote.races import Race
from planrunner.sandbox.tote.timeline import Stage, stage
from planrunner.sandbox.tote.views import Ask, View

Resolver = Callable[..., Any]
Info: TypeAlias = "GraphQLResolveInfo[Ask]"
MAY_BE_CALLED = {"UK": "GB", "GBR": "GB", "IRL": "IE", "FRA": "FR"}


def echo(_: Any, __: Info) -> View:
    return {"success": True}


def products(_: Any, info: Info, **asked: Any) -> View:
    ask = info.context
    races = [race for race in ask.tote.card.races.values() if _is_at(race, asked)]
    ask.tote.card.look(races)
    found = [one for one in ask.tote.card.products.values() if one.races[0] in races and _fits(ask, one, asked)]
    return views.connection(views.by_time(found), lambda one: views.product(ask, one), asked)


def product(_: Any, info: Info, id: str) -> View | None:  # noqa: A002 - the schema's word
    ask = info.context
    one = ask.tote.card.products.get(id)
    if one is None:
        return None
    ask.tote.card.look(one.races)
    return views.product(ask, one)


def leg(_: Any, info: Info, id: str) -> View | None:  # noqa: A002
    ask = info.context
    for one in ask.tote.card.products.values():
        for each in one.legs:
            if each.id == id:
                ask.tote.card.look([each.race])
                return views.leg(ask, one, each)
    return None


def selection(_: Any, info: Info, id: str) -> View | None:  # noqa: A002
    ask = info.context
    found = ask.tote.card.selections.get(id)
    if found is None:
        return None
    ask.tote.card.look([found[0].race])
    return views.selection(ask, None, *found)


def lines(_: Any, info: Info, query: View) -> View | None:
    ask = info.context
    one = ask.tote.card.products.get(query["productId"])
    if one is None:
        return None
    ask.tote.card.look(one.races)
    asked = sorted(query.get("selections") or (), key=lambda each: each["finishingPosition"])
    numbers = [one.legs[0].number(each["selectionId"]) for each in asked]
    return views.lines(ask, one, [number for number in numbers if number is not None])


def events(_: Any, info: Info, **asked: Any) -> View:
    ask = info.context
    where = {"venue": asked.get("venue"), "countryCode": asked.get("country")}
    races = [race for race in ask.tote.card.races.values() if _is_at(race, where) and asked.get("id") in (None, race.id)]
    found = [race for race in races if _is_between(race.start, asked)]
    ask.tote.card.look(found)
    return views.connection(sorted(found, key=lambda race: race.start), lambda race: views.event(ask, race), asked)


def event(_: Any, info: Info, id: str) -> View | None:  # noqa: A002
    ask = info.context
    race = ask.tote.card.races.get(id)
    if race is None:
        return None
    ask.tote.card.look([race])
    return views.event(ask, race)


def competitor(_: Any, info: Info, id: str) -> View | None:  # noqa: A002
    ask = info.context
    for race in ask.tote.card.races.values():
        for horse in race.horses:
            if horse.id == id:
                ask.tote.card.look([race])
                return views.competitor(ask, race, horse.number)
    return None


def bets(_: Any, info: Info, **asked: Any) -> View:
    ask = info.context
    if _is_another(ask, asked):
        return bet_views.bets(ask, (), asked)
    return bet_views.bets(ask, list(_bets(ask, asked)), asked)


def tickets(_: Any, info: Info, **asked: Any) -> View:
    ask = info.context
    found = [
        one
        for (owner, ticket_id), one in ask.tote.tickets.items()
        if owner == ask.owner and asked.get("id") in (None, ticket_id) and asked.get("toteId") in (None, one.tote_id)
        and one.error is None and _is_between(one.at, asked) and not _is_another(ask, asked)
    ]  # fmt: skip
    return views.connection(found, lambda one: bet_views.ticket(ask, one), asked)


def customer(_: Any, info: Info, **asked: Any) -> View | None:
    ask = info.context
    return None if _is_another(ask, asked) else bet_views.customer(ask)


def place_bets(_: Any, info: Info, input: View) -> View:  # noqa: A002
    return _place(info, input, at_once=True)


def place_bets_async(_: Any, info: Info, input: View) -> View:  # noqa: A002
    return _place(info, input, at_once=False)


def _place(info: Info, asked: View, *, at_once: bool) -> View:
    ask = info.context
    ticket, again = place(ask.tote, ask.owner, asked, at_once=at_once, fault=ask.fault)

    def shown(_: Info) -> View:
        if ticket.error is not None:
            raise GraphQLError(ticket.error, extensions={"code": "DUPLICATE_BET_ID"})
        return bet_views.ticket(ask, ticket, idempotent=again)

    return {"ticket": shown, "query": {}}


def _bets(ask: Ask, asked: View) -> Iterator[PoolBet]:
    wanted = {name: _several(asked, one, many) for name, (one, many) in _BET_FILTERS.items()}
    for bet in ask.tote.bets.values():
        one = bet.product
        facts = {
            "id": bet.id, "tote_id": bet.tote_id, "product": bet.asked["productId"], "type": one.type.code if one else None,
        }  # fmt: skip
        if (
            bet.owner == ask.owner
            and all(not values or facts[name] in values for name, values in wanted.items())
            and _is_between(bet.placed_at, asked)
            and (one is None or _is_at(one.races[0], asked))
        ):
            yield bet


_BET_FILTERS = {
    "id": ("id", "ids"),
    "tote_id": ("toteId", "toteIds"),
    "product": ("productId", "productIds"),
    "type": ("betType", "betTypes"),
}


def _fits(ask: Ask, one: Product, asked: View) -> bool:
    selling = "OPEN" if stage(one, ask.now) is Stage.OPEN else "CLOSED"
    kinds = _several(asked, "betType", "betTypes")
    return (
        asked.get("id") in (None, one.id)
        and asked.get("sellingStatus") in (None, selling)
        and (not kinds or one.type.code in kinds)
        and asked.get("currencyCode") in (None, "GBP", "EUR")
        and _is_on(one.races[0], asked.get("date"))
    )


def _is_on(race: Race, day: date | None) -> bool:
    return day is None or from_ms(race.start).astimezone(ZoneInfo(race.zone)).date() == day


def _is_at(race: Race, asked: View) -> bool:
    venues = {one.casefold() for one in _several(asked, "venue", "venues")}
    countries = {MAY_BE_CALLED.get(one.upper(), one.upper()) for one in _several(asked, "countryCode", "countryCodes")}
    return (not venues or race.meeting.casefold() in venues) and (not countries or race.country in countries)


def _is_between(at: int, asked: View) -> bool:
    since: datetime | None = asked.get("since")
    until: datetime | None = asked.get("until")
    return (since is None or at >= to_ms(since)) and (until is None or at <= to_ms(until))


def _is_another(ask: Ask, asked: View) -> bool:
    """Somebody else's bets are nobody's business."""
    return asked.get("customerId") not in (None, bet_views.customer_id(ask.owner))


def _several(asked: View, one: str, many: str) -> list[str]:
    values = [asked.get(one), *(asked.get(many) or ())]
    return [value for value in values if value is not None]


QUERY: dict[str, Resolver] = {
    "echo": echo, "products": products, "product": product, "leg": leg, "selection": selection, "lines": lines, "events": events,
    "event": event, "competitor": competitor, "bets": bets, "tickets": tickets, "customer": customer,
}  # fmt: skip
MUTATION: dict[str, Resolver] = {
    "placeBets": place_bets,
    "placeBetsAsync": place_bets_async,
    "auditBetResult": audit_bet_result,
}
