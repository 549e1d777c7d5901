"""Signals: somebody else's program says that a plan is to run now. In the order of what is asked of one:

size -> a name that is known, and its proof -> its time -> not seen before -> not too many -> a flat JSON object.

Whoever doesn't prove to know the secret learns nothing: a name that nobody knows takes the same path, the same work and the same
answer. Whoever does gets a short code; why in words is for the owner's log. The journal keeps every signal that began a run, so
one that comes again begins nothing, a restart later too; what is remembered here only saves asking it.

Proofs. `signature`: headers `X-Planrunner-Time`, `X-Planrunner-Nonce` and `X-Planrunner-Signature: sha256=HEX`, the HMAC-SHA256
of time, nonce and body with dots between them. A nonce has no dot and a body begins with a bracket, so these parts can't be cut
another way. `token`: for senders that can't sign, the secret itself in the body, with `at` and perhaps `id`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from planrunner.model.account import Proof, SignalTerms
from planrunner.model.errors import PlanProblems, PlanrunnerError, Refused, WrongUse
from planrunner.web import body
from planrunner.web.office import Clock, Office, note
from planrunner.web.problem import Problem

LARGEST = 16 << 10  # bytes
WITHIN = 5.0  # seconds for all of the body
CLIENTS_KEPT = 1_000  # whose failures are counted; the ones not heard of for longest are forgotten
MINUTE = 60.0
MOST_INPUTS = 100
TIME, NONCE, SIGNATURE = "x-planrunner-time", "x-planrunner-nonce", "x-planrunner-signature"
_NONCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY = re.compile(r"[A-Za-z0-9_:-]{1,64}")
_INPUT = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_OF_TOKEN = ("token", "at", "id")


class Why(StrEnum):
    """What became of a signal, for the owner's log and the metrics."""

    TAKEN = "taken"
    NOTHING = "began nothing"  # no plan waits for it, or it had come before
    TOO_LARGE = "too large"
    SLOW = "too slow"
    BUSY = "too much at once"
    STRANGER = "too many failures of this client"
    UNKNOWN = "unknown name"
    FORGED = "wrong proof"
    NO_TIME = "no time"
    LATE = "late"
    EARLY = "early"
    NO_NONCE = "no nonce"
    SEEN = "seen before"
    TOO_MANY = "too many"
    NO_OBJECT = "no flat JSON object"
    PROBLEMS = "not for the plan"
    REFUSED = "refused"
    TROUBLE = "trouble"
    GOES_ON = "goes on"


