"""Tickets, a router's orders and moved remainders: pairs that were kept are clean, and one edit of a clean pair is found.

As in `test_breaches`, an edit of the journal is sealed again as if it had been written so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from planrunner.audit.audit import audit
from planrunner.audit.findings import Code
from planrunner.audit.limits import AccountLimits, Limits
from planrunner.sandbox.faults import Fault, Trouble
from tests.audit.elsewhere import ELSEWHERE, moved, routed, ticket
from tests.audit.runs import Json, Pair, golden
from tests.audit.test_breaches import Edit, at_venue, gone, in_journal, later, of_kind, with_body
from tests.audit.test_stops import at_of, stop

BETS = {"ticket": 3, "routed": 1, "moved": 2}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_kept_pair_is_clean_and_so_is_its_journal_alone(name: str) -> None:
    pair = golden(name)
    audited = pair.audited()
    assert audited.findings == ()
    assert (audited.bets, audited.placements, audited.notes) == (BETS[name], BETS[name], ())
    assert audit([pair.journal], None).findings == ()


# --- edits


def placed(change: Callable[[Json], Json], nth: int = 0) -> Edit:
    """One bet of the ticket was another one when it was written down."""

    def edit(record: Json) -> Json:
        bets = record["body"]["placements"]
        return with_body(placements=[change(bet) if place == nth else bet for place, bet in enumerate(bets)])(record)

    return in_journal("PlaceTicket", 0, edit)


def on_another(bet: Json) -> Json:
    """The first runner of a race."""
    leg, *legs = bet["legs"]
    first, *picks = leg["picks"]
    return {**bet, "legs": [{**leg, "picks": [{**first, "number": 9}, *picks]}, *legs]}


def after(kind: str, *new: Json, nth: int = 0) -> Edit:
    """The venue did something more."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, kind)[nth]
        return [*lines[: place + 1], *({**lines[place], **fact} for fact in new), *lines[place + 1 :]]

    return lambda pair: pair.venue_with(edit)


def in_plan(**changes: Any) -> Edit:
    """Its first pool bet was another one in the plan."""

    def edit(record: Json) -> Json:
        program = record["body"]["program"]
        first, *others = program["pool_bets"]
        return with_body(program={**program, "pool_bets": [{**first, **changes}, *others]})(record)

    return in_journal("RunStarted", 0, edit)


