"""`planrunner doctor`: whether this machine, its files and its accounts are fit to bet with, and what to do where they are not.

Every check answers in lines, and none of them can end the others: what goes wrong while looking is itself a finding. Nothing is
placed, and nothing but a small file beside the journal is written.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from planrunner.app import report as telling
from planrunner.app.outcome import Exit
from planrunner.app.site import SITE_FILE
from planrunner.app.standing import Standing, folder_of_site, open_journal, site_of, stand
from planrunner.app.taking_up import go_on
from planrunner.app.venues import BUILT
from planrunner.model.account import Account, AccountMode
from planrunner.model.errors import PlanrunnerError, VenueRefused
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.market import AccountName
from planrunner.net.channel import Channel
from planrunner.net.door import Door
from planrunner.net.message import Headers, Reply
from planrunner.ports import Clock, Secrets, SendBy
from planrunner.runtime.clock import RealClock
from planrunner.runtime.desk import Desk
from planrunner.runtime.halts import stop_file
from planrunner.runtime.journal import Journal, patience_from
from planrunner.runtime.lease import seems_silent
from planrunner.runtime.tables import file_system

# A plan's times are to the second, and the venue's `Date` has no more than that.
CLOCK_WARN, CLOCK_BAD = timedelta(seconds=2), timedelta(seconds=30)
LATENCY_WARN = 1.0  # seconds; an intent may leave within two
SPACE_WARN, SPACE_BAD = 500 << 20, 50 << 20  # bytes; a busy run writes some megabytes
SYNCS = 15
TOO_FAST = 50e-6  # seconds: a disk that answers sooner has not written
SLOW = 0.05
SUMMER = datetime(2026, 7, 1, tzinfo=UTC)
ZONES = {"Europe/London": 1, "America/New_York": -4, "Australia/Sydney": 10}  # hours from UTC then


class Health(StrEnum):
    """Of one line."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was looked at. `do` is what to do about it, empty where all is well."""

    check: str
    health: Health
    text: str
    do: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All of them."""

    lines: tuple[Line, ...]

    @property
    def exit(self) -> Exit:
        return Exit.NOT_AS_PLANNED if any(line.health is Health.BAD for line in self.lines) else Exit.DONE


def diagnose(state: Path, *, sandbox: str | None = None) -> Diagnosis:
    """`sandbox`: where accounts that are not for live runs are looked for; None: they are not."""
    checks: tuple[tuple[str, Callable[[], Iterable[Line]]], ...] = (
        ("zone data", zones),
        ("site file", lambda: site_file(state)),
        ("credentials", lambda: credentials(state)),
        ("state folder", lambda: state_folder(state)),
        ("disk", lambda: disk(state)),
        ("journal", lambda: journals(state)),
        ("runs", lambda: runs(state)),
        ("stops", lambda: stops(state)),
        ("accounts", lambda: accounts(state, sandbox)),
    )
    return Diagnosis(lines=tuple(line for name, check in checks for line in _guarded(name, check)))


def _guarded(name: str, check: Callable[[], Iterable[Line]]) -> Iterator[Line]:
    try:
        yield from check()
    except PlanrunnerError as error:
        yield Line(check=name, health=Health.BAD, text=str(error), do="put that right first; what it hides can't be told")
    except OSError as error:
        yield Line(check=name, health=Health.BAD, text=f"can't be looked at: {error}", do="give this user the right to")


# --- this machine


def zones(wanted: Mapping[str, int] = ZONES) -> Iterator[Line]:
    """Whether this machine knows when clocks change."""
    try:
        well = all(SUMMER.astimezone(ZoneInfo(name)).utcoffset() == timedelta(hours=hours) for name, hours in wanted.items())
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        text = f"this machine has no zone data ({error}), so times of a plan can't be told"
        yield Line(check="zone data", health=Health.BAD, text=text, do="install it: pip install tzdata")
        return
    if well:
        yield Line(check="zone data", health=Health.OK, text="zones are known")
    else:
        text = "the zone data is wrong about when clocks change"
        yield Line(check="zone data", health=Health.BAD, text=text, do="install it anew: pip install --upgrade tzdata")


def site_file(state: Path) -> Iterator[Line]:
    """Whoever can write it can raise limits."""
    file = folder_of_site(state) / SITE_FILE
    if not file.exists():
        yield Line(check="site file", health=Health.OK, text=f"there is none at {file}: accounts practise only, without limits")
        return
    site_of(state)
    yield _written_by_others("site file", file, "whoever writes it can raise limits and make accounts live")


def credentials(state: Path) -> Iterator[Line]:
    """Their places only; whether they are right is seen when somebody logs in."""
    from planrunner.runtime.secrets import places_of

    with suppress(PlanrunnerError):
        if not any(account.credentials == "file" for account in site_of(state).accounts.values()):
            return
    for file in places_of(folder_of_site(state), os.environ):
        if os.path.lexists(file):
            found = file.lstat()
            private = stat.S_ISREG(found.st_mode) and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            yield Line(
                check="credentials",
                health=Health.OK if private else Health.BAD,
                text=f"{file} is yours alone" if private else f"{file} is a link, or can be read or written by others",
                do="" if private else f"put the file itself there, and: chmod 600 {file}",
            )
            return
    yield Line(
        check="credentials", health=Health.BAD, text="an account has `credentials: file`, and there is no such file",
        do=f"write {places_of(folder_of_site(state), os.environ)[0]} (planrunner run --live says what is in it)",
    )  # fmt: skip


def state_folder(state: Path) -> Iterator[Line]:
    """Whoever can write it can change what is known of bets, or take a stop away."""
    if not state.is_dir():
        do = "run a plan, or name the folder of your journal with --state"
        yield Line(check="state folder", health=Health.WARN, text=f"there is no folder {state} yet", do=do)
        return
    if not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        do = "give this user the right to read and write it"
        yield Line(check="state folder", health=Health.BAD, text=f"{state} can't be written", do=do)
        return
    yield _written_by_others("state folder", state, "whoever writes it can change what is known of bets, or take a stop away")
    mounts = Path("/proc/self/mounts")
    kind = file_system(state.resolve(), mounts.read_text(encoding="utf-8", errors="replace")) if mounts.exists() else None
    if kind in ("tmpfs", "ramfs"):
        yield Line(
            check="state folder", health=Health.WARN, text=f"{state} is in memory ({kind}): the journal is gone when this "
            "machine stops", do="keep the journals of live runs on a disk, with --state",
        )  # fmt: skip


def _written_by_others(check: str, path: Path, why: str) -> Line:
    found = path.stat()
    own = not hasattr(os, "geteuid") or found.st_uid in (os.geteuid(), 0)
    if own and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return Line(check=check, health=Health.OK, text=f"{path} is written by you alone")
    do = f"chmod go-w {path}" if own else f"make it yours: chown, then chmod go-w {path}"
    return Line(check=check, health=Health.BAD, text=f"others than you can write {path}: {why}", do=do)


def disk(state: Path) -> Iterator[Line]:
    """Room, and how long it takes until something is written."""
    folder = next(one for one in (state.absolute(), *state.absolute().parents) if one.is_dir())
    free = shutil.disk_usage(folder).free
    yield space(free)
    if folder == state.absolute():
        yield sync_speed(median(_syncs(folder)))


def space(free: int) -> Line:
    """Judges so many bytes."""
    text = f"{free / (1 << 30):.1f} GiB are free" if free >= 1 << 30 else f"{free >> 20} MiB are free"
    if free >= SPACE_WARN:
        return Line(check="disk", health=Health.OK, text=text)
    health = Health.WARN if free >= SPACE_BAD else Health.BAD
    return Line(check="disk", health=health, text=text, do="make room: without a journal nothing is placed")


def sync_speed(seconds: float) -> Line:
    """Judges how long the disk takes until it says that something is written."""
    text = f"the disk says after {seconds * 1000:.2f} ms that something is written"
    if seconds < TOO_FAST:
        return Line(
            check="disk sync", health=Health.WARN, text=f"{text}, which is faster than it can",
            do="after a power failure the last intents may be missing, and bets be unknown: use a disk that does write",
        )  # fmt: skip
    if seconds > SLOW:
        return Line(check="disk sync", health=Health.WARN, text=text, do="every order waits that long: use a faster disk")
    return Line(check="disk sync", health=Health.OK, text=text)


def _syncs(folder: Path) -> list[float]:
    clock, took = RealClock(), []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for number in range(SYNCS):
            file.write(b"%4096d" % number)
            before = clock.age()
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())
            took.append(clock.age() - before)
    return took


# --- journal and runs


def journals(state: Path) -> Iterator[Line]:
    """Every run's chain of digests, from its first record to its last."""
    for name in dict.fromkeys(telling.JOURNALS.values()):
        path = state / name
        if not path.is_file():
            continue
        damaged, count = [], 0
        with Journal.open(path, durable=True) as journal:
            for info in journal.runs():
                count += 1
                try:
                    journal.verify(info.run)
                except PlanrunnerError as error:
                    damaged.append(str(error))
        for text in damaged:
            do = "keep the file as it is, and compare with the venue: planrunner reconcile"
            yield Line(check="journal", health=Health.BAD, text=text, do=do)
        if not damaged:
            yield Line(check="journal", health=Health.OK, text=f"{path}: {count} runs, every record is as it was written")


