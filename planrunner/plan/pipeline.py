"""The one door from text to a plan: bytes in; a plan, or all that is wrong with it, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planrunner.model.account import Site
from planrunner.model.market import AccountName
from planrunner.model.plan import FallbackStep, LimitOrder, OrderType, Plan, PlanLimits
from planrunner.model.profile import VenueProfile
from planrunner.plan import check as checks
from planrunner.plan import schema as shapes
from planrunner.plan import site_file
from planrunner.plan.decode import Draft, DraftOrder, draft
from planrunner.plan.digest import digest
from planrunner.plan.messages import shape as say
from planrunner.plan.nodes import Block, Node, Scalar, Span, walk
from planrunner.plan.problems import Problem, in_order, render_all
from planrunner.plan.reader import Source, read

_FIRST_KEYS = {"planrunner", "planrunner_site"}
# Two of these make a file worth reading on, even without its first key.
_KNOWN_KEYS = {"plan", "limits", "orders", "accounts", "policy", "for_each", "tickets", "blueprint", "use_blueprint"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file looked at. `plan` is None when there are problems; `problems` are all of them, sorted by line."""

    name: str
    plan: Plan | None
    problems: tuple[Problem, ...]
    lines: Sequence[str]
    root: Node | None = None

    def span(self, line: int, key: str) -> Span:
        """Where the value of a key of the block that begins on `line` stands: for problems that only a venue can find."""
        for _, node in walk(self.root) if self.root is not None else ():
            if isinstance(node, Block) and node.span.line == line:
                value = node.values.get(key)
                return value.span if isinstance(value, Scalar) else node.span
        return Span(line, 1)

    def told(self) -> str:
        """The problems as people read them."""
        return render_all(self.name, self.problems, self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSite:
    """A site file looked at. `site` is None when there are problems."""

    name: str
    site: Site | None
    problems: tuple[Problem, ...]
    lines: Sequence[str]

    def told(self) -> str:
        return render_all(self.name, self.problems, self.lines)


def check(
    name: str,
    read_file: Callable[[str], bytes],
    *,
    schema: Mapping[str, Any],
    site: Site,
    profiles: Mapping[str, VenueProfile],
) -> Checked:
    """Never raises for anything the bytes may be; what `read_file` raises is the caller's."""
    source = read(read_file(name))
    plan = _plan(source, schema, site, profiles)
    problems = in_order(source.problems)
    return Checked(name=name, plan=None if problems else plan, problems=problems, lines=source.lines, root=source.root)


def _plan(source: Source, schema: Mapping[str, Any], site: Site, profiles: Mapping[str, VenueProfile]) -> Plan | None:
    root = source.root
    if root is None or not _is_ours(source, root, first="planrunner", what="a plan"):
        return None
    assert isinstance(root, Block)
    found = draft(root, shapes.apply(root, schema, source))
    checks.check(found, site, profiles)
    return None if source.problems else _finished(found)


def _is_ours(source: Source, root: Node, *, first: str, what: str) -> bool:
    """Is this worth reading on as a plan (or site file)? Of any other YAML one thing is said, not a hundred."""
    if not isinstance(root, Block):
        source.problems.append(say.not_a_plan(root.span, first, what))
        return False
    if first not in root.values:
        if "planrunner_site" in root.values:
            source.problems.append(say.is_a_site_file(root.keys["planrunner_site"].span))
            return False
        source.problems.append(say.not_a_plan(root.span, first, what))
        return len(_KNOWN_KEYS & root.values.keys()) > 1 and not _FIRST_KEYS & root.values.keys()
    version = root.values[first]
    if isinstance(version, Scalar) and version.text != "1" and id(version) not in source.bad:
        source.problems.append(say.other_version(version, first))
        return False
    if next(iter(root.keys)) != first:
        source.problems.append(say.not_first(root.keys[first]))
    return True


def _finished(found: Draft) -> Plan:
    """A draft without problems has every value a plan needs."""
    assert found.name is not None
    plan = Plan(
        name=found.name,
        limits=PlanLimits(
            max_loss=found.amounts["max_loss"],
            max_orders=found.max_orders,
            max_stake=found.amounts.get("max_stake"),
            max_exposure_per_market=found.amounts.get("max_exposure_per_market"),
        ),
        orders=tuple(_order(order) for order in found.orders),
        digest="",
        time_zone=found.zone,
        per_market=found.per_market,
    )
    return replace(plan, digest=digest(plan))


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
        fallback=_steps(order),
    )


def _steps(order: DraftOrder) -> tuple[FallbackStep, ...]:
    finished = []
    for step in order.steps:
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
        site = site_file.decode(source.root, shapes.apply(source.root, schema, source), profiles)
    problems = in_order(source.problems)
    return CheckedSite(name=name, site=None if problems else site, problems=problems, lines=source.lines)
