"""Code Climate's JSON, as GitLab reads it for the widget of a merge request."""

from __future__ import annotations

import hashlib
import json

from planrunner.model.shown import escaped, harmless
from planrunner.review.formats.found import Findings, Place, numbered, places


def told(findings: Findings) -> str:
    issues = [_issue(place, words) for place, words in numbered(places(findings))]
    return escaped(json.dumps(issues, indent=2, ensure_ascii=False)) + "\n"


def _issue(place: Place, words: str) -> dict[str, object]:
    hints = f" ({'; '.join(' '.join(one.split()) for one in place.hints)})" if place.hints else ""
    return {
        "type": "issue",
        "check_name": place.problem.code,
        "description": f"{place.message}{harmless(hints)}",
        "categories": ["Bug Risk"],
        "severity": "major",
        "fingerprint": hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32],
        "location": {"path": place.file, "lines": {"begin": max(1, place.problem.line)}},
    }
