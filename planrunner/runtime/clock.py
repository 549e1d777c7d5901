"""Time, real and virtual. The one file that reads a clock or draws an id; everybody else is handed a `ports.Clock`.

Virtual time is for rehearsals: a two-hour plan takes about a second. It stands still while anything can still happen at
the present moment and then jumps to the next deadline. "Anything" is: a callback that is ready, a byte that has arrived,
and work outside the event loop that was announced with `outside()` (the journal's writer thread). What comes in from
outside waits until the loop has nothing else to do and comes in one piece at a time, so that a run repeats exactly
however fast the disk is today.
"""

from __future__ import annotations

import asyncio
import secrets
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import Context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack
from weakref import WeakKeyDictionary

T = TypeVar("T")
Virtual = TypeVar("Virtual", bound="VirtualClock")
Ts = TypeVarTuple("Ts")

# A wall clock that is set while we wait must be noticed. One look so often, whoever and however many wait.
LOOK_EVERY = 1.0
# Seconds by which the wall clock and the timers of the loop part before those who wait are told: above what a busy machine puts
# between two readings.
APART = 0.05
# A wall clock and an age part by this much only when the clock was set; a correction in small steps stays below it.
JUMPED = timedelta(seconds=2)
MICROSECOND = timedelta(microseconds=1)
READABLE = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 and o, no 1, i and l: ids are read out and typed

_GIVEN_OUT: dict[str, set[str]] = {}  # the letters of this minute's runs

# A clock that goes on while the machine sleeps: Linux has one of its own, on macOS CLOCK_MONOTONIC does, elsewhere
# `time.monotonic` is the best there is.
_SLEEPLESS: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Alarm(Protocol):
    """Something that will be done at a moment."""

    def cancel(self) -> None: ...


class HandsClock(Protocol):
    """`ports.Clock`; `call_at`, which is `sleep_until` for whoever needs no task of its own; and `outside()`: while it is held,
    work that the event loop can't see is under way."""

    def now(self) -> datetime: ...

    def age(self) -> float: ...

    async def sleep_until(self, at: datetime) -> None: ...

    def call_at(self, at: datetime, act: Callable[[], None]) -> Alarm: ...

    def outside(self) -> AbstractContextManager[None]: ...

    @property
    def is_virtual(self) -> bool: ...


def wall_now() -> datetime:
    """The real time, also in a rehearsal."""
    return datetime.now(UTC)


def new_run_id() -> str:
    """Sorts by the minute, short enough to be typed: `20261205-1429-k7f3`. Never the same twice in one process: of the 200 runs
    that a service may begin in a second, two would have the same four letters one time in fifty."""
    minute = f"{wall_now():%Y%m%d-%H%M}"
    if minute not in _GIVEN_OUT:
        _GIVEN_OUT.clear()
    given_out = _GIVEN_OUT.setdefault(minute, set())
    while (letters := "".join(secrets.choice(READABLE) for _ in range(4))) in given_out:
        pass
    given_out.add(letters)
    return f"{minute}-{letters}"


def _sleepless() -> float:
    return time.monotonic() if _SLEEPLESS is None else time.clock_gettime(_SLEEPLESS)


_ORIGIN = time.monotonic(), _sleepless()


class _Alarms:
    """Those who wait for moments of a wall clock, on one event loop: a timer for each.

    A clock raises no event when it is set, so it is looked at every second, once for all of them and while there are any. What
    counts is how far it and the timers have parted: those stand still while a laptop sleeps.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._waiting: dict[_WallAlarm, None] = {}
        self._apart = 0.0
        self._look: asyncio.TimerHandle | None = None

    def at(self, at: datetime, act: Callable[[], None]) -> _WallAlarm:
        if self._look is None:
            self._apart = self._distance()
            self._look_later()
        alarm = _WallAlarm(self, at, act)
        self._waiting[alarm] = None
        self.arm(alarm)
        return alarm

    def arm(self, alarm: _WallAlarm) -> None:
        if alarm.timer is not None:
            alarm.timer.cancel()
        left = (alarm.at - self._now()).total_seconds()
        alarm.timer = asyncio.get_running_loop().call_later(max(left, 0.0), self._due, alarm)

    def forget(self, alarm: _WallAlarm) -> None:
        self._waiting.pop(alarm, None)
        if alarm.timer is not None:
            alarm.timer.cancel()
            alarm.timer = None
        if not self._waiting and self._look is not None:
            self._look.cancel()
            self._look = None

    def _due(self, alarm: _WallAlarm) -> None:
        if self._now() < alarm.at:  # set back meanwhile, or the timer came a moment early
            self.arm(alarm)
            return
        self.forget(alarm)
        alarm.act()

    def _look_at_clock(self) -> None:
        self._look_later()
        distance = self._distance()
        if abs(distance - self._apart) > APART:
            self._apart = distance
            for alarm in self._waiting:
                self.arm(alarm)

    def _look_later(self) -> None:
        self._look = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look_at_clock)

    def _distance(self) -> float:
        return self._now().timestamp() - asyncio.get_running_loop().time()


class _WallAlarm:
    __slots__ = ("_among", "act", "at", "timer")

    def __init__(self, among: _Alarms, at: datetime, act: Callable[[], None]) -> None:
        self._among = among
        self.at = at
        self.act = act
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        self._among.forget(self)


class _Settable:
    """A wall clock that somebody may set while it is waited for."""

    def __init__(self) -> None:
        self._alarms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Alarms] = WeakKeyDictionary()

    def now(self) -> datetime:
        raise NotImplementedError

    def call_at(self, at: datetime, act: Callable[[], None]) -> Alarm:
        """`act` is called once `now() >= at`, also after the wall clock was set."""
        loop = asyncio.get_running_loop()
        if loop not in self._alarms:
            self._alarms[loop] = _Alarms(self.now)
        return self._alarms[loop].at(at, act)

    async def sleep_until(self, at: datetime) -> None:
        while self.now() < at:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            alarm = self.call_at(at, partial(_wake, woken))
            try:
                await woken
            finally:
                alarm.cancel()


class RealClock(_Settable):
    """The machine's clocks."""

    is_virtual = False

    def now(self) -> datetime:
        return datetime.now(UTC)

    def age(self) -> float:
        """The further of the monotonic clock and the one that also counts a laptop's sleep."""
        return max(time.monotonic() - _ORIGIN[0], _sleepless() - _ORIGIN[1])

    def outside(self) -> AbstractContextManager[None]:
        return nullcontext()


