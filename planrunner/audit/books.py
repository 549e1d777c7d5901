"""The venue's own log as books: what it held under each reference and what became of it. One world after the other: a sandbox
that was reset knows nothing of the bets before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from planrunner.audit import lines
from planrunner.audit.findings import Code, Finding, Tell, money, shown
from planrunner.audit.lines import Damaged, Json
from planrunner.audit.parts import ZERO, Fill, Parts, slack_of
from planrunner.audit.pools import Picked, of_venue

# Part of a venue's answer to a request of which it looked at nothing but who sent it: it is sent again after logging in.
NOT_LOGGED_IN = "SESSION"
# Venues by what they call themselves; whoever names itself otherwise, or not at all, is an exchange.
POOLS, ROUTER = ("tote", "tote-audit"), "oddspapi_abp"
COST_ONLY = Decimal(1)  # the odds of a bet in a pool, which has none


@dataclass(slots=True, kw_only=True)
class Bet:
    """As it was asked for, and as it is now. `at` is by the venue's clock, `world` counts from 1. A bet in a pool has neither
    odds nor a selection; `currency` is that of its amounts, where the venue says so."""

    world: int
    bet: str
    ref: str | None
    at: datetime
    market: str
    selection: str
    side: str
    odds: Decimal
    size: Decimal
    persistence: str
    currency: str | None = None
    picked: Picked | None = None
    is_routed: bool = False
    fills: list[Fill] = field(default_factory=list)
    cancelled: Decimal = ZERO
    lapsed: Decimal = ZERO
    voided: Decimal = ZERO
    profits: list[Decimal] = field(default_factory=list)  # once settled, before commission; the last one counts

    @property
    def filled(self) -> Decimal:
        return sum((fill.size for fill in self.fills), ZERO)

    @property
    def slack(self) -> Decimal:
        """How far what is told of it may be off for its fills in other money."""
        return slack_of(self.fills, self.currency)

    def rounded_down(self, asked: Decimal) -> None:
        """A pool takes whole steps of a stake: what was asked for beyond them has lapsed at once."""
        if self.size < asked:
            self.lapsed, self.size = self.lapsed + asked - self.size, asked

    @property
    def parts(self) -> Parts:
        return Parts(
            stake=self.size, matched=self.filled - self.voided, cancelled=self.cancelled, lapsed=self.lapsed, voided=self.voided
        )

    def __str__(self) -> str:
        """`back 10.00 at 3.05 on 4711 in market 1.23`."""
        if self.picked is not None:
            return f"{money(self.size, self.currency or '')} for {shown(str(self.picked), 200)}, in pool {shown(self.market)}"
        return f"{self.side} {self.size:f} at {self.odds:f} on {shown(self.selection)} in market {shown(self.market)}"


@dataclass(slots=True)
class Books:
    """`arrived` counts the requests to place that came in with a reference, answered or not, save those of strangers."""

    tell: Tell
    begins: datetime | None = None
    world: int = 0
    bets: dict[tuple[int, str], Bet] = field(default_factory=dict)
    arrived: Counter[str] = field(default_factory=Counter)
    _came: set[str] = field(default_factory=set)  # the references of the request that came in last
    closed: set[str] = field(default_factory=set)
    commissions: dict[str, set[Decimal]] = field(default_factory=dict)

    def take(self, line: str, number: int) -> Bet | None:
        """One line; the bet that it begins or changes."""
        try:
            return self._take(lines.read(line))
        except Damaged as error:
            self.tell(Finding(code=Code.UNREADABLE, text=f"line {number} of the venue's log can't be read: {error}"))
            return None

    def live(self) -> Iterator[Bet]:
        """Those that can still match."""
        for bet in self.bets.values():
            if bet.world == self.world and bet.market not in self.closed and bet.parts.remaining > 0:
                yield bet

    def _take(self, line: Json) -> Bet | None:
        kind, at = lines.text(line, "kind"), lines.moment(line, "at")
        self.begins = self.begins or at
        match kind:
            case "world":
                self.world += 1
                self.closed.clear()
                self.commissions.clear()
            case "request":
                if lines.text(line, "call").startswith("place"):
                    self._came = set(_texts(line.get("params")))
                    self.arrived.update(self._came)
            case "reply":
                if lines.text(line, "call").startswith("place") and NOT_LOGGED_IN in str(line.get("answer")):
                    self.arrived.subtract(self._came)
                    self._came = set()
            case "bet":
                return self._new(line, at)
            case "fill" | "cancel" | "lapse" | "void":
                return self._changed(kind, line)
            case "settled":
                bet = self._bet(line)
                bet.profits.append(lines.amount(line, "profit"))
                return bet
            case "market":
                if lines.text(line, "status") == "closed":
                    self.closed.add(lines.text(line, "market"))
            case "commission":
                self.commissions.setdefault(lines.text(line, "market"), set()).add(lines.amount(line, "commission"))
            case _:
                pass  # how it got there: nothing that the journal would have to bear out
        return None

    def _new(self, line: Json, at: datetime) -> Bet:
        side, is_pool = lines.text(line, "side"), line.get("venue") in POOLS
        if side not in ("back", "lay"):
            raise Damaged("`side` is neither back nor lay")
        bet = Bet(
            world=self.world, bet=lines.word(line, "bet"), ref=lines.optional_text(line, "ref"), at=at,
            market=lines.text(line, "market"), selection="" if is_pool else _selection(line), side=side,
            odds=COST_ONLY if is_pool else lines.amount(line, "odds"), size=lines.amount(line, "size"),
            persistence="" if is_pool else lines.text(line, "persistence"),
            currency=lines.optional_text(line, "currency"), picked=of_venue(line) if is_pool else None,
            is_routed=line.get("venue") == ROUTER,
        )  # fmt: skip
        if (bet.world, bet.bet) in self.bets:
            raise Damaged(f"bet {shown(bet.bet)} is told a second time")
        self.bets[bet.world, bet.bet] = bet
        return bet

    def _changed(self, kind: str, line: Json) -> Bet:
        bet, size = self._bet(line), lines.amount(line, "size")
        if size < 0:
            raise Damaged("`size` is negative")
        match kind:
            case "fill":
                fill = _fill(line, size, bet)
                if fill.id is not None and any(one.id == fill.id for one in bet.fills):
                    raise Damaged(f"fill {shown(fill.id)} is told a second time")
                bet.fills.append(fill)
            case "cancel":
                bet.cancelled += size
            case "lapse":
                bet.lapsed += size
            case _:
                bet.voided += size
        return bet

    def _bet(self, line: Json) -> Bet:
        number = lines.word(line, "bet")
        bet = self.bets.get((self.world, number))
        if bet is None:
            raise Damaged(f"it is about bet {shown(number)}, and no such bet was made")
        return bet


def _selection(line: Json) -> str:
    """At a router an outcome, and of it a player where there is one."""
    player = line.get("player")
    return f"{lines.word(line, 'selection')}/{lines.word(line, 'player')}" if player else lines.word(line, "selection")


def _fill(line: Json, size: Decimal, bet: Bet) -> Fill:
    return Fill(
        odds=COST_ONLY if bet.picked is not None else lines.amount(line, "odds"), size=size, id=lines.optional_text(line, "id"),
        bookmaker=lines.optional_text(line, "at_bookmaker"), paid=lines.optional_amount(line, "paid"),
        currency=lines.optional_text(line, "currency"),
    )  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, however deep."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str(text):
                yield text
            case dict(fields):
                waiting.extend(fields.values())
            case list(items):
                waiting.extend(items)
            case _:
                pass
