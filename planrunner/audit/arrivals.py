"""Each bet as it comes in at the venue: does it stand on an intent, is it what was asked for, is every limit kept with it.

Nothing but a new bet makes the worst case worse, so each limit is looked at whenever one comes: it held at every moment, or it
was exceeded at one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from planrunner.audit.books import Bet, Books
from planrunner.audit.findings import Code, Finding, Tell, money, shown
from planrunner.audit.limits import Limits, Rule, account_rules, plan_rules, stake_limits
from planrunner.audit.pace import Days
from planrunner.audit.parts import NOTHING, ZERO, Held, Totals, loss
from planrunner.audit.run import Placement, Run

EXACT = timedelta(milliseconds=1)  # what a venue's log tells times in


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """`clocks`: how far the venue's may be behind ours."""

    runs: Mapping[str, Run]
    placements: Mapping[str, Placement]
    books: Books
    limits: Limits
    clocks: timedelta
    tell: Tell
    pruned: frozenset[str] = frozenset()
    of_pruned: int = 0
    under: dict[str, list[Bet]] = field(default_factory=dict)  # by reference
    _ever: Totals = field(default_factory=Totals)  # a plan's limits are for all of its run
    _open: Totals = field(default_factory=Totals)  # an account's are for what is not settled
    _days: Days = field(init=False)
    _broken: set[Rule] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._days = Days(self.placements.values(), self.limits)

    def take(self, line: str, number: int) -> None:
        world, known = self.books.world, len(self.books.bets)
        bet = self.books.take(line, number)
        if self.books.world != world:
            self._ever, self._open = Totals(), Totals()
            self._days.forget()
        if bet is None:
            return
        is_new = len(self.books.bets) > known
        placement = self.placements.get(bet.ref) if bet.ref is not None else None
        if placement is None:
            if is_new and bet.ref is not None and bet.ref in self.pruned:
                self.of_pruned += 1
            elif is_new:
                self._unexplained(bet)
            return
        if is_new and bet.picked is not None and placement.picked is not None:
            bet.rounded_down(placement.size)
        self._weigh(bet, placement)
        if is_new:
            self._explained(bet, placement)
            self._within_limits(bet, placement)

    # -- intents

    def _unexplained(self, bet: Bet) -> None:
        named = f"under {shown(bet.ref)}" if bet.ref else "without a reference"
        text = f"bet {shown(bet.bet)} was placed {named}, and no run has written down that it would"
        self.tell(Finding(code=Code.NO_INTENT, text=text, ref=bet.ref, venue=f"{bet}, at {clock(bet.at)}"))

    def _explained(self, bet: Bet, placement: Placement) -> None:
        same = [one for one in self.under.setdefault(placement.ref, []) if one.world == bet.world]
        self.under[placement.ref].append(bet)
        if same:
            text = f"{len(same) + 1} bets were placed under one reference, {placement.ref}"
            venue = "; ".join(f"bet {shown(one.bet)}, {one}, at {clock(one.at)}" for one in (*same, bet))
            self._say(Code.TWICE, text, placement, journal=f"{placement.size:f} asked for, once", venue=venue)
        if placement.first_at > bet.at + EXACT + self.clocks:
            text = f"bet {shown(bet.bet)} was there before it was written down that it would be placed"
            journal = f"to be placed, at {clock(placement.first_at)}"
            self._say(Code.LATE_INTENT, text, placement, journal=journal, venue=f"placed, at {clock(bet.at)}")
        if not _is_as_asked(bet, placement):
            text = f"bet {shown(bet.bet)} is not what was written down under {placement.ref}"
            journal, venue = shown(_asked(placement), 200), f"{bet}{f', {shown(bet.persistence)}' if bet.persistence else ''}"
            self._say(Code.NOT_AS_ASKED, text, placement, journal=journal, venue=venue)

    # -- limits

    def _weigh(self, bet: Bet, placement: Placement) -> None:
        """What the bet can lose by what the venue knows: for its run for good, for its account until it is settled."""
        size = bet.size - bet.parts.gone
        held = NOTHING if placement.is_hedge else Held(loss(bet.side, size, bet.odds), size)
        still = NOTHING if bet.profits else held
        self._ever.put(bet.bet, held, placement.where.keys)
        self._open.put(bet.bet, still, placement.where.keys)
        self._days.put(bet.bet, placement, still)

    def _within_limits(self, bet: Bet, placement: Placement) -> None:
        where = placement.where
        for name, most in stake_limits(where.account, where.currency, self.limits):
            if bet.size > most:
                self._exceeded(bet, placement, name, f"{money(bet.size)} in one order, above {money(most, where.currency)}")
        if placement.is_hedge:
            self._hedge_adds_nothing(bet, placement)
            return
        terms = self.runs[where.run].terms
        rules = [(rule, self._ever) for rule in (plan_rules(where, terms) if terms is not None else ())]
        rules += [(rule, self._open) for rule in account_rules(where, self.limits)]
        for rule, totals in rules:
            broken = rule.broken(totals)
            if broken is not None and rule not in self._broken:
                self._broken.add(rule)
                self._exceeded(bet, placement, rule.name, broken)
        if (broken := self._days.broken(placement)) is not None:
            self._exceeded(bet, placement, "max_loss_per_day", broken)

    def _hedge_adds_nothing(self, bet: Bet, placement: Placement) -> None:
        """No outcome may cost more with the hedge than the bets that it hedges can lose without it."""
        where, wins, loses, risked = placement.where, ZERO, ZERO, ZERO
        for ref, bets in self.under.items():
            of = self.placements[ref]
            for other in bets if of.where.run == where.run else ():
                if (other.world, other.market, other.selection) != (bet.world, bet.market, bet.selection):
                    continue
                win, lose = _outcomes(other)
                wins, loses = wins + win, loses + lose
                risked += ZERO if of.is_hedge else loss(other.side, other.size - other.parts.gone, other.odds)
        worst = -min(wins, loses)
        if worst > risked:
            broken = f"{money(worst, where.currency)} to be lost at worst, {money(risked, where.currency)} without it"
            self._exceeded(bet, placement, "what the hedge may cost", broken)

    def _exceeded(self, bet: Bet, placement: Placement, name: str, broken: str) -> None:
        text = f"{name} was exceeded when bet {shown(bet.bet)} came, at {clock(bet.at)}"
        self._say(Code.LIMIT, text, placement, venue=broken)

    def _say(self, code: Code, text: str, placement: Placement, *, journal: str = "", venue: str = "") -> None:
        run = placement.where.run
        self.tell(Finding(code=code, text=text, run=run, ref=placement.ref, journal=journal, venue=venue))


