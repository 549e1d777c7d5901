"""A code explained: why it is a problem, and its two examples."""

from __future__ import annotations

import textwrap

from planrunner.model.shown import harmless
from planrunner.plan.catalogue import Entry


def code_text(entry: Entry, *, width: int) -> str:
    """Plain text, a newline at its end."""
    told = textwrap.wrap(entry.why, width, break_long_words=False, break_on_hyphens=False)
    for name, example in (("Wrong", entry.wrong), ("Right", entry.right)):
        told += [
            "",
            f"{name} ({entry.laid.value}):",
            *[f"    {harmless(line)}".rstrip() for line in example.rstrip("\n").split("\n")],
        ]
    return "\n".join(told) + "\n"
