"""PR406 and PR419 to PR424: what a router does with an order, and what it can't do."""

from __future__ import annotations

from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

_ONE_BET = "settings:\n  bookmakers: [pinnacle]\n  accept_partial: no"


def no_settings(key: Scalar, title: str) -> Problem:
    return problem("PR420", key.span, f"{title} has no `settings`; take them out.")


def no_players(key: Scalar, title: str) -> Problem:
    return problem("PR419", key.span, f"{title} has no ids of players; take `player_id` out, and name the selection.")


def no_names(key: Scalar, title: str, instead: str) -> Problem:
    what = "fixture" if instead == "event_id" else "selection, and with it the market"
    text = f"{title} knows its own ids and no names; `{instead}` says which {what}. Take `{key.text}` out."
    return problem("PR419", key.span, text)


def no_fixture(value: Scalar, title: str) -> Problem:
    text = (
        f"{quoted(value.text)} is no fixture of {title}, whose ids begin with `id`; outright markets can't be bet on there yet."
    )
    return problem("PR419", value.span, text)


def no_number(value: Scalar, key: str, title: str) -> Problem:
    return problem("PR419", value.span, f"{quoted(value.text)} is no `{key}` of {title}; there it is a whole number.")


def same_bookmaker(value: Scalar) -> Problem:
    return problem("PR420", value.span, f"{quoted(value.text)} is in this list already; take it out.")


def not_all_or_nothing(value: Scalar) -> Problem:
    text = (
        f"a `{value.text}` is taken whole or not at all, and that one bet at one bookmaker can be held to only; "
        "name one bookmaker, and say `accept_partial: no`."
    )
    return problem("PR420", value.span, text, fix=_ONE_BET)


def nothing_in_part(key: Scalar) -> Problem:
    text = "a `fill_and_kill` takes what it can get, so it takes a part, too; take `accept_partial: no` out, or write "
    return problem("PR420", key.span, f"{text}`type: fill_or_kill`.")


def average_only(at: Span, title: str) -> Problem:
    text = (
        f"{title} may make several bets of this order, and holds its odds for the average of them only; it must say so. "
        "With one bookmaker and `accept_partial: no` there is one bet, and the odds hold for it."
    )
    return problem("PR406", at, text, fix="odds_hold_for: average")


def each_bet(key: Scalar) -> Problem:
    text = "one bookmaker takes this order in one bet or not at all, so its odds hold for every bet; take `odds_hold_for` out."
    return problem("PR406", key.span, text)


def lay_not_allowed(at: Span, what: str, title: str, account: str) -> Problem:
    text = (
        f"{what} can't be placed on the account {quoted(account)}: {title} does not say what it makes of a lay. If you know, "
        "write `allow_lay: yes` for the account in planrunner.yaml."
    )
    return problem("PR421", at, text)


def no_lay_to_allow(key: Scalar, title: str, *, has_lays: bool) -> Problem:
    why = "takes lays like backs, and this would hold none of them back" if has_lays else "has no lays"
    return problem(
        "PR422", key.span, f"`allow_lay` is for accounts at a router such as OddsPapi ABP; {title} {why}. Take it out."
    )


def ends_too_late(value: Scalar, key: str, title: str, hours: int) -> Problem:
    text = f"{title} keeps an order for {hours} hours at most, and `{key}: {value.text}` is later than that"
    fix = f"{hours}h" if key == "expires_after" else None
    rest = "" if fix else "; place it later, with `place_before_start` or `place_at`, or let it end sooner"
    return problem("PR423", value.span, f"{text}{rest}.", did_you_mean=fix)


def looks_at_nothing(key: Scalar, title: str) -> Problem:
    text = f"{title} shows no market to look at before an order is placed, so `only_if` can't be asked there; take it out."
    return problem("PR424", key.span, text)


def no_queue(value: Scalar, title: str) -> Problem:
    text = f"an order at {title} stands in no queue whose head it could join; write how far it goes, as `1 tick` or `1%`."
    return problem("PR424", value.span, text, did_you_mean="1 tick")


def no_catalogue(value: Scalar, title: str) -> Problem:
    text = f"{title} has no catalogue of markets to look through; `for_each_market` needs an account at an exchange."
    return problem("PR424", value.span, text)
