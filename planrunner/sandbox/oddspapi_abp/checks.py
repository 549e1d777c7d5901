"""What an order has to pass before it is taken, in the order of the sheet: emergency, bookmaker, account, odds, currency, stake.

Of several bookmakers those that fail a check fall out; an order is declined at the first check that none of them passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from planrunner.matching.routing import Mode, coins, mode_of
from planrunner.sandbox.bookmakers import Book
from planrunner.sandbox.oddspapi_abp.accounts import Account
from planrunner.sandbox.oddspapi_abp.desk import Desk
from planrunner.sandbox.oddspapi_abp.ids import Outcome
from planrunner.sandbox.oddspapi_abp.money import up
from planrunner.sandbox.oddspapi_abp.orders import Spec


class Reason(StrEnum):
    STAKE_EXCEEDS_LIMIT = "Stake exceeds limit"
    STAKE_BELOW_MINIMUM = "Stake below minimum"
    INVALID_ODDS = "Invalid odds"
    NO_ACTIVE_ACCOUNTS = "No active accounts"
    CURRENCY_CONVERSION_FAILED = "Currency conversion failed"
    BOOKMAKER_NOT_AVAILABLE = "Bookmaker not available"
    ODDS_TEMPORARILY_UNAVAILABLE = "Odds temporarily unavailable"
    DUPLICATE_REQUEST_UUID = "Duplicate requestUuid"  # of the old generation


class Declined(Exception):
    """With the text that the client reads."""

    def __init__(self, reason: Reason, more: str = "") -> None:
        super().__init__(f"{reason}: {more}" if more else reason.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one bet, in the account's currency. None: nothing bounds it."""

    most: Decimal | None
    least: Decimal


def limits(book: Book, account: Account, offered: Decimal | None) -> Limits:
    """The first that is set, not the tightest: an account's own limit hides that of the odds, and the bookmaker may reject."""
    most = next((one for one in (account.max_stake, book.max_stake, offered) if one is not None), None)
    least = next(one for one in (account.min_stake, book.min_stake, book.least) if one is not None)
    return Limits(most=most, least=least)


def check(desk: Desk, client: str, spec: Spec, books: Sequence[str], at: int) -> Outcome:
    """What an order is on. `books` are those it asks for and its key may use. Raises Declined."""
    available = _available(desk, books, at)
    accounts = {slug: account for slug in available if (account := desk.accounts.used(client, slug)) is not None}
    if not accounts:
        raise Declined(Reason.NO_ACTIVE_ACCOUNTS, f"for {', '.join(available)}")
    outcome = desk.catalogue.outcome(spec.fixture, spec.outcome)
    offered = _offered(desk, spec, outcome, accounts, at)
    assert outcome is not None
    rates = {slug: rate for slug in offered if (rate := desk.rates.between(spec.currency, accounts[slug].currency)) is not None}
    if not rates:
        raise Declined(Reason.CURRENCY_CONVERSION_FAILED, f"from {spec.currency} to {accounts[next(iter(offered))].currency}")
    _stake(desk, spec, len(books), {slug: (accounts[slug], rates[slug], offered[slug]) for slug in rates})
    return outcome


def _available(desk: Desk, books: Sequence[str], at: int) -> list[str]:
    if desk.emergencies.active(None, at):
        raise Declined(Reason.BOOKMAKER_NOT_AVAILABLE, "emergency mode is on")
    known = [slug for slug in books if slug in desk.books and not desk.emergencies.active(slug, at)]
    available = [slug for slug in known if desk.breaker(slug).lets(at)]
    if not available:
        raise Declined(Reason.BOOKMAKER_NOT_AVAILABLE, ", ".join(books))
    return available


def _offered(
    desk: Desk, spec: Spec, outcome: Outcome | None, accounts: dict[str, Account], at: int
) -> dict[str, Decimal]:  # fmt: skip
    """By bookmaker, how much it takes at its best odds."""
    names = ", ".join(accounts)
    if outcome is None or spec.player:
        raise Declined(Reason.BOOKMAKER_NOT_AVAILABLE, f"no odds at {names}")
    if not desk.is_open(outcome, at):
        raise Declined(Reason.INVALID_ODDS, "the market takes no bets")
    asked = [slug for slug, account in accounts.items() if not (account.verify and desk.is_down(slug, at))]
    if not asked:
        raise Declined(Reason.ODDS_TEMPORARILY_UNAVAILABLE, f"{names} did not answer")
    shown = {slug: desk.quotes.shown(desk.books[slug], outcome, at, back=spec.back) for slug in asked}
    offered = {slug: one.levels[0][1] for slug, one in shown.items() if one.levels}
    if not offered:
        gone = any(one.stamp != "none" for one in shown.values())
        raise Declined(Reason.INVALID_ODDS if gone else Reason.BOOKMAKER_NOT_AVAILABLE, f"no odds at {', '.join(asked)}")
    return offered


def _stake(desk: Desk, spec: Spec, books: int, at_books: dict[str, tuple[Account, Fraction, Decimal]]) -> None:
    bounds = {slug: limits(desk.books[slug], account, offered) for slug, (account, _, offered) in at_books.items()}
    stakes = {slug: coins(Fraction(spec.stake), rate) for slug, (_, rate, _) in at_books.items()}
    if all(stakes[slug] < bound.least for slug, bound in bounds.items()):
        least = min(up(Fraction(bound.least) / at_books[slug][1]) for slug, bound in bounds.items())
        raise Declined(Reason.STAKE_BELOW_MINIMUM, f"{spec.stake:.2f} {spec.currency} < {least} {spec.currency}")
    if mode_of(books, partial=spec.partial) is Mode.WHOLE:
        for slug, most in _mosts(bounds):
            if stakes[slug] > most:
                shown = up(Fraction(most) / at_books[slug][1])
                raise Declined(Reason.STAKE_EXCEEDS_LIMIT, f"{spec.stake:.2f} {spec.currency} > {shown} {spec.currency}")


def _mosts(bounds: dict[str, Limits]) -> Iterator[tuple[str, Decimal]]:
    for slug, bound in bounds.items():
        if bound.most is not None:
            yield slug, bound.most
