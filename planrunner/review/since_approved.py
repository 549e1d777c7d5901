"""What is not as it was between two previews of one plan, in sentences: for an approval that holds no more.

An approval has no plan in it, only what its approver read; so what is told here is where that reads otherwise now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import chain, groupby, zip_longest
from operator import itemgetter

from planrunner.review.explained import ToldOrder
from planrunner.review.preview import Preview, bound

NOT_TOLD = "The plan means something else than it did, in a way that its sentences don't tell."


def what_changed(old: Preview, new: Preview) -> tuple[str, ...]:
    """Empty exactly where nothing did that an approval binds."""
    if bound(old) == bound(new):
        return ()
    of_plan = tuple(_of_plan(old, new))
    return (
        *_values("input", old.inputs, new.inputs),
        *_leads(_ids(old), _ids(new)),
        *(of_plan if of_plan or old.digest == new.digest else (NOT_TOLD,)),
        *_policy(old, new),
        *_values("version of the plan language", {"": str(old.language)}, {"": str(new.language)}),
    )


def _of_plan(old: Preview, new: Preview) -> Iterator[str]:
    yield from _lines("plan", (old.told.plan,), (new.told.plan,))
    yield from _lines("plan", (*old.told.summary, *old.told.remarks), (*new.told.summary, *new.told.remarks))
    yield from _orders("order", old.told.orders, new.told.orders)
    yield from _orders("ticket", old.told.tickets, new.told.tickets)
    yield from _lines("worst loss", _loss(old), _loss(new))
    yield from _lines("limits", _limits(old), _limits(new))


def _values(what: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield _became(f"{what} {name}".strip(), old.get(name, ""), new.get(name, ""))


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


def _ids(one: Preview) -> dict[str, list[tuple[str, str]]]:
    """Of each order; a bet in a pool has several. What the venue calls them is bound by nothing."""
    ids = sorted((found.order, found.market, found.selection) for found in one.resolved)
    return {order: [(market, selection) for _, market, selection in found] for order, found in groupby(ids, itemgetter(0))}


def _leads(old: Mapping[str, list[tuple[str, str]]], new: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    for order in sorted(old.keys() | new.keys()):
        was, now = old.get(order, []), new.get(order, [])
        if was != now:
            yield _became(f"what the names lead to, of {order}", _told_ids(was), _told_ids(now))


def _told_ids(found: Sequence[tuple[str, str]]) -> str:
    """A favourite has no id before it is placed."""
    return "; ".join(f"selection {one} of market {market}" if one else f"market {market}" for market, one in found)


def _policy(old: Preview, new: Preview) -> Iterator[str]:
    """What of the site file holds for a plan is told with its limits, as far as it is a limit."""
    if old.policy != new.policy and tuple(chain(_limits(old), old.told.summary)) == tuple(chain(_limits(new), new.told.summary)):
        yield "site file: accounts, limits or `policy` are not what they were when this was approved"
