"""JUnit's XML, which every build server shows: a plan is a test, and its problems are why it fails."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from planrunner.model.shown import harmless, harmless_lines, inert
from planrunner.plan.problems import render_all
from planrunner.review.formats.found import Findings, Looked, in_repository, plural


def told(findings: Findings) -> str:
    failures, errors = sum(bool(one.problems) for one in findings.looked), len(findings.trouble)
    counts = f'tests="{len(findings.looked) + errors}" failures="{failures}" errors="{errors}"'
    cases = [*map(_case, findings.looked), *map(_error, findings.trouble)]
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<testsuites name="planrunner" {counts}>',
            f'  <testsuite name="planrunner" {counts} skipped="0">',
            *cases,
            "  </testsuite>",
            "</testsuites>\n",
        )
    )


def _case(looked: Looked) -> str:
    file = _attribute(in_repository(looked.file))
    head = f'    <testcase classname="planrunner" name={file} file={file}'
    if not looked.problems:
        return f"{head} />"
    first = looked.problems[0]
    message = _attribute(f"{plural(len(looked.problems), 'problem')}; the first: {first.message}")
    text = escape(inert(harmless_lines(render_all(looked.file, looked.problems, looked.texts))))
    return f'{head}>\n      <failure type="{first.code}" message={message}>{text}</failure>\n    </testcase>'


def _error(text: str) -> str:
    """A file that can't be read is no plan with problems."""
    told = _attribute(text)
    return f'    <testcase classname="planrunner" name={told}>\n      <error message={told} />\n    </testcase>'


def _attribute(text: str) -> str:
    return quoteattr(harmless(text))
