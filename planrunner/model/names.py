"""Names people write, and the one nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher


def same_name(a: str, b: str) -> bool:
    """Names are the same whatever their case and spacing."""
    return plain(a) == plain(b)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is clearly nearest: close enough, and closer than every other. None otherwise."""
    wanted = plain(word)
    scored = sorted(((_likeness(wanted, plain(one)), one) for one in dict.fromkeys(candidates)), reverse=True)
    if not scored or scored[0][0] < 75:
        return None
    return scored[0][1] if len(scored) == 1 or scored[0][0] > scored[1][0] else None


def code_of(name: str) -> str:
    """A name as venues write codes: `Match Odds` is `MATCH_ODDS`."""
    return "_".join("".join(one if one.isalnum() else " " for one in name).upper().split())


def plain(name: str) -> str:
    """What is left of a name for comparing: no case, single spaces."""
    return " ".join(name.casefold().split())


def _likeness(a: str, b: str) -> int:
    """0 to 100."""
    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    matching = sum(block.size for block in matcher.get_matching_blocks())
    return 200 * matching // (len(a) + len(b)) if a or b else 100
