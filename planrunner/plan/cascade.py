"""The cascade of limits: everything that bounds a plan, from the order's own cap to the site's, and how much of each it uses.

The narrowest comes first: order, plan, account, site; then the venue's own terms. A plan can only tighten what the site says:
every limit holds by itself, whatever the others are. What other runs hold at the moment is not known here; the ledger adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from typing import Protocol

from planrunner.model.account import Account, AccountLimits, Site, SiteLimits
from planrunner.model.exposure import liability, most_markets, placed_by, worst_loss
from planrunner.model.money import Money, smallest_unit, zero
from planrunner.model.names import plain
from planrunner.model.odds import Side
from planrunner.model.plan import At, AtTime, BeforeStart, LimitOrder, Now, PlaceWhen, Plan, Target
from planrunner.model.pools import Leg, Pool
from planrunner.model.profile import VenueProfile
from planrunner.plan.moments import since_midnight

MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Level(StrEnum):
    """Whose limit it is."""

    ORDER = "order"
    PLAN = "plan"
    ACCOUNT = "account"
    SITE = "site"
    VENUE = "venue"


class Measure(StrEnum):
    """What a limit counts."""

    STAKE = "stake"
    LOSS = "loss"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one order, or one bet in a pool, takes of the limits in one market. `times`: in how many markets it may be placed.
    `account` and `place` are None where the plan says them wrong. A bet in a pool loses its stake as a back does; it is placed
    before the first race of its ticket, which `start` tells. `is_moved`: it is what is left of an order on another account, so
    wherever the order itself counts, it counts no second time."""

    order: str
    account: Account | None
    market: tuple[str, ...]
    side: Side
    stake: Money
    loss: Money
    place: PlaceWhen | None
    times: int = 1
    start: tuple[str, ...] = ()
    in_pool: bool = False
    is_moved: bool = False


class MeetingDay(Protocol):
    """Where a ticket is placed, whether it is finished or still a draft."""

    @property
    def meeting(self) -> str | None: ...
    @property
    def on(self) -> date | None: ...
    @property
    def today(self) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One limit, and how much of it the plan uses by itself.

    `name` is the limit's key, `of` whose it is (an order, an account, a venue's title; empty for plan and site). `market` says
    which market, where the limit is for one. `written` is where it stands (`planrunner.yaml:9`); empty: in the plan itself, or in
    the venue's terms. `is_least`: it is a minimum. `shares` are the orders that count.
    """

    name: str
    level: Level
    of: str
    limit: Money | int
    used: Money | int
    measure: Measure
    shares: tuple[Share, ...]
    market: str = ""
    written: str = ""
    is_least: bool = False
    is_of_one: bool = False  # of one order or one market: a plan over several markets has it in each

    @property
    def left(self) -> Money | int:
        """What is still free; below zero where the plan goes past it."""
        most, used = (self.used, self.limit) if self.is_least else (self.limit, self.used)
        if isinstance(most, int):
            assert isinstance(used, int)
            return most - used
        assert isinstance(used, Money)
        return most - used

    @property
    def is_exceeded(self) -> bool:
        return amount_of(self.left) < 0


def amount_of(figure: Money | int) -> Decimal:
    return Decimal(figure) if isinstance(figure, int) else figure.amount


def share_in(bound: Bound, share: Share) -> Money:
    """What an order adds to the figure, in one market."""
    return share.stake if bound.measure is Measure.STAKE else share.loss


def largest(bound: Bound) -> Share:
    """The order that adds most; of equal ones the first."""
    return max(bound.shares, key=lambda share: share_in(bound, share).amount)


def down_to(bound: Bound) -> Money | None:
    """What the largest order may be for the limit to hold; None where that alone is not enough."""
    share = largest(bound)
    most, currency = share_in(bound, share).amount, share.stake.currency
    times = 1 if bound.is_of_one else share.times
    less = (-amount_of(bound.left) / times).quantize(smallest_unit(currency), rounding=ROUND_UP)
    return Money(amount=most - less, currency=currency) if most > less else None


def cascade(plan: Plan, site: Site, profiles: Mapping[str, VenueProfile]) -> tuple[Bound, ...]:
    """Every limit of a checked plan. Of a limit that is for each order, or each market, the one nearest to it."""
    times = most_markets(plan)
    shares = [_share(order, site, times) for order in plan.orders]
    moved = [moved_share(share, site.accounts[move.account], move.target)
             for order, share in zip(plan.orders, shares, strict=True) if (move := order.move) is not None]  # fmt: skip
    of_orders = len(shares)
    shares += [pool_share(bet.name, ticket, bet.pool, bet.legs, bet.stake, site.accounts[ticket.account], bet.place)
               for ticket in plan.tickets for bet in ticket.bets]  # fmt: skip
    found = [
        *_order_bounds(plan, shares[:of_orders]),
        *plan_bounds(shares, {"max_loss": plan.limits.max_loss, "max_stake": plan.limits.max_stake}),
        *plan_market_bounds([*shares, *moved], plan.limits.max_exposure_per_market),
        *_max_orders(plan, shares),
        *account_bounds([*shares, *moved], site),
        *site_bounds([*shares, *moved], site),
        *_venue_bounds(plan, shares[:of_orders], site, profiles),
    ]
    return tuple(_nearest(found))


def market_words(target: Target | None) -> tuple[str, ...]:
    """What an order is on, as far as the plan's words tell markets apart."""
    if target is None:
        return ("",)
    if target.market_id is not None:
        return (target.market_id,)
    when = "today" if target.today else str(target.on or "")
    names = (target.event or target.event_id or "", when, target.race or "", target.market or "")
    return tuple(" ".join(name.split()) for name in names)


