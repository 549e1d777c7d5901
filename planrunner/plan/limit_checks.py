"""A plan against the cascade of limits. Where one cause goes past several limits, the tightest is told and the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from planrunner.model.account import Account, Site
from planrunner.model.exposure import worst_loss
from planrunner.model.money import Money
from planrunner.model.odds import Side
from planrunner.model.pools import lines
from planrunner.model.profile import VenueProfile
from planrunner.plan import cascade
from planrunner.plan.cascade import Bound, Level, Measure, Share, amount_of
from planrunner.plan.decode import Draft, DraftOrder, DraftTicket
from planrunner.plan.hedge_checks import full_stakes
from planrunner.plan.messages import limits as say
from planrunner.plan.nodes import Block, Scalar

_LEVELS = list(Level)


def check_limits(
    plan: Draft, site: Site, accounts: Mapping[str, Account], profiles: Mapping[str, VenueProfile], *, times: int
) -> None:
    """Adds a problem for every limit that is gone past. Sums only where every order is known: one with a hole says nothing.

    `times`: in how many markets the orders may be placed.
    """
    known = [(order, share) for order in plan.orders if (share := _share(order, accounts, times)) is not None]
    bets = [one for ticket in plan.tickets for one in _bets(ticket, accounts)]
    shares = [share for _, share in (*known, *bets)]
    moved = list(_moved(plan, known, accounts)) if plan.moves else []
    told = _Told(plan, [*known, *moved], bets, profiles)
    everywhere = [*shares, *(share for _, share in moved)]
    bounds = [*cascade.account_bounds(everywhere, site), *cascade.site_bounds(everywhere, site)]
    if plan.is_whole and all(at_risk(order) is not None for order in plan.orders) and all(map(_is_known, plan.tickets)):
        bounds = [*cascade.plan_bounds(shares, plan.amounts), *_plan_market(plan, everywhere), *bounds]
    else:
        bounds = [bound for bound in bounds if bound.name == "max_stake_per_order"]
    for bound in tightest((bound for bound in bounds if bound.is_exceeded), told.least):
        told.tell(bound)
    for order, share in known:
        _hedges(plan, order, share, site)


def tightest(exceeded: Iterable[Bound], least: Callable[[Share], Decimal] = lambda _: Decimal(0)) -> list[Bound]:
    """Those that would still be gone past once what the others ask for is done; the narrowest first. `least`: the smallest that
    an order may be."""
    found = _narrowest(exceeded)
    mended: dict[int, list[int]] = {}  # by which of them an order is lowered
    for place, bound in enumerate(found):
        lowered = cascade.down_to(bound) if bound.measure is not Measure.ORDERS else None
        if lowered is not None and lowered.amount >= least(share := cascade.largest(bound)):
            mended.setdefault(id(share), []).append(place)
    return [bound for place, bound in enumerate(found) if not _is_mended(place, found, mended)]


def _is_mended(place: int, found: Sequence[Bound], mended: Mapping[int, Sequence[int]]) -> bool:
    """Does lowering one order for a wider limit do for this one too?"""
    bound = found[place]
    for share in bound.shares:
        for wider in mended.get(id(share), ()):
            if wider > place and _compare([share], found[wider], bound):
                lowered = cascade.down_to(found[wider])
                assert lowered is not None
                less = (cascade.share_in(found[wider], share) - lowered).amount * (1 if bound.is_of_one else share.times)
                if less >= -amount_of(bound.left):
                    return True
    return False


def _narrowest(exceeded: Iterable[Bound]) -> list[Bound]:
    """From the narrowest on those that are still gone past when the ones before are kept."""
    found: list[Bound] = []
    of: dict[int, list[int]] = {}  # which of them a share is in
    for bound in sorted(exceeded, key=lambda each: (len(each.shares), amount_of(each.left), _LEVELS.index(each.level))):
        within = sorted({place for share in bound.shares for place in of.get(id(share), ())}, reverse=True)
        if -amount_of(bound.left) > _relief(bound, [found[place] for place in within]):
            for share in bound.shares:
                of.setdefault(id(share), []).append(len(found))
            found.append(bound)
    return found


def _relief(bound: Bound, told: Iterable[Bound]) -> Decimal:
    """By how much a figure goes down with what was told already, the widest first: what lies within it counts with it."""
    relief, counted = Decimal(0), set[int]()
    mine = {id(share) for share in bound.shares}
    for other in told:
        theirs = {id(share) for share in other.shares}
        if theirs <= mine and not theirs & counted and _compare(other.shares, other, bound):
            counted |= theirs
            times = other.shares[0].times if other.is_of_one and not bound.is_of_one else 1
            relief -= amount_of(other.left) * times
    return relief


def _compare(shares: Iterable[Share], one: Bound, other: Bound) -> bool:
    """A back loses its stake, so less of the one is less of the other; a lay's liability does not follow its stake."""
    if Measure.ORDERS in (one.measure, other.measure):
        return False
    return one.measure is other.measure or all(share.side is Side.BACK for share in shares)


def _share(order: DraftOrder, accounts: Mapping[str, Account], times: int) -> Share | None:
    if order.side is None or order.stake is None:
        return None
    loss = at_risk(order)
    return Share(
        order=order.name or "",
        account=accounts.get(order.account or ""),
        market=cascade.market_words(order.target),
        side=order.side,
        stake=order.stake,
        loss=Money(amount=loss, currency=order.stake.currency) if loss is not None else order.stake,
        place=order.place,
        times=times,
    )


