"""A plan as it is here, piped in, or as a git revision has it with all that it reads there: for comparing one with another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from planrunner.app.check import check_files
from planrunner.app.judged import Judge, Results, RightPlan
from planrunner.app.named import STDIN
from planrunner.app.revisions import FilesAt, Repository, Revision
from planrunner.app.site import SITE_FILE, read_file
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless
from planrunner.plan.given import NOTHING_GIVEN, Given


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

    @property
    def right(self) -> RightPlan | None:
        return next(iter(self.results.right), None)


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
        return Version(name=named, results=results)

    def at(self, revision: Revision, name: str) -> Version:
        """A plan of a revision, by its name there."""
        named = self.asked.site
        inside = _inside(revision, named) if named is not None else ""
        here = str(named) if named is not None and not (inside and revision.has(inside)) else None
        tree = _Then(revision, here)
        judge = Judge(tree, given=self.asked.given, site=here or inside or None)
        judge.add(name)
        return Version(name=tree.called(name), results=judge.results)

    def revision(self, named: str, beside: Path) -> Revision:
        folder = (beside if beside.is_dir() else beside.parent).absolute()
        repository = Repository.around(folder)
        if repository.root not in self._repositories:
            self._repositories[repository.root] = self._stack.enter_context(repository)
        return self._repositories[repository.root].at(named)


class _Then:
    """A revision, which is named where its files are told; and a site file that was named and that it does not have, as that is
    here."""

    def __init__(self, revision: Revision, here: str | None) -> None:
        self._revision = revision
        self._here = here

    def has(self, name: str) -> bool:
        return name == self._here or self._revision.has(name)

    def read(self, name: str) -> bytes:
        return read_file(name) if name == self._here else self._revision.read(name)

    def reader(self, plan: str, inputs: str | None) -> FilesAt:
        return self._revision.reader(plan, inputs)

    def called(self, name: str) -> str:
        return name if name == self._here else f"{self._revision.named}:{name}"


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
