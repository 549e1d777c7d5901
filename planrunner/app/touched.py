"""Which plans a change touches: those whose own file changed, and those that read a file that did: a blueprint, a table, the site
file of their folder, a file of inputs.

Every other plan is only looked through for the two words that lead to another file; it is read as a plan where that is no answer.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from planrunner.app.site import SITE_FILE, beside
from planrunner.model.errors import WrongUse

_SUFFIXES = (".yaml", ".yml")
_OURS = re.compile(rb"""^(?:\xef\xbb\xbf)?["']?planrunner["']?[ \t]*:""", re.MULTILINE)
_PLAINLY = re.compile(rb"""^["']?planrunner["']?[ \t]*:[ \t]*["']?[0-9]""", re.MULTILINE)
_LEADS = re.compile(rb"""^[ \t-]*["']?(?:use_blueprint|for_each)["']?[ \t]*:[ \t]*(\S[^\r\n]*)$""", re.MULTILINE)
_INPUTS = re.compile(rb"""^["']?inputs["']?[ \t]*:""", re.MULTILINE)
# Line ends that only YAML knows; and letters that are written by their numbers.
_ODD_ENDS = re.compile(rb"\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]")
_REMARK = re.compile(r"\s+#.*$")
_MOST_LINKS = 20  # one leading to the next; more is a ring

Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a plan reads beside its own file, by name from the root of the repository. `has_inputs`: it has gaps for values."""

    files: frozenset[str]
    has_inputs: bool = False


def is_yaml(name: str) -> bool:
    return name.lower().endswith(_SUFFIXES)


def is_plan(name: str, data: bytes) -> bool:
    """A YAML file with our first key; a hidden one, which is mostly another program's, with its version too."""
    if not is_yaml(name) or is_site(name) or b"planrunner" not in data:
        return False
    if any(part.startswith(".") for part in name.split("/")):
        return _PLAINLY.search(data) is not None
    return _OURS.search(data) is not None or _ODD_ENDS.search(data) is not None


def is_site(name: str) -> bool:
    return posixpath.basename(name) == SITE_FILE


def reads(plan: str, data: bytes, read: Read) -> Reads:
    """By name, through one blueprint at most; that is as far as a plan can lead."""
    named = set(_led_to(plan, data))
    has_inputs = _INPUTS.search(data) is not None
    for one in tuple(named):
        if one.endswith(_SUFFIXES):
            try:
                blueprint = read(one)
            except WrongUse:
                continue
            named.update(_led_to(one, blueprint))
            has_inputs = has_inputs or _INPUTS.search(blueprint) is not None
    return Reads(files=frozenset(named), has_inputs=has_inputs)


def touched_through(
    plans: Mapping[str, bytes], changed: Iterable[str], read: Read, *, site: str | None = None, inputs: str | None = None,
    links: Callable[[str], Iterable[str]] = lambda _: (),
) -> dict[str, tuple[str, ...]]:  # fmt: skip
    """Each plan that is touched, and the changed files among those it reads. `site` and `inputs` are named for all of them.
    `links`: what a file that is a link, or is reached through one, is called on the way to its end."""
    names = frozenset(changed)
    found = {}
    for plan, data in plans.items():
        leads = reads(plan, data, read)
        all_read = {*leads.files, site or beside(plan), *([inputs] if inputs and leads.has_inputs else ())}
        all_read |= {name for one in (plan, *all_read) for name in links(one)}
        because = tuple(sorted((all_read - {plan}) & names))
        if because or plan in names:
            found[plan] = because
    return found


def _led_to(name: str, data: bytes) -> Iterator[str]:
    if b"\\" in data or _ODD_ENDS.search(data):  # a letter may be written by its number, in a key too; the reader knows
        yield from _as_read(name, data)
        return
    if b"use_blueprint" not in data and b"for_each" not in data:
        return
    for value in _LEADS.findall(data):
        yield _beside(name, _REMARK.sub("", value.decode("utf-8", "surrogateescape")).strip().strip("\"'"))


def _as_read(name: str, data: bytes) -> Iterator[str]:
    from planrunner.plan.nodes import Block, Scalar
    from planrunner.plan.reader import read

    root = read(data).root
    values = (root.values.get(key) for key in ("use_blueprint", "for_each")) if isinstance(root, Block) else ()
    for value in values:
        if isinstance(value, Scalar):
            yield _beside(name, value.text)


def followed(name: str, target: Callable[[str], str | None]) -> Iterator[str]:
    """The links on the way to a file, as the file system would go, and where each leads. `target`: what a link says; None of
    what is none."""
    for _ in range(_MOST_LINKS):
        name = posixpath.normpath(name)
        if name.startswith(("/", "../")) or name == "..":
            return
        at = next(((one, to) for one in _and_above(name) if (to := target(one)) is not None), None)
        if at is None:
            return
        link, to = at
        name = posixpath.normpath(posixpath.join(posixpath.dirname(link), to) + name[len(link) :])
        yield from (link, name)


def _and_above(name: str) -> Iterator[str]:
    """`a`, `a/b`, `a/b/c`."""
    parts = name.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def _beside(name: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), reference))
