"""SARIF 2.1.0, which code scanning reads (GitHub, GitLab, Azure DevOps, editors).

A result is known again by its file, its code and the text of its line, so that lines that come and go above it make no new one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from planrunner import __version__
from planrunner.model.shown import escaped, harmless
from planrunner.plan.catalogue import ENTRIES
from planrunner.plan.problems import CODES
from planrunner.review.codes import code_text
from planrunner.review.formats.found import Findings, Place, numbered, places, plural

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST = 5_000  # GitHub shows so many results of a run
_WIDTH = 100


def told(findings: Findings) -> str:
    found = places(findings)
    shown = found[:MOST]
    codes = sorted({one.problem.code for one in shown})
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {"name": "planrunner", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(findings, len(found) - len(shown))],
                "results": [_result(one, words, codes.index(one.problem.code)) for one, words in numbered(shown)],
            }
        ],
    }
    return escaped(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def _rule(code: str) -> dict[str, Any]:
    title, entry = CODES.get(code, "a problem"), ENTRIES.get(code)
    rule: dict[str, Any] = {
        "id": code,
        "shortDescription": {"text": f"{title[:1].upper()}{title[1:]}."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["planrunner", _KINDS.get(code[:3], "plan")], "problem.severity": "error"},
    }
    if entry is not None:
        help_text = code_text(entry, width=_WIDTH)
        examples = "".join(
            f"\n{name} ({entry.laid.value}):\n\n```yaml\n{text.rstrip()}\n```\n"
            for name, text in (("Wrong", entry.wrong), ("Right", entry.right))
        )
        rule["fullDescription"] = {"text": harmless(entry.why)}
        rule["help"] = {"text": help_text, "markdown": f"{entry.why}\n{examples}"}
    return rule


_KINDS = {"PR1": "text", "PR2": "shape", "PR3": "meaning", "PR4": "venue", "PR5": "policy"}


def _result(place: Place, words: str, rule: int) -> dict[str, Any]:
    problem = place.problem
    region: dict[str, Any] = {
        "startLine": max(1, problem.line),
        "startColumn": max(1, problem.column),
        "endColumn": max(1, problem.column) + max(1, problem.span),
    }
    if place.line_text:
        region["snippet"] = {"text": harmless(place.line_text)}
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": "error",
        "message": {"text": _without_links(place.text)},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(place.file), "region": region}}],
        "partialFingerprints": {"planrunnerProblem/v1": hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]},
    }


def _without_links(text: str) -> str:
    """`[a name](https://...)` in a message is a link by the standard; a plan's author makes none."""
    return text.replace("](", "] (")


def _artifact(file: str) -> dict[str, str]:
    """Relative to the root of the repository, wherever that is."""
    if file.startswith("/"):
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(file), "uriBaseId": "%SRCROOT%"}


def _invocation(findings: Findings, left: int) -> dict[str, Any]:
    notes = [{"level": "error", "message": {"text": _without_links(harmless(text))}} for text in findings.trouble]
    if left:
        text = (
            f"{plural(left, 'problem')} more {'is' if left == 1 else 'are'} not in this file; `planrunner check` tells them all"
        )
        notes.append({"level": "warning", "message": {"text": text}})
    found: dict[str, Any] = {"executionSuccessful": not findings.trouble}
    return found | ({"toolExecutionNotifications": notes} if notes else {})
