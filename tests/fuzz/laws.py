"""How a law is tried: a seeded share of a second or so with every run of the tests, ten minutes of new examples in a storm.

A law is a function of one example. It fails by raising, by taking longer than SLOWEST, or by growing the process.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SLOWEST = 5.0  # seconds of this process; a thousandth is usual, and the machine may be busy
STORM = float(os.environ.get("STORM_SECONDS", "600"))
LARGEST = 400 << 10  # KiB that a storm may add to a process
ROUND = 500
_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """`share`: how many examples of every run of the tests."""

    of: Callable[[Any], object]
    examples: st.SearchStrategy[Any]
    share: int

    def holds_for_a_share(self) -> None:
        self._tried(self.share, 1, derandomize=True)

    def holds_in_a_storm(self) -> int:
        """How many examples there were."""
        began, before, rounds = time.monotonic(), _memory(), 0
        while time.monotonic() - began < STORM:
            rounds += 1
            self._tried(ROUND, time.time_ns(), derandomize=False)
            assert _memory() - before < LARGEST, f"the process grew by {(_memory() - before) >> 10} MiB"
        return rounds * ROUND

    def _tried(self, count: int, begin: int, *, derandomize: bool) -> None:
        def law(example: Any) -> None:
            began = time.process_time()
            self.of(example)
            assert time.process_time() - began < SLOWEST, "this took too long"

        chosen = settings(
            max_examples=count, deadline=None, database=None, suppress_health_check=_CHECKS, derandomize=derandomize,
            phases=[Phase.generate, Phase.shrink],
        )  # fmt: skip
        tried = chosen(given(example=self.examples)(law))
        (tried if derandomize else seed(begin)(tried))()


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def mutated(samples: list[bytes], pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    """Something good, cut, doubled, mixed with its like and sprinkled with what means something there."""
    edit = st.tuples(
        st.sampled_from(["cut", "put", "double", "swap", "byte"]),
        st.floats(0, 1), st.floats(0, 0.2), st.sampled_from(pieces) | st.binary(max_size=4), st.sampled_from(samples),
    )  # fmt: skip

    def edited(good: bytes, edits: list[tuple[str, float, float, bytes, bytes]]) -> bytes:
        for how, place, length, piece, other in edits:
            at = int(place * len(good))
            end = at + int(length * len(good))
            match how:
                case "cut":
                    good = good[:at] + good[end:]
                case "put":
                    good = good[:at] + piece + good[at:]
                case "double":
                    good = good[:end] + good[at:]
                case "swap":
                    there = int(place * len(other))
                    good = good[:at] + other[there : there + end - at] + good[end:]
                case _:
                    good = good[:at] + piece[:1] + good[at + 1 :]
        return good

    return st.builds(edited, st.sampled_from(samples), st.lists(edit, min_size=1, max_size=6))


# Values that have broken readers of JSON before: of the wrong type, too large, too exact, hardly numbers, hardly text.
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([
        None, True, False, 0, -1, 1, 2**63, -(2**63) - 1, 10**30, 0.1, 1e308, -0.0, "", "0", "1.5", "OPEN", "SUCCESS", "FAILURE",
        "CLOSED", "TIMEOUT", "ACTIVE", "2026-12-05T15:00:00.000Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "GBP", "\x1b[2J", "\u202egnp.exe", "\ud800", "\x00", "x" * 5_000, [], {}, [[]], [{}], {"": None}, [None], {"type": 1},
    ]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=6,
    ),
)  # fmt: skip
# The same as bytes, and more that are hardly JSON.
NUMBERS = st.sampled_from([
    b"1e999999999", b"1e-999999999", b"1E99999999999999999999", b"-1e400",
    b"9" * 5_000, b"0." + b"3" * 5_000, b"1.7976931348623157e308",
    b"NaN", b"-Infinity", b"[" * 5_000, b'{"a":' * 5_000, b'"\\ud800"', b'"\\u0000"', b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
])  # fmt: skip


def written(value: Any) -> bytes:
    """As JSON; also what is hardly text."""
    return json.dumps(value).encode("utf-8", "surrogatepass")


RAW = NUMBERS | st.binary(max_size=30) | ODD.map(written)
Step = tuple[float, Any, str]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.floats(0, 0.999), ODD, st.sampled_from(["put", "put", "put", "lose", "double", "rename"])), max_size=4
)


def changed(value: Any, steps: list[Step]) -> Any:
    """A JSON value with some of its nodes replaced, lost, doubled or renamed; the value itself stays as it is."""
    for place, odd, how in steps:
        paths = list(_paths(value))
        value = _with(value, paths[int(place * len(paths))], odd, how)
    return value


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from _paths(one, (*path, key))


def _with(value: Any, path: tuple[Any, ...], odd: Any, how: str) -> Any:
    if not path:
        return odd
    first, *rest = path
    items = dict(value) if isinstance(value, dict) else list(value)
    if rest or how == "put":
        items[first] = _with(items[first], tuple(rest), odd, how)
    elif isinstance(items, list):
        items[first : first + 1] = [items[first]] * 2 if how == "double" else []
    else:
        one = items.pop(first)
        if how == "rename":
            items[str(odd)] = one
    return items
