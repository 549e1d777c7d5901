"""Plans made tidy where they stand: which files, what would change, and the writing, which loses nothing whatever happens."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planrunner.app.named import STDIN
from planrunner.app.named import files as named_files
from planrunner.app.site import read_file
from planrunner.model.errors import WrongUse
from planrunner.plan.fmt import formatted
from planrunner.plan.problems import Problem, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormatted:
    """One file as it is and as it should be; `after` is None where it can't be read, and `problems` say why."""

    name: str
    before: bytes
    after: bytes | None
    problems: tuple[Problem, ...]
    texts: Texts

    @property
    def shown(self) -> str:
        return "<stdin>" if self.name == STDIN else self.name

    @property
    def changes(self) -> bool:
        return self.after is not None and self.after != self.before


@dataclass(slots=True, kw_only=True)
class Results:
    """`unreadable` says why files could not be read or written."""

    files: list[FileFormatted] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def format_files(named: Sequence[str], *, read_stdin: Callable[[], bytes]) -> Results:
    """What formatting files, folders (planrunner's files right in them) and `-` would give. Nothing is written.

    Raises WrongUse where there was nothing to format.
    """
    results = Results()
    for name, is_from_folder in named_files(named, results.unreadable):
        try:
            data = read_stdin() if name == STDIN else read_file(name)
        except WrongUse as error:
            results.unreadable.append(str(error))
            continue
        if is_from_folder and b"planrunner" not in data:
            continue  # another program's
        after = formatted(data)
        results.files.append(
            FileFormatted(name=name, before=data, after=after.data, problems=after.problems, texts={"": after.lines})
        )
    if not results.files and not results.unreadable:
        raise WrongUse(f"nothing was formatted: {', '.join(named)} holds no plan (a plan's first line is `planrunner: 1`)")
    return results


def write_back(one: FileFormatted) -> None:
    """Written beside and renamed: at every moment the file is either as it was or as it should be, with the mode it had.

    Raises WrongUse with the reason; the file is then as it was.
    """
    assert one.after is not None
    path = Path(one.name).resolve()  # a link stays a link
    if read_file(path) != one.before:
        raise WrongUse(f"{one.name} was changed by another program just now; it is left as it is")
    if not os.access(path, os.W_OK):
        raise WrongUse(f"{one.name} can't be written: you have no permission; it is left as it is")
    try:
        _replace(path, one.after)
    except OSError as error:
        raise WrongUse(f"{one.name} can't be written: {error.strerror or error}; it is left as it is") from error


def diff(one: FileFormatted) -> str:
    """What would change, as `diff -u` tells it."""
    from difflib import unified_diff

    assert one.after is not None
    before, after = (re.findall("[^\n]*\n|[^\n]+", text.decode("utf-8")) for text in (one.before, one.after))
    told = unified_diff(before, after, f"{one.shown} (as it is)", f"{one.shown} (formatted)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told)


def _replace(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(stat.S_IMODE(path.stat().st_mode))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
