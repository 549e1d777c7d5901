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
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Virtual = TypeVar("Virtual", bound="VirtualClock")
Ts = TypeVarTuple("Ts")

# A wall clock that is set while we wait must be noticed: nobody waits longer than this without looking.
LOOK_EVERY = 1.0
# A wall clock and an age part by this much only when the clock was set; a correction in small steps stays below it.
JUMPED = timedelta(seconds=2)
MICROSECOND = timedelta(microseconds=1)
READABLE = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 and o, no 1, i and l: ids are read out and typed

# A clock that goes on while the machine sleeps: Linux has one of its own, on macOS CLOCK_MONOTONIC does, elsewhere
# `time.monotonic` is the best there is.
_SLEEPLESS: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class HandsClock(Protocol):
    """`ports.Clock`, and `outside()`: while it is held, work that the event loop can't see is under way."""

    def now(self) -> datetime: ...

    def age(self) -> float: ...

    async def sleep_until(self, at: datetime) -> None: ...

    def outside(self) -> AbstractContextManager[None]: ...

    @property
    def is_virtual(self) -> bool: ...


def wall_now() -> datetime:
    """The real time, also in a rehearsal."""
    return datetime.now(UTC)


def new_run_id() -> str:
    """Sorts by the minute, short enough to be typed: `20261205-1429-k7f3`."""
    return f"{wall_now():%Y%m%d-%H%M}-" + "".join(secrets.choice(READABLE) for _ in range(4))


def _sleepless() -> float:
    return time.monotonic() if _SLEEPLESS is None else time.clock_gettime(_SLEEPLESS)


_ORIGIN = time.monotonic(), _sleepless()


class RealClock:
    """The machine's clocks."""

    is_virtual = False

    def now(self) -> datetime:
        return datetime.now(UTC)

    def age(self) -> float:
        """The further of the monotonic clock and the one that also counts a laptop's sleep."""
        return max(time.monotonic() - _ORIGIN[0], _sleepless() - _ORIGIN[1])

    async def sleep_until(self, at: datetime) -> None:
        # A clock raises no event when it is set, so this looks again and again.
        while (left := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, LOOK_EVERY))

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

    async def sleep_until(self, at: datetime) -> None:
        loop = asyncio.get_running_loop()
        due = (at.astimezone(UTC) - self._start) // MICROSECOND
        while self._passed < due:
            woken: asyncio.Future[None] = loop.create_future()
            timer = loop.call_at(due / 1e6, _wake, woken)
            try:
                await woken
            finally:
                timer.cancel()

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


class SetClock(VirtualClock):
    """A twin of a machine whose wall clock somebody sets; its age goes on as before."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._set_by = timedelta(0)

    def set(self, by: timedelta) -> None:
        self._set_by += by

    def now(self) -> datetime:
        return super().now() + self._set_by

    @property
    def true(self) -> datetime:
        """What every other clock says."""
        return super().now()

    async def sleep_until(self, at: datetime) -> None:
        while (left := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, LOOK_EVERY))


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
