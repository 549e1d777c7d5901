"""Templates, inputs, blueprints and tables: what of them can't be read, worked out or repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

# Files


def outside(at: Span, name: str) -> Problem:
    text = f"{quoted(name)} is not a file beside this one or in a folder below it; plans read no others."
    return problem("PR217", at, text)


def hidden(at: Span, name: str) -> Problem:
    text = f"plans read no hidden files and folders, whose names begin with a point, as {quoted(name)}; give it another name."
    return problem("PR217", at, text)


def unreadable(at: Span, reason: str) -> Problem:
    return problem("PR217", at, f"{reason.rstrip('.')}.")


# Templates: their text


def unclosed(at: Span, text: str) -> Problem:
    did_you_mean = text + "}" if text.isprintable() and not set("\"'{") & set(text[2:]) else None
    return problem("PR218", at, "`${` is not closed; a template ends with `}`.", did_you_mean=did_you_mean)


def unreadable_template(at: Span, inside: str, reason: str) -> Problem:
    text = f"planrunner can't read the template `${{{_short(inside)}}}`: {reason}."
    return problem("PR218", at, text)


def empty_template(at: Span) -> Problem:
    return problem("PR218", at, "there is nothing in this template; write a name, as `${stake}`.")


def too_long_a_template(at: Span, most: int) -> Problem:
    return problem("PR218", at, f"this template is longer than {most} characters or nested too deep; say it in a shorter way.")


def half_filtered(at: Span, whole: str, name: str) -> Problem:
    """`whole` stands before the filter, `name` is the filter and what follows it."""
    word = re.match(r"\w*", name)
    text = f"`| {word[0] if word else ''}` counts only for what stands right before it; put brackets around all that it is for."
    is_whole = whole.count("(") == whole.count(")") and not {"if", "else", "and", "or", "not"} & set(re.findall(r"\w+", whole))
    return problem(
        "PR218", at, text, did_you_mean=f"${{({whole}) | {name}}}" if is_whole and not set("=<>!") & set(whole) else None
    )


def not_in_templates(at: Span, what: str) -> Problem:
    text = (
        f"{what} can't stand in a template; there are names, numbers, quoted texts, `+ - * / ~`, comparisons, `a if b else c` "
        "and filters."
    )
    return problem("PR219", at, text)


def no_statements(at: Span, sign: str) -> Problem:
    text = f"`{sign}` is of another language of templates; plans have `${{stake}}` for a value, and `for_each` to repeat."
    return problem("PR219", at, text)


def no_attribute(at: Span, what: str) -> Problem:
    text = f"`.` takes a column of `row` or a word of `market` only, and {quoted(what)} is neither."
    return problem("PR219", at, text)


def no_filter(at: Span, name: str, filters: Iterable[str], did_you_mean: str | None) -> Problem:
    text = f"{quoted(name)} is not a filter of plans; there are {_listed(filters)}."
    return problem("PR219", at, text, did_you_mean=did_you_mean)


def filter_takes(at: Span, name: str, takes: str) -> Problem:
    return problem("PR219", at, f"`{name}` takes {takes}.")


def sum_of_a_market(value: Scalar, key: str) -> Problem:
    text = (
        f"in a plan for each market `{key}` can't depend on the market: what the plan can lose is known before it runs. Write "
        "the value itself, or take it from an input."
    )
    return problem("PR220", value.span, text)


def not_here(at: Span, place: str) -> Problem:
    return problem("PR220", at, f"a template can't stand {place}; write the value itself.")


def limits_are_fixed(at: Span, key: str) -> Problem:
    text = f"in a plan `{key}` holds no template, so that reading the plan is enough; a blueprint may have one here."
    return problem("PR220", at, text)


def decided_by_signal(at: Span, key: str, name: str) -> Problem:
    text = (
        f"a signal would decide `{key}` with the input {quoted(name)}, and what a plan may lose and where is known before its "
        "signal comes; give the input a value under `with`."
    )
    return problem("PR220", at, text)


def value_with_template(at: Span, text: str) -> Problem:
    return problem("PR220", at, f"{quoted(text)} holds `${{`, and the value of a template can't hold another.")


def unseen_in_value(at: Span, character: str) -> Problem:
    names = {"\n": "a line break", "\r": "a line break", "\t": "a tab", "\xa0": "a no-break space"}
    what = names.get(character, f"an invisible character (U+{ord(character):04X})")
    return problem("PR103", at, f"this value holds {what}; take it out.")


# Templates: their names and values


def no_such_name(at: Span, name: str, known: Sequence[str], did_you_mean: str | None) -> Problem:
    if name == "row":
        text = "`row` is there in the orders under `for_each` only."
    elif name == "market":
        text = "`market` is there in the orders under `for_each_market` only."
    elif known:
        text = f"{quoted(name)} is not an input; there {'are' if len(known) > 1 else 'is'} {_listed(known)}."
    else:
        text = f"{quoted(name)} is not an input: this file has no `inputs`."
    return problem("PR326", at, text, did_you_mean=did_you_mean)


def no_such_column(at: Span, name: str, what: str, known: Sequence[str], did_you_mean: str | None) -> Problem:
    text = f"{quoted(name)} is not {what}; there are {_listed(known)}."
    return problem("PR326", at, text, did_you_mean=did_you_mean)


def whole_row(at: Span, name: str) -> Problem:
    example = "row.selection" if name == "row" else "market.event"
    return problem("PR326", at, f"`{name}` is not a value by itself; say which part of it, as `{example}`.")


def not_an_amount(at: Span, text: str) -> Problem:
    text = f"{quoted(text)} is not an amount to reckon with, as 10.00 GBP, 3.10, 2m or 5; texts are joined with `~`."
    return problem("PR327", at, text)


def does_not_add(at: Span, left: str, left_kind: str, right: str, right_kind: str, sign: str) -> Problem:
    text = f"`{left} {sign} {right}` has no meaning: {left_kind} and {right_kind}."
    return problem("PR327", at, text)


does_not_multiply = does_not_add


def does_not_compare(at: Span, left: str, left_kind: str, right: str, right_kind: str) -> Problem:
    return problem("PR327", at, f"{quoted(left)} and {quoted(right)} can't be compared: {left_kind} and {right_kind}.")


def two_currencies(at: Span, left: str, right: str) -> Problem:
    return problem("PR327", at, f"{quoted(left)} and {quoted(right)} are of two currencies; nothing is converted.")


def divided_by_zero(at: Span, left: str) -> Problem:
    return problem("PR327", at, f"{quoted(left)} is divided by nothing.")


def not_negative(at: Span, text: str, kind: str) -> Problem:
    return problem("PR327", at, f"`-` before {quoted(text)} has no meaning: {kind} has no sign.")


def below_zero(at: Span, text: str) -> Problem:
    return problem("PR327", at, f"the template gives {quoted(text)}, and a duration is not below zero.")


def reckons_with_nothing(at: Span) -> Problem:
    text = "this is empty, and a template joins or reckons with it; fill it in, or say `| default(...)` in the template."
    return problem("PR327", at, text)


def not_a_value(at: Span, kind: str) -> Problem:
    return problem("PR327", at, f"the template gives {kind}, which is no value for a plan; write `a if b else c`.")


def not_a_condition(at: Span, kind: str) -> Problem:
    return problem("PR327", at, f"a condition compares two values, as `row.odds > 3`; this is {kind}.")


def too_long(at: Span, most: int) -> Problem:
    return problem("PR327", at, f"the template gives more than {most:,} characters.")


def no_ladder(at: Span) -> Problem:
    return problem("PR327", at, "`round_to_tick` needs an order's venue, and there is none here.")


def not_odds(at: Span, text: str, kind: str) -> Problem:
    return problem("PR327", at, f"{quoted(text)} is {kind}, and only odds have ticks.")


def off_any_ladder(at: Span, text: str) -> Problem:
    return problem("PR327", at, f"there is no tick near {quoted(text)}.")


def not_exact(at: Span, text: str, kind: str) -> Problem:
    how = {"odds": "`| round_to_tick`", "a number": "`| round_down(2)` or `| round_up(2)`"}.get(
        kind, "`| round_down` or `| round_up`"
    )
    return problem("PR328", at, f"the template gives {quoted(text)}, and nothing is rounded silently; add {how}.")


def with_rounding(found: Problem, template: str) -> Problem:
    """What was said of a template that does not come out, with the template as it would."""
    if found.code != "PR328":
        return found
    how = found.message.rpartition("; add ")[2].split("`")[1]
    return replace(found, did_you_mean=f"${{({template.strip()}) {how}}}")


# Notes


def worked_out(template: str, text: str, where: str) -> str:
    return f"{quoted(template)} is {quoted(text)}" + (f" in {where}" if where else "")


def in_row(where: str) -> str:
    return f"in {where}" if where else ""


def left_out(keys: Sequence[str], where: str) -> str:
    return f"{_listed(keys)} {'are' if len(keys) > 1 else 'is'} left out in {where}"


def used_by(template: str, line: int) -> str:
    return f"{quoted('${' + template + '}')} on line {line} reckons with it"


# Inputs


def no_value_given(at: Span, name: str, example: str, *, is_with: bool, runs_alone: bool = False) -> Problem:
    if is_with:
        return problem(
            "PR329", at, f"the blueprint's input {quoted(name)} has no value; write it under `with`.", fix=f"{name}: {example}"
        )
    if runs_alone:
        text = f"the input {quoted(name)} has no default, and nobody is asked when the plan runs by itself; write a default."
        return problem("PR329", at, text, fix=f"default: {example}")
    text = f"the input {quoted(name)} has no default and no value was given."
    return problem("PR329", at, text, fix=f"--set {name}=" + (f'"{example}"' if " " in example else example))


def no_such_input(at: Span, name: str, known: Sequence[str], did_you_mean: str | None) -> Problem:
    text = f"there is no input {quoted(name)}; " + (
        f"there {'are' if len(known) > 1 else 'is'} {_listed(known)}." if known else "the file has no `inputs`."
    )
    return problem("PR330", at, text, did_you_mean=did_you_mean)


def not_for_signals(at: Span, name: str) -> Problem:
    text = f"the plan says what the input {quoted(name)} is, under `with`, and a signal changes nothing that the plan says."
    return problem("PR330", at, text)


def not_a_name(at: Span, name: str, *, is_word: bool) -> Problem:
    what = "means something else in templates" if is_word else "can't be used in templates"
    return problem("PR330", at, f"{quoted(name)} {what}; name an input with small letters, digits and `_`.")


def empty_value(at: Span, name: str) -> Problem:
    return problem("PR330", at, f"the input {quoted(name)} is given nothing.")


def not_whole(value: Scalar) -> Problem:
    return problem("PR330", value.span, f"{quoted(value.text)} is not a whole number.")


def out_of_bounds(value: Scalar, name: str, bound: str, *, is_low: bool) -> Problem:
    less, least = ("less", "at least") if is_low else ("more", "at most")
    text = f"{quoted(value.text)} is {less} than the input {quoted(name)} takes; it takes {least} {bound}."
    return problem("PR330", value.span, text, did_you_mean=bound)


def bounds_crossed(value: Scalar, least: str) -> Problem:
    return problem("PR330", value.span, f"`at_most` {quoted(value.text)} is less than `at_least` {quoted(least)}.")


def no_bounds(key: Scalar, kind: str) -> Problem:
    return problem("PR330", key.span, f"`{key.text}` does not go with `type: {kind}`.")


def needs_choices(at: Span) -> Problem:
    return problem("PR330", at, "an input of `type: choice` lists its `choices`.", fix="choices: [back, lay]")


def not_a_list_of_inputs(at: Span) -> Problem:
    return problem("PR330", at, "a file of inputs has one `name: value` on each line.")


# Blueprints


def only_with_blueprint(key: Scalar) -> Problem:
    return problem("PR331", key.span, "`with` fills in a blueprint; say which: `use_blueprint`.")


def comes_from_blueprint(key: Scalar) -> Problem:
    text = (
        f"`{key.text}` comes from the blueprint; a plan that uses one has `plan`, `use_blueprint` and `with`, "
        "and nothing is merged."
    )
    return problem("PR331", key.span, text)


def not_a_blueprint(at: Span, name: str) -> Problem:
    return problem("PR331", at, f"{quoted(name)} is not a blueprint: its second line is not `blueprint: ...`.")


def blueprint_of_blueprint(key: Scalar) -> Problem:
    return problem("PR331", key.span, "a blueprint can't use another one.")


def plan_and_blueprint(key: Scalar) -> Problem:
    return problem("PR331", key.span, "a file is a plan or a blueprint; keep `plan` or `blueprint`.")


# Repeating


def needs_max_orders(key: Scalar, count: int | None) -> Problem:
    text = f"with `{key.text}` the limits say how many orders there may be: `max_orders`."
    return problem("PR332", key.span, text, fix=f"max_orders: {count or 20}")


def too_many_orders(key: Scalar, count: int, most: int) -> Problem:
    return problem("PR332", key.span, f"this makes {count:,} orders; a plan has at most {most:,}.")


def repeated_twice(key: Scalar) -> Problem:
    return problem("PR332", key.span, "orders are repeated for a table or for markets, not both; keep one of the two.")


def empty_cell(at: Span, column: str, key: str) -> Problem:
    where = f"`{column}` is empty here" if column else "there is nothing here"
    return problem("PR333", at, f"{where}, and an order can't do without `{key}`.")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    shown = ", ".join(f"`{name}`" for name in some[:12])
    return f"{shown} and {len(some) - 12} more" if len(some) > 12 else shown
