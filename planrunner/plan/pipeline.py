"""The one door from text to a plan: bytes in; a plan, or all that is wrong with it, out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from planrunner.model.account import Site
from planrunner.model.market import AccountName, Market
from planrunner.model.odds import Ladder
from planrunner.model.plan import FallbackStep, LimitOrder, OrderType, Plan, PlanLimits, PoolBet, Routing, Ticket
from planrunner.model.profile import VenueProfile
from planrunner.plan import check as checks
from planrunner.plan import letters, site_file
from planrunner.plan import schema as shapes
from planrunner.plan.decode import Draft, DraftOrder, DraftStep, DraftTicket, draft
from planrunner.plan.digest import digest
from planrunner.plan.given import NOTHING_GIVEN, Context, Given
from planrunner.plan.messages import shape as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span, walk
from planrunner.plan.problems import Problem, Texts, in_order, one_of_each, render_all
from planrunner.plan.reader import Source, read

if TYPE_CHECKING:
    from planrunner.plan.expand import Expanded

_LOGIN = re.compile(r"(://)[^/\s@]*@")
_FIRST_KEYS = {"planrunner", "planrunner_site"}
# Two of these make a file worth reading on, even without its first key.
_KNOWN_KEYS = {"plan", "limits", "orders", "accounts", "policy", "for_each", "tickets", "blueprint", "use_blueprint", "when"}
# What is made whole before anything is judged.
_GAPS = frozenset({"blueprint", "use_blueprint", "with", "inputs", "for_each", "for_each_market"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file looked at. `plan` is None when there are problems; `problems` are all of them, sorted by line.

    `texts` are the lines of the file (under an empty name) and of every other it leads to; `root` is the tree that was judged,
    with every template worked out. `unmade` are those that are worked out anew for each market, and where they stand;
    `filled_in` is what else the digest holds beside the plan; `awaited` are the inputs that come with a signal: in `plan`
    something stands for them, and like this it is not to be run.
    """

    name: str
    plan: Plan | None
    problems: tuple[Problem, ...]
    texts: Texts
    root: Node | None = None
    unmade: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    filled_in: tuple[str, ...] = ()

    @property
    def lines(self) -> Sequence[str]:
        return self.texts[""]

    def span(self, order: str, key: str, word: str = "", *, moved: bool = False) -> Span:
        """Where the value of a key of an order, or of a bet of a ticket (`bath/2`), stands: for what only a venue can find.

        `word` is the value itself, where a bet has several of the kind; `moved`: the key is of the step that moves the order's
        remainder.
        """
        node = self._named("orders", order)
        if node is not None and moved:
            return self._in_move(node, key)
        if node is not None:
            value = node.values.get(key)
            return value.span if isinstance(value, Scalar) else node.span
        ticket = self._named("tickets", order.partition("/")[0])
        return self._in_ticket(ticket, order, key, word) if ticket is not None else Span(1, 1)

    def _named(self, key: str, name: str) -> Block | None:
        listing = self.root.values.get(key) if isinstance(self.root, Block) else None
        blocks = (node for node in listing.items if isinstance(node, Block)) if isinstance(listing, Listing) else ()
        return next((node for node in blocks if node.text("name") == name), None)

    def _in_move(self, order: Block, key: str) -> Span:
        """What such a step leaves out is as in its order; it is told where the step names the account."""
        listing = order.values.get("fallback")
        steps = (node for node in listing.items if isinstance(node, Block)) if isinstance(listing, Listing) else ()
        step = next((node for node in steps if "move_remainder_to" in node.values), order)
        value = step.values.get(key, step.values.get("move_remainder_to"))
        return value.span if isinstance(value, Scalar) else step.span

    def _in_ticket(self, ticket: Block, name: str, key: str, word: str) -> Span:
        if isinstance(value := ticket.values.get(key), Scalar):
            return value.span
        tickets = self.plan.tickets if self.plan is not None else ()
        line = next((bet.line for one in tickets for bet in one.bets if bet.name == name), 0)
        bets = ticket.values.get("bets")
        bet = next((node for node in bets.items if node.span.line == line), ticket) if isinstance(bets, Listing) else ticket
        values = [(under, node) for under, node in walk(bet) if isinstance(node, Scalar)]
        values.sort(key=lambda one: (one[1].line, one[1].column))
        fits = [node for under, node in values if node.text == word and (under is None or under.text == key)]
        alike = [node for under, node in values if under is not None and under.text == key]
        return next((node.span for node in (*fits, *alike)), bet.span)

    def told(self) -> str:
        """The problems as people read them."""
        return render_all(self.name, self.problems, self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSite:
    """A site file looked at. `site` is None when there are problems."""

    name: str
    site: Site | None
    problems: tuple[Problem, ...]
    lines: Sequence[str]

    def told(self) -> str:
        return render_all(self.name, self.problems, {"": self.lines})


def check(
    name: str,
    read_file: Callable[[str], bytes],
    *,
    schema: Mapping[str, Any],
    site: Site,
    profiles: Mapping[str, VenueProfile],
    given: Given = NOTHING_GIVEN,
    markets: Sequence[Market] | None = None,
) -> Checked:
    """Never raises for anything the bytes may be; what `read_file` raises for the file itself (and that of `given`) is the
    caller's. It is asked for the blueprint and the table that the plan names, too: WrongUse is then a problem of the plan.

    `markets` are those of `for_each_market` once they are known; without them its orders are those of one market.
    """
    source = read(read_file(name))
    texts: dict[str, Sequence[str]] = {"": source.lines}
    ladders = _ladders(site, profiles)
    found, expanded = _read_plan(source, Context(name, read_file, schema, ladders, given, markets), texts)
    if found is not None:
        checks.check(found, site, profiles)
    problems = in_order(one_of_each(source.problems) if expanded is not None and expanded.has_rows else source.problems)
    unmade, filled_in, awaited = (expanded.unmade, expanded.filled_in, expanded.awaited) if expanded is not None else ((), (), ())
    plan = None if problems or found is None else _finished(found, (*unmade, *filled_in))
    if plan is not None and expanded is not None:
        plan = replace(plan, left_open=expanded.left_open)
    root = found.root if found is not None else source.root
    return Checked(
        name=name, plan=plan, problems=problems, texts=texts, root=root, unmade=unmade, awaited=awaited, filled_in=filled_in
    )


def _read_plan(source: Source, context: Context, texts: dict[str, Sequence[str]]) -> tuple[Draft | None, Expanded | None]:
    """The plan as far as it can be read, and what it was made of where it had gaps."""
    root = source.root
    if root is None or not _is_plan(source, root):
        return None, None
    assert isinstance(root, Block)
    if not _has_gaps(root, source, context.given):
        return draft(root, shapes.apply(root, context.schema, source)), None
    from planrunner.plan.expand import expand  # most plans are written out, and pay nothing for it

    expanded = expand(source, root, context, texts)
    return draft(expanded.root, expanded.shape, is_expanded=context.markets is not None), expanded


def _has_gaps(root: Block, source: Source, given: Given) -> bool:
    return not given.is_nothing or not _GAPS.isdisjoint(root.values) or any("{" in line for line in source.lines)


def _is_plan(source: Source, root: Node) -> bool:
    return _is_ours(source, root, first="planrunner", what="a plan")


def _ladders(site: Site, profiles: Mapping[str, VenueProfile]) -> dict[str, Ladder]:
    """The usual ladder of each account's venue, where it has odds: what `round_to_tick` rounds to."""
    known = {name: profiles[account.venue] for name, account in site.accounts.items() if account.venue in profiles}
    return {name: profile.ladder(profile.default_ladder) for name, profile in known.items() if profile.ladders}


def _is_ours(source: Source, root: Node, *, first: str, what: str) -> bool:
    """Is this worth reading on as a plan (or site file)? Of any other YAML one thing is said, not a hundred."""
    if not isinstance(root, Block):
        source.problems[:] = [say.not_a_plan(root.span, first, what, source.lines)]
        return False
    if first not in root.values:
        if "planrunner_site" in root.values:
            source.problems.append(say.is_a_site_file(root.keys["planrunner_site"].span))
            return False
        if (key := _meant(root, first)) is not None:
            if id(key) not in source.bad:
                source.problems.append(say.first_key_misspelt(key, first))
                source.bad.add(id(key))
            return True
        is_near = len(_KNOWN_KEYS & root.values.keys()) > 1 and not _FIRST_KEYS & root.values.keys()
        if not is_near:
            source.problems.clear()  # what else is wrong with it is nobody's concern here
        source.problems.append(say.not_a_plan(root.span, first, what))
        return is_near
    version = root.values[first]
    if isinstance(version, Scalar) and version.text != "1" and id(version) not in source.bad:
        source.problems.append(say.other_version(version, first))
        return False
    if next(iter(root.keys)) != first:
        source.problems.append(say.not_first(root.keys[first], _taken_out_above(root, first)))
    return True


def _taken_out_above(root: Block, first: str) -> int:
    """How many keys above the first that are no plan's, as the head of a mail; nothing more is said of them."""
    above = list(root.values)[: list(root.values).index(first)]
    strange = [key for key in above if not key.islower()]
    for key in strange:
        del root.keys[key], root.values[key]
    return len(strange)


def _meant(root: Block, first: str) -> Scalar | None:
    """`Planrunner`, `plan runner`: the first key in other letters."""
    key = next(iter(root.keys.values()), None)
    if key is None or "".join(letters.keyboard(key.text).casefold().split()) != first:
        return None
    return key


def _finished(found: Draft, unmade: Sequence[str]) -> Plan:
    """A draft without problems has every value a plan needs. `unmade`: see `digest`."""
    assert found.name is not None
    assert found.when is None or found.when.means is not None
    plan = Plan(
        name=found.name,
        limits=PlanLimits(
            max_loss=found.amounts["max_loss"],
            max_orders=found.max_orders,
            max_stake=found.amounts.get("max_stake"),
            max_exposure_per_market=found.amounts.get("max_exposure_per_market"),
            max_loss_in_total=found.amounts.get("max_loss_in_total"),
        ),
        orders=tuple(_order(order) for order in found.orders),
        digest="",
        time_zone=found.zone,
        per_market=found.per_market,
        tickets=tuple(_ticket(ticket) for ticket in found.tickets),
        when=found.when.means if found.when is not None else None,
    )
    return replace(plan, digest=digest(plan, unmade))


def _order(order: DraftOrder) -> LimitOrder:
    assert order.name is not None
    assert order.account is not None
    assert order.target is not None
    assert order.side is not None
    assert order.odds is not None
    assert order.stake is not None
    assert order.place is not None
    return LimitOrder(
        name=order.name,
        account=AccountName(order.account),
        target=order.target,
        side=order.side,
        odds=order.odds,
        stake=order.stake,
        line=order.node.span.line,
        liability_at_most=order.liability,
        odds_hold_for_average="odds_hold_for" in order.node.values,
        type=order.type or OrderType.LIMIT,
        min_fill=order.min_fill,
        place=order.place,
        only_if=order.only_if,
        ending=next(iter(order.endings.values()), None),
        fallback=_steps(order.steps),
        routing=order.routing if order.routing != Routing() else None,
    )


def _ticket(ticket: DraftTicket) -> Ticket:
    assert ticket.name is not None
    assert ticket.account is not None
    assert ticket.meeting is not None
    assert ticket.total_cost is not None
    return Ticket(
        name=ticket.name,
        account=AccountName(ticket.account),
        meeting=ticket.meeting,
        bets=tuple(_bets(ticket)),
        total_cost=ticket.total_cost,
        line=ticket.node.span.line,
        on=ticket.on,
        today=ticket.today,
    )


def _bets(ticket: DraftTicket) -> Iterator[PoolBet]:
    """An each-way bet is two, one to win and one for a place."""
    fallback, number = _steps(ticket.steps), 0
    for bet in ticket.bets:
        for pool in bet.pools:
            number += 1
            assert bet.unit is not None
            assert ticket.place is not None
            yield PoolBet(
                ticket=ticket.name or "",
                number=number,
                account=AccountName(ticket.account or ""),
                pool=pool,
                legs=bet.legs,
                unit=bet.unit,
                line=bet.node.span.line,
                place=ticket.place,
                fallback=fallback,
            )


def _steps(steps: Sequence[DraftStep]) -> tuple[FallbackStep, ...]:
    finished = []
    for step in steps:
        assert step.trigger is not None
        assert step.action is not None
        finished.append(FallbackStep(trigger=step.trigger, action=step.action, text=step.text, line=step.node.span.line))
    return tuple(finished)


def read_site(
    name: str,
    read_file: Callable[[str], bytes],
    *,
    schema: Mapping[str, Any],
    profiles: Mapping[str, VenueProfile],
) -> CheckedSite:
    """The site file: accounts, their limits, and what needs approval."""
    source = read(read_file(name))
    site: Site | None = None
    if source.root is not None and _is_ours(source, source.root, first="planrunner_site", what="a site file"):
        assert isinstance(source.root, Block)
        site = site_file.decode(source.root, shapes.apply(source.root, schema, source), profiles, file=name)
    problems = in_order(source.problems)
    lines = [_LOGIN.sub(r"\1...@", line) for line in source.lines]
    return CheckedSite(name=name, site=None if problems else site, problems=problems, lines=lines)