def _is_as_asked(bet: Bet, placement: Placement) -> bool:
    where = placement.where
    if bet.currency not in (None, where.currency) or bet.size != placement.size:
        return False
    # A router's log knows the fixture; which of its markets it is follows from the outcome.
    market = where.market.partition(":")[0] if bet.is_routed else where.market
    if bet.market != market:
        return False
    if placement.picked is not None or bet.picked is not None:
        return placement.picked is not None and bet.picked is not None and not placement.picked.differs(bet.picked)
    selection, side, _, _, persistence = placement.terms
    return (selection, side, placement.odds, persistence) == (bet.selection, bet.side, bet.odds, bet.persistence)


def _asked(placement: Placement) -> str:
    where = placement.where
    if placement.picked is not None:
        return f"{money(placement.size, where.currency)} for {placement.picked}, in pool {where.market}"
    selection, side, _, _, persistence = placement.terms
    return f"{side} {placement.size:f} at {placement.odds:f} on {selection} in market {where.market}, {persistence}"


def _outcomes(bet: Bet) -> tuple[Decimal, Decimal]:
    """What it brings if its selection wins and if it loses, as matched; what may still match counts where it costs."""
    matched = bet.parts.matched
    won = sum((fill.size * (fill.odds - 1) for fill in bet.fills), ZERO) if not bet.voided else matched * (bet.odds - 1)
    rest = loss(bet.side, bet.parts.remaining, bet.odds)
    return (won, -matched - rest) if bet.side == "back" else (-won - rest, matched)


def clock(at: datetime) -> str:
    """`2026-12-05 14:30:00.123 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"
