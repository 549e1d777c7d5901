"""Which runner is the favourite, and whether what an order waits for holds; both of one market at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from planrunner.model.events import Runner, RunnersSeen
from planrunner.model.odds import Odds, Side
from planrunner.model.plan import LimitOrder, OnlyIf


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One condition: as the plan says it, what was seen, and whether it holds."""

    condition: str
    seen: str
    holds: bool


def by_best_odds(runners: Sequence[Runner]) -> list[Runner]:
    """The favourite first: lowest odds on offer to backers. Nobody's offer is last, ties stand in the venue's order."""
    return sorted(runners, key=lambda one: (not one.back, one.back[0][0] if one.back else Decimal(0)))


def look(order: LimitOrder, only_if: OnlyIf, seen: RunnersSeen, runner: Runner | None) -> tuple[Looked, ...]:
    """Every condition that the order names. `runner` is its own, None where it no longer takes part."""
    return (*_of_the_market(only_if, seen), *_of_the_odds(order.side, only_if, runner), *_of_the_size(order, only_if, runner))


def _of_the_market(only_if: OnlyIf, seen: RunnersSeen) -> Iterator[Looked]:
    if only_if.market_open:
        is_open = seen.status.value == "open"
        yield Looked(condition="market: open", seen=f"the market was {seen.status.value}", holds=is_open)
    if only_if.in_play is not None:
        text = f"the market was {'' if seen.in_play else 'not '}in-play"
        yield Looked(condition=f"in_play: {'yes' if only_if.in_play else 'no'}", seen=text, holds=seen.in_play is only_if.in_play)
    count = len(seen.runners)
    took_part = f"{count} runner{'' if count == 1 else 's'} took part"
    if (least := only_if.runners_at_least) is not None:
        yield Looked(condition=f"runners_at_least: {least}", seen=took_part, holds=count >= least)
    if (most := only_if.runners_at_most) is not None:
        yield Looked(condition=f"runners_at_most: {most}", seen=took_part, holds=count <= most)


def _of_the_odds(side: Side, only_if: OnlyIf, runner: Runner | None) -> Iterator[Looked]:
    """Odds of 2.50 are a price of 40 %: the higher the one, the lower the other."""
    best = _best(side, runner)
    taker = "backers" if side is Side.BACK else "layers"
    seen = f"the best odds on offer to {taker} were {best}" if best is not None else _nothing_on_offer(runner, taker)
    price = f"the price on offer to {taker} was {_percent(best)}" if best is not None else _nothing_on_offer(runner, taker)
    for key, limit, least, text in (
        ("odds_at_least", only_if.odds_at_least, True, seen),
        ("odds_at_most", only_if.odds_at_most, False, seen),
        ("price_at_least", only_if.price_at_least, False, price),
        ("price_at_most", only_if.price_at_most, True, price),
    ):
        if limit is not None:
            yield Looked(condition=f"{key}: {limit}", seen=text, holds=_is_within(best, limit, at_least=least))


def _is_within(best: Decimal | None, limit: Odds, *, at_least: bool) -> bool:
    if best is None:
        return False
    return Fraction(best) >= limit.ratio if at_least else Fraction(best) <= limit.ratio


def _best(side: Side, runner: Runner | None) -> Decimal | None:
    offers = _offers(side, runner)
    return offers[0][0] if offers else None


def _offers(side: Side, runner: Runner | None) -> tuple[tuple[Decimal, Decimal], ...]:
    """What a taker of our side could have."""
    if runner is None:
        return ()
    return runner.back if side is Side.BACK else runner.lay


def _nothing_on_offer(runner: Runner | None, taker: str) -> str:
    return f"nobody offered any odds to {taker}" if runner is not None else "the runner no longer took part"


def _percent(odds: Decimal) -> str:
    return f"{(100 / odds).quantize(Decimal('0.01'))}%"


def _of_the_size(order: LimitOrder, only_if: OnlyIf, runner: Runner | None) -> Iterator[Looked]:
    """At the order's odds or better, as deep as the venue showed."""
    least = only_if.available_at_least
    if least is None:
        return
    offers = _offers(order.side, runner)
    is_back = order.side is Side.BACK
    fits = [
        size for odds, size in offers if (Fraction(odds) >= order.odds.ratio if is_back else Fraction(odds) <= order.odds.ratio)
    ]
    found = sum(fits, Decimal(0))
    seen = f"{found:.2f} {least.currency} was on offer at {order.odds} or better"
    yield Looked(condition=f"available_at_least: {least}", seen=seen, holds=found >= least.amount)
