"""PR416 to PR418 and PR428 to PR434: what only a site file has: calendars, limits over all accounts, the service, approvals."""

from __future__ import annotations

from collections.abc import Sequence

from planrunner.plan import mend
from planrunner.plan.messages.meaning import listed
from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted


def not_a_day(value: Scalar) -> Problem:
    fix = mend.day(value.text)
    text = f"{quoted(value.text)} is not a day of a calendar; write the year first, as 2026-12-25."
    return problem("PR416", value.span, text, did_you_mean=fix if fix != "today" else None)


def no_such_day(value: Scalar) -> Problem:
    return problem("PR416", value.span, f"there is no day {quoted(value.text)}.")


def same_day(value: Scalar, calendar: str, first: Scalar) -> Problem:
    where = f"on line {first.line}" if first.line != value.line else "earlier on this line"
    text = f"{quoted(value.text)} is in the calendar {quoted(calendar)} already, {where}; take one of the two out."
    return problem("PR417", value.span, text)


def no_account_in(value: Scalar, key: str, currency: str, others: Sequence[str]) -> Problem:
    text = f"`{key}` is in {currency}, but no account of this site is; it limits nothing. There is {listed(others)}."
    return problem("PR418", value.span, text)


# The service


def not_a_name(key: Scalar, what: str) -> Problem:
    """Of a user or a signal. Its secret is found by it, in a variable of the environment."""
    text = f"{quoted(key.text)} can't name {what}; a name is small letters, digits and `_`, begins with a letter, and is short."
    return problem("PR428", key.span, text, did_you_mean=mend.small_name(key.text))


def no_way(at: Span) -> Problem:
    text = "this notice does not say where it goes; write `webhook` or `email`."
    return problem("PR429", at, text, fix="webhook: https://hooks.example.org/desk")


def two_ways(key: Scalar, first: Scalar) -> Problem:
    text = f"a notice goes one way, and `{first.text}` on line {first.line} is one; write a second notice for the other."
    return problem("PR429", key.span, text)


def signed_email(key: Scalar) -> Problem:
    return problem("PR429", key.span, "an e-mail is not signed; `signed` is for a webhook, take it out.")


def not_an_address(value: Scalar) -> Problem:
    text = "this is no address of the web; write it whole, as https://hooks.example.org/desk."
    return problem("PR430", value.span, text)


def not_encrypted(value: Scalar) -> Problem:
    text = "a notice goes over https, and over http only on this machine (127.0.0.1, localhost); write https."
    fix = "https://" + value.text.partition("://")[2] if value.text.lower().startswith("http://") else None
    return problem("PR430", value.span, text, did_you_mean=fix)


def holds_a_login(value: Scalar) -> Problem:
    """The address is not shown again: what stands before the `@` may be a secret."""
    text = "this address holds a name or a password before its `@`, and a site file holds no secrets; take that out."
    return problem("PR430", value.span, text)


def not_an_email(value: Scalar) -> Problem:
    return problem("PR430", value.span, f"{quoted(value.text)} is no address of e-mail; write it as desk@example.org.")


def not_a_host(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not the name of a mail server; write it alone, as smtp.example.org, and its `port` below."
    return problem("PR430", value.span, text)


def not_a_port(value: Scalar) -> Problem:
    return problem("PR430", value.span, f"{quoted(value.text)} is not a port; write a number from 1 to 65535, as 587.")


def no_mail_server(key: Scalar) -> Problem:
    text = "an e-mail needs a mail server, and this file has no `mail`; write where mails are handed in."
    return problem("PR431", key.span, text, fix="mail:\n  server: smtp.example.org\n  from: planrunner@example.org")


def not_within(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not how old a signal may be; write from 1s to 10m, as 60s."
    return problem("PR432", value.span, text)


def too_many_signals(value: Scalar, most: int) -> Problem:
    text = f"{quoted(value.text)} signals in a minute are too many to be meant; at most {most} are taken."
    return problem("PR432", value.span, text, did_you_mean=str(most))


# Approvals


def not_a_key(value: Scalar) -> Problem:
    text = "this is no public key; `planrunner approve --new-key NAME` makes one and prints the line to write here."
    return problem("PR433", value.span, text)


def same_key(value: Scalar, first: Scalar) -> Problem:
    text = f"this is the key of {quoted(first.text)} on line {first.line} as well; two people have two keys."
    return problem("PR433", value.span, text)


def same_email(value: Scalar, first: Scalar) -> Problem:
    text = f"this is the address of {quoted(first.text)} on line {first.line} as well; two people have two addresses."
    return problem("PR433", value.span, text)


def not_valid_for(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} is not how long an approval may hold; write from 1m to 366d, as 7d."
    return problem("PR434", value.span, text)


def no_two_people(key: Scalar) -> Problem:
    text = f"`{key.text}` needs two people who may approve, and `approvers` does not name two; name them, or take this out."
    return problem("PR434", key.span, text)
