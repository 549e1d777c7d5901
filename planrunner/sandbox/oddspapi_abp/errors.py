"""Answers that say no, in the shapes of the sheet's section 12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planrunner.sandbox.oddspapi_abp.wire import Json


class Wrong(Exception):
    """Ends a request with this answer."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


def detail(status: int, text: str) -> Wrong:
    return Wrong(status, {"detail": text})


def unprocessable(problems: Sequence[Json]) -> Wrong:
    return Wrong(422, {"detail": list(problems)})


def all_seen(seen: Sequence[str], working: Sequence[str]) -> Wrong:
    done = [uuid for uuid in seen if uuid not in working]
    body = {"error": "All orders are duplicates", "duplicateUuids": done, "inProgressUuids": list(working)}
    return Wrong(409, {"detail": body})


def not_live() -> Wrong:
    return detail(501, "Futures are not supported yet")
