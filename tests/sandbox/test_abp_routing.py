"""The router's rules: the sheet's worked cases, and what holds of every order whatever the bookmakers offer."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planrunner.matching.routing import Filled, Mode, Offer, Part, Wanted, is_dust, mode_of, most_at, next_parts


def wanted(price: str = "2.00", stake: str = "1000", mode: Mode = Mode.REPEAT, **terms: bool) -> Wanted:
    return Wanted(price=Decimal(price), stake=Decimal(stake), mode=mode, **terms)


def offer(price: str, most: str, book: str = "pinnacle", least: str = "1", **terms: object) -> Offer:
    return Offer(book=book, price=Decimal(price), most=Decimal(most), least=Decimal(least), **terms)  # type: ignore[arg-type]


def bet(price: str, stake: str, book: str = "pinnacle") -> Part:
    return Part(book=book, price=Decimal(price), placed=Decimal(stake), stake=Fraction(stake))


def test_the_mode_follows_from_the_books_and_from_whether_part_of_it_is_welcome() -> None:
    assert [mode_of(n, partial=p) for n, p in ((1, False), (1, True), (3, False), (3, True))] == [1, 2, 3, 4]


def test_the_mean_pays_for_worse_odds_later() -> None:
    """1000 at 2.00: 400 at 2.10 are there, then 1.95."""
    order = wanted()
    (first,) = next_parts(order, Filled(), [offer("2.10", "400")])
    assert (first.placed, first.price) == (400, Decimal("2.10"))
    filled = Filled().add(first)
    assert filled.returns == 840
    assert most_at(order, filled, Decimal("1.95")) == 800
    (second,) = next_parts(order, filled, [offer("1.95", "5000")])
    assert second.placed == 600
    assert filled.add(second).mean == Fraction("2.01")


def test_the_mean_is_reached_exactly_and_the_rest_waits() -> None:
    filled = Filled().add(bet("2.10", "400"))
    (second,) = next_parts(wanted(), filled, [offer("1.80", "5000")])
    assert second.placed == 200
    assert filled.add(second).mean == 2
    assert next_parts(wanted(), filled.add(second), [offer("1.80", "5000")]) == ()


def test_the_next_bet_of_the_sample_frames() -> None:
    order = wanted("2.04", "600", Mode.SWEEP)
    filled = Filled().add(bet("2.07", "400"))
    assert most_at(order, filled, Decimal("2.00")) == 300
    (second,) = next_parts(order, filled, [offer("2.00", "1000", "sharpbet")])
    assert second.placed == 200
    assert round(float(filled.add(second).mean or 0), 4) == 2.0467


def test_no_order_opens_with_a_worse_bet() -> None:
    for mode in Mode:
        assert next_parts(wanted(mode=mode), Filled(), [offer("1.99", "5000"), offer("1.98", "5000", "vertex")]) == ()


def test_all_or_nothing_is_one_bet_for_the_whole() -> None:
    order = wanted(mode=Mode.WHOLE)
    assert next_parts(order, Filled(), [offer("2.10", "999.99")]) == ()
    assert [part.placed for part in next_parts(order, Filled(), [offer("2.10", "1000")])] == [1000]


def test_a_sweep_takes_the_best_first_and_then_the_next() -> None:
    offers = [offer("2.02", "300", "vertex"), offer("2.05", "400"), offer("2.05", "500", "sharpbet")]
    order, filled, route = wanted(mode=Mode.SWEEP), Filled(), []
    while parts := next_parts(order, filled, [one for one in offers if one.book not in filled.books]):
        (part,) = parts
        filled = filled.add(part)
        route.append((part.book, part.placed))
    assert route == [("pinnacle", 400), ("sharpbet", 500), ("vertex", 100)]


def test_in_parallel_each_book_has_one_bet_and_the_stake_is_covered_or_nothing_is_sent() -> None:
    order = wanted(mode=Mode.PARALLEL)
    one, other, worse = offer("2.05", "700"), offer("2.01", "600", "vertex"), offer("1.99", "600", "sharpbet")
    assert [(part.book, part.placed) for part in next_parts(order, Filled(), [other, worse, one])] == [
        ("pinnacle", 700),
        ("vertex", 300),
    ]
    assert next_parts(order, Filled(), [one, worse]) == ()


def test_an_account_that_does_not_split_has_one_bet_of_an_order() -> None:
    filled = Filled().add(bet("2.10", "400"))
    assert next_parts(wanted(), filled, [offer("2.10", "400", splits=False)]) == ()


def test_a_stake_is_rounded_down_to_a_coin_of_the_account() -> None:
    (part,) = next_parts(wanted(stake="10"), Filled(), [offer("2.10", "400", rate=Fraction("0.923"))])
    assert part.placed == Decimal("9.23")
    (part,) = next_parts(wanted(stake="10"), Filled(), [offer("2.10", "400", rate=Fraction(2, 3))])
    assert (part.placed, part.stake) == (Decimal("6.66"), Fraction("9.99"))
    assert is_dust(10 - part.stake, Fraction(2, 3))


def test_better_odds_only_where_they_are_welcome() -> None:
    order = wanted(better=False)
    assert next_parts(order, Filled(), [offer("2.10", "400")]) == ()
    assert [part.placed for part in next_parts(order, Filled(), [offer("2.00", "400")])] == [400]


def test_what_is_below_the_least_stake_waits() -> None:
    filled = Filled().add(bet("2.10", "996"))
    assert next_parts(wanted(), filled, [offer("2.10", "400", least="5")]) == ()


def test_a_lay_is_the_mirror() -> None:
    order = wanted(back=False)
    filled = Filled().add(bet("1.90", "400"))
    assert next_parts(order, Filled(), [offer("2.01", "400")]) == ()
    assert most_at(order, filled, Decimal("2.05")) == 800


PRICES = st.decimals("1.01", "12", places=2)
BOOKS = ("pinnacle", "sharpbet", "vertex", "betfair-ex")
OFFERS = st.lists(
    st.builds(
        Offer,
        book=st.sampled_from(BOOKS),
        price=PRICES,
        most=st.decimals("0", "800", places=2),
        least=st.sampled_from([Decimal("0.01"), Decimal(1), Decimal(5)]),
        rate=st.sampled_from([Fraction(1), Fraction("0.92"), Fraction("0.79"), Fraction("10.5"), Fraction(1, 3)]),
        splits=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda offer: offer.book,
)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("back", [True, False])
@settings(max_examples=40, deadline=None)
@given(price=PRICES, stake=st.decimals("0.01", "2000", places=2), shown=st.lists(OFFERS, max_size=8))
def test_whatever_is_offered_the_mean_the_limits_and_the_stake_hold(
    mode: Mode, back: bool, price: Decimal, stake: Decimal, shown: list[list[Offer]]
) -> None:
    order, filled, sent = Wanted(price=price, stake=stake, mode=mode, back=back), Filled(), 0
    for offers in shown:
        by_book = {offer.book: offer for offer in offers}
        for part in next_parts(order, filled, offers):
            shows = by_book[part.book]
            assert max(shows.least, Decimal("0.01")) <= part.placed <= shows.most
            assert part.stake == Fraction(part.placed) / shows.rate
            assert filled.stake or order.clears(part.price)
            assert mode in (Mode.REPEAT, Mode.SWEEP) or (order.clears(part.price) and part.book not in filled.books)
            assert shows.splits or part.book not in filled.books
            filled, sent = filled.add(part), sent + 1
            assert filled.mean is not None
            assert filled.mean >= Fraction(price) if back else filled.mean <= Fraction(price)
            assert filled.stake <= stake
    assert mode is not Mode.WHOLE or sent <= 1
