"""Previewing: plans as a reviewer reads them before they bet, with what market data at hand and rehearsals tell of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from planrunner.app.check import check_files
from planrunner.app.judged import Results, RightPlan
from planrunner.app.named import STDIN
from planrunner.app.venues import profiles
from planrunner.model.errors import PlanProblems, Refused, VenueRefused, VenueTrouble, WrongUse
from planrunner.model.shown import inert
from planrunner.plan.given import NOTHING_GIVEN, Given

if TYPE_CHECKING:
    from planrunner.app.market_data import MarketData
    from planrunner.report.story import Story
    from planrunner.review.preview import Preview, Rehearsed, RehearsedOrder
    from planrunner.review.previewing import Data

# What a reviewer wants to have seen, of what may happen in a rehearsal; a recorded market does as it did.
CASES = ("usual", "all-match", "half-matches", "nothing-matches")
ON_RECORDINGS = ("usual",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line. `since`: occurrences are told from this moment on; None: from now."""

    named: Sequence[str]
    since: datetime | None = None
    site: Path | None = None
    given: Given = NOTHING_GIVEN
    market_data: Path | None = None
    rehearse: bool = False
    cases: Sequence[str] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """`previews` are none where any plan has problems: `results` are those, as `check` has them."""

    results: Results
    previews: tuple[Preview, ...]


def preview_plans(asked: Asked, *, read_stdin: Callable[[], bytes]) -> Previewed:
    """Raises WrongUse where nothing can be previewed, and PlanProblems for names that market data know better."""
    if asked.rehearse and asked.site is not None:
        raise WrongUse("--rehearse takes the site file beside the plan, as `run` does; leave out --site")
    results = check_files(list(asked.named), read_stdin=read_stdin, site=asked.site, given=asked.given)
    if results.unreadable:
        raise WrongUse("\n".join(results.unreadable))
    if results.has_problems:
        return Previewed(results=results, previews=())
    if not results.right:
        raise WrongUse(f"nothing was previewed: {', '.join(asked.named)} holds no plan")
    from planrunner.app.market_data import read_market_data

    data = read_market_data(asked.market_data) if asked.market_data is not None else None
    since = asked.since if asked.since is not None else now()
    return Previewed(results=results, previews=tuple(_preview(one, asked, since, data) for one in results.right))


def preview_of(one: RightPlan, *, since: datetime, data: Data | None = None, rehearsed: Sequence[Rehearsed] = ()) -> Preview:
    """`since`: occurrences are told from this moment on (UTC)."""
    from planrunner.review.previewing import NO_DATA, preview

    return preview(
        one.plan, one.site, profiles(), file=one.name, since=since, inputs=one.inputs, unmade=one.unmade, awaited=one.awaited,
        data=data or NO_DATA, rehearsed=rehearsed,
    )  # fmt: skip


def now() -> datetime:
    from planrunner.runtime.clock import wall_now

    return wall_now()


def _preview(one: RightPlan, asked: Asked, since: datetime, data: MarketData | None) -> Preview:
    found = _looked_up(one, asked, data) if data is not None else None
    return preview_of(one, since=since, data=found, rehearsed=_rehearsed(one, asked, data) if asked.rehearse else ())


def _looked_up(one: RightPlan, asked: Asked, data: MarketData) -> Data:
    from planrunner.app.market_data import look_up
    from planrunner.app.plans import load, located

    found, wrong = look_up(one.plan, one.site, data)
    if wrong and one.name != "<stdin>":
        raise located(load(Path(one.name), replace(asked.given, signal_to_come=True)), wrong)
    if wrong:
        raise PlanProblems("; ".join(f"{finding.order.name}: {finding.text}" for finding in wrong))
    return found


