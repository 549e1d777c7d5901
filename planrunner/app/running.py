"""What `planrunner run` does: find the plan, choose the stage, run it, tell it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app import report as telling
from planrunner.app.begun import as_begun
from planrunner.app.interruptions import unheard
from planrunner.app.live import approved, refuse_unless_live
from planrunner.app.outcome import Ran
from planrunner.app.per_market import PerMarket
from planrunner.app.plans import Loaded, located
from planrunner.app.resolving import DoesNotFit
from planrunner.app.run import Job, Kept, is_of_plan, resume, start
from planrunner.app.stage import Accounts, Stage
from planrunner.app.standing import Standing, open_journal, stand
from planrunner.app.taking_up import stage_of, was_at
from planrunner.app.venues import SANDBOX
from planrunner.model.errors import PlanProblems, Refused, WrongUse
from planrunner.model.journal import Body, Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.runtime.clock import wall_now

if TYPE_CHECKING:
    from planrunner.report.story import Story
    from planrunner.review.approvals import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line. `resume`: None: no; empty: the latest interrupted run. `take_over`: even from an owner that is alive."""

    plan: Path | None
    case: str
    seed: int
    scenario: Path | None
    market_data: Path | None
    before_start: timedelta
    sandbox_url: str | None
    live: bool
    resume: str | None
    state: Path | None
    given: Given = NOTHING_GIVEN
    take_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run and its report. `paths` is None where the report could not be written; `ran.trouble` then says so. Without a
    journal that can be read there is nothing to tell: there is no `story`, `summary` and `json` are empty."""

    ran: Ran
    summary: list[telling.Line]
    story: Story | None
    paths: telling.Paths | None

    @property
    def json(self) -> Iterator[str]:
        """The report's document, in pieces. Raises JournalTrouble."""
        return telling.as_json(self.story) if self.story is not None else iter(())


def run(asked: Asked, tell: Callable[[Body, datetime], None]) -> Told:
    """Raises PlanProblems, Refused, WrongUse, VenueRefused, VenueTrouble, JournalTrouble; nothing was placed then."""
    _look_at(asked)
    if asked.resume is not None:
        return _resume(asked, tell)
    if asked.plan is None:
        raise WrongUse("say which plan to run: planrunner run plan.yaml")
    loaded = _load(asked.plan, asked.given)
    journal = _state(asked, asked.plan) / telling.JOURNALS[Mode.LIVE]
    held = _approved(asked, loaded, asked.plan, journal) if asked.live else None
    stage, per_market = _stage(asked, loaded), PerMarket(loaded)
    rehearses = stage.mode is Mode.REHEARSAL
    job = Job(
        plan_file=str(asked.plan),
        plan=loaded.plan,
        site=loaded.site,
        journal=journal.with_name(telling.JOURNALS[stage.mode]),
        seed=asked.seed if rehearses else None,
        case=asked.case if rehearses else None,
        market_data=str(asked.market_data) if asked.market_data else None,
        options=_options(asked, asked.plan),
        per_market=per_market,
        held=held,
    )
    try:
        return _told(start(job, stage, tell), job.journal)
    except DoesNotFit as error:
        raise located(per_market.loaded, error.findings) from error


def _look_at(asked: Asked) -> None:
    """A plan that came after `--resume` and was taken for a run; an address that is none, most often for the same reason."""
    url, resumed = asked.sandbox_url, asked.resume
    if asked.plan is None and resumed and Path(resumed).suffix in (".yaml", ".yml"):
        again = f"planrunner run {shlex.quote(resumed)} --resume"
        raise WrongUse(f"--resume takes a run, and {resumed} is a plan; the plan comes first: {again}")
    if not url:
        return
    from planrunner.net.message import address

    try:
        address(url)
    except ValueError as error:
        if asked.plan is None and asked.resume is None:
            hint = f"the plan comes first: planrunner run {shlex.quote(url)} --sandbox"
        else:
            hint = f"write it like {SANDBOX}, or leave it out"
        raise WrongUse(f"--sandbox takes the address of a sandbox, and `{url}` is none; {hint}") from error