def moved_share(share: Share, account: Account, target: Target) -> Share:
    """What all of an order is where it may be moved to; when it is placed there, nobody knows beforehand."""
    return replace(share, account=account, market=market_words(target), place=None, is_moved=True)


def pool_share(
    name: str,
    ticket: MeetingDay,
    pool: Pool,
    legs: Sequence[Leg],
    stake: Money,
    account: Account | None,
    place: PlaceWhen | None,
) -> Share:
    """Of a bet of a ticket: each pool is a market of its own."""
    when = "today" if ticket.today else str(ticket.on or "")
    races = [leg.race for leg in legs]
    what = f"{pool.value} of {_told_race(races[0])}" if len(races) == 1 else pool.value
    meeting = " ".join((ticket.meeting or "").split())
    market = (meeting, when, " ".join(races), what)
    start = (meeting, when, races[0]) if races else ()
    return Share(
        order=name,
        account=account,
        market=market,
        side=Side.BACK,
        stake=stake,
        loss=stake,
        place=place,
        start=start,
        in_pool=True,
    )


def _told_race(race: str) -> str:
    return f"the {race} race" if ":" in race else f"race {race}"


def told_market(market: tuple[str, ...]) -> str:
    """`Match Odds of Arsenal v Chelsea`; of a plan over a catalogue `each market`."""
    if not any(market):
        return "each market"
    return f"{market[-1]} of {market[0]}" if len(market) > 1 else market[0]


# Each level


def plan_bounds(shares: Sequence[Share], limits: Mapping[str, Money | None]) -> Iterator[Bound]:
    """`max_loss` and `max_stake` of a plan."""
    for name, measure in (("max_loss", Measure.LOSS), ("max_stake", Measure.STAKE)):
        if (limit := limits.get(name)) is not None:
            yield _sum(name, Level.PLAN, "", limit, measure, shares)


def plan_market_bounds(shares: Sequence[Share], limit: Money | None) -> Iterator[Bound]:
    if limit is not None:
        yield from _per_market(Level.PLAN, "", limit, shares, by=lambda share: share.account.name if share.account else "")


