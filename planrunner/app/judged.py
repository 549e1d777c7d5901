"""The one place where a plan is read with all that it names and held against the site file beside it: what `check` finds, and
whatever goes by it (explain, preview, diff, review, the HTTP API). Trees say where the files come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from planrunner import resources
from planrunner.app.site import FoundSite, beside, site_in
from planrunner.app.trees import Tree
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.plan import Plan
from planrunner.plan import pipeline
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.problems import Problem, Texts
from planrunner.plan.reader import read


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file looked at. `plan` is None for a site file and where there are problems; `site` is what it was held against.
    `unmade`: what of a plan for each market is worked out for each; `awaited`: inputs that a signal brings, and something stands
    for in `plan`; `filled_in`: what else the digest holds."""

    name: str
    problems: tuple[Problem, ...] = ()
    texts: Texts = field(default_factory=dict)
    plan: Plan | None = None
    site: Site | None = None
    unmade: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    filled_in: tuple[str, ...] = ()
    is_site: bool = False

    @property
    def is_judged(self) -> bool:
        """No plan is, where its site file has problems or can't be had: what it may do is not known until they are solved."""
        return self.site is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightPlan(FileResult):
    """A plan without problems, and the values it was read with."""

    plan: Plan
    site: Site
    inputs: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Results:
    """`unreadable` says why files could not be read; `skipped` are files of a folder that are no plans."""

    files: list[FileResult] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def has_problems(self) -> bool:
        return any(one.problems for one in self.files)

    @property
    def right(self) -> list[RightPlan]:
        """The plans, where nothing at all has problems."""
        return [] if self.has_problems else [one for one in self.files if isinstance(one, RightPlan)]


class Judge:
    """Of the plans of one tree. `given`: values for all of them; `site`: the site file for all, by its name in the tree. Each
    site file is read once; what was found of it is in `results`."""

    def __init__(self, tree: Tree, *, given: Given = NOTHING_GIVEN, site: str | None = None) -> None:
        self.results = Results()
        self._tree = tree
        self._given = given
        self._site = site
        self._sites: dict[str, FoundSite] = {}

    def add(self, plan: str, data: bytes | None = None) -> None:
        """A plan joins `results`. Raises WrongUse as `plan` does."""
        found = self.plan(plan, data)
        if found.is_judged:
            self.results.files.append(found)

    def plan(self, name: str, data: bytes | None = None, *, given: Given | None = None) -> FileResult:
        """As it is before its signal comes in. `data`: its own file, where that was read already or is none. Raises WrongUse
        where that, its site file or the inputs can't be read; what else it names and can't be read is a problem of the plan."""
        site = self.site_of(name)
        if site is None:
            return FileResult(name=self._tree.called(name))
        given = replace(self._given if given is None else given, signal_to_come=True)
        files = self._files(name, data, given)
        checked = pipeline.check(name, files, schema=resources.schema("plan"), site=site, profiles=profiles(), given=given)
        called, texts = self._tree.called(name), checked.texts
        if checked.plan is None:
            return FileResult(name=called, problems=checked.problems, texts=texts, site=site)
        return RightPlan(
            name=called, texts=texts, plan=checked.plan, site=site, inputs=values_of(given, files), unmade=checked.unmade,
            awaited=checked.awaited, filled_in=checked.filled_in,
        )  # fmt: skip

    def site_of(self, plan: str) -> Site | None:
        """The one for all, or the one beside it."""
        return self.site(self._site or beside(plan))

    def site(self, name: str) -> Site | None:
        """None where it has problems. Raises WrongUse where it can't be read."""
        if name not in self._sites:
            found = self._sites[name] = site_in(name, self._tree.read, is_there=self._tree.has(name))
            if (checked := found.checked) is not None:
                texts = {"": checked.lines}
                called = self._tree.called(name)
                self.results.files.append(FileResult(name=called, problems=checked.problems, texts=texts, is_site=True))
        return self._sites[name].site

    def _files(self, plan: str, data: bytes | None, given: Given) -> Callable[[str], bytes]:
        own = self._tree.read(plan) if data is None else data
        others = self._tree.reader(plan, given.file)
        return lambda name: own if name == plan else others(name)


def values_of(given: Given, read_file: Callable[[str], bytes]) -> dict[str, str]:
    """What was given beside a checked plan, by the names of its inputs: those of a file of inputs, and those given by themselves,
    which win. `read_file` is asked for that file."""
    root = read(read_file(given.file)).root if given.file is not None else None
    values = root.values.items() if isinstance(root, Block) else ()
    return {name: value.text for name, value in values if isinstance(value, Scalar)} | dict(given.values)
