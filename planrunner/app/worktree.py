"""The files of a git repository as they are here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from planrunner.app.changed import files_here
from planrunner.app.revisions import Repository
from planrunner.app.touched import followed
from planrunner.app.trees import Here
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless


class Worktree(Here):
    """A plan reads those beside it and below. A link may lead to a file of the repository that is not hidden: `.git/config` may
    hold a token, and what a plan holds is shown."""

    def __init__(self, repository: Repository) -> None:
        super().__init__(repository.root)
        self._repository = repository
        self._targets: dict[str, str | None] = {}

    def names(self) -> Sequence[str]:
        return files_here(self._repository)

    def read(self, name: str) -> bytes:
        self._refuse_leading_out(name)
        return super().read(name)

    def links(self, name: str) -> Iterable[str]:
        """What a file is called on the way to its end, where links lead there."""
        return followed(name, self._target)

    def _target(self, name: str) -> str | None:
        if name not in self._targets:
            try:
                self._targets[name] = os.readlink(self._path(name))  # noqa: PTH115 - as it is written
            except (OSError, ValueError):
                self._targets[name] = None
        return self._targets[name]

    def _refuse_leading_out(self, name: str) -> None:
        try:
            path, root = self._path(name).resolve(), self._repository.root.resolve()
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links
            raise WrongUse(f"{harmless(name)} can't be read") from error
        if path == root / name:
            return
        if not path.is_relative_to(root):
            raise WrongUse(f"{harmless(name)} is a link out of the repository")
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            raise WrongUse(f"{harmless(name)} is a link to a hidden file")
