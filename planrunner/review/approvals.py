"""Approvals: somebody signed exactly this plan, for so long, to be used once. What was approved is what runs.

An approval signs what `preview.bound` binds, by its parts, and carries the preview that its approver read, so that one that holds
no more says what has changed since. It is a file that people keep beside the plan and in its history; nothing in it is secret,
and nothing in it counts but by its signature. Whether it was used is not in it: the journal knows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from planrunner.model.account import Approver, Site
from planrunner.model.journal import Mode
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.review import document
from planrunner.review.preview import Preview, bound, from_json, to_json
from planrunner.review.since_approved import what_changed
from planrunner.review.words import listed

VERSION = 1
_VERSION_KEY = "planrunner_approval"
# Clocks of two machines that are both right: somebody approves on one, and the plan runs on the other at once.
CLOCKS_APART = timedelta(minutes=2)
ONCE, BY_HAND = "once", "by hand"

Ids: TypeAlias = tuple[tuple[str, str, str], ...]  # order, market, selection
# An approval and what it is used for: of these two there is one use, ever.
Use: TypeAlias = tuple[str, str]
Sign: TypeAlias = Callable[[bytes], bytes]


class Uses(StrEnum):
    """How often an approval may be used: by one run, or by one run for each time that the plan is due."""

    ONCE = "once"
    PER_OCCURRENCE = "per occurrence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binds:
    """The parts of what is signed. `resolved` are ids that names have to lead to; empty where only the venue tells them."""

    digest: str
    inputs: Mapping[str, str]
    resolved: Ids
    language: int
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What is read of a file apart from the preview, and in this order."""

    bound: str
    binds: Binds
    plan: str
    mode: str
    accounts: tuple[str, ...]
    approver: str
    key: str
    authors: tuple[str, ...]
    signed_at: datetime
    expires_at: datetime
    uses: Uses


_HEAD = tuple(one.name for one in fields(_Head))


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(_Head):
    """`bound` is the digest of what it `binds`; `plan` the file's name. `key` says which key signed it, `authors` who wrote the
    plan, by their names among the approvers or by the addresses of their commits. `preview` is what the approver read; None where
    this version can't read it any more, which voids nothing.

    `file` is where it was read from, `id` the digest of all that is signed.
    """

    preview: Preview | None = None
    signature: bytes = b""
    signed: bytes = b""
    file: str = ""

    @property
    def id(self) -> str:
        return hashlib.sha256(self.signed).hexdigest()

    @property
    def called(self) -> str:
        """`the approval of ann, 2026-11-21 23:10 UTC`."""
        return f"the approval of {self.approver}, {_at(self.signed_at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A file among approvals that is none."""

    file: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is about to run: the plan's file, its preview as of now, and what it may lose. `occurrence` is what it is due for,
    BY_HAND where somebody starts it; `authors` are those who wrote it by now, as far as that can be told here."""

    plan: str
    preview: Preview
    may_lose: Money
    mode: Mode
    accounts: tuple[str, ...]
    occurrence: str = BY_HAND
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the journal has: what approvals were used for, and the latest moment it holds, None where it holds none. That moment
    has been, and a clock that says less was set back."""

    used: Mapping[Use, RunId]
    latest: datetime | None = None