def account_bounds(shares: Sequence[Share], site: Site) -> Iterator[Bound]:
    """The limits of each account that the plan uses, over the orders that go there."""
    for account in {share.account.name: share.account for share in shares if share.account}.values():
        mine = [share for share in shares if share.account == account]
        path = f"accounts.{account.name}.limits"
        yield from _common(account.limits, Level.ACCOUNT, account.name, mine, site, path)
        if (limit := account.limits.max_loss_per_day) is not None:
            written = site.place(f"{path}.max_loss_per_day")
            yield _sum("max_loss_per_day", Level.ACCOUNT, account.name, limit, Measure.LOSS, mine, written)
        if (most := account.limits.max_orders_per_minute) is not None:
            together = most_in_a_minute(mine)
            yield Bound(
                name="max_orders_per_minute", level=Level.ACCOUNT, of=account.name, limit=most,
                used=sum(share.times for share in together), measure=Measure.ORDERS, shares=tuple(together),
                written=site.place(f"{path}.max_orders_per_minute"),
            )  # fmt: skip


def site_bounds(shares: Sequence[Share], site: Site) -> Iterator[Bound]:
    """The limits over all accounts; each is for the accounts in its own currency."""
    yield from _common(site.limits, Level.SITE, "", shares, site, "limits")


def most_in_a_minute(shares: Sequence[Share]) -> list[Share]:
    """The most orders that the plan places within one minute, as far as its own words say when."""
    groups: dict[tuple[str, ...], list[tuple[timedelta, Share]]] = {}
    for share in shares:
        clock, at = _moment(share)
        groups.setdefault(clock, []).append((at, share))
    return max((_densest(group) for group in groups.values()), key=_placements, default=[])


def _moment(share: Share) -> tuple[tuple[str, ...], timedelta]:
    """What an order waits for, and when that is: only times of the same clock can be compared."""
    match share.place:
        case At(at=at):
            return ("at",), at - _EPOCH
        case AtTime():
            return ("at", "on the day of the run"), since_midnight(share.place)
        case BeforeStart(delay=delay):
            return ("start", *(share.start or share.market[:3])), -delay
        case Now():
            return ("now",), timedelta(0)
        case None:
            return ("unknown", share.order), timedelta(0)


def _densest(group: list[tuple[timedelta, Share]]) -> list[Share]:
    group.sort(key=lambda each: each[0])
    best, first = (0, 0), 0
    for last, (at, _) in enumerate(group):
        while at - group[first][0] >= MINUTE:
            first += 1
        best = max(best, (first, last + 1), key=lambda window: window[1] - window[0])
    return [share for _, share in group[best[0] : best[1]]]


def _placements(shares: Iterable[Share]) -> int:
    """Those that wait for a start come market by market, each at its own."""
    return sum(1 if isinstance(share.place, BeforeStart) else share.times for share in shares)


def _common(
    limits: AccountLimits | SiteLimits, level: Level, of: str, shares: Sequence[Share], site: Site, path: str
) -> Iterator[Bound]:
    """What accounts and the site have alike. A limit of another currency than the plan's says nothing about it."""
    mine = {"max_stake_per_order": limits.max_stake_per_order, "max_open_exposure": limits.max_open_exposure,
            "max_exposure_per_market": limits.max_exposure_per_market}  # fmt: skip
    currency = shares[0].loss.currency if shares else ""
    for name, limit in mine.items():
        written = site.place(f"{path}.{name}")
        if limit is None or limit.currency != currency:
            continue
        if name == "max_stake_per_order":
            for share in _each_once(shares):
                yield Bound(
                    name=name, level=level, of=of, limit=limit, used=share.stake, measure=Measure.STAKE, shares=(share,),
                    written=written, is_of_one=True,
                )  # fmt: skip
        elif name == "max_open_exposure":
            yield _sum(name, level, of, limit, Measure.LOSS, _each_once(shares), written)
        else:
            yield from _per_market(
                level, of, limit, shares, by=lambda share: share.account.venue if share.account else "", written=written
            )


def _sum(name: str, level: Level, of: str, limit: Money, measure: Measure, shares: Sequence[Share], written: str = "") -> Bound:
    none = zero(limit.currency)
    parts = [_times(share.stake if measure is Measure.STAKE else share.loss, share.times) for share in shares]
    return Bound(
        name=name, level=level, of=of, limit=limit, used=sum(parts, none), measure=measure, shares=tuple(shares), written=written
    )


