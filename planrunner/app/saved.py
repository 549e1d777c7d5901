"""A saved preview held against the plan it is of, before anybody signs it. It is a file, and what it says is anybody's: whatever
follows from the plan, its site file and the market data at hand is made again and has to be the same. What can't be made again is
told, and is no part of what is signed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from planrunner.app.approvals import previewed
from planrunner.app.plans import Loaded, located
from planrunner.app.site import beside, read_file
from planrunner.app.venues import profiles
from planrunner.model.errors import Refused, WrongUse
from planrunner.plan.given import Given
from planrunner.review.approvals import binds_of
from planrunner.review.coming import coming
from planrunner.review.preview import Deadline, Preview, Resolved, bound, from_json
from planrunner.review.previewing import Data
from planrunner.review.since_approved import what_changed
from planrunner.review.unknown import unresolved

# What follows from the plan and its site file alone: no market data and no clock tells of it.
_TOLD = ("told", "unknown", "zone", "uses", "schedule", "in_total", "lanes")
# What market data tell.
_FOUND = ("resolved", "unresolved", "deadlines")
_MOVED = " (moved)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """`given` is what it was read with."""

    plan: Path
    given: Given
    shown: Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What planrunner itself says of the plan, bound as the saved one is; and what of that can't be said here."""

    preview: Preview
    unchecked: tuple[str, ...] = ()


def read(file: Path) -> Saved:
    """Its plan as it is named there, or beside it. Raises WrongUse."""
    try:
        found = from_json(json.loads(read_file(file)))
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"{file} is no preview of one plan ({error}); `planrunner preview PLAN --out FILE` writes one") from None
    plan = next((one for one in (Path(found.file), file.parent / Path(found.file).name) if one.is_file()), None)
    if plan is None:
        raise WrongUse(f"{file} is a preview of {found.file}, which is neither here nor beside it")
    return Saved(plan=plan, given=Given(values=found.inputs), shown=found)


def looked_up(loaded: Loaded, file: Path) -> Data:
    """What market data tell of a plan. Raises WrongUse, and PlanProblems for names that they know better."""
    from planrunner.app.market_data import look_up, read_market_data

    found, wrong = look_up(loaded.plan, loaded.site, read_market_data(file))
    if wrong:
        raise located(loaded, wrong)
    return found


def verified(saved: Saved, loaded: Loaded, *, now: datetime, data: Data | None) -> Verified:
    """Raises Refused where it says anything else than planrunner does now."""
    plan, shown = saved.plan, saved.shown
    made = previewed(loaded, plan, saved.given, now=now)
    _refuse_other(shown, made, plan)
    there = previewed(_as_named(shown, loaded), plan, saved.given, now=now)
    if any(getattr(shown, one) != getattr(there, one) for one in _TOLD) or not _is_due(shown, made, loaded):
        raise _other_words(plan)
    if data is not None:
        made = previewed(loaded, plan, saved.given, now=now, data=data)
        if any(getattr(shown, one) != getattr(made, one) for one in _FOUND):
            raise Refused(f"what this preview found for {plan} is not what {data.source} tells; preview it again")
    elif shown.resolved:
        _refuse_other_finds(shown, made, loaded, plan)
        ids = tuple(_id(one) for one in shown.resolved)
        made = replace(made, resolved=ids, unresolved=shown.unresolved, market_data="market data that are not here")
    elif any(getattr(shown, one) != getattr(made, one) for one in _FOUND):
        raise _other_words(plan)
    assert bound(made) == bound(shown)
    return Verified(preview=made, unchecked=tuple(_unchecked(shown, plan, has_data=data is not None)))


def _as_named(shown: Preview, loaded: Loaded) -> Loaded:
    """It may have been previewed from another folder, and says where in the site file limits stand as that was named there."""
    file = beside(shown.file) if loaded.site.file else ""
    return replace(loaded, site=replace(loaded.site, file=file))


def _refuse_other(shown: Preview, made: Preview, plan: Path) -> None:
    """What was previewed has to be what lies there; ids that market data told are checked when it runs."""
    alone = replace(shown, resolved=())
    if binds_of(alone) != binds_of(made):
        changes = "".join(f"\n- {one}" for one in what_changed(alone, made))
        raise Refused(f"{plan} is not what was previewed any more; preview it again. Since then:{changes}")


def _other_words(plan: Path) -> Refused:
    """What an approver reads is what planrunner says of what is signed."""
    return Refused(f"what this preview says of {plan} is not what planrunner says of it now; preview it again")


def _is_due(shown: Preview, made: Preview, loaded: Loaded) -> bool:
    """Its next runs, whenever that was."""
    if not shown.due:
        return not shown.occurrences and not made.due
    found = coming(loaded.plan.when, shown.due[0] - timedelta(microseconds=1))
    return (shown.due, shown.occurrences) == (tuple(one.at for one in found), tuple(one.told for one in found))


def _refuse_other_finds(shown: Preview, made: Preview, loaded: Loaded, plan: Path) -> None:
    """As far as it can be told without the data: what is left to be looked up, and deadlines but for the starts they go by."""
    left = unresolved(loaded.plan, loaded.site, profiles(), _found(shown.resolved, loaded))
    if shown.unresolved != left or tuple(map(_without_start, shown.deadlines)) != made.deadlines:
        raise _other_words(plan)


def _found(resolved: Sequence[Resolved], loaded: Loaded) -> set[tuple[str, bool]]:
    names = {one.order for one in resolved}
    tickets = {ticket.name for ticket in loaded.plan.tickets if all(bet.name in names for bet in ticket.bets)}
    return {(name.removesuffix(_MOVED), name.endswith(_MOVED)) for name in names} | {(name, False) for name in tickets}


def _without_start(one: Deadline) -> Deadline:
    return replace(one, local="", may_move=False) if one.may_move else one


def _id(one: Resolved) -> Resolved:
    """Bound, and held against what the venue says when it runs; the names beside it are anybody's words."""
    name = "selection" if one.selection else "whoever is the favourite"
    return Resolved(
        order=one.order, market=one.market, selection=one.selection, market_name="market", selection_name=name,
        start="when the venue says",
    )  # fmt: skip


def _unchecked(shown: Preview, plan: Path, *, has_data: bool) -> Iterator[str]:
    if shown.resolved and not has_data:
        yield (
            "what the venue calls the markets and selections of its ids, and when they start (name the market data with "
            "--market-data FILE; a run is refused where its names lead to other ids)"
        )
    if shown.rehearsed:
        yield f"what rehearsals made of it (`planrunner preview {plan} --rehearse` tells)"