# Of those who proved themselves; everybody else gets 404 and nothing.
TURNED = {
    Why.NO_TIME: 400, Why.NO_NONCE: 400, Why.LATE: 400, Why.EARLY: 400, Why.SEEN: 409, Why.TOO_MANY: 429, Why.NO_OBJECT: 422,
    Why.PROBLEMS: 422, Why.REFUSED: 409, Why.TROUBLE: 503, Why.GOES_ON: 504,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A signal as it came in. Headers are empty where there are none."""

    name: str
    raw: bytes
    time: str = ""
    nonce: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """To be handed to the service. `key`: what it runs at most once under."""

    key: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Begins nothing."""

    why: Why
    is_proven: bool


class Gate:
    """Judges signals. `terms` are those of the site file as it is in force now."""

    def __init__(self, terms: Callable[[], Mapping[str, SignalTerms]], known: Mapping[str, str], clock: Clock) -> None:
        self._terms = terms
        self._secrets = known
        self._clock = clock
        self._nobodys = secrets.token_bytes(32)
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()  # when it may be forgotten, by the clock's age
        self._taken: dict[str, deque[float]] = {}

    def knows(self, name: str) -> bool:
        return name in self._terms() and bool(self._secrets.get(name))

    def judge(self, sent: Sent) -> Passed | Turned:
        document = _document(sent.raw)
        terms = self._proven(sent, document)
        if terms is None:
            return Turned(why=Why.FORGED if self.knows(sent.name) else Why.UNKNOWN, is_proven=False)
        by_token = terms.proof is Proof.TOKEN
        why = self._untimely(_text_of(document, "at") if by_token else sent.time, terms)
        key = _key_of_token(document, sent.raw) if by_token else (sent.nonce if _NONCE.fullmatch(sent.nonce) else "")
        why = why or (None if key else Why.NO_NONCE) or self._again(terms, key) or self._too_many(terms)
        if why is not None:
            return Turned(why=why, is_proven=True)
        self._remember(terms, key)
        values = _values(document, without=_OF_TOKEN if by_token else ())
        return Turned(why=Why.NO_OBJECT, is_proven=True) if values is None else Passed(key=key, values=values)

    def forget(self, name: str, key: str) -> None:
        """It could not be carried out, and may come again."""
        self._seen.pop((name, key), None)

    def _proven(self, sent: Sent, document: Any) -> SignalTerms | None:
        """Both proofs are worked out for every signal, so that the time taken tells nothing of what is asked for here."""
        terms, is_known = self._terms().get(sent.name), self.knows(sent.name)
        secret = self._secrets[sent.name].encode() if is_known else self._nobodys
        signed = f"{sent.time}.{sent.nonce}.".encode("utf-8", "surrogateescape") + sent.raw
        expected = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
        is_signed = hmac.compare_digest(expected.encode(), sent.signature.lower().encode("utf-8", "surrogateescape"))
        has_token = hmac.compare_digest(_digest(secret), _digest(_text_of(document, "token").encode("utf-8", "surrogatepass")))
        is_proven = has_token if terms is not None and terms.proof is Proof.TOKEN else is_signed
        return terms if is_known and is_proven else None

    def _untimely(self, time: str, terms: SignalTerms) -> Why | None:
        at = _moment(time)
        if at is None:
            return Why.NO_TIME
        age = self._clock.now() - at
        if age > terms.within:
            return Why.LATE
        return Why.EARLY if age < -terms.within else None

    def _again(self, terms: SignalTerms, key: str) -> Why | None:
        while self._seen and next(iter(self._seen.values())) < self._clock.age():
            self._seen.popitem(last=False)
        return Why.SEEN if (terms.name, key) in self._seen else None

    def _too_many(self, terms: SignalTerms) -> Why | None:
        """Counted for those that prove themselves, so that nobody else uses up what they may."""
        taken = self._taken.setdefault(terms.name, deque())
        while taken and taken[0] <= self._clock.age() - MINUTE:
            taken.popleft()
        return Why.TOO_MANY if len(taken) >= terms.at_most_per_minute else None

    def _remember(self, terms: SignalTerms, key: str) -> None:
        """As long as its time could still fit."""
        age = self._clock.age()
        self._taken[terms.name].append(age)
        self._seen[terms.name, key] = age + 2 * terms.within.total_seconds()


class Strangers:
    """Failures of each client in the last minute. Whoever has too many is answered before anything is read of them. Programs of
    this machine are never: a proxy among them speaks for everybody."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def is_turned_away(self, client: str) -> bool:
        failures = self._failures.get(client)
        if failures is None or is_loopback(client):
            return False
        while failures and failures[0] <= self._clock.age() - MINUTE:
            failures.popleft()
        return len(failures) >= self._most

    def failed(self, client: str) -> bool:
        """Whether it is worth a line of the log: not each of a flood."""
        failures = self._failures.setdefault(client, deque(maxlen=self._most))
        while failures and failures[0] <= self._clock.age() - MINUTE:
            failures.popleft()
        is_flood = len(failures) >= self._most
        failures.append(self._clock.age())
        self._failures.move_to_end(client)
        if len(self._failures) > CLIENTS_KEPT:
            self._failures.popitem(last=False)
        return not is_flood


class Desk:
    """Where they come in."""

    def __init__(self, gate: Gate, strangers: Strangers) -> None:
        self._gate = gate
        self._strangers = strangers
        self._reading: dict[str, int] = {}

    async def taken(self, office: Office, request: Request) -> Response:
        name = str(request.path_params.get("name", ""))
        client = request.client.host if request.client else ""
        if self._strangers.is_turned_away(client):
            return self._answered(office, request, name, Turned(why=Why.STRANGER, is_proven=False), is_told=False)
        judged = await self._judged(office, request, name, client)
        if isinstance(judged, Passed):
            return await self._handed_on(office, request, name, judged)
        is_told = judged.is_proven or self._strangers.failed(client)
        return self._answered(office, request, name, judged, is_told=is_told)

    async def _judged(self, office: Office, request: Request, name: str, client: str) -> Passed | Turned:
        read = await self._read(office, request, client)
        if isinstance(read, Why):
            return Turned(why=read, is_proven=False)
        header = request.headers.get
        sent = Sent(name=name, raw=read, time=header(TIME, ""), nonce=header(NONCE, ""), signature=header(SIGNATURE, ""))
        return self._gate.judge(sent)

    async def _read(self, office: Office, request: Request, client: str) -> bytes | Why:
        """A few at once, so that whoever sends a byte a second holds up nobody else."""
        of_client, bounds = self._reading.get(client, 0), office.bounds
        if sum(self._reading.values()) >= bounds.signals or (of_client >= bounds.per_client and not is_loopback(client)):
            return Why.BUSY
        self._reading[client] = of_client + 1
        try:
            return await body.read(request, most=LARGEST, within=WITHIN) if request.method == "POST" else b""
        except body.TooLarge:
            return Why.TOO_LARGE
        except (TimeoutError, ClientDisconnect):
            return Why.SLOW
        finally:
            self._reading[client] -= 1
            if not self._reading[client]:
                del self._reading[client]

    async def _handed_on(self, office: Office, request: Request, name: str, passed: Passed) -> Response:
        try:
            runs = await office.carried_through(office.live.signal(name, passed.key, passed.values), f"the signal {name}")
        except (PlanProblems, WrongUse) as error:
            return self._answered(office, request, name, Turned(why=Why.PROBLEMS, is_proven=True), because=str(error))
        except Problem as problem:  # it goes on, so it is not forgotten
            return self._answered(office, request, name, Turned(why=Why.GOES_ON, is_proven=True), because=problem.detail)
        except PlanrunnerError as error:
            self._gate.forget(name, passed.key)
            why = Why.REFUSED if isinstance(error, Refused) else Why.TROUBLE
            return self._answered(office, request, name, Turned(why=why, is_proven=True), because=str(error))
        outcome = Why.TAKEN if runs else Why.NOTHING
        note(request, signal=name, outcome=outcome.value, key=passed.key, runs=list(runs))
        office.meters.signals[name, outcome.value] += 1
        return JSONResponse({"runs": list(runs)}, HTTPStatus.ACCEPTED)

    def _answered(
        self, office: Office, request: Request, name: str, turned: Turned, *, because: str | None = None, is_told: bool = True
    ) -> Response:
        known = name if self._gate.knows(name) else ""
        office.meters.signals[known, turned.why.value] += 1
        note(request, signal=known, outcome=turned.why.value, because=because, is_quiet=not is_told)
        if not turned.is_proven:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return JSONResponse({"code": turned.why.value}, TURNED[turned.why])


def is_loopback(client: str) -> bool:
    return client == "::1" or client.startswith("127.")


def _document(raw: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return body.loads(raw.decode("utf-8"))
    except ValueError:
        return None


def _text_of(document: Any, key: str) -> str:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def _digest(value: bytes) -> bytes:
    """So that texts of any length are compared in the same time."""
    return hashlib.sha256(value).digest()


def _key_of_token(document: Any, raw: bytes) -> str:
    """Its id where that can stand in an occurrence's name, else a digest of it, or of everything that was sent."""
    given = _text_of(document, "id")
    if _KEY.fullmatch(given):
        return given
    return hashlib.sha256(given.encode("utf-8", "surrogatepass") or raw).hexdigest()


def _moment(text: str) -> datetime | None:
    """Unix seconds, or ISO with a zone."""
    try:
        if text.isascii() and text.isdigit() and len(text) <= 11:
            return datetime.fromtimestamp(int(text), UTC)
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _values(document: Any, *, without: tuple[str, ...]) -> dict[str, str] | None:
    """None unless it is a flat object of texts and numbers whose keys can be inputs. Numbers are texts already, as written."""
    if not isinstance(document, dict) or len(document) > MOST_INPUTS:
        return None
    values = {key: value for key, value in document.items() if key not in without}
    fits = all(_INPUT.fullmatch(key) and isinstance(value, str) for key, value in values.items())
    return values if fits else None