def runs(state: Path) -> Iterator[Line]:
    """What nobody looks after. A run that can't be read hides no other; the journal's own check tells of it."""
    if not (state / telling.JOURNALS[Mode.LIVE]).is_file():
        return
    now, found = RealClock().now(), 0
    with open_journal(state) as journal:
        under_way = [info for info in journal.unfinished() if info.mode is not Mode.REHEARSAL]
        silent = [info for info in under_way if seems_silent(journal.lease(info.run), now)]
        over = [journal.info(run) for run in Desk(journal.path, patience=patience_from(os.environ)).ended_unresolved()]
        for info in (*silent, *over):
            for line in _guarded("runs", partial(_left_alone, state, journal, info)):
                found += 1
                yield line
    if not found:
        yield Line(check="runs", health=Health.OK, text=f"{len(under_way)} under way, each has an owner that is alive")


def _left_alone(state: Path, journal: Journal, info: RunInfo) -> list[Line]:
    standing = stand(journal, info)
    if not standing.is_over:
        return [_silent(state, standing)]
    return [_unresolved(standing)] if standing.left else []


def _silent(state: Path, standing: Standing) -> Line:
    rests = f"; {len(standing.left)} of its placements may rest at a venue" if standing.left else ""
    health = Health.BAD if standing.left else Health.WARN
    do = f"go on with it: {go_on(state, standing)}; or take back what rests: planrunner stop --run {standing.info.run}"
    return Line(check="runs", health=health, text=f"nobody drives the run {standing.info.run}{rests}", do=do)