def _rehearsed(one: RightPlan, asked: Asked, data: MarketData | None) -> tuple[Rehearsed, ...]:
    on_data = data is not None and data.is_recording
    cases = asked.cases or (ON_RECORDINGS if on_data else CASES)
    if one.name == "<stdin>":
        raise WrongUse(f"--rehearse runs a plan from its file; write it to one and name that in place of {STDIN}")
    if one.awaited:
        needs = ", ".join(f"--set {name}=..." for name in one.awaited)
        return (_not_rehearsed(cases[0], f"a signal brings values that it needs; give examples of them: {needs}"),)
    return tuple(_rehearse(one.name, asked, case, data.file if on_data and data is not None else None) for case in cases)


def _rehearse(plan: str, asked: Asked, case: str, recording: Path | None) -> Rehearsed:
    """Its journal and its report are nobody's but ours, and gone when it is told."""
    from planrunner.app import running

    with TemporaryDirectory(prefix="planrunner-preview-") as folder:
        run = running.Asked(
            plan=Path(plan), case=case, seed=asked.seed, scenario=None, market_data=recording, before_start=timedelta(minutes=10),
            sandbox_url=None, live=False, resume=None, state=Path(folder) / ".planrunner", given=asked.given,
        )  # fmt: skip
        try:
            told = running.run(run, lambda _, __: None)
        except (PlanProblems, Refused, VenueRefused, VenueTrouble, WrongUse) as error:
            return _not_rehearsed(case, str(error).partition("\n")[0])
    return (
        _not_rehearsed(case, told.ran.trouble or "its journal can't be read") if told.story is None else _told(case, told.story)
    )


def _told(case: str, story: Story) -> Rehearsed:
    from planrunner.model.money import Money
    from planrunner.report.words import signed
    from planrunner.review.preview import Rehearsed
    from planrunner.sandbox.cases import CASES as KNOWN

    at_worst = next((one.used for one in story.limits if one.name == "max_loss"), story.loss_after)
    return Rehearsed(
        case=case,
        explains=KNOWN[case].explains,
        headline=story.headline,
        orders=tuple(_orders(story)),
        at_worst=Money(amount=at_worst, currency=story.currency),
        result=signed(story.settlement.net, story.currency) if story.settlement is not None else "",
    )


def _orders(story: Story) -> list[RehearsedOrder]:
    from planrunner.model.money import Money
    from planrunner.report.words import odds
    from planrunner.review.preview import RehearsedOrder

    found = [(one.name, one.parts, one.average_odds, one.ended) for one in story.orders if one.is_planned]
    found += [(one.name, one.parts, None, one.ended) for one in story.pool_bets]
    return [
        RehearsedOrder(
            order=name,
            stake=Money(amount=parts.stake, currency=story.currency),
            matched=Money(amount=parts.matched, currency=story.currency),
            odds=odds(average) if average is not None else "",
            ended=ended,
        )
        for name, parts, average, ended in found
    ]


def _not_rehearsed(case: str, trouble: str) -> Rehearsed:
    from planrunner.review.preview import Rehearsed
    from planrunner.sandbox.cases import CASES as KNOWN

    return Rehearsed(case=case, explains=KNOWN[case].explains, trouble=trouble)


def document(previews: Sequence[Preview]) -> object:
    """What `approve` signs: the one preview, or a list of several."""
    from planrunner.app.documents import without_secrets
    from planrunner.review.preview import to_json

    found = [without_secrets(to_json(one)) for one in previews]
    return found[0] if len(found) == 1 else found


def as_text(previews: Sequence[Preview], *, everything: bool = False) -> str:
    from planrunner.review.preview_text import WIDTH, preview_paragraphs

    told = [[line for one in preview_paragraphs(each, everything=everything) for line in one.lines(WIDTH)] for each in previews]
    return inert("\n\n".join("\n".join(line.rstrip() for line in lines) for lines in told) + "\n")


def as_html(previews: Sequence[Preview]) -> str:
    from planrunner.review import page

    return page.as_html(previews)


def as_markdown(previews: Sequence[Preview]) -> str:
    from planrunner.review import page_markdown

    return page_markdown.as_markdown(previews)


def as_file(previews: Sequence[Preview]) -> str:
    """The JSON document as it stands in a file."""
    return json.dumps(document(previews), indent=2, ensure_ascii=True) + "\n"
