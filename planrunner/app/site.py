"""The site file beside the plans: found, read, or stood in for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO

from planrunner import resources
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.model.shown import harmless
from planrunner.plan import pipeline
from planrunner.plan.site_file import default_site

SITE_FILE = "planrunner.yaml"
LARGEST = 16 << 20  # bytes: more than any plan or table that is read
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSite:
    """What every plan of a folder must stay within. `checked` is None where there is no site file."""

    site: Site | None
    checked: pipeline.CheckedSite | None = None


def find_site(folder: Path, named: Path | None = None) -> FoundSite:
    """The site file of a folder, or the one named. Raises WrongUse where it can't be read."""
    path = named or folder / SITE_FILE
    is_there = named is not None or path.exists() or path.is_symlink()  # a link to nowhere is no licence to go without limits
    return site_in(str(path), partial(read_file, is_ordinary=named is None), is_there=is_there)


def site_in(name: str, read: Callable[[str], bytes], *, is_there: bool) -> FoundSite:
    """The same of a file from wherever `read` has it."""
    if not is_there:
        return FoundSite(site=default_site(profiles()))
    checked = pipeline.read_site(name, read, schema=resources.schema("site"), profiles=profiles())
    return FoundSite(site=checked.site, checked=checked)


def beside(plan: str) -> str:
    """Where the site file of a plan is."""
    return str(PurePath(plan).parent / SITE_FILE)


class FilesOf:
    """The files of one plan: itself, the file of inputs that was named beside it, and what it names in its own folder or below.

    A plan from anyone can be checked: it reads nothing else, not through a link either. Every file is read once, so that what was
    checked is what runs.
    """

    def __init__(self, plan: Path, inputs: str | None = None) -> None:
        self._plan = plan
        self._inputs = inputs
        self._read: dict[str, bytes] = {}

    def __call__(self, name: str) -> bytes:
        """Raises WrongUse with the reason in words."""
        if name not in self._read:
            self._read[name] = read_file(name) if name in (str(self._plan), self._inputs) else self._beside(name)
        return self._read[name]

    def _beside(self, name: str) -> bytes:
        try:
            path, folder = Path(name).resolve(), self._plan.parent.resolve()
            is_below = path.is_relative_to(folder)
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links, a name that none can have
            raise WrongUse(f"{_shown(name)} can't be read") from error
        if not is_below:
            raise WrongUse(f"{_shown(name)} leads out of the plan's folder; plans read no files there")
        if any(part.startswith(".") for part in path.relative_to(folder).parts) or path.suffix == ".credentials":
            raise WrongUse(f"{_shown(name)} is hidden, or holds credentials; plans read no such files")
        return read_file(name, is_ordinary=True)


def read_file(name: str | Path, *, is_ordinary: bool = False) -> bytes:
    """All of a file. `is_ordinary` refuses pipes and devices: for what nobody named, which must not keep anybody waiting.

    Raises WrongUse with the reason in words.
    """
    with words_for(name):
        path = Path(name)
        if is_ordinary and path.exists() and not path.is_file() and not path.is_dir():
            raise WrongUse(f"{_shown(name)} is no ordinary file")
        with path.open("rb") as file:
            content = read_to_bound(file)
            if len(content) > LARGEST:
                size = max(len(content), path.stat().st_size) / 1048576
                raise WrongUse(f"{_shown(name)} is {size:.0f} MiB or more; planrunner reads files of at most {LARGEST >> 20} MiB")
            return content


def read_to_bound(file: BinaryIO) -> bytes:
    """What is in it, and a little more than LARGEST where it has no end: a device has no size, and a file may grow."""
    pieces, left = [], LARGEST + 1
    while left > 0 and (piece := file.read(min(left, _PIECE))):  # asked for at once, a small file would cost a large buffer
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


@contextmanager
def words_for(name: str | Path) -> Iterator[None]:
    """Around opening or reading a file: raises WrongUse with the reason in words."""
    shown = _shown(name)
    try:
        yield
    except FileNotFoundError as error:
        raise WrongUse(f"{shown}: there is no such file") from error
    except IsADirectoryError as error:
        raise WrongUse(f"{shown} is a folder, not a file") from error
    except PermissionError as error:
        raise WrongUse(f"{shown} can't be read: you have no permission") from error
    except OSError as error:
        raise WrongUse(f"{shown} can't be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise WrongUse("a file's name holds a character that none can hold") from error


def _shown(name: str | Path) -> str:
    """A file's name may hold a line's end, and then tells something that nobody said."""
    return harmless(str(name))
