"""Approving a plan, and verifying that it is approved: for exactly what would run now."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from planrunner.app.approvals import accounts_of, file_of, judged, previewed, wanted
from planrunner.app.authors import authors_of, files_of, named
from planrunner.app.keys import Ask, Signer, signer
from planrunner.app.plans import Loaded, load
from planrunner.app.report import JOURNALS, STATE, ReportNotWritten, write_whole
from planrunner.app.site import read_file
from planrunner.model.errors import Refused, WrongUse
from planrunner.model.journal import Mode
from planrunner.plan import scalars
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.approvals import BY_HAND, Held, Refusal, Uses, approve, binds_of, render
from planrunner.review.preview import Preview, from_json
from planrunner.review.since_approved import what_changed

NEXT = "the next occurrence"  # of a plan that runs by itself: one that no approval was used for
# Of a preview, what follows from the plan and its site file alone: no market data and no clock tells of it.
_TOLD = ("told", "unknown", "zone", "uses", "schedule", "in_total")
_SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line. `what` is a plan, or a preview that was written with `planrunner preview --out`."""

    what: Path
    name: str | None = None
    key: Path | None = None
    valid_for: str | None = None
    authors: Sequence[str] = ()
    given: Given = NOTHING_GIVEN
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """All there is to sign, to be shown first."""

    plan: Path
    loaded: Loaded
    given: Given
    preview: Preview
    signer: Signer
    authors: tuple[str, ...]
    valid_for: timedelta
    uses: Uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """`found`: whether the plan may run live now, with this approval and those that were there."""

    file: Path
    document: Mapping[str, Any]
    found: Held | Refusal


def prepare(asked: Asked, *, now: datetime, environment: Mapping[str, str], ask: Ask) -> Ready:
    """Raises PlanProblems, WrongUse, Refused."""
    if asked.what.suffix == ".json":
        plan, given, shown = _of_preview(asked)
    else:
        plan, given, shown = asked.what, asked.given, None
    loaded = load(plan, replace(given, signal_to_come=True))
    made = previewed(loaded, plan, given, now=now)
    if shown is not None:
        _refuse_other(shown, made, plan)
        _refuse_other_words(shown, made, plan)
    who = signer(loaded.site, asked.name, asked.key, environment=environment, ask=ask)
    return Ready(
        plan=plan, loaded=loaded, given=given, preview=shown or made, signer=who, authors=_authors(asked, loaded, plan),
        valid_for=_valid_for(asked, loaded), uses=Uses.ONCE if loaded.plan.when is None else Uses.PER_OCCURRENCE,
    )  # fmt: skip


def sign(ready: Ready, *, now: datetime, state: Path | None = None) -> Signed:
    """Writes the approval beside the plan. Raises WrongUse where that can't be."""
    document = approve(
        ready.preview, plan=ready.plan.name, accounts=accounts_of(ready.loaded.plan), approver=ready.signer.approver,
        authors=ready.authors, now=now, valid_for=ready.valid_for, uses=ready.uses, sign=ready.signer.sign,
    )  # fmt: skip
    file = file_of(ready.plan, document["bound"], ready.signer.approver.name, datetime.fromisoformat(document["signed_at"]))
    try:
        file.parent.mkdir(exist_ok=True)
        write_whole(file, [render(document)])
    except (OSError, ReportNotWritten) as error:
        raise WrongUse(f"{file} can't be written: {error.__cause__ or error}") from error
    return Signed(file=file, document=document, found=_judged(ready.loaded, ready.plan, ready.given, state, now))


def verify(asked: Asked, *, now: datetime) -> tuple[Preview, Held | Refusal]:
    """Whether an approval holds for what would run now. Raises PlanProblems, WrongUse, JournalTrouble."""
    loaded = load(asked.what, replace(asked.given, signal_to_come=True))
    return previewed(loaded, asked.what, asked.given, now=now), _judged(loaded, asked.what, asked.given, asked.state, now)


def _judged(loaded: Loaded, plan: Path, given: Given, state: Path | None, now: datetime) -> Held | Refusal:
    from planrunner.runtime.journal import Journal, patience_from

    occurrence = BY_HAND if loaded.plan.when is None else NEXT
    asked = wanted(loaded, plan, given, mode=Mode.LIVE, occurrence=occurrence, now=now)
    journal = (state or plan.absolute().parent / STATE) / JOURNALS[Mode.LIVE]
    if not journal.is_file():
        return judged(asked, plan, loaded, None, now=now)
    with Journal.open(journal, durable=True, patience=patience_from(os.environ)) as opened:
        return judged(asked, plan, loaded, opened, now=now)


def _of_preview(asked: Asked) -> tuple[Path, Given, Preview]:
    """The plan of a preview that somebody wrote into a file, as it is named there or beside it."""
    if not asked.given.is_nothing:
        raise WrongUse(f"{asked.what} says which values its plan was previewed with; leave out --set and --inputs")
    try:
        found = from_json(json.loads(read_file(asked.what)))
    except ValueError as error:
        raise WrongUse(
            f"{asked.what} is no preview of one plan ({error}); `planrunner preview PLAN --out FILE` writes one"
        ) from None
    plan = next((one for one in (Path(found.file), asked.what.parent / Path(found.file).name) if one.is_file()), None)
    if plan is None:
        raise WrongUse(f"{asked.what} is a preview of {found.file}, which is neither here nor beside it")
    return plan, Given(values=found.inputs), found


def _refuse_other(shown: Preview, made: Preview, plan: Path) -> None:
    """What was previewed has to be what lies there; ids that market data told are checked when it runs."""
    if replace(binds_of(shown), resolved=()) == binds_of(made):
        return
    changes = "".join(f"\n- {one}" for one in what_changed(replace(shown, resolved=()), made))
    raise Refused(f"{plan} is not what was previewed any more; preview it again. Since then:{changes}")


def _refuse_other_words(shown: Preview, made: Preview, plan: Path) -> None:
    """What an approver reads is what planrunner says of what is signed: sentences of a file are anybody's."""
    if any(getattr(shown, one) != getattr(made, one) for one in _TOLD):
        raise Refused(f"what this preview says of {plan} is not what planrunner says of it now; preview it again")


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


def _in_words(span: timedelta) -> str:
    whole = ((one, unit) for unit, one in reversed(scalars.UNITS.items()) if span % one == timedelta(0))
    one, unit = next(whole)
    return f"{span // one}{unit}"


def as_lines(found: Held) -> Iterator[str]:
    for one in found.approvals:
        uses = "one run" if one.uses is Uses.ONCE else "each time it is due"
        yield f"{one.called}: for {uses}, until {one.expires_at:%Y-%m-%d %H:%M} UTC ({one.file})"
