"""Values as the gateway's schema shows them. What takes work or an argument is a function, called when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from planrunner.sandbox.clock import iso
from planrunner.sandbox.faults import Fault
from planrunner.sandbox.tote.announcing import Amount, dividends, line_probable, probables
from planrunner.sandbox.tote.card import Leg, Product
from planrunner.sandbox.tote.races import Race
from planrunner.sandbox.tote.results import placed
from planrunner.sandbox.tote.terms import CURRENCIES, BetType
from planrunner.sandbox.tote.timeline import Stage, stage
from planrunner.sandbox.tote.tote import Tote
from planrunner.sandbox.tote.watching import finishing, status

T = TypeVar("T")
View = dict[str, Any]
CURRENCY_FACTS = {"GBP": ("Pound sterling", "826", "£"), "EUR": ("Euro", "978", "€"), "HKD": ("Hong Kong dollar", "344", "$")}
COUNTRIES = {"GB": ("GBR", "826", "United Kingdom"), "IE": ("IRL", "372", "Ireland"), "FR": ("FRA", "250", "France")}
# A page has at most as many entries, asked for or not.
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks, and when. `fault`: what goes wrong with it."""

    tote: Tote
    owner: str
    now: int
    fault: Fault | None = None


def money(minor: int | Fraction, code: str = "GBP") -> View:
    amount = Decimal(round(minor)).scaleb(-2)
    return {
        "decimalAmount": amount,
        "stringAmount": f"{amount:.2f}",
        "minorUnitsTotalAmount": round(minor),
        "currency": currency(code),
    }


def currency(code: str) -> View:
    name, number, symbol = CURRENCY_FACTS[code]
    return {"code": code, "name": name, "number": number, "symbol": symbol}


def moment(at: int) -> View:
    return {"iso8601": iso(at)}


def country(code: str) -> View:
    alpha3, number, name = COUNTRIES.get(code, (None, None, code))
    return {"alpha2Code": code, "alpha3Code": alpha3, "numericCode": number, "name": name}


def connection(entries: Sequence[T], view: Callable[[T], View], page: View, **totals: Any) -> View:
    """A page of a list; a cursor is a place in it."""
    begin = int(page["after"].removeprefix("c")) if _is_cursor(page.get("after")) else 0
    end = min(int(page["before"].removeprefix("c")) - 1, len(entries)) if _is_cursor(page.get("before")) else len(entries)
    if page.get("last") is not None and page.get("first") is None:
        begin = max(begin, end - min(max(page["last"], 0), PAGE))
    else:
        end = min(end, begin + min(max(PAGE if page.get("first") is None else page["first"], 0), PAGE))
    shown = list(enumerate(entries))[begin:end]
    return {
        "pageInfo": {
            "hasNextPage": end < len(entries), "hasPreviousPage": begin > 0,
            "startCursor": f"c{begin + 1}" if shown else None, "endCursor": f"c{begin + len(shown)}" if shown else None,
        },
        "edges": lambda _: [{"cursor": f"c{place + 1}", "node": view(one)} for place, one in shown],
        "nodes": lambda _: [view(one) for _, one in shown],
        **totals,
    }  # fmt: skip


def _is_cursor(text: str | None) -> bool:
    return bool(text) and str(text).removeprefix("c").isdecimal() and len(str(text)) < 20


def bet_type(kind: BetType, places: int | None = None) -> View:
    stakes = kind.stakes
    return {
        "id": kind.code, "code": kind.code,
        "rules": {
            "bet": {"min": money(stakes.bet_least), "max": money(stakes.bet_most)},
            "line": {"min": money(stakes.line_least), "max": money(stakes.line_most), "increment": money(stakes.line_step)},
            "placePositions": places,
        },
    }  # fmt: skip


def product(ask: Ask, one: Product) -> View:
    reached = stage(one, ask.now)
    places = placed(one.races[0], ask.now) if one.type.has_places else None
    view = {
        "__typename": "BettingProduct", "id": one.id, "name": one.name,
        "betType": lambda _: bet_type(one.type, places),
        "selling": {"status": "OPEN" if reached is Stage.OPEN else "CLOSED"},
        "legs": lambda _: {"nodes": [leg(ask, one, each) for each in one.legs]},
        "lines": lambda _: {"nodes": _probables(ask, one, reached)},
        "lineHistory": None,
        "pool": lambda _: _pool(ask, one),
        "result": lambda _: _result(ask, one),
        "supportedCurrencies": [currency(code) for code in CURRENCIES],
        "country": country(one.races[0].country),
    }  # fmt: skip
    view["type"] = view
    return view


def leg(ask: Ask, one: Product | None, each: Leg) -> View:
    race = each.race
    over = "CANCELLED" if race.is_abandoned(ask.now) else "RESULTED" if race.is_over(ask.now) else "PENDING"
    return {
        "id": each.id, "name": race.name, "event": lambda _: event(ask, race), "resulting": {"status": over},
        "selections": lambda _: {"nodes": [selection(ask, one, each, horse.number) for horse in race.horses]},
    }  # fmt: skip


