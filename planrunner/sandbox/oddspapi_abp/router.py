"""The loop that turns orders into bets: it tries, waits for bookmakers to decide, tries again, until the order ends.

An order sleeps until something can be different: a bookmaker looks at its odds again, is back, or somebody changes something.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planrunner.matching.routing import COIN, Mode, Offer, Part, coins, is_dust, next_parts
from planrunner.model.market import MarketStatus
from planrunner.sandbox.board import NEVER
from planrunner.sandbox.faults import Trouble
from planrunner.sandbox.oddspapi_abp.accounts import Account
from planrunner.sandbox.oddspapi_abp.checks import limits
from planrunner.sandbox.oddspapi_abp.desk import Decide, Desk, Expire, Try
from planrunner.sandbox.oddspapi_abp.orders import STANDS, ZERO, Bet, BetStatus, Order, OrderStatus, Spec
from planrunner.sandbox.oddspapi_abp.quotes import Turn
from planrunner.sandbox.oddspapi_abp.reactions import promise
from planrunner.sandbox.oddspapi_abp.views import account_view, bet_view, order_view
from planrunner.sandbox.scenario import SECOND

FIRST_TRY = 50
PROMISED = "promised"
# A bookmaker that is down is given up after this long.
NO_ANSWER = 2 * SECOND
TURN_LASTS = 60 * SECOND
DROP = Decimal("0.9")


def enter(desk: Desk, order: Order, at: int) -> None:
    """Take an order that passed every check."""
    desk.orders[order.id] = order
    desk.by_uuid.setdefault((order.client, order.spec.uuid), []).append(order)
    desk.on_board.setdefault(order.outcome.board.terms.id, []).append(order)
    desk.world.wake(order.outcome.board)
    desk.hub.tell("orders", "INSERT", order_view(desk, order), at, order.client)
    desk.agenda.add(order.spec.expires, Expire(order))
    if order.spec.test:
        return
    spec = order.spec
    desk.write(
        "bet", at, bet=str(order.id), owner=order.client, market=spec.fixture, selection=spec.outcome, player=spec.player,
        side="back" if spec.back else "lay", odds=str(spec.price), size=str(spec.stake), currency=spec.currency,
        persistence="lapse", fill_or_kill=order.mode is Mode.WHOLE, ref=spec.uuid,
    )  # fmt: skip
    order.promise = promise(desk, order, at)
    try_at(desk, order, at + FIRST_TRY)
    board = order.outcome.board
    for due in board.on_first_order:
        board.agenda.add(at + due.moment.delay, due.happening)
    board.on_first_order = ()


def try_at(desk: Desk, order: Order, at: int) -> None:
    if not order.ended and (order.tries_at is None or at < order.tries_at):
        order.tries_at = at
        desk.agenda.add(at, Try(order))


def look(desk: Desk, order: Order, at: int) -> None:
    """Send what can be sent now, or sleep."""
    if order.ended or order.tries_at != at:
        return
    order.tries_at = None
    if order.on_the_way:
        return
    if not desk.is_open(order.outcome, at):
        if order.outcome.board.status is MarketStatus.CLOSED:
            _end(desk, order, OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.REJECTED, "lapse", at)
        return  # a market that opens again wakes it
    offers = {found.offer.book: found for found in _offers(desk, order, at)}
    parts = next_parts(order.wanted, order.routed, [found.offer for found in offers.values()])
    for part in parts:
        _send(desk, order, part, offers[part.book], at)
    if parts:
        if not order.filled:
            _change(desk, order, OrderStatus.PROCESSING, at)
    else:
        order.tried = True
        _sleep(desk, order, at)


def decide(desk: Desk, bet: Bet, at: int) -> None:
    """The bookmaker's answer."""
    order, book = bet.order, bet.part.book
    status = bet.fails or (BetStatus.CONFIRMED if desk.is_open(order.outcome, at) else BetStatus.REJECTED)
    bet.status, bet.updated = status, at
    if status is BetStatus.FAILED:
        desk.breaker(book).failed(at)
    else:
        desk.breaker(book).worked()
    if status is BetStatus.CONFIRMED:
        paid = {"paid": str(bet.part.placed), "currency": bet.currency, "at_bookmaker": book}
        desk.write("fill", at, bet=str(order.id), id=str(bet.id), odds=str(bet.part.price), size=str(bet.stake), **paid)
        _after_fill(desk, order, at)
    else:
        order.shunned[book] = bet.stamp
        _take(desk, bet, -1)
        move(desk, bet, at_risk(order.spec, bet.part), at)
    desk.hub.tell("bets", "UPDATE", bet_view(bet), at, order.client)
    _after(desk, order, at)


