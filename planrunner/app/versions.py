"""A plan as it is here, piped in, or as a git revision has it with all that it reads there: for comparing one with another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from planrunner import resources
from planrunner.app.check import FileResult, Results, check_files, of_plan, of_site
from planrunner.app.named import STDIN
from planrunner.app.revisions import Repository, Revision
from planrunner.app.site import SITE_FILE, find_site
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.plan import Plan
from planrunner.model.shown import harmless
from planrunner.plan import pipeline
from planrunner.plan.given import NOTHING_GIVEN, Given
from planrunner.plan.site_file import default_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`site` is the site file named for all plans; it and the file of inputs are of a revision too, where that has them."""

    site: Path | None = None
    given: Given = NOTHING_GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A plan as one side has it. `results` are what `check` found: the plan's own, and those of its site file."""

    name: str
    results: Results
    site: Site | None = None
    plan: Plan | None = None
    unmade: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    filled_in: tuple[str, ...] = ()


class Sides:
    """Reads whatever was named; repositories are kept open for all of it."""

    def __init__(self, asked: Asked, read_stdin: Callable[[], bytes], stack: ExitStack) -> None:
        self.asked = asked
        self._read_stdin = read_stdin
        self._stack = stack
        self._repositories: dict[Path, Repository] = {}

    def side(self, named: str, *, beside: str) -> Version:
        """`beside` is the other side's name, which a revision alone is of."""
        if named == STDIN or Path(named).exists():
            return self.here(named)
        revision, colon, name = split(named)
        if colon:
            found = self.revision(revision, Path())
            return self.at(found, _in_tree(found, name))
        if named.endswith((".yaml", ".yml")):
            raise WrongUse(f"{harmless(named)}: there is no such file; of a revision it is `REVISION:{harmless(named)}`")
        if beside == STDIN or not _is_file(beside):
            raise WrongUse(
                f"{harmless(named)} is no file, and as a revision it needs one: `planrunner diff {harmless(named)} plan.yaml`"
            )
        found = self.revision(named, Path(beside))
        return self.at(found, found.repository.name_of(split(beside)[2] or beside))

    def here(self, named: str) -> Version:
        if named != STDIN and Path(named).is_dir():
            raise WrongUse(
                f"{harmless(named)} is a folder; `planrunner diff --base REVISION {harmless(named)}` compares all its plans"
            )
        if Path(named).name == SITE_FILE:
            raise WrongUse(f"{harmless(named)} is a site file; what of it holds for a plan is told with that plan")
        results = check_files([named], read_stdin=self._read_stdin, site=self.asked.site, given=self.asked.given)
        if results.unreadable:
            raise WrongUse("\n".join(results.unreadable))
        folder = Path() if named == STDIN else Path(named).parent
        site = None if results.has_problems else find_site(folder, self.asked.site).site
        return _version(named, results, site)

    def at(self, revision: Revision, name: str) -> Version:
        """A plan of a revision, by its name there."""
        shown = f"{revision.named}:{name}"
        site, of_site = self._site(revision, name)
        results = Results(files=[] if of_site is None else [of_site])
        if site is not None:
            results.files.append(self._checked(revision, name, site))
        return _version(shown, results, site)

    def revision(self, named: str, beside: Path) -> Revision:
        folder = (beside if beside.is_dir() else beside.parent).absolute()
        repository = Repository.around(folder)
        if repository.root not in self._repositories:
            self._repositories[repository.root] = self._stack.enter_context(repository)
        return self._repositories[repository.root].at(named)

    def _checked(self, revision: Revision, name: str, site: Site) -> FileResult:
        given = replace(self.asked.given, signal_to_come=True)
        checked = pipeline.check(
            name, revision.reader(name, given.file), schema=resources.schema("plan"), site=site, profiles=profiles(), given=given
        )  # fmt: skip
        return of_plan(f"{revision.named}:{name}", checked)

    def _site(self, revision: Revision, plan: str) -> tuple[Site | None, FileResult | None]:
        """The one beside the plan there; one that was named, as it was there or else as it is here."""
        folder = plan.rpartition("/")[0]
        name = f"{folder}/{SITE_FILE}" if folder else SITE_FILE
        if self.asked.site is not None:
            name = _inside(revision, self.asked.site)
            if not name or not revision.has(name):
                found = find_site(Path(), self.asked.site)
                return found.site, of_site(str(self.asked.site), found.checked) if found.checked is not None else None
        elif not revision.has(name):
            return default_site(profiles()), None
        checked = pipeline.read_site(name, revision.read, schema=resources.schema("site"), profiles=profiles())
        return checked.site, of_site(f"{revision.named}:{name}", checked)


def _version(name: str, results: Results, site: Site | None) -> Version:
    found = next((one for one in results.files if not one.is_site), None)
    if found is None or found.plan is None or results.has_problems:
        return Version(name=name, results=results)
    return Version(
        name=name,
        results=results,
        site=site,
        plan=found.plan,
        unmade=found.unmade,
        awaited=found.awaited,
        filled_in=found.filled_in,
    )


def _inside(revision: Revision, path: Path) -> str:
    """Empty for a file of elsewhere."""
    try:
        return revision.repository.name_of(path)
    except WrongUse:
        return ""


def split(named: str) -> tuple[str, str, str]:
    """`main:plans/a.yaml`; a colon in the braces of a revision (`HEAD^{/fix: odds}`) parts nothing."""
    depth = 0
    for at, letter in enumerate(named):
        depth += (letter == "{") - (letter == "}")
        if letter == ":" and depth == 0 and at:
            return named[:at], ":", named[at + 1 :]
    return named, "", ""


def _in_tree(revision: Revision, name: str) -> str:
    """As git has it: from the root, but `./plan.yaml` from here."""
    return revision.repository.name_of(name) if name.startswith(("./", "../")) else name


def _is_file(named: str) -> bool:
    return Path(named).is_file() or bool(split(named)[1]) or named.endswith((".yaml", ".yml"))
