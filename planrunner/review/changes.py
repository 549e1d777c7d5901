"""What changed between two plans, as sentences: plain values that `diff` makes and `diff_text` lays out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from planrunner.model.shown import harmless


class What(StrEnum):
    """What became of it. `FOLLOWS` is a figure that nobody wrote: it comes out of the others."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `about` is whose it is: the name of an order or a ticket, `limits`, `schedule`, `plan`, `account betfair`.

    `text` is the sentence without that: `stake 10.00 -> 25.00 GBP`. `path` is for programs (`orders.arsenal.stake`); `old` and
    `new` are the two values in words, empty where there is none. `line` is where the order or ticket stands in the new plan (in
    the old one where it is gone), 0 where nothing does.
    """

    about: str
    what: What
    path: str
    text: str
    old: str = ""
    new: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where in a plan two values are compared, and what stands before their sentence. `zones`: the old and the new plan's."""

    about: str
    path: str
    line: int = 0
    before: str = ""
    zones: tuple[str | None, str | None] = (None, None)

    def into(self, name: str, before: str = "") -> Spot:
        """A part of it."""
        return replace(self, path=f"{self.path}.{name}" if self.path else name, before=self.before + before)

    def tells(self, text: str, old: str = "", new: str = "", what: What = What.CHANGED) -> Change:
        return Change(about=self.about, what=what, path=self.path, text=self.before + text, old=old, new=new, line=self.line)

    def became(self, label: str, old: str, new: str, what: What = What.CHANGED) -> Change:
        """`stake 10.00 -> 25.00 GBP`."""
        return self.tells(f"{label}{arrow(old, new)}", old, new, what)

    def is_new(self, label: str, new: str) -> Change:
        return self.tells(f"new: {label}{new}", "", new, What.ADDED)

    def is_gone(self, label: str, old: str) -> Change:
        return self.tells(f"gone: {label}{old}", old, "", What.REMOVED)


_MOST_LETTERS = 3


def arrow(old: str, new: str) -> str:
    """`10.00 -> 25.00 GBP`: what both end with is said once where it is a unit."""
    (before, _, was), (_, _, unit) = old.rpartition(" "), new.rpartition(" ")
    if before and " " not in before and was == unit and unit.isupper():
        return f"{before} -> {new}"
    if harmless(old) == harmless(new):
        return f"{old!a} -> {new!a}"
    return f"{old} -> {new}{_letters(old, new)}"


def _letters(old: str, new: str) -> str:
    """Letters that a reader may take for one another are told by their numbers."""
    if (old + new).isascii() or len(old) != len(new):
        return ""
    differ = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
    if len(differ) > _MOST_LETTERS:
        return ""
    return f" (letters: {', '.join(f'U+{ord(one):04X} -> U+{ord(other):04X}' for one, other in differ)})"
