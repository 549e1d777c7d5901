"""A hedge loses nothing that the bets it hedges don't hold already: no limit of loss stands in its way, nor forgets it."""

import asyncio
from dataclasses import replace
from decimal import Decimal

from planrunner.model.account import AccountLimits
from planrunner.model.odds import Side
from planrunner.runtime.journal import Journal
from planrunner.runtime.ledger import Ledger

from .makers import AT, RUN, gbp, opened, place, placement, prepare, site
from .test_ledger import admit, held

LIMITS = site(AccountLimits(max_stake_per_order=gbp("20.00"), max_open_exposure=gbp("10.00")))


def hedge(ref, size="10.00"):
    return replace(placement(ref, size=size, side=Side.LAY, odds="3.00"), is_hedge=True)


def test_a_hedge_is_admitted_where_there_is_no_room_left_and_takes_none():
    ledger = Ledger(LIMITS)
    admit(ledger, place(placement("a")))
    assert admit(ledger, place(hedge("b"))) == ((hedge("b"),), ())
    assert held(ledger) == Decimal(10)
    (denied,) = admit(ledger, place(placement("c", size="1.00")))[1]
    assert denied.limit == "max_open_exposure"


def test_a_hedge_larger_than_an_order_may_be_is_denied():
    (denied,) = admit(Ledger(LIMITS), place(hedge("a", size="20.01")))[1]
    assert denied.limit == "max_stake_per_order"


def test_a_hedge_takes_no_room_after_a_restart_either(tmp_path):
    with opened(tmp_path / "j.db", site=LIMITS) as (journal, epoch):
        asyncio.run(journal.intend(RUN, epoch, place(hedge("a")), AT, prepare))
    with Journal.open(tmp_path / "j.db", durable=False, site=LIMITS) as journal:
        epoch = journal.take(RUN, "another")
        order = place(placement("b"), attempt=1)
        assert asyncio.run(journal.intend(RUN, epoch, order, AT, prepare)).denied == ()
