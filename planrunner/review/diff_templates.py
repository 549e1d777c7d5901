"""What a plan is made of where a market or a signal decides: templates and inputs, told as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from planrunner.review.changes import Change, Spot
from planrunner.review.words import listed

Both: TypeAlias = tuple[Sequence[str], Sequence[str]]  # the old plan's, and the new one's


def templates(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Each is where it stands and what is there: `/0/favourite=${...}`."""
    yield from _entries(Spot(about="markets", path="templates"), old, new)


def made_of(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """`stake=MONEY:2 GBP`, `/inputs/stake/at_most=5.00 GBP`, or the digest of a table or blueprint."""
    yield from _entries(Spot(about="inputs", path="inputs"), old, new)


def _entries(spot: Spot, old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    (was, tables), (now, others) = _parted(old), _parted(new)
    for key in dict.fromkeys((*was, *now)):
        called, at = f"{_called(key)} ", spot.into(key.strip("/").replace("/", "."))
        if key not in now:
            yield at.is_gone(called, _value(was[key]))
        elif key not in was:
            yield at.is_new(called, _value(now[key]))
        elif was[key] != now[key]:
            yield at.became(called, _value(was[key]), _value(now[key]))
    if tables != others:
        yield spot.tells("a table or a blueprint that the signal's orders are made of differs", listed(tables), listed(others))
    elif was == now and list(old) != list(new):
        yield spot.became("their order ", listed(old), listed(new))


def _parted(entries: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """By where they stand; and those that are digests of files."""
    named = [one.partition("=") for one in entries]
    return {where: text for where, sign, text in named if sign}, [where for where, sign, _ in named if not sign]


def _called(key: str) -> str:
    """`at_most of stake`, `template of stake`."""
    first, *rest = key.strip("/").split("/")
    if not key.startswith("/"):
        return f"value of {key}"
    if first == "inputs" and len(rest) > 1:
        return f"{' '.join(rest[1:])} of {rest[0]}"
    if first == "with":
        return f"{'/'.join(rest)} under `with`"
    return f"template of {rest[-1] if rest else first}"


def _value(text: str) -> str:
    kind, sign, value = text.partition(":")
    if sign and kind.isupper():
        return value.strip()
    return f"`{text}`" if "${" in text else text
