"""Checking plans: which files, against which site, and what came of it. No network, no clock, no credentials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from planrunner import resources
from planrunner.app.named import STDIN
from planrunner.app.named import files as named_files
from planrunner.app.site import SITE_FILE, FilesOf, FoundSite, find_site, read_file
from planrunner.app.venues import profiles
from planrunner.model import exposure
from planrunner.model.errors import WrongUse
from planrunner.model.money import Money
from planrunner.model.plan import Plan
from planrunner.plan import pipeline
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.problems import Problem, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file looked at. `plan` is None for a site file and where there are problems. `unmade`: what of a plan for each market
    is worked out for each; `awaited`: inputs that a signal brings, and something stands for in `plan`; `filled_in`: what else the
    digest holds."""

    name: str
    problems: tuple[Problem, ...]
    texts: Texts
    plan: Plan | None = None
    unmade: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    filled_in: tuple[str, ...] = ()
    is_site: bool = False


def of_plan(name: str, checked: pipeline.Checked) -> FileResult:
    """`name` is what it is called where it is told."""
    return FileResult(
        name=name,
        problems=checked.problems,
        texts=checked.texts,
        plan=checked.plan,
        unmade=checked.unmade,
        awaited=checked.awaited,
        filled_in=checked.filled_in,
    )


def of_site(name: str, checked: pipeline.CheckedSite) -> FileResult:
    """The same of a site file."""
    return FileResult(name=name, problems=checked.problems, texts={"": checked.lines}, is_site=True)


@dataclass(slots=True, kw_only=True)
class Results:
    """`unreadable` says why files could not be read; `skipped` are files of a folder that are no plans."""

    files: list[FileResult] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def has_problems(self) -> bool:
        return any(one.problems for one in self.files)


def check_files(
    named: Sequence[str],
    *,
    read_stdin: Callable[[], bytes],
    site: Path | None = None,
    given: Given = NOTHING_GIVEN,
    skip_others: bool = False,
) -> Results:
    """Check files, folders (the plans right in them) and `-`, each file once. Raises WrongUse when nothing was checked.

    `skip_others`: files that are named may be no plans, as those of a folder may; whoever says so takes it that there was none.
    """
    results = Results()
    sites = _Sites(site, results)
    for name, is_from_folder in named_files(named, results.unreadable):
        try:
            _check_one(name, sites, results, read_stdin, may_skip=is_from_folder or skip_others, given=given)
        except WrongUse as error:
            results.unreadable.append(str(error))
    if not results.files and not results.unreadable and not skip_others:
        raise WrongUse(f"nothing was checked: {', '.join(named)} holds no plan (a plan's first line is `planrunner: 1`)")
    return results


def can_lose(plan: Plan, awaited: Sequence[str] = ()) -> Money:
    """The most one run of a plan can lose: with values that a signal is yet to bring, as much as its limit lets it."""
    if awaited:
        return plan.limits.max_loss
    return exposure.total(exposure.can_lose(plan), plan.currency)


class _Sites:
    """Each folder's site file, read once and told once."""

    def __init__(self, named: Path | None, results: Results) -> None:
        self._named = named
        self._results = results
        self._found: dict[Path, FoundSite] = {}

    def of(self, folder: Path) -> FoundSite:
        key = self._named or folder
        if key not in self._found:
            found = self._found[key] = find_site(folder, self._named)
            if found.checked is not None:
                self._results.files.append(of_site(found.checked.name, found.checked))
        return self._found[key]


def _check_one(
    name: str, sites: _Sites, results: Results, read_stdin: Callable[[], bytes], *, may_skip: bool, given: Given
) -> None:
    path = Path() if name == STDIN else Path(name)
    if path.name == SITE_FILE:
        sites.of(path.parent)
        return
    data = read_stdin() if name == STDIN else read_file(path)
    if may_skip and b"planrunner:" not in data:
        results.skipped.append(name)
        return
    found = sites.of(path.parent)
    if found.site is None:
        return  # its problems are told; what a plan may do is not known until they are solved
    shown = "<stdin>" if name == STDIN else name
    files = FilesOf(Path(shown), given.file, data=data)
    given = replace(given, signal_to_come=True)
    checked = pipeline.check(
        shown, files, schema=resources.schema("plan"), site=found.site, profiles=profiles(), given=given
    )  # fmt: skip
    results.files.append(of_plan(shown, checked))
