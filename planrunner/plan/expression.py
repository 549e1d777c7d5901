"""What stands between `${` and `}`: read by Jinja's own parser, then judged against a short list and worked out by planrunner.

The sandbox is the list. Jinja never runs anything here: its syntax tree is taken apart, what is not on the list is refused with
a message, and the rest becomes functions over exact values. There are no calls, no attributes but a column of `row` and a word
of `market`, no powers and no loops, so an expression does no more than it has characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer, Token
from jinja2.parser import Parser

from planrunner.model.names import nearest
from planrunner.model.odds import Ladder
from planrunner.plan import values
from planrunner.plan.messages import template as say
from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem
from planrunner.plan.values import Kind, Value, Wrong

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?")
_PLACES = (1, 2, 3, 4)


class Scope(NamedTuple):
    """What a template may look at. `parts` are `row` and `market`; `where` says which row, for messages; `ladder` is the venue's
    (with `has_venue` and none: the venue is not known)."""

    inputs: Mapping[str, Value] = {}
    parts: Mapping[str, Mapping[str, Value]] = {}
    where: str = ""
    ladder: Ladder | None = None
    has_venue: bool = False


class Names(NamedTuple):
    """What a template may name. A part whose words are not known (a table that can't be read) is None."""

    inputs: Sequence[str] = ()
    parts: Mapping[str, Sequence[str] | None] = {}


Worked: TypeAlias = Callable[[Scope], Value]


class Refusal(Exception):
    """The expression is none of planrunner's. `word` is the part of its text that a caret marks."""

    def __init__(self, tell: Callable[[Span], Problem], word: str = "") -> None:
        super().__init__()
        self.tell = tell
        self.word = word


class _Digits(str):
    """The text of a number, told from a quoted text."""

    __slots__ = ()


def _no_number(text: str) -> Callable[[Span], Problem]:
    return lambda at: say.not_in_templates(at, f"the number `{text}`")


class _ExactLexer(Lexer):
    """Numbers stay the text they are: Jinja makes them floats."""

    def wrap(self, stream: Any, name: str | None = None, filename: str | None = None) -> Iterator[Token]:
        for line, kind, text in stream:
            if kind in ("integer", "float"):
                if not _NUMBER.fullmatch(text):
                    raise Refusal(_no_number(text), text)
                yield Token(line, "integer", _Digits(text))
            else:
                yield from super().wrap([(line, kind, text)], name, filename)


class _Environment(Environment):
    @property
    def lexer(self) -> Lexer:
        return _LEXER


_ENVIRONMENT = _Environment(variable_start_string="${", variable_end_string="}", cache_size=0)
_LEXER = _ExactLexer(_ENVIRONMENT)


def read(text: str, names: Names) -> Worked:
    """An expression as a function. Raises Refusal."""
    try:
        _refuse_half_filtered(text)
        parser = Parser(_ENVIRONMENT, text, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise Refusal(lambda at: say.unreadable_template(at, text, "something follows its end"))
        return _Reader(names).work(tree)
    except TemplateSyntaxError as error:
        reason = _reason(error.message or "")
        raise Refusal(lambda at: say.unreadable_template(at, text, reason)) from error


# `stake / 3 | round_down`: to Jinja the filter is for the 3 alone, and to most people for the whole.
_RECKONS = frozenset({"add", "sub", "mul", "div", "tilde"})
_OPERAND = frozenset({"integer", "string", "rparen", "rbracket"})
_KEYWORDS = frozenset({"if", "else", "and", "or", "not", "in"})
_AFRESH = frozenset({"comma", "eq", "ne", "lt", "lteq", "gt", "gteq"})


def _refuse_half_filtered(text: str) -> None:
    """A filter behind a sum or a product needs brackets to say what it is for. Raises Refusal."""
    levels, before, pipes = [False], "", 0
    for token in _LEXER.tokenize(text, state="variable"):
        kind = "keyword" if token.type == "name" and token.value in _KEYWORDS else token.type
        if kind in ("lparen", "lbracket"):
            levels.append(False)
        elif kind in ("rparen", "rbracket") and len(levels) > 1:
            levels.pop()
        elif kind == "keyword" or kind in _AFRESH:
            levels[-1] = False
        elif kind in _RECKONS and (before == "name" or before in _OPERAND):  # else it is a sign
            levels[-1] = True
        elif kind == "pipe":
            if levels[-1]:
                raise Refusal(_half_filtered(text, pipes))
            pipes += 1
        before = kind


def _half_filtered(text: str, pipes: int) -> Callable[[Span], Problem]:
    """`pipes`: how many filters stand before the one that is meant."""
    places = [found.start() for found in re.finditer(r"""\||"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", text) if found[0] == "|"]
    whole, name = text[: places[pipes]].strip(), text[places[pipes] + 1 :].strip()
    return lambda at: say.half_filtered(at, whole, name)


def _reason(message: str) -> str:
    """Jinja's words, where an author can do something with them."""
    if "unexpected char" in message:
        return f"there is a character {message.removeprefix('unexpected char ').split(' at ')[0]} in it"
    if "end of template" in message or "unexpected 'end" in message or "end of print" in message:
        return "it ends too early"
    return "it is no expression"


_OPERATIONS: dict[type[nodes.Node], Callable[[Value, Value], Value]] = {
    nodes.Add: values.add,
    nodes.Sub: values.subtract,
    nodes.Mul: values.multiply,
    nodes.Div: values.divide,
}
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "eq": lambda sign: sign == 0,
    "ne": lambda sign: sign != 0,
    "lt": lambda sign: sign < 0,
    "lteq": lambda sign: sign <= 0,
    "gt": lambda sign: sign > 0,
    "gteq": lambda sign: sign >= 0,
}
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Call: "a call `(...)`",
    nodes.Pow: "`**`",
    nodes.Mod: "`%`",
    nodes.FloorDiv: "`//`",
    nodes.List: "a list `[...]`",
    nodes.Dict: "`{...}`",
    nodes.Tuple: "a `,`",
    nodes.Test: "`is`",
    nodes.Slice: "`[...]`",
    nodes.Pos: "a sign `+`",
}


class _Reader:
    def __init__(self, names: Names) -> None:
        self._names = names

    def work(self, node: nodes.Node) -> Worked:
        match node:
            case nodes.Const():
                return _constant(node)
            case nodes.Name():
                return self._name(node)
            case nodes.Getattr(node=nodes.Name(name=part), attr=word) if part in ("row", "market"):
                return self._part(part, word)
            case nodes.Getitem(node=nodes.Name(name=part), arg=nodes.Const(value=str(word))) if part in ("row", "market"):
                return self._part(part, word)
            case nodes.Getattr():
                raise Refusal(lambda at: say.no_attribute(at, "." + node.attr), node.attr)
            case nodes.Getitem():
                raise Refusal(lambda at: say.not_in_templates(at, "`[...]`"))
            case nodes.Neg():
                return _one(values.negate, self.work(node.node))
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Div():
                return _two(_OPERATIONS[type(node)], self.work(node.left), self.work(node.right))
            case nodes.Concat():
                return self._concat(node)
            case nodes.Compare():
                return self._compare(node)
            case nodes.And() | nodes.Or():
                return _both(self.work(node.left), self.work(node.right), is_and=isinstance(node, nodes.And))
            case nodes.Not():
                return _one(lambda value: values.NO if _holds(value) else values.YES, self.work(node.node))
            case nodes.CondExpr():
                other = self.work(node.expr2) if node.expr2 is not None else lambda _: values.ABSENT
                return _either(self.work(node.test), self.work(node.expr1), other)
            case nodes.Filter():
                return self._filter(node)
        what = _REFUSED.get(type(node), "this")
        raise Refusal(lambda at: say.not_in_templates(at, what))

    def _name(self, node: nodes.Name) -> Worked:
        name, parts = node.name, self._names.parts
        if name in parts:
            raise Refusal(lambda at: say.whole_row(at, name), name)
        if name in self._names.inputs:
            return lambda scope: scope.inputs[name]
        known = list(self._names.inputs)
        raise Refusal(lambda at: say.no_such_name(at, name, known, nearest(name, known)), name)

    def _part(self, part: str, word: str) -> Worked:
        parts = self._names.parts
        if part not in parts:
            raise Refusal(lambda at: say.no_such_name(at, part, (), None), part)
        known = parts[part]
        if known is None:
            return lambda _: values.UNKNOWN
        if word not in known:
            what = "a column of the table" if part == "row" else "a word of `market`"
            raise Refusal(lambda at: say.no_such_column(at, word, what, known, nearest(word, known)), word)
        return lambda scope: scope.parts[part][word]

    def _concat(self, node: nodes.Concat) -> Worked:
        first, *others = (self.work(one) for one in node.nodes)
        for other in others:
            first = _two(values.join, first, other)
        return first

    def _compare(self, node: nodes.Compare) -> Worked:
        if len(node.ops) != 1 or node.ops[0].op not in _COMPARISONS:
            raise Refusal(lambda at: say.not_in_templates(at, "`in`" if len(node.ops) == 1 else "a chain of comparisons"))
        operand = node.ops[0]
        has_order, holds = operand.op not in ("eq", "ne"), _COMPARISONS[operand.op]

        def compared(left: Value, right: Value) -> Value:
            if has_order and not (values.has_order(left) and values.has_order(right)):
                raise Wrong(lambda at: say.does_not_compare(at, values.shown(left), left.kind, values.shown(right), right.kind))
            return values.YES if holds(values.order_of(left, right)) else values.NO

        return _two(compared, self.work(node.expr), self.work(operand.expr))

    def _filter(self, node: nodes.Filter) -> Worked:
        name = node.name
        if name not in FILTERS:
            raise Refusal(lambda at: say.no_filter(at, name, FILTERS, nearest(name, FILTERS)), name)
        count, takes = FILTERS[name].takes
        if node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) not in count or node.node is None:
            raise Refusal(lambda at: say.filter_takes(at, name, takes), name)
        inner, arguments = self.work(node.node), [self.work(one) for one in node.args]
        return FILTERS[name].make(inner, arguments)


def _constant(node: nodes.Const) -> Worked:
    constant = node.value
    if isinstance(constant, str) and not isinstance(constant, _Digits):
        value = values.text_value(constant)
    elif isinstance(constant, _Digits):
        value = values.number(Fraction(str(constant)), len(str(constant).partition(".")[2]))
    else:
        raise Refusal(lambda at: say.not_in_templates(at, f"`{str(constant).lower()}`"))
    return lambda _: value


# How values are worked out. What is unknown stays unknown, and nothing is said of it.


def _one(work: Callable[[Value], Value], inner: Worked) -> Worked:
    def worked(scope: Scope) -> Value:
        value = inner(scope)
        return value if value.kind is Kind.UNKNOWN else work(value)

    return worked


def _two(work: Callable[[Value, Value], Value], left: Worked, right: Worked) -> Worked:
    def worked(scope: Scope) -> Value:
        first, second = left(scope), right(scope)
        return values.UNKNOWN if Kind.UNKNOWN in (first.kind, second.kind) else work(first, second)

    return worked


def _holds(value: Value) -> bool:
    if value.kind is not Kind.YES_NO:
        raise Wrong(lambda at: say.not_a_condition(at, value.kind))
    return bool(value.amount)


def _both(left: Worked, right: Worked, *, is_and: bool) -> Worked:
    def joined(first: Value, second: Value) -> Value:
        both = (_holds(first), _holds(second))
        return values.YES if (all(both) if is_and else any(both)) else values.NO

    return _two(joined, left, right)


def _either(test: Worked, yes: Worked, no: Worked) -> Worked:
    def worked(scope: Scope) -> Value:
        held = test(scope)
        if held.kind is Kind.UNKNOWN:
            return held
        return (yes if _holds(held) else no)(scope)

    return worked


# Filters


class _Filter(NamedTuple):
    """`takes`: how many arguments, and how that is told."""

    takes: tuple[Sequence[int], str]
    make: Callable[[Worked, list[Worked]], Worked]


def _of_text(change: Callable[[str], str]) -> _Filter:
    def changed(value: Value) -> Value:
        return value if value.kind is Kind.ABSENT else values.text_value(change(values.written(value)))

    return _Filter(((0,), "nothing in brackets"), lambda inner, _: _one(changed, inner))


def _title(text: str) -> str:
    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


def _replace(inner: Worked, arguments: list[Worked]) -> Worked:
    def worked(scope: Scope) -> Value:
        value, old, new = (one(scope) for one in (inner, *arguments))
        if Kind.UNKNOWN in (value.kind, old.kind, new.kind):
            return values.UNKNOWN
        return value if value.kind is Kind.ABSENT else values.replaced(value, old, new)

    return worked


def _default(inner: Worked, arguments: list[Worked]) -> Worked:
    def worked(scope: Scope) -> Value:
        value = inner(scope)
        return arguments[0](scope) if value.kind is Kind.ABSENT else value

    return worked


def _bound(*, is_least: bool) -> _Filter:
    def kept(value: Value, bound: Value) -> Value:
        if value.kind is Kind.ABSENT:
            return value
        if not (values.has_order(value) and values.has_order(bound)):
            raise Wrong(lambda at: say.does_not_compare(at, values.shown(value), value.kind, values.shown(bound), bound.kind))
        sign = values.order_of(value, bound)
        return bound if (sign < 0 if is_least else sign > 0) else value

    return _Filter(((1,), 'one amount, as `("2.00 GBP")`'), lambda inner, given: _two(kept, inner, given[0]))


def _rounding(how: Callable[[Fraction], int]) -> _Filter:
    def make(inner: Worked, arguments: list[Worked]) -> Worked:
        def worked(scope: Scope) -> Value:
            value, places = inner(scope), arguments[0](scope) if arguments else None
            if value.kind in (Kind.UNKNOWN, Kind.ABSENT):
                return value
            if places is not None and (places.kind is not Kind.NUMBER or places.amount not in (0, *_PLACES)):
                raise Wrong(lambda at: say.filter_takes(at, "round", "how many decimals, 0 to 4, or nothing"))
            return values.rounded(value, how, int(places.amount) if places is not None else None)

        return worked

    return _Filter(((0, 1), "how many decimals, or nothing"), make)


def _tick(inner: Worked, arguments: list[Worked]) -> Worked:
    """The nearest tick; between two the lower. `"up"` and `"down"` say which way."""

    def worked(scope: Scope) -> Value:
        value, way = inner(scope), values.written(arguments[0](scope)) if arguments else ""
        if value.kind in (Kind.UNKNOWN, Kind.ABSENT):
            return value
        if way not in ("", "up", "down"):
            raise Wrong(lambda at: say.filter_takes(at, "round_to_tick", '`"up"`, `"down"`, or nothing'))
        if scope.ladder is None and scope.has_venue:
            return values.UNKNOWN
        if scope.ladder is None:
            raise Wrong(say.no_ladder)
        return _on_ladder(values.as_odds(value), scope.ladder, way)

    return worked


def _on_ladder(value: Value, ladder: Ladder, way: str) -> Value:
    below, above = ladder.around(value.amount)
    if below is None or above is None:
        raise Wrong(lambda at: say.off_any_ladder(at, values.shown(value)))
    is_nearer = Fraction(above) - value.amount < value.amount - Fraction(below)
    return values.odds(Fraction(above if way == "up" or (not way and is_nearer) else below))


FILTERS: dict[str, _Filter] = {
    "round_to_tick": _Filter(((0, 1), '`"up"`, `"down"`, or nothing'), _tick),
    **{name: _rounding(how) for name, how in values.ROUNDING.items()},
    "at_least": _bound(is_least=True),
    "at_most": _bound(is_least=False),
    "default": _Filter(((1,), "one value"), _default),
    "upper": _of_text(str.upper),
    "lower": _of_text(str.lower),
    "title": _of_text(_title),
    "trim": _of_text(str.strip),
    "replace": _Filter(((2,), 'two texts, as `(" Utd", "")`'), _replace),
}
