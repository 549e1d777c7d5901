"""PR3xx: words that are all right each, and together make no plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planrunner.model.money import DECIMALS, Money
from planrunner.plan import mend
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted


def unknown_currency(value: Scalar, currency: str) -> Problem:
    guess = mend.currency(currency)
    did_you_mean = value.text.replace(currency, guess) if guess else None
    return problem("PR322", value.span, f"{quoted(currency)} is not a currency planrunner knows.", did_you_mean=did_you_mean)


def too_many_decimals(value: Scalar, money: Money) -> Problem:
    most = DECIMALS[money.currency]
    allowed = f"at most {most}" if most else "no"
    return problem(
        "PR322", value.span, f"{quoted(value.text)} has more decimals than {money.currency} has; write {allowed} decimals."
    )


def no_ending(at: Span) -> Problem:
    text = (
        "this order has no ending; write one of `expires_after`, `expires_before_start`, `expires_after_start`, `expires_at`. "
        "What is unmatched then is cancelled."
    )
    return problem("PR301", at, text, fix="expires_before_start: 1m")


def several_endings(key: Scalar, first: Scalar) -> Problem:
    text = f"{quoted(key.text)} is a second ending; `{first.text}` on line {first.line} is one already. Keep one of the two."
    return problem("PR301", key.span, text)


def ends_by_itself(key: Scalar, kind: str) -> Problem:
    return problem("PR302", key.span, f"a `{kind}` order ends by itself; take `{key.text}` out.")


def step_ends_by_itself(at: Span, kind: str) -> Problem:
    text = f"a `{kind}` order is over at once, so this step can never act"
    text += "; `hedge` goes with it, and `alert` with `if: rejected` or `if: matched`."
    return problem("PR302", at, text)


def max_orders(value: Scalar, counts: Mapping[str, int], *, per_market: bool) -> Problem:
    """`counts` are of orders, their hedges and moves, and bets of tickets."""
    orders, hedges, moves, bets = (counts[kind] for kind in ("order", "hedge", "move", "bet"))
    parts = [_counted(orders, "order") + (" for each market" if per_market else "")] if orders or not bets else []
    parts += [f"{_counted(hedges, 'hedge')}, which count{'s' if hedges == 1 else ''} too"] if hedges else []
    parts += [f"{_counted(moves, 'moved remainder')}, which count{'s' if moves == 1 else ''} too"] if moves else []
    parts += [f"{_counted(bets, 'bet')} of tickets"] if bets else []
    text = f"this plan has {' and '.join(parts)}, but `max_orders` is {value.text}."
    return problem("PR306", value.span, text, fix=f"max_orders: {sum(counts.values())}")


def same_name(value: Scalar, first: Scalar) -> Problem:
    text = f"another order is called {quoted(value.text)}, on line {first.line}; every order and ticket needs a name of its own."
    return problem("PR307", value.span, text)


def says_not(at: Span, what: str, keys: str, fix: str, *, is_step: bool = False) -> Problem:
    who, does = ("step", "goes to") if is_step else ("order", "is on")
    return problem("PR308", at, f"this {who} does not say which {what} it {does}; write {keys}.", fix=fix)


def says_twice(key: Scalar, other: str) -> Problem:
    text = f"`{other}` says already what the order is on; take `{key.text}` out, it would not be looked at."
    return problem("PR308", key.span, text)


def favourite_with_line(key: Scalar) -> Problem:
    text = "`line` tells selections of one name apart, and a favourite has no name; take `line` out, or name the selection."
    return problem("PR341", key.span, text)


def not_the_orders(key: Scalar) -> Problem:
    text = f"the orders are on the markets of `for_each_market`; take `{key.text}` out, an order says only its selection."
    return problem("PR339", key.span, text)


def not_its_venue(value: Scalar, account: str) -> Problem:
    text = f"`for_each_market` looks for markets at {quoted(account)}; they can't be bet on at {quoted(value.text)}."
    return problem("PR340", value.span, text, did_you_mean=account)


def no_time_between(value: Scalar, after: Scalar) -> Problem:
    text = f"nothing starts before {value.text} and after {quoted(after.text)} (line {after.line}); one of the two is wrong."
    return problem("PR337", value.span, text)


def lay_without_liability(at: Span, needed: Money | None) -> Problem:
    text = "a lay needs `liability_at_most`: the most it may lose"
    text += f", here at least {needed}." if needed is not None else "."
    return problem("PR309", at, text, fix=f"liability_at_most: {needed}" if needed is not None else None)


def back_with_liability(key: Scalar) -> Problem:
    return problem("PR309", key.span, "`liability_at_most` is for a lay; a back can lose its stake and no more. Take it out.")


def liability_too_small(value: Scalar, *, stake: Money, odds: str, line: int, needed: Money) -> Problem:
    text = f"at {odds} (line {line}) a lay of {stake} can lose {needed}, which is more than {quoted(value.text)}."
    return problem("PR310", value.span, text, did_you_mean=str(needed))


def no_trigger(at: Span) -> Problem:
    text = "this step does not say when; write one of `after`, `every`, `before_start`, `after_start`, `if`."
    return problem("PR311", at, text, fix="after: 2m")


def several_triggers(key: Scalar, first: Scalar) -> Problem:
    text = f"{quoted(key.text)} is a second trigger beside `{first.text}`; give each its own step, with a dash of its own."
    return problem("PR311", key.span, text)


def if_needs_moment(value: Scalar) -> Problem:
    text = f"`if: {value.text}` is looked at once; say when with `after` or `before_start`."
    return problem("PR311", value.span, text, fix="after: 2m")


def if_needs_no_moment(key: Scalar, condition: str) -> Problem:
    return problem("PR311", key.span, f"`if: {condition}` acts when it happens; take `{key.text}` out.")


def no_action(at: Span) -> Problem:
    text = "this step does not say what to do; write one of `cancel`, `reprice`, `keep`, `hedge`, `move_remainder_to`, `alert`."
    return problem("PR312", at, text, fix="cancel: remainder")


def several_actions(key: Scalar, first: Scalar) -> Problem:
    text = f"{quoted(key.text)} is a second action beside `{first.text}`; give each its own step, with a dash of its own."
    return problem("PR312", key.span, text)


def only_with(key: Scalar, actions: Sequence[str]) -> Problem:
    with_them = " and ".join(f"`{action}`" for action in actions)
    return problem("PR313", key.span, f"`{key.text}` goes with {with_them} only; take it out.")


def reprice_by_nothing(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} of the odds moves nothing; write how far each reprice goes, such as 1%."
    return problem("PR210", value.span, text, did_you_mean="1%")


def no_floor(at: Span, odds: str | None) -> Problem:
    text = "a reprice needs `no_worse_than`: the last odds it may go to."
    return problem("PR314", at, text, fix=f"no_worse_than: {odds}" if odds else None)


def hedge_without_floor(at: Span, *, side: str | None, odds: str | None) -> Problem:
    """At the order's own odds a hedge neither wins nor loses: a place to start from."""
    limit = {"back": "the highest odds it may lay at", "lay": "the lowest odds it may back at"}
    text = f"a hedge needs `no_worse_than`: {limit.get(side or '', 'the last odds it may bet at')}."
    return problem("PR334", at, text, fix=f"no_worse_than: {odds}" if odds else None)


