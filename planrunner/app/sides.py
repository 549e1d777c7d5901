"""The plans of a repository on one side of a change: as the files are here, or as a revision has them; each judged by the site
file beside it there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from planrunner import resources
from planrunner.app.changed import files_here
from planrunner.app.check import FileResult, of_plan, of_site
from planrunner.app.preview import values_of
from planrunner.app.revisions import FilesAt, Repository, Revision
from planrunner.app.site import FilesOf, read_file
from planrunner.app.touched import followed, site_of
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.plan import Plan
from planrunner.model.shown import harmless
from planrunner.plan import pipeline
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.site_file import default_site


class Tree(Protocol):
    """The files of one side. `inputs` is named as it was given, from where planrunner was called."""

    def names(self) -> Sequence[str]: ...

    def has(self, name: str) -> bool: ...

    def read(self, name: str) -> bytes:
        """A file by itself. Raises WrongUse."""

    def links(self, name: str) -> Iterable[str]:
        """What a file is called on the way to its end, where links lead there."""

    def reader(self, plan: str, inputs: str | None) -> Callable[[str], bytes]:
        """What a plan may read. It raises WrongUse."""


class Here:
    """The files as they are; a plan reads those beside it and below. A link may lead to a file of the repository that is not
    hidden: `.git/config` may hold a token, and what a plan holds is shown."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._root = str(repository.root)
        self._targets: dict[str, str | None] = {}

    def names(self) -> Sequence[str]:
        return files_here(self._repository)

    def has(self, name: str) -> bool:
        path = self._repository.root / name
        return path.exists() or path.is_symlink()

    def read(self, name: str) -> bytes:
        return self._named_short(self._file, self._full(name))

    def reader(self, plan: str, inputs: str | None) -> Callable[[str], bytes]:
        full = self._full(plan)
        files = FilesOf(Path(full), inputs, data=self.read(plan))
        return lambda name: self._named_short(files, name if name == inputs else self._full(name))

    def links(self, name: str) -> Iterable[str]:
        return followed(name, self._target)

    def _target(self, name: str) -> str | None:
        if name not in self._targets:
            try:
                self._targets[name] = os.readlink(self._full(name))  # noqa: PTH115 - as it is written
            except (OSError, ValueError):
                self._targets[name] = None
        return self._targets[name]

    def _file(self, full: str) -> bytes:
        path, root = Path(full).resolve(), self._repository.root.resolve()
        if path != root / Path(full).relative_to(self._root):
            if not path.is_relative_to(root):
                raise WrongUse(f"{harmless(full)} is a link out of the repository")
            if any(part.startswith(".") for part in path.relative_to(root).parts):
                raise WrongUse(f"{harmless(full)} is a link to a hidden file")
        return read_file(full, is_ordinary=True)

    def _named_short(self, read: Callable[[str], bytes], full: str) -> bytes:
        """Where a repository lies is no part of what is told of it."""
        try:
            return read(full)
        except WrongUse as error:
            raise WrongUse(str(error).replace(f"{self._root}/", "")) from error

    def _full(self, name: str) -> str:
        return f"{self._root}/{name}"


class At:
    """The files of a revision."""

    def __init__(self, revision: Revision) -> None:
        self._revision = revision

    def names(self) -> Sequence[str]:
        return self._revision.names()

    def has(self, name: str) -> bool:
        return self._revision.has(name)

    def read(self, name: str) -> bytes:
        return self._revision.read(name)

    def links(self, name: str) -> Iterable[str]:
        return followed(name, self._revision.link)

    def reader(self, plan: str, inputs: str | None) -> FilesAt:
        return self._revision.reader(plan, inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A plan as one side has it, and the values it was read with. `site` None: its site file has problems, or can't be had; the
    plan was not judged then."""

    result: FileResult
    site: Site | None
    inputs: dict[str, str]

    @property
    def plan(self) -> Plan | None:
        return self.result.plan


class Side:
    """Plans as one side has them. `site`: the one for all plans, by its name in the repository."""

    def __init__(self, tree: Tree, *, given: Given, site: str | None) -> None:
        self.tree = tree
        self._given = given
        self._site = site
        self._sites: dict[str, tuple[Site | None, FileResult | None]] = {}

    @property
    def site_results(self) -> list[FileResult]:
        return [found for _, found in self._sites.values() if found is not None]

    def load(self, name: str, *, has_inputs: bool) -> Loaded:
        """Raises WrongUse where the plan's own file, its site file or the inputs can't be read."""
        site = self.site(self._site or site_of(name))
        if site is None:
            return Loaded(result=FileResult(name=name, problems=(), texts={}), site=None, inputs={})
        given = self._given if has_inputs else NOTHING_GIVEN
        reader = self.tree.reader(name, given.file)
        checked = pipeline.check(
            name,
            reader,
            schema=resources.schema("plan"),
            site=site,
            profiles=profiles(),
            given=replace(given, signal_to_come=True),
        )
        return Loaded(result=of_plan(name, checked), site=site, inputs=values_of(given, reader))

    def site(self, name: str) -> Site | None:
        """None where it has problems. Raises WrongUse where it can't be read."""
        if name not in self._sites:
            self._sites[name] = self._read_site(name)
        return self._sites[name][0]

    def _read_site(self, name: str) -> tuple[Site | None, FileResult | None]:
        if not self.tree.has(name):
            return default_site(profiles()), None
        checked = pipeline.read_site(name, self.tree.read, schema=resources.schema("site"), profiles=profiles())
        return checked.site, of_site(name, checked)
