"""Worlds on disk: scenario files and recorded markets, for rehearsals and for the served sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from planrunner import resources
from planrunner.app.site import read_file, words_for
from planrunner.matching.recorded import read_catalogue, read_lines
from planrunner.model.errors import WrongUse
from planrunner.sandbox.cases import CASES
from planrunner.sandbox.log import VenueLog
from planrunner.sandbox.practice import Rehearsal
from planrunner.sandbox.recording import BEFORE_START, world_from_recording
from planrunner.sandbox.scenario import Scenario
from planrunner.sandbox.scenario_file import read_scenario

GZIP = b"\x1f\x8b"


def load_scenario(path: Path) -> Scenario:
    """Raises WrongUse: the file can't be read or is wrong, with every problem located."""
    return read_scenario(str(path), read_file(str(path)), resources.schema("scenario"))


def load_recording(
    path: Path,
    *,
    seed: int,
    case: str,
    log: VenueLog | None = None,
    begin: datetime | None = None,
    before_start: timedelta = BEFORE_START,
) -> Rehearsal:
    """A recorded market, from so long before its start; with `begin`, moved to that time. Raises WrongUse.

    A catalogue saved beside it (`1.200806927.catalogue.json` for `1.200806927.gz`) gives its runners their names.
    """
    if not CASES[case].on_recordings:
        playable = ", ".join(name for name, one in CASES.items() if one.on_recordings)
        raise WrongUse(f"--case {case} needs other punters who do as they are told; a recorded market plays with: {playable}")
    with words_for(path), path.open("rb") as file:
        content = file.read(200)
    if content and not content.lstrip().startswith((GZIP, b"{")):
        raise WrongUse(f"{path} is no recording of a Betfair stream: a JSON message on each line, plain or packed with gzip")

    def lines() -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from read_lines(file)

    catalogue = _catalogue(path.with_name(path.name.removesuffix(".gz") + ".catalogue.json"))
    try:
        rehearsal = world_from_recording(
            lines, catalogue=catalogue, seed=seed, case=case, log=log, begin=begin, before_start=before_start
        )
    except WrongUse as error:
        raise WrongUse(f"{path}: {error}") from error
    if not any(board.terms.result for board in rehearsal.world.boards.values()):
        # Cut off between two lines it is readable, and would look like a market in which nothing more happened.
        raise WrongUse(f"{path} ends before its market is closed: it was cut off, or stopped too early; get the whole recording")
    return rehearsal


def _catalogue(path: Path) -> bytes | None:
    if not path.exists():
        return None
    content = read_file(str(path))
    try:
        read_catalogue(content)
    except WrongUse as error:
        raise WrongUse(
            f"{path} gives the runners of the recording beside it their names, and is no market catalogue of Betfair's; "
            "get it again, or move it away to go without names"
        ) from error
    return content
