"""For GitHub: workflow commands, which it shows beside the lines of a pull request.

It shows ten errors and ten warnings of a step, and fifty of a job; what is beyond that it drops without a word. So the first ten
are those on lines that were changed, and one warning says how many more there are and where.
"""

from __future__ import annotations

from planrunner.model.shown import harmless, harmless_lines
from planrunner.review.formats.found import Findings, Place, places, plural

MOST = 10  # errors of a step that GitHub shows
WIDEST = 4_000  # characters of one message; it is read beside a line


def told(findings: Findings) -> str:
    trouble = [_command("error", {"title": "a file can't be read"}, text) for text in findings.trouble]
    found = places(findings)
    errors = [*trouble[:MOST], *(_error(one) for one in found)][:MOST]
    left = len(trouble) + len(found) - len(errors)
    if left:
        errors.append(_command("warning", {"title": f"{left} more"}, _more(left, found)))
    return "".join(f"{line}\n" for line in errors)


def _error(place: Place) -> str:
    problem = place.problem
    where = {
        "file": place.file,
        "line": str(problem.line),
        "col": str(problem.column),
        "endColumn": str(problem.column + problem.span),
        "title": place.title,
    }
    return _command("error", where, place.text)


def _more(left: int, found: list[Place]) -> str:
    files = len({one.file for one in found})
    return (
        f"GitHub shows {MOST} problems of a step. There {'is' if left == 1 else 'are'} {left} more, "
        f"{plural(len(found), 'problem')} in {plural(files, 'file')}: `planrunner check` tells them all, and so "
        "does the summary of this job."
    )


def _command(kind: str, where: dict[str, str], text: str) -> str:
    properties = ",".join(f"{name}={_property(harmless(value))}" for name, value in where.items())
    shown = harmless_lines(text)
    return f"::{kind} {properties}::{_data(shown if len(shown) <= WIDEST else shown[: WIDEST - 3] + '...')}"


def _data(text: str) -> str:
    """As GitHub's own toolkit escapes: what it reads back is the same text."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
