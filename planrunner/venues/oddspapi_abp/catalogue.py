"""A betslip, which is all the catalogue there is: one selection with its names, and what each bookmaker offers on it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from planrunner.model.commands import NewPlacement, QueryBook
from planrunner.model.events import BookChanged
from planrunner.model.market import Market, MarketStatus, Selection
from planrunner.model.plan import Routing
from planrunner.venues import fields
from planrunner.venues.exact_json import Unreadable
from planrunner.venues.oddspapi_abp import wire
from planrunner.venues.oddspapi_abp.holdings import TOLERANCE, Rates, rounded
from planrunner.venues.oddspapi_abp.profile import PROFILE
from planrunner.venues.oddspapi_abp.translate import market_id, selection_id, takes_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What one bookmaker offers. `limit` and `minimum` are in the money of the account there; None: not told."""

    bookmaker: str
    odds: Decimal
    limit: Decimal | None
    minimum: Decimal | None
    currency: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """The offers, and the rates that came with them."""

    quotes: tuple[Quote, ...]
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The fixture as a betslip shows it."""

    status: MarketStatus
    in_play: bool
    start: datetime


def slip_of(body: Any, rates: Rates) -> Slip:
    """Raises Unreadable. Offers that can't be read are nobody's: there are many bookmakers, and one may send nonsense."""
    entries = list(_entries(body))
    own = rates.with_those_of(body.get("currencyInfo"), *(entry.get("currencyInfo") for _, entry in entries))
    quotes = [quote for name, entry in entries if (quote := _quote(name, entry)) is not None]
    return Slip(quotes=tuple(quotes), rates=own)


def _entries(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """By bookmaker and market key; an older shape has no keys, and one older still nothing around the bookmakers."""
    odds = fields.optional(body, "odds") if fields.optional(body, "odds") is not None else body
    if not isinstance(odds, dict):
        raise Unreadable("`odds` is no object")
    key_of = tuple(str(body.get(name)) for name in ("fixtureId", "outcomeId", "playerId"))
    for bookmaker, offers in odds.items():
        if isinstance(offers, dict) and "price" in offers:
            yield bookmaker, offers
        elif isinstance(offers, dict):
            for key, offer in offers.items():
                parts = key.split(":")
                is_another = len(parts) >= 4 and (parts[0], parts[2], parts[3]) != key_of and None not in map(body.get, _KEYS)
                if isinstance(offer, dict) and "price" in offer and not is_another:
                    yield bookmaker, offer


_KEYS = ("fixtureId", "outcomeId", "playerId")


def _quote(bookmaker: str, entry: dict[str, Any]) -> Quote | None:
    try:
        odds = wire.maybe(entry, "price")
        if odds is None or odds <= 1:
            return None
        return Quote(
            bookmaker=bookmaker,
            odds=odds,
            limit=wire.maybe(entry, "limit"),
            minimum=wire.maybe(entry, "limitMin"),
            currency=(wire.word(entry, "limitCurrency") or "USD").upper(),
            is_active=wire.flag(entry, "active", default=True),
        )
    except Unreadable:
        return None


# Names


def market_of(body: Any) -> Market:
    """The market of a betslip, as far as it shows it: with the one selection. Raises Unreadable."""
    fixture, outcome = fields.block(body, "fixtureInfo"), fields.block(body, "outcomeInfo")
    market = wire.text(outcome, "marketId")
    id_ = wire.text(body, "fixtureId")
    player = wire.maybe(body, "playerId") or Decimal(0)
    handicap = wire.maybe(outcome, "handicap") or Decimal(0)
    return Market(
        id=market_id(id_, market),
        name=wire.word(outcome, "marketName") or f"market {market}",
        fixture=_fixture(fixture) or f"fixture {id_}",
        start=wire.start(fixture, "startTime"),
        selections=(
            Selection(
                id=selection_id(wire.text(body, "outcomeId"), str(int(player))),
                name=_selection(body, outcome),
                handicap=handicap.normalize() + 0,
            ),
        ),
        ladder=PROFILE.default_ladder,
        sport=wire.word(fields.block(fixture, "sport"), "sportName"),
        meeting=wire.word(fields.block(fixture, "tournament"), "tournamentName"),
        kind=wire.word(outcome, "marketType"),
    )


def _fixture(info: dict[str, Any]) -> str:
    sides = fields.block(info, "participants")
    names = [wire.word(sides, f"participant{number}Name") for number in (1, 2)]
    return " v ".join(one for one in names if one)


def _selection(body: Any, outcome: dict[str, Any]) -> str:
    name = wire.word(outcome, "outcomeName") or f"outcome {wire.text(body, 'outcomeId')}"
    player = wire.word(fields.block(body, "playerInfo"), "playerName")
    return f"{player}, {name}" if player else name


def seen(body: Any, slip: Slip) -> Seen:
    """Raises Unreadable. Where no bookmaker takes bets the market counts as suspended; when it is over nobody says."""
    fixture = fields.block(body, "fixtureInfo")
    is_open = any(one.is_active for one in slip.quotes)
    return Seen(
        status=MarketStatus.OPEN if is_open else MarketStatus.SUSPENDED,
        in_play=wire.flag(fields.block(fixture, "status"), "live", default=False),
        start=wire.start(fixture, "startTime"),
    )


# Offers


def best_offer(command: QueryBook, slip: Slip, currency: str, at: datetime) -> BookChanged:
    """The best odds that any bookmaker offers to a backer, and how much those who offer them take together. A limit that is not
    told counts as nothing: it is unknown whether there is anything to be had. Nothing rests here, so nobody can lay."""
    active = [one for one in slip.quotes if one.is_active]
    odds = max((one.odds for one in active), default=None)
    back = None
    if odds is not None:
        takes = sum((_limit(one, slip.rates, currency) for one in active if one.odds == odds), Fraction(0))
        back = (odds, rounded(takes, currency))
    return BookChanged(
        at=at, market=command.market, selection=command.selection, handicap=command.handicap, back=back, lay=None
    )  # fmt: skip


def _limit(quote: Quote, rates: Rates, currency: str) -> Fraction:
    try:
        return max(rates.convert(quote.limit or Decimal(0), quote.currency, currency), Fraction(0))
    except Unreadable:
        return Fraction(0)


# Limits


def refused_by_limits(placement: NewPlacement, slip: Slip, currency: str) -> tuple[str, str] | None:
    """Why the venue would decline the stake: a code, and words. None where it would not, or where that is not known for every
    bookmaker that may take it: then the venue decides."""
    allowed = (placement.routing or Routing()).bookmakers
    quotes = [one for one in slip.quotes if one.is_active and (not allowed or one.bookmaker in allowed)]
    if not quotes or any(name not in {one.bookmaker for one in quotes} for name in allowed):
        return None
    stakes = {one.currency: _stake(placement, slip.rates, currency, one.currency) for one in quotes}
    if all(_is_below(one, stakes[one.currency]) for one in quotes):
        return "STAKE_BELOW_MINIMUM", f"the stake {placement.size} {currency} is below the minimum: {_terms(quotes, 'minimum')}"
    if not takes_parts(placement) and all(_is_above(one, stakes[one.currency]) for one in quotes) and len(allowed) == 1:
        text = f"the stake {placement.size} {currency} is to be taken whole, and it is above the limit: {_terms(quotes, 'limit')}"
        return "STAKE_EXCEEDS_LIMIT", text
    return None


def _stake(placement: NewPlacement, rates: Rates, currency: str, to: str) -> Fraction | None:
    try:
        return rates.convert(placement.size, currency, to)
    except Unreadable:
        return None


def _is_below(quote: Quote, stake: Fraction | None) -> bool:
    return stake is not None and quote.minimum is not None and stake < Fraction(quote.minimum - TOLERANCE)


def _is_above(quote: Quote, stake: Fraction | None) -> bool:
    return stake is not None and quote.limit is not None and stake > Fraction(quote.limit + TOLERANCE)


def _terms(quotes: Sequence[Quote], which: str) -> str:
    """`pinnacle 5.00 USD, vertex 2.00 GBP`."""
    shown = ((one, one.minimum if which == "minimum" else one.limit) for one in quotes)
    return ", ".join(
        f"{wire.said(one.bookmaker)} {figure:.2f} {wire.said(one.currency)}" for one, figure in shown if figure is not None
    )
