"""A git repository of a test, which knows nothing of whoever's settings are on the machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_WHO = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org", "GIT_AUTHOR_DATE": "2026-12-05T11:00:00Z",
    "GIT_COMMITTER_DATE": "2026-12-05T11:00:00Z",
}  # fmt: skip


class Repo:
    """`root` is made, with a branch `main` and nothing in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.root, env={**os.environ, **_WHO}, input=given, capture_output=True, text=True, check=True
        )
        return done.stdout

    def write(self, files: Mapping[str, bytes]) -> None:
        for name, data in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def commit(self, files: Mapping[str, bytes], message: str = "a change") -> None:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    @contextmanager
    def environment(self, **names: str) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(names)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextmanager
    def on_path(self, folder: Path, *, alone: bool = False) -> Iterator[None]:
        """A folder where programs are looked for first, or `alone`."""
        rest = "" if alone else f":{os.environ['PATH']}"
        with self.environment(PATH=f"{folder}{rest}"):
            yield
