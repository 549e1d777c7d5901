"""Pairs of logs that were kept are clean, and one edit of a clean pair is found, as what it is and as nothing else.

An edit of the journal is sealed again with the right digests, as if it had been written so: only the venue's log can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from planrunner.audit.audit import audit
from planrunner.audit.findings import Code
from planrunner.audit.limits import AccountLimits, Limits, SiteLimits
from tests.audit.runs import PAIRS, Json, Pair, golden

Edit = Callable[[Pair], Pair]


@pytest.mark.parametrize("name", PAIRS)
def test_a_kept_pair_is_clean_and_so_is_its_journal_alone(name: str) -> None:
    pair = golden(name)
    audited = pair.audited()
    assert audited.findings == ()
    assert (audited.runs, audited.notes) == (1, ())
    assert audited.bets == audited.placements > 0
    assert audit([pair.journal], None).findings == ()


# --- edits; `nth` counts from 0


def of_kind(lines: list[Json], *kinds: str) -> list[int]:
    return [place for place, line in enumerate(lines) if line.get("kind") in kinds]


def at_venue(kind: str, nth: int, change: Callable[[Json], Json | None]) -> Edit:
    """One fact of the venue is another one, or is not there."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, kind)[nth]
        changed = change(lines[place])
        return [*lines[:place], *([changed] if changed else []), *lines[place + 1 :]]

    return lambda pair: pair.venue_with(edit)


def in_journal(kind: str, nth: int, change: Callable[[Json], Json | None]) -> Edit:
    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, kind)[nth]
        changed = change(lines[place])
        return [*lines[:place], *([changed] if changed else []), *lines[place + 1 :]]

    return lambda pair: pair.journal_with(edit)


def gone(_: Json) -> None:
    return None


def again(pair: Pair) -> Pair:
    """The first bet came in a second time, under a number of its own, and lapsed."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, "bet")[0]
        first = lines[place]
        second = {**first, "bet": "399999999999"}
        lapse = {"n": 0, "at": first["at"], "kind": "lapse", "bet": second["bet"], "size": second["size"]}
        last = of_kind(lines, "cancel", "fill")[-1] + 1
        return [*lines[:last], second, lapse, *lines[last:]]

    return pair.venue_with(edit)


def request_again(pair: Pair) -> Pair:
    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, "request")[0]
        return [*lines[: place + 1], lines[place], *lines[place + 1 :]]

    return pair.venue_with(edit)


def placed_before_the_cancel(pair: Pair) -> Pair:
    """The reprice came in before what it replaces was taken back."""

    def edit(lines: list[Json]) -> list[Json]:
        cancel, bet = of_kind(lines, "cancel")[0], of_kind(lines, "bet")[1]
        without = [line for place, line in enumerate(lines) if place != cancel]
        return [*without[:bet], lines[cancel], *without[bet:]]

    return pair.venue_with(edit)


def never_taken_back(pair: Pair) -> Pair:
    """The last cancel was told, and the venue did nothing of the kind; and the market never closed."""

    def edit(lines: list[Json]) -> list[Json]:
        last = of_kind(lines, "cancel")[-1]
        return [line for place, line in enumerate(lines) if place != last and line.get("status") != "closed"]

    return pair.venue_with(edit)


def sent_again_later(pair: Pair) -> Pair:
    """The first intent once more, two minutes later: nothing proves that the first never left."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, "PlaceOrders")[0]
        first = lines[place]
        doubt = {"at": first["at"], "ref": first["body"]["placements"][0]["ref"], "text": "lost"}
        unknown = {**first, "kind": "OrderUnknown", "body": doubt, "request": None}
        second = {**first, "at": later(first["at"]), "body": {**first["body"], "attempt": 2}}
        answers = of_kind(lines, "OrderAccepted")[0]
        return [*lines[: place + 1], unknown, second, *lines[place + 1 : answers], *lines[answers:]]

    return pair.journal_with(edit)


