"""What a check or a review found, as the formats take it."""

from __future__ import annotations

from planrunner.app.documents import check_document
from planrunner.app.judged import FileResult, Results
from planrunner.model import exposure
from planrunner.plan.problems import MOST_SHOWN, to_json
from planrunner.review import preview
from planrunner.review.formats.found import Findings, Looked, Touched


def of_check(results: Results) -> Findings:
    return Findings(
        looked=tuple(looked(one) for one in results.files), trouble=tuple(results.unreadable), document=check_document(results)
    )


def looked(one: FileResult) -> Looked:
    says = "a site file" if one.plan is None else f"can lose at most {exposure.most(one.plan)}"
    return Looked(file=one.name, problems=one.problems, texts=one.texts, says="" if one.problems else says)


def review_document(found: Findings, base: str) -> dict[str, object]:
    """What `review` found, for programs."""
    return {
        "base": base,
        "valid": not found.trouble and not any(one.problems for one in found.looked),
        "plans": [_touched(one) for one in found.touched or ()],
        "problems": [
            {"file": one.file, "problems": [to_json(each) for each in one.problems[:MOST_SHOWN]],
             "more": max(0, len(one.problems) - MOST_SHOWN)}
            for one in found.looked if one.problems
        ],
        "unreadable": list(found.trouble),
    }  # fmt: skip


def _touched(one: Touched) -> dict[str, object]:
    told: dict[str, object] = {
        "file": one.file,
        "what": one.how.value,
        "plan": one.title,
        "was": one.was,
        "through": list(one.because),
        "changes": list(one.changes),
        "notes": list(one.notes),
        "worst_loss_before": one.before,
        "worst_loss": one.after,
        "bets_as_before": one.is_same,
        "has_problems": one.has_problems,
    }
    return {name: value for name, value in told.items() if value not in ("", [])} | (
        {"preview": preview.to_json(one.preview)} if one.preview is not None else {}
    )
