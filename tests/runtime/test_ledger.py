"""Limits hold in every reachable state, with everything in flight or unknown counted in full."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.model.account import AccountLimits
from planrunner.model.events import (
    BetSettled,
    CancelAccepted,
    MarketSettled,
    OrderAccepted,
    OrderNotFound,
    OrderNotSent,
    OrderRejected,
    OrderReported,
    OrderUnknown,
    Outcome,
    RunResumed,
)
from planrunner.model.exposure import risk
from planrunner.model.odds import Side
from planrunner.model.placement import Sizes
from planrunner.runtime.ledger import Ledger
from tests.laws import law

from .makers import AT, RUN, gbp, place, placement, site

LIMITS = AccountLimits(max_stake_per_order=gbp("20.00"), max_open_exposure=gbp("60.00"), max_exposure_per_market=gbp("35.00"))
MINUTE = timedelta(minutes=1)
CENT = Decimal("0.01")


def admit(ledger, command, *, run=RUN, scope="sandbox", at=AT):
    return ledger.admit(command, run=run, scope=scope, at=at)


def report(ref, sizes, bet="1"):
    return OrderReported(at=AT, ref=ref, bet=bet, sizes=sizes)


def sizes(stake="10.00", **parts):
    return Sizes(stake=Decimal(stake), **{name: Decimal(amount) for name, amount in parts.items()})


def held(ledger, market="1.1", account="betfair", scope="sandbox"):
    return ledger.exposure_in(scope, account, market)


class Exchange:
    """What really happens at the venue, seen from above: some placements arrive although their answer is lost."""

    def __init__(self):
        self.bets = {}  # ref -> [side, odds, market, stake, matched, gone]

    def can_lose(self, market=None):
        return sum(
            (
                risk(side, stake - gone, odds)
                for side, odds, where, stake, _, gone in self.bets.values()
                if market in (None, where)
            ),
            Decimal(0),
        )


amounts = st.integers(min_value=1, max_value=2500).map(lambda pence: Decimal(pence) / 100)
new_placements = st.lists(
    st.tuples(amounts, st.sampled_from(Side), st.sampled_from(["1.01", "1.5", "3.10", "11.00"])), min_size=1, max_size=4
)
# What becomes of one that was sent, and then what is learned of it, in any order and more than once.
fates = st.sampled_from(["accepted", "rejected", "lost after landing", "lost before landing", "not sent"])
happenings = st.sampled_from(["matched", "cancelled", "lapsed", "reported", "reported late", "asked in vain", "settled"])


@given(data=st.data())
@law(100, share=40)
def test_what_the_account_can_lose_never_exceeds_a_limit_whatever_is_lost_late_or_repeated(data):
    ledger, venue, reports, lost, number = Ledger(site(LIMITS)), Exchange(), [], {}, 0
    for _ in range(data.draw(st.integers(min_value=1, max_value=12))):
        run, market = data.draw(st.sampled_from(["one", "two"])), data.draw(st.sampled_from(["1.1", "1.2"]))
        if data.draw(st.booleans()) or not venue.bets:
            asked = []
            for size, side, odds in data.draw(new_placements):
                number += 1
                asked.append(placement(f"{run} {number}", size=size, side=side, odds=odds))
            admitted, denied = admit(ledger, place(*asked, market=market), run=run)
            assert sorted([each.ref for each in (*admitted, *denied)]) == sorted(each.ref for each in asked)
            for each in admitted:
                assert each.size <= LIMITS.max_stake_per_order.amount
                fate = data.draw(fates)
                if fate in ("accepted", "lost after landing"):
                    venue.bets[each.ref] = [each.side, each.odds, market, each.size, Decimal(0), Decimal(0)]
                match fate:
                    case "accepted":
                        ledger.learn(run, OrderAccepted(at=AT, ref=each.ref, bet="1", sizes=Sizes(stake=each.size)))
                    case "rejected":
                        ledger.learn(run, OrderRejected(at=AT, ref=each.ref, reason="X", text=""))
                    case "not sent":
                        ledger.learn(run, OrderNotSent(at=AT, ref=each.ref, attempt=1, text=""))
                    case _:
                        if data.draw(st.booleans()):
                            ledger.learn(run, OrderUnknown(at=AT, ref=each.ref, text=""))
                        else:  # killed before the answer came
                            ledger.learn(run, RunResumed(at=AT, epoch=2))
                        lost[each.ref] = (run, each, market)
            check(ledger, venue)
        elif lost and data.draw(st.booleans()):
            send_again(data, ledger, *lost[data.draw(st.sampled_from(sorted(lost)))])
        else:
            ref = data.draw(st.sampled_from(sorted(venue.bets)))
            happen(data, ledger, venue, reports, ref)
        check(ledger, venue)


def send_again(data, ledger, run, asked, market):
    """On proof that the venue refuses a repetition; what is said of it proves nothing about the first attempt."""
    admitted, _ = admit(ledger, place(asked, market=market, attempt=2), run=run)
    if admitted:
        for _ in range(data.draw(st.integers(min_value=1, max_value=2))):
            ledger.learn(
                run,
                data.draw(
                    st.sampled_from(
                        [
                            OrderRejected(at=AT, ref=asked.ref, reason="DUPLICATE", text=""),
                            OrderNotSent(at=AT, ref=asked.ref, attempt=2, text=""),
                            OrderNotSent(at=AT, ref=asked.ref, attempt=1, text=""),
                            OrderUnknown(at=AT, ref=asked.ref, text=""),
                        ]
                    )
                ),
            )


def happen(data, ledger, venue, reports, ref):
    run, bet = ref.split()[0], venue.bets[ref]
    left = bet[3] - bet[4] - bet[5]
    match data.draw(happenings):
        case "matched":
            bet[4] += (left / 2).quantize(CENT)
        case "cancelled":
            bet[5] += left
            ledger.learn(run, CancelAccepted(at=AT, ref=ref, bet="1", size=left))
        case "lapsed":
            bet[5] += (left / 3).quantize(CENT)
        case "reported":
            reports.append(report(ref, Sizes(stake=bet[3], matched=bet[4], lapsed=bet[5])))
            ledger.learn(run, reports[-1])
        case "reported late" if reports:
            late = data.draw(st.sampled_from(reports))
            ledger.learn(late.ref.split()[0], late)
        case "settled":
            del venue.bets[ref]
            ledger.learn(run, BetSettled(at=AT, ref=ref, bet="1", outcome=Outcome.LOST, profit=Decimal(0)))
        case _:
            ledger.learn(run, OrderNotFound(at=AT, ref=ref))


def check(ledger, venue):
    reserved = ledger.open_exposure("sandbox", "betfair")
    assert venue.can_lose() <= reserved <= LIMITS.max_open_exposure.amount
    for market in ("1.1", "1.2"):
        assert venue.can_lose(market) <= held(ledger, market) <= LIMITS.max_exposure_per_market.amount
    # The running totals are what a count from scratch, or from the table, gives.
    again = Ledger(site({}), ledger.kept())
    assert reserved == again.open_exposure("sandbox", "betfair") == sum((each.amount for each in ledger.held()), Decimal(0))


def test_a_lay_is_reserved_with_its_liability():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a", size="5.00", side=Side.LAY, odds="3.10")))
    assert held(ledger) == Decimal("10.50")


@pytest.mark.parametrize(
    ("asked", "limit", "figure", "held_by"),
    [
        (placement("b", size="20.01"), "max_stake_per_order", "20.01 GBP of at most 20.00 GBP", "the order itself"),
        (
            placement("b", size="20.00", side=Side.LAY, odds="2.51"),
            "max_exposure_per_market",
            "40.20 GBP of at most 35.00 GBP",
            f"10.00 GBP by run {RUN} in market 1.1, 30.20 GBP by this order",
        ),
    ],
)
def test_a_refusal_names_the_limit_the_figure_and_who_holds_it(asked, limit, figure, held_by):
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    admitted, [denied] = admit(ledger, place(asked))
    assert admitted == ()
    assert (denied.ref, denied.limit, denied.figure, denied.held_by) == ("b", limit, figure, held_by)


def test_a_refusal_names_the_largest_holders_first_and_counts_the_others():
    ledger = Ledger(site(LIMITS))
    for number, size in enumerate(["2.00", "20.00", "15.00", "3.00", "18.00"]):
        admit(ledger, place(placement(f"{number}", size=size), market=f"1.{number}"), run=f"run-{number}")
    _, [denied] = admit(ledger, place(placement("x", size="4.00"), market="1.9"))
    assert denied.held_by == (
        "20.00 GBP by run run-1 in market 1.1, 18.00 GBP by run run-4 in market 1.4, 15.00 GBP by run run-2 in market 1.2, "
        "5.00 GBP by 2 more, 4.00 GBP by this order"
    )


def test_an_account_without_limits_and_another_pot_are_not_in_the_way():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a", size="20.00"), placement("b", size="15.00")))
    assert admit(ledger, place(placement("c", size="20.00")), scope="live")[1] == ()
    assert admit(ledger, place(placement("d", size="999.00"), account="tote"))[1] == ()


def test_what_was_not_sent_is_free_again_and_reserved_again_at_the_next_attempt():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    ledger.learn(RUN, OrderNotSent(at=AT, ref="a", attempt=1, text=""))
    assert held(ledger) == 0
    admit(ledger, place(placement("a"), attempt=2))
    assert held(ledger) == 10


@pytest.mark.parametrize("doubt", [OrderUnknown(at=AT, ref="a", text=""), RunResumed(at=AT, epoch=2)])
@pytest.mark.parametrize(
    "said_of_the_second", [OrderNotSent(at=AT, ref="a", attempt=2, text=""), OrderRejected(at=AT, ref="a", reason="X", text="")]
)
def test_what_is_said_of_a_repetition_frees_nothing_while_the_first_may_be_out(doubt, said_of_the_second):
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    ledger.learn(RUN, doubt)
    admit(ledger, place(placement("a"), attempt=2))
    assert held(ledger) == 10, "it counts once"
    ledger.learn(RUN, said_of_the_second)
    assert held(ledger) == 10
    ledger.learn(RUN, report("a", sizes(lapsed="10.00")))
    assert held(ledger) == 0


def test_an_old_proof_told_twice_frees_nothing_of_the_next_attempt():
    ledger = Ledger(site(LIMITS))
    for attempt in (1, 2):
        admit(ledger, place(placement("a"), attempt=attempt))
        ledger.learn(RUN, OrderNotSent(at=AT, ref="a", attempt=1, text=""))
    assert held(ledger) == 10


def test_only_what_is_gone_is_freed_and_an_older_report_takes_nothing_back():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    ledger.learn(RUN, report("a", sizes(matched="2.00")))
    assert held(ledger) == 10
    ledger.learn(RUN, report("a", sizes(matched="2.00", cancelled="8.00")))
    ledger.learn(RUN, report("a", sizes(matched="1.00")))
    assert held(ledger) == 2
    ledger.learn(RUN, report("a", sizes(cancelled="8.00", voided="2.00")))
    assert ledger.held() == ()


def test_one_placement_may_become_several_bets():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    ledger.learn(RUN, report("a", sizes("6.00", cancelled="5.00"), bet="1"))
    ledger.learn(RUN, report("a", sizes("4.00", lapsed="1.00"), bet="2"))
    assert held(ledger) == 4
    ledger.learn(RUN, BetSettled(at=AT, ref="a", bet="1", outcome=Outcome.WON, profit=Decimal(2)))
    assert held(ledger) == 3


def test_a_settled_market_holds_nothing_of_the_run():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a")))
    admit(ledger, place(placement("b")), run="other")
    admit(ledger, place(placement("c"), market="1.2"))
    ledger.learn(RUN, MarketSettled(at=AT, account="betfair", market="1.1", commission=Decimal(0)))
    assert sorted(each.ref for each in ledger.held()) == ["b", "c"]


def test_the_table_learns_exactly_what_changed():
    ledger = Ledger(site(LIMITS))
    admit(ledger, place(placement("a"), placement("b")))
    ledger.learn(RUN, OrderNotSent(at=AT, ref="b", attempt=1, text=""))
    changes = ledger.changes()
    assert ([each.ref for each in changes.new], changes.changed, changes.released) == (["a"], [], [])
    ledger.learn(RUN, report("a", sizes(lapsed="1.00")))
    assert [each.ref for each in ledger.changes().changed] == ["a"]
    ledger.learn(RUN, report("a", sizes(lapsed="10.00")))
    assert [(each.ref, each.amount) for each in ledger.changes().changed] == [("a", 0)], "its minute is not over"
    admit(ledger, place(placement("c")), at=AT + MINUTE)
    assert ledger.changes().released == [(RUN, "a")]
    assert ledger.changes().released == []
