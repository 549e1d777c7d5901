"""Approvals as files beside the plans, and whether one holds for what is about to run.

They lie in the folder `approvals` of the plan's folder, each called by its plan, what it binds and who signed it. So they go into
the same history as the plan, and a reviewer finds them; nothing is believed of a file but what its signature covers.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app.authors import authors_of, files_of
from planrunner.app.site import FilesOf, read_file
from planrunner.app.venues import profiles
from planrunner.model import exposure
from planrunner.model.errors import Refused, WrongUse
from planrunner.model.journal import Mode
from planrunner.model.market import RunId
from planrunner.model.money import Money
from planrunner.model.plan import Plan
from planrunner.plan.given import Given
from planrunner.review.approvals import (
    BY_HAND,
    NOTHING_KNOWN,
    Approval,
    Broken,
    Held,
    Known,
    Refusal,
    Wanted,
    binds_of,
    holds,
    read,
)
from planrunner.review.preview import Preview, bound
from planrunner.review.previewing import NO_DATA, Data, preview

if TYPE_CHECKING:
    from planrunner.app.plans import Loaded
    from planrunner.app.resolving import Where
    from planrunner.model.account import Site
    from planrunner.runtime.journal import Journal

FOLDER = "approvals"
SUFFIX = ".json"
_OF_BOUND = 12  # digits of it in a file's name: enough to find it by, and never believed
_MOST_OTHERS = 3  # approvals of something else that a refusal tells of: the latest


def folder_of(plan: Path) -> Path:
    return plan.absolute().parent / FOLDER


def file_of(plan: Path, binds: str, approver: str, signed_at: datetime) -> Path:
    """`approvals/plan-3f2a9c81d0e4-ann-20261121T231000Z.json`."""
    return folder_of(plan) / f"{plan.stem}-{binds[:_OF_BOUND]}-{approver}-{signed_at:%Y%m%dT%H%M%SZ}{SUFFIX}"


def approvals_of(plan: Path, wanted: Preview) -> list[Approval | Broken]:
    """All that are called by what is wanted or are for it by its ids, and the latest others of this plan, for what they say of
    it."""
    folder, binds = folder_of(plan), bound(wanted)
    try:
        names = sorted(one.name for one in folder.iterdir() if one.name.endswith(SUFFIX) and not one.name.startswith("."))
    except OSError:
        return []
    called = [name for name in names if f"-{binds[:_OF_BOUND]}-" in name]
    others = [name for name in names if name not in called and name.startswith(f"{plan.stem}-")]
    others.sort(key=lambda name: name.rpartition("-")[2])
    others_read = [_read(folder / name) for name in others]
    for_it = [one for one in others_read[:-_MOST_OTHERS] if isinstance(one, Approval) and is_for(one, wanted)]
    return [*(_read(folder / name) for name in called), *for_it, *others_read[-_MOST_OTHERS:]]


def is_for(one: Approval, wanted: Preview) -> bool:
    """By all that it binds but the ids, which only the venue can tell; they are in the name of its file, too."""
    return replace(one.binds, resolved=()) == replace(binds_of(wanted), resolved=())


def _read(path: Path) -> Approval | Broken:
    name = f"{FOLDER}/{path.name}"
    try:
        return read(name, read_file(path, is_ordinary=True))
    except WrongUse as error:
        return Broken(file=name, why=f"can't be read: {error}")


# What is wanted


def wanted(loaded: Loaded, plan: Path, given: Given, *, mode: Mode, occurrence: str, now: datetime) -> Wanted:
    """Of a plan as it was loaded to be run. What a signal brings is not in it: the plan was approved before, within what its
    inputs may be."""
    made = previewed(loaded, plan, _approved_with(given, occurrence), now=now)
    return Wanted(
        plan=plan.name, preview=made, may_lose=may_lose(loaded.plan), mode=mode, accounts=accounts_of(loaded.plan),
        occurrence=occurrence,
    )  # fmt: skip


def _approved_with(given: Given, occurrence: str) -> Given:
    return Given() if occurrence.startswith("signal ") else given


def previewed(loaded: Loaded, plan: Path, given: Given, *, now: datetime, data: Data = NO_DATA) -> Preview:
    """The same text that was loaded, as `planrunner preview` shows it. Raises Refused."""
    from planrunner.app.judged import values_of

    checked = loaded.previewed(given)
    if checked.plan is None:  # it has no problems with the values it was given
        raise Refused(f"{plan} can't be compared with what was approved: {checked.told()}")
    return preview(
        checked.plan, loaded.site, profiles(), file=str(plan), since=now, inputs=values_of(given, FilesOf(plan, given.file)),
        unmade=checked.unmade, awaited=checked.awaited, data=data,
    )  # fmt: skip


def may_lose(plan: Plan) -> Money:
    """By an approval: in all runs together where a plan runs by itself."""
    return plan.limits.max_loss_in_total or exposure.total(exposure.can_lose(plan), plan.currency)


def accounts_of(plan: Plan) -> tuple[str, ...]:
    return tuple(sorted(map(str, plan.accounts)))


# Whether it is approved


def judged(asked: Wanted, plan: Path, loaded: Loaded, journal: Journal | None, *, now: datetime) -> Held | Refusal:
    """`journal` knows what was used; None where there is none yet, and nothing was. Who wrote the plan is looked up again where
    it rests on one person: it may have been signed where no repository told, or before somebody else wrote a line of it."""
    found, site = approvals_of(plan, asked.preview), loaded.site
    known = _known(journal, found) if journal is not None else NOTHING_KNOWN
    held = holds(found, asked, now=now, site=site, known=known)
    if isinstance(held, Held) and len(held.approvals) == 1:
        asked = replace(asked, authors=authors_of(files_of(plan, loaded.checked.texts), site))
        held = holds(found, asked, now=now, site=site, known=known)
    return held


def _known(journal: Journal, found: Sequence[Approval | Broken]) -> Known:
    from planrunner.runtime import approval_uses

    with journal.reading() as connection:
        used = approval_uses.used(connection, {one.id for one in found if isinstance(one, Approval)})
        return Known(used=used, latest=approval_uses.latest(connection))


def required(
    loaded: Loaded, plan: Path, given: Given, journal: Journal | None, *, now: datetime, occurrence: str = BY_HAND
) -> Held | None:
    """What lets a live run begin; None where the policy wants nothing. Raises Refused with every reason, and what to do."""
    if not loaded.site.live_needs_approval:
        return None
    asked = wanted(loaded, plan, given, mode=Mode.LIVE, occurrence=occurrence, now=now)
    found = judged(asked, plan, loaded, journal, now=now)
    if isinstance(found, Held):
        return found
    raise Refused("\n".join(_refused(found, plan, given)))


def used_by(
    run: RunId, loaded: Loaded, plan: Path, given: Given, journal: Journal, *, now: datetime, occurrence: str = BY_HAND
) -> Held:  # fmt: skip
    """Of a run that was made and goes on without having placed anything: it needs no approval anew, and what it places, under
    which policy, and what its names lead to is what was approved. Raises Refused where that can't be told any more."""
    made = previewed(loaded, plan, _approved_with(given, occurrence), now=now)
    found = [one for one in approvals_of(plan, made) if isinstance(one, Approval) and is_for(one, made)]
    known = journal.used({one.id for one in found})
    used = tuple(one for one in found if any(use[0] == one.id and by == run for use, by in known.items()))
    if not used:
        raise Refused(
            f"the run {run} placed nothing yet, and no approval that it began on is for what it would place now: its plan, its "
            f"inputs, or the accounts, limits or `policy` of the site file are not what they were, or the file in {FOLDER} is "
            "gone. Put them back as they were (`git log` tells what changed); the run goes on with what was approved"
        )
    return Held(approvals=used, uses=(), resolved=tuple(triple for one in used for triple in one.binds.resolved))


