"""Ids as the Tote's examples show them, derived from what they name: the same card has the same ids in every rehearsal."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID


def dashed(*names: object) -> str:
    """Of products, legs, selections, events and tickets."""
    return str(UUID(bytes=_digest(names)[:16], version=4))


def undashed(*names: object) -> str:
    """Of bets."""
    return UUID(bytes=_digest(names)[:16], version=4).hex


def _digest(names: tuple[object, ...]) -> bytes:
    return sha256("\n".join(map(str, names)).encode()).digest()
