"""Text to located nodes, strictly: every scalar is text, and whatever YAML would do behind the author's back is a problem.

libyaml's events are used where they are there, the pure Python parser's elsewhere; both lead to the same nodes and messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from planrunner.plan import syntax
from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span
from planrunner.plan.problems import Problem

LARGEST = 1 << 20  # bytes: some four thousand orders
DEEPEST = 16  # levels; a plan needs six
# Where a text may run over several lines.
_LONG_TEXTS = frozenset({"about", "alert"})
_LINE_ENDS = re.compile("\r\n|\r|\n")
# Control characters, spaces that are none, and marks that turn or hide text. A joiner inside a name is fine.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xa0\xad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufffe\uffff]"
)
_UNSEEN_IN_VALUE = re.compile(f"{_UNSEEN.pattern[:-1]}\t\r\n]")
_NAMES = {"\x00": "a NUL character", "\xa0": "a no-break space", "\ufeff": "a byte order mark"}
_ODD_WORDS = ("${", "~", "true", "false", "null")
_CUT = re.compile("[ \t]#(?! )")

Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Source(NamedTuple):
    """A file read. `root` is None where nothing of it can be used; `bad` holds the ids of nodes already complained about.

    `has_odd_words`: a template, or one of the words that YAML takes for something else, may be in it.
    """

    lines: list[str]
    root: Node | None
    problems: list[Problem]
    bad: set[int]
    has_odd_words: bool = False


def read(data: bytes, loader: type[Any] = Loader) -> Source:
    """Never raises, whatever the bytes are."""
    if len(data) > LARGEST:
        return Source([], None, [say.too_large(len(data), LARGEST)], set())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Source([], None, [say.not_utf8(_place_of_byte(data, error.start))], set())
    lines = _LINE_ENDS.split(text)
    problems: list[Problem] = []
    clean, is_indented_well = _cleaned(text, lines, problems)
    builder = _Builder(problems, lines)
    if not is_indented_well:
        return Source(lines, None, problems, builder.bad)
    try:
        builder.take(loader(clean))
    except yaml.YAMLError as error:
        problem = syntax.explain(clean, error, _LINE_ENDS.split(clean))
        # A text that seems to run over several lines is how a misplaced line begins to be unreadable.
        told = [one for one in problems if one.code != say.SEVERAL_LINES]
        return Source(lines, None, [*told, problem], builder.bad)
    if clean.count(" #") != clean.count(" # "):
        _find_cuts(builder, _LINE_ENDS.split(clean))
    if builder.root is None and not problems:
        problems.append(say.nothing_here())
    return Source(lines, builder.root, problems, builder.bad, _has_odd_words(clean))


def _has_odd_words(text: str) -> bool:
    plain = text.lower()
    return any(word in plain for word in _ODD_WORDS)


def _place_of_byte(data: bytes, index: int) -> Span:
    before = data[:index].split(b"\n")
    return Span(len(before), len(before[-1].decode("utf-8", "replace")) + 1)


def _cleaned(text: str, lines: list[str], problems: list[Problem]) -> tuple[str, bool]:
    """The text with everything unseen made a space, so that columns stay and reading goes on; and whether it is worth it."""
    if "\t" in text:
        found = [(number, line) for number, line in enumerate(lines, 1) if "\t" in line]
        first, line = found[0]
        problems.append(say.tab(Span(first, line.index("\t") + 1), [number for number, _ in found[1:]]))
        if any("\t" in line[: len(line) - len(line.lstrip())] for _, line in found if line.strip()):
            return text, False
        text = text.replace("\t", " ")
    if not text.replace("\n", "").replace("\r", "").isprintable():
        text = _without_unseen(text, lines, problems)
    return text, True


def _without_unseen(text: str, lines: list[str], problems: list[Problem]) -> str:
    found: dict[str, list[Span]] = {}
    for number, line in enumerate(lines, 1):
        for match in _UNSEEN.finditer(line):
            found.setdefault(match.group(), []).append(Span(number, match.start() + 1))
    for character, spans in found.items():
        name = _NAMES.get(character, f"an invisible character (U+{ord(character):04X})")
        more = dict.fromkeys(span.line for span in spans if span.line != spans[0].line)
        problems.append(say.invisible(spans[0], name, list(more)))
    return _UNSEEN.sub(" ", text) if found else text


def _find_cuts(builder: _Builder, lines: list[str]) -> None:
    """`Bet #3` is read as `Bet`: a comment has a space after its sign."""
    for value in builder.values:
        if not value.text:
            continue
        line = lines[value.line - 1]
        end = value.column - 1 + value.width
        rest = line[end:]
        cut = _CUT.match(rest) or re.match(" +#(?! )", rest)
        if cut:
            at = Span(value.line, value.column, len(line.rstrip()) - value.column + 1)
            builder.complain(value, say.cut_off(at, value, _without_quotes(line[value.column - 1 :], value)))


def _without_quotes(whole: str, value: Scalar) -> str:
    return whole.strip() if value.is_plain else value.text + whole[value.width :].rstrip()


class _Open:
    """A container still being read; `key` waits for its value."""

    __slots__ = ("key", "node", "under")

    def __init__(self, node: Block | Listing, under: Scalar | None) -> None:
        self.node = node
        self.under = under
        self.key: Scalar | None = None


class _Builder:
    """Events to nodes, noting what plans don't have."""

    def __init__(self, problems: list[Problem], lines: list[str]) -> None:
        self.problems = problems
        self._lines = lines
        self.bad: set[int] = set()
        self.root: Node | None = None
        self.values: list[Scalar] = []
        self._stack: list[_Open] = []
        self._is_over = False
        self._kept: list[Node] = []  # an id in `bad` must not be given to a second node

    def take(self, loader: Any) -> None:
        """Every event of the first document. Raises yaml.YAMLError."""
        handlers: dict[type, Callable[[Any], object]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        for event in iter(loader.get_event, None):
            handle = handlers.get(type(event))
            if handle is not None:
                handle(event)
            if self._is_over:
                return

    def complain(self, node: Node | None, problem: Problem) -> None:
        self.problems.append(problem)
        if node is not None:
            self.bad.add(id(node))
            self._kept.append(node)

    def _document(self, event: Any) -> None:
        if event.version or event.tags:
            self.problems.append(say.directive(Span(_span(event).line, 1)))
        if self.root is not None:
            self.problems.append(say.second_document(_span(event)))
            self._is_over = True

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        is_one_line = start.line == end.line
        width = end.column - start.column if is_one_line else 1
        node = Scalar(event.value, start.line + 1, start.column + 1, width, event.style or None)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.node, Block):
            self._key(top, node, event)
            return
        key = top.key if top is not None else None
        if event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        elif not event.value or not event.value.strip():
            self._empty(node, key)
        elif not is_one_line or event.style in ("|", ">"):
            self._long(node, key)
        elif node.style and _UNSEEN_IN_VALUE.search(event.value):
            self.complain(node, say.control(node.span, key))
        if is_one_line:
            self.values.append(node)
        self._add(node)

    def _key(self, top: _Open, node: Scalar, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        elif node.text == "<<" and node.is_plain:
            self.complain(node, say.merge(node.span))
        elif not node.text.strip():
            self.complain(node, say.empty_key(node.span))
        top.key = node

    def _properties(self, node: Node, event: Any) -> None:
        span = _span(event)
        if event.anchor is not None:
            self.complain(node, say.anchor(Span(span.line, span.column)))
        if event.tag is not None:
            self.complain(node, say.tag(Span(span.line, span.column)))

    def _empty(self, node: Scalar, key: Scalar | None) -> None:
        if key is not None and id(key) in self.bad:
            self.bad.add(id(node))
            self._kept.append(node)
            return
        at = key.span if key is not None else Span(node.line, node.column)
        rest = self._lines[at.line - 1][at.column - 1 + at.width :] if key is not None else ""
        comment = re.match(r": *(#\S.*)$", rest)
        self.complain(node, say.no_value(at, key, comment[1].rstrip() if comment else None))

    def _long(self, node: Scalar, key: Scalar | None) -> None:
        if node.style in ("|", ">"):
            if key is None or key.text not in _LONG_TEXTS:
                self.complain(node, say.block_text(node.span, node.style, key))
        else:
            self.complain(node, say.several_lines(node.span, key))

    def _mapping(self, event: Any) -> None:
        span = _span(event)
        self._open(Block(span.line, span.column), event, is_braces=bool(event.flow_style))

    def _sequence(self, event: Any) -> None:
        span = _span(event)
        self._open(Listing(span.line, span.column), event, is_braces=False)

    def _open(self, node: Block | Listing, event: Any, *, is_braces: bool) -> None:
        top = self._stack[-1] if self._stack else None
        is_key = top is not None and isinstance(top.node, Block) and top.key is None
        key = top.key if top is not None else None
        if is_key:
            self.complain(node, say.not_a_key(node.span))
        elif is_braces:
            self.complain(node, say.braces(node.span, key))
        elif event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        if len(self._stack) == DEEPEST:
            self.problems.append(say.too_deep(_span(event)))
            self._is_over, self.root = True, None
        elif is_key and top is not None:
            top.key = self._unusable(node)
            self._stack.append(_Open(node, top.key))
        else:
            self._add(node)
            self._stack.append(_Open(node, key))

    def _unusable(self, node: Block | Listing) -> Scalar:
        """Stands for a key that is none; nothing more is said of it."""
        key = Scalar(f"{node.line}:{node.column}", node.line, node.column, 1)
        self.bad.add(id(key))
        self._kept.append(key)
        return key

    def _end(self, _: object) -> None:
        self._stack.pop()

    def _alias(self, event: Any) -> None:
        span = _span(event)
        node = Scalar("", span.line, span.column, span.width)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is not None and id(top.key) in self.bad:
            self.bad.add(id(node))  # `<<: *base` is one mistake
            self._kept.append(node)
        else:
            self.complain(node, say.alias(span, event.anchor))
        if top is not None and isinstance(top.node, Block) and top.key is None:
            top.key = node
        else:
            self._add(node)

    def _add(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        if isinstance(top.node, Listing):
            top.node.items.append(node)
            return
        key, top.key = top.key, None
        assert key is not None
        first = top.node.keys.get(key.text)
        if first is None:
            top.node.keys[key.text] = key
            top.node.values[key.text] = node
        elif id(key) not in self.bad:
            self.problems.append(say.twice(key, first))


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return Span(start.line + 1, start.column + 1, max(1, end.column - start.column) if start.line == end.line else 1)
