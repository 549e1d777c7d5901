"""Templates: exact arithmetic, a closed list of what may stand in one, and messages for all else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planrunner.plan import expression, scalars, values
from planrunner.plan.expression import Names, Refusal, Scope
from planrunner.plan.nodes import Span
from planrunner.plan.values import Kind, Value, Wrong
from planrunner.venues.betfair.profile import CLASSIC
from tests.plan.checking import check, codes, order

AT = Span(1, 1)
CENTS = st.integers(0, 99_999_999)
DECIMALS = st.decimals(min_value=0, max_value=9999, places=4)


def worth(text: str, **inputs: str) -> Value:
    """What an expression gives, its inputs being what their text has the form of."""
    known = {name: values.amount_of(one) or values.text_value(one) for name, one in inputs.items()}
    return expression.read(text, Names(tuple(known)))(Scope(known, ladder=CLASSIC))


def given_text(text: str, **inputs: str) -> str:
    return values.written(worth(text, **inputs))


def refused(text: str, **inputs: str) -> tuple[str, str]:
    """The code and the message about an expression that has no value."""
    with pytest.raises((Refusal, Wrong)) as caught:
        given_text(text, **inputs)
    told = caught.value.tell(AT)
    return told.code, told.message


def pounds(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} GBP"


# Arithmetic is exact, or it is refused


@given(CENTS, CENTS, st.integers(1, 999), st.integers(0, 999))
def test_money_is_what_fractions_make_of_it(a: int, b: int, times: int, more: int) -> None:
    found = worth(f"(a + b) * {times} / {times} - b + a * {more}", a=pounds(a), b=pounds(b))
    assert (found.kind, found.amount, found.currency) == (Kind.MONEY, Fraction(a * (1 + more), 100), "GBP")
    assert values.written(found) == pounds(a * (1 + more))


@given(CENTS, st.integers(1, 500))
def test_a_share_that_does_not_come_out_is_refused_and_rounding_is_said(cents: int, parts: int) -> None:
    exact = Fraction(cents, parts)
    down, up = int(exact), -int(-exact // 1)
    assert given_text(f"(a / {parts}) | round_down", a=pounds(cents)) == pounds(down)
    assert given_text(f"(a / {parts}) | round_up", a=pounds(cents)) == pounds(up)
    assert given_text(f"(a / {parts}) | round", a=pounds(cents)) == pounds(int(exact + Fraction(1, 2)))
    if exact.denominator == 1:
        assert given_text(f"a / {parts}", a=pounds(cents)) == pounds(down)
    else:
        assert refused(f"a / {parts}", a=pounds(cents))[0] == "PR328"


@given(DECIMALS, DECIMALS, DECIMALS)
def test_numbers_are_never_floats(a: object, b: object, c: object) -> None:
    assert worth(f"{a} * {b} - {c}").amount == Fraction(str(a)) * Fraction(str(b)) - Fraction(str(c))


@given(st.integers(101, 99_999), st.integers(101, 300))
def test_odds_on_the_ladder_are_the_nearest_tick(hundredths: int, by: int) -> None:
    odds = scalars.odds_text(Fraction(hundredths, 100))
    ratio = Fraction(odds) * by / 100
    below, above = CLASSIC.around(ratio)
    if below is None or above is None:
        assert refused(f"(odds * {by} / 100) | round_to_tick", odds=odds)[0] == "PR327"
        return
    down, up = (
        given_text(f'(odds * {by} / 100) | round_to_tick("down")', odds=odds),
        given_text(f'(odds * {by} / 100) | round_to_tick("up")', odds=odds),
    )
    assert (Fraction(down), Fraction(up)) == (Fraction(below), Fraction(above))
    assert given_text(f"(odds * {by} / 100) | round_to_tick", odds=odds) in (down, up)
    for text in (down, up):
        assert scalars.odds(text) is not None


@given(st.integers(0, 400), st.sampled_from("smhd"), st.integers(1, 60))
def test_durations_keep_their_unit_or_take_the_largest_that_is_whole(count: int, unit: str, times: int) -> None:
    if scalars.duration(f"{count}{unit}") is None:
        assert refused(f"a * {times}", a=f"{count}{unit}")[0] == "PR327"  # longer than a year
        return
    text = given_text(f"a * {times}", a=f"{count}{unit}")
    found = scalars.duration(text)
    assert found is None or found == (scalars.duration(f"{count}{unit}") or found) * times


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("stake * (odds - 1)", "21.00 GBP"), ("stake / (odds - 1)", "4.76 GBP | round"), ("10.00 * 3", "30.00"),
        ("60.0 * 2", "120.0"),
        ("stake if odds > 3 else small", "10.00 GBP"), ("small | at_least(stake)", "10.00 GBP"),
        ('stake | at_most("3.00 GBP")', "3.00 GBP"), ("stake / small", "5"), ("1 - 2 * 3", "-5"), ("-odds_count * -2", "4"),
        ('"a" ~ 1.50 ~ stake', "a1.5010.00 GBP"), ("team | upper", "ARSENAL"), ('team | replace("nal", "")', "Arse"),
        ('"o\'brien of st. john\'s" | title', "O'brien Of St. John's"), ("wait * 2", "3m"), ("wait / wait", "1"),
        ('"yes" if team == "Arsenal" and not (odds <= 3 or odds_count > 2) else "no"', "yes"), ("price | round(2)", "2.20"),
    ],
)  # fmt: skip
def test_what_expressions_give(text: str, result: str) -> None:
    inputs = {"stake": "10.00 GBP", "small": "2.00 GBP", "odds": "3.10", "odds_count": "2", "team": "Arsenal", "wait": "90s"}
    inputs["price"] = "+120"
    result, _, how = result.partition(" | ")
    assert given_text(f"({text}) | {how}" if how else text, **inputs) == result


def test_what_is_passed_through_whole_is_not_even_written_anew() -> None:
    assert given_text("a", a="-110") == "-110"  # 21/11, which no decimal number says


# What is on no list is refused

INJECTIONS = [
    "''.__class__", "''.__class__.__mro__[1].__subclasses__()", "self", "self._TemplateReference__context", "lipsum", "cycler",
    "lipsum.__globals__", "cycler.__init__.__globals__.os.popen('id').read()", "namespace()", "joiner", "range(9)", "dict(a=1)",
    "[].append", "[1, 2]", "{'a': 1}", "(1, 2)", "()", "x|attr('y')", "''|attr('__class__')", "a|map('upper')", "a|list",
    "a|pprint",
    "9**9**9", "9//2", "9%2", "'a'*10**9", "'a'*1000000000", "a is defined", "1 in a", "a[0]", "a['x']", "a[1:2]", "a.upper()",
    "a.upper", "row", "row.__class__", "row['__class__']", "row.a.b", "row.a.__class__", "row.get('a')", "row[a]", "market.event",
    "true", "none", "1e9", "0xff", "0b1", "1_000", "9" * 16, "1 < 2 < 3", "+1", "*a", "a|upper(1)", "a|upper|nope", "a|default",
    "a|replace('x')", "a|round(99)", "a|round(a)", "a|round(foo=1)", "a|round(*a)", "loop", "super()", "caller()", "_",
    "__import__",
    "a if b", "a; b", "a b", "a=1", "set a = 1", "%", "#", "{", "(", ")", "'", "\\", "\0", "é", "'\\x'", "not", "a ~",
    "| upper", ".", "..",
]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_is_not_on_the_list_is_refused_with_a_message(text: str) -> None:
    names = Names(("a",), {"row": ("a",)})
    with pytest.raises((Refusal, Wrong)) as caught:
        expression.read(text, names)(Scope({"a": values.text_value("A")}, {"row": {"a": values.text_value("A")}}))
    told = caught.value.tell(AT)
    assert told.code in ("PR218", "PR219", "PR326", "PR327")
    assert told.message.endswith(".")


@pytest.mark.parametrize("text", INJECTIONS)
def test_and_so_it_is_in_a_plan(text: str) -> None:
    quoted = "'" + ("${" + text + "}").replace("'", "''") + "'"
    checked = check(order(f"selection: {quoted}\nexpires_after: 5m"))
    assert checked.plan is None
    assert {one.line for one in checked.problems} == {next(n for n, line in enumerate(checked.lines, 1) if "selection:" in line)}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 150 + "1" + ")" * 140,
        "-" * 290 + "1",
        "not " * 70 + "1",
        "1" + " + 1" * 70,
        "1 if 1 == 1 else " * 17 + "1",
        "a" * 301,
    ],
)
def test_depth_and_length_have_an_end(text: str) -> None:
    step = f"expires_after: 5m\nfallback:\n  - if: suspended\n    alert: '${{{text}}}'"
    assert set(codes(order(step))) <= {"PR218", "PR219", "PR326", "PR327"}


def test_a_text_that_grows_and_grows_is_refused_before_it_fills_the_memory() -> None:
    inputs = f"inputs:\n  a:\n    type: text\n    default: {'a' * 16}\nlimits:"
    growing = "${a" + '|replace("a",a)' * 9 + "}"  # 16 to the tenth power
    assert codes(order(f"selection: '{growing}'\nexpires_after: 5m").replace("limits:", inputs)) == ["PR327"]


_TOKENS = ["a", "row", ".", "a", "1", "2.50", '"x"', "+", "-", "*", "/", "~", "(", ")", "|", "upper", "round", "if", "else",
    "and", "or",
           "not", "==", "<", "[", "]", "{", "}", "${", "**", "%", ",", "'", "is", "in", "none", "\\", "\n", "default", ":",
           "="]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_TOKENS), max_size=14))
@example(["${", "${", "}", "}"])
@example(["}"])
def test_any_text_gives_a_value_or_a_message(tokens: list[str]) -> None:
    text = "'" + ("${" + " ".join(tokens)).replace("'", "''").replace("\n", " ") + "}'"
    inputs = "inputs:\n  a:\n    type: text\n    default: Arsenal\nlimits:"
    checked = check(order(f"selection: {text}\nexpires_after: 5m").replace("limits:", inputs))
    assert (checked.plan is None) == bool(checked.problems)
    if checked.plan is not None:
        assert "${" not in str(checked.plan.orders[0].target.selection)


# Where templates stand


def test_text_never_becomes_structure() -> None:
    inputs = 'inputs:\n  team:\n    type: text\n    default: "Arsenal: [x] # no, - {a}"\nlimits:'
    checked = check(order("selection: ${team}\nexpires_after: 5m").replace("limits:", inputs))
    assert checked.plan is not None
    assert checked.plan.orders[0].target.selection == "Arsenal: [x] # no, - {a}"


@pytest.mark.parametrize("sign", ["{% for x in y %}", "{# no #}", "{%- raw %}"])
def test_statements_and_comments_are_refused_where_a_text_may_stand(sign: str) -> None:
    assert codes(order(f"selection: '{sign}'\nexpires_after: 5m")) == ["PR219"]


def test_a_value_that_was_worked_out_is_told_at_its_template_with_what_it_gave() -> None:
    inputs = "inputs:\n  odds:\n    type: odds\n    default: 3.10\nlimits:"
    (told,) = check(order("odds: ${odds * 1.1}\nexpires_after: 5m").replace("limits:", inputs)).problems
    assert (told.code, told.note, told.did_you_mean) == ("PR402", "`${odds * 1.1}` is `3.41`", None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("a / 3 | round_down", "(a / 3) | round_down"),
        ('a * -2 | default("x|y") | round', '(a * -2) | default("x|y") | round'),
        ('a | default("1|2") - 2 | round_up(1)', '(a | default("1|2") - 2) | round_up(1)'),
        ('"x" ~ a | upper', '("x" ~ a) | upper'),
    ],
)
def test_a_filter_behind_a_calculation_needs_brackets(text: str, meant: str) -> None:
    with pytest.raises(Refusal) as caught:
        given_text(text, a="10.00 GBP")
    told = caught.value.tell(AT)
    assert (told.code, told.did_you_mean) == ("PR218", f"${{{meant}}}")


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("(a / 3) | round_down", "3.33 GBP"),
        ("a | round_down / 4", "2.50 GBP"),
        ("3 * (a / 3 * 1)", "10.00 GBP"),
        ("a * (2.5 | round_up)", "30.00 GBP"),
        ('a | at_most("5.00 GBP") if a > 2 * a else a', "10.00 GBP"),
    ],
)
def test_a_filter_that_can_be_for_one_thing_only_needs_none(text: str, gives: str) -> None:
    assert given_text(text, a="10.00 GBP") == gives
