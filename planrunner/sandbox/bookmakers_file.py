"""The section `bookmakers` of a scenario file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from decimal import Decimal
from typing import Any

from planrunner.sandbox.bookmakers import RATES, USUAL, Book, Bookmaking, HeldAccount, Key, Level, Settles, Shows, Span
from planrunner.sandbox.located import Path
from planrunner.sandbox.scenario import FixtureScript
from planrunner.sandbox.scenario_file import Part, duration, percent

Complain = Callable[[Path, str], None]
SLUGS = tuple(book.slug for book in USUAL.books)


def bookmakers(part: Part, fixtures: tuple[FixtureScript, ...], complain: Complain) -> Bookmaking:
    """Problems are told, and read over."""
    books = tuple(_book(one, fixtures, complain) for one in part.parts("books")) or USUAL.books
    known = {book.slug for book in books}
    for one in part.parts("accounts"):
        if one.text("bookmaker") not in known:
            complain(
                one.at("bookmaker"), f"there is no bookmaker `{one.text('bookmaker')}`; known are {', '.join(sorted(known))}"
            )
    for one in part.parts("settles"):
        _known(one, fixtures, complain)
    rates = {one.text("currency"): Decimal(one.text("per_usd")) for one in part.parts("rates")}
    return Bookmaking(
        books=books,
        accounts=tuple(_account(one) for one in part.parts("accounts")),
        keys=tuple(_key(one) for one in part.parts("keys")),
        rates=rates or RATES,
        emergencies=_spans(part, "emergencies"),
        settles=tuple(_settles(one) for one in part.parts("settles")),
        sync_wait=part.value("answers_within", duration, USUAL.sync_wait),
        retry=part.value("tries_every", duration, USUAL.retry),
        legacy=part.text("generation") == "old",
    )


def _book(part: Part, fixtures: tuple[FixtureScript, ...], complain: Complain) -> Book:
    """What is left out is as at the usual bookmaker of that name."""
    slug = part.text("bookmaker")
    usual = next((book for book in USUAL.books if book.slug == slug), Book(slug=slug))
    given: dict[str, Any] = {
        "currency": part.maybe("currency", str),
        "margin": part.maybe("margin", percent),
        "limit": part.maybe("limit", Decimal),
        "least": part.maybe("least", Decimal),
        "max_stake": part.maybe("max_stake", Decimal),
        "min_stake": part.maybe("min_stake", Decimal),
        "latency": part.maybe("latency", duration),
        "rejects": part.maybe("rejects", lambda text: int(text.removesuffix("%"))),
        "lays": part.maybe("lays", _yes),
        "follows": part.maybe("follows_odds", _yes),
    }
    return Book(
        **{one.name: getattr(usual, one.name) for one in fields(usual)}
        | {name: value for name, value in given.items() if value is not None}
        | {
            "shows": tuple(_shows(one, fixtures, complain) for one in part.parts("offers")),
            "down": _spans(part, "down"),
            "emergencies": _spans(part, "emergencies"),
        }
    )


def _shows(part: Part, fixtures: tuple[FixtureScript, ...], complain: Complain) -> Shows:
    _known(part, fixtures, complain)
    before, after = part.maybe("before_start", duration), part.maybe("after_start", duration)
    at = -before if before is not None else after if after is not None else duration(part.text("at", "0s"))
    return Shows(
        at=at, from_start=before is not None or after is not None, event=part.text("event"), market=part.text("market"),
        selection=part.text("selection"), to_back=tuple(_levels(part, "to_back")), to_lay=tuple(_levels(part, "to_lay")),
    )  # fmt: skip


def _levels(part: Part, key: str) -> Iterator[Level]:
    for text in part.texts(key):
        odds, _, stake = text.partition(" x ")
        yield Decimal(odds), Decimal(stake)


def _known(part: Part, fixtures: tuple[FixtureScript, ...], complain: Complain) -> None:
    """Event, market and selection stand elsewhere in the file."""
    markets = [market for one in fixtures if one.name == part.text("event") for market in one.markets]
    runners = [runner.name for market in markets if market.name == part.text("market") for runner in market.runners]
    for key, names in (
        ("event", [one.name for one in fixtures]), ("market", [market.name for market in markets]), ("selection", runners)
    ):  # fmt: skip
        if part.text(key) not in names:
            complain(part.at(key), f"there is no {key} `{part.text(key)}`; known are {', '.join(dict.fromkeys(names))}")
            return


def _account(part: Part) -> HeldAccount:
    usual = HeldAccount(bookmaker=part.text("bookmaker"))
    return HeldAccount(
        bookmaker=usual.bookmaker,
        username=part.text("username", usual.username),
        client=part.maybe("client", str),
        currency=part.maybe("currency", str),
        balance=part.value("balance", Decimal, usual.balance),
        priority=part.value("priority", int, usual.priority),
        active=part.text("active", "yes") == "yes",
        max_stake=part.maybe("max_stake", Decimal),
        min_stake=part.maybe("min_stake", Decimal),
        multi_limit=part.text("splits", "yes") == "yes",
        verify=part.text("verifies", "no") == "yes",
    )


def _key(part: Part) -> Key:
    return Key(
        key=part.text("key"),
        name=part.text("name"),
        bookmakers=tuple(part.texts("bookmakers")),
        rps=part.value("requests_per_second", int, 100),
        active=part.text("active", "yes") == "yes",
        denied=tuple(part.texts("denied")),
    )


def _settles(part: Part) -> Settles:
    return Settles(
        event=part.text("event"),
        market=part.text("market"),
        selection=part.text("selection"),
        how=part.text("as").upper().replace(" ", "_").replace("-", ""),
        after=part.value("after", duration, 0),
        pays=part.value("pays", percent, Decimal("0.9")),
    )


def _spans(part: Part, key: str) -> tuple[Span, ...]:
    return tuple(Span(at=duration(one.text("at", "0s")), lasts=one.maybe("for", duration)) for one in part.parts(key))


def _yes(text: str) -> bool:
    return text == "yes"
