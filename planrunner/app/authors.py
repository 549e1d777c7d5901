"""Who wrote a plan, as far as its repository tells: of each of its files whoever committed a line of its present text, whoever
committed it last, and whoever works here where that is not committed yet. Renaming a file or changing a comment makes nobody its
only author."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from planrunner.model.account import Site
from planrunner.model.errors import Refused, WrongUse

_FORMAT = "--format=%ae"
# Settings of a repository may have it pass commits over, or begin a program (textconv).
_BLAME = ("-c", "blame.ignoreRevsFile=", "blame", "--incremental", "--no-textconv")
_COMMIT = re.compile(rb"^([0-9a-f]{40,64}) [0-9]+ [0-9]+ [0-9]+$", re.MULTILINE)
_AT_ONCE = 1000  # commits on one command line
_KNOWN: dict[tuple[str | bytes | int, ...], tuple[str, ...]] = {}  # by a file, as it is, and the commit that is checked out
_MOST_KNOWN = 10_000


def authors_of(files: Iterable[Path], site: Site) -> tuple[str, ...]:
    """By their names among the approvers, else by the addresses of their commits; none outside of a repository. Raises Refused
    where the repository can't tell."""
    found = {named(email, site) for file in files for email in _authors(file)}
    return tuple(sorted(found - {""}))


def files_of(plan: Path, texts: Iterable[str]) -> list[Path]:
    """A plan, and what it was read with by the names of its texts: blueprint, tables, inputs."""
    return [plan, *(Path(name) for name in texts if name and Path(name).is_file())]


def named(author: str, site: Site) -> str:
    """An approver's name where it is theirs."""
    for one in site.approvers.values():
        if author == one.name or author.casefold() == one.email.casefold():
            return one.name
    return author


def _authors(file: Path) -> Iterator[str]:
    """A link was made by somebody, and what it leads to was written by somebody."""
    for one in dict.fromkeys((file.absolute(), file.resolve())):
        yield from _authors_of(one)


def _authors_of(file: Path) -> tuple[str, ...]:
    """Asked again where the file changed, or what is checked out: a service asks before every run that it begins."""
    from planrunner.app.revisions import run_git

    try:
        head, found = run_git(file.parent, "rev-parse", "--verify", "--quiet", "HEAD"), file.lstat()
    except (WrongUse, OSError):  # no git
        return ()
    key = (str(file), head.stdout, found.st_mtime_ns, found.st_size, found.st_ino)
    if key not in _KNOWN:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = tuple(_asked(file))
    return _KNOWN[key]


def _asked(file: Path) -> Iterator[str]:
    """Raises Refused where a repository is there and can't tell: whoever is passed over could approve what they wrote."""
    from planrunner.app.revisions import run_git

    folder, name = file.parent, f":(literal){file.name}"
    try:
        changed = run_git(folder, "status", "--porcelain", "--ignored", "--", name)
        if changed.returncode != 0:
            _refuse_if_in_one(file, changed.stderr)
            return
        commits = _commits(folder, file)
        _refuse_cut_off(file, commits)
        yield from _written_by(folder, [one for one in commits if not _is_to_come(one)])
        if changed.stdout.strip() or any(map(_is_to_come, commits)):  # git may have been told not to look for changes
            yield _line(run_git(folder, "config", "user.email").stdout)
    except WrongUse:  # no git
        return


def _commits(folder: Path, file: Path) -> list[str]:
    """The last one, and those of the lines: by their commits, for blame itself would believe a `.mailmap`. None where it was
    never committed."""
    from planrunner.app.revisions import run_git

    last = run_git(folder, "log", "-1", "--format=%H", "--", f":(literal){file.name}")
    blamed = run_git(folder, *_BLAME, "--", f"./{file.name}")
    if last.stdout.strip() and blamed.returncode != 0:
        raise _not_told(file, f"git says: {_line(blamed.stderr)}")
    found = [last.stdout.strip(), *_COMMIT.findall(blamed.stdout)]
    return [one.decode("ascii") for one in dict.fromkeys(found) if one]


def _is_to_come(commit: str) -> bool:
    """Of lines that are not committed."""
    return not commit.strip("0")


def _written_by(folder: Path, commits: Sequence[str]) -> Iterator[str]:
    from planrunner.app.revisions import run_git

    for at in range(0, len(commits), _AT_ONCE):
        written = run_git(folder, "log", "--no-walk", _FORMAT, *commits[at : at + _AT_ONCE])
        yield from map(_line, written.stdout.splitlines())


def _refuse_cut_off(file: Path, commits: Iterable[str]) -> None:
    """The oldest commit of a shallow clone has all the lines of those that are not here."""
    from planrunner.app.revisions import FETCH, run_git

    told = run_git(file.parent, "rev-parse", "--git-path", "shallow").stdout
    oldest = file.parent / os.fsdecode(told.removesuffix(b"\n"))
    if oldest.is_file() and not set(oldest.read_text().split()).isdisjoint(commits):
        raise _not_told(file, f"this is a shallow clone, and who wrote it is in the part that is not here; {FETCH}")


def _refuse_if_in_one(file: Path, said: bytes) -> None:
    """Git takes a repository that belongs to another user for none."""
    if any(os.path.lexists(one / ".git") for one in (file.parent, *file.parent.parents)):
        raise _not_told(file, f"git says: {_line(said)}; `git status` in {file.parent} says how to go on")


def _not_told(file: Path, why: str) -> Refused:
    return Refused(f"who wrote {file.name} can't be told, and whoever did can't be the only one who approves it: {why}")


def _line(said: bytes) -> str:
    return os.fsdecode(said).partition("\n")[0].strip()