def hedge_without_time(at: Span) -> Problem:
    text = "a hedge needs `for_at_most`: how long it may take. What is not hedged by then stays open, and you are told."
    return problem("PR334", at, text, fix="for_at_most: 2m")


def hedge_at_once(value: Scalar) -> Problem:
    return problem("PR335", value.span, "a hedge needs time to be matched, at least 1s.", did_you_mean="2m")


def second_hedge(at: Span, line: int) -> Problem:
    text = f"the step on line {line} is the hedge of this order already; an order is hedged once. Keep one of the two."
    return problem("PR336", at, text)


def floor_on_wrong_side(value: Scalar, *, side: str, odds: str) -> Problem:
    way = "down, so `no_worse_than` is below" if side == "back" else "up, so `no_worse_than` is above"
    return problem("PR315", value.span, f"a {side} is repriced {way} its odds of {odds}; {quoted(value.text)} is not.")


def out_of_order(value: Scalar, *, key: str, before: Scalar) -> Problem:
    first = f"`{key}: {before.text}` on line {before.line}"
    text = f"`{key}: {value.text}` comes earlier than {first}; write the steps in the order they happen."
    return problem("PR316", value.span, text)


def never(at: Span, why: str) -> Problem:
    return problem("PR317", at, f"this step can never act: {why}.")


