"""PR342 to PR348, PR414 and PR415: bets in pools."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.model.money import Money
from planrunner.plan.messages.meaning import listed
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
_RUNNERS = "[4, 6, 10]"


def _a(pool: str) -> str:
    """`an exacta`, and never more than the word itself for what is not in the dictionary."""
    return f"an `{pool}`" if pool[:1] in "aeiou" else f"a `{pool}`"


# Where it goes


def order_in_pools(value: Scalar, title: str) -> Problem:
    text = f"{title} takes bets in pools, which have no odds and no sides; write it under `tickets`, not under `orders`."
    return problem("PR414", value.span, text)


def ticket_for_odds(value: Scalar, title: str, accounts: Sequence[str]) -> Problem:
    text = f"{title} has no pools, so it takes no tickets; write an order, or name an account of a venue with pools"
    return problem("PR414", value.span, f"{text}.", did_you_mean=accounts[0] if len(accounts) == 1 else None)


def no_such_pool(value: Scalar, *, title: str, pools: Sequence[str]) -> Problem:
    return problem("PR415", value.span, f"{title} has no pool {quoted(value.text)}; it has {listed(pools, 20)}.")


# What a bet says


def no_race(at: Span, pool: str) -> Problem:
    text = f"{_a(pool)} is on one race; say which, by its number on the card or its local time."
    return problem("PR342", at, text, fix="race: 3")


def no_runners(at: Span, pool: str, together: int) -> Problem:
    return problem("PR342", at, f"{_a(pool)} needs `runners`: their numbers, or their names.", fix=_some_runners(together))


def _some_runners(together: int) -> str:
    return f"runners: {_RUNNERS}" if together > 1 else "runners: [4]"


def one_race_only(key: Scalar, pool: str) -> Problem:
    text = f"{_a(pool)} is on one race, and `legs` are for pools over several; write `race` and `runners` of the bet itself."
    return problem("PR342", key.span, text)


def belongs_to_legs(key: Scalar, pool: str, races: int) -> Problem:
    text = f"{_a(pool)} is over {_NUMBERS[races]} races, so `{key.text}` has no one race to be of"
    rest = "each item of `legs` has its own `race` and `runners`."
    return problem("PR342", key.span, f"{text}; {rest}")


def no_legs(at: Span, pool: str, races: int) -> Problem:
    text = f"{_a(pool)} is over {_NUMBERS[races]} races; write `legs`, an item with `race` and `runners` for each of them."
    return problem("PR342", at, text, fix="legs:\n  - race: 1\n    runners: [3, 7]\n  - race: 2\n    runners: [5]")


def other_number_of_legs(key: Scalar, pool: str, races: int, given: int) -> Problem:
    there = f"there {'is' if given == 1 else 'are'} {_NUMBERS.get(given, given)}"
    return problem("PR342", key.span, f"{_a(pool)} is over {_NUMBERS[races]} races, and here {there}.")


# Runners


def same_race(value: Scalar, first: Scalar) -> Problem:
    text = f"race {quoted(value.text)} is a leg of this bet already, on line {first.line}; each leg is another race."
    return problem("PR343", value.span, text)


def same_runner(value: Scalar, first: Scalar, *, is_reserve: bool) -> Problem:
    where = f"on line {first.line}" if first.line != value.line else "earlier on this line"
    if is_reserve:
        text = f"{quoted(value.text)} is a runner of this bet already, {where}; a reserve is another one."
    else:
        text = f"{quoted(value.text)} is named twice, first {where}; take one of the two out."
    return problem("PR343", value.span, text)


def too_few(key: Scalar, pool: str, together: int, named: int) -> Problem:
    if key.text != "runners":
        text = f"these lists make no line: {_NUMBERS[together]} different runners can't come in."
        return problem("PR344", key.span, text)
    text = f"{_a(pool)} takes {_NUMBERS[together]} runners to make a line, and here {'is' if named == 1 else 'are'} {named}."
    return problem("PR344", key.span, text)


def other_total(value: Scalar, total: Money, parts: Sequence[tuple[str, int, Money]]) -> Problem:
    told = [f"{pool} {lines} line{'' if lines == 1 else 's'} x {unit}" for pool, lines, unit in parts[:4]]
    more = " + ..." if len(parts) > 4 else ""
    text = f"the bets of this ticket cost {total} ({' + '.join(told)}{more}), not {quoted(value.text)}."
    return problem("PR345", value.span, text, did_you_mean=str(total))


# The order of finish


def no_order(at: Span, pool: str, places: Sequence[str]) -> Problem:
    lists = " and ".join(f"`{place}`" for place in places)
    text = f"in {_a(pool)} the order counts; write `finish: any_order` for every order, or lists {lists} in place of `runners`."
    return problem("PR347", at, text, fix="finish: any_order")


def said_by_places(key: Scalar, place: str) -> Problem:
    text = f"`{place}` and the lists beside it say already who may come in where; take `{key.text}` out."
    return problem("PR347", key.span, text)


def place_too_many(key: Scalar, pool: str, together: int) -> Problem:
    return problem("PR347", key.span, f"{_a(pool)} is about the first {_NUMBERS[together]} only; take `{key.text}` out.")


def place_missing(key: Scalar, pool: str, place: str) -> Problem:
    text = f"{_a(pool)} also says who may come in {place}; write `{place}`, too."
    return problem("PR347", key.span, text, fix=f"{place}: {_RUNNERS}")


def no_order_counts(key: Scalar, pool: str) -> Problem:
    text = f"in {_a(pool)} no order counts; take `{key.text}` out, and name all the runners in `runners`."
    return problem("PR347", key.span, text)


# Steps


def other_trigger(key: Scalar) -> Problem:
    text = "a pool takes a bet as a whole or refuses it, and nothing is left to act on later"
    return problem("PR346", key.span, f"{text}; a step of a ticket is `if: rejected`.")


def other_condition(value: Scalar) -> Problem:
    text = "a pool takes a bet as a whole or refuses it, so a ticket's steps know `if: rejected` only"
    return problem("PR346", value.span, f"{text}.", did_you_mean="rejected")


_WHY_NOT = {
    "cancel": "a pool never gives a bet back",
    "reprice": "a bet in a pool has no odds to move",
    "keep": "a pool closes when its race starts",
    "hedge": "a bet in a pool has no other side",
    "move_remainder_to": "a pool leaves nothing over that could go elsewhere",
}


def other_action(key: Scalar) -> Problem:
    text = f"{_WHY_NOT[key.text]}, so a ticket has no `{key.text}`; its steps are `retry: once` and `alert`."
    return problem("PR346", key.span, text)


def limit_of_step(key: Scalar) -> Problem:
    return problem("PR346", key.span, f"`{key.text}` says nothing of a ticket's steps; take it out.")


def second_retry(key: Scalar, line: int) -> Problem:
    text = f"the step on line {line} asks once more already, and a refused bet is placed once more at most; take one of them out."
    return problem("PR346", key.span, text)


def retry_of_order(key: Scalar) -> Problem:
    text = "`retry` is for tickets; an order that the venue refuses is over, and `alert` tells you."
    return problem("PR346", key.span, text)


def no_trigger(at: Span) -> Problem:
    return problem("PR311", at, "this step does not say when; a step of a ticket is `if: rejected`.", fix="if: rejected")


def no_action(at: Span) -> Problem:
    text = "this step does not say what to do; a step of a ticket has `retry` or `alert`."
    return problem("PR312", at, text, fix="retry: once")


# Templates and tables


def not_numbers(value: Scalar, key: str, fix: str | None) -> Problem:
    text = f"{quoted(value.text)} is no list for `{key}`; a template gives whole numbers with `;` between them, as 4; 6; 10."
    return problem("PR348", value.span, f"{text} Names stand one on a line, each with its dash.", did_you_mean=fix)


def not_for_markets(key: Scalar) -> Problem:
    text = "`for_each_market` repeats orders over the markets of a venue; `tickets` are repeated with `for_each` only."
    return problem("PR332", key.span, text)
