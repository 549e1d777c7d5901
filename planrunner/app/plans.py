"""Plans to be run: loaded with the site file beside them, and how problems are told that only a venue can find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from planrunner import resources
from planrunner.app.resolving import Finding
from planrunner.app.site import FilesOf, find_site
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import NotInCatalogue, PlanProblems
from planrunner.model.market import Market
from planrunner.model.names import nearest
from planrunner.model.plan import Plan
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.messages.venue import unknown_name
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span
from planrunner.plan.pipeline import Checked, CheckedSite, check
from planrunner.plan.problems import Problem, Texts, in_order, render_all, tells_more


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A plan without problems, and its text for whatever is found later. `again` checks the same text for certain markets, and
    `previewed` as a preview of it has it: before its signal comes in."""

    plan: Plan
    site: Site
    checked: Checked
    again: Callable[[Sequence[Market]], Checked]
    previewed: Callable[[Given], Checked]

    def with_markets(self, markets: Sequence[Market]) -> Loaded:
        """The plan with its orders for each of these markets. Raises PlanProblems."""
        checked = self.again(markets)
        if checked.plan is None:
            raise _problems(checked)
        plan = replace(checked.plan, per_market=None, digest=self.plan.digest)
        return replace(self, plan=plan, checked=checked)


def load(plan: Path, given: Given = NOTHING_GIVEN) -> Loaded:
    """A plan and the site file beside it. Raises PlanProblems with every problem, WrongUse where there is no such file."""
    found = find_site(plan.parent)
    if found.site is None:
        assert found.checked is not None
        raise _problems(found.checked)
    site, files = found.site, FilesOf(plan, given.file)

    def checked_for(markets: Sequence[Market] | None, given: Given = given) -> Checked:
        schema = resources.schema("plan")
        return check(str(plan), files, schema=schema, site=site, profiles=profiles(), given=given, markets=markets)

    def previewed(given: Given) -> Checked:
        return checked_for(None, replace(given, signal_to_come=True))

    checked = checked_for(None)
    if checked.plan is None:
        raise _problems(checked)
    return Loaded(plan=checked.plan, site=site, checked=checked, again=checked_for, previewed=previewed)


def located(loaded: Loaded, findings: Sequence[Finding]) -> PlanProblems:
    """What the venue does not know, told where the plan says it."""
    problems = in_order(_problem(loaded.checked, finding) for finding in findings)
    return _told(loaded.checked.name, problems, loaded.checked.texts)


def located_query(loaded: Loaded, error: NotInCatalogue) -> PlanProblems:
    """A word of `for_each_market` that the venue does not know, told where the plan says it."""
    at = _of_query(loaded.checked.root, error.key, error.word)
    problem = unknown_name(at, str(error), among=error.among, did_you_mean=nearest(error.word, error.among))
    return _told(loaded.checked.name, [problem], loaded.checked.texts)


def _problems(checked: Checked | CheckedSite) -> PlanProblems:
    texts = checked.texts if isinstance(checked, Checked) else {"": checked.lines}
    return _told(checked.name, checked.problems, texts)


def _told(name: str, problems: Sequence[Problem], texts: Texts) -> PlanProblems:
    """As `check` has them, to the last line."""
    return PlanProblems(f"{render_all(name, problems, texts)}\n{tells_more(problems)}")


def _of_query(root: Node | None, key: str, word: str) -> Span:
    query = root.values.get("for_each_market") if isinstance(root, Block) else None
    if not isinstance(query, Block):
        return Span(1, 1)
    value = query.values.get(key, query)
    words = value.items if isinstance(value, Listing) else ()
    return next((one.span for one in words if isinstance(one, Scalar) and one.text == word), value.span)


def _problem(checked: Checked, finding: Finding) -> Problem:
    at = checked.span(finding.order.name, finding.key, finding.word, moved=finding.moved)
    return unknown_name(at, finding.text, among=finding.among, did_you_mean=finding.did_you_mean)
