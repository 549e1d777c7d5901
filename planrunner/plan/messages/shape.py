"""PR2xx: words, amounts and lists that are not where or what they should be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

from planrunner.plan import mend, scalars
from planrunner.plan.messages.text import says_too_much
from planrunner.plan.nodes import Block, Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

_CLOCK = re.compile(r"[0-9]{1,2}([:.h][0-9]{2})?\s*[ap]\.?m\.?|[0-9]{1,2}:[0-9]{2}")
_NO_ODDS = frozenset({"sp", "bsp", "starting price", "market", "market price", "best", "best price", "best odds"})
# How the blocks of the schema are called when speaking of their keys.
BLOCKS = {
    "plan": "a plan",
    "limits": "`limits`",
    "when": "`when`",
    "order": "an order",
    "step": "a fallback step",
    "settings": "`settings`",
    "ticket": "a ticket",
    "bet": "a bet of a ticket",
    "leg": "a leg of a bet",
    "only_if": "`only_if`",
    "for_each_market": "`for_each_market`",
    "input": "an input",
    "site": "a site file",
    "account": "an account",
    "policy": "`policy`",
    "accounts": "`accounts`",
    "account_limits": "the `limits` of an account",
    "site_limits": "the `limits` of a site file",
    "approvers": "`approvers`",
    "approver": "an approver",
    "calendars": "`calendars`",
    "service": "`service`",
    "users": "`users`",
    "signals": "`signals`",
    "signal": "a signal",
    "notice": "an item of `notify`",
    "mail": "`mail`",
}


# What a block that is missing looks like at its smallest.
_WHOLE = {
    "limits": "limits:\n  max_loss: 25.00 GBP",
    "orders": "\n".join(
        [
            "orders:", "  - name: arsenal", "    venue: betfair", "    event: Arsenal v Chelsea", "    market: Match Odds",
            "    selection: Arsenal", "    side: back", "    odds: 3.10", "    stake: 10.00 GBP", "    expires_before_start: 1m",
        ]
    ),
}  # fmt: skip


_BETS = [
    "bets:", "  - pool: exacta", "    race: 3", "    runners: [4, 6, 10]", "    finish: any_order", "    unit_stake: 1.00 GBP",
]  # fmt: skip
_WHOLE["bets"] = "\n".join(_BETS)
_TICKET = ["tickets:", "  - name: bath", "    venue: tote", "    meeting: Bath", "    total_cost: 6.00 GBP"]
# What an item of a list looks like at its smallest.
_ITEMS = {
    "orders": _WHOLE["orders"], "fallback": "fallback:\n  - after: 2m\n    cancel: remainder", "bets": _WHOLE["bets"],
    "tickets": "\n".join([*_TICKET, *(f"    {line}" for line in _BETS)]), "legs": "legs:\n  - race: 1\n    runners: [3, 7]",
    "dates": "dates: [2026-12-05]", "when": "when:\n  every: weekday\n  at: 11:00\n  time_zone: Europe/London",
    "notify": "notify:\n  - email: desk@example.org", "on": "on: [not_as_planned, unknown_exposure]",
}  # fmt: skip
# Limits of an account that a plan has no word for.
_OF_AN_ACCOUNT = ("max_stake_per_order", "max_open_exposure", "max_loss_per_day", "max_orders_per_minute")


def unknown_key(key: Scalar, block: str, did_you_mean: str | None, elsewhere: str | None) -> Problem:
    if block == "limits" and key.text in _OF_AN_ACCOUNT:
        text = f"{quoted(key.text)} is a limit of an account, for all plans; it stands in planrunner.yaml, not in a plan."
        return problem("PR201", key.span, text)
    if block in ("ticket", "bet", "leg") and elsewhere == "order" and did_you_mean is None:
        return problem("PR201", key.span, f"{quoted(key.text)} is for orders; {_not_in_pools(key.text)}. Take it out.")
    text = f"{quoted(key.text)} is not a key of {BLOCKS[block]}."
    if elsewhere and did_you_mean is None:
        text = (
            f"{quoted(key.text)} belongs to {BLOCKS[elsewhere]}, not to {BLOCKS[block]}; is it indented as deep as it should be?"
        )
    return problem("PR201", key.span, text, did_you_mean=did_you_mean)


def _not_in_pools(key: str) -> str:
    if key.startswith("expires_"):
        return "a pool takes a bet or refuses it, so nothing is left that could end"
    if key == "only_if":
        return "a ticket is placed without a look at its pools"
    return "a bet in a pool has no odds and no side"


def trigger_in_words(key: Scalar, trigger: str, when: str, what: str) -> Problem:
    """`after 30s: cancel`"""
    text = f"{quoted(key.text)} is not a key of a fallback step; when it acts and what it does are two keys."
    when = mend.duration(when, trigger) or when
    action = {"cancel": "cancel: remainder", "green up": "hedge: green_up"}.get(what.lower()) or (
        f"reprice: {mend.reprice(what) or what}" if mend.reprice(what) or scalars.ticks(what) else f"alert: {what}"
    )
    return problem("PR201", key.span, text, fix=f"{trigger}: {when}\n{action}")


def missing(at: Span, key: str, block: str, example: str) -> Problem:
    fix = _WHOLE.get(key) or f"{key}: {example}"
    text = f"`{key}` is missing in {BLOCKS[block]}"
    text += ": `back` is a bet that it happens, `lay` one that it does not" if key == "side" else ""
    return problem("PR202", at, f"{text}.", fix=fix)


def not_yet(at: Span, what: str) -> Problem:
    text = f"{what} is part of planrunner's language, but this version does not support it yet."
    return problem("PR203", at, text)


def wants_value(at: Span, what: str, example: str, key: str | None, only: str | None) -> Problem:
    """`only` is the one item of the list that stands there."""
    if only is not None and key:
        return problem("PR204", at, f"{what} takes one value, written on its line.", fix=f"{key}: {only}")
    return problem("PR204", at, f"{what} takes one value, written on its line, such as {quoted(example)}.")


def several_in_brackets(value: Scalar, key: str, fix: str) -> Problem:
    text = f"{quoted(value.text)} is several values; `{key}` takes one, or a list in brackets."
    return problem("PR204", value.span, text, did_you_mean=fix)


def wants_list(at: Span, what: str, text: str | None) -> Problem:
    words = f"{what} is a list: each of its items begins with `- ` on a line below"
    if (text or "").strip().lower() in _NOTHING:
        return problem("PR204", at, f"{words}. Where there is nothing to list, take the line out.")
    example = _ITEMS.get(what.strip("`"))
    return problem("PR204", at, f"{words}{'; an example follows.' if example else '.'}", fix=example)


_NOTHING = frozenset({"none", "no", "nothing", "never", "-", "n/a", "false", "off"})


def wants_block(at: Span, what: str, keys: Iterable[str], *, value: str = "", more: int = 0) -> Problem:
    """`value` is what stands there; `more` items of the list are just as wrong."""
    some = ", ".join(f"`{key}`" for key in list(keys)[:3])
    also = f" (and {more} more item{'s' if more > 1 else ''} beside it)" if more else ""
    text = f"{what}{also} takes keys on lines below it, indented by two spaces ({some} ...)"
    if what == "`limits`" and scalars.money(value):
        return problem("PR204", at, f"{text}.", fix=f"limits:\n  max_loss: {value}")
    example = _ITEMS.get(what.removeprefix("an item of ").strip("`"))
    return problem("PR204", at, f"{text}{'; an example follows.' if example else '.'}", fix=example)


# Layout


def dash_too_few(first: Scalar, name: str, fix: str | None, also_on: Sequence[int]) -> Problem:
    what = "order" if name == "orders" else "step" if name == "fallback" else "item"
    text = f"`{name}` is a list: each {what} begins with `- `, and here it is missing in front of {quoted(first.text)}"
    text += f" (also on line{'s' if len(also_on) > 1 else ''} {', '.join(map(str, also_on))})" if also_on else ""
    text += "" if fix and "\n" not in fix else "; the lines below it are indented by two spaces more"
    return problem("PR222", first.span, f"{text}.", fix=fix)


def dash_too_many(first: Scalar, name: str, fix: str) -> Problem:
    text = f"`{name}` is no list; its keys stand on lines of their own without `- `."
    return problem("PR222", first.span, text, fix=fix)


def dash_on_every_line(key: Scalar, fix: str) -> Problem:
    text = f"the dash in front of {quoted(key.text)} begins a new item; only the first line of an item has one."
    return problem("PR222", key.span, text, fix=fix)


def too_far_left(block: Block, name: str, fix: str) -> Problem:
    first = next(iter(block.keys.values()))
    text = f"{quoted(first.text)} belongs to `{name}`; what belongs to a key is indented by two spaces more."
    return problem("PR223", first.span, text, fix=fix)


def too_far_right(key: Scalar, name: str, fix: str) -> Problem:
    text = f"{quoted(key.text)} is a key of the plan, but indented like this it belongs to `{name}`; take the spaces out."
    return problem("PR223", key.span, text, fix=fix)


def steps_too_far_left(first: Span, key: str, fix: str | None) -> Problem:
    text = f"{quoted(key)} is a key of a fallback step, and stands among the orders; indent steps deeper than `fallback`."
    return problem("PR223", first, text, fix=fix)


def without_fallback(first: Scalar, fix: str) -> Problem:
    text = f"{quoted(first.text)} belongs to a fallback step; steps stand in a list under `fallback`."
    return problem("PR223", first.span, text, fix=fix)


def empty_list(at: Span, what: str) -> Problem:
    return problem("PR113", at, f"{what} is empty; write at least one item.")


def unknown_word(value: Scalar, key: str, words: Iterable[str], did_you_mean: str | None) -> Problem:
    options = list(words)
    listed = f"it takes {', '.join(f'`{word}`' for word in options)}" if len(options) > 1 else f"it takes `{options[0]}` only"
    if key == "side" and options[:2] == ["back", "lay"] and did_you_mean is None:
        listed = "it takes `back` (a bet that it happens) or `lay` (a bet that it does not)"
    return problem("PR205", value.span, f"{quoted(value.text)} is not a word of `{key}`; {listed}.", did_you_mean=did_you_mean)


def not_percent(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a probability planrunner reads; write it with its sign, as 65%, above 0% and below 100%."
    return problem("PR206", value.span, text, did_you_mean=mend.share(value.text))


def not_odds(value: Scalar) -> Problem:
    text = value.text.strip()
    if text.isdigit() and 3 <= len(text) <= 4:
        both = f"{quoted(value.text)} could be American or decimal odds: write `+{text}` for the one, `{text}.0` for the other."
        return problem("PR206", value.span, both)
    if share := mend.odds_without_stake(text):
        some = Decimal(share.replace(",", "."))
        won = 1 + some if (some * 100) % 1 else f"{1 + some:.2f}"
        both = f"{quoted(value.text)} could be a probability or what is won for a stake of one: write "
        return problem("PR206", value.span, f"{both}`{(some * 100).normalize():f}%` for the one, `{won}` for the other.")
    if limit := mend.limit(text):
        return problem("PR206", value.span, says_too_much(value.text, limit))
    fix = mend.odds(value.text)
    if fix is not None:
        words = f"{quoted(value.text)} is not odds planrunner reads"
        exact = mend.exactly(value.text)
        words += f"; in decimal odds it is {exact}" if exact else ""
        return problem("PR206", value.span, f"{words}.", did_you_mean=fix)
    if text.lower().replace("_", " ") in _NO_ODDS:
        return problem("PR206", value.span, f"{quoted(value.text)} names no odds; write the worst you would take, as 3.10.")
    text = f"{quoted(value.text)} is not odds planrunner reads; write them as 3.10, +120, -110 or 65%, above 1.00 and below 100%."
    return problem("PR206", value.span, text)


def not_money(value: Scalar, currency: str | None) -> Problem:
    fix = mend.money(value.text, currency)
    plain = mend.typed(value.text)
    text = f"{quoted(value.text)} is not an amount of money planrunner reads"
    if special := _no_money(plain):
        text = f"{quoted(value.text)} {special}"
        fix = None
    elif plain.replace(".", "").replace(",", "").isdigit():
        text = f"{quoted(value.text)} has no currency"
        text += "" if fix else f"; write its three letters behind it, as {plain} GBP"
    elif plain.startswith(("-", "+")) and any(letter.isdigit() for letter in plain):
        text = f"{quoted(value.text)} has a sign, and an amount of money has none; write it as {mend.typed(plain.lstrip('-+'))}"
        fix = mend.typed(plain.lstrip("+")) if plain.startswith("+") and scalars.money(plain[1:]) else None
    elif plain.endswith("%"):
        text = f"{quoted(value.text)} is a share, not an amount of money; write it as 10.00 GBP"
    elif fix is None:
        text += "; write it as 10.00 GBP, without a sign or a thousands separator"
    return problem("PR207", value.span, f"{text}.", did_you_mean=fix)


# Keys that take a day and time, beside those that say how long.
_MOMENT_BESIDE = {"expires_": "expires_at", "place_": "place_at"}
_NEVER = frozenset({"never", "none", "no", "gtc", "good till cancelled", "forever", "off"})


def _no_money(plain: str) -> str | None:
    """What people write for a stake elsewhere, and no amount says."""
    if plain.startswith("="):
        return "is a spreadsheet's formula; write what it gives, as 10.00 GBP"
    if re.search(r"(?i)\b(each[ -]?way|e/?w)\b", plain):
        return "is two bets, one to win and one for a place; write an order for each, with its own market and stake"
    if re.search(r"(?i)^[0-9.,]*\s*(points?|pts?|units?)$", plain):
        return "is worth as much as you say elsewhere, and planrunner does not know it; write the amount, as 10.00 GBP"
    if found := re.fullmatch(r"([^0-9]{0,4}[1-9][0-9]{0,2})\.([0-9]{3})([^0-9]{0,5})", plain):
        whole = f"{found[1]}{found[2]}".strip()
        return f"has three decimals, and money has at most two; if its point marks thousands, write {whole}.00 and the currency"
    return None


def not_duration(value: Scalar, key: str = "") -> Problem:
    plain = mend.typed(value.text).lower()
    if plain.isdigit() and plain.strip("0"):
        choices = " or ".join(f"`{plain}{unit}`" for unit in "smh")
        return problem("PR208", value.span, f"{quoted(value.text)} has no unit; write {choices}.")
    fix = mend.duration(value.text, key)
    text = f"{quoted(value.text)} is not a duration planrunner reads"
    moment = next((name for start, name in _MOMENT_BESIDE.items() if key.startswith(start)), None)
    if moment and (at := mend.moment(value.text) or (plain if scalars.local_time(plain) else None)):
        text = f"{quoted(value.text)} is a day and time, and `{key}` takes how long; `{moment}: {at}` takes the other"
    elif _CLOCK.fullmatch(plain):
        text = f"{quoted(value.text)} looks like a time of day, and here goes how long; write 90s, 12m or 2h"
    elif plain in _NEVER and key.startswith("expires_"):
        text = f"{quoted(value.text)} would be an order without an end; write how long it may stay at most, as 90s, 2m, 1h or 3d"
    elif fix is None and plain[:1] in ("-", "+"):
        text = f"{quoted(value.text)} has a sign; write how long without one, in a key that counts the way you mean"
    elif fix is None:
        text += "; write it with one unit, as 90s, 2m, 1h or 3d"
    return problem("PR208", value.span, f"{text}.", did_you_mean=fix)


def too_long(value: Scalar) -> Problem:
    return problem("PR208", value.span, f"{quoted(value.text)} is longer than a year.")


_DAYS_FROM_NOW = frozenset({
    "tomorrow", "now", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun", "tonight", "this saturday", "next saturday", "next sunday", "weekend", "this weekend",
})  # fmt: skip


def _serial_day(text: str) -> str | None:
    """`46361`: days since the end of 1899, which a spreadsheet gives where a cell is not formatted as a date."""
    return (date(1899, 12, 30) + timedelta(days=int(text))).isoformat() if re.fullmatch("[45][0-9]{4}", text) else None


def not_date(value: Scalar) -> Problem:
    fix = mend.day_of(value.text)
    text = f"{quoted(value.text)} is not a date planrunner reads"
    if both := mend.days(value.text):
        text = f"{quoted(value.text)} could be two days; write the one you mean, {both[0]} or {both[1]}"
    elif serial := _serial_day(value.text):
        text = f"{quoted(value.text)} is how a spreadsheet counts days; it is {serial} in most of them. Write the date"
    elif value.text.lower() in _DAYS_FROM_NOW:
        text = f"{quoted(value.text)} is another day each time the plan is read; write the date, as 2026-12-05, or `today`"
    elif fix is None:
        text += "; write the year first, as 2026-12-05, or `today`"
    return problem("PR209", value.span, f"{text}.", did_you_mean=fix)


def not_day(value: Scalar) -> Problem:
    """Where `today` says nothing."""
    if both := mend.days(value.text):
        text = f"{quoted(value.text)} could be two days; write the one you mean, {both[0]} or {both[1]}."
        return problem("PR209", value.span, text)
    fix = mend.day_of(value.text)
    text = f"{quoted(value.text)} is not a day planrunner reads; write the year first, as 2026-12-05."
    return problem("PR209", value.span, text, did_you_mean=fix if fix != "today" else None)


def not_signal_name(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} can't name a signal; a name is small letters, digits and `_`, and begins with a letter."
    return problem("PR213", value.span, text, did_you_mean=mend.small_name(value.text))


def no_such_day(value: Scalar) -> Problem:
    return problem("PR209", value.span, f"{quoted(value.text)} is not in the calendar.")


def not_moment(value: Scalar) -> Problem:
    fix = mend.moment(value.text)
    plain = mend.typed(value.text).lower()
    text = f"{quoted(value.text)} is not a day and time planrunner reads"
    if _CLOCK.fullmatch(plain):
        text = f"{quoted(value.text)} has no day; write both, as 2026-12-05 {mend.clock(plain) or '14:29'}"
    elif mend.day(plain) or scalars.day(plain):
        text = f"{quoted(value.text)} has no time; write both, as {mend.day(plain) or plain} 14:29"
    elif fix is None:
        text += "; write both, as 2026-12-05 14:29"
    return problem("PR209", value.span, f"{text}.", did_you_mean=fix)


def not_time(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a time of day planrunner reads; write it on the 24-hour clock, as 13:05 or 09:30."
    return problem("PR209", value.span, text, did_you_mean=mend.clock(value.text))


def not_reprice(value: Scalar) -> Problem:
    fix = mend.reprice(value.text)
    text = f"{quoted(value.text)} is not a way to reprice; it takes `1 tick`, `2 ticks` and so on, `1%`, `best`, or `join_best`."
    return problem("PR210", value.span, text, did_you_mean=fix)


def not_times(value: Scalar) -> Problem:
    fix = mend.times(value.text)
    text = f"{quoted(value.text)} does not say how often; write it as `{fix or '5 times'}`."
    return problem("PR211", value.span, text, did_you_mean=fix)


def not_count(value: Scalar, key: str) -> Problem:
    text = f"{quoted(value.text)} is not a number `{key}` takes; write a whole number from 1 up."
    return problem("PR211", value.span, text, did_you_mean=mend.count(value.text))


def not_line(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a line; write a handicap with its sign, +3.5, and a total without, 2.5."
    return problem("PR212", value.span, text, did_you_mean=mend.line(value.text))


def not_name(value: Scalar, key: str) -> Problem:
    text = f"the text of `{key}` is {len(value.text)} characters long; at most 200 are read (1000 in `alert`)."
    return problem("PR213", value.span, text)


def not_value(value: Scalar, key: str) -> Problem:
    text = f"the value of `{key}` is {len(value.text)} characters long; at most 500 are read."
    return problem("PR213", value.span, text)


def not_order_name(value: Scalar) -> Problem:
    plain = "".join(letter for letter in value.text if letter not in "#/`").strip()[:60]
    text = f"{quoted(value.text)} can't name an order; names have at most 60 characters and no `#`, `/` or backtick."
    return problem("PR213", value.span, text, did_you_mean=plain or None)


def not_bookmaker(value: Scalar) -> Problem:
    text = (
        f"{quoted(value.text)} is not a bookmaker as the venue calls one; write it in small letters, as pinnacle or betfair-ex."
    )
    plain = "-".join(re.findall("[a-z0-9_.]+", value.text.lower()))[:40]
    return problem("PR213", value.span, text, did_you_mean=plain if re.match("[a-z0-9]", plain) else None)


def not_runners(value: Scalar, key: str) -> Problem:
    some = [word.strip() for word in re.split("[,;/&+]| and | ", value.text) if word.strip()]
    fix = f"[{', '.join(some)}]" if some and all(word.isdecimal() for word in some) else None
    text = f"`{key}` is a list: numbers in brackets, as [4, 6, 10], or names on lines of their own, each with a dash."
    return problem("PR204", value.span, text, did_you_mean=fix)


def not_id(value: Scalar, key: str) -> Problem:
    return problem("PR213", value.span, f"{quoted(value.text)} is not an id; `{key}` takes the venue's own, such as 1.234567890.")


def not_race(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a race; write its number, or the card's local time as 13:40."
    return problem("PR214", value.span, text, did_you_mean=mend.race(value.text))


def not_favourite(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a place among the favourites; write 1 for the favourite, 2 for the second, up to 99."
    return problem("PR211", value.span, text, did_you_mean=mend.place(value.text))


def not_country(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a country; write its two letters, as GB, IE or US."
    return problem("PR213", value.span, text, did_you_mean=mend.country(value.text))


def not_file(value: Scalar, key: str) -> Problem:
    text = f"{quoted(value.text)} can't name a file for `{key}`; it stands beside the plan or below, as lists/picks.csv."
    return problem("PR213", value.span, text, did_you_mean=mend.path(value.text))


def not_a_plan(at: Span, first: str, what: str, lines: Sequence[str] = ()) -> Problem:
    head = next((line for line in lines if line.strip()), "")
    if max(head.count(sign) for sign in ",;\t") > 1 and ":" not in head:
        text = f"this is a table, not {what}; a plan repeats its orders for each row of one with `for_each: picks.csv`."
        return problem("PR215", at, text)
    return problem("PR215", at, f"this is not {what}: the first line of {what} is `{first}: 1`.", fix=f"{first}: 1")


def first_key_misspelt(key: Scalar, first: str) -> Problem:
    return problem("PR215", key.span, f"{quoted(key.text)} is written `{first}`.", did_you_mean=first)


def is_a_site_file(at: Span) -> Problem:
    return problem("PR215", at, "this is a site file, not a plan; it is read beside the plans as planrunner.yaml.")


def not_first(key: Scalar, others: int) -> Problem:
    text = f"{quoted(key.text)} must be the first key of the file"
    text += "; what stands above it is no part of a plan, take it out" if others else ""
    return problem("PR215", key.span, f"{text}.")


def other_version(value: Scalar, first: str) -> Problem:
    text = f"this file is for version {quoted(value.text)} of the language; this planrunner reads version 1."
    return problem("PR215", value.span, text, fix=f"{first}: 1")


def not_a_zone(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a time zone; write its IANA name, such as Europe/London."
    return problem("PR216", value.span, text, did_you_mean=mend.zone(value.text))


def not_currency(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not a currency planrunner knows; write its three letters, as GBP."
    return problem("PR322", value.span, text, did_you_mean=mend.currency(value.text))
