"""What was found, for whoever is told: problems with their places, and what became of plans that changed. Plain values; each
format makes text of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from planrunner.model.shown import harmless
from planrunner.plan.given import SET
from planrunner.plan.problems import CODES, Problem, Texts
from planrunner.review.preview import Preview


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A file that was looked at. `says` tells what it is where it is right: `1 order, can lose at most 25.00 GBP`."""

    file: str
    problems: tuple[Problem, ...]
    texts: Texts
    says: str = ""


class How(StrEnum):
    """What became of a plan."""

    ADDED = "new"
    CHANGED = "changed"
    RENAMED = "renamed"
    DELETED = "deleted"
    THROUGH = "touched"  # its own file is as it was; something that it reads is not


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A plan that a change touches. `because` names the files it is touched through; `changes` are the differences in sentences,
    each a difference of what is bet. `before` and `after` are the worst losses, empty where there is no plan, or none that is
    right. `was` is the name it had."""

    file: str
    how: How
    title: str = ""
    was: str = ""
    because: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    has_problems: bool = False
    preview: Preview | None = None

    @property
    def loss_before(self) -> str:
        return self.before or ("none" if self.how is How.ADDED else "not known")

    @property
    def loss_after(self) -> str:
        return self.after or ("none" if self.how is How.DELETED else "not known")

    @property
    def is_same(self) -> bool:
        """It does what it did."""
        return self.how in (How.THROUGH, How.CHANGED, How.RENAMED) and not (self.changes or self.notes or self.has_problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`changed` are the lines that a change wrote, by file; None where nobody asked what changed. `trouble` says why files
    can't be read. `touched` is None for a check; `compared` says with what a review compared. `document` is all of it for
    programs."""

    looked: tuple[Looked, ...]
    trouble: tuple[str, ...] = ()
    changed: Mapping[str, frozenset[int]] | None = None
    touched: tuple[Touched, ...] | None = None
    compared: str = ""
    document: Mapping[str, object] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(places(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A problem where it stands: on `line_text`. `hints` are what to write instead; `is_changed`: the change wrote the line."""

    file: str
    problem: Problem
    line_text: str
    is_changed: bool

    @property
    def title(self) -> str:
        return f"{self.problem.code}: {CODES.get(self.problem.code, 'a problem')}"

    @property
    def message(self) -> str:
        return harmless(self.problem.message)

    @property
    def hints(self) -> tuple[str, ...]:
        problem = self.problem
        note = (f"note: {harmless(problem.note)}",) if problem.note else ()
        found = [("did you mean", problem.did_you_mean), ("write", problem.fix)]
        return (*note, *(f"{label}: {_lines(text)}" for label, text in found if text is not None))

    @property
    def text(self) -> str:
        """Several lines: what is wrong, and what to write instead."""
        return "\n".join((self.message, *self.hints))


def places(findings: Findings) -> list[Place]:
    """Every problem once, those on lines that were changed first. A blueprint's own problem is one, however many plans use it."""
    found: dict[tuple[str, int, int, str, str], Place] = {}
    for looked in findings.looked:
        for problem in looked.problems:
            place = _place(looked, problem, findings.changed)
            found.setdefault((place.file, problem.line, problem.column, problem.code, problem.message), place)
    return sorted(found.values(), key=lambda one: (not one.is_changed, one.file, one.problem.line, one.problem.column))


def _place(looked: Looked, problem: Problem, changed: Mapping[str, frozenset[int]] | None) -> Place:
    """A value given on the command line stands in no file; its problem is the plan's."""
    file = looked.file if problem.file in ("", SET) else problem.file
    lines: Sequence[str] = looked.texts.get(problem.file, ())
    return Place(
        file=in_repository(file),
        problem=problem,
        line_text=lines[problem.line - 1] if 1 <= problem.line <= len(lines) else "",
        is_changed=changed is not None and problem.line in changed.get(file, ()),
    )


def numbered(found: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Each place with words that are its own, and stay so when lines above it come and go: file, code, the line's text, and which
    of several alike it is."""
    seen: dict[tuple[str, str, str, str], int] = {}
    for one in found:
        alike = (one.file, one.problem.code, " ".join(one.line_text.split()), one.problem.message)
        seen[alike] = seen.get(alike, 0) + 1
        yield one, "\0".join((*alike, str(seen[alike])))


def in_repository(file: str) -> str:
    """As programs name files, `./` left out."""
    return harmless(file).removeprefix("./")


def plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def headline(findings: Findings) -> str:
    """One sentence."""
    problems = plural(findings.count, "problem") if findings.count else "no problems"
    if findings.touched is None:
        return f"{plural(len(findings.looked), 'file')} checked: {problems}"
    kinds = [(how, sum(one.how is how for one in findings.touched)) for how in How]
    told = ", ".join(f"{count} {_KINDS[how]}" for how, count in kinds if count)
    return f"{plural(len(findings.touched), 'plan')} to review ({told}): {problems}" if told else f"No plan changed: {problems}"


_KINDS = {
    How.ADDED: "new",
    How.CHANGED: "changed",
    How.RENAMED: "renamed",
    How.DELETED: "deleted",
    How.THROUGH: "touched through what they read",
}


def what(one: Touched) -> str:
    """What became of a plan, and through which files."""
    told = [f"{one.how.value}, was {harmless(one.was)}" if one.was else one.how.value]
    if one.because:
        told.append(f"through {', '.join(map(harmless, one.because[:_FEW]))}{' ...' if len(one.because) > _FEW else ''}")
    if one.has_problems:
        told.append("has problems")
    elif one.is_same:
        told.append("bets as before")
    return ", ".join(told)


def alike(touched: Iterable[Touched]) -> list[list[Touched]]:
    """Plans that bet as they did, and of which the same is to be told, in one list; any other by itself. One change of a site
    file touches many."""
    found: dict[tuple[object, ...], list[Touched]] = {}
    for one in touched:
        alone = one.file if one.how is not How.THROUGH or one.changes or one.has_problems else ""
        found.setdefault((alone, one.because, one.changes, one.notes), []).append(one)
    return list(found.values())


def named(some: Sequence[Touched]) -> str:
    """Their files; the first few where they are many."""
    shown = ", ".join(harmless(one.file) for one in some[:_FEW])
    return shown if len(some) <= _FEW else f"{shown} and {plural(len(some) - _FEW, 'plan')} more"


_FEW = 3


def _lines(text: str) -> str:
    """Several lines go below the label."""
    lines = [harmless(line) for line in text.split("\n")]
    return lines[0] if len(lines) == 1 else "\n" + "\n".join(lines)
