"""What an account may lose on a day and place in a minute. Both count a placement from when it was written down."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from planrunner.audit.findings import money
from planrunner.audit.limits import AccountLimits, Limits
from planrunner.audit.parts import ZERO, Held, Totals
from planrunner.audit.run import Known, Placement

MINUTE = timedelta(minutes=1)
# A fact is on the disk, where other runs see it, within a second of being learned; two are never wrong.
LEARNED_WITHIN = timedelta(seconds=2)


class Days:
    """What was at risk in the bets taken on a day, and what the bets settled on it have lost."""

    def __init__(self, placements: Iterable[Placement], limits: Limits) -> None:
        self._accounts = {name: of for name, of in limits.accounts.items() if of.max_loss_per_day is not None}
        self._settled: dict[str, list[tuple[datetime, tuple[str, str], Decimal]]] = {}
        for placement in placements:
            if placement.where.account in self._accounts:
                together = (placement.where.run, placement.where.market)
                results = self._settled.setdefault(placement.where.account, [])
                results += [(at, together, profit) for at, profit in placement.results.values()]
        self._taken = Totals()

    def forget(self) -> None:
        """Another world begins."""
        self._taken = Totals()

    def put(self, bet: str, placement: Placement, held: Held) -> None:
        account = placement.where.account
        if (of := self._accounts.get(account)) is not None:
            self._taken.put(bet, held, [(account, _day(of, placement.counted_at))])

    def broken(self, placement: Placement) -> str | None:
        """By the bet that was placed last, in words."""
        account, at = placement.where.account, placement.counted_at
        of = self._accounts.get(account)
        if of is None or of.max_loss_per_day is None:
            return None
        taken, lost = self._taken.of((account, _day(of, at))).loss, self._lost(account, of, at)
        if lost + taken <= of.max_loss_per_day:
            return None
        most = money(of.max_loss_per_day, of.currency)
        return f"{money(lost)} lost and {money(taken, of.currency)} at risk on one day, above max_loss_per_day of {most}"

    def _lost(self, account: str, of: AccountLimits, until: datetime) -> Decimal:
        nets: dict[tuple[str, str], Decimal] = {}
        for at, together, profit in self._settled.get(account, ()):
            if at + LEARNED_WITHIN <= until and _day(of, at) == _day(of, until):
                nets[together] = nets.get(together, ZERO) + profit
        return sum((-net for net in nets.values() if net < 0), ZERO)


def broken_pace(
    placements: Iterable[Placement], at_the_venue: Collection[str | None], limits: Limits
) -> Iterator[tuple[Placement, str]]:
    """The first placement of each account that was one too many in its minute, and how many there were."""
    placed: dict[str, list[Placement]] = {}
    for placement in placements:
        if placement.ref in at_the_venue or placement.known is Known.THERE:
            placed.setdefault(placement.where.account, []).append(placement)
    for account, of in placed.items():
        own = limits.accounts.get(account)
        if own is None or (most := own.max_orders_per_minute) is None:
            continue
        of.sort(key=lambda one: one.counted_at)
        for first, one in zip(of, of[most:], strict=False):
            if one.counted_at - first.counted_at < MINUTE:
                yield one, f"{most + 1} orders within a minute on {account}, above max_orders_per_minute of {most}"
                break


def _day(of: AccountLimits, at: datetime) -> object:
    return at.astimezone(ZoneInfo(of.zone)).date()
