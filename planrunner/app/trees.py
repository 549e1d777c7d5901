"""Where the files of plans come from. A tree has them by names of its own: as they are in a folder here, in the repository around
it (`worktree`), or at a revision of that (`revisions`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from planrunner.app.site import FilesOf, read_file
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless


class Tree(Protocol):
    """What can't be read raises WrongUse. A file of inputs is named as somebody typed it, from where planrunner was called."""

    def has(self, name: str) -> bool: ...

    def read(self, name: str) -> bytes:
        """A file by itself."""

    def reader(self, plan: str, inputs: str | None) -> Callable[[str], bytes]:
        """What a plan may read beside its own file."""

    def called(self, name: str) -> str:
        """What a file is called where it is told."""


class Here:
    """The files as they are, by their names from a folder, or from where planrunner was called. `named`: a file that somebody
    named by itself: it may be a pipe, and where it is not there that is wrong use."""

    def __init__(self, folder: Path | None = None, *, named: str | None = None) -> None:
        self._prefix = f"{folder}/" if folder is not None else ""
        self._named = named

    def has(self, name: str) -> bool:
        path = self._path(name)
        return name == self._named or path.exists() or path.is_symlink()  # a link to nowhere is no licence to go without limits

    def read(self, name: str) -> bytes:
        return self._by_name(lambda full: read_file(full, is_ordinary=name != self._named), f"{self._prefix}{name}")

    def reader(self, plan: str, inputs: str | None) -> Callable[[str], bytes]:
        files = FilesOf(self._path(plan), inputs)
        return lambda name: self._by_name(files, name if name == inputs else f"{self._prefix}{name}")

    def called(self, name: str) -> str:
        return name

    def _path(self, name: str) -> Path:
        return Path(f"{self._prefix}{name}")

    def _by_name(self, read: Callable[[str], bytes], full: str) -> bytes:
        """Where the folder lies is no part of what is told of its files."""
        try:
            return read(full)
        except WrongUse as error:
            if not self._prefix:
                raise
            raise WrongUse(str(error).replace(harmless(self._prefix), "")) from error
