"""Who wrote a plan, as far as its repository tells: of each of its files whoever committed a line of its present text, whoever
committed it last, and whoever works here where that is not committed yet. Renaming a file or changing a comment makes nobody its
only author."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from planrunner.model.account import Site
from planrunner.model.errors import WrongUse

_FORMAT = "--format=%ae"
# Settings of a repository may have it pass commits over, or begin a program (textconv).
_BLAME = ("-c", "blame.ignoreRevsFile=", "blame", "--incremental", "--no-textconv")
_COMMIT = re.compile(rb"^([0-9a-f]{40,64}) [0-9]+ [0-9]+ [0-9]+$", re.MULTILINE)
_AT_ONCE = 1000  # commits on one command line
_KNOWN: dict[tuple[str | bytes | int, ...], tuple[str, ...]] = {}  # by a file, as it is, and the commit that is checked out
_MOST_KNOWN = 10_000


def authors_of(files: Iterable[Path], site: Site) -> tuple[str, ...]:
    """By their names among the approvers, else by the addresses of their commits; none outside of a repository."""
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
    from planrunner.app.revisions import run_git

    folder, name = file.parent, f":(literal){file.name}"
    try:
        changed = run_git(folder, "status", "--porcelain", "--", name)
        if changed.returncode != 0:
            return
        written = run_git(folder, "log", "-1", _FORMAT, "--", name)
        yield _line(written.stdout)
        yield from _of_lines(folder, file.name)
        if changed.stdout.strip():
            yield _line(run_git(folder, "config", "user.email").stdout)
    except WrongUse:  # no git
        return


def _of_lines(folder: Path, name: str) -> Iterator[str]:
    """By the commits of its lines, for blame itself would believe a `.mailmap`."""
    from planrunner.app.revisions import run_git

    found = _COMMIT.findall(run_git(folder, *_BLAME, "--", f"./{name}").stdout)
    commits = [one for one in dict.fromkeys(one.decode("ascii") for one in found) if one.strip("0")]  # not committed: all 0
    for at in range(0, len(commits), _AT_ONCE):
        written = run_git(folder, "log", "--no-walk", _FORMAT, *commits[at : at + _AT_ONCE])
        yield from map(_line, written.stdout.splitlines())


def _line(said: bytes) -> str:
    return os.fsdecode(said).partition("\n")[0].strip()
