"""When a pool closes, is resulted, and pays. No page says how long that takes; these are likely times."""

from __future__ import annotations

from enum import IntEnum

from planrunner.sandbox.scenario import SECOND
from planrunner.sandbox.tote.card import Product

# After the result of the last race, which is provisional at first: bets are resulted, dividends are final, bets are paid.
RESULTED_AFTER = 5 * SECOND
FINAL_AFTER = 60 * SECOND
SETTLED_AFTER = 65 * SECOND


class Stage(IntEnum):
    """In the order in which a pool goes through them; one that is void goes no further."""

    OPEN = 0
    CLOSED = 1
    PROVISIONAL = 2
    RESULTED = 3
    FINAL = 4
    SETTLED = 5
    VOID = 6


def moments(product: Product) -> list[tuple[int, Stage]]:
    """The stages whose times are known, in order."""
    races = product.races
    known = [(races[0].off, Stage.CLOSED)]
    called_off = [race.abandoned_at for race in races if race.abandoned_at is not None]
    if len(called_off) == len(races):
        return [*known, (max(called_off), Stage.VOID)]
    over = [race.abandoned_at if race.abandoned_at is not None else race.result_at for race in races]
    times = [at for at in over if at is not None]
    if len(times) < len(races):
        return known
    last = max(times)
    return [
        *known,
        (last, Stage.PROVISIONAL),
        (last + RESULTED_AFTER, Stage.RESULTED),
        (last + FINAL_AFTER, Stage.FINAL),
        (last + SETTLED_AFTER, Stage.SETTLED),
    ]


def stage(product: Product, at: int) -> Stage:
    return max((stage for moment, stage in moments(product) if moment <= at), default=Stage.OPEN)


def next_moment(product: Product, after: Stage) -> tuple[int, Stage] | None:
    """The first stage beyond one that was reached."""
    return next(((at, stage) for at, stage in moments(product) if stage > after), None)
