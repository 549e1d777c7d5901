"""Reviewing a change: which plans of a repository it touches, what they bet otherwise than before, and whether they are right.
For whoever approves it; git and the files are all that is asked, no network and no credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from planrunner.app.changed import Change, changes, lines, merge_base
from planrunner.app.findings import looked, review_document
from planrunner.app.judged import FileResult, Judge, RightPlan
from planrunner.app.preview import now, preview_of
from planrunner.app.revisions import Repository
from planrunner.app.touched import is_plan, is_site, is_yaml, reads, touched_through
from planrunner.app.worktree import Worktree
from planrunner.model import exposure
from planrunner.model.errors import WrongUse
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.review.formats.found import Findings, How, Touched, plural

_BLUEPRINT = re.compile(rb"""^["']?blueprint["']?[ \t]*:""", re.MULTILINE)
_MISSING = "PR329"  # an input without a value: a blueprint gets its values where it is used


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`base`: the change begins where this and the head part. `head` None: the files as they are here. `paths` narrow down which
    plans are told; none: those of the whole repository. `since`: runs to come are told from this moment on; None: from now."""

    base: str
    since: datetime | None = None
    head: str | None = None
    paths: Sequence[str] = ()
    site: Path | None = None
    given: Given = NOTHING_GIVEN


def review(asked: Asked, *, folder: Path) -> Findings:
    """Raises WrongUse where there is no repository or no such commit. `touched` and `looked` are empty where nothing changed."""
    with Repository.around(folder) as repository:
        return _Review(asked, repository).findings()


class _Review:
    """Names are those of git: from the root of the repository."""

    def __init__(self, asked: Asked, repository: Repository) -> None:
        self._asked = asked
        self._repository = repository
        self._head = repository.at(asked.head) if asked.head is not None else None
        self._base = merge_base(repository, repository.at(asked.base), self._head or repository.at("HEAD"))
        self._only = tuple(repository.name_of(one) for one in asked.paths)
        self._inputs = repository.name_of(asked.given.file) if asked.given.file is not None else None
        self._site = repository.name_of(asked.site) if asked.site is not None else None
        self._files = self._head or Worktree(repository)
        if self._site is not None:
            self._files.read(self._site)  # the one that was named, or nothing: without it there would be no limits
        self._new = Judge(self._files, site=self._site)
        self._old = Judge(self._base, site=self._site)
        self._changes = changes(repository, self._base, self._head)
        self._by_new = {one.new: one for one in self._changes if one.new is not None}
        self._since = asked.since if asked.since is not None else now()
        self._trouble: list[str] = []

    def findings(self) -> Findings:
        touched, results = list(self._gone()), list[FileResult]()
        for name, data, because in self._touched():
            told, result = self._tell(name, data, because)
            touched.append(told)
            results += [result] if result is not None else []
        results = [*self._sites(), *results]
        found = Findings(
            looked=tuple(looked(one) for one in results),
            trouble=tuple(self._trouble),
            changed=self._lines_of(results),
            touched=tuple(sorted(touched, key=lambda one: one.file)),
            compared=f"Held against commit {self._base.commit[:12]}, the last that this and {self._asked.base} have in common.",
        )
        return replace(found, document=review_document(found, self._base.commit))

    # Which

    def _touched(self) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
        plans = {name: data for name in self._files.names() if is_yaml(name) and (data := self._read(name)) is not None}
        plans = {name: data for name, data in plans.items() if is_plan(name, data) or self._was_plan(name)}
        changed = [name for change in self._changes for name in change.names]
        files = self._files
        through = touched_through(plans, changed, files.read, site=self._site, inputs=self._inputs, links=files.links)
        yield from ((name, plans[name], because) for name, because in sorted(through.items()) if self._is_wanted(name))

    def _read(self, name: str) -> bytes | None:
        """What can't be read is somebody's concern where it changed."""
        try:
            return self._files.read(name)
        except WrongUse as error:
            if name in self._by_new and self._is_wanted(name):
                self._complain(error)
            return None

    def _complain(self, error: WrongUse) -> None:
        if str(error) not in self._trouble:
            self._trouble.append(str(error))

    def _was_plan(self, name: str) -> bool:
        change = self._by_new.get(name)
        return change is not None and change.old is not None and self._is_plan_before(change.old)

    def _is_plan_before(self, name: str) -> bool:
        return is_yaml(name) and self._base.has(name) and is_plan(name, self._base.read(name))

    def _is_wanted(self, name: str) -> bool:
        return not self._only or any(one in (".", name) or name.startswith(f"{one}/") for one in self._only)

    def _gone(self) -> Iterator[Touched]:
        for change in self._changes:
            if change.new is None and change.old is not None and self._is_wanted(change.old) and self._is_plan_before(change.old):
                old = self._judged_before(change.old)
                yield Touched(file=change.old, how=How.DELETED, title=_title(old), before=_loss(old))

    def _sites(self) -> list[FileResult]:
        """Those that changed, and those that keep plans from being judged."""
        changed = [name for name in self._by_new if is_site(name) or name == self._site]
        for name in changed:
            try:
                self._new.site(name)
            except WrongUse as error:
                self._complain(error)
        return [one for one in self._new.results.files if one.problems or one.name in changed]

    # What

    def _tell(self, name: str, data: bytes, because: tuple[str, ...]) -> tuple[Touched, FileResult | None]:
        change = self._by_new.get(name)
        was = change.old if change is not None else name
        is_blueprint = _BLUEPRINT.search(data) is not None
        new = self._judged_now(name, data)
        if is_blueprint:
            new = _without_missing(new)
        old = self._judged_before(was) if was is not None and self._is_plan_before(was) else None
        changes, notes = self._differences(old, new)
        told = Touched(
            file=name,
            how=_how(change, old, name),
            title=_title(new) or _title(old),
            was=was if was is not None and was != name else "",
            because=because,
            changes=changes,
            notes=(*notes, *_remarks(old, new, is_blueprint=is_blueprint)),
            before=_loss(old),
            after=_loss(new),
            has_problems=not new.is_judged or bool(new.problems),
        )
        if not told.is_same:
            told = replace(told, preview=preview_of(new, since=self._since) if isinstance(new, RightPlan) else None)
        return told, new if new.is_judged else None

    def _judged_now(self, name: str, data: bytes) -> FileResult:
        try:
            return self._new.plan(name, data, given=self._given(name, data, self._files.read))
        except WrongUse as error:
            self._complain(error)
            return FileResult(name=name)

    def _judged_before(self, name: str) -> FileResult:
        try:
            data = self._base.read(name)
            return self._old.plan(name, data, given=self._given(name, data, self._base.read))
        except WrongUse:  # its inputs or its site file can't be had from there
            return FileResult(name=name)

    def _given(self, name: str, data: bytes, read: Callable[[str], bytes]) -> Given:
        """Values are for the plans that have gaps for some."""
        return self._asked.given if reads(name, data, read).has_inputs else NOTHING_GIVEN

    def _differences(self, old: FileResult | None, new: FileResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Of what is bet; and of what of the site file holds for it, and whose word it takes for that."""
        if not isinstance(old, RightPlan) or not isinstance(new, RightPlan):
            return (), ()
        from planrunner.review.diff import diff
        from planrunner.review.diff_sites import diff_people, diff_sites
        from planrunner.review.diff_text import lines as told

        found = told(diff(old.plan, new.plan, unmade=(old.unmade, new.unmade), filled_in=(old.filled_in, new.filled_in)))
        of_site = told((*diff_sites(old.site, new.site, (old.plan, new.plan)), *diff_people(old.site, new.site)))
        return tuple(map(str, found)), tuple(map(str, of_site))

    def _lines_of(self, results: Sequence[FileResult]) -> dict[str, frozenset[int]]:
        """Asked only where there is a problem to be shown beside a line."""
        places = [(one.name, problem.file, one.texts) for one in results for problem in one.problems]
        texts = {file or name: texts.get(file, ()) for name, file, texts in places}
        return {name: self._written(self._by_new[name], len(text)) for name, text in texts.items() if name in self._by_new}

    def _written(self, change: Change, length: int) -> frozenset[int]:
        found = lines(self._repository, change, self._base, self._head)
        return frozenset(range(1, length + 1)) if found is None else found


def _without_missing(found: FileResult) -> FileResult:
    return replace(found, problems=tuple(one for one in found.problems if one.code != _MISSING))


def _how(change: Change | None, old: FileResult | None, name: str) -> How:
    if change is None:
        return How.THROUGH
    if old is None:
        return How.ADDED
    return How.CHANGED if change.old == name else How.RENAMED


def _remarks(old: FileResult | None, new: FileResult, *, is_blueprint: bool) -> Iterator[str]:
    if not new.is_judged:
        yield "whether it is right is not known: its site file has problems, or can't be read"
    if is_blueprint and new.plan is None and not new.problems:
        yield "a blueprint, whose inputs get their values where it is used; those plans are told by themselves"
    if old is None and isinstance(new, RightPlan) and not new.site.live_needs_approval:
        yield "it needs nobody's approval for real money: the site file says `live_needs_approval: no`"
    if old is not None and old.plan is None and new.plan is not None:
        count = len(old.problems)
        yield f"what it was is not told: it had {plural(count, 'problem')}" if count else "what it was can't be told"


def _title(found: FileResult | None) -> str:
    return found.plan.name if found is not None and found.plan is not None else ""


def _loss(found: FileResult | None) -> str:
    return str(exposure.most(found.plan)) if found is not None and found.plan is not None else ""
