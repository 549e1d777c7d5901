"""What is not as it was between two previews of one plan, in sentences: for an approval that holds no more.

An approval has no plan in it, only what its approver read; so what is told here is where that reads otherwise now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import chain, zip_longest

from planrunner.review.explained import ToldOrder
from planrunner.review.preview import Preview

NOT_TOLD = "The plan means something else than what was approved, in a way that its sentences don't tell."


def what_changed(old: Preview, new: Preview) -> tuple[str, ...]:
    """Empty where nothing did that an approval binds."""
    told = (
        *_values("input", old.inputs, new.inputs),
        *_values("what the names lead to, of", _ids(old), _ids(new)),
        *_lines("plan", (old.told.plan,), (new.told.plan,)),
        *_lines("plan", (*old.told.summary, *old.told.remarks), (*new.told.summary, *new.told.remarks)),
        *_orders("order", old.told.orders, new.told.orders),
        *_orders("ticket", old.told.tickets, new.told.tickets),
        *_lines("worst loss", _loss(old), _loss(new)),
        *_lines("limits", _limits(old), _limits(new)),
        *_policy(old, new),
    )
    return told if told or old.digest == new.digest else (NOT_TOLD,)


def _values(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield _became(f"{what} {name}", old.get(name, ""), new.get(name, ""))


def _orders(what: str, old: Sequence[ToldOrder], new: Sequence[ToldOrder]) -> Iterator[str]:
    before, after = {one.name: one for one in old}, {one.name: one for one in new}
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"{what} {name} is gone: {before[name].bet}"
        elif name not in before:
            yield f"{what} {name} is new: {after[name].bet}"
        else:
            yield from _lines(f"{what} {name}", _all(before[name]), _all(after[name]))


def _all(one: ToldOrder) -> tuple[str, ...]:
    points = (f"{point.when}: {' '.join((point.what, *point.rungs))}" for point in one.points)
    return (one.bet, *one.bets, *one.sentences, *points)


def _lines(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Sentences that came, went, or took the place of others."""
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            for was, now in zip_longest(old[i:j], new[k:m], fillvalue=""):
                yield _became(what, was, now)


def _became(what: str, was: str, now: str) -> str:
    if not was:
        return f"{what}, new: {now}"
    return f"{what}, gone: {was}" if not now else f"{what}, was: {was}\n{' ' * len(what)}  now: {now}"


def _loss(one: Preview) -> tuple[str, ...]:
    return (f"{one.told.loss.total} of at most {one.told.loss.at_most}",)


def _limits(one: Preview) -> tuple[str, ...]:
    return tuple(f"{limit.name} {limit.bound.limit}" for limit in one.told.limits)


def _ids(one: Preview) -> dict[str, str]:
    return {found.order: f"{found.market} {found.selection}" for found in one.resolved}


def _policy(old: Preview, new: Preview) -> Iterator[str]:
    """What of the site file holds for a plan is told with its limits, as far as it is a limit."""
    if old.policy != new.policy and tuple(chain(_limits(old), old.told.summary)) == tuple(chain(_limits(new), new.told.summary)):
        yield "site file: accounts, limits or `policy` are not what they were when this was approved"