def other_ticket_again(pair: Pair) -> Pair:
    """Once more under the ticket's reference, with a bet less, before anything was answered."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, "PlaceTicket")[0]
        first = lines[place]
        fewer = {**first, "body": {**first["body"], "attempt": 2, "placements": first["body"]["placements"][:1]}}
        return [*lines[: place + 1], fewer, *lines[place + 1 :]]

    return pair.journal_with(edit)


def last_report(change: Callable[[Json], Json | None], *, of: str = "fills") -> Edit:
    """What was told last of a bet with fills."""

    def edit(lines: list[Json]) -> list[Json]:
        place = [place for place, line in enumerate(lines) if of in line.get("body", {})][-1]
        changed = change(lines[place])
        return [*lines[:place], *([changed] if changed else []), *lines[place + 1 :]]

    return lambda pair: pair.journal_with(edit)


def first_fill(**changes: Any) -> Callable[[Json], Json]:
    def change(record: Json) -> Json:
        first, *others = record["body"]["fills"]
        return with_body(fills=[{**first, **changes}, *others])(record)

    return change


def taken_back_too_late(pair: Pair) -> Pair:
    """The exchange took the remainder back only when it was at the router already."""

    def edit(lines: list[Json]) -> list[Json]:
        cancel, bet = of_kind(lines, "cancel")[0], of_kind(lines, "bet")[1]
        without = [line for place, line in enumerate(lines) if place != cancel]
        return [*without[:bet], lines[cancel], *without[bet:]]

    return pair.venue_with(edit)


def moved_before_it_was_known(pair: Pair) -> Pair:
    """The journal moved the remainder before it knew that it had been taken back."""

    def edit(lines: list[Json]) -> list[Json]:
        moving = of_kind(lines, "PlaceOrders")[1]
        told = [place for place in of_kind(lines[:moving], "OrderReported") if lines[place]["body"]["sizes"]["cancelled"] != "0"]
        reports = [lines[place] for place in told]
        rest = [line for place, line in enumerate(lines) if place not in told]
        moving = of_kind(rest, "PlaceOrders")[1]
        return [*rest[: moving + 1], *reports, *rest[moving + 1 :]]

    return pair.journal_with(edit)


def with_stake(amount: str) -> Edit:
    """The plan asked for less than came of it."""

    def edit(record: Json) -> Json:
        program = record["body"]["program"]
        first, *others = program["orders"]
        order = {**first["order"], "stake": {"amount": amount, "currency": "GBP"}}
        return with_body(program={**program, "orders": [{**first, "order": order}, *others]})(record)

    return in_journal("RunStarted", 0, edit)


EDITS: dict[str, tuple[str, Edit, set[Code]]] = {
    # tickets
    "a ticket that nobody wrote down": ("ticket", in_journal("PlaceTicket", 0, gone), {Code.NO_INTENT}),
    "a ticket written down after it came": (
        "ticket", in_journal("PlaceTicket", 0, lambda record: {**record, "at": later(record["at"])}), {Code.LATE_INTENT},
    ),
    "a bet of a ticket that came twice": ("ticket", after("bet", {"bet": "b" * 32, "size": "0.00"}), {Code.TWICE, Code.UNTOLD}),
    "a ticket that came in twice": ("ticket", after("request", {}), {Code.SENT_AGAIN}),
    "another ticket under a ticket's reference": ("ticket", other_ticket_again, {Code.SENT_AGAIN}),
    "a bet with another ticket": (
        "ticket", at_venue("bet", 0, lambda bet: {**bet, "ticket": "another"}), {Code.NOT_AS_ASKED},
    ),
    "a bet on other runners": ("ticket", at_venue("bet", 0, lambda bet: {**bet, "picks": [[4, 6, 9]] * 2}), {Code.NOT_AS_ASKED}),
    "a bet with other reserves": (
        "ticket", at_venue("bet", 2, lambda bet: {**bet, "reserves": [[8], *bet["reserves"][1:]]}), {Code.NOT_AS_ASKED},
    ),
    "a bet of fewer lines": ("ticket", at_venue("bet", 0, lambda bet: {**bet, "lines": 3}), {Code.NOT_AS_ASKED}),
    "a bet in another pool": ("ticket", at_venue("bet", 0, lambda bet: {**bet, "market": "another"}), {Code.NOT_AS_ASKED}),
    "a bet in other money": ("ticket", at_venue("bet", 0, lambda bet: {**bet, "currency": "EUR"}), {Code.NOT_AS_ASKED}),
    "a bet that costs more": (
        "ticket", at_venue("bet", 0, lambda bet: {**bet, "size": "60.00"}),
        {Code.NOT_AS_ASKED, Code.UNFOUNDED, Code.LIMIT},
    ),
    "a stake that was rounded down, and nobody was told": (
        "ticket", at_venue("bet", 0, lambda bet: {**bet, "size": "5.40"}), {Code.SIZES, Code.UNTOLD},
    ),
    "lines that don't cost what the bet costs": (
        "ticket", placed(lambda bet: {**bet, "lines": 5}), {Code.SIZES, Code.NOT_AS_ASKED},
    ),
    "other runners than the plan's": ("ticket", placed(on_another), {Code.NOT_AS_ASKED}),
    "a bet that the plan has not": ("ticket", in_plan(path="tickets.bath/9"), {Code.NOT_AS_ASKED}),
    "a bet that the plan has in another pool": ("ticket", in_plan(market="another"), {Code.NOT_AS_ASKED}),
    "a bet that the plan has with fewer lines": ("ticket", in_plan(legs=[]), {Code.NOT_AS_ASKED, Code.LIMIT}),
    "a refusal that the journal lost": ("ticket", in_journal("OrderRejected", 0, gone), {Code.UNTOLD, Code.LEFT_OPEN}),
    "a yes that the journal lost": ("ticket", in_journal("OrderReported", -1, gone), {Code.UNTOLD, Code.LEFT_OPEN}),
    "a bet that was taken, and refused in the journal": (
        "ticket", at_venue("lapse", 0, lambda line: {**line, "kind": "fill"}), {Code.REFUSED},
    ),
    "a bet that was taken back": ("ticket", at_venue("settled", -1, lambda line: {**line, "kind": "void", "size": "2.40"}),
                                  {Code.UNTOLD, Code.RESULT}),
    "a refund that never was": ("ticket", at_venue("void", 0, gone), {Code.UNFOUNDED}),
    "a refund that the journal lost": (
        "ticket", in_journal("BetSettled", 0, lambda record: with_body(refunded="0")(record)), {Code.UNTOLD},
    ),
    "a pool that paid otherwise": ("ticket", at_venue("settled", 0, lambda line: {**line, "profit": "9.00"}), {Code.RESULT}),
    # a router
    "an order at the router twice": (
        "routed", after("bet", {"bet": "9002", "size": "0.00"}), {Code.TWICE, Code.NOT_AS_ASKED, Code.UNTOLD},
    ),
    "an order on another player": ("routed", at_venue("bet", 0, lambda bet: {**bet, "player": 7}), {Code.NOT_AS_ASKED}),
    "an order on another fixture": ("routed", at_venue("bet", 0, lambda bet: {**bet, "market": "id1"}), {Code.NOT_AS_ASKED}),
    "an order in other money": ("routed", at_venue("bet", 0, lambda bet: {**bet, "currency": "USD"}), {Code.NOT_AS_ASKED}),
    "a fill that the journal does not know": (
        "routed", last_report(lambda record: with_body(fills=record["body"]["fills"][:-1])(record)), {Code.SIZES, Code.UNTOLD},
    ),
    "fills of which nothing is in the journal": ("routed", last_report(gone), {Code.UNTOLD, Code.LEFT_OPEN}),
    "a fill that never was": ("routed", at_venue("fill", 1, gone), {Code.UNFOUNDED, Code.LEFT_OPEN}),
    "a fill at another bookmaker": ("routed", last_report(first_fill(bookmaker="another")), {Code.UNFOUNDED}),
    "a fill at other odds": ("routed", at_venue("fill", 0, lambda fill: {**fill, "odds": "1.90"}), {Code.UNFOUNDED}),
    "a fill of other money": ("routed", at_venue("fill", 0, lambda fill: {**fill, "paid": "41"}), {Code.UNFOUNDED}),
    "a fill that was told as refused": ("routed", last_report(first_fill(status="REJECTED")), {Code.SIZES, Code.UNTOLD}),
    "fills that are not the sum that is told": ("routed", last_report(first_fill(size="30.00")), {Code.SIZES, Code.UNFOUNDED}),
    "a fill told twice by the venue": ("routed", after("fill", {}), {Code.UNREADABLE}),
    "a fill after the end": ("routed", after("lapse", {
        "kind": "fill", "id": "5599", "odds": "2.00", "size": "5.00", "paid": "5.00", "currency": "GBP", "at_bookmaker": "x",
    }), {Code.SIZES, Code.UNTOLD}),
    "a fill instead of a part of the end": ("routed", after("fill", {"id": "5599", "size": "20.00"}, nth=-1),
                                            {Code.SIZES, Code.UNTOLD}),
    "another profit at the router": ("routed", at_venue("settled", 0, lambda line: {**line, "profit": "74.00"}), {Code.RESULT}),
    # a remainder that was moved
    "what is left is at both venues, for a moment": ("moved", taken_back_too_late, {Code.LIMIT}),
    "moved before it was certain": ("moved", moved_before_it_was_known, {Code.LIMIT}),
    "more than the order's stake, with what took it over": ("moved", with_stake("99.99"), {Code.LIMIT}),
    "a fill at the exchange, after the remainder was moved": (
        "moved", after("bet", {"kind": "fill", "bet": "300000000001", "odds": "3.00", "size": "1.00"}, nth=1),
        {Code.SIZES, Code.UNTOLD},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_is_found(name: str) -> None:
    pair, edit, codes = EDITS[name]
    findings = edit(golden(pair)).audited().findings
    print(*findings, sep="\n")
    assert {finding.code for finding in findings} == codes


def test_a_stake_that_was_rounded_down_and_told_so_is_clean() -> None:
    """What the pool did not take of 6.00 is told as lapsed by the journal, and by the venue not at all."""
    pair = at_venue("bet", 0, lambda bet: {**bet, "size": "5.40"})(golden("ticket"))
    bet = next(line["bet"] for line in map(json.loads, pair.venue) if line["kind"] == "bet")
    pair = pair.venue_with(lambda lines: [
        {**line, "size": "5.40"} if line["kind"] == "fill" and line["bet"] == bet else line for line in lines
    ])  # fmt: skip

    def told(record: Json) -> Json:
        if record.get("kind") != "OrderReported" or record["body"]["bet"] != bet:
            return record
        return with_body(sizes={**record["body"]["sizes"], "matched": "5.40", "lapsed": "0.60"})(record)

    assert pair.journal_with(lambda lines: [told(line) for line in lines]).audited().findings == ()


def test_a_finding_says_what_each_side_says_of_a_ticket() -> None:
    [finding] = at_venue("bet", 0, lambda bet: {**bet, "picks": [[4, 6, 9]] * 2})(golden("ticket")).audited().findings
    lines = str(finding).splitlines()
    assert "6.00 GBP for 6 lines on 3, 4, 6 / 3, 4, 6, ticket " in lines[1]
    assert "6.00 GBP for 6 lines on 4, 6, 9 / 4, 6, 9, ticket " in lines[2]


def test_a_finding_names_the_order_whose_stake_was_exceeded() -> None:
    texts = [finding.text for finding in taken_back_too_late(golden("moved")).audited().findings]
    assert "the stake of orders.arsenal was exceeded when bet 9001 came, at 2026-12-05 00:49:30.000 UTC" in texts


def test_a_ticket_under_a_stop_is_found_bet_by_bet() -> None:
    pair = golden("ticket").journal_with(lambda lines: [{**lines[0], "run": {**lines[0]["run"], "mode": "sandbox"}}, *lines[1:]])
    at = at_of(pair, "PlaceTicket").replace(hour=0)
    told = audit([pair.journal], pair.venue, stops=[stop(at, scope="account", name="tote")]).findings
    assert [one.code for one in told] == [Code.DESPITE_STOP] * 3


def tote(**limits: Decimal | int) -> Limits:
    return Limits(accounts={"tote": AccountLimits(currency="GBP", **limits)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("just", "too_tight"),
    [
        (tote(max_open_exposure=Decimal("13.40")), tote(max_open_exposure=Decimal("13.39"))),
        (tote(max_exposure_per_market=Decimal(6)), tote(max_exposure_per_market=Decimal("5.99"))),
        (tote(max_stake_per_order=Decimal(6)), tote(max_stake_per_order=Decimal("5.99"))),
        (tote(max_orders_per_minute=3), tote(max_orders_per_minute=2)),
    ],
)
def test_a_pool_bet_counts_with_what_it_costs(just: Limits, too_tight: Limits) -> None:
    assert golden("ticket").audited(just).findings == ()
    assert {finding.code for finding in golden("ticket").audited(too_tight).findings} == {Code.LIMIT}


# --- troubles: whatever happens there, the two tell the same story

AT_THE_TOTE = [
    Fault(call="bet", trouble=Trouble.STAKE_ROUNDED_DOWN),
    Fault(call="bet", trouble=Trouble.BET_VOIDED, seconds=30),
    Fault(call="placeBetsAsync", trouble=Trouble.REPLY_LOST_AFTER_LANDING),
]
# As any other row of the fault tables, each of which `tests/faults` audits too.
MORE_AT_THE_TOTE = [
    Fault(call="bet", trouble=Trouble.NEVER_DECIDED),
    Fault(call="placeBetsAsync", trouble=Trouble.UNAUTHORIZED),
]
AT_THE_ROUTER = [
    Fault(call="place-orders", trouble=Trouble.REPLY_LOST_AFTER_LANDING),
    Fault(call="bookmaker:pinnacle", trouble=Trouble.BET_CONFIRMED_LATE, seconds=35),
    Fault(call="bookmaker:sharpbet", trouble=Trouble.BET_REJECTED),
]


@pytest.mark.parametrize(
    "fault",
    [*AT_THE_TOTE, *(pytest.param(one, marks=pytest.mark.storm) for one in MORE_AT_THE_TOTE)],
    ids=lambda fault: fault.trouble.value,
)
def test_a_ticket_in_trouble_is_clean(fault: Fault, tmp_path: Path) -> None:
    audited = ticket(tmp_path, fault).audited()
    assert audited.findings == (), "\n".join(map(str, audited.findings))
    assert audited.bets == 3


@pytest.mark.parametrize("fault", AT_THE_ROUTER, ids=lambda fault: fault.trouble.value)
@pytest.mark.parametrize("run", [routed, moved])
def test_a_routed_order_in_trouble_is_clean(run: Callable[..., Pair], fault: Fault, tmp_path: Path) -> None:
    audited = run(tmp_path, fault).audited()
    assert audited.findings == (), "\n".join(map(str, audited.findings))
