"""Files as a git revision has them, for reading plans as they were.

One `git cat-file` answers for every file of every revision, and one `git ls-tree` lists each revision, however many plans are
read. What others wrote (names of revisions, names of files) goes to git as data and never as a word of its command line; nothing
is fetched, and no program that a repository may name is run.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from planrunner.app.site import LARGEST, read_file
from planrunner.app.touched import followed
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless

# Nothing promised is fetched, and settings of a repository that would begin a program say nothing.
_PLAIN = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never")
_QUIET = {
    "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
}  # fmt: skip
# A hook of git hands these on; which repository is meant is said by the folder.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
_COMMIT = re.compile(rb"([0-9a-f]{40,64}) commit ([0-9]+)\n")
_BLOB = re.compile(rb"[0-9a-f]{40,64} blob ([0-9]+)\n")
_IS_PART = re.compile("lazy fetching disabled|transport '.*' not allowed|promisor")
_LINK, _OTHER = "120000", "160000"  # of git's modes: a link, another repository
_MOST_LINKS = 20  # one leading to the next; more is a ring
FETCH = (
    "fetch the rest of it first: `git fetch --unshallow` (in a GitHub workflow `fetch-depth: 0` with actions/checkout, in GitLab "
    "`GIT_DEPTH: 0`)"
)


class _Entry(NamedTuple):
    mode: str
    id: str


class Repository:
    """A repository around a folder. Names in it are as git has them: from its root, with `/`. To be closed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects: _Objects | None = None

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """Raises WrongUse where there is none, or no git."""
        while not folder.is_dir() and folder != folder.parent:  # of a plan that is gone, its folder may be gone too
            folder = folder.parent
        done = run_git(folder, "rev-parse", "--show-toplevel")
        if done.returncode == 0:
            return cls(Path(os.fsdecode(done.stdout.removesuffix(b"\n"))))
        said = _first_line(done.stderr)
        if "not a git repository" in said:
            raise WrongUse(f"{harmless(str(folder.absolute()))} is in no git repository, so it has no revisions; name two files")
        raise WrongUse(f"the git repository around {harmless(str(folder.absolute()))} can't be read: {said}")

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._objects is not None:
            self._objects.close()
            self._objects = None

    def at(self, named: str) -> Revision:
        """`HEAD~1`, `main`, the beginning of an id. Raises WrongUse for what names no commit."""
        found = self.objects.commit(named)
        if found is None:
            raise WrongUse(self._unknown(named))
        return Revision(self, named, found)

    def name_of(self, path: str | Path) -> str:
        """A file as somebody names it from here, which need not be there any more. Raises WrongUse for one of elsewhere."""
        try:
            whole = Path(os.path.abspath(path))  # noqa: PTH100 - a link at the end is a file of the repository itself
            return (whole.parent.resolve() / whole.name).relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError, RuntimeError) as error:
            shown = harmless(str(path))
            raise WrongUse(f"{shown} is not in the git repository {harmless(str(self.root))}") from error

    @property
    def objects(self) -> _Objects:
        if self._objects is None or self._objects.is_closed:
            self._objects = _Objects(self.root)
        return self._objects

    def _unknown(self, named: str) -> str:
        shown = harmless(named)
        if "\n" not in named and self.objects.commit(f"origin/{named}") is not None:
            return f"there is no `{shown}` here, and there is `origin/{shown}`; name that"
        if run_git(self.root, "rev-parse", "--is-shallow-repository").stdout == b"true\n":
            return f"`{shown}` is not here: this is a shallow clone, which has only the latest revisions; {FETCH}"
        return f"`{shown}` names no revision of the repository {harmless(str(self.root))}; `git log --oneline` lists them"


