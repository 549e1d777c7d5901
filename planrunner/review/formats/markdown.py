"""Markdown: one comment on a pull request, or the summary of a job. What was found comes first, then what each plan bets
otherwise than before, then what each will do; where that is too long for a comment it is cut between two parts, and says so.

Others' text stands in it as code whose every sign is written as a number: no name closes a tag, opens a link, calls somebody
(`@team`) or names an issue (`#1`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from planrunner.model.shown import harmless, harmless_lines, inert
from planrunner.plan.problems import MOST_SHOWN, render
from planrunner.review.formats.found import Findings, Touched, alike, headline, in_repository, named, plural, what
from planrunner.review.preview_text import preview_paragraphs

MOST = 65_536  # characters that GitHub takes for a comment; GitLab takes more
_FOR_THE_END = 600  # characters kept for saying what is not shown
_ROWS = 200
_WIDTH = 100
_SIGN = re.compile(r"[!-/:-@\[-`{-~]")  # every sign of ASCII, which are those that mean something


def told(findings: Findings) -> str:
    page = _Page()
    page.add(_head(findings), "the summary")
    for part, called in (*_problems(findings), *_changes(findings), *_previews(findings)):
        page.add(part, called)
    return page.text


def code(text: str) -> str:
    """Others' text on one line, shown as it is."""
    return f"<code>{_SIGN.sub(lambda sign: f'&#{ord(sign[0])};', harmless(text))}</code>"


class _Page:
    """Parts as long as there is room, and the names of those that found none."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = MOST - _FOR_THE_END
        self._cut: list[str] = []

    def add(self, part: str, called: str) -> None:
        size = _size(part) + 1
        if size > self._left:
            self._cut.append(called)
            return
        self._parts.append(part)
        self._left -= size

    @property
    def text(self) -> str:
        return "\n".join((*self._parts, *self._end()))

    def _end(self) -> Iterator[str]:
        if self._cut:
            named = "; ".join(self._cut[:2])
            more = f"; and {plural(len(self._cut) - 2, 'part')} more" if len(self._cut) > 2 else ""
            yield (
                f"**Cut here: a comment holds {MOST:,} characters.** Not shown: {named}{more}. "
                "`planrunner review` with `--html FILE` shows all of it.\n"
            )


def _head(findings: Findings) -> str:
    lines = [f"## planrunner: {headline(findings)}", ""]
    lines += [f"{findings.compared}\n"] if findings.compared else []
    lines += [f"- {code(text)}" for text in findings.trouble[:MOST_SHOWN]]
    if findings.touched:
        lines += ["", *_table(findings.touched)]
    return "\n".join(lines) + "\n"


def _table(all_touched: Sequence[Touched]) -> Iterator[str]:
    """Those that bet otherwise than before are named first; plans that the same is told of share a row."""
    rows = sorted(alike(all_touched), key=lambda some: some[0].is_same)
    yield "| Plan | | Worst loss before | after |"
    yield "|---|---|---|---|"
    for some in rows[:_ROWS]:
        yield f"| {code(named(some))} | {code(what(some[0]))} | {_losses(some)} |"
    if len(rows) > _ROWS:
        yield f"\n... and {plural(sum(map(len, rows[_ROWS:])), 'plan')} more."


def _losses(some: Sequence[Touched]) -> str:
    if len(some) > 1:
        return "each as it was | "
    before, after = some[0].loss_before, some[0].loss_after
    return f"{before} | {after}" if before == after else f"{before} | **{after}**"


def _problems(findings: Findings) -> Iterator[tuple[str, str]]:
    for looked in (one for one in findings.looked if one.problems):
        told = [render(in_repository(looked.file), one, looked.texts) for one in looked.problems[:MOST_SHOWN]]
        more = len(looked.problems) - len(told)
        told += [f"{plural(more, 'problem')} more"] if more else []
        named = f"the problems of {code(looked.file)}"
        yield f"### Problems in {code(looked.file)}\n\n{_block(told)}\n", named


def _changes(findings: Findings) -> Iterator[tuple[str, str]]:
    for some in alike(findings.touched or ()):
        one, files = some[0], code(named(some))
        if one.changes or one.notes:
            title = f": {code(one.title)}" if one.title and len(some) == 1 else ""
            lines = [f"- {code(text)}" for text in (*one.changes, *one.notes)]
            yield f"### {files}{title}\n\n" + "\n".join(lines) + "\n", f"what changed in {files}"


def _previews(findings: Findings) -> Iterator[tuple[str, str]]:
    for one in findings.touched or ():
        if one.preview is not None and not one.is_same:
            lines = [line.rstrip() for each in preview_paragraphs(one.preview) for line in each.lines(_WIDTH)]
            text = _block(lines)
            summary = f"What {code(one.file)} will do"
            yield f"<details><summary>{summary}</summary>\n\n{text}\n</details>\n", f"what {code(one.file)} will do"


def _block(texts: Iterable[str]) -> str:
    """Text of several lines as it is: nothing in it is Markdown, and no line of it ends the block or is a command in a log."""
    return f"<pre>{escape(inert(harmless_lines(chr(10).join(texts))).strip(chr(10)))}</pre>"


def _size(text: str) -> int:
    """As whoever counts in UTF-16 counts it: never less than there are characters."""
    return len(text.encode("utf-16-le", "replace")) // 2
