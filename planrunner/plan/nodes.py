"""A file as located nodes: every scalar is text, and every node knows where it stands.

Lines and columns count from 1. Nodes are filled while the file is read and left alone afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """A stretch of one line, as a caret line marks it.

    `file` is empty for the file that is read, else the file it leads to (a blueprint, a table). `note` says what a template gave
    where the stretch is that of the template: `${stake * 2}` is `20.005 GBP`, row 3 of picks.csv.
    """

    line: int
    column: int
    width: int = 1
    file: str = ""
    note: str = ""


class Scalar(NamedTuple):
    """One value or key. `style` is YAML's: `None` or an empty text for plain, else the quote or block sign."""

    text: str
    line: int
    column: int
    width: int
    style: str | None = None
    file: str = ""
    note: str = ""

    @property
    def span(self) -> Span:
        return Span(self.line, self.column, self.width, self.file, self.note)

    @property
    def is_plain(self) -> bool:
        return not self.style


class Block:
    """Keys and their values, in the order written. The text of a key leads to both."""

    __slots__ = ("column", "file", "keys", "line", "values")

    def __init__(self, line: int, column: int, file: str = "") -> None:
        self.line = line
        self.column = column
        self.file = file
        self.keys: dict[str, Scalar] = {}
        self.values: dict[str, Node] = {}

    @property
    def span(self) -> Span:
        """Where the block begins: its first key."""
        return next((key.span for key in self.keys.values()), Span(self.line, self.column, file=self.file))

    def text(self, key: str) -> str | None:
        """The text of a scalar; None where the key is absent or holds something else."""
        value = self.values.get(key)
        return value.text if isinstance(value, Scalar) else None

    def scalar(self, key: str) -> Scalar:
        """The scalar under a key that was decoded as one."""
        value = self.values[key]
        assert isinstance(value, Scalar)
        return value


class Listing:
    """A list, one item per dash or between brackets."""

    __slots__ = ("column", "file", "items", "line")

    def __init__(self, line: int, column: int, file: str = "") -> None:
        self.line = line
        self.column = column
        self.file = file
        self.items: list[Node] = []

    @property
    def span(self) -> Span:
        return Span(self.line, self.column, file=self.file)


Node: TypeAlias = Scalar | Block | Listing
Tree: TypeAlias = "str | dict[str, Tree] | list[Tree]"


def tree(node: Node) -> Tree:
    """The text tree: what the schema is applied to."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Block):
        return {key: tree(value) for key, value in node.values.items()}
    return [tree(item) for item in node.items]


def walk(node: Node) -> Iterator[tuple[Scalar | None, Node]]:
    """Every node with the key it stands under (None for the root and for items)."""
    waiting: list[tuple[Scalar | None, Node]] = [(None, node)]
    while waiting:
        key, one = waiting.pop()
        yield key, one
        if isinstance(one, Block):
            waiting.extend((one.keys[name], value) for name, value in one.values.items())
        elif isinstance(one, Listing):
            waiting.extend((None, item) for item in one.items)
