"""Every message planrunner has for a plan's author, each built in one place: what is wrong, and what to write instead.

They speak in the present, name the thing with the author's own text, and never show a type, a pattern or a trace.

A module of messages is read when the first of them is told: most checks find nothing, and this is a tenth of what they cost.
"""

from typing import TYPE_CHECKING, Any

if not TYPE_CHECKING:
    from importlib import import_module

    class _Later:
        """Stands for a module until something of it is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, word: str) -> Any:
            return getattr(import_module(f"{__name__}.{self._name}"), word)

    limits, meaning, routing, shape, site, table, template, text, ticket, venue, when = map(
        _Later, ("limits", "meaning", "routing", "shape", "site", "table", "template", "text", "ticket", "venue", "when")
    )
