"""What a check found, as the formats take it."""

from __future__ import annotations

from planrunner.app.check import FileResult, Results, can_lose
from planrunner.app.documents import check_document
from planrunner.review.formats.found import Findings, Looked


def of_check(results: Results) -> Findings:
    return Findings(
        looked=tuple(looked(one) for one in results.files), trouble=tuple(results.unreadable), document=check_document(results)
    )


def looked(one: FileResult) -> Looked:
    says = "a site file" if one.plan is None else f"can lose at most {can_lose(one.plan)}"
    return Looked(file=one.name, problems=one.problems, texts=one.texts, says="" if one.problems else says)