def _refused(found: Refusal, plan: Path, given: Given) -> Iterator[str]:
    yield f"a live run needs an approval, and for {plan.name} none holds. Nothing was placed."
    yield from lines_of(found)
    yield f"To approve it: {command(plan, given)}"


def lines_of(found: Refusal) -> Iterator[str]:
    """Every reason, and what changed."""
    yield from (f"- {one}" for one in found.reasons)
    if found.changes:
        yield "Since it was approved:"
        yield from (line for one in found.changes for line in _indented(one))


def _indented(text: str) -> Sequence[str]:
    first, *rest = text.splitlines()
    return [f"- {first}", *(f"  {one}" for one in rest)]


def command(plan: Path, given: Given, verb: str = "approve") -> str:
    """To be pasted."""
    values = "".join(f" --set {shlex.quote(f'{name}={value}')}" for name, value in given.values.items())
    file = f" --inputs {shlex.quote(given.file)}" if given.file is not None else ""
    return f"planrunner {verb} {shlex.quote(str(plan))}{values}{file}"


# What the names of an approved plan lead to


def refuse_other_ids(held: Held | None, plan: Plan, site: Site, where: Where, *, now: datetime) -> None:
    """Where an approval says which markets and selections it is for, the venue has to mean the same. Raises Refused."""
    if held is None or not held.resolved:
        return
    data = Data(orders=where.orders, moves=where.moves, bets=where.bets)
    made = preview(plan, site, profiles(), file="", since=now, data=data)
    found = {(one.order, one.market, one.selection) for one in made.resolved}
    other = sorted({order for order, *_ in set(held.resolved) - found})
    if other:
        raise Refused(
            f"the names of {', '.join(other)} lead to other markets or selections at the venue than those that were approved. "
            "Nothing was placed."
        )