class Stalled(RuntimeError):
    """Every task waits and nothing can ever wake one: in virtual time a bug of ours, never the user's."""


class VirtualClock:
    """Time that jumps. Held in whole microseconds since `start`, so that nothing is lost in rounding."""

    is_virtual = True

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"the start of virtual time has no zone: {start}")
        self._start = start.astimezone(UTC)
        self._passed = 0
        self._outside = 0

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._passed)

    def age(self) -> float:
        return self._passed / 1e6

    def call_at(self, at: datetime, act: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_at(self._due(at) / 1e6, act)

    async def sleep_until(self, at: datetime) -> None:
        while self._passed < self._due(at):
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            alarm = VirtualClock.call_at(self, at, partial(_wake, woken))
            try:
                await woken
            finally:
                alarm.cancel()

    def _due(self, at: datetime) -> int:
        return (at.astimezone(UTC) - self._start) // MICROSECOND

    @contextmanager
    def outside(self) -> Iterator[None]:
        self._outside += 1
        try:
            yield
        finally:
            self._outside -= 1

    @property
    def is_held(self) -> bool:
        return self._outside > 0

    def jump(self, seconds: float) -> None:
        """To the nearest microsecond: a deadline that was a whole number of them is met exactly, whatever the floats say."""
        self._passed = max(self._passed, round((self._passed / 1e6 + seconds) * 1e6))


class SetClock(_Settable, VirtualClock):
    """A twin of a machine whose wall clock somebody sets; its age goes on as before."""

    def __init__(self, start: datetime) -> None:
        _Settable.__init__(self)
        VirtualClock.__init__(self, start)
        self._set_by = timedelta(0)

    def set(self, by: timedelta) -> None:
        self._set_by += by

    def now(self) -> datetime:
        return self.true + self._set_by

    @property
    def true(self) -> datetime:
        """What every other clock says."""
        return VirtualClock.now(self)


class _JumpingSelector(selectors.DefaultSelector):
    """Where an event loop would sleep, virtual time jumps."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        arrived = super().select(0)
        if arrived or timeout == 0 or self.loop.let_in():
            return arrived
        if self.loop.clock.is_held:
            return super().select(None)  # until a thread posts something
        if timeout is None:
            raise Stalled(f"virtual time has no next moment; waiting: {_waiting(self.loop)}")
        self.loop.clock.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time: `asyncio.sleep`, `asyncio.timeout` and `call_later` all run on it."""

    def __init__(self, clock: VirtualClock) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self.clock = clock
        self._posted: deque[Callable[[], object]] = deque()
        super().__init__(selector)
        # A timer counts as due within this many seconds: more than half a microsecond (the rounding of a jump), less than one.
        self._clock_resolution = 0.6e-6

    def time(self) -> float:
        return self.clock.age()

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """What other threads hand in waits until the loop is idle: see `let_in`."""
        handle = asyncio.Handle(callback, args, self, context)
        self._posted.append(lambda: None if handle.cancelled() else self.call_soon(callback, *args, context=context))
        super().call_soon_threadsafe(_nothing)  # wakes the selector
        return handle

    def let_in(self) -> bool:
        """Takes in the oldest piece of outside work that is done. Called when nothing else is ready."""
        if not self._posted:
            return False
        self._posted.popleft()()
        return True

    def run_in_executor(self, executor: Any, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        """A thread's work is outside work."""
        held = self.clock.outside()
        held.__enter__()
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: held.__exit__(None, None, None))
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Waiting for the threads to end is outside work too. They are ours and end, so no timeout is passed on."""
        with self.clock.outside():
            await super().shutdown_default_executor()


def run_virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, T]], *, start: datetime) -> T:
    """`asyncio.run` on virtual time.

    The same tasks wake in the same order each time; a caller that walks over a `set` of tasks (`asyncio.wait`) loses that.
    """
    return run_on(VirtualClock(start), main)


def run_on(clock: Virtual, main: Callable[[Virtual], Coroutine[Any, Any, T]]) -> T:
    """The same on a clock that is there."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(main(clock))


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _nothing() -> None:
    """A callback for its wake-up only."""


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    return ", ".join(sorted(repr(task.get_coro()) for task in asyncio.all_tasks(loop))) or "no task"
