"""Ctrl-C, SIGTERM and a closed window: what a run does about them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from planrunner.ports import Clock

# A report knows an interruption by the signal's name in the text.
STOPPED_BY = {
    "SIGINT": "stopped by Ctrl-C (SIGINT)",
    "SIGTERM": "stopped from outside (SIGTERM)",
    "SIGHUP": "stopped because its window was closed (SIGHUP)",
}
# Shells, `timeout` and supervisors pass a signal on to a whole group, so one Ctrl-C may come twice. Seconds.
ONE_SIGNAL = 1.0


class Interruptions:
    """The first asks the run to stop: nothing new is placed and remainders are taken back. A second Ctrl-C or SIGTERM, a while
    later, is from somebody who will not wait for that."""

    def __init__(self, clock: Clock, *, stop: Callable[[str], None], leave: Callable[[], None]) -> None:
        self._clock = clock
        self._stop = stop
        self._leave = leave
        self._last: float | None = None

    @property
    def any(self) -> bool:
        return self._last is not None

    def hear(self, name: str) -> None:
        now, last = self._clock.age(), self._last
        if last is None:
            self._last = now
            self._stop(name)
        elif name != "SIGHUP" and now - last >= ONE_SIGNAL:  # a window closes once, however often that is said
            self._last = now
            self._leave()

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for name, number in _signals():
            if name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
                continue  # `nohup` was asked for
            with suppress(NotImplementedError):  # Windows has no signal handlers on a loop; Ctrl-C then raises KeyboardInterrupt
                loop.add_signal_handler(number, self.hear, name)


@contextmanager
def unheard() -> Iterator[None]:
    """While the end of a run is told: a signal that comes twice must not take the report away."""
    before = []
    with suppress(ValueError):  # not the main thread, which no signal reaches
        before = [(number, signal.signal(number, signal.SIG_IGN)) for _, number in _signals()]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _signals() -> Iterator[tuple[str, int]]:
    for name in STOPPED_BY:
        if (number := getattr(signal, name, None)) is not None:
            yield name, number
