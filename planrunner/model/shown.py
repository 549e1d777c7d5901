"""How text from anywhere may be shown: names in plans, files and tables, and whatever a venue says.

A terminal obeys some characters (move the cursor, clear the screen, set the title, answer as if typed) and others make a line
read backwards or hide a part of it. None of them reaches a terminal or a page as it is; this is the one place that says which.
A build server obeys what it reads in the log of a job; that is said here too.
"""

from __future__ import annotations

import re

SIGN = "\N{REPLACEMENT CHARACTER}"
# Letters by the book that nobody sees: fillers, an empty braille cell.
_EMPTY = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
# Persian, Indic scripts and emoji need joiners; between plain letters they only hide that two names differ.
_JOINERS = "\u200c\u200d"
_HIDING_JOINER = re.compile(f"(?<=[\x00-\x7f])[{_JOINERS}]|^[{_JOINERS}]|[{_JOINERS}](?=[\x00-\x7f]|$)")
# Marks pile up over the lines above and below; no alphabet needs more than these.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
_PILE = re.compile(f"({_MARK}{{4}}){_MARK}+")
# GitHub takes `::error::` for a command where a line begins, behind spaces too, and `##[error]` wherever it stands; Azure takes
# `##vso[task.complete]` wherever it stands.
_BEGINS_COMMAND = re.compile(r"^( *):(?=:)", re.MULTILINE)
_COMMAND = re.compile(r"#(?=#[a-z]*\[)", re.IGNORECASE)


def harmless(text: str) -> str:
    """One line that can't move a cursor, change colours, read backwards or hide anything; a sign stands for what would."""
    if text.isascii() and text.isprintable():
        return text
    text = _HIDING_JOINER.sub(SIGN, text.replace("\t", " "))
    return _PILE.sub(rf"\1{SIGN}", "".join(one if _may_be_shown(one) else SIGN for one in text))


def harmless_lines(text: str) -> str:
    """The same for text of ours that has several lines."""
    return "\n".join(map(harmless, text.split("\n")))


def inert(lines: str) -> str:
    """Whole lines, harmless already, of which no build server takes one for a command; a sign stands where one would begin."""
    if "::" not in lines and "##" not in lines:
        return lines
    return _COMMAND.sub(SIGN, _BEGINS_COMMAND.sub(rf"\1{SIGN}", lines))


def escaped(json_text: str) -> str:
    """JSON that says the same and is harmless: what must not be shown, or would be a command wherever it stands, stands in it as
    `\\u009b`. No line of JSON begins with a text."""
    json_text = _COMMAND.sub(r"\\u0023", json_text)
    if json_text.isascii():
        return json_text.replace("\x7f", "\\u007f")
    return "".join(one if one == "\n" or one.isprintable() else _escape(one) for one in json_text)


def _may_be_shown(letter: str) -> bool:
    return (letter.isprintable() and letter not in _EMPTY) or letter in _JOINERS


def _escape(letter: str) -> str:
    pair = letter.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pair[at : at + 4]}" for at in range(0, len(pair), 4))
