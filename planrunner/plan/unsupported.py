"""Words of the plan language that this version does not support yet. They are refused by name, never ignored.

The first table is by the title of the schema that the key would stand in.
"""

from __future__ import annotations

from planrunner.plan.nodes import Scalar

KEYS: dict[str, frozenset[str]] = {
    "order": frozenset({"player", "shares"}),
}
# What such a key stands in for: that is not missing then.
REPLACES: dict[str, tuple[str, ...]] = {
    "player": ("selection", "selection_id"),
    "shares": ("stake",),
}
_WORDS: dict[str, frozenset[str]] = {
    "side": frozenset({"buy", "sell"}),
    "type": frozenset({"limit_on_close", "market_on_close", "market"}),
    "keep": frozenset({"starting_price"}),
    "mode": frozenset({"paper"}),
}
TEMPLATE = "${"


def key_of(title: str, key: str) -> bool:
    """Is this key part of the language, but not of this version?"""
    return key in KEYS.get(title, ())


def word(key: str, value: Scalar) -> str | None:
    """The part of the language a value belongs to, where this version has only the rest of it."""
    if value.text in _WORDS.get(key, ()):
        return f"`{key}: {value.text}`"
    return None
