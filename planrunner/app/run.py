"""Running a plan: from its file to its report, at whatever stage."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app.hands import Hands, Reins
from planrunner.app.news import Tell
from planrunner.app.outcome import Exit, Ran
from planrunner.app.per_market import PerMarket
from planrunner.app.resolving import resolve_plan, zone_of
from planrunner.app.stage import Stage, Venues
from planrunner.app.standing import stand
from planrunner.engine.compile import compile_plan
from planrunner.engine.of_day import on_day
from planrunner.engine.state import initial
from planrunner.model.account import Site
from planrunner.model.errors import JournalTrouble, PlanrunnerError, Refused, VenueRefused, VenueTrouble
from planrunner.model.journal import Fate, HaltScope, Mode, RunInfo, by_hand
from planrunner.model.market import RunId
from planrunner.model.plan import Plan
from planrunner.model.program import Program
from planrunner.runtime.approval_uses import Use
from planrunner.runtime.clock import HandsClock, new_run_id, wall_now
from planrunner.runtime.hooks import Hooks, hooks_from
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import is_silent, this_process
from planrunner.runtime.occurrences import Claim
from planrunner.runtime.runs import InItsWay
from planrunner.runtime.timetable import Timetable
from planrunner.runtime.trouble import GoesOn
from planrunner.runtime.watch import Watchman

if TYPE_CHECKING:
    from planrunner.review.approvals import Held

__all__ = ["Job", "Kept", "Process", "Ran", "begin", "go_on", "new_run", "resume", "start"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Where runs are kept, and what their placements are held against. `options` are those that the command line must have again
    to go on with the run; `notes` tell how it is taken up, in whole sentences."""

    site: Site
    journal: Path
    options: str = ""
    notes: tuple[str, ...] = ()

    def go_on(self, run: RunId) -> str:
        """The command that takes a run up again, to be pasted."""
        return f"planrunner run --resume {run}{self.options}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Kept):
    """A checked plan and where its run is kept. `seed`, `case` and `market_data` are a rehearsal's; `options` are those that
    the command line must have again to go on with the run. `per_market` makes the orders of a plan that has some for each
    market of a catalogue. `held` are the approvals that let a live run begin."""

    plan_file: str
    plan: Plan
    seed: int | None = None
    case: str | None = None
    market_data: str | None = None
    per_market: PerMarket | None = None
    held: Held | None = None

    @property
    def uses(self) -> tuple[Use, ...]:
        """Of its approvals: written down with the run."""
        return self.held.uses if self.held is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What the runs of one process share. `reins` is handed the driver of each, by whoever may want to stop it; who has none
    leaves that to signals. Without a `watchman` each run has one of its own."""

    journal: Journal
    clock: HandsClock
    hooks: Hooks
    reins: Callable[[RunId, Reins], None] | None = None
    watchman: Watchman | None = None


def start(job: Job, stage: Stage, tell: Tell) -> Ran:
    """Run a plan from its beginning.

    Raises Refused (an unfinished run of the same plan, a stop in force, no market for a plan per market), PlanProblems,
    DoesNotFit, VenueRefused, VenueTrouble, JournalTrouble; all of them before anything is placed.
    """

    async def main(clock: HandsClock) -> Ran:
        hooks = hooks_from(os.environ)
        with _journal(job, stage, clock, hooks) as journal:
            if stage.mode is not Mode.REHEARSAL:
                refuse_beside_unfinished(journal, job)  # before anything is asked of a venue
            info = new_run(job, stage)
            refuse_under_halt(journal, job, info)
            process = Process(journal=journal, clock=clock, hooks=hooks)
            if job.plan.when is None or stage.mode is Mode.REHEARSAL:
                return await begin(job, info, stage, tell, process)
            return await _begin_by_hand(job, info, stage, tell, process)

    try:
        return stage.play(main)
    except (JournalTrouble, VenueRefused, VenueTrouble) as error:
        raise type(error)(f"{error}\nNothing was placed.") from error


async def _begin_by_hand(job: Job, info: RunInfo, stage: Stage, tell: Tell, process: Process) -> Ran:
    """Of a plan with a schedule: what its runs may lose in total holds for this one too. Raises Refused where that has no
    room."""
    timetable, limits = Timetable(process.journal, process.clock), job.plan.limits
    due = by_hand(Path(job.plan_file).name, stage.mode, info.run, process.clock.now(), {})
    claim = Claim(
        due=due, fate=Fate.RUN, text="", info=info, may_lose=limits.max_loss, in_total=limits.max_loss_in_total, uses=job.uses,
        beside=_in_the_way_of(job),
    )  # fmt: skip
    with _told_how_to_go_on(job):
        noted = (await timetable.claim(claim)).noted
    if noted.run is None:
        raise Refused(f"{noted.text}. Nothing was placed.")
    try:
        return await begin(job, info, stage, tell, process, is_made=True)
    except PlanrunnerError as error:
        timetable.refuse(info.run, this_process(), str(error))
        raise


async def begin(job: Job, info: RunInfo, stage: Stage, tell: Tell, process: Process, *, is_made: bool = False) -> Ran:
    """The same among others in one process, of a run that may begin. `is_made`: the journal has it already."""
    async with stage.venues(process.clock) as venues:
        program = await _prepare(job, info, stage, venues, process.clock)
        if not is_made:
            in_the_way = None if info.mode is Mode.REHEARSAL else _in_the_way_of(job)
            with _told_how_to_go_on(job):
                process.journal.create(info, job.uses, beside=in_the_way)
        epoch = process.journal.take(info.run, this_process(), unbegun=True)
        hands = _hands(job, info, epoch, program, venues, tell, process)
        return await hands.drive(initial(program), None, stage)


def resume(kept: Kept, run: RunId, stage: Stage, tell: Tell, *, take_over: bool = False) -> Ran:
    """Go on with an interrupted run, from the journal alone. A run that never began is begun, under the same references; for that
    its job is needed.

    Under a stop it is taken up too: what rests is taken back then. Raises Refused while its owner is alive, unless told to take
    it over.
    """

    async def main(clock: HandsClock) -> Ran:
        hooks = hooks_from(os.environ)
        with _journal(kept, stage, clock, hooks) as journal:
            info = journal.info(run)
            if not take_over:
                await _refuse_while_alive(journal, kept, run, clock)
            process = Process(journal=journal, clock=clock, hooks=hooks)
            try:
                return await go_on(kept, info, stage, tell, process)
            except (VenueRefused, VenueTrouble) as error:
                if not journal.intents(run):
                    raise
                trouble = f"{error}\nThe run stays as it is, and so does what it has at the venue. Then again: {kept.go_on(run)}"
                return Ran(info=info, records=journal.told(run), exit=Exit.UNKNOWN_EXPOSURE, trouble=trouble)

    return stage.play(main)


async def go_on(kept: Kept, info: RunInfo, stage: Stage, tell: Tell, process: Process) -> Ran:
    """The same among others in one process, of a run that nobody else drives. Raises VenueRefused, VenueTrouble."""
    journal, clock, run = process.journal, process.clock, info.run
    async with stage.venues(clock) as venues:
        beat = journal.lease(run).beat
        epoch = journal.take(run, this_process())
        standing = stand(journal, info)
        program, state = standing.program, standing.state
        if program is None or state is None:
            program = await _prepare(_needed(kept, info), info, stage, venues, clock)
            state = initial(program)
        hands = _hands(kept, info, epoch, program, venues, tell, process, beat=beat)
        return await hands.drive(state, standing.records or None, stage)


def _hands(
    kept: Kept, info: RunInfo, epoch: int, program: Program, venues: Venues, tell: Tell, process: Process,
    *, beat: datetime | None = None,
) -> Hands:  # fmt: skip
    return Hands(
        journal=process.journal, info=info, epoch=epoch, program=program, venues=venues, clock=process.clock, hooks=process.hooks,
        tell=tell, go_on=kept.go_on(info.run), notes=kept.notes, beat=beat, reins=process.reins, watchman=process.watchman,
    )  # fmt: skip


def _needed(kept: Kept, info: RunInfo) -> Job:
    if isinstance(kept, Job):
        return kept
    raise Refused(f"the run {info.run} never began, so there is nothing to go on with; run {info.plan_file} again")


@contextmanager
def _journal(kept: Kept, stage: Stage, clock: HandsClock, hooks: Hooks) -> Iterator[Journal]:
    """Open until the run is over.

    Closing tries once more to write what nobody waited for. That fails only where the run has told of the trouble already, and
    how it ended must not be forgotten over it.
    """
    durable, patience = stage.mode is not Mode.REHEARSAL, patience_from(os.environ)
    journal = Journal.open(kept.journal, durable=durable, clock=clock, hooks=hooks, site=kept.site, patience=patience)
    try:
        yield journal
    finally:
        with suppress(JournalTrouble):
            journal.close()


def refuse_beside_unfinished(journal: Journal, job: Job) -> None:
    in_the_way = _in_the_way_of(job)
    with _told_how_to_go_on(job):
        for run, plan_file in reversed(journal.running()):
            if in_the_way(run, plan_file):
                raise GoesOn(run)


def _in_the_way_of(job: Job) -> InItsWay:
    return lambda _, of: is_of_plan(of, job.plan_file, job.journal) or _may_be_of_plan(of, job.plan_file)


@contextmanager
def _told_how_to_go_on(job: Job) -> Iterator[None]:
    try:
        yield
    except GoesOn as error:
        raise Refused(
            f"the run {error.run} of this plan is not over: it was interrupted, or goes on in another window, and may have "
            f"bets at the venue. Nothing was placed. To go on with it: {job.go_on(error.run)}"
        ) from error


def refuse_under_halt(journal: Journal, job: Job, info: RunInfo) -> None:
    accounts = job.plan.accounts
    for halt in journal.halts():
        if any(halt.covers(info, account) for account in accounts):
            which = "" if halt.scope is HaltScope.ALL else f" --{halt.scope.value} {shlex.quote(halt.name)}"
            release = f'planrunner release{which} --because "..."{"".join(job.options.partition(" --state ")[1:])}'
            raise Refused(f"{halt.what} is stopped: {halt.why}. Nothing was placed. To let runs go on: {release}")


async def _refuse_while_alive(journal: Journal, kept: Kept, run: RunId, clock: HandsClock) -> None:
    if await is_silent(clock, lambda: journal.lease(run)):
        return
    raise Refused(
        f"the run {run} is at work in another process, {journal.lease(run).owner}; leave it to that one, or stop it with "
        f"`planrunner stop --run {run}`. Where you are sure that it is gone: {kept.go_on(run)} --take-over"
    )


def is_of_plan(run_of: str, plan_file: str, journal: Path) -> bool:
    """Whether a run of a plan file is of this one, however it was named then and from wherever: most plans lie beside their
    journal."""
    plan = Path(plan_file).resolve()
    return plan in (Path(run_of).resolve(), (journal.absolute().parent.parent / Path(run_of).name).resolve())


def _may_be_of_plan(run_of: str, plan_file: str) -> bool:
    """Of a run whose plan was named from a folder that nobody knows any more: by its name alone. Rather one run too few than a
    bet twice."""
    named = Path(run_of)
    return named.name == Path(plan_file).name and not named.is_absolute() and not named.exists()


def new_run(job: Job, stage: Stage) -> RunInfo:
    return RunInfo(
        run=RunId(new_run_id()),
        plan_file=job.plan_file,
        plan_name=job.plan.name,
        plan_digest=job.plan.digest,
        mode=stage.mode,
        created=wall_now(),
        seed=job.seed,
        case=job.case,
        market_data=job.market_data,
        notes=stage.notes,
    )


async def _prepare(job: Job, info: RunInfo, stage: Stage, venues: Venues, clock: HandsClock) -> Program:
    """Names to ids, terms attached. Raises DoesNotFit, and Refused and PlanProblems for a plan per market; Refused where names
    lead to something else than was approved."""
    plan, today = job.plan, stage.today(clock, zone_of(job.plan))
    if job.per_market is not None:
        plan = await job.per_market.orders(venues, today=today, now=clock.now())
    plan = on_day(plan, today)
    resolved = await resolve_plan(plan, venues, today=today)
    if job.held is not None:
        from planrunner.app.approvals import refuse_other_ids

        refuse_other_ids(job.held, plan, job.site, resolved, now=clock.now())
    in_rehearsal = info.mode is Mode.REHEARSAL
    return compile_plan(
        plan,
        resolved.orders,
        resolved.bets,
        moves=resolved.moves,
        run=info.run,
        seed_of_refs=f"{info.plan_digest}/{info.seed}/{info.case}" if in_rehearsal else info.run,
        site=job.site,
        profiles={name: venue.profile for name, venue in venues.items()},
    )
