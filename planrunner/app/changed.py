"""What changed in a git repository: which files, and which of their lines. Git is asked as for revisions: without its network,
and without the programs that a repository may name for showing differences."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from planrunner.app.revisions import FETCH, Repository, Revision, run_git
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless

_HUNK = re.compile(rb"^@@ -[0-9,]+ \+([0-9]+)(?:,([0-9]+))? @@", re.MULTILINE)
_DIFF = ("-c", "core.quotePath=false", "-c", "diff.noprefix=false", "diff", "--no-ext-diff", "--no-textconv", "--no-color", "-M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file that is not as it was: `old` None where it is new, `new` None where it is gone; two names where it was renamed."""

    old: str | None
    new: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one for one in (self.old, self.new) if one is not None)


def merge_base(repository: Repository, base: Revision, head: Revision) -> Revision:
    """Where both parted. Raises WrongUse where that is not known here."""
    done = run_git(repository.root, "merge-base", base.commit, head.commit)
    if done.returncode:
        both = f"`{harmless(base.named)}` and `{harmless(head.named)}`"
        raise WrongUse(f"what {both} have in common is not known here. If only a part of the history is here, {FETCH}")
    return repository.at(done.stdout.decode("ascii").split("\n")[0])


def changes(repository: Repository, base: Revision, head: Revision | None) -> list[Change]:
    """From one revision to another, or to the files as they are here, those that git does not know yet among them."""
    words = iter(_split(_ask(repository, *_DIFF, "--name-status", "-z", base.commit, *([head.commit] if head else []), "--")))
    found = []
    for status in words:
        first = next(words)
        match status[0]:
            case "R":
                found.append(Change(old=first, new=next(words)))
            case "C":
                found.append(Change(old=None, new=next(words)))
            case "A":
                found.append(Change(old=None, new=first))
            case "D":
                found.append(Change(old=first, new=None))
            case _:
                found.append(Change(old=first, new=first))
    return found if head else [*found, *(Change(old=None, new=name) for name in _untracked(repository))]


def files_here(repository: Repository) -> list[str]:
    """Every file that is here and is not ignored."""
    return [*dict.fromkeys(_split(_ask(repository, "ls-files", "-z"))), *_untracked(repository)]


def lines(repository: Repository, change: Change, base: Revision, head: Revision | None) -> frozenset[int] | None:
    """The lines of a file that a change wrote; None: all of them."""
    if change.old is None or change.new is None:
        return None
    ends = (f"{base.commit}:{change.old}", f"{head.commit}:{change.new}") if head else (base.commit, "--", *change.names)
    hunks = [(int(first), int(count or 1)) for first, count in _HUNK.findall(_ask(repository, *_DIFF, "-U0", *ends))]
    return frozenset(line for first, count in hunks for line in range(first, first + count))


def _untracked(repository: Repository) -> list[str]:
    return _split(_ask(repository, "ls-files", "-z", "--others", "--exclude-standard"))


def _ask(repository: Repository, *words: str) -> bytes:
    done = run_git(repository.root, "--literal-pathspecs", *words)
    if done.returncode:
        raise WrongUse(f"git could not tell what changed: {harmless(done.stderr.decode('utf-8', 'replace').strip())}")
    return done.stdout


def _split(told: bytes) -> list[str]:
    return [os.fsdecode(one) for one in told.split(b"\0") if one]
