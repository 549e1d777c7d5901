"""Explaining: a plan as the sentences a review reads aloud, and what the codes of problems mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app.check import check_files
from planrunner.app.judged import Results
from planrunner.app.named import STDIN
from planrunner.app.site import SITE_FILE
from planrunner.app.venues import profiles
from planrunner.model.errors import WrongUse
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.problems import CODES

if TYPE_CHECKING:
    from planrunner.plan.catalogue import Entry
    from planrunner.review.explained import Explained


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExplained:
    """`told` is None where the plan has problems; `results` are those, as `check` has them."""

    results: Results
    told: Explained | None


def explain_plan(
    name: str, *, read_stdin: Callable[[], bytes], site: Path | None = None, given: Given = NOTHING_GIVEN
) -> PlanExplained:
    """One plan. Raises WrongUse for what is none."""
    path = Path() if name == STDIN else Path(name)
    if name != STDIN and path.is_dir():
        raise WrongUse(f"{name} is a folder; name one plan of it")
    if path.name == SITE_FILE:
        raise WrongUse(f"{name} is a site file; its limits are told with each plan")
    results = check_files([name], read_stdin=read_stdin, site=site, given=given)
    if results.unreadable:
        raise WrongUse("\n".join(results.unreadable))
    if not results.right:
        return PlanExplained(results=results, told=None)
    from planrunner.review.explain import explain

    [one] = results.right
    return PlanExplained(results=results, told=explain(one.plan, one.site, profiles(), unmade=one.unmade, awaited=one.awaited))


def entry_of(code: str) -> Entry:
    """Raises WrongUse for a code that no problem has."""
    from planrunner.plan.catalogue import ENTRIES

    if code in ENTRIES:
        return ENTRIES[code]
    near = [one for one in CODES if one[:3] == code[:3]]
    known = f"the codes that begin with {code[:3]} are {near[0]} to {near[-1]}" if near else "codes begin with PR1 to PR5"
    raise WrongUse(f"no problem has the code {code}; {known}. `planrunner explain codes` lists all")
