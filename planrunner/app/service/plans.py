"""The plans of a service's folder: which files they are, what each of them schedules, and what has changed since it was looked
at last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from planrunner.app.plans import Loaded, load
from planrunner.app.site import SITE_FILE, find_site, read_file
from planrunner.model.account import Site
from planrunner.model.errors import PlanrunnerError, WrongUse
from planrunner.plan.given import Given

SUFFIXES = (".yaml", ".yml")
MAY_BE_READ = (*SUFFIXES, ".csv")  # by a plan: blueprints, inputs, tables
# What a plan may lead to lies beside it or below: tables, blueprints, inputs.
MOST_FILES = 5_000
_BLUEPRINT = re.compile(rb"(?m)^blueprint\s*:")
_PLAN = re.compile(rb"(?m)^planrunner\s*:")

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """One of them. `loaded` is None where it has problems, and `problem` says which."""

    name: str
    loaded: Loaded | None
    problem: str = ""

    @property
    def title(self) -> str:
        return self.loaded.plan.name if self.loaded is not None else self.name


@dataclass(slots=True)
class Plans:
    """Of one folder: the plans right in it. Looking reads what has changed and nothing else."""

    folder: Path
    files: dict[str, PlanFile] = field(default_factory=dict)
    _stamps: dict[Path, Stamp] = field(default_factory=dict)
    _had_site_file: bool = False

    def look(self) -> bool:
        """Whether anything is not as it was. Never raises for what is in the folder."""
        stamps = dict(self._all())
        if stamps == self._stamps:
            return False
        names = {path.name for path in stamps if self._may_be_plan(path)}
        changed = {path for path in {*stamps, *self._stamps} if stamps.get(path) != self._stamps.get(path)}
        others = any(path.parent != self.folder or path.name not in names for path in changed)
        again = names if others else names & {path.name for path in changed}
        read = {name: self._read(name) for name in sorted(again)}
        self.files = {name: one for name in sorted(names) if (one := read.get(name, self.files.get(name))) is not None}
        self._stamps = stamps
        return True

    def site(self) -> Site:
        """Raises WrongUse where the site file has problems."""
        file, found = self.folder / SITE_FILE, find_site(self.folder)
        if found.site is None:
            raise WrongUse(f"{file} has problems; `planrunner check {file}` tells them")
        self._refuse_without(found.checked is not None)
        return found.site

    def load(self, name: str, given: Given) -> Loaded:
        """As the file is now. Raises PlanProblems, WrongUse."""
        path = self.folder / name
        if path.exists() and not path.is_file():  # a pipe would keep everybody waiting
            raise WrongUse(f"{name} is no ordinary file")
        loaded = load(path, given)
        self._refuse_without(bool(loaded.site.file))
        return loaded

    def _refuse_without(self, has_site_file: bool) -> None:
        """A site file that is gone, while it is being replaced say, takes no limit away."""
        if self._had_site_file and not has_site_file:
            file = self.folder / SITE_FILE
            raise WrongUse(f"{file} is gone, and its limits with it; put it back, or end the service and begin it again")
        self._had_site_file = has_site_file

    def _may_be_plan(self, path: Path) -> bool:
        """Right in the folder. Links within it are followed; others would show whoever asks what is none of theirs."""
        is_beside = path.parent == self.folder and path.suffix in SUFFIXES and path.name != SITE_FILE
        return is_beside and (not path.is_symlink() or path.resolve().is_relative_to(self.folder.resolve()))

    def _read(self, name: str) -> PlanFile | None:
        """None for what is no plan of its own."""
        try:
            data = read_file(self.folder / name, is_ordinary=True)
            if not _PLAN.search(data) or _BLUEPRINT.search(data):
                return None
            return PlanFile(name=name, loaded=self.load(name, Given(signal_to_come=True)))
        except PlanrunnerError as error:
            return PlanFile(name=name, loaded=None, problem=str(error))

    def _all(self) -> Iterator[tuple[Path, Stamp]]:
        for count, path in enumerate(_below(self.folder)):
            if count == MOST_FILES:
                return
            try:
                found = path.stat()
            except OSError:
                continue  # gone meanwhile, or not to be looked at; reading it will tell
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino)


def _below(folder: Path) -> Iterator[Path]:
    """Files that plans may lead to, but for hidden ones and the reports of runs."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") or (entry.is_symlink() and entry.is_dir()):
            continue
        if entry.is_dir():
            if entry.name not in ("runs", "approvals"):
                yield from _below(entry)
        elif entry.suffix in MAY_BE_READ:
            yield entry
