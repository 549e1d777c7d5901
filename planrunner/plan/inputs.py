"""Inputs: the gaps of a plan or blueprint, and the values that fill them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from planrunner.model.names import nearest
from planrunner.plan import values
from planrunner.plan.decode import Reading
from planrunner.plan.messages import shape as say_shape
from planrunner.plan.messages import template as say
from planrunner.plan.nodes import Block, Listing, Scalar, Span
from planrunner.plan.schema import Shape, currency_of
from planrunner.plan.values import Kind, Value, Wrong

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,39}")
_WORDS = frozenset({"row", "market", "not", "and", "or", "if", "else", "in", "is", "true", "false", "none"})
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_DURATION = re.compile(r"(0|[1-9][0-9]{0,5})[smhd]")
_EXAMPLES = {"money": "10.00 GBP", "odds": "3.10", "duration": "2m", "whole_number": "1"}
_BOUNDED = frozenset({"money", "odds", "duration", "whole_number"})


class GivenValues(NamedTuple):
    """Values from one place: `--set`, a file, or `with`. Each name leads to its value; `keys` say where the names stand."""

    values: Mapping[str, Scalar]
    keys: Mapping[str, Scalar]


def fill(
    root: Block,
    shape: Shape,
    given: Sequence[GivenValues],
    *,
    missing_at: Span | None = None,
    awaited: list[str] | None = None,
) -> dict[str, Value]:
    """Every input's value; those that have none, or a bad one, are unknown. The first place that has a value wins.

    `missing_at`: where a blueprint is used, for inputs that it says nothing of. `awaited` takes the names of those that a signal
    will bring, and for which something stands until then; None: all have to be there.
    """
    block = root.values.get("inputs")
    declared = block if isinstance(block, Block) and id(block) not in shape.bad else Block(1, 1)
    filler = _Filler(root, shape, awaited)
    known = list(declared.values)
    for place in given:
        for name, key in place.keys.items():
            if name not in declared.values and id(key) not in shape.bad and "inputs" not in shape.supposed.get(id(root), ()):
                near = nearest(name, [one for one in known if one not in place.keys])
                filler.meant.add(near)
                shape.complain(key, say.no_such_input(key.span, name, known, near))
    return {name: filler.value_of(declared, name, given, missing_at) for name in known}


class _Filler:
    """`meant`: inputs whose names were misspelt where they were given a value; they are not missing, too."""

    def __init__(self, root: Block, shape: Shape, awaited: list[str] | None) -> None:
        self.meant: set[str | None] = set()
        self._awaited = awaited
        self._shape = shape
        self._root = root

    def value_of(self, declared: Block, name: str, given: Sequence[GivenValues], missing_at: Span | None) -> Value:
        block, key = declared.values[name], declared.keys[name]
        if not _NAME.fullmatch(name) or name in _WORDS:
            self._shape.complain(key, say.not_a_name(key.span, name, is_word=name in _WORDS))
            return values.UNKNOWN
        if not isinstance(block, Block) or id(block) in self._shape.bad:
            return values.UNKNOWN
        kind = self._kind(block)
        if kind is None:
            return values.UNKNOWN
        bounds = self._bounds(block, kind)
        usual = self._within(block, "default", kind, name, bounds)
        place = next((one for one in given if name in one.values), None)
        if place is not None:
            return self._judged(place.values[name], block, kind, name, bounds)
        if usual is None and name not in self.meant and self._awaited is not None:
            self._awaited.append(name)
            return self._stand_in(block, kind, bounds)
        if usual is None and name not in self.meant:
            example = self._example(block, kind)
            at, is_with = (missing_at, True) if missing_at is not None else (key.span, False)
            runs_alone = "when" in self._root.values and not self._on_signal()
            self._shape.complain(None, say.no_value_given(at, name, example, is_with=is_with, runs_alone=runs_alone))
        return usual or values.UNKNOWN

    def _on_signal(self) -> bool:
        when = self._root.values.get("when")
        return isinstance(when, Block) and "on_signal" in when.values

    def _stand_in(self, block: Block, kind: str, bounds: Mapping[str, Value]) -> Value:
        """What stands for a value that a signal will bring: the most it may be, so that limits are held against the worst. A text
        that may be a name, an id or a number."""
        bound = bounds.get("at_most") or bounds.get("at_least")
        if bound is not None:
            return bound._replace(origin=None)
        match kind:
            case "money":
                return Value(Kind.MONEY, Fraction(2), currency=currency_of(self._root) or "GBP")
            case "odds":
                return values.odds(Fraction(3), "3.00")
            case "duration":
                return Value(Kind.DURATION, Fraction(600), "10m")
            case "whole_number":
                return values.number(1)
            case "choice":
                return values.text_value(self._example(block, kind))
            case _:
                return values.text_value("1")

    def _kind(self, block: Block) -> str | None:
        kind = block.values.get("type")
        if not isinstance(kind, Scalar) or id(kind) in self._shape.bad:
            return None
        for key in ("at_least", "at_most"):
            if key in block.keys and kind.text not in _BOUNDED:
                self._shape.complain(None, say.no_bounds(block.keys[key], kind.text))
        if "choices" in block.keys and kind.text != "choice":
            self._shape.complain(None, say.no_bounds(block.keys["choices"], kind.text))
        if kind.text == "choice" and "choices" not in block.keys:
            self._shape.complain(None, say.needs_choices(kind.span))
            return None
        return kind.text

    def _example(self, block: Block, kind: str) -> str:
        least = block.text("at_least")
        choices = block.values.get("choices")
        if isinstance(choices, Listing) and isinstance(choices.items[0], Scalar):
            return choices.items[0].text
        return least or _EXAMPLES.get(kind, "...")

    def _bounds(self, block: Block, kind: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for key in ("at_least", "at_most") if kind in _BOUNDED else ():
            value = block.values.get(key)
            if isinstance(value, Scalar) and (bound := self._read(value, block, kind, key)):
                found[key] = bound
        if len(found) == 2 and found["at_most"].amount < found["at_least"].amount:
            value = block.scalar("at_most")
            self._shape.complain(value, say.bounds_crossed(value, found.pop("at_least").text))
        return found

    def _within(self, block: Block, key: str, kind: str, name: str, bounds: Mapping[str, Value]) -> Value | None:
        value = block.values.get(key)
        return self._judged(value, block, kind, name, bounds) if isinstance(value, Scalar) else None

    def _judged(self, value: Scalar, block: Block, kind: str, name: str, bounds: Mapping[str, Value]) -> Value:
        """A value of its input's kind and within its bounds; else unknown."""
        found = self._read(value, block, kind, name)
        if found is None:
            return values.UNKNOWN
        for key, bound in bounds.items():
            is_low = key == "at_least"
            try:
                sign = values.order_of(found, bound)
            except Wrong as wrong:
                self._shape.complain(value, wrong.tell(value.span))
                return values.UNKNOWN
            if sign < 0 if is_low else sign > 0:
                self._shape.complain(value, say.out_of_bounds(value, name, bound.text, is_low=is_low))
                return values.UNKNOWN
        return found

    def _read(self, value: Scalar, block: Block, kind: str, name: str) -> Value | None:
        """A text as a value of a kind, in the words that the same mistake has elsewhere."""
        if id(value) in self._shape.bad:
            return None
        if not value.text.strip():
            self._shape.complain(value, say.empty_value(value.span, name))
            return None
        holder = Block(value.line, value.column, value.file)
        holder.values[name] = value
        reading = Reading(self._shape, self._root)
        match kind:
            case "money":
                money = reading.money(holder, name)
                return Value(Kind.MONEY, Fraction(money.amount), value.text, money.currency, origin=value) if money else None
            case "odds":
                odds = reading.odds(holder, name)
                return values.odds(odds.ratio, value.text, value) if odds else None
            case "duration":
                return self._duration(value, reading, holder, name)
            case "whole_number":
                if _WHOLE.fullmatch(value.text):
                    return Value(Kind.NUMBER, Fraction(value.text), value.text, origin=value)
                self._shape.complain(value, say.not_whole(value))
                return None
            case "choice":
                return self._choice(value, block, name)
            case _:
                return values.text_value(value.text, value)

    def _duration(self, value: Scalar, reading: Reading, holder: Block, name: str) -> Value | None:
        if not _DURATION.fullmatch(value.text):
            self._shape.complain(value, say_shape.not_duration(value))
            return None
        delay = reading.duration(holder, name)
        seconds = Fraction(delay.days * 86400 + delay.seconds) if delay is not None else None
        return Value(Kind.DURATION, seconds, value.text, origin=value) if seconds is not None else None

    def _choice(self, value: Scalar, block: Block, name: str) -> Value | None:
        listing = block.values.get("choices")
        items = listing.items if isinstance(listing, Listing) else []
        choices = [item.text for item in items if isinstance(item, Scalar)]
        if value.text in choices:
            return values.text_value(value.text, value)
        self._shape.complain(value, say_shape.unknown_word(value, name, choices or ["..."], nearest(value.text, choices)))
        return None
