"""When all is read: what the journal knows of each placement beside what the venue holds under its reference.

The journal may be behind while a run goes on, and where it says itself that a person must look; it is never ahead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from planrunner.audit.arrivals import EXACT, clock
from planrunner.audit.books import Bet, Books
from planrunner.audit.findings import Code, Finding, money, shown
from planrunner.audit.parts import COIN, ZERO, Fill, Parts
from planrunner.audit.run import Known, Placement, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`under`: the venue's bets by reference."""

    runs: Mapping[str, Run]
    placements: Mapping[str, Placement]
    books: Books
    under: Mapping[str, Sequence[Bet]]
    clocks: timedelta

    def findings(self) -> Iterator[Finding]:
        for placement in self.placements.values():
            bets = self.under.get(placement.ref, ())
            yield from self._arrivals(placement)
            yield from self._refused(placement, bets)
            yield from self._told(placement, bets)
            yield from self._unfounded(placement, bets)
        yield from self._tickets()
        yield from self._sizes()
        yield from self._left_open()
        yield from self._commissions()

    def notes(self) -> Iterator[tuple[str, str]]:
        """By run: what is no breach, and worth a look."""
        for placement in self.placements.values():
            run, bets = self.runs[placement.where.run], self.under.get(placement.ref, ())
            if self._is_before_the_log(placement) and not bets:
                text = f"{placement.ref} was placed before this log of the venue begins, at {clock(placement.first_at)}"
                yield run.run, f"{text}: the log can't bear it out"
            elif run.is_over and placement.remaining > 0:
                held = "; ".join(f"bet {shown(bet.bet)} for {bet.parts}" for bet in bets) or "nothing"
                yield run.run, f"{placement.ref} is unresolved, as the run says; under it the venue holds {held}"

    # -- each placement

    def _arrivals(self, placement: Placement) -> Iterator[Finding]:
        came = self.books.arrived[placement.ref]
        if came > placement.intents:
            text = f"{placement.ref} was sent more often than was written down"
            yield _about(placement, Code.SENT_AGAIN, text, _times(placement.intents, "to be sent"), _times(came, "came in"))

    def _refused(self, placement: Placement, bets: Sequence[Bet]) -> Iterator[Finding]:
        """A bet that lapsed in the moment in which it was made is told as refused, and does no harm."""
        for bet in bets:
            is_harmless = placement.known is Known.REFUSED and not bet.filled and not bet.parts.remaining
            if placement.known in (Known.REFUSED, Known.NOT_SENT) and not is_harmless:
                text = f"bet {shown(bet.bet)} is at the venue, and the journal says that it is not"
                yield _about(placement, Code.REFUSED, text, placement.known.value, f"{bet}; {bet.parts}")

    def _told(self, placement: Placement, bets: Sequence[Bet]) -> Iterator[Finding]:
        run = self.runs[placement.where.run]
        if placement.known in (Known.REFUSED, Known.NOT_SENT):
            return
        for bet in bets:
            told = placement.told(bet.bet)
            if told is None:
                if not run.lists_what_is_left:
                    text = f"the journal knows nothing of bet {shown(bet.bet)}, and its run is over"
                    yield _about(placement, Code.UNTOLD, text, str(placement), f"{bet}; {bet.parts}")
                continue
            is_all = told.remaining == 0 or not run.lists_what_is_left
            if told.stake != bet.size or _is_ahead(told, bet):
                text = f"the journal tells more of bet {shown(bet.bet)} than has happened"
                yield _about(placement, Code.UNFOUNDED, text, str(told), str(bet.parts))
            elif _is_behind(told, bet, settled=run.is_settled) and is_all:
                text = f"the venue did more with bet {shown(bet.bet)} than the journal knows"
                yield _about(placement, Code.UNTOLD, text, str(told), str(bet.parts))
            yield from self._fills(placement, bet, is_all=is_all)
            yield from self._result(placement, bet, run)

    def _fills(self, placement: Placement, bet: Bet, *, is_all: bool) -> Iterator[Finding]:
        """At a router a bet is made of others, and each is known by its number. `is_all`: the journal should know them all."""
        if not bet.is_routed:
            return
        told, there = placement.fills.get(bet.bet, {}), {fill.id: fill for fill in bet.fills}
        for name, fill in told.items():
            held = there.get(name)
            if held is None or not _is_same(fill, held, bet):
                text = f"fill {shown(name)} of bet {shown(bet.bet)} is not what the journal says"
                yield _about(placement, Code.UNFOUNDED, text, str(fill), str(held or "no such fill"))
        for missing in [fill for name, fill in there.items() if name not in told and is_all]:
            text = f"fill {shown(missing.id or '')} of bet {shown(bet.bet)} is not in the journal"
            yield _about(placement, Code.UNTOLD, text, f"{len(told)} fills", str(missing))

    def _result(self, placement: Placement, bet: Bet, run: Run) -> Iterator[Finding]:
        told = placement.results.get(bet.bet)
        venue = f"{money(bet.profits[-1])}" if bet.profits else "not settled"
        if told is not None and all(abs(told[1] - profit) > bet.slack for profit in bet.profits):
            text = f"bet {shown(bet.bet)} was settled otherwise than the journal says"
            yield _about(placement, Code.RESULT, text, money(told[1]), venue)
        elif told is None and run.is_settled and bet.profits and bet.parts.matched:
            text = f"bet {shown(bet.bet)} was settled, and the journal of a run that is settled does not know it"
            yield _about(placement, Code.RESULT, text, "nothing", venue)

    def _unfounded(self, placement: Placement, bets: Sequence[Bet]) -> Iterator[Finding]:
        known = {bet.bet for bet in bets}
        for name, told in placement.bets.items():
            if name not in known and not self._is_before_the_log(placement):
                text = f"the venue knows of no bet {shown(name)} under {placement.ref}"
                yield _about(placement, Code.UNFOUNDED, text, str(told), _named(known) or "nothing under this reference")

    def _is_before_the_log(self, placement: Placement) -> bool:
        begins = self.books.begins
        return begins is None or placement.first_at + EXACT + self.clocks < begins

    # -- the whole

    def _tickets(self) -> Iterator[Finding]:
        for run in self.runs.values():
            for ref, ticket in run.tickets.items():
                came = self.books.arrived[ref]
                if came > ticket.intents:
                    text = f"ticket {shown(ref)} was sent more often than was written down"
                    yield Finding(
                        code=Code.SENT_AGAIN, text=text, run=run.run, ref=ref, journal=_times(ticket.intents, "to be sent"),
                        venue=_times(came, "came in"),
                    )  # fmt: skip

    def _sizes(self) -> Iterator[Finding]:
        for bet in self.books.bets.values():
            if not bet.parts.adds_up:
                placement = self.placements.get(bet.ref or "")
                run = placement.where.run if placement is not None else None
                text = f"the parts of bet {shown(bet.bet)} don't add up to its stake"
                yield Finding(code=Code.SIZES, text=text, run=run, ref=bet.ref, venue=str(bet.parts))

    def _left_open(self) -> Iterator[Finding]:
        for bet in self.books.live():
            placement = self.placements.get(bet.ref or "")
            if placement is None:
                continue
            run = self.runs[placement.where.run]
            if run.lists_what_is_left and (not run.is_over or placement.remaining > 0):
                continue
            text = f"bet {shown(bet.bet)} can still match, and nobody looks after it: its run is over"
            yield _about(placement, Code.LEFT_OPEN, text, f"{shown(run.ended or run.state)}; {placement}", str(bet.parts))

    def _commissions(self) -> Iterator[Finding]:
        for run in self.runs.values():
            for (_, market), told in run.commissions.items():
                charged = self.books.commissions.get(market)
                if charged is not None and told not in charged:
                    text = f"the commission in market {shown(market)} is not what the venue charged"
                    venue = " or ".join(money(one) for one in sorted(charged))
                    yield Finding(code=Code.RESULT, text=text, run=run.run, journal=money(told), venue=venue)


