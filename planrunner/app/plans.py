"""Plans to be run: loaded with the site file beside them, and how problems are told that only a venue can find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planrunner import resources
from planrunner.app.resolving import Finding
from planrunner.app.site import find_site, read_file
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import PlanProblems
from planrunner.model.plan import Plan
from planrunner.plan.messages.venue import unknown_name
from planrunner.plan.pipeline import Checked, check
from planrunner.plan.problems import Problem, in_order, render_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A plan without problems, and its text for whatever is found later."""

    plan: Plan
    site: Site
    checked: Checked


def load(plan: Path) -> Loaded:
    """A plan and the site file beside it. Raises PlanProblems with every problem, WrongUse where there is no such file."""
    found = find_site(plan.parent)
    if found.site is None:
        assert found.checked is not None
        raise PlanProblems(found.checked.told())
    checked = check(str(plan), read_file, schema=resources.schema("plan"), site=found.site, profiles=profiles())
    if checked.plan is None:
        raise PlanProblems(checked.told())
    return Loaded(plan=checked.plan, site=found.site, checked=checked)


def located(loaded: Loaded, findings: Sequence[Finding]) -> PlanProblems:
    """What the venue does not know, told where the plan says it."""
    problems = in_order(_problem(loaded.checked, finding) for finding in findings)
    return PlanProblems(render_all(loaded.checked.name, problems, loaded.checked.lines))


def _problem(checked: Checked, finding: Finding) -> Problem:
    at = checked.span(finding.order.line, finding.key)
    return unknown_name(at, finding.text, among=finding.among, did_you_mean=finding.did_you_mean)