def _options(asked: Asked, plan: Path) -> str:
    """What a command line that goes on with the run must say again, because it can't be guessed."""
    options = ""
    if asked.sandbox_url not in (None, "", SANDBOX):
        options += f" --sandbox {shlex.quote(str(asked.sandbox_url))}"
    if asked.live:
        options += " --live"
    for name, value in asked.given.values.items():
        options += f" --set {shlex.quote(f'{name}={value}')}"
    if asked.given.file is not None:
        options += f" --inputs {shlex.quote(asked.given.file)}"
    state = _state(asked, plan)
    if state.absolute() != Path(telling.STATE).absolute():
        options += f" --state {shlex.quote(str(state))}"
    return options


def _resume(asked: Asked, tell: Callable[[Body, datetime], None]) -> Told:
    """Only runs in real time can be interrupted with anything left behind; a rehearsal is begun again."""
    journal = _state(asked, asked.plan or Path("plan.yaml")) / telling.JOURNALS[Mode.SANDBOX]
    info = _interrupted(journal, asked.resume or None, asked.plan)
    if info.mode is Mode.LIVE and not asked.live:
        raise Refused(f"the run {info.run} is a live one; say so: planrunner run --resume {info.run} --live")
    if info.mode is not Mode.LIVE and asked.live:
        raise Refused(f"the run {info.run} was begun at a sandbox and can't go on with real money; leave out --live")
    with open_journal(journal.parent) as opened:
        standing = stand(opened, info)
    return _go_on(asked, standing, journal, tell) if standing.program else _begin(asked, info, journal, tell)


def _go_on(asked: Asked, standing: Standing, journal: Path, tell: Callable[[Body, datetime], None]) -> Told:
    """The journal has all that a run needs that has begun, whatever became of its plan and of the site file."""
    info, begun = standing.info, as_begun(journal.parent, standing)
    plan = asked.plan or Path(info.plan_file)
    url = asked.sandbox_url or was_at(standing) or SANDBOX
    stage = stage_of(journal.parent, standing, begun, url=url)
    options = _options(replace(asked, sandbox_url=url if info.mode is Mode.SANDBOX else None, given=NOTHING_GIVEN), plan)
    note = _not_as_it_was(plan, asked.given, info)
    kept = Kept(site=begun.site, journal=journal, options=options, notes=(*begun.notes, *([note] if note else ())))
    return _told(resume(kept, info.run, stage, tell, take_over=asked.take_over), journal)


def _not_as_it_was(plan: Path, given: Given, info: RunInfo) -> str | None:
    """In a sentence, where the plan's file is not what the run was begun with, as far as that can be told."""
    goes_on = "the run goes on with what it began with"
    try:
        digest = _load(plan, given).plan.digest
    except WrongUse as error:
        return f"{error}; {goes_on}"
    except PlanProblems:
        return f"{plan} can't be compared with it (`planrunner check {shlex.quote(str(plan))}` tells why), but {goes_on}"
    return None if digest == info.plan_digest else f"{plan} is not what it was, or its inputs are not; {goes_on}"


def _begin(asked: Asked, info: RunInfo, journal: Path, tell: Callable[[Body, datetime], None]) -> Told:
    """Killed before its first fact was on the disk: the plan is needed once more, just as it was."""
    plan = asked.plan or Path(info.plan_file)
    loaded = _load(plan, asked.given)
    if loaded.plan.digest != info.plan_digest:
        raise Refused(
            f"{plan} is not what it was when the run {info.run} began; put it back as it was (and its tables and blueprint), and "
            "give its inputs the same values with --set and --inputs: the run goes on with what it began with"
        )
    per_market = PerMarket(loaded)
    held = _approved(asked, loaded, plan, journal, run=info.run) if info.mode is Mode.LIVE else None
    job = Job(
        plan_file=info.plan_file, plan=loaded.plan, site=loaded.site, journal=journal, options=_options(asked, plan),
        per_market=per_market, held=held,
    )  # fmt: skip
    try:
        return _told(resume(job, info.run, _stage(asked, loaded, mode=info.mode), tell, take_over=asked.take_over), journal)
    except DoesNotFit as error:
        raise located(per_market.loaded, error.findings) from error


