"""What went wrong, as `application/problem+json`: a title and a detail in words, as the command line would print them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from planrunner.app.documents import without_secrets
from planrunner.app.lookout import NoSuchRun
from planrunner.model import errors

MEDIA_TYPE = "application/problem+json"
LONGEST = 20_000  # characters of a detail

# What a use case raises, by kind: the status, and what it means. The first that fits counts.
_KINDS: tuple[tuple[type[errors.PlanrunnerError], int, str], ...] = (
    (NoSuchRun, 404, "not found"),
    (errors.PlanProblems, 422, "the plan has problems; nothing was placed"),
    (errors.WrongUse, 400, "this can't be done as it is asked"),
    (errors.Refused, 409, "refused; nothing was placed"),
    (errors.VenueRefused, 502, "the venue refused; nothing was placed"),
    (errors.VenueTrouble, 502, "the venue can't be asked just now; nothing was placed"),
    (errors.NeverSent, 502, "the venue can't be reached just now; nothing was placed"),
    (errors.ReplyUnknown, 502, "the venue's answer was lost"),
    (errors.JournalTrouble, 503, "the journal can't be used just now"),
)


class Problem(Exception):
    """An answer that is no success."""

    def __init__(
        self, status: int, detail: str = "", *, title: str = "", headers: Mapping[str, str] | None = None, more: object = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.title = status, detail, title or HTTPStatus(status).phrase
        self.headers, self.more = dict(headers or {}), more

    def response(self) -> JSONResponse:
        """`more` are the problems of a plan."""
        told: dict[str, object] = {"type": "about:blank", "status": self.status, "title": self.title}
        if self.detail:
            told["detail"] = without_secrets(self.detail[:LONGEST])
        if self.more is not None:
            told["found"] = without_secrets(self.more)
        return JSONResponse(told, self.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: errors.PlanrunnerError) -> Problem:
    """What a use case raised."""
    for kind, status, title in _KINDS:
        if isinstance(error, kind):
            again = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
            return Problem(status, str(error), title=title, headers=again)
    return Problem(500, "this is a fault of planrunner's own; its log says more")


def unauthorised() -> Problem:
    """Whatever was asked for: whether it exists is not said."""
    return Problem(401, "send `Authorization: Bearer TOKEN`", headers={"WWW-Authenticate": 'Bearer realm="planrunner"'})


def busy() -> Problem:
    return Problem(503, "too much is being asked at once; ask again in a second", headers={"Retry-After": "1"})
