"""The site file beside the plans: found, read, or stood in for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from planrunner import resources
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import WrongUse
from planrunner.plan import pipeline
from planrunner.plan.site_file import default_site

SITE_FILE = "planrunner.yaml"
_LARGEST_BESIDE = 16 << 20  # bytes: more than any table that is read


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSite:
    """What every plan of a folder must stay within. `checked` is None where there is no site file."""

    site: Site | None
    checked: pipeline.CheckedSite | None = None


def find_site(folder: Path, named: Path | None = None) -> FoundSite:
    """The site file of a folder, or the one named. Raises WrongUse where it can't be read."""
    path = named or folder / SITE_FILE
    if named is None and not path.exists() and not path.is_symlink():  # a link to nowhere is no licence to go without limits
        return FoundSite(site=default_site(profiles()))
    checked = pipeline.read_site(str(path), read_file, schema=resources.schema("site"), profiles=profiles())
    return FoundSite(site=checked.site, checked=checked)


class FilesOf:
    """The files of one plan: itself, the file of inputs that was named beside it, and what it names in its own folder or below.

    A plan from anyone can be checked: it reads nothing else, not through a link either. Every file is read once, so that what was
    checked is what runs.
    """

    def __init__(self, plan: Path, inputs: str | None = None, *, data: bytes | None = None) -> None:
        """`data` are the plan's bytes where they are no file's; `plan` is then its name only."""
        self._plan = plan
        self._inputs = inputs
        self._read: dict[str, bytes] = {} if data is None else {str(plan): data}

    def __call__(self, name: str) -> bytes:
        """Raises WrongUse with the reason in words."""
        if name not in self._read:
            self._read[name] = read_file(name) if name in (str(self._plan), self._inputs) else self._beside(name)
        return self._read[name]

    def _beside(self, name: str) -> bytes:
        try:
            path = Path(name).resolve()
            is_below = path.is_relative_to(self._plan.parent.resolve())
            size = path.stat().st_size if is_below and path.is_file() else 0
        except (OSError, RuntimeError, ValueError) as error:  # a ring of links, a name that none can have
            raise WrongUse(f"{name} can't be read") from error
        if not is_below:
            raise WrongUse(f"{name} leads out of the plan's folder; plans read no files there")
        if path.exists() and not path.is_file() and not path.is_dir():
            raise WrongUse(f"{name} is no ordinary file")
        if size > _LARGEST_BESIDE:
            raise WrongUse(f"{name} is {size / 1048576:.0f} MiB; planrunner reads files of at most {_LARGEST_BESIDE >> 20} MiB")
        return read_file(name)


def read_file(name: str | Path) -> bytes:
    """Raises WrongUse with the reason in words."""
    try:
        return (name if isinstance(name, Path) else Path(name)).read_bytes()
    except FileNotFoundError as error:
        raise WrongUse(f"{name}: there is no such file") from error
    except IsADirectoryError as error:
        raise WrongUse(f"{name} is a folder, not a file") from error
    except PermissionError as error:
        raise WrongUse(f"{name} can't be read: you have no permission") from error
    except OSError as error:
        raise WrongUse(f"{name} can't be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise WrongUse("a file's name holds a character that none can hold") from error
