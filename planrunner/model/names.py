"""Names people write, and the one nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable


def same_name(a: str, b: str) -> bool:
    """Names are the same whatever their case and spacing."""
    return plain(a) == plain(b)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that is clearly nearest: close enough, and closer than every other; or the only one that the word is a part
    of, or that is a part of it, in whole words (`Draw` of `The Draw`). None otherwise."""
    wanted, names = plain(word), list(dict.fromkeys(candidates))
    scored = sorted(((_likeness(wanted, plain(one)), one) for one in names), reverse=True)
    if scored and scored[0][0] >= 75:
        return scored[0][1] if len(scored) == 1 or scored[0][0] > scored[1][0] else None
    parts = [one for one in names if _is_part(wanted, plain(one)) or _is_part(plain(one), wanted)]
    return parts[0] if len(parts) == 1 else None


def _is_part(name: str, of: str) -> bool:
    """A short word is a part of too much to mean anything."""
    return len(name) > 2 and f" {name} " in f" {of} "


def code_of(name: str) -> str:
    """A name as venues write codes: `Match Odds` is `MATCH_ODDS`."""
    return "_".join("".join(one if one.isalnum() else " " for one in name).upper().split())


def plain(name: str) -> str:
    """What is left of a name for comparing: no case, single spaces."""
    return " ".join(name.casefold().split())


def _likeness(a: str, b: str) -> int:
    """0 to 100."""
    if 8 * min(len(a), len(b)) < 3 * (len(a) + len(b)):
        return 0  # too different in length to be near: a word may be a megabyte
    from difflib import SequenceMatcher  # for wrong names only

    matcher = SequenceMatcher(a=a, b=b, autojunk=False)
    matching = sum(block.size for block in matcher.get_matching_blocks())
    return 200 * matching // (len(a) + len(b)) if a or b else 100