def expire(desk: Desk, order: Order, at: int) -> None:
    if not order.ended:
        _end(desk, order, OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.EXPIRED, "lapse", at)


def cancel(desk: Desk, order: Order, at: int) -> bool:
    """The loop stops; a bet that is on its way is not called back."""
    if not order.is_cancellable:
        return False
    _end(desk, order, OrderStatus.CANCELLED, "cancel", at)
    return True


def try_all(desk: Desk, at: int) -> None:
    """Something is different: whoever sleeps looks again."""
    for market in desk.on_board:
        try_market(desk, market, at)


def try_market(desk: Desk, market: str, at: int) -> None:
    for order in desk.on_board[market]:
        if not order.spec.test:
            try_at(desk, order, at + 1)


def at_risk(spec: Spec, part: Part) -> Decimal:
    """What a bet may lose: its stake, or a layer's liability."""
    return part.placed if spec.back else part.placed * (part.price - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An offer for an order. `room` is what the bookmaker really takes, whatever the limits say."""

    offer: Offer
    stamp: str
    account: Account
    room: Decimal


def _offers(desk: Desk, order: Order, at: int) -> list[Found]:
    """Highest priority first: it decides between equal odds."""
    found: list[Found] = []
    for slug in order.books:
        account = desk.account(order, slug)
        if slug not in desk.books or account is None or not _is_up(desk, slug, at):
            continue
        book, rate = desk.books[slug], desk.rates.between(order.spec.currency, account.currency)
        if rate is None:
            continue
        best = _best(desk, order, slug, at)
        if best is None or not order.wanted.clears(best[0]):
            best = _promised(order, rate, [one.stamp for one in found], at) or best
        if best is None or order.shunned.get(slug) == best[2]:
            continue
        price, room, stamp = best
        bound = limits(book, account, room)
        most = room if bound.most is None else bound.most
        offer = Offer(book=slug, price=price, most=most, least=bound.least, rate=rate, splits=account.multi_limit)
        found.append(Found(offer=offer, stamp=stamp, account=account, room=room))
    return sorted(found, key=lambda one: -one.account.priority)


def _best(desk: Desk, order: Order, slug: str, at: int) -> tuple[Decimal, Decimal, str] | None:
    """Odds, room and look. In a world in which nobody takes our orders, odds that drift by the seed don't either."""
    shown = desk.quotes.shown(desk.books[slug], order.outcome, at, back=order.spec.back)
    if not shown.levels or (shown.drifts and not order.outcome.board.others.take_ours):
        return None
    return (*shown.levels[0], shown.stamp)


def _promised(order: Order, rate: Fraction, stamps: list[str], at: int) -> tuple[Decimal, Decimal, str] | None:
    """One bookmaker keeps the promise, the first that has nothing better."""
    promise = order.promise
    if promise is None or at < promise.since or promise.left <= 0 or PROMISED in stamps:
        return None
    return order.spec.price, coins(Fraction(promise.left), rate), PROMISED


def _is_up(desk: Desk, slug: str, at: int) -> bool:
    emergency = desk.emergencies.active(None, at) or desk.emergencies.active(slug, at)
    return not emergency and desk.breaker(slug).lets(at)


def _take(desk: Desk, bet: Bet, times: int) -> None:
    """A bet takes what it was offered, or (-1) gives it back."""
    order = bet.order
    if bet.stamp == PROMISED and order.promise is not None:
        order.promise.left -= times * bet.stake
    else:
        desk.quotes.take(desk.books[bet.part.book], order.outcome, bet.stamp, times * bet.part.placed, back=order.spec.back)


def _send(desk: Desk, order: Order, part: Part, to: Found, at: int) -> None:
    offer, account = to.offer, to.account
    bet = Bet(
        id=next(desk.bet_ids), order=order, username=account.username, currency=account.currency, rate=offer.rate, part=part,
        number="", placed_at=at, updated=at, stamp=to.stamp,
    )  # fmt: skip
    bet.number = str(77_000_000 + bet.id)
    latency = _fate(desk, bet, to, at)
    desk.bets[bet.id] = bet
    order.bets.append(bet)
    _take(desk, bet, 1)
    desk.breaker(part.book).sent(at)
    desk.hub.tell("bets", "INSERT", bet_view(bet), at, order.client)
    bet.status = BetStatus.PLACED
    desk.hub.tell("bets", "UPDATE", bet_view(bet), at, order.client)
    move(desk, bet, -at_risk(order.spec, part), at)
    desk.agenda.add(at + latency, Decide(bet))


def _fate(desk: Desk, bet: Bet, to: Found, at: int) -> int:
    """How long the bookmaker takes; and what it will say if not yes."""
    order, part = bet.order, bet.part
    book = desk.books[part.book]
    struck = desk.strike_bookmaker(part.book)
    if struck is None and not order.bets:
        struck = order.struck
    dice = random.Random(f"{desk.world.seed} rejects {bet.id}")  # noqa: S311 - dice of a rehearsal, not a secret
    if desk.is_down(part.book, at) or (struck and struck.trouble in (Trouble.BET_FAILED, Trouble.HTTP_500)):
        bet.fails = BetStatus.FAILED
        return NO_ANSWER
    costs = at_risk(order.spec, part)
    if (
        (struck and struck.trouble is Trouble.BET_REJECTED)
        or part.placed > to.room
        or costs > to.account.balance + to.account.credit
        or dice.randrange(100) < book.rejects
    ):
        bet.fails = BetStatus.REJECTED
    late = struck is not None and struck.trouble in (Trouble.BET_CONFIRMED_LATE, Trouble.REPLY_DELAYED)
    return struck.seconds * SECOND if struck is not None and late else book.latency


def move(desk: Desk, bet: Bet, amount: Decimal, at: int) -> None:
    """Money comes to the account of a bet, or (below 0) leaves it."""
    account = desk.accounts.find(bet.order.client, bet.part.book, bet.username)
    if account is None:
        return
    account.balance += amount
    account.updated = at
    desk.hub.tell("balance", "UPDATE", account_view(desk, account), at, account.client)


def _after_fill(desk: Desk, order: Order, at: int) -> None:
    """What a fault has in store once a first bet stands."""
    trouble = order.struck.trouble if order.struck else None
    if trouble in (Trouble.ODDS_DROP, Trouble.LIMITS_SHRINK) and sum(bet.status in STANDS for bet in order.bets) == 1:
        odds = DROP if trouble is Trouble.ODDS_DROP else ZERO
        desk.quotes.turns.append(Turn(outcome=order.outcome.key, since=at, until=at + TURN_LASTS, odds=odds))


def _after(desk: Desk, order: Order, at: int) -> None:
    """A bet is decided: where does its order stand now, also one that ended before."""
    left = Fraction(order.wanted.stake) - order.routed.stake
    rates = [bet.rate for bet in order.bets if bet.status in STANDS]
    is_whole = bool(rates) and is_dust(left, min(rates))
    if order.ended:
        status = OrderStatus.FILLED if is_whole and order.status is OrderStatus.PARTIALLY_FILLED else order.status
        _change(desk, order, status, at)
        _give_up(desk, order, "cancel" if order.status is OrderStatus.CANCELLED else "lapse", at)
    elif is_whole:
        _end(desk, order, OrderStatus.FILLED, "lapse", at)
    else:
        _change(desk, order, OrderStatus.PARTIALLY_FILLED if order.filled else _underway(order), at)
        if not order.on_the_way:
            try_at(desk, order, at + FIRST_TRY)


def _underway(order: Order) -> OrderStatus:
    return OrderStatus.PROCESSING if order.on_the_way else OrderStatus.PENDING


def _end(desk: Desk, order: Order, status: OrderStatus, how: str, at: int) -> None:
    order.ended = True
    _change(desk, order, status, at)
    _give_up(desk, order, how, at)


def _give_up(desk: Desk, order: Order, how: str, at: int) -> None:
    """What will not be bet any more goes to the log; what is on its way may still be."""
    if order.spec.test:
        return
    gone = order.remaining - sum((bet.stake for bet in order.on_the_way), ZERO) - order.given_up
    if gone >= COIN:
        desk.write(how, at, bet=str(order.id), size=str(gone))
        order.given_up += gone


def _change(desk: Desk, order: Order, status: OrderStatus, at: int) -> None:
    """Listeners hear of every change; where the status is another one too, by the word for that."""
    is_new, order.status, order.updated = order.status is not status, status, at
    event = ("STATUS_CHANGE" if desk.legacy else "STATUS") if is_new else "UPDATE"
    desk.hub.tell("orders", event, order_view(desk, order), at, order.client)


def _sleep(desk: Desk, order: Order, at: int) -> None:
    """Until a bookmaker's next look or return, on the beat of the loop."""
    moments = [desk.quotes.shown(desk.books[slug], order.outcome, at, back=order.spec.back).until for slug in order.books]
    moments += [when for slug in order.books if (when := desk.breaker(slug).changes_at()) is not None]
    moments += [order.promise.since] if order.promise is not None else []
    ends = [when for when in desk.emergencies.changes() if when > at]
    moment = min((when for when in (*moments, *ends) if when > at), default=NEVER)
    beat = desk.script.retry
    if moment < order.spec.expires:
        try_at(desk, order, order.created + -(-(moment - order.created) // beat) * beat)
