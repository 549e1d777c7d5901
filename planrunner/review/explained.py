"""A plan told: sentences for people, and the figures they were made from for programs. Plain values; `text` lays them out."""

from __future__ import annotations

from dataclasses import dataclass

from planrunner.model.money import Money
from planrunner.plan.cascade import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that happens: `when` (`2 minutes before the start`) and `what` (`the unmatched part is cancelled`).

    `rungs` are the odds a reprice may come to stand on, from the first to the last; empty where only the market knows them.
    """

    when: str
    what: str
    rungs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOrder:
    """An order or a ticket. `bet`, `sentences` and `points` in full; `brief` says the same of a row of a table on one line.
    `bets` are those of a ticket.

    `in_order`: the points come in the order they stand; else some count from the placing and some from the start or the clock.
    """

    name: str
    line: int
    bet: str
    sentences: tuple[str, ...]
    points: tuple[Point, ...]
    in_order: bool
    brief: str
    bets: tuple[str, ...] = ()

    @property
    def table(self) -> str | None:
        """What the rows of one table have in common: the name before `#`."""
        name, sign, _ = self.name.rpartition("#")
        return name if sign else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPart:
    """`because` tells the amount: `stake of arsenal`, `liability of draw: 10.00 x (3.10 - 1)`."""

    order: str
    amount: Money
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstLoss:
    parts: tuple[LossPart, ...]
    total: Money
    at_most: Money
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLimit:
    """A limit of the cascade. `name` says whose it is (`max_loss of the plan`), `how_near` how much of it is used. The one that
    `binds` is used most: were all stakes raised alike, it would stop the plan first."""

    bound: Bound
    name: str
    how_near: str
    binds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """`summary` before the orders and tickets, `remarks` after them."""

    plan: str
    digest: str
    summary: tuple[str, ...]
    orders: tuple[ToldOrder, ...]
    tickets: tuple[ToldOrder, ...]
    remarks: tuple[str, ...]
    loss: WorstLoss
    limits: tuple[ToldLimit, ...]
    binding: str