class Revision:
    """One commit: its files by name, from the root of the repository."""

    def __init__(self, repository: Repository, named: str, commit: str) -> None:
        self.repository = repository
        self.named = named
        self.commit = commit

    def names(self) -> Sequence[str]:
        """Every file."""
        return list(self._entries)

    def has(self, name: str) -> bool:
        return name in self._entries or self._followed(name) in self._entries

    def read(self, name: str) -> bytes:
        """A file, through links of the repository too. Raises WrongUse."""
        found = self.real(name)
        entry = self._entries.get(found)
        if entry is None:
            what = "is a folder" if any(one.startswith(f"{found}/") for one in self._entries) else "there is no such file"
            raise WrongUse(f"{harmless(name)}: {what} in revision {harmless(self.named)}")
        if entry.mode == _OTHER:
            raise WrongUse(f"{harmless(name)} is another repository in revision {harmless(self.named)}")
        data = self.repository.objects.blob(entry.id)
        if data is None:
            where = f"{harmless(self.named)}:{harmless(found)}"
            raise WrongUse(f"{where} is not in this clone, which has only a part of the files; `git show {where}` fetches it")
        return data

    def real(self, name: str) -> str:
        """Where links lead to. Raises WrongUse where they lead out of the repository, or in a ring."""
        found = self._followed(name)
        if found is None:
            raise WrongUse(f"{harmless(name)} is a link in revision {harmless(self.named)} that leads out of it, or nowhere")
        return found

    def link(self, name: str) -> str | None:
        """What a link says; None of what is none."""
        found = self._links.get(name)
        return os.fsdecode(self.repository.objects.blob(found) or b"/") if found is not None else None

    def links(self, name: str) -> Iterable[str]:
        """What a file is called on the way to its end, where links lead there."""
        return followed(name, self.link)

    def reader(self, plan: str, inputs: str | None = None) -> FilesAt:
        return FilesAt(self, plan, inputs)

    def called(self, name: str) -> str:
        return name

    @cached_property
    def _entries(self) -> Mapping[str, _Entry]:
        done = run_git(self.repository.root, "ls-tree", "-r", "-z", "--full-tree", self.commit)
        if done.returncode:
            raise WrongUse(f"revision {harmless(self.named)} can't be read: {_first_line(done.stderr)}")
        return dict(_listed(done.stdout))

    @cached_property
    def _links(self) -> Mapping[str, str]:
        return {name: entry.id for name, entry in self._entries.items() if entry.mode == _LINK}

    def _followed(self, name: str) -> str | None:
        """As the file system would; None where it leads out of the repository, or in a ring."""
        for _ in range(_MOST_LINKS):
            name = posixpath.normpath(name)
            if name.startswith(("/", "../")) or name == "..":
                return None
            link = next((one for one in _and_above(name) if one in self._links), None) if self._links else None
            if link is None:
                return name
            target = os.fsdecode(self.repository.objects.blob(self._links[link]) or b"/")
            name = posixpath.join(posixpath.dirname(link), target) + name[len(link) :]
        return None


class FilesAt:
    """The files of one plan at a revision, as `FilesOf` is for those that are here: itself, the file of inputs that was named
    beside it, and what it names in its own folder or below. The inputs are of the revision too, where it has them; else they are
    the file that is here."""

    def __init__(self, revision: Revision, plan: str, inputs: str | None = None) -> None:
        self._revision = revision
        self._plan = plan
        self._inputs = inputs
        self._read: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        """Raises WrongUse with the reason in words."""
        if name not in self._read:
            self._read[name] = self._find(name)
        return self._read[name]

    def _find(self, name: str) -> bytes:
        if name == self._plan:
            return self._revision.read(name)
        if name == self._inputs:
            return self._given(name)
        found, home = self._revision.real(name), posixpath.dirname(self._plan)
        folder = self._revision.real(home) if home else ""
        below = found.removeprefix(f"{folder}/") if folder else found
        if folder and below == found:
            raise WrongUse(f"{harmless(name)} leads out of the plan's folder; plans read no files there")
        if any(part.startswith(".") for part in below.split("/")) or found.endswith(".credentials"):
            raise WrongUse(f"{harmless(name)} is hidden, or holds credentials; plans read no such files")
        return self._revision.read(name)

    def _given(self, name: str) -> bytes:
        try:
            inside = self._revision.repository.name_of(name)
        except WrongUse:
            return read_file(name)
        return self._revision.read(inside) if self._revision.has(inside) else read_file(name)


