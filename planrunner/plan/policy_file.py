"""The site file's `policy` to values: whether live runs need an approval, who may give one, and for how long it holds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from planrunner.model.account import Approver
from planrunner.model.money import Money
from planrunner.plan import scalars
from planrunner.plan.decode import Reading
from planrunner.plan.messages import site as say
from planrunner.plan.nodes import Block, Scalar
from planrunner.plan.service_file import is_name

_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=366)
_TWO = "approval_needs_two_people_above"


def read_policy(reading: Reading, node: Block, currencies: Collection[str]) -> dict[str, Any]:
    """The fields of the site that it says something of. `currencies` are those of the accounts; none where not all are known."""
    approvers = {one.name: one for one in _approvers(reading, node)}
    found: dict[str, Any] = {
        "live_needs_approval": reading.text(node, "live_needs_approval") != "no",
        "approvers": approvers,
        "two_people_above": _two_people_above(reading, node, currencies),
    }
    valid_for = _valid_for(reading, node)
    return {**found, "approval_valid_for": valid_for} if valid_for is not None else found


def _approvers(reading: Reading, policy: Block) -> Iterator[Approver]:
    node = policy.values.get("approvers")
    had: dict[str, Scalar] = {}
    mails: dict[str, Scalar] = {}
    for name, terms in node.values.items() if isinstance(node, Block) else ():
        assert isinstance(node, Block)
        named = is_name(reading, node.keys[name], "an approver")
        if not isinstance(terms, Block):
            continue
        key, email = reading.scalar(terms, "key"), reading.text(terms, "email")
        first = mails.setdefault(email.casefold(), node.keys[name]) if email is not None else node.keys[name]
        if first is not node.keys[name]:
            reading.shape.complain(None, say.same_email(terms.scalar("email"), first))
        if key is None:
            continue
        if not _is_key(key.text):
            reading.shape.complain(key, say.not_a_key(key))
        elif key.text in had:
            reading.shape.complain(key, say.same_key(key, had[key.text]))
        elif named and email is not None:
            yield Approver(name=name, key=key.text, email=email)
        had.setdefault(key.text, node.keys[name])


def _is_key(text: str) -> bool:
    """32 bytes in base64, in the one way that those are written."""
    coded = text.partition(":")[2]
    try:
        raw = base64.b64decode(coded, validate=True)
    except binascii.Error:
        return False
    return len(raw) == 32 and base64.b64encode(raw).decode("ascii") == coded


def _two_people_above(reading: Reading, node: Block, currencies: Collection[str]) -> Money | None:
    """One that is for no account would ask two people for everything, and nobody would know why."""
    money = reading.money(node, _TWO)
    if money is None:
        return None
    value = node.scalar(_TWO)
    if currencies and money.currency not in currencies:
        reading.shape.complain(value, say.no_account_in(value, _TWO, money.currency, sorted(currencies)))
    approvers = node.values.get("approvers")
    if not isinstance(approvers, Block) or len(approvers.values) < 2:
        reading.shape.complain(None, say.no_two_people(node.keys[_TWO]))
    return money


def _valid_for(reading: Reading, node: Block) -> timedelta | None:
    value = reading.scalar(node, "approval_valid_for")
    found = scalars.duration(value.text) if value is not None else None
    if value is not None and (found is None or not _SHORTEST <= found <= _LONGEST):
        reading.shape.complain(value, say.not_valid_for(value))
    return found
