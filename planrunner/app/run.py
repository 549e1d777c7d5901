"""Running a plan: from its file to its report, at whatever stage."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from planrunner.app.hands import Hands
from planrunner.app.news import Tell
from planrunner.app.outcome import Exit, Ran
from planrunner.app.per_market import PerMarket
from planrunner.app.resolving import resolve_plan, zone_of
from planrunner.app.stage import Stage, Venues
from planrunner.app.standing import stand
from planrunner.engine.compile import compile_plan
from planrunner.engine.state import initial
from planrunner.model.account import Site
from planrunner.model.errors import JournalTrouble, Refused, VenueRefused, VenueTrouble
from planrunner.model.journal import HaltScope, Mode, RunInfo
from planrunner.model.market import RunId
from planrunner.model.plan import Plan
from planrunner.model.program import Program
from planrunner.runtime.clock import HandsClock, new_run_id, wall_now
from planrunner.runtime.hooks import Hooks, hooks_from
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import is_silent, this_process

__all__ = ["Job", "Ran", "resume", "start"]


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
    market of a catalogue."""

    plan_file: str
    plan: Plan
    seed: int | None = None
    case: str | None = None
    market_data: str | None = None
    per_market: PerMarket | None = None


def start(job: Job, stage: Stage, tell: Tell) -> Ran:
    """Run a plan from its beginning.

    Raises Refused (an unfinished run of the same plan, a stop in force, no market for a plan per market), PlanProblems,
    DoesNotFit, VenueRefused, VenueTrouble, JournalTrouble; all of them before anything is placed.
    """

    async def main(clock: HandsClock) -> Ran:
        hooks = hooks_from(os.environ)
        with _journal(job, stage, clock, hooks) as journal:
            if stage.mode is not Mode.REHEARSAL:
                _refuse_beside_unfinished(journal, job)
            info = _info(job, stage)
            _refuse_under_halt(journal, job, info)
            async with stage.venues(clock) as venues:
                program = await _prepare(job, info, stage, venues, clock)
                journal.create(info)
                epoch = journal.take(info.run, this_process())
                hands = Hands(
                    journal=journal, info=info, epoch=epoch, program=program, venues=venues, clock=clock, hooks=hooks, tell=tell,
                    go_on=job.go_on(info.run),
                )  # fmt: skip
                return await hands.drive(initial(program), None, stage)

    try:
        return stage.play(main)
    except (JournalTrouble, VenueRefused, VenueTrouble) as error:
        raise type(error)(f"{error}\nNothing was placed.") from error


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
            try:
                async with stage.venues(clock) as venues:
                    beat = journal.lease(run).beat
                    epoch = journal.take(run, this_process())
                    standing = stand(journal, info)
                    program, state = standing.program, standing.state
                    if program is None or state is None:
                        program = await _prepare(_needed(kept, info), info, stage, venues, clock)
                        state = initial(program)
                    hands = Hands(
                        journal=journal, info=info, epoch=epoch, program=program, venues=venues, clock=clock, hooks=hooks,
                        tell=tell, go_on=kept.go_on(run), notes=kept.notes, beat=beat,
                    )  # fmt: skip
                    return await hands.drive(state, standing.records or None, stage)
            except (VenueRefused, VenueTrouble) as error:
                if not journal.intents(run):
                    raise
                trouble = f"{error}\nThe run stays as it is, and so does what it has at the venue. Then again: {kept.go_on(run)}"
                return Ran(info=info, records=journal.told(run), exit=Exit.UNKNOWN_EXPOSURE, trouble=trouble)

    return stage.play(main)


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


def _refuse_beside_unfinished(journal: Journal, job: Job) -> None:
    if unfinished := [info.run for info in journal.unfinished() if is_of_plan(info, job.plan_file, job.journal)]:
        raise Refused(
            f"the run {unfinished[-1]} of this plan is not over: it was interrupted, or goes on in another window, and may have "
            f"bets at the venue. Nothing was placed. To go on with it: {job.go_on(unfinished[-1])}"
        )


def _refuse_under_halt(journal: Journal, job: Job, info: RunInfo) -> None:
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


def is_of_plan(info: RunInfo, plan_file: str, journal: Path) -> bool:
    """Whether a run is of this plan, however its file was named then and from wherever: most plans lie beside their journal."""
    plan = Path(plan_file).resolve()
    return plan in (Path(info.plan_file).resolve(), (journal.absolute().parent.parent / Path(info.plan_file).name).resolve())


def _info(job: Job, stage: Stage) -> RunInfo:
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
    """Names to ids, terms attached. Raises DoesNotFit, and for a plan per market Refused and PlanProblems."""
    plan, today = job.plan, stage.today(clock, zone_of(job.plan))
    if job.per_market is not None:
        plan = await job.per_market.orders(venues, today=today)
    resolved = await resolve_plan(plan, venues, today=today)
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