def _is_ahead(told: Parts, bet: Bet) -> bool:
    there, slack = bet.parts, bet.slack
    return (
        told.matched + told.voided > bet.filled + slack
        or told.cancelled > there.cancelled + slack
        or told.lapsed > there.lapsed + slack
        or told.voided > there.voided + slack
    )


def _is_behind(told: Parts, bet: Bet, *, settled: bool) -> bool:
    """What is voided once a run is over is learned when its market is settled."""
    there, slack = bet.parts, bet.slack
    return (
        told.matched + told.voided < bet.filled - slack
        or told.cancelled < there.cancelled - slack
        or told.lapsed < there.lapsed - slack
        or (settled and told.voided < there.voided - slack)
    )


def _is_same(told: Fill, held: Fill, bet: Bet) -> bool:
    """A size is exact in the money of the bookmaker's account, and in the order's to a coin. A journal tells money that it does
    not know in the order's."""
    is_other = held.currency not in (None, bet.currency)
    is_paid = told.currency == bet.currency if told.currency != held.currency else told.paid == held.paid
    off = abs(told.size - held.size)
    return is_paid and (told.odds, told.bookmaker) == (held.odds, held.bookmaker) and off <= (COIN if is_other else ZERO)


def _about(placement: Placement, code: Code, text: str, journal: str, venue: str) -> Finding:
    return Finding(code=code, text=text, run=placement.where.run, ref=placement.ref, journal=journal, venue=venue)


def _times(count: int, what: str) -> str:
    return f"{what} {count} time{'' if count == 1 else 's'}"


def _named(bets: set[str]) -> str:
    return ", ".join(f"bet {shown(bet)}" for bet in sorted(bets))
