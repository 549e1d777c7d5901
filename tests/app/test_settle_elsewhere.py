"""Runs at the Tote and at the router are settled as those at Betfair: paid, told, and summed in their own currencies."""

from __future__ import annotations

from tests.app.test_venues import Venues, desk, slot

__all__ = ["desk", "slot"]  # the fixtures


def test_tickets_and_routed_orders_are_followed_to_what_they_brought(desk: Venues) -> None:
    assert desk.end(desk.go(desk.ticket())).code == 0
    desk.kill(desk.resting())
    assert desk.verb("stop", "--account", "oddspapi_abp", "--because", "enough").code == 0
    assert desk.verb("release", "--account", "oddspapi_abp", "--because", "well").code == 0
    open_before = {row["account"]: row["open_bets"] for row in desk.verb("pnl", "--by", "account", "--json").json["rows"]}
    assert open_before == {"oddspapi_abp": 1, "tote": 2}
    desk.advance(6 * 3600)
    told = desk.verb("settle", "--json")
    assert told.code == 0, told
    learned = {one["account"]: each for one in told.json["accounts"] for each in one["learned"]}
    assert {name: (one["is_settled"], one["profit"], one["commission"]) for name, one in learned.items()} == {
        "oddspapi_abp": (True, "-30.00 USD", "0.00 USD"),
        "tote": (True, "-4.00 GBP", "0.00 GBP"),
    }
    assert [one["state"] for one in desk.verb("runs", "--json").json["runs"]] == ["settled", "settled"]
    totals = {one["currency"]: one["net"] for one in desk.verb("pnl", "--json").json["totals"]}
    assert totals == {"GBP": "-4.00", "USD": "-30.00"}
    desk.audited()
    again = desk.verb("settle", "--json")
    assert [one["learned"] for one in again.json["accounts"]] == [[], []], "the same again is not written down again"