def _per_market(
    level: Level, of: str, limit: Money, shares: Sequence[Share], *, by: Callable[[Share], str], written: str = ""
) -> Iterator[Bound]:
    """`by` says within what markets are told apart: two venues never have the same one."""
    markets: dict[tuple[str, ...], list[Share]] = {}
    for share in shares:
        markets.setdefault((by(share), *(plain(word) for word in share.market)), []).append(share)
    for together in map(_each_once, markets.values()):
        yield Bound(
            name="max_exposure_per_market", level=level, of=of, limit=limit,
            used=sum((share.loss for share in together), zero(limit.currency)), measure=Measure.LOSS, shares=tuple(together),
            market=told_market(together[0].market), written=written, is_of_one=True,
        )  # fmt: skip


def _each_once(shares: Sequence[Share]) -> Sequence[Share]:
    """An order and what is moved of it are one stake."""
    if not any(share.is_moved for share in shares):
        return shares
    orders = {share.order for share in shares if not share.is_moved}
    return [share for share in shares if not share.is_moved or share.order not in orders]


def _times(money: Money, times: int) -> Money:
    return Money(amount=money.amount * times, currency=money.currency)


# Only of a whole plan


def _share(order: LimitOrder, site: Site, times: int) -> Share:
    cap = order.liability_at_most
    loss = worst_loss(order.side, order.stake.amount, cap.amount if cap is not None else None)
    assert loss is not None  # the checker saw to it
    return Share(
        order=order.name,
        account=site.accounts[order.account],
        market=market_words(order.target),
        side=order.side,
        stake=order.stake,
        loss=Money(amount=loss, currency=order.stake.currency),
        place=order.place,
        times=times,
    )


def _order_bounds(plan: Plan, shares: Sequence[Share]) -> Iterator[Bound]:
    for order, share in zip(plan.orders, shares, strict=True):
        if order.liability_at_most is not None:
            yield Bound(
                name="liability_at_most", level=Level.ORDER, of=order.name, limit=order.liability_at_most,
                used=liability(order), measure=Measure.LOSS, shares=(share,),
            )  # fmt: skip


def _max_orders(plan: Plan, shares: Sequence[Share]) -> Iterator[Bound]:
    if plan.limits.max_orders is not None:
        used = sum(placed_by(order) * share.times for order, share in zip(plan.orders, shares, strict=False))
        used += sum(share.in_pool for share in shares)
        yield Bound(
            name="max_orders", level=Level.PLAN, of="", limit=plan.limits.max_orders, used=used, measure=Measure.ORDERS,
            shares=tuple(shares),
        )  # fmt: skip


def _venue_bounds(plan: Plan, shares: Sequence[Share], site: Site, profiles: Mapping[str, VenueProfile]) -> Iterator[Bound]:
    """The venue's minimum, also where a remainder is moved to, which may be all of the stake; for a stake below it what stake
    times odds must reach instead."""
    pairs = list(zip(plan.orders, shares, strict=True))
    placed = [(order, share, order.account, order.odds) for order, share in pairs]
    placed += [(order, share, move.account, move.odds) for order, share in pairs if (move := order.move) is not None]
    for order, share, account, odds in placed:
        profile = profiles[site.accounts[account].venue]
        if profile.routes:
            continue  # every bookmaker has its own
        minimum = profile.minimums[order.stake.currency]
        name, least, used = "minimum stake", minimum.stake, order.stake.amount
        if used < least and minimum.payout is not None:
            name, least = "minimum payout", minimum.payout
            ratio = odds.ratio
            used = used * ratio.numerator / ratio.denominator
        yield Bound(
            name=name, level=Level.VENUE, of=profile.title, limit=Money(amount=least, currency=order.stake.currency),
            used=Money(amount=used, currency=order.stake.currency), measure=Measure.STAKE, shares=(share,), is_least=True,
            is_of_one=True,
        )  # fmt: skip


def _nearest(bounds: Iterable[Bound]) -> Iterator[Bound]:
    found: dict[tuple[str, str, str], Bound] = {}
    for bound in bounds:
        key = (bound.name, bound.level.value, bound.of)
        known = found.get(key)
        if known is None or amount_of(bound.left) < amount_of(known.left):
            found[key] = bound
    yield from found.values()
