"""A run as its export tells it: read once, line by line, with everything in it that can be judged without the venue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlsplit

from planrunner.audit import lines
from planrunner.audit.findings import Code, Finding, Tell, shown
from planrunner.audit.limits import OrderTerms, PlanTerms, Where, plan_rules
from planrunner.audit.lines import Damaged, Json
from planrunner.audit.parts import NOTHING, ZERO, Fill, Held, Parts, Totals, gone_of, loss, slack_of, stake_of
from planrunner.audit.pools import Picked, PoolTerms, of_journal, terms_of

UNRESOLVED = "unresolved"
# What came of a request to place; told once it is known, so the intent stood in the journal before.
ANSWERS = ("OrderAccepted", "OrderRejected", "OrderNotSent", "OrderUnknown")
OVER = ("finished", "settled")
TAKEN = ("CONFIRMED", "VOID")  # a router's words for a fill that a bookmaker has said yes to
ONE = Decimal(1)


class Known(StrEnum):
    """What the journal knows of a placement."""

    INTENDED = "about to be sent"
    IN_DOUBT = "sent, with no certain answer"
    NOT_SENT = "never sent"
    REFUSED = "refused by the venue"
    THERE = "at the venue"


@dataclass(slots=True, kw_only=True)
class Placement:
    """One reference. `counted_at` is when it was last written down after it was certain that it was not out. `picked` is what a
    bet in a pool names; it can lose what it costs, and has no odds."""

    where: Where
    ref: str
    terms: tuple[str, ...]  # in the order of TERMS, as the journal writes them
    side: str
    odds: Decimal
    size: Decimal
    is_hedge: bool
    first_at: datetime
    counted_at: datetime
    asked: str  # the whole command but for its attempt and its reason
    attempt: int = 1  # the latest
    intents: int = 1
    known: Known = Known.INTENDED
    maybe_out: bool = False
    picked: Picked | None = None
    bets: dict[str, Parts] = field(default_factory=dict)
    fills: dict[str, dict[str, Fill]] = field(default_factory=dict)  # by bet, those that a router told
    refunds: dict[str, Decimal] = field(default_factory=dict)  # by bet, what of a pool bet's stake came back when it was settled
    results: dict[str, tuple[datetime, Decimal]] = field(default_factory=dict)

    @property
    def remaining(self) -> Decimal:
        """What can still match, as far as the journal knows."""
        if self.known in (Known.NOT_SENT, Known.REFUSED):
            return ZERO
        return self.size - gone_of(self.bets) - sum((parts.matched for parts in self.bets.values()), ZERO)

    def told(self, bet: str) -> Parts | None:
        """What is known of a bet. A refund is told when the bet is settled: so much less of it counted."""
        told, refund = self.bets.get(bet), self.refunds.get(bet, ZERO)
        if told is None or refund <= told.voided:
            return told
        return replace(told, matched=told.matched - (refund - told.voided), voided=refund)

    @property
    def held(self) -> Held:
        if self.is_hedge or self.known in (Known.NOT_SENT, Known.REFUSED):
            return NOTHING
        size = max(self.size - gone_of(self.bets), ZERO)
        return Held(loss(self.side, size, self.odds), size)

    def __str__(self) -> str:
        told = "; ".join(f"bet {shown(bet)} for {parts}" for bet, parts in self.bets.items())
        return f"{self.known.value}{f' ({told})' if told else ''}"


@dataclass(slots=True, kw_only=True)
class Intent:
    """One request to place. It was written down after `at`, when that was decided, and before `answered`, when the first of what
    came of it was told."""

    refs: tuple[str, ...]
    account: str
    at: datetime
    answered: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Ticket:
    """One request for bets in pools, under a reference of its own. `asked` is all of it but for its attempt and its reason."""

    path: str
    asked: str
    intents: int = 1


TERMS = ("selection", "side", "odds", "size", "persistence")


@dataclass(slots=True, kw_only=True)
class Run:
    """`is_over`: it is marked as finished or settled; `ended` is how, in its own word."""

    run: str
    plan: str = ""
    plan_file: str = ""
    mode: str = ""
    state: str = ""
    terms: PlanTerms | None = None
    ended: str | None = None
    placements: dict[str, Placement] = field(default_factory=dict)
    intents: list[Intent] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)  # by reference
    commissions: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    sent_to: set[str] = field(default_factory=set)  # hosts

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_settled(self) -> bool:
        return self.state == "settled"

    @property
    def lists_what_is_left(self) -> bool:
        """It goes on, or says itself that a person must look."""
        return not self.is_over or self.ended == UNRESOLVED


def read_run(export: Iterable[str], tell: Tell) -> Run | None:
    """None where not even the first line says which run it is."""
    reader = iter(export)
    try:
        head = lines.inside(lines.read(next(reader, "")), "run")
        run = Run(
            run=lines.text(head, "run"), plan=lines.text(head, "plan_name"), plan_file=lines.text(head, "plan_file"),
            mode=lines.text(head, "mode"), state=lines.text(head, "state"),
        )  # fmt: skip
    except Damaged as error:
        tell(Finding(code=Code.UNREADABLE, text=f"a journal does not say which run it is of: in its first line {error}"))
        return None
    digest = _sha(_compact({**head, "state": "running"}))
    reading = _Reading(run, tell)
    is_whole = True
    for number, line in enumerate(reader, start=1):
        try:
            record = lines.read(line)
            digest, fits = _follows(digest, record, number)
        except Damaged as error:
            tell(reading.finding(Code.UNREADABLE, f"record {number} of the journal can't be read: {error}"))
            is_whole = False
            continue
        if not fits and is_whole:
            is_whole = False  # what comes after a break is told no further: every digest after it differs
            text = f"record {number} of the journal was changed, or one before it was taken away or put in"
            tell(reading.finding(Code.CHANGED, text))
        try:
            reading.take(record)
        except Damaged as error:
            tell(reading.finding(Code.UNREADABLE, f"record {number} of the journal can't be read: {error}"))
    reading.end()
    return run


class _Reading:
    """What was read so far, and what is found on the way."""

    def __init__(self, run: Run, tell: Tell) -> None:
        self._run = run
        self._tell = tell
        self._totals = Totals()
        self._broken: set[str] = set()
        self._unexplained: set[str] = set()
        self._unanswered: dict[str, Intent] = {}  # by reference

    def finding(self, code: Code, text: str, ref: str | None = None, journal: str = "") -> Finding:
        return Finding(code=code, text=text, run=self._run.run, ref=ref, journal=journal)

    def take(self, record: Json) -> None:
        kind, at = lines.text(record, "kind"), lines.moment(record, "at")
        body = lines.inside(record, "body")
        if kind in ANSWERS:
            self._answered(lines.text(body, "ref"), at)
        match kind:
            case "RunStarted":
                self._run.terms = _plan_terms(lines.inside(body, "program"))
            case "RunResumed":
                self._resumed(at)
            case "PlaceOrders" | "PlaceTicket":
                self._intended(body, at)
                self._run.sent_to.add(host_of(lines.text(lines.inside(record, "request"), "url")))
            case "OrderAccepted" | "OrderReported":
                self._reported(body)
            case "OrderUnknown":
                self._doubted(lines.text(body, "ref"))
            case "OrderNotSent":
                self._not_sent(lines.text(body, "ref"), lines.whole(body, "attempt"))
            case "OrderRejected":
                self._rejected(lines.text(body, "ref"), is_conclusive=body.get("conclusive") is True)
            case "BetSettled":
                self._settled(body, at)
            case "MarketSettled":
                of = (lines.text(body, "account"), lines.text(body, "market"))
                self._run.commissions[of] = lines.amount(body, "commission")
            case "FinishRun":
                self._run.ended = lines.text(body, "ended")
            case _:
                pass  # decided or seen, but nothing that a venue's books could bear out

    def end(self) -> None:
        """What a run that is over must not have left, as far as it knows itself."""
        if self._run.lists_what_is_left:
            return
        for placement in self._run.placements.values():
            if placement.remaining > 0:
                text = f"the run is over ({shown(self._run.ended or 'nobody says how')}), and {placement.ref} is not"
                self._tell(self.finding(Code.LEFT_OPEN, text, placement.ref, str(placement)))

    # -- one record each

    def _intended(self, body: Json, at: datetime) -> None:
        account, attempt = lines.text(body, "account"), lines.whole(body, "attempt")
        asked = _compact({name: value for name, value in body.items() if name not in ("attempt", "because")})
        if "ticket" in body:
            ticket = lines.text(body, "request_ref")
            new = [self._pool_bet(each, account, ticket, at, asked, attempt) for each in lines.each(body, "placements")]
            self._ticket(lines.text(body, "ticket"), ticket, asked)
        else:
            market = lines.text(body, "market")
            new = [self._placement(each, account, market, at, asked, attempt) for each in lines.each(body, "placements")]
        intent = Intent(refs=tuple(placement.ref for placement in new), account=account, at=at)
        self._run.intents.append(intent)
        for placement in new:
            self._unanswered[placement.ref] = intent
            known = self._run.placements.get(placement.ref)
            if known is None:
                self._run.placements[placement.ref] = placement
                self._totals.put(placement.ref, placement.held, () if placement.is_hedge else placement.where.keys)
            else:
                self._again(known, placement, at)
                known.intents += 1
                known.attempt, known.known = attempt, Known.INTENDED
                self._count(known)
        for placement in new:
            self._within_limits(placement)

    def _placement(self, one: Json, account: str, market: str, at: datetime, asked: str, attempt: int) -> Placement:
        where = self._where(lines.text(one, "path"), account, market)
        side = lines.text(one, "side")
        if side not in ("back", "lay"):
            raise Damaged("`side` is neither back nor lay")
        return Placement(
            where=where, ref=lines.text(one, "ref"), terms=tuple(lines.word(one, name) for name in TERMS), side=side,
            odds=lines.amount(one, "odds"), size=lines.amount(one, "size"), is_hedge=one.get("is_hedge") is True,
            first_at=at, counted_at=at, asked=asked, attempt=attempt,
        )  # fmt: skip

    def _where(self, path: str, account: str, market: str) -> Where:
        terms = self._run.terms
        root, currency = (terms.root(path), terms.currency) if terms is not None else (path, "")
        return Where(run=self._run.run, path=path, root=root, account=account, market=market, currency=currency)

    def _pool_bet(self, one: Json, account: str, ticket: str, at: datetime, asked: str, attempt: int) -> Placement:
        where = self._where(lines.text(one, "path"), account, lines.text(one, "market"))
        bet = Placement(
            where=where, ref=lines.text(one, "ref"), terms=(), side="back", odds=ONE, size=lines.amount(one, "size"),
            is_hedge=False, first_at=at, counted_at=at, asked=asked, attempt=attempt, picked=of_journal(one, ticket),
        )  # fmt: skip
        unit = lines.amount(one, "unit")
        self._as_planned(bet, unit, tuple(lines.each(one, "legs")))
        if bet.size != unit * lines.whole(one, "lines"):
            text = f"{bet.ref} does not cost what its lines cost together"
            self._tell(self.finding(Code.SIZES, text, bet.ref, f"{lines.whole(one, 'lines')} lines of {unit:f} for {bet.size:f}"))
        return bet

    def _as_planned(self, bet: Placement, unit: Decimal, legs: tuple[Json, ...]) -> None:
        """The plan says all of a pool bet: nothing of it is decided later."""
        terms = self._run.terms
        if terms is None or bet.picked is None:
            return
        planned = terms.pool_bets.get(bet.where.path)
        here = PoolTerms(account=bet.where.account, market=bet.where.market, unit=unit, lines=bet.picked.lines, legs=legs)
        if planned != here:
            text = f"{bet.ref} is not the bet of the plan under {shown(bet.where.path)}"
            plan = f"{planned.lines} lines of {planned.unit:f} in pool {shown(planned.market)}" if planned else "no such bet"
            journal = f"planned: {plan}; to be placed: {bet.picked}, of {unit:f} each, in pool {bet.where.market}"
            self._tell(self.finding(Code.NOT_AS_ASKED, text, bet.ref, shown(journal, 300)))

    def _ticket(self, path: str, ref: str, asked: str) -> None:
        """A ticket's reference stands for one ticket, whatever becomes of it."""
        known = self._run.tickets.setdefault(ref, Ticket(path=path, asked=asked, intents=0))
        known.intents += 1
        if known.asked != asked:
            text = f"ticket {shown(ref)} was to be sent once more, and it is another ticket"
            self._tell(self.finding(Code.SENT_AGAIN, text, ref, f"{shown(known.path)} before, {shown(path)} now"))

    def _again(self, known: Placement, again: Placement, at: datetime) -> None:
        """A second intent under a reference: on proof that the first never left, or while the venue would refuse it."""
        if known.known is Known.NOT_SENT and not known.maybe_out:
            known.counted_at = at
            return
        window = self._run.terms.windows.get(known.where.account) if self._run.terms is not None else None
        since = (at - known.counted_at).total_seconds()
        if known.known in (Known.THERE, Known.REFUSED):
            why = f"it was {known.known.value}"
        elif window is None or since > window:
            why = f"the first was written down {since:.0f} s before and may be there"
        elif known.asked != again.asked:
            why = "it is not the same request to the letter, so the venue would not know it again"
        else:
            return
        text = f"{known.ref} was to be sent once more, and {why}"
        self._tell(self.finding(Code.SENT_AGAIN, text, known.ref, str(known)))

    def _reported(self, body: Json) -> None:
        placement = self._known(body)
        if placement is None:
            return
        sizes, bet = lines.inside(body, "sizes"), lines.text(body, "bet")
        names = ("stake", "matched", "cancelled", "lapsed", "voided")
        parts = Parts(**{name: lines.amount(sizes, name) for name in names})
        if not parts.adds_up:
            text = f"the parts of bet {shown(bet)} don't add up to its stake"
            self._tell(self.finding(Code.SIZES, text, placement.ref, str(parts)))
            return
        before = placement.bets.get(bet)
        if before is None or parts.progress >= before.progress:
            placement.bets[bet] = parts
            self._filled(placement, bet, parts, [_fill(one) for one in lines.each_if_any(body, "fills")])
        if stake_of(placement.bets) > placement.size:
            text = f"more was told of {placement.ref} than was asked for"
            journal = f"{placement.size:f} asked for; {placement}"
            self._tell(self.finding(Code.SIZES, text, placement.ref, journal))
        if placement.known is not Known.REFUSED or parts.matched or parts.remaining:
            placement.known = Known.THERE
        self._count(placement)

    def _filled(self, placement: Placement, bet: str, parts: Parts, fills: list[tuple[str, Fill]]) -> None:
        """What a router's bookmakers took, and whether it comes to what is told to be matched."""
        if not fills:
            return
        taken = placement.fills[bet] = {name: fill for name, fill in fills if fill.is_taken}
        total = sum((fill.size for fill in taken.values()), ZERO)
        currency = self._run.terms.currency if self._run.terms is not None else None
        off, slack = parts.matched + parts.voided - total, slack_of(taken.values(), currency)
        if off > slack or (parts.remaining == 0 and -off > slack):
            text = f"the fills of bet {shown(bet)} don't add up to what is told of it"
            journal = f"{parts}; {total:f} in {len(taken)} fill{'' if len(taken) == 1 else 's'}"
            self._tell(self.finding(Code.SIZES, text, placement.ref, journal))

    def _settled(self, body: Json, at: datetime) -> None:
        """Told again it stays where it was told first; a correction takes its place."""
        placement = self._known(body)
        bet, profit = lines.text(body, "bet"), lines.amount(body, "profit")
        if placement is not None and (bet not in placement.results or placement.results[bet][1] != profit):
            placement.results[bet] = (at, profit)
        if placement is not None and (refund := lines.optional_amount(body, "refunded")):
            placement.refunds[bet] = refund

    def _known(self, body: Json) -> Placement | None:
        """Whose fact it is. The journal knows of no bet that it did not ask for first."""
        ref = lines.text(body, "ref")
        placement = self._run.placements.get(ref)
        if placement is None and ref not in self._unexplained:
            self._unexplained.add(ref)
            text = f"a bet is told under {shown(ref)}, and no intent to place it stands before"
            self._tell(self.finding(Code.NO_INTENT, text, ref, f"bet {shown(str(body.get('bet')))}"))
        return placement

    def _answered(self, ref: str, at: datetime) -> None:
        intent = self._unanswered.pop(ref, None)
        if intent is not None and intent.answered is None:
            intent.answered = at

    def _doubted(self, ref: str) -> None:
        placement = self._run.placements.get(ref)
        if placement is not None and placement.known in (Known.INTENDED, Known.IN_DOUBT):
            placement.known, placement.maybe_out = Known.IN_DOUBT, True

    def _resumed(self, at: datetime) -> None:
        """Whoever had the run before may have sent without writing down what came back, and writes nothing down any more."""
        for placement in self._run.placements.values():
            self._answered(placement.ref, at)
            self._doubted(placement.ref)

    def _not_sent(self, ref: str, attempt: int) -> None:
        placement = self._run.placements.get(ref)
        if placement is None or placement.known is not Known.INTENDED or attempt != placement.attempt:
            return
        placement.known = Known.IN_DOUBT if placement.maybe_out else Known.NOT_SENT
        self._count(placement)

    def _rejected(self, ref: str, *, is_conclusive: bool) -> None:
        """Said of one request it is an answer to that; said of the reference itself, also of a bet that was taken in before."""
        placement = self._run.placements.get(ref)
        if placement is None:
            return
        is_first = placement.known is Known.INTENDED and not placement.maybe_out
        if is_first or (is_conclusive and not any(parts.matched for parts in placement.bets.values())):
            placement.known = Known.REFUSED
            self._count(placement)

    # -- limits of the plan, whatever is in flight counted in full

    def _count(self, placement: Placement) -> None:
        self._totals.put(placement.ref, placement.held)

    def _within_limits(self, new: Placement) -> None:
        terms = self._run.terms
        if terms is None or new.is_hedge:
            return
        for rule in plan_rules(new.where, terms):
            broken = rule.broken(self._totals)
            if broken is not None and rule.name not in self._broken:
                self._broken.add(rule.name)
                text = f"{new.ref} was to be placed where no room was left for it"
                self._tell(self.finding(Code.LIMIT, text, new.ref, f"{broken}, counting what was in flight in full"))
        if terms.max_orders is not None and "max_orders" not in self._broken:
            paths = {placement.where.root for placement in self._run.placements.values()}
            if len(paths) > terms.max_orders:
                self._broken.add("max_orders")
                text = f"{len(paths)} orders were placed, above max_orders of {terms.max_orders}"
                self._tell(self.finding(Code.LIMIT, text, new.ref))


