"""All bets of an account, as reconciling needs them: none left out, none twice, and each where it is now."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from planrunner.model.events import Outcome
from planrunner.model.odds import Side
from planrunner.venues.betfair import account_bets
from planrunner.venues.exact_json import Unreadable
from tests.venues.betfair.test_holdings import AT, STATES, current
from tests.venues.contract import BEGIN, RESTS, TAKES, Session, VenueUnderTest
from tests.venues.test_contract import play, sizes, venue

__all__ = ["venue"]  # the fixture


def test_all_bets_of_the_account_also_after_they_were_settled(venue: VenueUnderTest) -> None:
    async def card(session: Session) -> None:
        await session.place(session.placement("rests", RESTS, "10.00", "4.00"), session.placement("done", TAKES, "5.00", "3.00"))
        venue.clock.move(venue.decides_after)
        bets = {venue.named(bet.ref): bet for bet in await session.venue.bets(BEGIN) if bet.ref}
        pooled = bool(venue.profile.pools)
        assert {name: bet.sizes for name, bet in bets.items()} == {
            "rests": sizes("10.00", **({"matched": "10.00"} if pooled else {})),
            "done": sizes("5.00", matched="5.00"),
        }
        rests = bets["rests"]
        assert rests.market == session.pool
        if not pooled:
            assert (rests.side, rests.odds, rests.selection) == (Side.BACK, 4, session.selection(RESTS).id)
        assert {bet.settled for bet in bets.values()} == {None}
        if not pooled and not venue.profile.routes:
            assert await session.venue.commissions([session.pool]) == {}, "not told yet"
        venue.clock.move(4 * 3600)
        settled = {venue.named(bet.ref): bet for bet in await session.venue.bets(BEGIN) if bet.ref}
        assert {name: bet.sizes for name, bet in settled.items()} == {
            "rests": sizes("10.00", **({"matched": "10.00"} if pooled else {"matched": "4.00", "lapsed": "6.00"})),
            "done": sizes("5.00", matched="5.00"),
        }
        assert {name: bet.settled.profit for name, bet in settled.items() if bet.settled} == venue.profits()
        assert {name: bet.settled.outcome for name, bet in settled.items() if bet.settled} == {
            "rests": Outcome.LOST, "done": Outcome.WON
        }  # fmt: skip
        charges = not pooled and not venue.profile.routes
        assert await session.venue.commissions([session.pool]) == {session.pool: Decimal("0.30") if charges else 0}
        if not pooled:
            assert await session.venue.bets(venue.clock.now() + timedelta(hours=1)) == (), "cleared before that"

    play(venue, card)


def test_a_bet_placed_by_hand_is_listed_without_a_reference_and_one_that_can_not_be_read_is_not_left_out() -> None:
    row: dict[str, Any] = current(*STATES["part filled"])
    by_hand = {name: value for name, value in row.items() if name != "customerOrderRef"} | {"betId": "9"}
    at_the_start = by_hand | {"orderType": "MARKET_ON_CLOSE", "betId": "8", "priceSize": None}
    first, second, third = account_bets.bets([row, by_hand, at_the_start], {}, AT)
    assert [bet.ref for bet in (first, second, third)] == ["o-000001", None, None]
    assert first.sizes == second.sizes == third.sizes
    for broken in ({"side": "BOTH"}, {"sizeRemaining": 99}, {"betId": None}):
        with pytest.raises((Unreadable, ValueError)):
            account_bets.bets([by_hand, row | broken], {}, AT)
