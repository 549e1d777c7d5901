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
