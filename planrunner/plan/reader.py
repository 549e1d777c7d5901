"""Text to located nodes, strictly: every scalar is text, and whatever YAML would do behind the author's back is a problem.

libyaml's events are used where they are there, the pure Python parser's elsewhere; both lead to the same nodes and messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from planrunner.plan import letters
from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span
from planrunner.plan.problems import Problem

if TYPE_CHECKING:
    from planrunner.plan.syntax import Row

LARGEST = 1 << 20  # bytes: some four thousand orders
DEEPEST = 16  # levels; a plan needs six
# Where a text may run over several lines.
_LONG_TEXTS = frozenset({"about", "alert"})
_LINE_ENDS = re.compile("\r\n|\r|\n")
# Control characters, spaces that are none, and marks that turn or hide text. A joiner is fine in alphabets that need it.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xa0\xad\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f"
    "\u205f-\u206f\u3000\ue000\ufeff\ufff9-\ufffb\ufffe\uffff\u061c\u180e\U000e0000-\U000e007f]"
    "|(?<=[!-~])[\u200c\u200d]|[\u200c\u200d](?=[!-~])"
)
_UNSEEN_IN_VALUE = re.compile(f"[\t\r\n]|{_UNSEEN.pattern}")
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_NAMES = {"\x00": "a NUL character", "\xa0": "a no-break space", "\ufeff": "a byte order mark", "\u200b": "a space without width"}
# Stands in a word for what was taken out, so that columns stay; nodes don't have it.
_NOTHING = "\ue000"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_FIRST_KEYS = ("planrunner:", "planrunner_site:", "#")
# How files begin that people take for text.
_KINDS = (
    ((b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), "a document of Word, Excel or the like"),
    ((b"{\\rtf",), "a document with letter styles (RTF)"),
    ((b"%PDF",), "a PDF"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "a picture"),
    ((b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML"), "a web page"),
)
_TAB_WIDTHS = (2, 4, 8)
# How much is read again and again to find one more mistake: the pure Python parser reads some 100,000 characters a second.
_MOST_READ = 100_000
_MOST_MENDED = 30
# Values that may well hold a `#`; elsewhere a comment was meant.
_TEXTS = frozenset({
    "plan", "blueprint", "name", "event", "market", "selection", "alert", "about", "ask", "sport", "meetings", "meeting",
    "runners",
})  # fmt: skip
_ODD_WORDS = ("${", "~", "true", "false", "null")
_SIGN_AND_COMMENT = re.compile("[|>][-+0-9]*#")
# A `#` at the end of a line is an empty comment, and nothing is lost.
_FOREIGN_SIGNS = re.compile(r"\{\{|^[^#\n]*[:-] +[\"']?(?:[$%<][A-Za-z_(]|\$ \{|[#%]\{)", re.MULTILINE)
_ONE_NAME = re.compile(r"[:-] +\{ *[A-Za-z_]\w* *\}\s*(#.*)?$")
_TWO_SIGNED_TAG = re.compile(r"(?<![^ ])![^ !]+!")
_CUT = re.compile("[ \t]+#(?! |$)")

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
    kept: Sequence[Node] = ()  # what `bad` names lives as long as it does: an id must not be given to a second node


def read(data: bytes, loader: type[Any] = Loader) -> Source:
    """Never raises, whatever the bytes are."""
    if len(data) > LARGEST:
        return Source([], None, [say.too_large(len(data), LARGEST)], set())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if (kind := _other_kind(data)) is not None:
            return Source([], None, [say.other_kind(kind)], set())
        is_utf16 = data[:2] in _UTF16
        shown = data.decode("utf-16" if is_utf16 else "utf-8", "replace")
        problem = say.not_utf8(_place_of_byte(data, error.start), is_utf16=is_utf16)
        return Source(_LINE_ENDS.split(shown), None, [problem], set())
    if (other := _no_text(data, text)) is not None:
        return Source([], None, [other], set())
    lines = _LINE_ENDS.split(text)
    problems: list[Problem] = []
    if "\r" in text:
        _find_lone_returns(text, lines, problems)
    clean, shifts = _cleaned(text, lines, problems)
    if not clean.startswith(_FIRST_KEYS) or "\n " not in clean:
        clean = _undressed(clean, shifts, problems)
    builder = _Builder([], lines, shifts)
    try:
        builder.take(loader(clean))
    except (yaml.YAMLError, RecursionError) as error:
        return _mended(clean, lines, shifts, problems, error)
    return _finished(builder, clean, lines, problems)


def _other_kind(data: bytes) -> str | None:
    """What a file is that no text editor has written."""
    kind = next((kind for signs, kind in _KINDS if data.startswith(signs)), None)
    return kind or ("no text at all" if b"\0" in data and data[:2] not in _UTF16 else None)


def _no_text(data: bytes, text: str) -> Problem | None:
    """Bytes that happen to be UTF-8: UTF-16 without its mark, what other programs save as letters, a damaged file."""
    if kind := next((kind for signs, kind in _KINDS if data.startswith(signs)), None):
        return say.other_kind(kind)
    nuls = data.count(b"\0")
    if nuls and not text.strip("\0\r\n\t "):
        return say.nothing_but_nuls()
    return say.not_utf8(say.TOP, is_utf16=True) if 3 * nuls > len(data) else None


def _undressed(clean: str, shifts: dict[int, int], problems: list[Problem]) -> str:
    from planrunner.plan import dress  # for few files

    found = dress.undressed(_LINE_ENDS.split(clean))
    if found is None:
        return clean
    problems.append(found.problem)
    for number, shift in found.shifts.items():
        shifts[number] = shifts.get(number, 0) + shift
    return "\n".join(found.lines)


def _finished(builder: _Builder, clean: str, lines: list[str], problems: list[Problem]) -> Source:
    if clean.count(" #") != clean.count(" # "):
        _find_cuts(builder, _LINE_ENDS.split(clean))
    if _FOREIGN_SIGNS.search(clean):
        _find_foreign_templates(builder)
    if not clean.isascii():
        _find_odd_letters(builder)
    if builder.said_of_json is not None:
        del builder.problems[builder.said_of_json :]
        builder.root = None
    told = [*problems, *builder.problems]
    if builder.root is None and not told:
        told.append(say.nothing_here())
    return Source(lines, builder.root, told, builder.bad, _has_odd_words(clean), builder.kept)


def _mended(clean: str, lines: list[str], shifts: dict[int, int], problems: list[Problem], error: Exception) -> Source:
    """One mistake after the other told and mended, until the text can be read or nobody knows what was meant.

    By the pure Python parser, whichever gave up: it says where and why in one voice, but takes seconds for a megabyte.
    """
    from planrunner.plan import syntax  # here and below: for texts with mistakes only

    rows = [syntax.Row(line, number, shifts.get(number, 0)) for number, line in enumerate(_LINE_ENDS.split(clean), 1)]
    told: list[Problem] = []
    habits: dict[str, list[Problem]] = {}
    budget = min(_MOST_MENDED, _MOST_READ // max(1, len(clean)))
    while True:
        builder = _Builder([], lines, shifts, rows)
        if budget > 0 or not told:
            try:
                if budget > 0:
                    builder.take(yaml.SafeLoader("\n".join(row.text for row in rows)))
                    break
            except (yaml.YAMLError, RecursionError) as again:
                error = again
        if not isinstance(error, yaml.YAMLError):
            return Source(lines, None, [*problems, say.too_deep(say.TOP)], builder.bad)
        mistake = syntax.explain(error, rows)
        is_new = mistake.problem.line not in {one.line for one in told}
        if is_new and mistake.habit in habits:
            habits[mistake.habit].append(mistake.problem)
            is_new = mistake.problem.line not in {one.line for one in habits[mistake.habit][:-1]}
        elif is_new:
            told.append(mistake.problem)
            if mistake.habit:
                habits[mistake.habit] = [mistake.problem]
        if mistake.rows is None or not is_new or budget <= 0:
            # A text that seems to run over several lines is how a misplaced line begins to be unreadable.
            before = [one for one in builder.problems if one.code != say.SEVERAL_LINES and one.line < mistake.problem.line]
            return Source(lines, None, [*problems, *before, *_once(told, habits)], builder.bad)
        budget -= 1
        rows[mistake.first : mistake.first + mistake.length] = mistake.rows
    return _finished(builder, "\n".join(row.text for row in rows), lines, [*problems, *_once(told, habits)])


def _once(told: list[Problem], habits: dict[str, list[Problem]]) -> list[Problem]:
    """One mistake made in many places is one problem, which names them all."""
    found = {some[0]: say.also(some[0], [one.line for one in some[1:]]) for some in habits.values() if len(some) > 1}
    return [found.get(one, one) for one in told]


def _has_odd_words(text: str) -> bool:
    plain = text.lower()
    return any(word in plain for word in _ODD_WORDS)


def _place_of_byte(data: bytes, index: int) -> Span:
    before = data[:index].split(b"\n")
    return Span(len(before), len(before[-1].decode("utf-8", "replace")) + 1)


def _find_lone_returns(text: str, lines: list[str], problems: list[Problem]) -> None:
    """What stands behind one may not be shown where it is read."""
    ends = [match.group() for match in _LINE_ENDS.finditer(text)]
    alone = [number for number, end in enumerate(ends, 1) if end == "\r"]
    if alone:
        problems.append(say.lone_return(Span(alone[0], len(lines[alone[0] - 1]) + 1), alone[1:]))


def _cleaned(text: str, lines: list[str], problems: list[Problem]) -> tuple[str, dict[int, int]]:
    """The text with everything unseen out of the way, so that reading goes on; and how far lines were moved to the left."""
    shifts: dict[int, int] = {}
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        text = _without_unseen(text, lines, problems, shifts)
    if "\t" in text:
        text = _without_tabs(text, lines, problems, shifts)
    return text, shifts


def _without_unseen(text: str, lines: list[str], problems: list[Problem], shifts: dict[int, int]) -> str:
    found: dict[str, list[Span]] = {}
    clean = []
    for number, line in enumerate(_LINE_ENDS.split(text), 1):
        for match in _UNSEEN.finditer(line):
            found.setdefault(match.group(), []).append(Span(number, match.start() + 1))
        head = len(line) - len(_UNSEEN.sub(" ", line).lstrip())
        kept = "".join(one for one in line[:head] if not _UNSEEN.match(one) or _SPACES.match(one))
        if len(kept) != head:
            shifts[number] = head - len(kept)
        body = _UNSEEN.sub(lambda match: " " if _SPACES.match(match.group()) else _NOTHING, line[head:])
        clean.append(_SPACES.sub(" ", kept) + body)
    for character, spans in found.items():
        called = unicodedata.name(character, "").lower()
        known = f"{called}, U+{ord(character):04X}" if called else f"U+{ord(character):04X}"
        name = _NAMES.get(character, f"an invisible character ({known})")
        more = dict.fromkeys(span.line for span in spans if span.line != spans[0].line)
        fixed = _UNSEEN.sub(lambda match: " " if _SPACES.match(match.group()) else "", lines[spans[0].line - 1])
        problems.append(say.invisible(spans[0], name, list(more), fixed.rstrip()))
    return "\n".join(clean) if found else text


def _without_tabs(text: str, lines: list[str], problems: list[Problem], shifts: dict[int, int]) -> str:
    """Tabs in front of a line as so many spaces that the whole can be read; any other is one space."""
    given = _LINE_ENDS.split(text)
    with_tabs = [number for number, line in enumerate(lines, 1) if "\t" in line]
    for width in _TAB_WIDTHS:
        clean = [_spaced(line, width) for line in given]
        if len(text) > _MOST_READ or _can_be_read("\n".join(clean)):
            break
    else:
        clean = [_spaced(line, _TAB_WIDTHS[0]) for line in given]
    for number in with_tabs:
        moved = len(given[number - 1]) - len(clean[number - 1])
        if moved:
            shifts[number] = shifts.get(number, 0) + moved
    first = with_tabs[0]
    at = Span(first, lines[first - 1].index("\t") + 1)
    problems.append(say.tab(at, with_tabs[1:], clean[first - 1].replace(_NOTHING, "").rstrip()))
    return "\n".join(clean)


def _spaced(line: str, width: int) -> str:
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(width) + body.replace("\t", " ")


def _can_be_read(text: str) -> bool:
    try:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass
    except (yaml.YAMLError, RecursionError):
        return False
    return True


# Looking at what was read


def _find_cuts(builder: _Builder, lines: list[str]) -> None:
    """`Bet #3` is read as `Bet`: a comment has a space after its sign."""
    for value, key, row, column in builder.values:
        if not value.text or id(value) in builder.bad:
            continue
        line = lines[row]
        rest = line[column + value.width :]
        if _CUT.match(rest):
            at = value.span._replace(width=len(line.rstrip()) - column)
            whole = _without_quotes(line[column:], value)
            if (key is not None and key.text in _TEXTS) or value.text.rfind("${") > value.text.rfind("}"):
                fixed = '"' + whole.replace('"', "'") + '"'
            else:
                fixed = line[column:].rstrip().replace(" #", " # ", 1)
            builder.complain(value, say.cut_off(at, value, fixed))


def _without_quotes(whole: str, value: Scalar) -> str:
    return whole.strip() if value.is_plain else value.text + whole[value.width :].rstrip()


def _find_foreign_templates(builder: _Builder) -> None:
    """Between quotes, or behind other text, the braces of another tool are just text to YAML."""
    from planrunner.plan import syntax

    for value, key, _, _ in builder.values:
        if id(value) in builder.bad:
            continue
        is_for_people = key is not None and key.text in letters.FOR_PEOPLE
        fixed = syntax.ours(value.text) if is_for_people else syntax.placeholder(value.text) or syntax.ours(value.text)
        if not is_for_people and re.fullmatch(r"<\s*[A-Za-z_][\w -]*>", value.text):
            builder.complain(value, say.unfilled(value.span, value.text))
        elif fixed != value.text:
            shown = syntax.in_quotes(fixed) if not value.is_plain or ": " in fixed or " #" in fixed else fixed
            builder.complain(value, say.foreign_template(value.span, value.text, shown))


def _find_odd_letters(builder: _Builder) -> None:
    for value, key, _, _ in builder.values:
        if id(value) not in builder.bad and value.text and (problem := letters.judge(value, key)):
            builder.complain(value, problem)
    for key in builder.keys:
        if id(key) not in builder.bad and key.text and (problem := letters.judge(key, None)):
            builder.complain(key, problem)


class _Open:
    """A container still being read; `key` waits for its value."""

    __slots__ = ("key", "node", "under")

    def __init__(self, node: Block | Listing, under: Scalar | None) -> None:
        self.node = node
        self.under = under
        self.key: Scalar | None = None


class _Builder:
    """Events to nodes, noting what plans don't have."""

    def __init__(self, problems: list[Problem], lines: list[str], shifts: dict[int, int], rows: list[Row] | None = None) -> None:
        self.problems = problems
        self._lines = lines
        self._shifts = shifts
        self._rows = rows
        self.bad: set[int] = set()
        self.root: Node | None = None
        self.values: list[tuple[Scalar, Scalar | None, int, int]] = []  # with its key, and where it stands in the text read
        self.keys: list[Scalar] = []
        self._stack: list[_Open] = []
        self._is_over = False
        self._in_braces: Node | None = None
        self.said_of_json: int | None = None  # how many problems there are when a file turns out to be JSON
        self.kept: list[Node] = []

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
            self.kept.append(node)

    def _document(self, event: Any) -> None:
        if event.version or event.tags:
            self.problems.append(say.directive(Span(self._span(event).line, 1)))
        if self.root is not None:
            self.problems.append(say.second_document(self._span(event)))
            self._is_over = True

    def _place(self, mark: Any) -> tuple[int, int]:
        """The author's line and column."""
        if self._rows is not None:
            row = self._rows[min(mark.line, len(self._rows) - 1)]
            return row.line, max(1, mark.column + 1 + row.shift)
        line = mark.line + 1
        return line, max(1, mark.column + 1 + self._shifts.get(line, 0)) if self._shifts else mark.column + 1

    def _is_silent(self, mark: Any) -> bool:
        return self._rows is not None and self._rows[min(mark.line, len(self._rows) - 1)].is_silent

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        line, column = self._place(start)
        return Span(line, column, max(1, end.column - start.column) if start.line == end.line else 1)

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        if event.style in ("|", ">") and self._rows is None and _SIGN_AND_COMMENT.search(self._lines[start.line], start.column):
            raise yaml.YAMLError  # libyaml alone reads it
        is_one_line = start.line == end.line
        width = end.column - start.column if is_one_line else 1
        line, column = self._place(start)
        node = Scalar(event.value.replace(_NOTHING, ""), line, column, width, event.style or None)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and isinstance(top.node, Block):
            self._key(top, node, event)
            return
        if top is None and not node.text and event.anchor is None and event.tag is None:
            return  # a document with nothing in it
        key = top.key if top is not None else None
        if self._is_silent(start):
            self._forget(node)
        elif event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        elif not node.text or not node.text.strip():
            self._empty(node, key)
        elif not is_one_line or event.style in ("|", ">"):
            self._long(node, key)
        elif node.style and _UNSEEN_IN_VALUE.search(node.text):
            plain = _UNSEEN_IN_VALUE.sub(
                lambda found: "" if _UNSEEN.match(found[0]) and not _SPACES.match(found[0]) else " ", node.text
            )
            from planrunner.plan.syntax import in_quotes

            self.complain(node, say.control(node.span, key, in_quotes(plain)))
        if is_one_line:
            self.values.append((node, key if key is not None or top is None else top.under, start.line, start.column))
        self._add(node)

    def _forget(self, node: Node) -> None:
        """Something was said of it already."""
        self.bad.add(id(node))
        self.kept.append(node)

    def _key(self, top: _Open, node: Scalar, event: Any) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        elif node.text == "<<" and node.is_plain:
            self.complain(node, say.merge(node.span))
        elif not node.text.strip():
            self.complain(node, say.empty_key(node.span))
        top.key = node
        self.keys.append(node)

    def _properties(self, node: Node, event: Any) -> None:
        span, start = self._span(event), event.start_mark
        if self._rows is None and _TWO_SIGNED_TAG.search(self._lines[start.line], start.column):
            raise yaml.YAMLError  # libyaml alone reads it
        if event.anchor is not None:
            self.complain(node, say.anchor(Span(span.line, span.column)))
        if event.tag is not None:
            self.complain(node, say.tag(Span(span.line, span.column)))

    def _empty(self, node: Scalar, key: Scalar | None) -> None:
        if key is not None and id(key) in self.bad:
            self._forget(node)
            return
        at = key.span if key is not None else Span(node.line, node.column)
        rest = self._lines[at.line - 1][at.column - 1 + at.width :] if key is not None else ""
        comment = re.match(r": *(#\S.*)$", rest)
        self.complain(node, say.no_value(at, key, comment[1].rstrip() if comment else None))

    def _long(self, node: Scalar, key: Scalar | None) -> None:
        if node.style in ("|", ">"):
            if key is None or key.text not in _LONG_TEXTS:
                self.complain(node, say.block_text(node.span, node.style, key))
        elif self._stack:  # else it is no plan at all
            self.complain(node, say.several_lines(node.span, key))

    def _mapping(self, event: Any) -> None:
        span = self._span(event)
        if event.flow_style and self._foreign_at(event.start_mark):
            from planrunner.plan.syntax import ForeignTemplate

            raise ForeignTemplate(event.start_mark.line, event.start_mark.column)
        self._open(Block(span.line, span.column), event, is_braces=bool(event.flow_style))

    def _foreign_at(self, mark: Any) -> bool:
        line = self._rows[mark.line].text if self._rows is not None else self._lines[mark.line]
        return "{{" in line or "{%" in line or _ONE_NAME.search(line) is not None

    def _sequence(self, event: Any) -> None:
        span = self._span(event)
        self._open(Listing(span.line, span.column), event, is_braces=False)

    def _open(self, node: Block | Listing, event: Any, *, is_braces: bool) -> None:
        top = self._stack[-1] if self._stack else None
        is_key = top is not None and isinstance(top.node, Block) and top.key is None
        key = top.key if top is not None else None
        if is_key:
            self.complain(node, say.not_a_key(node.span))
        elif is_braces and top is None:
            self.problems.append(say.json(node.span))
            self.said_of_json = len(self.problems)
            self._in_braces = node
        elif is_braces and self._in_braces:
            self._forget(node)
        elif is_braces:
            self.complain(node, say.braces(node.span, key))
            self._in_braces = node
        elif event.anchor is not None or event.tag is not None:
            self._properties(node, event)
        if len(self._stack) == DEEPEST:
            self.problems.append(say.too_deep(self._span(event)))
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
        self._forget(key)
        return key

    def _end(self, _: object) -> None:
        if self._stack.pop().node is self._in_braces:
            self._in_braces = None

    def _alias(self, event: Any) -> None:
        span = self._span(event)
        node = Scalar("", span.line, span.column, span.width)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is not None and id(top.key) in self.bad:
            self._forget(node)  # `<<: *base` is one mistake
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
