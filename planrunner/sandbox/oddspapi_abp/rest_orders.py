"""Orders, bets and the betslip over REST."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Protocol, TypeVar

from planrunner.sandbox.bookmakers import Key
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp.asking import specs
from planrunner.sandbox.oddspapi_abp.checks import limits
from planrunner.sandbox.oddspapi_abp.errors import Wrong, all_seen, detail
from planrunner.sandbox.oddspapi_abp.ids import Outcome
from planrunner.sandbox.oddspapi_abp.orders import ON_THE_WAY, Order, Spec
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.oddspapi_abp.views import bet_view, currency_info, fixture_info, order_view, outcome_info
from planrunner.sandbox.oddspapi_abp.wire import Json, loads
from planrunner.sandbox.scenario import SECOND

PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, let in. `query` has each parameter's last value, `path` the parts of the path that stand for something."""

    abp: Abp
    key: Key
    at: int
    query: dict[str, str]
    path: dict[str, str]
    content: bytes
    struck: Fault | None = None

    @property
    def client(self) -> str:
        return self.key.name

    def body(self) -> dict[str, Json]:
        """Raises Wrong."""
        try:
            body = loads(self.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise detail(400, "Invalid JSON body")
        return body


async def place(asked: Asked) -> Json:
    abp, legacy = asked.abp, asked.abp.desk.legacy
    wanted = specs(asked.content, asked.at, legacy=legacy)
    if asked.struck is not None and asked.struck.trouble is Trouble.TIMEOUT_LANDS_LATER:
        abp.place_later(asked.client, asked.key.bookmakers, wanted, asked.at + asked.struck.seconds * SECOND)
        return {}  # nobody hears it
    placed = abp.place(asked.client, asked.key.bookmakers, wanted, asked.struck, asked.at)
    if len(placed.seen) == len(wanted):
        raise all_seen(placed.seen, placed.working)
    if asked.struck is not None and asked.struck.trouble is Trouble.STILL_IN_PROGRESS:
        raise all_seen([spec.uuid for spec in wanted], [spec.uuid for spec in wanted])
    await abp.wait(lambda: all(_is_decided(order) for order in placed.accepted), abp.desk.sync_wait)
    status = "partial-success" if placed.accepted and placed.declined else "accepted" if placed.accepted else "declined"
    if not placed.accepted and not placed.declined:
        status = "accepted"
    return {
        "status": status,
        "acceptedOrders": [order_view(abp.desk, order) for order in placed.accepted],
        "declinedOrders": [_declined(spec, reason) for spec, reason in placed.declined],
    }


def _is_decided(order: Order) -> bool:
    """Whether a first result is there: a bookmaker's answer, an end, or that there is nothing to take for now."""
    first = order.tried or any(bet.status not in ON_THE_WAY for bet in order.bets)
    return first or order.ended or order.spec.test


def _declined(spec: Spec, reason: str) -> Json:
    return {
        "requestUuid": spec.uuid, "fixtureId": spec.fixture, "outcomeId": spec.outcome, "playerId": spec.player,
        "orderStake": spec.stake, "orderPrice": spec.price, "declineReason": reason,
    }  # fmt: skip


async def cancel(asked: Asked) -> Json:
    body = asked.body()
    ids, uuids, ref = body.get("orderIds") or [], body.get("requestUuids") or [], body.get("userRef")
    if not isinstance(ids, list) or not isinstance(uuids, list) or not (ids or uuids or ref):
        raise detail(400, "At least one of orderIds, requestUuids, userRef is required")
    found = _orders(asked, [str(one) for one in ids], [str(one) for one in uuids], ref)
    too_late = asked.struck is not None and asked.struck.trouble is Trouble.LEG_FAILED
    cancelled, others = asked.abp.cancel([] if too_late else found, asked.at)
    others = found if too_late else others
    view = asked.abp.desk
    return {
        "status": "cancelled",
        "cancelledCount": len(cancelled),
        "cancelled": [order_view(view, order) for order in cancelled],
        "notCancelled": {"reason": "Order not cancellable", "orders": [order_view(view, order) for order in others]},
    }


async def orders(asked: Asked) -> Json:
    """Newest first. An older generation answered the bare list."""
    ids, uuids, ref = _list(asked, "orderIds"), _list(asked, "requestUuids"), asked.query.get("userRef")
    if not (ids or uuids or ref):
        raise detail(400, "At least one of orderIds, requestUuids, userRef is required")
    found, more = _page(_orders(asked, ids, uuids, ref), asked, "afterOrderId")
    rows = [order_view(asked.abp.desk, order) for order in found]
    if asked.abp.desk.legacy:
        return rows
    return {"orders": rows, "hasMore": more, "nextCursor": found[-1].id if more else None}


async def bets(asked: Asked) -> Json:
    ids, order_ids, ref = _list(asked, "betIds"), _list(asked, "orderIds"), asked.query.get("userRef")
    if not (ids or order_ids or ref):
        raise detail(400, "At least one of betIds, orderIds, userRef is required")
    wanted = {bet.id: bet for order in _orders(asked, order_ids, (), ref) for bet in order.bets}
    for number in ids:
        one = asked.abp.desk.bets.get(_id(number))
        if one is not None and one.order.client == asked.client:
            wanted[one.id] = one
    found, more = _page(wanted.values(), asked, "afterBetId")
    rows = [bet_view(bet) for bet in found]
    if asked.abp.desk.legacy:
        return rows
    return {"bets": rows, "hasMore": more, "nextCursor": found[-1].id if more else None}


async def bet(asked: Asked) -> Json:
    number = asked.path["bet_id"]
    found = asked.abp.desk.bets.get(_id(number))
    if found is None:
        raise detail(404, "Bet not found")
    if found.order.client != asked.client:
        raise detail(403, "Bet does not belong to this client")
    return bet_view(found)


async def betslip(asked: Asked) -> Json:
    fixture, outcome, player = (asked.query.get(name) for name in ("fixtureId", "outcomeId", "playerId"))
    if fixture is None or outcome is None or player is None or not _is_id(outcome) or not _is_id(player):
        raise detail(400, "fixtureId, outcomeId and playerId are required")
    found = asked.abp.desk.catalogue.outcome(fixture, int(outcome))
    nested = {} if found is None or int(player) else _odds(asked, found)
    if found is None or not nested:
        raise detail(404, "No odds found for given parameters")
    odds = {book: next(iter(by_key.values())) for book, by_key in nested.items()} if asked.abp.desk.legacy else nested
    if asked.abp.desk.legacy:
        return odds
    return {
        "fixtureId": fixture, "outcomeId": int(outcome), "playerId": int(player), "client": asked.client,
        "fixtureInfo": fixture_info(found), "outcomeInfo": outcome_info(found), "playerInfo": None, "odds": odds,
    }  # fmt: skip


def _odds(asked: Asked, outcome: Outcome) -> dict[str, dict[str, Json]]:
    """By bookmaker and market key; limits are cascaded already."""
    desk, found = asked.abp.desk, {}
    is_open = desk.is_open(outcome, asked.at)
    for slug, book in desk.books.items():
        account = desk.accounts.used(asked.client, slug)
        shown = desk.quotes.shown(book, outcome, asked.at)
        if account is None or not shown.levels or (asked.key.bookmakers and slug not in asked.key.bookmakers):
            continue
        price, room = shown.levels[0]
        bound = limits(book, account, room)
        most, currency = room if bound.most is None else bound.most, account.currency
        key = f"{outcome.fixture_id}:{slug}:{outcome.outcome_id}:0"
        lays = desk.quotes.shown(book, outcome, asked.at, back=False).levels
        found[slug] = {key: {
            "price": price, "limit": most, "limitMin": bound.least, "limitCurrency": currency,
            "limitUsd": desk.rates.in_usd(most, currency), "limitMinUsd": desk.rates.in_usd(bound.least, currency),
            "active": is_open and desk.breaker(slug).lets(asked.at), "account": account.username,
            "currencyInfo": currency_info(desk, currency), "bookmakerFixtureId": outcome.board.terms.fixture.id,
            "bookmakerMarketId": outcome.board.terms.id, "bookmakerOutcomeId": str(outcome.runner.id),
            "meta": {"back": _ladder(shown.levels), "lay": _ladder(lays)} if book.lays else None,
        }}  # fmt: skip
    return found


def _ladder(levels: Sequence[tuple[Decimal, Decimal]]) -> Json:
    return [{"price": price, "size": size} for price, size in levels]


def _id(text: str) -> int:
    """0, which nothing has, where it can be no id."""
    return int(text) if _is_id(text) else 0


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 20


def _list(asked: Asked, name: str) -> list[str]:
    return [one.strip() for one in asked.query.get(name, "").split(",") if one.strip()]


def _orders(asked: Asked, ids: Iterable[str], uuids: Iterable[str], ref: str | None) -> list[Order]:
    """A client's orders that any of the filters fits; others' are as if they were not there."""
    desk, found = asked.abp.desk, {}
    for number in ids:
        order = desk.orders.get(_id(number))
        if order is not None and order.client == asked.client:
            found[order.id] = order
    for uuid in uuids:
        found.update({order.id: order for order in desk.by_uuid.get((asked.client, uuid), ())})
    if ref:
        mine = (order for order in desk.orders.values() if order.client == asked.client)
        found.update({order.id: order for order in mine if order.spec.user_ref == ref})
    return list(found.values())


class _Numbered(Protocol):
    id: int


N = TypeVar("N", bound=_Numbered)


def _page(found: Iterable[N], asked: Asked, cursor: str) -> tuple[list[N], bool]:
    """Highest number first, after the cursor; and whether there are more."""
    after, size = asked.query.get(cursor), asked.query.get("limit", str(PAGE))
    if (after is not None and not _is_id(after)) or not _is_id(size) or not 1 <= int(size) <= PAGE:
        raise Wrong(
            422, {"detail": [{"loc": ["query", cursor], "msg": "Input should be a valid integer", "type": "int_parsing"}]}
        )
    rows = sorted(found, key=lambda one: -one.id)
    left = [one for one in rows if after is None or one.id < int(after)]
    return list(islice(left, int(size))), len(left) > int(size)