def _unresolved(standing: Standing) -> Line:
    refs = ", ".join(one.placement.asked.ref for one in standing.left)
    text = f"the run {standing.info.run} ended without knowing what the venue holds under {refs}"
    return Line(check="runs", health=Health.BAD, text=text, do="planrunner reconcile --adopt asks the venue and writes it down")


def stops(state: Path) -> Iterator[Line]:
    """What is stopped is no illness, but whoever wonders why nothing is placed should see it here."""
    path = state / telling.JOURNALS[Mode.LIVE]
    if path.is_file():
        with open_journal(state) as journal:
            halts = journal.halts()
    else:
        from planrunner.runtime.halts import halt_of_file

        by_file = halt_of_file(stop_file(path))
        halts = () if by_file is None else (by_file,)
    for halt in halts:
        do = 'to let runs begin again: planrunner release --because "..."'
        yield Line(check="stops", health=Health.WARN, text=f"{halt.what} is stopped: {halt.why}", do=do)
    if not halts:
        yield Line(check="stops", health=Health.OK, text="none is in force")


# --- accounts


@dataclass(slots=True)
class Listening:
    """What was heard on the way: when each answer came, how long it took, and what the other side's clock said."""

    took: list[float] = field(default_factory=list)
    offsets: list[timedelta] = field(default_factory=list)

    def heard(self, reply: Reply, *, sent: datetime, took: float) -> None:
        self.took.append(took)
        if (date := reply.header("date")) is not None:
            with suppress(ValueError):
                self.offsets.append(offset_of(parsedate_to_datetime(date), sent, took))


