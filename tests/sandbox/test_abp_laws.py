"""What holds at the router whatever a client does: parts add up, the mean keeps the price, a uuid is one order, it repeats."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from planrunner.sandbox.bookmakers import Span
from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.scenario import Close
from tests.laws import law
from tests.sandbox.abp import AWAY, Client, book, books, order, play, shows, uuid
from tests.sandbox.test_abp_rest import closes

PRICES = st.sampled_from([1.5, 1.99, 2.0, 2.02, 2.07, 2.5])
STAKES = st.sampled_from([0.5, 5, 33.33, 100, 777.77, 2000])
TERMS = st.sampled_from(
    [
        {}, {"acceptPartialStake": False}, {"bookmakers": "pinnacle"}, {"bookmakers": "pinnacle", "acceptPartialStake": False},
        {"orderCurrency": "GBP"}, {"outcomeId": AWAY, "orderPrice": 2.9}, {"expiresAt": "2026-12-05T14:00:40Z"},
    ]
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("place"), st.integers(1, 6), PRICES, STAKES, TERMS),
        st.tuples(st.just("cancel"), st.integers(1, 6)),
        st.tuples(st.just("sleep"), st.sampled_from([20, 300, 1_000, 7_000, 70_000])),
    ),
    min_size=1,
    max_size=10,
)  # fmt: skip
FAULTS = st.sampled_from([Trouble.BET_REJECTED, Trouble.BET_CONFIRMED_LATE, Trouble.ODDS_DROP, Trouble.LIMITS_SHRINK, None])
SCRIPT = books(
    book("pinnacle", shows(("2.06", "150"), ("1.98", "900")), shows(("2.01", "400"), at=20_000), least=Decimal(5), rejects=20),
    book("sharpbet", shows(("2.04", "120"), ("1.97", "500")), currency="EUR", latency=900),
    book("vertex", shows(("2.03", "90")), shows(("3.00", "200"), selection="Chelsea"), currency="CAD", down=(Span(at=9_000),)),
)


async def act(abp: Client, step: Any) -> None:
    match step:
        case "place", number, price, stake, terms:
            await abp.send(order(number, price, stake, **terms))
        case "cancel", number:
            await abp.cancel(requestUuids=[uuid(number)])
        case "sleep", milliseconds:
            await abp.sleep(milliseconds=milliseconds)


def run(steps: list[Any], trouble: Trouble | None) -> tuple[str, Abp, list[dict[str, Any]]]:
    async def main(abp: Client) -> tuple[str, Abp, list[dict[str, Any]]]:
        for step in steps:
            await act(abp, step)
        await abp.sleep(hours=1)
        rows = (await abp.get("/orders", userRef="alpha"))["orders"]
        router = abp.rehearsal.world.beside["oddspapi_abp"]
        assert isinstance(router, Abp)
        return abp.rehearsal.world.log.text(), router, rows

    faults = [Fault(call="place-orders", trouble=trouble, seconds=6)] if trouble else []
    return play(main, SCRIPT, *faults, happenings=closes(Close())[:1] if trouble is None else ())


@law(40, share=15)
@given(steps=STEPS, trouble=FAULTS)
def test_whatever_a_client_does_the_parts_add_up_and_the_mean_keeps_the_price(steps: list[Any], trouble: Trouble | None) -> None:
    log, router, rows = run(steps, trouble)
    assert run(steps, trouble)[0] == log
    assert all(count == 1 for count in Counter(row["requestUuid"] for row in rows).values())
    parts: Counter[str] = Counter()
    for line in router.desk.world.log.lines("fill", "cancel", "lapse"):
        parts[line["bet"]] += Decimal(line["size"])  # type: ignore[assignment]
    for made in router.desk.orders.values():
        mean = made.routed.mean
        assert made.ended
        assert not made.on_the_way
        assert mean is None or mean >= Fraction(made.spec.price)
        assert made.routed.stake <= made.spec.stake
        assert abs(parts[str(made.id)] - made.spec.stake) < Decimal("0.01")
    assert {row["orderId"]: row["filledStake"] for row in rows} == {
        made.id: float(made.filled) for made in router.desk.orders.values()
    }
    spent = {one.bookmaker: one.balance for one in router.desk.accounts.of("demo")}
    for slug, balance in spent.items():
        bets = [bet for bet in router.desk.bets.values() if bet.part.book == slug and bet.status in ("CONFIRMED", "VOID")]
        assert balance == 10_000 - sum(bet.part.placed - (bet.amount or 0) for bet in bets)
