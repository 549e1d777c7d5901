"""What was found, for other programs: the same document at the command line (`--json`) and over the web. Amounts are text, so
that they stay exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from planrunner.app.judged import FileResult, Results
from planrunner.model import exposure
from planrunner.model.commands import NewPlacement
from planrunner.plan.problems import MOST_SHOWN, to_json

if TYPE_CHECKING:  # `check` pays for nothing that it does not tell of
    from planrunner.app.diff import Compared
    from planrunner.app.left import Left
    from planrunner.app.status import Due, OrderStatus, RunStatus, Status
    from planrunner.model.journal import Halt, RunInfo


def without_secrets(document: object) -> object:
    """The same, with every secret that this process was handed taken out of its texts. Numbers and keys are ours."""
    from planrunner.runtime.secrets import redacted

    match document:
        case str():
            return redacted(document)
        case Mapping():
            return {key: without_secrets(value) for key, value in document.items()}
        case list() | tuple():
            return [without_secrets(value) for value in document]
        case _:
            return document


def check_document(results: Results) -> dict[str, object]:
    """What `check` found."""
    return {
        "valid": not results.has_problems and not results.unreadable,
        "files": [_file(one) for one in results.files],
        "skipped": results.skipped,
        "unreadable": results.unreadable,
    }


def _file(one: FileResult) -> dict[str, object]:
    found: dict[str, object] = {"file": one.name, "kind": "site" if one.is_site else "plan", "valid": not one.problems}
    if one.plan is not None:
        found |= {
            "digest": one.plan.digest,
            "orders": len(one.plan.orders),
            "can_lose_at_most": str(exposure.most(one.plan)),
        }
        if one.plan.tickets:
            found["tickets"] = len(one.plan.tickets)
        if one.plan.per_market is not None:
            found["for_each_market"] = True
        if one.plan.when is not None:
            from planrunner.review.schedule import schedule_in_words

            found |= {"runs": schedule_in_words(one.plan.when), "can_lose_in_total": str(one.plan.limits.max_loss_in_total)}
        if one.awaited:
            found["signal_brings"] = list(one.awaited)
    found["problems"] = [to_json(problem) for problem in one.problems[:MOST_SHOWN]]
    found["more"] = max(0, len(one.problems) - MOST_SHOWN)
    return found


def diff_document(found: Sequence[Compared]) -> dict[str, object]:
    """What `diff` tells."""
    return {"same": all(one.is_same for one in found), "plans": [_compared(one) for one in found]}


def _compared(one: Compared) -> dict[str, object]:
    from planrunner.review.diff_text import as_document

    return {
        "old": one.old,
        "new": one.new,
        "plan": one.title,
        "same": one.is_same,
        "digests": {"old": one.digests[0], "new": one.digests[1]},
        "sentences": [str(line) for line in one.lines],
        "changes": [as_document(change) for change in one.changes],
        "site": [as_document(change) for change in one.site],
        "note": one.note,
        "problems": [check_document(results) for results in one.problems],
    }


def status_document(found: Status) -> dict[str, object]:
    """What goes on."""
    return {
        "at": found.at.isoformat(),
        "halts": [halt_document(halt) for halt in found.halts],
        "runs": [run_document(run, found.at) for run in found.runs],
        "unresolved": [
            {
                "run": one.info.run,
                "plan": one.info.plan_name,
                "plan_file": one.info.plan_file,
                "mode": one.info.mode.value,
                "left": [left_document(left) for left in one.left],
            }
            for one in found.unresolved
        ],
        "limits": [
            {
                "of": one.of,
                "mode": one.mode,
                "limit": one.name,
                "used": str(one.used),
                "allowed": None if one.allowed is None else str(one.allowed),
                "currency": one.currency,
                "where": one.where,
            }
            for one in found.limits
        ],
        "notes": list(found.notes),
        "exit_code": int(found.exit),
    }


def run_document(run: RunStatus, now: datetime) -> dict[str, object]:
    """A run that is not over."""
    return {
        "run": run.info.run,
        "plan": run.info.plan_name,
        "plan_file": run.info.plan_file,
        "mode": run.info.mode.value,
        "owner": run.owner,
        "alive_at": run.beat.isoformat() if run.beat else None,
        "silent": run.is_silent,
        "go_on": run.go_on,
        "can_lose": str(run.can_lose),
        "max_loss": str(run.may_lose) if run.may_lose is not None else None,
        "trouble": run.trouble,
        "orders": [_order(order, now) for order in run.orders],
    }


def _order(order: OrderStatus, now: datetime) -> dict[str, object]:
    return {
        "order": order.name,
        "text": order.text,
        "account": order.account,
        "matched": str(order.matched),
        "remaining": str(order.remaining),
        "in_doubt": str(order.in_doubt),
        "not_placed": str(order.waiting),
        "references": list(order.references),
        "next": _due(order.next, now),
        "ending": _due(order.ending, now),
    }


def _due(due: Due | None, now: datetime) -> dict[str, object] | None:
    if due is None:
        return None
    return {"at": due.at.isoformat(), "in_seconds": round((due.at - now).total_seconds(), 3), "what": due.text}


def info_document(info: RunInfo) -> dict[str, object]:
    """A run by what it was begun with."""
    return {
        "run": info.run,
        "plan": info.plan_name,
        "plan_file": info.plan_file,
        "digest": info.plan_digest,
        "mode": info.mode.value,
        "created": info.created.isoformat(),
        "state": info.state.value,
    }


def left_document(left: Left) -> dict[str, object]:
    """One reference that may still match."""
    asked = left.placement.asked
    return {
        "order": asked.path.partition(".")[2],
        "account": left.account,
        "reference": asked.ref,
        "bets": [bet.bet for bet in left.bets],
        "side": asked.side.value if isinstance(asked, NewPlacement) else None,
        "odds": str(asked.odds) if isinstance(asked, NewPlacement) else None,
        "size": str(asked.size),
        "matched": str(sum((bet.sizes.matched for bet in left.bets), start=asked.size * 0)),
        "remaining": str(left.remaining) if left.is_certain else None,
        "certain": left.is_certain,
        "trouble": left.trouble,
    }


def halt_document(halt: Halt) -> dict[str, object]:
    """A stop, in force or released."""
    return {
        "scope": halt.scope.value,
        "name": halt.name,
        "because": halt.because,
        "by": halt.by,
        "at": halt.at.isoformat(),
        "released": halt.released.isoformat() if halt.released else None,
        "released_because": halt.released_because,
    }
