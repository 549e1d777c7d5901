"""The table of reservations follows from the records: after any story, and a change by hand shows."""

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from planrunner.model.account import AccountLimits
from planrunner.model.events import (
    BetSettled,
    OrderAccepted,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    RunResumed,
)
from planrunner.model.placement import Sizes
from planrunner.runtime.journal import Journal
from planrunner.runtime.rebuild import differences
from tests.laws import law
from tests.runtime.makers import AT, RUN, gbp, opened, place, placement, prepare, run_info, site

SITE = site(AccountLimits(max_open_exposure=gbp("45.00")))
refs = st.sampled_from("abcdef")


def sizes(gone, matched):
    gone, matched = Decimal(gone), min(Decimal(matched), 10 - Decimal(gone))
    return Sizes(stake=Decimal(10), cancelled=gone, matched=matched)


bets = st.builds(lambda ref: f"b{ref}", refs)
facts = st.one_of(
    st.builds(lambda ref, attempt: ("place", ref, attempt), refs, st.integers(1, 2)),
    st.builds(lambda ref, gone, matched: OrderReported(at=AT, ref=ref, bet=f"b{ref}", sizes=sizes(gone, matched)),
              refs, st.integers(0, 10), st.integers(0, 10)),
    st.builds(lambda ref: OrderAccepted(at=AT, ref=ref, bet=f"b{ref}", sizes=sizes(0, 0)), refs),
    st.builds(lambda ref: OrderRejected(at=AT, ref=ref, reason="R", text="t"), refs),
    st.builds(lambda ref: OrderUnknown(at=AT, ref=ref, text="t"), refs),
    st.builds(lambda ref: OrderNotSent(at=AT, ref=ref, attempt=1, text="t"), refs),
    st.builds(lambda ref: BetSettled(at=AT, ref=ref, bet=f"b{ref}", outcome=Outcome.LOST, profit=Decimal(-10)), refs),
    st.just(RunResumed(at=AT, epoch=2)),
)  # fmt: skip


@given(story=st.lists(st.tuples(st.sampled_from([RUN, "other"]), facts), max_size=25))
@law(40, share=12, unusual=[HealthCheck.too_slow])
def test_after_any_story_the_table_is_what_the_records_say(tmp_path_factory, story):
    path = tmp_path_factory.mktemp("journal") / "j.db"
    with opened(path, site=SITE) as (journal, epoch):
        journal.create(run_info("other"))
        epochs = {RUN: epoch, "other": journal.take("other", "me")}
        placed = set()

        async def main():
            for run, fact in story:
                if not isinstance(fact, tuple):
                    await journal.append(run, epochs[run], [fact], AT)
                elif (run, *fact[1:]) not in placed:
                    placed.add((run, *fact[1:]))
                    await journal.intend(run, epochs[run], place(placement(fact[1]), attempt=fact[2]), AT, prepare)

        asyncio.run(main())
    with Journal.open(path, durable=False) as journal:
        assert differences(journal, SITE) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("delete from reservation", f"the reservation of a (run {RUN}) is missing: by its records 10.00 can still be lost"),
        ("update reservation set size = '1.00'", f"the reservation of a (run {RUN}) holds 1.00, and by its records 10.00 can"),
        ("update reservation set ref = 'z'", f"the reservation of z (run {RUN}) holds 10.00, and by its records nothing can"),
    ],
)
def test_a_table_that_was_changed_by_hand_is_told(tmp_path, change, told):
    with opened(tmp_path / "j.db", site=SITE) as (journal, epoch):
        asyncio.run(journal.intend(RUN, epoch, place(placement("a")), AT, prepare))
        assert differences(journal, SITE) == ()
        with closing(sqlite3.connect(tmp_path / "j.db")) as connection, connection:
            connection.execute(change)
        assert any(each.startswith(told) for each in differences(journal, SITE))
