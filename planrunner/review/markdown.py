"""Text of others in Markdown, where many signs mean something: here none of them does.

Nobody is mentioned, no issue is linked, no address becomes a link, no line begins a list or a command that a build server would
obey in a log, and no HTML stands as HTML.
"""

from __future__ import annotations

import re

from planrunner.model.shown import harmless

_SIGNS = re.compile(r"([\\`*_\[\]<>#|~&$])")
_BEGINS = re.compile(r"^\d+[.)](?=\s|$)|^[-+=]|^:(?=:)")
# Some of what becomes a link by itself; the rest has `//` after it.
_ADDRESSES = re.compile(r"\b(www)\.|\b(mailto|xmpp):|:(?=//)", re.IGNORECASE)
# A site that shows Markdown links these after it has read it; what stands between keeps the two apart and is not shown.
_REFERENCES = re.compile(r"(@|\\#|\bGH-)(?=\w)", re.IGNORECASE)
_NOTHING = "<!-- -->"


def text(shown: str) -> str:
    """On one line, said and no more."""
    plain = _SIGNS.sub(r"\\\1", _one_line(shown))
    plain = _BEGINS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", plain)
    plain = _ADDRESSES.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", plain)
    return _REFERENCES.sub(rf"\1{_NOTHING}", plain)


def bold(shown: str) -> str:
    return f"**{text(shown)}**" if shown.strip() else ""


def code(shown: str) -> str:
    """As it is, in a span of code that nothing in it can end."""
    plain = _one_line(shown)
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    pad = " " if plain[:1] in ("`", "") or plain[-1:] == "`" else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def row(*cells: str) -> str:
    """Of a table; in a cell no line begins."""
    return f"| {' | '.join(text(cell) for cell in cells)} |"


def _one_line(shown: str) -> str:
    return " ".join(harmless(shown.replace("\n", " ")).split())