def after_cancel(at: Span, line: int) -> Problem:
    text = f"the step on line {line} has taken the remainder back by then; only `alert` and `hedge` can follow."
    return problem("PR318", at, text)


def after_hedge(at: Span, line: int) -> Problem:
    text = f"the step on line {line} takes the remainder back and hedges the rest; only `alert` can follow."
    return problem("PR318", at, text)


def after_move(at: Span, line: int) -> Problem:
    text = (
        f"the step on line {line} has moved the remainder to another account by then; only `alert` and `hedge` can follow, and a "
        "hedge is for what was matched here."
    )
    return problem("PR318", at, text)


def cannot_both_hold(value: Scalar, *, key: str, other: str, beside: Scalar) -> Problem:
    text = f"`{key}: {value.text}` and `{other}: {beside.text}` (line {beside.line}) can't both hold, so nothing would be placed."
    return problem("PR338", value.span, text)


def never_holds(value: Scalar, *, key: str, why: str) -> Problem:
    return problem("PR338", value.span, f"`{key}: {value.text}` can never hold: {why}. Nothing would be placed.")


def always_holds(value: Scalar, key: str) -> Problem:
    return problem("PR338", value.span, f"`{key}: {value.text}` always holds; write what must be there, or take it out.")


def every_without_reprice(key: Scalar) -> Problem:
    text = "`every` repeats, which only `reprice` can do; `after` happens once."
    return problem("PR319", key.span, text, did_you_mean="after")


def every_at_once(value: Scalar) -> Problem:
    return problem("PR208", value.span, "`every` needs a time between one reprice and the next, at least 1s.", did_you_mean="1s")


def keep_at_wrong_time(at: Span) -> Problem:
    text = "`keep: in_play` is for the start: it goes with `before_start: 0s`, `after_start: 0s` or `if: in_play`."
    return problem("PR320", at, text, fix="before_start: 0s")


def keep_without_time(at: Span, ending: Scalar) -> Problem:
    text = (
        f"the order ends before the start (`{ending.text}` on line {ending.line}), so nothing is kept; "
        "`keep` needs `expires_after_start`, `expires_after` or `expires_at`."
    )
    return problem("PR320", at, text, fix="expires_after_start: 5m")


def two_currencies(value: Scalar, *, key: str, currency: str) -> Problem:
    text = f"`{key}` is {quoted(value.text)}, but the plan is in {currency}; a plan has one currency, nothing is converted."
    return problem("PR321", value.span, text)


def odd_currency(value: Scalar, currency: str) -> Problem:
    others = f"all other amounts are in {currency}"
    text = f"`max_loss` is {quoted(value.text)}, but {others}; a plan has one currency, nothing is converted."
    return problem("PR321", value.span, text)


def no_zone(value: Scalar, key: str) -> Problem:
    text = f"`{key}` is a local time, so the plan needs its `time_zone`, beside `plan` at the top."
    return problem("PR323", value.span, text, fix="time_zone: Europe/London")


def placed_twice(key: Scalar, other: str) -> Problem:
    return problem("PR324", key.span, f"`{other}` says already when to place this order; keep one of the two.")


def ends_before_placed(key: Scalar, value: str) -> Problem:
    return problem("PR324", key.span, f"the order would end (`{key.text}: {value}`) before it is placed, or at that moment.")


def min_fill_without(key: Scalar) -> Problem:
    return problem("PR325", key.span, "`min_fill` goes with `type: fill_or_kill` only.")


def min_fill_too_large(value: Scalar, stake: Money) -> Problem:
    return problem("PR325", value.span, f"{quoted(value.text)} is more than the stake of {stake}.")


def min_fill_too_small(value: Scalar, least: Money) -> Problem:
    text = f"{quoted(value.text)} is below the venue's minimum of {least}."
    return problem("PR325", value.span, text, did_you_mean=str(least))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(words: Sequence[str], most: int = 6) -> str:
    """The first of many names."""
    shown = ", ".join(quoted(word) for word in words[:most])
    return shown + (f" and {len(words) - most} more" if len(words) > most else "")
