"""A list of runners that is one template: its value, `4; 6; 10`, becomes the list that was meant.

Of whole numbers only. A name may hold anything, and a text that could become two of them is not guessed at.
"""

from __future__ import annotations

import re

from planrunner.plan.messages import ticket as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar
from planrunner.plan.schema import Shape
from planrunner.plan.template import OPENING

_NUMBERS = re.compile(r"[1-9][0-9]{0,2}(?: *; *[1-9][0-9]{0,2})*")
_LISTS = ("runners", "first", "second", "third", "reserves")


def write_out_numbers(tickets: Listing, shape: Shape) -> None:
    """Every such list of these tickets, after its template was worked out."""
    for ticket in tickets.items:
        for bet in _items(ticket, "bets"):
            _write_out(bet, shape)
            for leg in _items(bet, "legs"):
                _write_out(leg, shape)


def _items(node: Node, key: str) -> list[Node]:
    listing = node.values.get(key) if isinstance(node, Block) else None
    return listing.items if isinstance(listing, Listing) else []


def _write_out(node: Node, shape: Shape) -> None:
    for key in _LISTS if isinstance(node, Block) else ():
        value = node.values.get(key)  # type: ignore[union-attr]
        if isinstance(value, Scalar) and id(value) not in shape.bad and OPENING not in value.text:
            node.values[key] = _listing(value, key, shape)  # type: ignore[union-attr]


def _listing(value: Scalar, key: str, shape: Shape) -> Node:
    if not _NUMBERS.fullmatch(value.text.strip()):
        some = [word for word in re.split(r"[\s,;/&+-]+", value.text) if word]
        fix = "; ".join(some) if _NUMBERS.fullmatch("; ".join(some)) else None
        shape.complain(value, say.not_numbers(value, key, fix))
        return value
    listing = Listing(value.line, value.column, value.file)
    listing.items.extend(value._replace(text=one.strip()) for one in value.text.split(";"))
    return listing
