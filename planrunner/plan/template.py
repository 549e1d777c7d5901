"""Templates: nodes in, nodes out, one scalar at a time, after the file was parsed, so that text can never become structure.

A value that is passed through whole keeps the place it came from (a cell, a default, a line of `with`), and whatever is wrong
with it is told there. A value that was worked out stands at its template, with a note of what came of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from planrunner.model.odds import Ladder
from planrunner.plan.messages import template as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span
from planrunner.plan.problems import Problem
from planrunner.plan.schema import Shape
from planrunner.plan.values import LONGEST, Kind, Value, Wrong, there, written

if TYPE_CHECKING:
    from planrunner.plan.expression import Names, Scope, Worked

OPENING = "${"
_LONGEST_TEMPLATE = 300
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xa0\xad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufffe\uffff]"
)
# `}` ends a template unless it stands in quotes.
_INSIDE = re.compile(r"""(?:[^"'{}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*""", re.DOTALL)


class LeftOut(NamedTuple):
    """An absent value: its key is not there. `origin` is the empty cell."""

    origin: Scalar | None


Make: TypeAlias = "Callable[[Scope], Node | LeftOut]"


class _Piece(NamedTuple):
    """One `${...}` of a text: where it stands, and how it is worked out."""

    start: int
    end: int
    text: str


class Renderer:
    """Makes nodes of nodes. What holds no template is shared by all that is made."""

    def __init__(self, shape: Shape, names: Names, ladders: Mapping[str, Ladder]) -> None:
        self.shape = shape
        self.left_out: dict[int, list[tuple[str, Scalar | None]]] = {}
        self._names = names
        self._ladders = ladders

    def prepare(self, node: Node) -> Make | None:
        """How a node is made; None where it is the same for every row. What no row could make right is told here, once."""
        if id(node) in self.shape.bad:
            return None
        if isinstance(node, Scalar):
            return self._scalar(node) if OPENING in node.text else None
        return self._block(node) if isinstance(node, Block) else self._listing(node)

    def _block(self, node: Block) -> Make | None:
        makes = {key: make for key, value in node.values.items() if (make := self.prepare(value)) is not None}
        if not makes:
            return None

        def made(scope: Scope) -> Block:
            block = Block(node.line, node.column, node.file)
            if "venue" in node.values:
                scope = self._at_venue(node, makes, scope)
            for key, value in node.values.items():
                one = makes[key](scope) if key in makes else value
                if isinstance(one, LeftOut):
                    self.left_out.setdefault(id(block), []).append((key, one.origin))
                else:
                    block.keys[key], block.values[key] = node.keys[key], one
            self.inherit(node, block)
            if id(block) in self.left_out and block.keys and scope.where:
                first = next(iter(block.keys))
                note = say.left_out([key for key, _ in self.left_out[id(block)]], scope.where)
                block.keys[first] = block.keys[first]._replace(note=note)
            return block

        return made

    def _at_venue(self, node: Block, makes: Mapping[str, Make], scope: Scope) -> Scope:
        value = makes["venue"](scope) if "venue" in makes else node.values["venue"]
        ladder = self._ladders.get(value.text) if isinstance(value, Scalar) else None
        return scope._replace(ladder=ladder, has_venue=True)

    def inherit(self, old: Block, new: Block) -> None:
        """What was said of the one is not said of the other."""
        if id(old) in self.shape.supposed:
            self.shape.supposed[id(new)] = set(self.shape.supposed[id(old)])

    def _listing(self, node: Listing) -> Make | None:
        makes = [self.prepare(item) for item in node.items]
        if not any(makes):
            return None

        def made(scope: Scope) -> Listing:
            listing = Listing(node.line, node.column, node.file)
            for item, make in zip(node.items, makes, strict=True):
                one = make(scope) if make is not None else item
                if not isinstance(one, LeftOut):
                    listing.items.append(one)
            return listing

        return made

    def _scalar(self, node: Scalar) -> Make | None:
        try:
            pieces = list(_pieces(node))
            work = [self._worked(node, piece) for piece in pieces]
        except _Unreadable as told:
            self.shape.complain(node, told.problem)
            return None
        if len(pieces) == 1 and not (node.text[: pieces[0].start] + node.text[pieces[0].end :]).strip():
            return lambda scope: self._whole(node, pieces[0], work[0], scope)
        return lambda scope: self._joined(node, pieces, work, scope)

    def _worked(self, node: Scalar, piece: _Piece) -> Worked:
        from planrunner.plan import expression  # brings Jinja: most plans have no template

        if len(piece.text) > _LONGEST_TEMPLATE:
            raise _Unreadable(say.too_long_a_template(_at(node, piece), _LONGEST_TEMPLATE))
        if not piece.text.strip():
            raise _Unreadable(say.empty_template(_at(node, piece)))
        try:
            return expression.read(piece.text, self._names)
        except expression.Refusal as refusal:
            raise _Unreadable(refusal.tell(_at(node, piece, refusal.word))) from refusal
        except RecursionError as error:
            raise _Unreadable(say.too_long_a_template(_at(node, piece), _LONGEST_TEMPLATE)) from error

    def _whole(self, node: Scalar, piece: _Piece, work: Worked, scope: Scope) -> Node | LeftOut:
        value = self._value(node, piece, work, scope)
        if value is None or value.kind is Kind.UNKNOWN:
            return self._unknown(node)
        if value.kind is Kind.ABSENT:
            return LeftOut(value.origin)
        if value.origin is not None:
            return self._passed(value.origin)
        try:
            return self._computed(node, written(value), scope)
        except Wrong as wrong:
            return self._wrong(node, piece, wrong, scope)

    def _passed(self, origin: Scalar) -> Scalar:
        """The value as it stands elsewhere, told of there."""
        if id(origin) not in self.shape.bad and (problem := _not_a_value(origin.text, origin.span)):
            self.shape.complain(origin, problem)
        return origin

    def _joined(self, node: Scalar, pieces: list[_Piece], work: list[Worked], scope: Scope) -> Node:
        text, end = "", 0
        for piece, one in zip(pieces, work, strict=True):
            value = self._value(node, piece, one, scope)
            if value is None or value.kind is Kind.UNKNOWN:
                return self._unknown(node)
            try:
                text += node.text[end : piece.start] + written(there(value))
            except Wrong as wrong:
                return self._wrong(node, piece, wrong, scope)
            end = piece.end
        return self._computed(node, text + node.text[end:], scope)

    def _value(self, node: Scalar, piece: _Piece, work: Worked, scope: Scope) -> Value | None:
        try:
            return work(scope)
        except Wrong as wrong:
            self._wrong(node, piece, wrong, scope)
            return None

    def _wrong(self, node: Scalar, piece: _Piece, wrong: Wrong, scope: Scope) -> Scalar:
        if wrong.at is not None:
            problem = wrong.tell(wrong.at.span._replace(note=say.used_by(piece.text, node.line)))
        else:
            problem = say.with_rounding(wrong.tell(_at(node, piece)._replace(note=say.in_row(scope.where))), piece.text)
        self.shape.complain(None, problem)
        return self._unknown(node)

    def _unknown(self, node: Scalar) -> Scalar:
        """Stands where there is no value; nothing more is said of it."""
        copy = node._replace()
        self.shape.bad.add(id(copy))
        return self.shape.keep(copy)

    def _computed(self, node: Scalar, text: str, scope: Scope) -> Scalar:
        made = node._replace(text=text, style='"', note=say.worked_out(node.text, text, scope.where))
        if problem := _not_a_value(text, made.span):
            self.shape.complain(self.shape.keep(made), problem)
        return made


class _Unreadable(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


def _pieces(node: Scalar) -> Iterator[_Piece]:
    text, end = node.text, 0
    while (start := text.find(OPENING, end)) >= 0:
        inside = _INSIDE.match(text, start + len(OPENING))
        assert inside is not None
        end = inside.end()
        if text[end : end + 1] == "{":
            raise _Unreadable(say.not_in_templates(_at(node, _Piece(start, end + 1, "")), "`{`"))
        if text[end : end + 1] != "}":
            raise _Unreadable(say.unclosed(_at(node, _Piece(start, len(text), "")), text[start:]))
        end += 1
        yield _Piece(start, end, inside[0])


def _at(node: Scalar, piece: _Piece, word: str = "") -> Span:
    """Where a template stands, or a word in it, as far as the text stands in the file as it is."""
    if node.is_plain:
        before = 0
    elif node.width == len(node.text) + 2:
        before = 1
    else:
        return node.span
    start, width = piece.start, piece.end - piece.start
    if word and (found := re.search(rf"(?<!\w){re.escape(word)}(?!\w)", piece.text)):
        start, width = start + len(OPENING) + found.start(), len(word)
    return Span(node.line, node.column + before + start, width, node.file)


def _not_a_value(text: str, at: Span) -> Problem | None:
    """Why a text can't stand in a plan, whoever wrote it."""
    if OPENING in text:
        return say.value_with_template(at, text)
    if unseen := _UNSEEN.search(text):
        return say.unseen_in_value(at, unseen[0])
    return say.too_long(at, LONGEST) if len(text) > LONGEST else None