def _moved(
    plan: Draft, known: Sequence[tuple[DraftOrder, Share]], accounts: Mapping[str, Account]
) -> Iterator[tuple[DraftOrder, Share]]:
    """What is left of orders, on the accounts it may be moved to."""
    shares = {id(order): share for order, share in known}
    for order, _, move in plan.moves:
        share, account = shares.get(id(order)), accounts.get(move.account or "")
        if share is not None and account is not None:
            yield order, cascade.moved_share(share, account, move.target)


def _bets(ticket: DraftTicket, accounts: Mapping[str, Account]) -> Iterator[tuple[_Place, Share]]:
    """Of each bet whose cost is known."""
    number, account = 0, accounts.get(ticket.account or "")
    for bet in ticket.bets:
        for pool in bet.pools:
            number += 1
            if bet.unit is not None and bet.legs:
                cost = Money(amount=bet.unit.amount * lines(pool, bet.legs), currency=bet.unit.currency)
                share = cascade.pool_share(f"{ticket.name}/{number}", ticket, pool, bet.legs, cost, account, ticket.place)
                yield _Place(bet.node.scalar("unit_stake"), ticket.node), share


def _is_known(ticket: DraftTicket) -> bool:
    return ticket.is_whole and all(bet.cost is not None for bet in ticket.bets)


def at_risk(order: DraftOrder) -> Decimal | None:
    """The worst loss of an order; None where something it needs is unknown."""
    if order.side is None or order.stake is None:
        return None
    return worst_loss(order.side, order.stake.amount, order.liability.amount if order.liability is not None else None)


def _plan_market(plan: Draft, shares: Sequence[Share]) -> Iterator[Bound]:
    """Of the plan's markets the fullest: one limit, one message."""
    bounds = list(cascade.plan_market_bounds(shares, plan.amounts.get("max_exposure_per_market")))
    if bounds:
        yield min(bounds, key=lambda bound: amount_of(bound.left))


def _hedges(plan: Draft, order: DraftOrder, share: Share, site: Site) -> None:
    """A hedge takes no room, but it is an order like others."""
    for value, stake, _ in full_stakes(order):
        hedge = replace(share, side=share.side.other, stake=stake, place=None)
        both = [*cascade.account_bounds([hedge], site), *cascade.site_bounds([hedge], site)]
        for bound in tightest(each for each in both if each.name == "max_stake_per_order" and each.is_exceeded):
            plan.shape.complain(value, say.hedge_over_stake(value, bound))


class _Place(NamedTuple):
    """Where the stake of a pool bet stands, and its ticket."""

    stake: Scalar
    ticket: Block


class _Told:
    """Where each limit's problem stands: the plan's own at the limit, the site's at what must be lowered for it."""

    def __init__(
        self,
        plan: Draft,
        known: Sequence[tuple[DraftOrder, Share]],
        bets: Sequence[tuple[_Place, Share]],
        profiles: Mapping[str, VenueProfile],
    ) -> None:
        self._plan = plan
        self._orders = {id(share): order for order, share in known}
        self._bets = {id(share): place for place, share in bets}
        self._profiles = profiles

    def tell(self, bound: Bound) -> None:
        shape = self._plan.shape
        if bound.level is Level.PLAN:
            value = self._plan.limit(bound.name)
            shape.complain(value, say.over_plan(value, bound, self.least(cascade.largest(bound))))
        elif bound.measure is Measure.ORDERS:
            at = self._venue(bound.shares[int(amount_of(bound.limit)) // bound.shares[0].times])
            shape.complain(None, say.too_many_in_a_minute(at.span, bound))
        elif bound.name == "max_stake_per_order":
            [share] = bound.shares
            value = self._stake(share) if share.in_pool else self._orders[id(share)].node.scalar("stake")
            shape.complain(None, say.over_stake(value, bound, self.least(share)))
        else:
            share = cascade.largest(bound)
            shape.complain(None, say.over_site(self._stake(share).span, bound, self.least(share)))

    def _stake(self, share: Share) -> Scalar:
        """What is lowered so that it can lose less."""
        if share.in_pool:
            return self._bets[id(share)].stake
        return self._orders[id(share)].node.scalar("stake" if share.side is Side.BACK else "liability_at_most")

    def _venue(self, share: Share) -> Scalar:
        node = self._bets[id(share)].ticket if share.in_pool else self._orders[id(share)].node
        return node.scalar("venue")

    def least(self, share: Share) -> Decimal:
        """The smallest stake that the venue takes at the order's odds; nothing is known of a liability."""
        if share.in_pool:
            return Decimal(0)  # every pool has its own
        order, profile = self._orders[id(share)], self._profiles.get(share.account.venue) if share.account else None
        minimum = profile.minimums.get(share.stake.currency) if profile is not None else None
        if minimum is None or share.side is Side.LAY or order.odds is None:
            return Decimal(0)
        if minimum.payout is None:
            return minimum.stake
        ratio = order.odds.ratio
        needed = Fraction(minimum.payout) / ratio
        return min(minimum.stake, Decimal(needed.numerator) / Decimal(needed.denominator))