def later(at: str) -> str:
    hours, minutes, rest = at.split(":", 2)
    return f"{hours}:{int(minutes) + 2:02}:{rest}"


def said_to_be(kind: str, **words: object) -> Edit:
    """The answer to the first placement was another one, and nothing was heard of it since."""

    def edit(lines: list[Json]) -> list[Json]:
        place = of_kind(lines, "OrderAccepted")[0]
        record = lines[place]
        of = {name: record["body"][name] for name in ("at", "ref")}
        since = [line for line in lines[place + 1 :] if line["kind"] not in ("OrderReported", "BetSettled")]
        return [*lines[:place], {**record, "kind": kind, "body": {**of, **words}}, *since]

    return lambda pair: pair.journal_with(edit)


def tampered(pair: Pair) -> Pair:
    """One figure of one record, its digest left as it was."""
    place = next(place for place, line in enumerate(pair.journal) if '"OrderReported"' in line)
    line = pair.journal[place].replace('"matched":"10.00"', '"matched":"1.00"')
    assert line != pair.journal[place]
    return replace(pair, journal=(*pair.journal[:place], line, *pair.journal[place + 1 :]))


def cut_out(pair: Pair) -> Pair:
    return replace(pair, journal=(*pair.journal[:3], *pair.journal[4:]))


def cut_short(pair: Pair) -> Pair:
    return replace(pair, journal=(*pair.journal[:-1], pair.journal[-1][:40]))


def no_fact(pair: Pair) -> Pair:
    return replace(
        pair, venue=(*pair.venue, '{"n": 1, "at": "2026-12-05T18:00:00.000Z", "kind": "fill", "bet": "1", "size": "NaN"}')
    )


def with_body(**changes: object) -> Callable[[Json], Json]:
    return lambda record: {**record, "body": {**record["body"], **changes}}


def with_sizes(**changes: str) -> Callable[[Json], Json]:
    return lambda record: with_body(sizes={**record["body"]["sizes"], **changes})(record)


def with_limit(**limits: str) -> Callable[[Json], Json]:
    """The plan as it began had another limit."""

    def change(record: Json) -> Json:
        program = record["body"]["program"]
        money = {name: {"amount": amount, "currency": "GBP"} for name, amount in limits.items()}
        return with_body(program={**program, "limits": {**program["limits"], **money}})(record)

    return change


