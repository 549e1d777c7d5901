"""Files as they are named on a command line: plans, folders of plans, and `-` for what is piped in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from planrunner.model.shown import harmless

STDIN = "-"
_SUFFIXES = (".yaml", ".yml")


def files(named: Sequence[str], unreadable: list[str]) -> Iterator[tuple[str, bool]]:
    """Every file once, in the order named; and whether it was found in a folder. Why one can't be read joins `unreadable`."""
    seen: set[str] = set()
    for name in named:
        is_folder = name != STDIN and Path(name).is_dir()
        for one in _inside(name, unreadable) if is_folder else [name]:
            if one not in seen:
                seen.add(one)
                yield one, is_folder


def _inside(folder: str, unreadable: list[str]) -> list[str]:
    """The YAML files right in a folder; hidden ones are other programs'."""
    try:
        paths = sorted(Path(folder).iterdir())
    except OSError as error:
        unreadable.append(f"the folder {harmless(folder)} can't be read: {error.strerror or error}")
        return []
    plans = [path for path in paths if path.suffix in _SUFFIXES and not path.name.startswith(".") and path.is_file()]
    home = Path(folder).resolve()
    outside = [path for path in plans if path.is_symlink() and not path.resolve().is_relative_to(home)]
    unreadable += [f"{harmless(str(path))} is a link out of the folder; name it by itself if you mean it" for path in outside]
    return [str(path) for path in plans if path not in outside]
