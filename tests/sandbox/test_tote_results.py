"""What becomes of bets once races are over, called off, run without a runner, or end in a dead heat; and where the money went."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planrunner.sandbox.faults import Fault, Trouble
from planrunner.sandbox.pools import NonRunner, PoolTerms
from planrunner.sandbox.scenario import MINUTE, Base, Moment
from tests.laws import law
from tests.sandbox.tote import Product, Venue, meeting, play, race, stake

BEFORE = Moment(base=Base.START, delay=-5 * MINUTE)
# From the start of a race to its result, and until bets on it are paid.
RESULT, PAID = 3, 3 + 65 / 60
LAST_START = 10 + 6 * 30


def returns(bet: Any) -> tuple[str, float, float]:
    told = bet["resulting"]["returns"]
    return bet["resulting"]["status"], told["returnAmount"]["decimalAmount"], told["refundAmount"]["decimalAmount"]


async def dividends(venue: Venue, code: str, place: int = 0) -> dict[tuple[str, ...], Decimal]:
    """By the names of the winning selections."""
    product = await venue.product(code, place)
    names = {one["id"]: one["name"] for leg in product.legs for one in leg["selections"]["nodes"]}
    nodes = product.facts["result"]["dividends"]["nodes"]
    return {
        tuple(names[each["id"]] for leg in node["dividendLegs"]["nodes"] for each in leg["dividendSelections"]["nodes"]): Decimal(
            str(node["dividend"]["amount"]["decimalAmount"])
        )
        for node in nodes
    }


def test_a_winner_is_paid_the_dividend_on_each_winning_line_and_a_loser_nothing() -> None:
    async def story(venue: Venue) -> None:
        win, exacta = await venue.product("WIN"), await venue.product("EXACTA")
        await venue.place("t1", win.bet("wins", [1, 2], stake=stake("5.00")), win.bet("loses", [2]))
        await venue.place("t2", exacta.bet("box", [1, 2, 3], [1, 2, 3], stake=stake("3.00"), positions=True))
        await venue.wait(minutes=10 + RESULT, seconds=6)
        assert returns(await venue.bet("loses")) == ("RESULTED", 0, 0)
        assert (await venue.bet("loses"))["settlement"]["status"] == "PENDING"
        before = await venue.balance()
        await venue.wait(minutes=2)
        won, ordered = (await dividends(venue, "WIN"))["A1",], (await dividends(venue, "EXACTA"))["A1", "B1"]
        assert returns(await venue.bet("wins")) == ("RESULTED", float(Decimal("2.5") * won), 0)
        assert returns(await venue.bet("box")) == ("RESULTED", float(Decimal("0.5") * ordered), 0)
        assert {(await venue.bet(one))["settlement"]["status"] for one in ("wins", "loses", "box")} == {"SETTLED"}
        assert await venue.balance() - before == Decimal("2.5") * won + Decimal("0.5") * ordered
        profits = {line["bet"]: line["profit"] for line in venue.lines("settled")}
        assert sum(map(Decimal, profits.values())) == await venue.balance() - 1000

    play(story)


def test_results_are_provisional_for_a_minute() -> None:
    async def story(venue: Venue) -> None:
        assert (await venue.product("WIN")).facts["result"] is None
        await venue.wait(minutes=10 + RESULT)
        statuses = []
        for _ in range(2):
            result = (await venue.product("WIN")).facts["result"]
            statuses.append({result["status"], *(node["dividend"]["status"] for node in result["dividends"]["nodes"])})
            await venue.wait(minutes=1)
        assert statuses == [{"PROVISIONAL"}, {"FINAL"}]

    play(story)


def test_a_dividend_that_was_announced_too_high_is_put_right_before_anything_is_paid() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]))
        await venue.wait(minutes=10 + RESULT, seconds=10)
        _, early, _ = returns(await venue.bet("b1"))
        before = await venue.balance()
        await venue.wait(minutes=2)
        _, late, _ = returns(await venue.bet("b1"))
        assert Decimal(str(early)) - Decimal(str(late)) == 1  # two pounds at 0.50 too much
        assert await venue.balance() - before == Decimal(str(late))

    play(story, None, Fault(call="dividends", trouble=Trouble.DIVIDEND_CHANGED))


def test_a_dead_heat_pays_both() -> None:
    async def story(venue: Venue) -> None:
        win = await venue.product("WIN")
        await venue.place("t1", win.bet("b1", [1]), win.bet("b2", [2]), win.bet("b3", [3]))
        await venue.wait(minutes=10 + PAID)
        paid = await dividends(venue, "WIN")
        assert set(paid) == {("A1",), ("B1",)}
        got = [returns(await venue.bet(one))[1] for one in ("b1", "b2", "b3")]
        assert got == [float(2 * paid["A1",]), float(2 * paid["B1",]), 0]
        assert set(await dividends(venue, "EXACTA")) == {("A1", "B1"), ("B1", "A1")}

    play(story, meeting(race(1, result=(("A1", "B1"), ("C1",)))))


def test_lines_of_a_non_runner_are_refunded() -> None:
    async def story(venue: Venue) -> None:
        win, place = await venue.product("WIN"), await venue.product("PLACE")
        await venue.place("t1", win.bet("half", [1, 2], stake=stake("4.00")), win.bet("void", [2], stake=stake("3.00")))
        await venue.place("t2", place.bet("saved", [2], reserves={0: [2 + 4, 1]}))
        await venue.wait(minutes=10 + PAID)
        paid = (await dividends(venue, "WIN"))["A1",]
        assert returns(await venue.bet("half")) == ("RESULTED", float(2 * paid), 2)
        void = await venue.bet("void")
        assert (void["placement"]["status"], *returns(void), void["settlement"]["status"]) == (
            "CANCELLED", "CANCELLED", 0, 3, "REFUNDED",
        )  # fmt: skip
        assert returns(await venue.bet("saved")) == ("RESULTED", 0, 0)  # by its first reserve, which was sixth
        assert set(await dividends(venue, "PLACE")) == {("A1",), ("C1",)}  # seven are left: two places
        assert await venue.balance() == 1000 - 2 - 2 + 2 * paid

    play(story, meeting(race(1, non_runners=(NonRunner(name="B1", moment=BEFORE),))))


def test_over_several_races_the_favourite_stands_in_for_a_non_runner() -> None:
    """Nobody but the favourite of race 6 gets a bet on its non-runner through."""

    async def story(venue: Venue) -> float:
        double = await venue.product("DOUBLE")
        await venue.place("t1", double.bet("b1", [2], [1]))
        await venue.wait(minutes=LAST_START + PAID)
        status, returned, refunded = returns(await venue.bet("b1"))
        assert (status, refunded) == ("RESULTED", 0)
        return returned

    gone = (NonRunner(name="B6", moment=Moment(base=Base.START, delay=-MINUTE)),)
    letters = "ACDEFGH"
    got = [
        play(story, meeting(*(race(n) for n in range(1, 6)), race(6, non_runners=gone, result=((f"{winner}6",),))))
        for winner in letters
    ]
    assert sum(one > 0 for one in got) == 1


def test_a_race_that_is_called_off_voids_its_own_pools_and_is_survived_by_the_others() -> None:
    async def story(venue: Venue) -> None:
        win, double = await venue.product("WIN", 6), await venue.product("DOUBLE")
        await venue.place("t1", win.bet("off", [1], stake=stake("5.00")), double.bet("goes on", [1], [8]))
        await venue.wait(minutes=LAST_START + PAID)
        off = await venue.bet("off")
        assert (off["placement"]["status"], off["settlement"]["status"]) == ("CANCELLED", "REFUNDED")
        assert returns(off) == ("CANCELLED", 0, 5)
        assert returns(await venue.bet("goes on"))[1] > 2
        assert await venue.balance() == 1000 - 2 + Decimal(str(returns(await venue.bet("goes on"))[1]))
        closed = await venue.product("WIN", 6)
        assert closed.facts["selling"]["status"] == "CLOSED"
        assert closed.facts["result"] is None

    play(story, meeting(*(race(n) for n in range(1, 7)), race(7, abandoned=Moment(base=Base.START, delay=MINUTE))))


def test_a_pot_without_a_survivor_is_carried_over_and_one_with_carried_money_pays_more() -> None:
    def world(carry_in: int) -> Any:
        return meeting(terms=(PoolTerms(pool="jackpot", carry_in=carry_in),))

    async def story(venue: Venue) -> Decimal:
        jackpot = await venue.product("JACKPOT")
        await venue.place("t1", jackpot.bet("b1", *([1] for _ in range(6)), stake=stake("0.50")))
        await venue.wait(minutes=LAST_START)
        (paid,) = (await dividends(venue, "JACKPOT")).values()
        assert returns(await venue.bet("b1"))[1] == float(paid / 2)
        return paid

    assert play(story, world(1_000_000)) > play(story, world(0))


def test_a_scoop6_has_a_fund_for_winners_and_one_for_the_placed() -> None:
    async def story(venue: Venue) -> None:
        scoop = await venue.product("SCOOP6")
        await venue.place("t1", scoop.bet("wins", *([1] for _ in range(6))), scoop.bet("placed", *([2] for _ in range(6))))
        await venue.wait(minutes=LAST_START + PAID)
        product = await venue.product("SCOOP6")
        by_fund = {
            node["dividend"]["name"]: Decimal(str(node["dividend"]["amount"]["decimalAmount"]))
            for node in product.facts["result"]["dividends"]["nodes"]
        }
        win, place = by_fund["Scoop6 win fund"], by_fund["Scoop6 place fund"]
        assert returns(await venue.bet("wins"))[1] == float(2 * win + 2 * place)
        assert returns(await venue.bet("placed"))[1] == float(2 * place)

    play(story)


def test_a_pool_shows_what_is_in_it_and_ours_with_it() -> None:
    async def story(venue: Venue) -> None:
        async def gross() -> Decimal:
            (amount,) = (await venue.product("TRIO")).facts["pool"]["total"]["grossAmounts"]
            return Decimal(str(amount["decimalAmount"]))

        trio = await venue.product("TRIO")
        before = await gross()
        await venue.place("t1", trio.bet("b1", [1, 2, 3], stake=stake("7.00")), at_once=True)
        assert await gross() == before + 7
        await venue.wait(minutes=5)
        assert await gross() > before + 7

    play(story)


PICKS = st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True)


async def _bet(venue: Venue, code: str, name: str, picks: list[int], line: str) -> None:
    product: Product = await venue.product(code)
    legs = [picks] * (len(product.legs) if len(product.legs) > 1 else {"EXACTA": 2, "TRIFECTA": 3}.get(code, 1))
    one = product.bet(name, *legs, stake=stake(None, line), positions=code in ("EXACTA", "TRIFECTA"))
    await venue.place(f"ticket {name}", one)


@law(20, share=8)
@given(
    seed=st.integers(0, 10_000),
    bets=st.lists(
        st.tuples(
            st.sampled_from(["WIN", "PLACE", "EXACTA", "TRIFECTA", "QUINELLA", "SWINGER", "TRIO", "DOUBLE", "TREBLE", "QUADPOT"]),
            PICKS, st.sampled_from(["0.50", "1.00", "2.50"]),
        ),
        min_size=1, max_size=6,
    ),
)  # fmt: skip
@pytest.mark.parametrize("out", [(), ("A1", "C1")])
def test_the_balance_is_what_the_bets_and_the_log_say(
    seed: int, bets: list[tuple[str, list[int], str]], out: tuple[str, ...]
) -> None:
    """Whatever is bet on whatever result: money that left is a stake, money that came is a return or a refund of a bet."""

    async def story(venue: Venue) -> None:
        for number, (code, picks, line) in enumerate(bets):
            await _bet(venue, code, f"b{number}", picks, line)
        await venue.wait(minutes=LAST_START + PAID)
        nodes = (await venue.ask("{ bets { totalStakes { decimalAmount } nodes { id } } }"))["bets"]["nodes"]
        told = [await venue.bet(node["id"]) for node in nodes]
        change = Decimal(0)
        for bet in told:
            total = bet["resulting"]["returns"]["totalAmount"]["decimalAmount"]
            staked = Decimal(str(bet["placement"]["stake"]["decimalAmount"]))
            if bet["placement"]["status"] in ("ACCEPTED", "CANCELLED"):
                assert bet["settlement"]["status"] in ("SETTLED", "REFUNDED")
                change += Decimal(str(total)) - staked
            else:
                assert total == 0
        assert await venue.balance() == 1000 + change
        assert sum(Decimal(line["profit"]) for line in venue.lines("settled")) == change

    withdrawn = tuple(NonRunner(name=name, moment=BEFORE) for name in out)
    play(story, meeting(race(1, result=(), non_runners=withdrawn), *(race(n, result=()) for n in range(2, 8))), seed=seed)