def offset_of(date: datetime, sent: datetime, took: float) -> timedelta:
    """How far this machine's clock is ahead of a server that said this date, which has whole seconds only."""
    ours = sent + timedelta(seconds=took / 2)
    return ours - (date.astimezone(UTC) + timedelta(seconds=0.5))


class ListeningDoor(Door):
    """The door, with somebody beside it who looks at the clock."""

    def __init__(self, door: Door, clock: Clock, listening: Listening) -> None:
        self._door = door
        self._watch = clock
        self._listening = listening

    async def send(
        self, method: str, url: str, headers: Headers, content: bytes, *, within: float, send_by: SendBy | None = None
    ) -> Reply:
        sent, before = self._watch.now(), self._watch.age()
        reply = await self._door.send(method, url, headers, content, within=within, send_by=send_by)
        self._listening.heard(reply, sent=sent, took=self._watch.age() - before)
        return reply

    async def connect(self, url: str, *, headers: Headers = (), subprotocols: tuple[str, ...] = (), within: float) -> Channel:
        return await self._door.connect(url, headers=headers, subprotocols=subprotocols, within=within)

    async def close(self) -> None:
        await self._door.close()


def accounts(state: Path, sandbox: str | None) -> Iterator[Line]:
    """A login and a few reads on each account that can be reached; none of them is asked anything else."""
    site = site_of(state)
    for name, account in site.accounts.items():
        if account.venue not in BUILT:
            continue  # there is nobody to ask yet
        if account.mode is AccountMode.LIVE or sandbox is not None:
            yield from asyncio.run(_account(state, account, sandbox if account.mode is not AccountMode.LIVE else None))
        else:
            text = f"{name} practises only (mode {account.mode.value}), so nothing is asked of its venue"
            yield Line(check="accounts", health=Health.OK, text=text)


async def _account(state: Path, account: Account, url: str | None) -> list[Line]:
    from planrunner.app.venues import make_venue
    from planrunner.net.socket_wire import SocketWire

    clock, listening = RealClock(), Listening()
    door = ListeningDoor(Door(SocketWire(clock), clock), clock, listening)
    try:
        venue = make_venue(account, door=door, clock=clock, secrets=_secrets(state, account, url), at=url)
        try:
            await venue.open()
        finally:
            await venue.close()
    except PlanrunnerError as error:
        do = (
            "correct the credentials or the site file"
            if isinstance(error, VenueRefused)
            else "look at the network, or later again"
        )
        return [Line(check="accounts", health=Health.BAD, text=f"{account.name} can't log in: {error}", do=do)]
    finally:
        await door.close()
    return [login(account.name, median(listening.took)), *(clock_offset(account.name, one) for one in listening.offsets[-1:])]


def _secrets(state: Path, account: Account, url: str | None) -> Secrets:
    from planrunner.runtime.secrets import PRACTICE, secrets_of

    if url is not None:
        return PRACTICE
    return secrets_of({account.name: account.credentials}, site_folder=folder_of_site(state), environment=os.environ)


def login(name: AccountName, seconds: float) -> Line:
    """Judges how long an answer takes."""
    text = f"{name} logs in; an answer takes {seconds * 1000:.0f} ms"
    if seconds > LATENCY_WARN:
        return Line(check="accounts", health=Health.WARN, text=text, do="look at the network: an order that waits is not sent")
    return Line(check="accounts", health=Health.OK, text=text)


def clock_offset(name: AccountName, ahead: timedelta) -> Line:
    """Judges this machine's clock by the venue's."""
    seconds = ahead.total_seconds()
    if abs(ahead) < CLOCK_WARN:
        return Line(
            check="clock", health=Health.OK, text=f"this machine's clock is right to {CLOCK_WARN.seconds} s, as {name} sees it"
        )
    text = f"this machine's clock is {abs(seconds):.0f} s {'ahead' if seconds > 0 else 'behind'}, as {name} sees it"
    health = Health.WARN if abs(ahead) < CLOCK_BAD else Health.BAD
    return Line(
        check="clock", health=health, text=text, do="times of plans are early or late by that: let the system set its clock"
    )
