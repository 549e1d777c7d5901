"""A page: what each touched plan will do, as in a preview, with what changed of it; and above them what was found."""

from __future__ import annotations

from collections.abc import Iterator

from planrunner.review.formats.found import Findings, Place, alike, headline, named, places, plural, what
from planrunner.review.page import as_html

MOST = 200  # problems told on the page


def told(findings: Findings) -> str:
    shown = [(one, one.preview) for one in findings.touched or () if one.preview is not None]
    return as_html(
        [preview for _, preview in shown],
        changes={one.file: (*one.changes, *one.notes) for one, _ in shown if one.changes or one.notes},
        notes=tuple(_notes(findings)),
        problems=tuple(_problems(findings)),
        uncounted=sum(one.has_problems for one in findings.touched or ()),
    )


def _problems(findings: Findings) -> Iterator[str]:
    yield from findings.trouble
    found = places(findings)
    yield from (_problem(one) for one in found[:MOST])
    if len(found) > MOST:
        yield f"{plural(len(found) - MOST, 'problem')} more; `planrunner check` tells them all"


def _problem(place: Place) -> str:
    hints = f" ({'; '.join(' '.join(one.split()) for one in place.hints)})" if place.hints else ""
    return f"{place.file}:{place.problem.line}:{place.problem.column}: {place.problem.code}: {place.message}{hints}"


def _notes(findings: Findings) -> Iterator[str]:
    """Every plan that is touched, those too that are not told below."""
    yield f"{headline(findings)}."
    if findings.compared:
        yield findings.compared
    for some in alike(findings.touched or ()):
        one = some[0]
        loss = one.loss_after if one.loss_before == one.loss_after else f"{one.loss_before} -> {one.loss_after}"
        yield f"{named(some)}: {what(one)}{f'; worst loss {loss}' if len(some) == 1 else ''}"
