"""Telling a run: from its journal to the terminal and to files, when it ends and at any time after."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode, Record, RunInfo
from planrunner.model.market import RunId

if TYPE_CHECKING:
    from planrunner.report.story import Story

STATE = ".planrunner"  # the folder of the journals, beside the plans
# Rehearsals are kept apart: they are written without waiting for the disk, and their money is not real.
JOURNALS = {Mode.REHEARSAL: "rehearsals.db", Mode.SANDBOX: "planrunner.db", Mode.LIVE: "planrunner.db"}

Line: TypeAlias = Sequence[tuple[str, str]]


class ReportNotWritten(WrongUse):
    """The run itself is safe in the journal; only its report could not be put into a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where a report was put."""

    json: Path
    html: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A run as the journal has it."""

    info: RunInfo
    records: Collection[Record]


def find_run(state: Path, wanted: str | None) -> Kept:
    """A run by its id or the beginning of it, the latest run of a plan file, or the latest of all.

    Rehearsals have a journal of their own; both are looked through. Raises WrongUse where there is no such run, JournalTrouble
    where a journal can't be read.
    """
    from planrunner.runtime.journal import Journal
    from planrunner.runtime.pruning import pruned_runs

    known: list[tuple[RunInfo, Path]] = []
    gone: dict[RunId, datetime] = {}
    for name in dict.fromkeys(JOURNALS.values()):
        path = state / name
        if path.is_file():
            with Journal.open(path, durable=True) as journal:
                known += [(info, path) for info in journal.runs()]
                gone |= pruned_runs(journal)
    if wanted is not None and (since := gone.get(RunId(wanted))) is not None:
        raise WrongUse(f"the run {wanted} was pruned on {since:%Y-%m-%d}; `planrunner pnl --by run` says what it brought")
    info, path = _choose(sorted(known, key=lambda one: (one[0].created, one[0].run)), wanted, state)
    with Journal.open(path, durable=True) as journal:
        return Kept(info=info, records=journal.told(info.run))


def _choose(known: Sequence[tuple[RunInfo, Path]], wanted: str | None, state: Path) -> tuple[RunInfo, Path]:
    if not known:
        raise WrongUse(f"no run is written down in {state}; run a plan first, or name the folder of its journal with --state")
    if wanted is None:
        return known[-1]
    found = [one for one in known if one[0].run == wanted] or [one for one in known if one[0].run.startswith(wanted)]
    if not found and (of_plan := [one for one in known if Path(one[0].plan_file).name == Path(wanted).name]):
        found = of_plan[-1:]
    if len(found) > 1:
        ids = ", ".join(info.run for info, _ in found[:5])
        raise WrongUse(f"{len(found)} runs begin with {wanted}: {ids}; write more of the one you mean")
    if not found:
        raise WrongUse(f"there is no run {wanted} in {state}; the latest is {known[-1][0].run}")
    return found[0]


def directory_of(state: Path, run: RunId) -> Path:
    """`runs/<run>` beside the state folder."""
    return state.absolute().parent / "runs" / run


def story_of(info: RunInfo, records: Collection[Record]) -> Story:
    """What a run has to tell; every form of the report is made of it."""
    from planrunner.report.project import tell

    return tell(info, records)


def write_report(story: Story, directory: Path) -> Paths:
    """`report.json` and `report.html`, each there in full or not at all. Raises ReportNotWritten, JournalTrouble."""
    paths = Paths(json=directory / "report.json", html=directory / "report.html")
    write_whole(paths.json, as_json(story))
    write_whole(paths.html, as_html(story))
    return paths


def as_json(story: Story) -> Iterator[str]:
    """The report's JSON document, in pieces: the whole of it may be larger than the memory. Raises JournalTrouble."""
    from planrunner.report import to_json

    return to_json.in_pieces(story)


def as_html(story: Story) -> Iterator[str]:
    """The report's page, in pieces. Raises JournalTrouble."""
    from planrunner.report import html

    return html.in_pieces(story)


def summary(story: Story) -> list[Line]:
    """Lines for a terminal: spans of text with a style (`plain strong dim good warn bad`)."""
    from planrunner.report import text

    return [[(span, style.value) for span, style in line] for line in text.lines(story)]


def write_whole(path: Path, pieces: Iterable[str]) -> None:
    """Written beside and renamed, so that nobody ever reads half a report. Raises ReportNotWritten, and whatever making the
    pieces does."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        Path(name).chmod(0o666 & ~_withheld())
        Path(name).replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        Path(name).unlink(missing_ok=True)  # it is there no more if it took its place


def write_asked(path: Path, text: str) -> None:
    """A file that somebody named, in full or not at all. Raises WrongUse."""
    try:
        write_whole(path, [text])
    except ReportNotWritten as error:
        raise WrongUse(f"{path} can't be written: {error.__cause__}") from error


def _withheld() -> int:
    """The rights that whoever runs planrunner withholds from new files. They can only be asked for by setting them: for that
    moment to what withholds most."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _not_written(path: Path, error: OSError) -> ReportNotWritten:
    return ReportNotWritten(
        f"the report {path} can't be written: {error.strerror or error}; nothing is lost: the run is in the journal, "
        "make room and tell it again with `planrunner report`"
    )