class _Objects:
    """`git cat-file --batch`: a line in, an object out, for as long as there is something to ask."""

    def __init__(self, root: Path) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - what git complains of; a pipe that nobody reads would stop it
        with _git_is_here():
            self._process = subprocess.Popen(  # noqa: S603 - its words are ours
                ["git", *_PLAIN, "cat-file", "--batch"], cwd=root,  # noqa: S607 - git as it is found
                env=_environment(), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=self._said,
            )  # fmt: skip

    def commit(self, named: str) -> str | None:
        """The id of a commit; None where nothing of this repository is called so."""
        if "\n" in named or "\0" in named or not named:
            return None
        with self._talk(os.fsencode(f"{named}^{{commit}}")) as (head, out):
            found = _COMMIT.fullmatch(head)
            if found is None:
                return None
            out.read(int(found[2]) + 1)
            return found[1].decode()

    def blob(self, id_: str) -> bytes | None:
        """The content of a file; None where it is not here, which git may tell by ending. Raises WrongUse for one too large."""
        with self._talk(id_.encode(), may_end=True) as (head, out):
            found = _BLOB.fullmatch(head)
            if found is None:
                return None
            size = int(found[1])
            if size > LARGEST:
                self.close()  # rather than read it to its end; the next question begins anew
                raise WrongUse(f"a file of {size / 1048576:.0f} MiB; planrunner reads files of at most {LARGEST >> 20} MiB")
            data = out.read(size)
            out.read(1)
            return data

    @property
    def is_closed(self) -> bool:
        return self._said.closed

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
        self._process.wait()
        self._said.close()

    @contextmanager
    def _talk(self, question: bytes, *, may_end: bool = False) -> Iterator[tuple[bytes, IO[bytes]]]:
        given, out = self._process.stdin, self._process.stdout
        assert given is not None
        assert out is not None
        try:
            given.write(question + b"\n")
            given.flush()
            head = out.readline()
        except (BrokenPipeError, ValueError):
            head = b""
        if not head:
            said = self._complaint()
            self.close()
            if not (may_end and _IS_PART.search(said)):
                raise WrongUse(f"git ended before it had answered: {said}")
        yield head, out

    def _complaint(self) -> str:
        if self._said.closed:
            return "it was closed"
        self._said.seek(0)
        return _first_line(self._said.read(4096)) or "it did not say why"


def run_git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """One answer of git. Raises WrongUse where it can't be started."""
    with _git_is_here():
        return subprocess.run(  # noqa: S603 - its words are ours
            ["git", *_PLAIN, *words],  # noqa: S607 - git as it is found
            cwd=folder,
            env=_environment(),
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def _git_is_here() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise WrongUse(
            "git is not installed here, and it is git that has the revisions; install it, or name two files"
        ) from error
    except OSError as error:
        raise WrongUse(f"git can't be started: {error.strerror or error}") from error


def _environment() -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in _OF_HOOKS}, **_QUIET}


def _listed(told: bytes) -> Iterator[tuple[str, _Entry]]:
    for line in told.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        if tab:
            mode, _, id_ = head.decode("ascii").split(" ")
            yield os.fsdecode(name), _Entry(mode, id_)


def _and_above(name: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c`."""
    at = name.find("/")
    while at >= 0:
        yield name[:at]
        at = name.find("/", at + 1)
    yield name


def _first_line(said: bytes) -> str:
    return harmless(said.decode("utf-8", "replace").strip().split("\n")[0].removeprefix("fatal: "))