def selection(ask: Ask, one: Product | None, each: Leg, number: int) -> View:
    race, horse = each.race, each.race.horse(number)
    return {
        "id": each.selections[number - 1], "name": horse.name,
        "status": "AVAILABLE" if race.runs(number, ask.now) else "NOT_AVAILABLE",
        "totalUnits": lambda _: _units(ask, one, number),
        "bettingSelectionId": horse.id, "competitor": lambda _: competitor(ask, race, number),
    }  # fmt: skip


def competitor(ask: Ask, race: Race, number: int) -> View:
    horse = race.horse(number)
    return {
        "id": horse.id, "name": horse.name, "entryStatus": "CONFIRMED" if race.runs(number, ask.now) else "WITHDRAWN",
        "details": {"__typename": "HorseDetails", "id": horse.id, "clothNumber": number},
    }  # fmt: skip


def event(ask: Ask, race: Race) -> View:
    return {
        "id": race.id, "name": race.name, "scheduledStartDateTime": moment(race.start), "status": status(race, ask.now),
        "venue": {"id": race.meeting, "name": race.meeting, "country": country(race.country)},
        "result": lambda _: _event_result(ask, race),
        "competitors": lambda _: {"nodes": [competitor(ask, race, horse.number) for horse in race.horses]},
    }  # fmt: skip


def _event_result(ask: Ask, race: Race) -> View:
    if race.is_abandoned(ask.now) or not race.is_over(ask.now):
        return {"status": "PENDING", "competitorResults": []}
    order = finishing(race, ask.now)
    rows = [{"competitorId": race.horse(n).id, "finishingPosition": str(position), "status": how} for n, position, how in order]
    return {"status": order[0][2], "competitorResults": rows}


def lines(ask: Ask, one: Product, numbers: Sequence[int]) -> View:
    """Of one line, or of each runner where none is named."""
    if numbers and not one.type.rule.is_over_races and len(numbers) == one.type.rule.size:
        ordered = tuple(numbers) if one.type.rule.is_ordered else tuple(sorted(numbers))
        return {"nodes": [_line(ask, line_probable(ask.tote, one, ordered, ask.now))]}
    return {"nodes": _probables(ask, one, stage(one, ask.now))}


def _probables(ask: Ask, one: Product, reached: Stage) -> list[View]:
    if one.type.rule.is_over_races or one.type.rule.size > 1 or reached is Stage.VOID:
        return []
    return [_line(ask, amount) for amount in probables(ask.tote, one, ask.now)]


def _line(ask: Ask, amount: Amount) -> View:
    final = stage(amount.product, ask.now) >= Stage.CLOSED
    odds = {"name": amount.name, "decimal": amount.amount, "status": "FINAL" if final else "PROVISIONAL", "type": "POOL"}
    return {"odds": [odds], "legs": amount.legs("lineSelections", "selectionId")}


def _units(ask: Ask, one: Product | None, number: int) -> Decimal:
    """Staked on a runner, where lines are runners."""
    if one is None or one.type.rule.is_over_races or one.type.rule.size > 1:
        return Decimal(0)
    return Decimal(ask.tote.public.on(one, (number,), min(ask.now, one.races[0].off))).scaleb(-2)


def amounts(gross: int | Fraction, takeout: Decimal) -> View:
    net = gross * (1 - Fraction(takeout))
    return {"grossAmount": money(gross), "netAmount": money(net), "grossAmounts": [money(gross)], "netAmounts": [money(net)]}


def _pool(ask: Ask, one: Product) -> View:
    gross, takeout = ask.tote.gross(one, ask.now), one.type.payout.takeout
    shares = [(fund.type, fund.share) for fund in one.type.funds] or [("WIN", Decimal(1))]
    return {
        "total": amounts(gross, takeout),
        "carryIn": amounts(one.type.carry_in, takeout),
        "guarantee": None,
        "takeout": {"percentage": (takeout * 100).normalize(), "amount": money(gross * Fraction(takeout))},
        "funds": [
            {
                "poolFundType": kind, "percentage": (share * 100).normalize(), "total": amounts(gross * Fraction(share), takeout),
                "carryIn": amounts(one.type.carry_in * Fraction(share), takeout),
            }
            for kind, share in shares
        ],
    }  # fmt: skip


def _result(ask: Ask, one: Product) -> View | None:
    announced = ask.tote.announced(one, ask.now)
    if announced is None:
        return None
    how = "FINAL" if announced[1] else "PROVISIONAL"
    return {"status": how, "dividends": {"nodes": [_dividend(each, how) for each in dividends(one, announced[0])]}}


def _dividend(each: Amount, how: str) -> View:
    legs = [{"id": row["legId"], "dividendSelections": {"nodes": row["selections"]}} for row in each.legs()]
    told = {"name": each.name, "type": "POOL", "status": how, "amount": money(int(each.amount * 100))}
    return {"dividend": told, "dividendLegs": {"nodes": legs}}


def by_time(products: Iterable[Product]) -> list[Product]:
    """The order is that of the first race, and of the card within a race."""
    return sorted(products, key=lambda one: one.races[0].start)
