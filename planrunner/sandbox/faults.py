"""Things that go wrong between a client and a venue, each on a numbered call or by the seed's dice."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Trouble(StrEnum):
    """What goes wrong. `landing`: whether the venue carried the request out before the trouble.

    `refused`, `report failed` and `leg failed` go with a code of the venue's: the request as a whole is refused, or its report,
    or each leg of it.
    """

    REPLY_LOST_AFTER_LANDING = "reply lost after landing"
    REPLY_LOST_BEFORE_LANDING = "reply lost before landing"
    REPLY_DELAYED = "reply delayed"
    HTTP_500 = "http 500"
    HTTP_502 = "http 502"
    HTTP_503 = "http 503"
    HTTP_500_AFTER_LANDING = "http 500 after landing"
    MALFORMED_BODY = "malformed body"
    TOO_MANY_REQUESTS = "too many requests"
    SERVICE_BUSY = "service busy"
    SESSION_KILLED = "session killed"
    TIMEOUT_LANDS_LATER = "timeout, lands later"
    TIMEOUT_NEVER_LANDS = "timeout, never lands"
    SUSPENDED_IN_BET_DELAY = "suspended in the bet delay"
    REPORTED_TWICE = "reported twice"
    OLDER_REPORT = "older report"
    EMPTY_REPORT = "empty report"
    NOT_JSON = "not json"
    ANOTHER_SHAPE = "another shape"
    REFUSED = "refused"
    REPORT_FAILED = "report failed"
    LEG_FAILED = "leg failed"
    # Of lines over which a venue speaks by itself.
    FRAME_LOST = "frame lost"
    FRAME_TWICE = "frame twice"
    FRAMES_SWAPPED = "frames swapped"
    BUFFER_FULL = "buffer full"
    CONNECTION_LOST = "connection lost"
    # Of OddsPapi ABP: what it remembers, and what its bookmakers do.
    HTTP_504_AFTER_LANDING = "http 504 after landing"
    REFERENCES_FORGOTTEN = "references forgotten"
    TAKEN_AS_SEEN = "taken as seen"
    STILL_IN_PROGRESS = "still in progress"
    CURRENCY_UNKNOWN = "currency unknown"
    ODDS_DROP = "odds drop after first fill"
    LIMITS_SHRINK = "limits shrink after first fill"
    BET_CONFIRMED_LATE = "bet confirmed late"
    EMERGENCY = "emergency"
    # The Tote's. Of a request:
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN_PAGE = "forbidden page"
    REDIRECTED = "redirected"
    ERRORS_IN_REPLY = "errors in the reply"
    PARTIAL_DATA = "partial data"
    SLOW_BODY = "slow body"
    UNKNOWN_VALUE = "unknown value"
    DUPLICATE_AS_ERRORS = "duplicate as errors"
    EVENT_BEFORE_REPLY = "event before the reply"
    SOCKET_DROPPED = "socket dropped"
    # of one bet (the first two of ABP's too):
    BET_REJECTED = "bet rejected"
    BET_FAILED = "bet failed"
    NEVER_DECIDED = "never decided"
    BET_VOIDED = "bet voided"
    NON_RUNNER = "non-runner"
    STAKE_ROUNDED_DOWN = "stake rounded down"
    # of dividends, of a message and of a connection:
    DIVIDEND_CHANGED = "dividend changed"
    MESSAGE_LOST = "message lost"
    MESSAGE_DELAYED = "message delayed"
    FIELDS_MISSING = "fields missing"
    CONNECTION_REFUSED = "connection refused"
    NO_KEEP_ALIVE = "no keep-alive"
    FLAT_MESSAGES = "flat messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Strikes the calls `number` to `number + times - 1` of an operation (`*`: any), or each with a `chance` (per cent).

    `seconds` is the length of a delay, or how much later a bet lands; `code` what the venue says, and `lands` whether it did what
    was asked all the same.
    """

    call: str
    trouble: Trouble
    number: int = 1
    times: int = 1
    chance: int | None = None
    seconds: int = 5
    code: str = ""
    lands: bool = False


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults in store, and how often each operation was called so far."""

    faults: list[Fault] = field(default_factory=list)
    seed: int = 0
    _calls: dict[str, int] = field(default_factory=dict)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"faults {self.seed}")  # noqa: S311 - dice of a rehearsal, not a secret

    def strike(self, call: str, *, by_name: bool = False) -> Fault | None:
        """Counts a call and answers the first fault due on it. `by_name`: it is no request, so `*` does not mean it."""
        for name in (call,) if by_name else (call, "*"):
            self._calls[name] = self._calls.get(name, 0) + 1
        faults = [fault for fault in self.faults if fault.call == call] if by_name else self.faults
        return next((fault for fault in faults if self._due(fault, call)), None)

    def add(self, fault: Fault) -> None:
        """From now on: its numbers count from the next call."""
        seen = self._calls.get(fault.call, 0)
        self.faults.append(replace(fault, number=fault.number + seen))

    def clear(self) -> None:
        self.faults.clear()

    def _due(self, fault: Fault, call: str) -> bool:
        if fault.call not in (call, "*"):
            return False
        if fault.chance is not None:
            return self._dice.randrange(100) < fault.chance
        return fault.number <= self._calls[fault.call] < fault.number + fault.times