def _interrupted(journal: Path, run: str | None, plan: Path | None) -> RunInfo:
    from planrunner.runtime.journal import Journal

    if not journal.is_file():
        raise WrongUse(f"there is no journal at {journal}; name the folder of the interrupted run's with --state")
    with Journal.open(journal, durable=True) as opened:
        unfinished = [info for info in opened.unfinished() if plan is None or is_of_plan(info.plan_file, str(plan), journal)]
        if run is None and unfinished:
            return unfinished[-1]
        found = [info for info in unfinished if info.run == run]
    if found:
        return found[0]
    which = ", ".join(info.run for info in unfinished) or "none is"
    raise WrongUse(f"the run {run} is not an interrupted one; interrupted: {which}" if run else "no run was interrupted")


def _load(plan: Path, given: Given) -> Loaded:
    from planrunner.app.plans import load

    return load(plan, given)


def _state(asked: Asked, plan: Path) -> Path:
    return asked.state or plan.absolute().parent / telling.STATE


def _accounts(loaded: Loaded) -> Accounts:
    return {name: account for name, account in loaded.site.accounts.items() if name in loaded.plan.accounts}


def _approved(asked: Asked, loaded: Loaded, plan: Path, journal: Path, *, run: RunId | None = None) -> Held | None:
    """Raises Refused where real money may not move."""
    refuse_unless_live(_accounts(loaded))
    return approved(loaded, plan, asked.given, journal, now=wall_now(), run=run)


def _stage(asked: Asked, loaded: Loaded, *, mode: Mode | None = None) -> Stage:
    accounts = _accounts(loaded)
    if asked.live:
        return _live(loaded, accounts)
    if asked.sandbox_url is not None or mode is Mode.SANDBOX:
        from planrunner.app.stage import over_http
        from planrunner.runtime.secrets import PRACTICE

        return over_http(Mode.SANDBOX, accounts, PRACTICE, sandbox_url=asked.sandbox_url or SANDBOX)
    from planrunner.app import rehearsal
    from planrunner.app.worlds import load_scenario

    if asked.market_data is not None:
        return rehearsal.on_recording(
            accounts, asked.market_data, seed=asked.seed, case=asked.case, before_start=asked.before_start
        )
    scenario = load_scenario(asked.scenario) if asked.scenario else None
    return rehearsal.in_memory(loaded.plan, accounts, seed=asked.seed, case=asked.case, scenario=scenario)


def _live(loaded: Loaded, accounts: Accounts) -> Stage:
    from planrunner.app.stage import over_http
    from planrunner.runtime.secrets import secrets_of

    credentials = {account.name: account.credentials for account in accounts.values()}
    folder = Path(loaded.site.file).parent if loaded.site.file else None
    return over_http(Mode.LIVE, accounts, secrets_of(credentials, site_folder=folder, environment=os.environ), sandbox_url=None)


def _told(ran: Ran, journal: Path) -> Told:
    records = ran.records
    if records is None:
        return Told(ran=ran, summary=[], story=None, paths=None)
    story, directory = telling.story_of(ran.info, records), telling.directory_of(journal.parent, ran.info.run)
    paths: telling.Paths | None = None
    try:
        with unheard():
            paths = telling.write_report(story, directory)
    except telling.ReportNotWritten as error:
        ran = replace(ran, trouble=f"{ran.trouble}\n{error}" if ran.trouble else str(error))
    return Told(ran=ran, summary=telling.summary(story), story=story, paths=paths)
