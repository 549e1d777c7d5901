"""Who wrote a plan, as far as its repository tells: of each of its files whoever committed its present text, and whoever works
here where that is not committed yet."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from planrunner.model.account import Site
from planrunner.model.errors import WrongUse

_FORMAT = "--format=%ae"


def authors_of(files: Iterable[Path], site: Site) -> tuple[str, ...]:
    """By their names among the approvers, else by the addresses of their commits; none outside of a repository."""
    found = {named(email, site) for file in files for email in _authors(file)}
    return tuple(sorted(found - {""}))


def named(author: str, site: Site) -> str:
    """An approver's name where it is theirs."""
    for one in site.approvers.values():
        if author == one.name or author.casefold() == one.email.casefold():
            return one.name
    return author


def _authors(file: Path) -> Iterator[str]:
    from planrunner.app.revisions import run_git

    folder, name = file.absolute().parent, f":(literal){file.name}"
    try:
        changed = run_git(folder, "status", "--porcelain", "--", name)
        if changed.returncode != 0:
            return
        written = run_git(folder, "log", "-1", _FORMAT, "--", name)
        yield _line(written.stdout)
        if changed.stdout.strip():
            yield _line(run_git(folder, "config", "user.email").stdout)
    except WrongUse:  # no git
        return


def _line(said: bytes) -> str:
    return os.fsdecode(said).partition("\n")[0].strip()
