"""The exchanges with the venue: all of them, however many, one at a time; and which of them a page shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from planrunner.model.journal import Exchange, Record
from planrunner.report.story import ExchangeStory

ALL_UP_TO = 300  # a page stays light enough for a phone; of more, it shows the ends and what went wrong between
AT_EACH_END = 100
FAILED_UP_TO = 100  # between the ends


class Exchanges(Collection[ExchangeStory]):
    """The exchanges among the records, in their order; `count` of them, as they were counted when the run was gone through.

    A long run has more of them than fit in memory: none is kept, and each is made of its record whenever it is asked for.
    """

    def __init__(self, records: Collection[Record], count: int) -> None:
        self._records = records
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ExchangeStory]:
        found = (_tell(record.seq, record.body) for record in self._records if isinstance(record.body, Exchange))
        return islice(found, self._count)  # after the last of them nothing more is read

    def __contains__(self, exchange: object) -> bool:
        return any(each == exchange for each in self)


def _tell(seq: int, one: Exchange) -> ExchangeStory:
    return ExchangeStory(
        seq=seq,
        title=one.title,
        method=one.method,
        url=one.url,
        sent_at=one.sent_at,
        answered_at=one.answered_at,
        status=one.status,
        request=one.request,
        answer=one.answer,
        trouble=one.trouble,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Exchanges that are left out between two that are shown; `failed` of them got no useful answer."""

    count: int
    failed: int


def shown(exchanges: Collection[ExchangeStory]) -> Iterator[ExchangeStory | Gap]:
    """All of a usual run. Of a longer one the first and the last, and of those between them the first that got no useful answer;
    where others were, a gap that counts them."""
    if len(exchanges) <= ALL_UP_TO:
        yield from exchanges
        return
    last, room = len(exchanges) - AT_EACH_END, FAILED_UP_TO
    left_out = failed = 0
    for at, one in enumerate(exchanges):
        is_between = AT_EACH_END <= at < last
        if is_between and (room == 0 or not _has_failed(one)):
            left_out, failed = left_out + 1, failed + _has_failed(one)
            continue
        if left_out:
            yield Gap(count=left_out, failed=failed)
            left_out = failed = 0
        room -= is_between
        yield one


def _has_failed(one: ExchangeStory) -> bool:
    return one.trouble is not None or (one.status is not None and one.status >= 400)
