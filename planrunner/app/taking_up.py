"""Runs that nobody drives, looked after from the journal alone: no plan file is needed, and nothing new is placed.

For whoever holds a stop over them: a run is driven to its end as its owner would, what a run that is over did not know is asked
of the venue and taken back, and a run of which nothing was ever sent ends without a word to anybody.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from planrunner.app.begun import Begun, as_begun
from planrunner.app.facts import stopping, write_facts
from planrunner.app.hands import Hands
from planrunner.app.left import Left, take_back
from planrunner.app.outcome import Ran, exit_of
from planrunner.app.stage import Accounts, Stage, over_http
from planrunner.app.standing import Standing, folder_of_site, open_journal, stand
from planrunner.model.commands import Ended
from planrunner.model.errors import Divergence, PlanrunnerError, Refused
from planrunner.model.events import Event, OrderReported
from planrunner.model.journal import Body, Mode, RunInfo, RunState
from planrunner.model.market import RunId
from planrunner.ports import Clock, Secrets
from planrunner.runtime.clock import HandsClock
from planrunner.runtime.hooks import hooks_from
from planrunner.runtime.journal import Journal
from planrunner.runtime.lease import is_silent, this_process

AT_ONCE = 8  # runs looked after at the same time: each has a login of its own


def nothing_told(_body: Body, _at: object) -> None:
    """A run looked after beside others is told of at its end only."""


def stage_of(state: Path, standing: Standing, begun: Begun, *, url: str | None = None) -> Stage:
    """Where the run's orders went, or `url` where somebody names another address. Raises Refused where that can't be told."""
    url = url or was_at(standing)
    if standing.info.mode is Mode.SANDBOX and url is None:
        raise Refused(f"at which sandbox the run {standing.info.run} was is not written down, because nothing was ever sent")
    return stage_at(state, standing.info.mode, begun.accounts, url, info=standing.info)


def stage_at(state: Path, mode: Mode, accounts: Accounts, url: str | None, *, info: RunInfo | None = None) -> Stage:
    """These accounts at a sandbox, or at the venues themselves. `info`: a run of theirs, for where its site file is."""
    if mode is Mode.LIVE:
        from planrunner.runtime.secrets import secrets_of

        credentials = {name: account.credentials for name, account in accounts.items()}
        secrets: Secrets = secrets_of(credentials, site_folder=folder_of_site(state, info), environment=os.environ)
        return over_http(Mode.LIVE, accounts, secrets, sandbox_url=None)
    from planrunner.runtime.secrets import PRACTICE

    return over_http(Mode.SANDBOX, accounts, PRACTICE, sandbox_url=url)


def was_at(standing: Standing) -> str | None:
    """The server that the run's orders went to."""
    for intent in standing.intents[:1]:
        url = urlsplit(intent.request["url"])
        return f"{url.scheme}://{url.netloc}"
    return None


def go_on(state: Path, standing: Standing) -> str:
    """The command that takes the run up again, to be pasted; what it was given must be given again."""
    options = " --live" if standing.info.mode is Mode.LIVE else ""
    if standing.info.mode is Mode.SANDBOX and (url := was_at(standing)) is not None:
        options += f" --sandbox {url}"
    if state.absolute() != Path(".planrunner").absolute():
        options += f" --state {shlex.quote(str(state))}"
    return f"planrunner run --resume {standing.info.run}{options}"


@dataclass(slots=True)
class TakingUp:
    """Takes runs up under a stop. `why` says of each run that could not be looked after what stood in the way."""

    state: Path
    clock: HandsClock
    because: str
    why: dict[RunId, str] = field(default_factory=dict)
    failures: dict[RunId, int] = field(default_factory=dict)
    _turnstile: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, info: RunInfo) -> None:
        """One silent run, to its end where that can be. Never raises for what a venue, the journal or the run itself does."""
        async with self._turnstile:
            try:
                ran = await self._look_after(info)
            except PlanrunnerError as error:
                self._failed(info.run, str(error))
            else:
                if ran.trouble:
                    self._failed(info.run, ran.trouble)
                else:
                    self.why.pop(info.run, None)

    async def _look_after(self, info: RunInfo) -> Ran:
        with open_journal(self.state) as journal:
            standing = stand(journal, info)
            if not standing.intents:
                return await self._end(journal, standing)
        begun = as_begun(self.state, standing)
        stage = stage_of(self.state, standing, begun)
        with open_journal(self.state, begun.site) as journal:
            async with stage.venues(self.clock) as venues:
                beat = journal.lease(info.run).beat
                epoch = journal.take(info.run, this_process())
                standing = stand(journal, info)
                assert standing.program is not None
                assert standing.state is not None
                hands = Hands(
                    journal=journal, info=info, epoch=epoch, program=standing.program, venues=venues, clock=self.clock,
                    hooks=hooks_from(os.environ), tell=nothing_told, go_on=go_on(self.state, standing), hears_signals=False,
                    notes=begun.notes, beat=beat,
                )  # fmt: skip
                return await hands.drive(standing.state, standing.records, stage)

    async def _end(self, journal: Journal, standing: Standing) -> Ran:
        """Nothing of it ever left this machine."""
        info = standing.info
        epoch = journal.take(info.run, this_process())
        standing = stand(journal, info)
        if standing.intents:
            raise Refused(f"the run {info.run} has sent something meanwhile")
        if standing.state is None:
            journal.set_state(info.run, epoch, RunState.FINISHED)
        else:
            await write_facts(journal, standing, epoch, stopping(standing, self.because, self.clock), clock=self.clock)
        journal.leave(info.run, epoch)
        return Ran(info=journal.info(info.run), records=journal.told(info.run), exit=exit_of(Ended.STOPPED))

    def _failed(self, run: RunId, why: str) -> None:
        self.why[run] = why
        self.failures[run] = self.failures.get(run, 0) + 1

    async def ask_back(self, info: RunInfo) -> tuple[Left, ...]:
        """Of a run that is over and did not know what the venue holds: asks, takes back what rests, and writes down what came of
        it. Answers what was open or in doubt before, as it is now."""
        async with self._turnstile:
            with open_journal(self.state) as journal:
                before = stand(journal, info).left
                try:
                    return await self._ask_back(journal, info)
                except PlanrunnerError as error:
                    self._failed(info.run, str(error))
                    return before

    async def _ask_back(self, journal: Journal, info: RunInfo) -> tuple[Left, ...]:
        standing = stand(journal, info)
        if not await is_silent(self.clock, lambda: journal.lease(info.run)):
            raise Refused(f"the run {info.run} is at work in another process, {standing.lease.owner}")
        async with stage_of(self.state, standing, as_begun(self.state, standing)).venues(self.clock) as venues:
            epoch = journal.take(info.run, this_process())
            standing = stand(journal, info)
            assert standing.program is not None
            assert standing.state is not None
            left = await take_back(standing.program, standing.state, standing.sent, venues)
            try:
                await write_facts(journal, standing, epoch, reports(left, self.clock), clock=self.clock)
            except Divergence as error:
                self._failed(info.run, str(error))
            finally:
                with suppress(PlanrunnerError):
                    journal.leave(info.run, epoch)
            return left


def reports(left: Sequence[Left], clock: Clock) -> list[Event]:
    """What the venue said of each, as facts."""
    return [
        OrderReported(at=clock.now(), ref=one.placement.asked.ref, bet=bet.bet, sizes=bet.sizes, average_odds=bet.average_odds)
        for one in left
        for bet in one.bets
    ]