EDITS: dict[str, tuple[str, Edit, set[Code]]] = {
    "a reference placed twice": ("cancelled", again, {Code.TWICE, Code.LIMIT, Code.UNTOLD}),
    "a request that came in twice": ("cancelled", request_again, {Code.SENT_AGAIN}),
    "a bet without an intent": (
        "chase", at_venue("bet", 3, lambda bet: {**bet, "ref": "nobodys"}), {Code.NO_INTENT, Code.UNFOUNDED},
    ),
    "a bet without a reference": (
        "cancelled", at_venue("bet", 0, lambda bet: {**bet, "ref": None}), {Code.NO_INTENT, Code.UNFOUNDED},
    ),
    "an intent taken out of the journal": ("cancelled", in_journal("PlaceOrders", 0, gone), {Code.NO_INTENT}),
    "an intent after its bet": (
        "cancelled", in_journal("PlaceOrders", 0, lambda record: {**record, "at": later(record["at"])}), {Code.LATE_INTENT},
    ),
    "another stake than intended": (
        "chase", at_venue("bet", 2, lambda bet: {**bet, "size": "10.50"}), {Code.NOT_AS_ASKED, Code.UNFOUNDED, Code.LIMIT},
    ),
    "other odds than intended": ("chase", at_venue("bet", 2, lambda bet: {**bet, "odds": "2.50"}), {Code.NOT_AS_ASKED}),
    "a hedge larger than what it hedges": (
        "hedge", at_venue("bet", 1, lambda bet: {**bet, "size": "90.00"}), {Code.NOT_AS_ASKED, Code.UNFOUNDED, Code.LIMIT},
    ),
    "another selection": ("chase", at_venue("bet", 2, lambda bet: {**bet, "selection": 1}), {Code.NOT_AS_ASKED}),
    "a bet that was said to be refused": ("cancelled", said_to_be("OrderRejected", reason="X", text="x"), {Code.REFUSED}),
    "a bet that was said never to have left": ("cancelled", said_to_be("OrderNotSent", attempt=1, text="x"), {Code.REFUSED}),
    "a bet of which only the doubt was written down": (
        "cancelled", said_to_be("OrderUnknown", text="x"), {Code.UNTOLD, Code.LEFT_OPEN},
    ),
    "a fill that the journal lost": ("hedge", in_journal("OrderReported", 0, gone), {Code.UNTOLD, Code.LEFT_OPEN}),
    "a fill at the venue that nobody was told": (
        "chase", at_venue("fill", 0, lambda fill: {**fill, "size": "12.00"}), {Code.UNTOLD, Code.SIZES},
    ),
    "a fill that never was": ("chase", at_venue("fill", 0, gone), {Code.UNFOUNDED}),
    "a cancel that never was": ("chase", never_taken_back, {Code.UNFOUNDED, Code.LEFT_OPEN}),
    "a market the limit was exceeded in, for a moment": ("chase", placed_before_the_cancel, {Code.LIMIT}),
    "a plan that had a lower limit": ("hedge", in_journal("RunStarted", 0, with_limit(max_loss="19.99")), {Code.LIMIT}),
    "a market that had a lower limit": (
        "per-market", in_journal("RunStarted", 0, with_limit(max_exposure_per_market="0.50")), {Code.LIMIT},
    ),
    "sizes in the journal that don't add up": (
        "cancelled", in_journal("OrderReported", -1, with_sizes(cancelled="99.00")), {Code.SIZES, Code.UNTOLD, Code.LEFT_OPEN},
    ),
    "sent again without proof": ("cancelled", sent_again_later, {Code.SENT_AGAIN}),
    "a run that is over, and its order is not": (
        "cancelled", in_journal("OrderReported", -1, gone), {Code.LEFT_OPEN, Code.UNTOLD},
    ),
    "another profit": ("chase", at_venue("settled", 0, lambda line: {**line, "profit": "-9.00"}), {Code.RESULT}),
    "another commission": ("hedge", at_venue("commission", 0, lambda line: {**line, "commission": "3.00"}), {Code.RESULT}),
    "a record that was changed": ("chase", tampered, {Code.CHANGED}),
    "a record that was taken away": ("chase", cut_out, {Code.CHANGED}),
    "a record that was cut off": ("chase", cut_short, {Code.UNREADABLE}),
    "a fact of no bet": ("chase", no_fact, {Code.UNREADABLE}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_is_found(name: str) -> None:
    pair, edit, codes = EDITS[name]
    findings = edit(golden(pair)).audited().findings
    print(*findings, sep="\n")
    assert {finding.code for finding in findings} == codes


def test_a_finding_says_what_each_side_says() -> None:
    [finding] = at_venue("bet", 2, lambda bet: {**bet, "odds": "2.50"})(golden("chase")).audited().findings
    assert str(finding).splitlines() == [
        "not-as-asked: bet 300000000003 is not what was written down under 5z7ayher32ohgfrldwqjmwcrb4aaop73",
        "    the journal says: back 10.00 at 2.58 on 14187255 in market 1.206954461, lapse",
        "    the venue says:   back 10.00 at 2.50 on 14187255 in market 1.206954461, lapse",
    ]
    assert (finding.run, finding.ref) == (run_of(golden("chase")), "5z7ayher32ohgfrldwqjmwcrb4aaop73")


def test_a_change_of_the_journal_that_was_not_sealed_is_told_once() -> None:
    [finding] = tampered(golden("chase")).audited().findings
    assert finding.text == "record 8 of the journal was changed, or one before it was taken away or put in"


# --- limits of accounts and site; the four races of an afternoon hold 10.00 each, one after the other


def account(**limits: Decimal | int) -> Limits:
    return Limits(accounts={"betfair": AccountLimits(currency="GBP", **limits)})  # type: ignore[arg-type]


def site(**limits: Decimal) -> Limits:
    return Limits(site={"GBP": SiteLimits(**limits)})


TEN = Decimal("10.00")
LESS = Decimal("9.99")


@pytest.mark.parametrize(
    ("pair", "just", "too_tight"),
    [
        ("chase", account(max_open_exposure=Decimal(20)), account(max_open_exposure=Decimal("19.99"))),
        ("chase", site(max_open_exposure=Decimal(20)), site(max_open_exposure=Decimal("19.99"))),
        ("per-market", account(max_exposure_per_market=TEN), account(max_exposure_per_market=LESS)),
        ("per-market", site(max_exposure_per_market=TEN), site(max_exposure_per_market=LESS)),
        ("cancelled", account(max_stake_per_order=TEN), account(max_stake_per_order=LESS)),
        ("cancelled", site(max_stake_per_order=TEN), site(max_stake_per_order=LESS)),
        ("per-market", account(max_loss_per_day=Decimal(40)), account(max_loss_per_day=TEN)),
        ("reply-lost", account(max_orders_per_minute=2), account(max_orders_per_minute=1)),
    ],
)
def test_limits_of_accounts_and_site_are_looked_at_to_the_penny(pair: str, just: Limits, too_tight: Limits) -> None:
    assert golden(pair).audited(just).findings == ()
    assert {finding.code for finding in golden(pair).audited(too_tight).findings} == {Code.LIMIT}


# --- which runs


def run_of(pair: Pair) -> str:
    found = json.loads(pair.journal[0])["run"]["run"]
    assert isinstance(found, str)
    return found


def test_a_run_that_goes_on_may_be_behind_the_venue_and_never_ahead_of_it() -> None:
    """Every beginning of a journal, as a process that was killed leaves it."""
    pair = golden("chase")
    head = json.loads(pair.journal[0])
    going = json.dumps({**head, "run": {**head["run"], "state": "running"}})
    intents = [place for place, line in enumerate(pair.journal) if '"kind":"PlaceOrders"' in line]
    for length in range(intents[-1], len(pair.journal)):
        beginning = replace(pair, journal=(going, *pair.journal[1 : length + 1]))
        assert beginning.audited().findings == ()
    without_the_last = replace(pair, journal=(going, *pair.journal[1 : intents[-1]]))
    assert {finding.code for finding in without_the_last.audited().findings} == {Code.NO_INTENT}


def test_only_what_was_asked_for_is_told_and_the_others_still_explain_bets() -> None:
    one, two = golden("chase"), tampered(golden("chase"))
    assert audit([one.journal, two.journal], one.venue, only={"another"}).findings == ()
    assert audit([two.journal], one.venue, only={run_of(one)}).findings != ()


def test_a_log_that_begins_after_the_orders_is_no_witness() -> None:
    pair = golden("cancelled")
    beginning = json.dumps({"n": 1, "at": "2026-12-06T00:00:00.000Z", "kind": "world", "scenario": "x", "seed": 1})
    audited = audit([pair.journal], [beginning])
    assert audited.findings == ()
    assert "the log can't bear it out" in audited.notes[0]


def test_a_sandbox_that_was_reset_holds_nothing_of_before() -> None:
    """It counts its bets from the same number again, and what was open before is not any more."""
    first, second = golden("chase"), golden("cancelled")
    until_open = next(place for place, line in enumerate(first.venue) if '"kind": "cancel"' in line)
    head = json.loads(first.journal[0])
    answered = next(place for place, line in enumerate(first.journal) if '"kind":"OrderAccepted"' in line)
    begun = [json.dumps({**head, "run": {**head["run"], "state": "running"}}), *first.journal[1 : answered + 1]]
    both = audit([begun, second.journal], [*first.venue[:until_open], *second.venue], account(max_open_exposure=Decimal(20)))
    assert both.findings == ()
    assert (both.runs, both.bets) == (2, 2)