NOTHING_KNOWN = Known(used={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Approvals that hold together. `uses` are to be written down with the run; `resolved` is what its names have to lead to."""

    approvals: tuple[Approval, ...]
    uses: tuple[Use, ...]
    resolved: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Nothing holds. `reasons` are all there are, in whole sentences; `changes` say what is not as it was approved."""

    reasons: tuple[str, ...]
    changes: tuple[str, ...] = ()


# What is signed


def binds_of(preview: Preview) -> Binds:
    ids = tuple(sorted((one.order, one.market, one.selection) for one in preview.resolved))
    return Binds(
        digest=preview.digest, inputs=dict(preview.inputs), resolved=ids, language=preview.language, policy=preview.policy
    )


def canonical(value: Any) -> bytes:
    """One text for one JSON value, close to RFC 8785: keys sorted, no space, UTF-8, and no number with a fraction. Raises
    ValueError."""
    _refuse_fractions(value)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def _refuse_fractions(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value} can be written in several ways, and is not signed")  # noqa: TRY004 - of a file
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_fractions(one)


def key_id(public: str) -> str:
    """Says which key is meant: the first digits of a hash of its public half."""
    return hashlib.sha256(public.encode("ascii")).hexdigest()[:16]


def approve(
    preview: Preview, *, plan: str, accounts: Iterable[str], approver: Approver, authors: Iterable[str], now: datetime,
    valid_for: timedelta, uses: Uses, sign: Sign,
) -> dict[str, Any]:  # fmt: skip
    """A signed approval of exactly this, by `schemas/approval.schema.json`. `sign` makes an Ed25519 signature."""
    signed_at = now.astimezone(UTC).replace(microsecond=0)
    approval = Approval(
        bound=bound(preview), binds=binds_of(preview), plan=plan, mode=Mode.LIVE.value, accounts=tuple(sorted(accounts)),
        approver=approver.name, key=key_id(approver.key), authors=tuple(sorted(set(authors))), signed_at=signed_at,
        expires_at=signed_at + valid_for, uses=uses,
    )  # fmt: skip
    head = {one: document.write(getattr(approval, one)) for one in _HEAD}
    body = {_VERSION_KEY: VERSION, **head, "preview": to_json(preview)}
    return {**body, "signature": base64.b64encode(sign(canonical(body))).decode("ascii")}


def render(found: Mapping[str, Any]) -> str:
    """As it stands in its file: in no other way, so that not a byte of it can be changed unnoticed."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def read(file: str, data: bytes) -> Approval | Broken:
    """An approval's file. Whether anybody signed it is for `holds` to say."""
    try:
        text = data.replace(b"\r\n", b"\n").decode("utf-8")  # git may have written it so
        found = json.loads(text, parse_float=_no_number, parse_constant=_no_number)
        if not isinstance(found, dict) or found.get(_VERSION_KEY) != VERSION:
            return Broken(file=file, why=f"is no approval of version {VERSION}")
        if render(found) != text:
            return Broken(file=file, why="was changed after it was written: its text is not as planrunner writes it")
        return _read(file, found)
    except (ValueError, RecursionError) as error:
        why = "is no approval" if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError) else str(error)
        return Broken(file=file, why=f"can't be read, or was changed after it was signed ({why})")


def _read(file: str, found: dict[str, Any]) -> Approval:
    body = {name: value for name, value in found.items() if name != "signature"}
    if body.keys() != {_VERSION_KEY, "preview", *_HEAD}:
        raise ValueError("its keys are not those of an approval")
    head = document.read(_Head, {name: body[name] for name in _HEAD})
    if not all(one.tzinfo is UTC or one.utcoffset() == timedelta(0) for one in (head.signed_at, head.expires_at)):
        raise ValueError("its times are not in UTC")  # another zone's may have no UTC, at either end of all years
    return Approval(
        **{name: getattr(head, name) for name in _HEAD}, preview=_preview(body["preview"]),
        signature=_signature(found.get("signature")), signed=canonical(body), file=file,
    )  # fmt: skip


def _preview(found: Any) -> Preview | None:
    try:
        return from_json(found)
    except (ValueError, TypeError, AttributeError):
        return None


def _signature(found: Any) -> bytes:
    try:
        raw = base64.b64decode(found if isinstance(found, str) else "", validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != 64 or base64.b64encode(raw).decode("ascii") != found:
        raise ValueError("its signature is none")
    return raw


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of an approval")


# Whether approvals hold


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    wanted: Wanted
    now: datetime
    site: Site
    known: Known

    def against(self, one: Approval) -> Iterator[str]:
        """Why it does not hold, in words that go on from `the approval of ann`. Nothing it says is believed unsigned."""
        approver = self.site.approvers.get(one.approver)
        if approver is None:
            yield f"is by nobody who may approve: `approvers` in the site file has no {one.approver}"
        elif one.key != key_id(approver.key):
            yield f"is signed with another key than the site file has for {one.approver}"
        elif not _is_signed(approver.key, one):
            yield "was changed after it was signed, or was not signed by its approver"
        else:
            yield from self._terms(one)

    def _terms(self, one: Approval) -> Iterator[str]:
        yield from self._time(one)
        use = use_of(one, self.wanted)
        if use in self.known.used:
            yield f"was used, by the run {self.known.used[use]}"
        if one.mode != self.wanted.mode.value:
            yield f"is for {one.mode} runs, not for {self.wanted.mode.value} ones"
        if one.accounts != self.wanted.accounts:
            yield f"is for the accounts {listed(one.accounts)}, not for {listed(self.wanted.accounts)}"
        yield from self._parts(one.binds)

    def _time(self, one: Approval) -> Iterator[str]:
        expires = min(one.expires_at, one.signed_at + self.site.approval_valid_for)
        latest = self.known.latest
        if expires <= self.now:
            yield f"expired at {_at(expires)}"
        elif latest is not None and expires <= latest:
            yield (
                f"expired at {_at(expires)}: the journal holds a later moment, {_at(latest)}, so the clock, which says "
                f"{_at(self.now)}, seems to have been set back (set it right; if it was wrong before, `--state FOLDER` begins "
                "another journal)"
            )
        if one.signed_at > self.now + CLOCKS_APART:
            yield f"holds from {_at(one.signed_at)} on only, which has not come; is a clock wrong?"

    def _parts(self, approved: Binds) -> Iterator[str]:
        """The ids of the names are compared once the venue has told them."""
        present = binds_of(self.wanted.preview)
        if approved.language != present.language:
            yield f"is of version {approved.language} of the plan language, and this planrunner has {present.language}"
        elif approved.digest != present.digest:
            yield "is of another plan than this one is now"
        if approved.inputs != present.inputs:
            yield f"is for {_inputs(approved.inputs)}, and this run has {_inputs(present.inputs)}"
        if approved.policy != present.policy:
            yield "was given under another policy: accounts, limits or `policy` of the site file are not what they were"
        if present.resolved and approved.resolved and approved.resolved != present.resolved:
            yield "is for other markets or selections than the names of the plan lead to now"


def holds(
    found: Sequence[Approval | Broken], wanted: Wanted, *, now: datetime, site: Site, known: Known = NOTHING_KNOWN
) -> Held | Refusal:
    """Whether enough people approved exactly what is wanted; else every reason why not."""
    judge = _Judge(wanted=wanted, now=now, site=site, known=known)
    reasons, good, void = [], list[Approval](), list[Approval]()
    for one in found:
        if isinstance(one, Broken):
            reasons.append(f"{one.file} {one.why}.")
            continue
        if against := tuple(judge.against(one)):
            reasons.append(f"{_named(one)} {listed(against)}.")
            void.append(one)
        else:
            good.append(one)
    if not found:
        reasons.append(f"Nobody has approved {wanted.plan}.")
    held, missing = _enough(good, wanted, site)
    if held is not None:
        return held
    return Refusal(reasons=(*reasons, *missing), changes=() if good else _changes(void, judge))


def use_of(one: Approval, wanted: Wanted) -> Use:
    return one.id, wanted.occurrence if one.uses is Uses.PER_OCCURRENCE else ONCE


def people_needed(may_lose: Money, site: Site) -> int:
    """Amounts of two currencies can't be compared: then it takes two, which is never too few."""
    above = site.two_people_above
    if above is None:
        return 1
    return 2 if may_lose.currency != above.currency or not may_lose <= above else 1


def _enough(good: Sequence[Approval], wanted: Wanted, site: Site) -> tuple[Held | None, tuple[str, ...]]:
    """One approval of each person, those first that others than the author gave; each person's the one that ends first. Where
    several wrote it, two of them will do: what each wrote was approved by another. Authors are those who were when it was signed,
    and those who are by now."""
    authors = {_person(name, site) for names in (wanted.authors, *(one.authors for one in good)) for name in names}
    by_person: dict[str, Approval] = {}
    for one in sorted(good, key=lambda one: one.expires_at):
        by_person.setdefault(_person(one.approver, site), one)
    people = sorted(by_person, key=lambda person: person in authors)
    needed = people_needed(wanted.may_lose, site)
    missing = []
    only_authors = not set(people) - authors
    if good and only_authors and len(people) < 2:
        who = listed(sorted({one.approver for one in good}))
        missing.append(f"{who} wrote this plan, and whoever wrote it can't be the only one who approves it.")
    if good and len(people) < needed:
        twice = f", and {len(good)} approvals are of one person" if len(good) > len(people) else ""
        missing.append(f"{wanted.plan} {_why_two(wanted.may_lose, site)}, so two people have to approve it{twice}.")
    if not good or missing:
        return None, tuple(missing)
    chosen = tuple(by_person[person] for person in people[: max(needed, 2 if only_authors else 1)])
    ids = tuple(sorted({triple for one in chosen for triple in one.binds.resolved}))
    return Held(approvals=chosen, uses=tuple(use_of(one, wanted) for one in chosen), resolved=ids), ()


def _why_two(may_lose: Money, site: Site) -> str:
    above = site.two_people_above
    assert above is not None
    if may_lose.currency != above.currency:
        return f"can lose {may_lose}, which can't be held against `approval_needs_two_people_above: {above}`"
    return f"can lose {may_lose}, which is above `approval_needs_two_people_above: {above}`"


def _person(name: str, site: Site) -> str:
    """The same for a name among the approvers and for the address of their commits."""
    approver = site.approvers.get(name)
    return (approver.email if approver is not None else name).casefold()


def _changes(void: Sequence[Approval], judge: _Judge) -> tuple[str, ...]:
    """Since the latest that was signed for something else, as far as anybody believes it. Ids that nobody looked up now are not
    gone."""
    believed = [one for one in void if one.preview is not None and _is_by_its_approver(one, judge.site)]
    present = judge.wanted.preview
    for one in sorted(believed, key=lambda one: one.signed_at, reverse=True):
        assert one.preview is not None
        read = one.preview if present.resolved else replace(one.preview, resolved=())
        if changes := what_changed(read, present):
            return changes
    return ()


def _is_by_its_approver(one: Approval, site: Site) -> bool:
    approver = site.approvers.get(one.approver)
    return approver is not None and one.key == key_id(approver.key) and _is_signed(approver.key, one)


def _is_signed(public: str, one: Approval) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public.partition(":")[2])).verify(one.signature, one.signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _named(one: Approval) -> str:
    return f"The approval of {one.approver}, {_at(one.signed_at)} ({one.file}),"


def _inputs(values: Mapping[str, str]) -> str:
    return listed([f"{name}={value}" for name, value in sorted(values.items())]) or "no inputs"


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
