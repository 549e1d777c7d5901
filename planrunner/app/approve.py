"""Approving a plan, and verifying that it is approved: for exactly what would run now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from planrunner.app import saved
from planrunner.app.approvals import accounts_of, file_of, judged, previewed, wanted
from planrunner.app.authors import authors_of, files_of, named
from planrunner.app.keys import Ask, Signer, signer
from planrunner.app.plans import Loaded, load
from planrunner.app.report import JOURNALS, STATE, write_asked
from planrunner.app.saved import Verified
from planrunner.model.account import AccountMode
from planrunner.model.errors import Refused, WrongUse
from planrunner.model.journal import Mode
from planrunner.plan import scalars
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.approvals import BY_HAND, Held, Refusal, Uses, approve, render
from planrunner.review.preview import Preview
from planrunner.review.previewing import NO_DATA

NEXT = "the next occurrence"  # of a plan that runs by itself: one that no approval was used for
_SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line. `what` is a plan, or a preview that was written with `planrunner preview --out`. In `market_data` the
    names are looked up."""

    what: Path
    name: str | None = None
    key: Path | None = None
    valid_for: str | None = None
    authors: Sequence[str] = ()
    given: Given = NOTHING_GIVEN
    state: Path | None = None
    market_data: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """All there is to sign, to be shown first; and what a saved preview said beside that and could not be checked."""

    plan: Path
    loaded: Loaded
    given: Given
    preview: Preview
    signer: Signer
    authors: tuple[str, ...]
    valid_for: timedelta
    uses: Uses
    unchecked: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """All its accounts are."""
        return all(used.mode is AccountMode.LIVE for used in self.preview.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """`found`: whether the plan may run live now, with this approval and those that were there."""

    file: Path
    document: Mapping[str, Any]
    found: Held | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`authors` are those whom its repository tells by now; none where there is no repository, and then those count who were
    named when it was signed."""

    said: Verified
    authors: tuple[str, ...]
    found: Held | Refusal


def prepare(asked: Asked, *, now: datetime, environment: Mapping[str, str], ask: Ask) -> Ready:
    """Raises PlanProblems, WrongUse, Refused."""
    loaded, found, plan, given = _read(asked, now)
    who = signer(loaded.site, asked.name, asked.key, environment=environment, ask=ask)
    return Ready(
        plan=plan, loaded=loaded, given=given, preview=found.preview, signer=who, authors=_authors(asked, loaded, plan),
        valid_for=_valid_for(asked, loaded), uses=Uses.ONCE if loaded.plan.when is None else Uses.PER_OCCURRENCE,
        unchecked=found.unchecked,
    )  # fmt: skip


def _read(asked: Asked, now: datetime) -> tuple[Loaded, Verified, Path, Given]:
    """What planrunner says of it now, whether a plan was named or what was said of one."""
    is_saved = asked.what.suffix == ".json"
    if is_saved and not asked.given.is_nothing:
        raise WrongUse(f"{asked.what} says which values its plan was previewed with; leave out --set and --inputs")
    of_file = saved.read(asked.what) if is_saved else None
    plan, given = (of_file.plan, of_file.given) if of_file is not None else (asked.what, asked.given)
    loaded = load(plan, replace(given, signal_to_come=True))
    data = saved.looked_up(loaded, asked.market_data) if asked.market_data is not None else None
    if of_file is not None:
        return loaded, saved.verified(of_file, loaded, now=now, data=data), plan, given
    return loaded, Verified(preview=previewed(loaded, plan, given, now=now, data=data or NO_DATA)), plan, given


def sign(ready: Ready, *, now: datetime, state: Path | None = None) -> Signed:
    """Writes the approval beside the plan. Raises WrongUse where that can't be."""
    document = approve(
        ready.preview, plan=ready.plan.name, accounts=accounts_of(ready.loaded.plan), approver=ready.signer.approver,
        authors=ready.authors, now=now, valid_for=ready.valid_for, uses=ready.uses, sign=ready.signer.sign,
    )  # fmt: skip
    file = file_of(ready.plan, document["bound"], ready.signer.approver.name, datetime.fromisoformat(document["signed_at"]))
    write_asked(file, render(document))
    return Signed(file=file, document=document, found=_judged(ready.loaded, ready.plan, ready.given, state, now))


def verify(asked: Asked, *, now: datetime) -> Judged:
    """Whether an approval holds for what would run now. Raises PlanProblems, WrongUse, JournalTrouble; and Refused for a saved
    preview that says anything else than planrunner does, and where one person approved it and nobody can tell who wrote it."""
    loaded, found, plan, given = _read(asked, now)
    judged = _judged(loaded, plan, given, asked.state, now)
    return Judged(said=found, authors=_by_now(loaded, plan), found=judged)


def _by_now(loaded: Loaded, plan: Path) -> tuple[str, ...]:
    """Where it counts and can't be told, it was refused before."""
    try:
        return authors_of(files_of(plan, loaded.checked.texts), loaded.site)
    except Refused:
        return ()


def _judged(loaded: Loaded, plan: Path, given: Given, state: Path | None, now: datetime) -> Held | Refusal:
    from planrunner.runtime.journal import Journal, patience_from

    occurrence = BY_HAND if loaded.plan.when is None else NEXT
    asked = wanted(loaded, plan, given, mode=Mode.LIVE, occurrence=occurrence, now=now)
    journal = (state or plan.absolute().parent / STATE) / JOURNALS[Mode.LIVE]
    if not journal.is_file():
        return judged(asked, plan, loaded, None, now=now)
    with Journal.open(journal, durable=True, patience=patience_from(os.environ)) as opened:
        return judged(asked, plan, loaded, opened, now=now)


def _authors(asked: Asked, loaded: Loaded, plan: Path) -> tuple[str, ...]:
    """As its repository says; who is named as well joins them and takes nobody's place."""
    found = {*authors_of(files_of(plan, loaded.checked.texts), loaded.site), *(named(one, loaded.site) for one in asked.authors)}
    if not found:
        raise WrongUse(f"who wrote {plan} is not known, for no repository tells; say it with --author NAME")
    return tuple(sorted(found))


def _valid_for(asked: Asked, loaded: Loaded) -> timedelta:
    most = loaded.site.approval_valid_for
    if asked.valid_for is None:
        return most
    found = scalars.duration(asked.valid_for)
    if found is None or found < _SHORTEST:
        raise WrongUse(f"--valid-for takes how long, as 12h or 3d, and `{asked.valid_for}` is not that")
    if found > most:
        raise WrongUse(f"an approval holds for {_in_words(most)} at most, by `approval_valid_for` in the site file; say less")
    return found


def caveats(ready: Ready, *, now: datetime) -> Iterator[str]:
    """Why it may be approved in vain, for whoever is about to sign it."""
    for used in ready.preview.uses:
        if used.mode is not AccountMode.LIVE:
            yield (
                f"The account {used.account} is for no live runs: its `mode` in the site file is `{used.mode.value}`. An "
                "approval holds no longer once that is changed"
            )
    due, ends = ready.preview.due, now + ready.valid_for
    if due and ends <= due[0]:
        yield (
            f"It is due on {ready.preview.occurrences[0]} next, and this approval ends before that, at {ends:%Y-%m-%d %H:%M} "
            "UTC. Approve it nearer to that time, or for longer (`approval_valid_for` in the site file)"
        )


def _in_words(span: timedelta) -> str:
    whole = ((one, unit) for unit, one in reversed(scalars.UNITS.items()) if span % one == timedelta(0))
    one, unit = next(whole)
    return f"{span // one}{unit}"


def how_often(uses: Uses) -> str:
    return "one run" if uses is Uses.ONCE else "each time it is due"


def as_lines(found: Held) -> Iterator[str]:
    for one in found.approvals:
        yield f"{one.called}: for {how_often(one.uses)}, until {one.expires_at:%Y-%m-%d %H:%M} UTC ({one.file})"
