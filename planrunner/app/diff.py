"""Comparing plans: two files, a file and what it was at a git revision, or a plan and the preview that somebody read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.app.judged import Results, RightPlan
from planrunner.app.named import STDIN
from planrunner.app.named import files as named_files
from planrunner.app.preview import now, preview_of
from planrunner.app.revisions import Revision
from planrunner.app.site import SITE_FILE, read_file
from planrunner.app.venues import profiles
from planrunner.app.versions import Asked, Sides, Version
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless
from planrunner.plan.given import Given

if TYPE_CHECKING:
    from planrunner.review.changes import Change
    from planrunner.review.diff_text import Line
    from planrunner.review.preview import Preview

_SENTENCE = re.compile(r"(.*?), (was|new|gone): (.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What changed from `old` to `new`, both as they were named. `site` is what of the site file holds for the plan, `note` says
    why nothing could be compared: a plan that is new, or gone. `problems` are those of a side that is no plan."""

    old: str
    new: str
    title: str = ""
    changes: tuple[Change, ...] = ()
    site: tuple[Change, ...] = ()
    note: str = ""
    problems: tuple[Results, ...] = ()
    digests: tuple[str, str] = ("", "")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The sentences, a line for each order or part."""
        from planrunner.review.diff_text import lines

        return lines((*self.changes, *self.site))

    @property
    def is_same(self) -> bool:
        return not (self.changes or self.site or self.note or self.problems)


def compare(old: str, new: str, asked: Asked, *, read_stdin: Callable[[], bytes]) -> Compared:
    """Each side is a file, `-`, `REVISION:FILE`, or a revision alone, which is then of the other side's file; the old one may be
    a preview (`*.json`), and both may be. Raises WrongUse for what is none."""
    if old == new:
        raise WrongUse(
            f"{harmless(old)} is named twice; name what it was and what it is, as in `planrunner diff HEAD~1 plan.yaml`"
        )
    with ExitStack() as stack:
        sides = Sides(asked, read_stdin, stack)
        if new.endswith(".json") and not old.endswith(".json"):
            raise WrongUse(f"{harmless(new)}: a preview is what a plan was; name it first, and the plan after it")
        if new.endswith(".json"):
            return _between(_preview_in(old), old, _preview_in(new), new)
        if old.endswith(".json"):
            return _since(_preview_in(old), old, sides, new)
        before, after = sides.side(old, beside=new), sides.side(new, beside=old)
    return _compared(before, after)


def compare_with(base: str, named: Sequence[str], asked: Asked) -> tuple[Compared, ...]:
    """Each plan (a folder: the plans right in it) against what it was at a revision. Raises WrongUse where there is none."""
    unreadable: list[str] = []
    here = [name for name, _ in named_files([one for one in named if Path(one).exists()], unreadable)]
    if STDIN in named:
        raise WrongUse("with --base plans are files of the repository; - is none")
    with ExitStack() as stack:
        sides = Sides(asked, bytes, stack)
        revision = sides.revision(base, Path(named[0]))
        gone = list(_gone(revision, named))
        found = tuple(_with(sides, revision, name) for name in [*here, *gone])
    if unreadable:
        raise WrongUse("\n".join(unreadable))
    kept = tuple(one for one in found if one is not None)
    if not kept:
        raise WrongUse(f"nothing was compared: {', '.join(map(harmless, named))} holds no plan, here or at {harmless(base)}")
    return kept


# With a revision


def _with(sides: Sides, revision: Revision, name: str) -> Compared | None:
    """None: it is no plan, here or there."""
    inside, path = revision.repository.name_of(name), Path(name)
    if path.name == SITE_FILE:
        return None
    is_here = path.exists() and _is_plan(read_file(path))
    was_there = revision.has(inside) and _is_plan(revision.read(inside))
    if not is_here:
        return _gone_plan(sides.at(revision, inside), name) if was_there else None
    new = sides.here(name)
    if not was_there:
        return _new_plan(new, revision)
    old = sides.at(revision, inside)
    if new.right is not None and old.right is None:
        note = f"what it was at {harmless(revision.named)} can't be told: it had problems then"
        plan = new.right.plan
        return Compared(old=old.name, new=name, title=plan.name, note=note, digests=("", plan.digest))
    return _compared(old, new)


def _gone(revision: Revision, named: Sequence[str]) -> Iterator[str]:
    """Plans that the revision has, where they were named or right in a folder that was, and that are not here."""
    for one in named:
        inside, path = revision.repository.name_of(one), Path(one)
        if not path.exists() and not any(name.startswith(f"{inside}/") for name in revision.names()):
            if not revision.has(inside):
                raise WrongUse(f"{harmless(one)}: there is no such file, here or at {harmless(revision.named)}")
            yield one
            continue
        prefix = "" if inside == "." else f"{inside}/"
        for name in revision.names():
            rest = name.removeprefix(prefix)
            is_right_in = name.startswith(prefix) and "/" not in rest and not rest.startswith(".")
            if is_right_in and rest.endswith((".yaml", ".yml")) and not (path / rest).exists():
                yield str(path / rest)


def _is_plan(data: bytes) -> bool:
    return b"planrunner:" in data


def _new_plan(new: Version, revision: Revision) -> Compared:
    if new.right is None:
        return Compared(old="", new=new.name, problems=(new.results,))
    note = (
        f"a new plan: {harmless(revision.named)} does not have it. `planrunner preview {harmless(new.name)}` tells what it does"
    )
    plan = new.right.plan
    return Compared(old="", new=new.name, title=plan.name, note=note, digests=("", plan.digest))


def _gone_plan(old: Version, name: str) -> Compared:
    title, digest = (old.right.plan.name, old.right.plan.digest) if old.right is not None else ("", "")
    return Compared(old=old.name, new=name, title=title, note="this plan is gone", digests=(digest, ""))


# What changed


def _compared(old: Version, new: Version) -> Compared:
    before, after = old.right, new.right
    if before is None or after is None:
        return Compared(old=old.name, new=new.name, problems=tuple(one.results for one in (old, new) if one.right is None))
    from planrunner.review.diff import diff
    from planrunner.review.diff_sites import diff_sites

    plans = (before.plan, after.plan)
    changes = diff(*plans, unmade=(before.unmade, after.unmade), filled_in=(before.filled_in, after.filled_in))
    site = diff_sites(before.site, after.site, plans)
    if changes or site:
        changes = (*changes, *_binding(before, after))
    digests = (before.plan.digest, after.plan.digest)
    return Compared(old=old.name, new=new.name, title=after.plan.name, changes=changes, site=site, digests=digests)


def _binding(old: RightPlan, new: RightPlan) -> Iterator[Change]:
    """Which limit stops the plan first, where that is another one now or nearer."""
    from planrunner.review.changes import Spot, What
    from planrunner.review.limits import tell_binding, tell_limits

    before, after = (tell_binding(one.plan, tell_limits(one.plan, one.site, profiles())) for one in (old, new))
    if before != after:
        yield Spot(about="what binds", path="figures.binding").tells(f"{after} Before: {before}", before, after, What.FOLLOWS)


def _preview_in(name: str) -> Preview:
    from planrunner.review.preview import all_from_json

    try:
        found = all_from_json(json.loads(read_file(Path(name))))
    except (ValueError, RecursionError) as error:
        raise WrongUse(f"{harmless(name)} is no preview: {harmless(str(error))}") from error
    if len(found) != 1:
        raise WrongUse(
            f"{harmless(name)} holds {len(found)} previews; write the one of this plan with `planrunner preview --out`"
        )
    return found[0]


def _between(was: Preview, old: str, now: Preview, new: str) -> Compared:
    """What differs of all that an approval would bind, the ids of names too: neither is looked up anew."""
    from planrunner.review.since_approved import what_changed

    changes = tuple(_read_otherwise(" ".join(one.split())) for one in what_changed(was, now))
    return Compared(old=old, new=new, title=now.told.plan, changes=changes, digests=(was.digest, now.digest))


def _since(was: Preview, name: str, sides: Sides, new: str) -> Compared:
    """A preview has the digest and the sentences of a plan and not the plan: what is told is where those read otherwise. It is
    held against the plan with the values that it was read with, where no others are given."""
    if sides.asked.given.is_nothing and was.inputs:
        sides.asked = replace(sides.asked, given=Given(values=dict(was.inputs)))
    after = sides.side(new, beside="")
    if after.right is None:
        return Compared(old=name, new=new, problems=(after.results,))
    from planrunner.review.since_approved import what_changed

    plan, present = after.right.plan, preview_of(after.right, since=now())
    digests = (was.digest, present.digest)
    if was.digest == present.digest and was.policy == present.policy and dict(was.inputs) == dict(present.inputs):
        return Compared(old=name, new=new, title=plan.name, digests=digests)
    told = what_changed(replace(was, resolved=()), present)
    changes = tuple(_read_otherwise(" ".join(one.split())) for one in told)
    return Compared(old=name, new=new, title=plan.name, changes=changes, digests=digests)


def _read_otherwise(told: str) -> Change:
    """`order arsenal, was: ... now: ...`."""
    from planrunner.review.changes import Spot, What

    found = _SENTENCE.fullmatch(told)
    if found is None:
        return Spot(about="plan", path="preview").tells(told)
    about, how, rest = found.groups()
    old, _, new = rest.partition(" now: ") if how == "was" else ("", "", rest) if how == "new" else (rest, "", "")
    what = {"was": What.CHANGED, "new": What.ADDED, "gone": What.REMOVED}[how]
    return Spot(about=about, path="preview").tells(f"{how}: {rest}", old, new, what)