def host_of(url: str) -> str:
    """`127.0.0.1:8765`; empty where there is none."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


# -- the plan


def _plan_terms(program: Json) -> PlanTerms:
    limits = lines.inside(program, "limits")
    max_loss = lines.inside(limits, "max_loss")
    pool_bets = {lines.text(one, "path"): terms_of(one) for one in lines.each_if_any(program, "pool_bets")}
    return PlanTerms(
        currency=lines.text(program, "currency"),
        max_loss=lines.amount(max_loss, "amount"),
        max_stake=_money(limits, "max_stake"),
        max_exposure_per_market=_money(limits, "max_exposure_per_market"),
        max_orders=None if limits.get("max_orders") is None else lines.whole(limits, "max_orders"),
        orders=_orders(program) | {path: OrderTerms(stake=bet.unit * bet.lines) for path, bet in pool_bets.items()},
        pool_bets=pool_bets,
        takes_over={
            lines.text(one, "path"): lines.text(one, "takes_over")
            for one in lines.each(program, "orders")
            if one.get("takes_over")
        },
        windows=_windows(lines.inside(program, "terms")),
    )


def _orders(program: Json) -> dict[str, OrderTerms]:
    return {lines.text(one, "path"): _order_terms(one) for one in lines.each(program, "orders") if not one.get("hedges")}


def _order_terms(one: Json) -> OrderTerms:
    order = lines.inside(one, "order")
    stake = lines.amount(lines.inside(order, "stake"), "amount")
    return OrderTerms(stake=stake, liability_at_most=_money(order, "liability_at_most"))


def _money(of: Json, name: str) -> Decimal | None:
    return None if of.get(name) is None else lines.amount(lines.inside(of, name), "amount")


def _windows(terms: Json) -> dict[str, float]:
    """`{"betfair": {"idempotent_for": "PT60S"}}`, those without one left out."""
    found = {}
    for account in terms:
        window = lines.optional_text(lines.inside(terms, account), "idempotent_for")
        if window is not None:
            found[account] = _seconds(window)
    return found


def _seconds(window: str) -> float:
    try:
        return timedelta(seconds=float(window.removeprefix("PT").removesuffix("S"))).total_seconds()
    except (ValueError, OverflowError) as error:
        raise Damaged("`idempotent_for` is no length of time") from error


# -- a router's fills


def _fill(one: Json) -> tuple[str, Fill]:
    paid = lines.inside(one, "paid")
    name = lines.text(one, "id")
    return name, Fill(
        id=name, odds=lines.amount(one, "odds"), size=lines.amount(one, "size"), bookmaker=lines.text(one, "bookmaker"),
        paid=lines.amount(paid, "amount"), currency=lines.text(paid, "currency"), is_taken=lines.text(one, "status") in TAKEN,
    )  # fmt: skip


# -- the chain


def _follows(before: str, record: Json, number: int) -> tuple[str, bool]:
    """The digest that the record must have, from the one before it, and whether it has it."""
    request = record.get("request")
    parts = (
        before, lines.whole(record, "seq"), lines.whole(record, "epoch"), lines.text(record, "at"), lines.text(record, "kind"),
        lines.whole(record, "version"), _compact(lines.inside(record, "body")), "" if request is None else _compact(request),
    )  # fmt: skip
    digest = _sha("\n".join(map(str, parts)))
    return digest, record["seq"] == number and digest == record.get("digest")


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("ascii", "backslashreplace")).hexdigest()


def _compact(value: object) -> str:
    """As it was written down: without spaces, everything but ASCII escaped."""
    try:
        return json.dumps(value, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise Damaged("it is nested too deep") from error
