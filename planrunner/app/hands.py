"""One owner of one run: drives it, and whatever stops it on the way, says what is left at the venues and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from planrunner.app.interruptions import STOPPED_BY, Interruptions
from planrunner.app.left import Left, in_words, left_behind, take_back
from planrunner.app.news import News, Tell
from planrunner.app.outcome import Exit, Ran, exit_of
from planrunner.app.stage import Stage, Venues
from planrunner.engine.losses import may_lose
from planrunner.engine.state import RunPhase, State
from planrunner.model.commands import Alert, Ended, FinishRun, PlaceOrders, PlaceTicket
from planrunner.model.errors import Divergence, JournalTrouble, PlanrunnerError
from planrunner.model.events import Event, OrderAccepted, OrderReported, RunStarted
from planrunner.model.journal import Mode, Record, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.model.program import Program
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.driver import Driver, GoneAway
from planrunner.runtime.hooks import Hooks
from planrunner.runtime.journal import Journal
from planrunner.runtime.timers import set_back
from planrunner.runtime.timetable import ended
from planrunner.runtime.trouble import Fenced
from planrunner.runtime.watch import Watchman

# What somebody who goes on with a run is told of its past: what was asked, and what matched.
RECAP = (RunStarted, PlaceOrders, PlaceTicket, OrderAccepted, OrderReported)


class Reins(Protocol):
    """Of a run at work."""

    def stop(self, text: str) -> None:
        """Place nothing more and take back what rests."""
        ...

    def go_away(self) -> None:
        """Leave it where it is, to be taken up again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Everything that one owner of one run holds. `go_on`: the command that takes the run up again. `hears_signals`: Ctrl-C is
    for this run; where several are looked after in one process it is for whoever looks after them, who may take the `reins`,
    and has one `watchman` for all. `notes`: what to tell of a run that is taken up, in whole sentences; `beat`: the last sign of
    life of whoever had it before."""

    journal: Journal
    info: RunInfo
    epoch: int
    program: Program
    venues: Venues
    clock: HandsClock
    hooks: Hooks
    tell: Tell
    go_on: str
    hears_signals: bool = True
    reins: Callable[[RunId, Reins], None] | None = None
    watchman: Watchman | None = None
    notes: Sequence[str] = ()
    beat: datetime | None = None

    async def drive(self, state: State, records: Collection[Record] | None, stage: Stage) -> Ran:
        """From this state to the end. What stops a run on its way is told, never raised: there may be bets to look after.

        Only a fault of our own is raised, and not before the same was done and told.
        """
        try:
            return await self._drive(state, records, stage)
        finally:
            with suppress(PlanrunnerError):  # whoever takes the run up next need not wait for this owner's silence
                self.journal.leave(self.info.run, self.epoch)

    async def _drive(self, state: State, records: Collection[Record] | None, stage: Stage) -> Ran:
        news = News(self.tell)
        driver = Driver(
            run=self.info.run,
            epoch=self.epoch,
            program=self.program,
            state=state,
            journal=self.journal,
            venues=self.venues,
            clock=self.clock,
            hooks=self.hooks,
            listener=news,
        )
        first: list[Event] = [RunStarted(at=self.clock.now(), program=self.program)]
        if records is not None:
            back = set_back(records, self.beat, self.clock.now())
            first = driver.resume(self.journal.intents(self.info.run), back, self.notes)
            for record in records:
                if isinstance(record.body, RECAP):
                    news(record.body, record.at)
        if self.reins is not None:
            self.reins(self.info.run, driver)
        interruptions = Interruptions(self.clock, stop=lambda name: self._stop(driver, news, name), leave=driver.go_away)
        if not self._is_rehearsal and self.hears_signals and self.reins is None:
            interruptions.listen()
        try:
            with self._watched(driver):
                await driver.drive(first, settle_within=stage.settle_within)
        except JournalTrouble as error:
            return await self._without_journal(driver, news, error)
        except GoneAway:
            return await self._gone_away(driver)
        except Fenced as error:
            return self._told(Exit.NOT_AS_PLANNED, str(error))
        except Divergence as error:
            return self._can_not_be(driver, error)
        except Exception:
            await self._our_bug(driver, news)
            raise
        return self._over(driver, records or (), interrupted=interruptions.any)

    def _watched(self, driver: Driver) -> AbstractContextManager[None]:
        """Looked out for stops and clocks; a rehearsal has neither."""
        if self._is_rehearsal:
            return nullcontext()
        watchman = self.watchman or Watchman(self.journal, self.clock)
        return watchman.watching(self.info, self.epoch, self.venues, driver)

    def _stop(self, driver: Driver, news: News, name: str) -> None:
        driver.stop(STOPPED_BY[name])
        if name == "SIGINT":
            text = "what rests is being taken back; Ctrl-C once more leaves it at the venue as it is"
            news(Alert(path="run.stopping", text=text, because="stop"), self.clock.now())

    # -- ends

    def _over(self, driver: Driver, records: Collection[Record], *, interrupted: bool) -> Ran:
        code = exit_of(driver.ended or _ended(records), interrupted=interrupted)
        over = RunState.SETTLED if driver.state.phase is RunPhase.SETTLED else RunState.FINISHED
        try:
            ended(self.journal, self.info.run, self.epoch, over, lost=may_lose(driver.state))
        except JournalTrouble as error:
            return self._told(code, f"the run is over, but it can't be marked so: {error}\nThen: {self.go_on}")
        return self._told(code)

    async def _without_journal(self, driver: Driver, news: News, error: JournalTrouble) -> Ran:
        if self._is_rehearsal:
            return self._told(Exit.REFUSED, f"the rehearsal can't go on: {error}")
        if not driver.sent:
            return self._told(Exit.REFUSED, f"{error}\nNothing was placed. When this is put right: {self.go_on}")
        self._alert(news, "the journal can't be written; nothing more is placed, and what rests at the venue is taken back")
        left = await take_back(self.program, driver.state, driver.sent, self.venues)
        with suppress(PlanrunnerError):  # the last try to write down what is known
            if self.watchman is None:
                self.journal.close()
            else:  # others of this process go on with it
                await self.journal.append(self.info.run, self.epoch, [], self.clock.now())
        trouble = f"{error}\nWithout it the run can't go on. Nothing more was placed; {_at_the_venue(left)}"
        known = "What follows is from the journal, which does not know what the venue said last."
        go_on = f"When this is put right: {self.go_on}\n{known}"
        return self._told(Exit.UNKNOWN_EXPOSURE, f"{trouble}\n{go_on}")

    async def _gone_away(self, driver: Driver) -> Ran:
        with suppress(PlanrunnerError):
            await self.journal.append(self.info.run, self.epoch, [], self.clock.now())
        left = left_behind(self.program, driver.state, driver.sent)
        code = Exit.INTERRUPTED if all(one.is_certain for one in left) else Exit.UNKNOWN_EXPOSURE
        venue = _as_last_known(left)
        return self._told(code, f"left at once, as you asked; {venue}\nNobody looks after the run until: {self.go_on}")

    def _can_not_be(self, driver: Driver, error: Divergence) -> Ran:
        """Facts that contradict each other are no ground to act on: orders are left alone."""
        left = left_behind(self.program, driver.state, driver.sent)
        code = Exit.UNKNOWN_EXPOSURE if driver.sent else Exit.REFUSED
        return self._told(code, f"a fact that can't be true, so the run was stopped as it is: {error}\n{_as_last_known(left)}")

    async def _our_bug(self, driver: Driver, news: News) -> None:
        """The boundary tells the fault itself. Nobody watches the orders any more, so what rests is asked back first."""
        if self._is_rehearsal or not driver.sent:
            return
        left = await take_back(self.program, driver.state, driver.sent, self.venues)
        self._alert(news, f"stopped by a fault of planrunner; {_at_the_venue(left)}\nTo go on with the run: {self.go_on}")

    @property
    def _is_rehearsal(self) -> bool:
        return self.info.mode is Mode.REHEARSAL

    def _alert(self, news: News, text: str) -> None:
        news(Alert(path=f"run.{self.info.run}", text=text, because="stop"), self.clock.now())

    def _told(self, code: Exit, trouble: str | None = None) -> Ran:
        try:
            info, records = self.journal.info(self.info.run), self.journal.told(self.info.run)
        except JournalTrouble as error:
            text = str(error) if trouble is None else trouble if str(error) in trouble else f"{trouble}\n{error}"
            return Ran(info=self.info, records=None, exit=code, trouble=text)
        return Ran(info=info, records=records, exit=code, trouble=trouble)


def _ended(records: Collection[Record]) -> Ended:
    """Of a run that had come to its end before it was taken up again."""
    return [record.body.ended for record in records if isinstance(record.body, FinishRun)][-1]


def _at_the_venue(left: Sequence[Left]) -> str:
    if not left:
        return "nothing rested at the venue."
    return f"what rested at the venue was asked back, and this came of it:{in_words(left)}"


def _as_last_known(left: Sequence[Left]) -> str:
    if not left:
        return "nothing rests at the venue, as far as is known."
    return f"this may still be matched or have been, for all that is known:{in_words(left)}"
