"""A run as JSON lines, the journal's form for keeping and for reading elsewhere: `journal.jsonl`.

The first line says what the run is, each further line is one record with its digest. Bodies stand in the lines as JSON, so
that people and tools can read them; the digests are over exactly the same text as in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from planrunner.model.errors import JournalTrouble
from planrunner.model.journal import Record, RunInfo, RunState
from planrunner.runtime.codec import decode, decode_info, encode_info
from planrunner.runtime.sheet import Row, first_digest, next_digest

FORMAT = 1
_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)  # what a line of another shape leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    seq: int
    epoch: int
    at: str
    kind: str
    version: int
    body: str
    request: str | None


def to_lines(info: RunInfo, rows: Iterable[Row]) -> Iterator[str]:
    """Each with its line break."""
    yield f'{{"planrunner_journal":{FORMAT},"run":{encode_info(info)}}}\n'
    digest = _begin(info)
    for row in rows:
        digest = next_digest(digest, row)
        head = f'"seq":{row.seq},"epoch":{row.epoch},"at":"{row.at}","kind":"{row.kind}","version":{row.version}'
        yield f'{{{head},"body":{row.body},"request":{row.request or "null"},"digest":"{digest}"}}\n'


def from_lines(lines: Iterable[str]) -> tuple[RunInfo, list[Record]]:
    """The run that was exported. Raises JournalTrouble where a line is damaged or does not follow from the one before."""
    reader = iter(lines)
    try:
        head = json.loads(next(reader, ""))
        if head["planrunner_journal"] > FORMAT:
            raise JournalTrouble("these lines were written by a newer planrunner; update planrunner to read them")
        info = decode_info(_compact(head["run"]))
    except _DAMAGED as error:
        raise JournalTrouble("these lines are no journal: the first one doesn't say what the run is") from error
    digest, records = _begin(info), []
    for number, text in enumerate(reader, start=1):
        try:
            line, written = _line(text)
        except _DAMAGED as error:
            raise JournalTrouble(f"record {number} of run {info.run} can't be read ({error})") from error
        digest = next_digest(digest, line)
        if line.seq != number or written != digest:
            raise JournalTrouble(f"record {number} of run {info.run} was changed or is damaged: it does not fit the one before")
        body = decode(line.kind, line.body, line.version)
        records.append(Record(seq=line.seq, epoch=line.epoch, at=datetime.fromisoformat(line.at), body=body))
    return info, records


def _begin(info: RunInfo) -> str:
    return first_digest(replace(info, state=RunState.RUNNING))


def _line(text: str) -> tuple[_Line, str]:
    fields = json.loads(text)
    digest = fields.pop("digest")
    request = fields.pop("request")
    body = _compact(fields.pop("body"))
    return _Line(**fields, body=body, request=None if request is None else _compact(request)), digest


# As the codec writes: the same value gives the same bytes, whoever put spaces between them since.
_compact = json.JSONEncoder(separators=(",", ":")).encode
