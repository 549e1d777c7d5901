"""Lines that YAML reads without complaint, but not as they were meant: a dash too few or too many, a block a step too far left.

Each is told once, with the lines as they should be, and the tree is put right, so that nothing else is said because of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import zip_longest

from planrunner.plan.messages import shape as say
from planrunner.plan.messages import text as say_text
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span
from planrunner.plan.problems import Problem
from planrunner.plan.words import KEYS, OF_MOVES

TRIGGERS = frozenset({"after", "every", "before_start", "after_start", "if"})
ACTIONS = frozenset({"cancel", "reprice", "keep", "hedge", "alert", "move_remainder_to", "retry"})
STEP = TRIGGERS | ACTIONS | {"no_worse_than", "at_most", "for_at_most"}
LIMITS = frozenset({"max_loss", "max_loss_in_total", "max_orders", "max_stake", "max_exposure_per_market"})
WHEN = frozenset({
    "every", "dates", "except", "at", "time_zone", "from", "until", "before_each_start", "on_signal", "if_missed",
    "late_by_at_most", "if_still_running",
})  # fmt: skip
ORDER = KEYS - STEP - LIMITS
PLAN = frozenset({
    "planrunner", "plan", "blueprint", "limits", "orders", "tickets", "inputs", "for_each", "for_each_market", "time_zone",
    "when",
})  # fmt: skip
_NO_VALUE, _TWICE = "PR113", "PR112"
# More lines than this nobody pastes; the message says what to do with them.
_LONGEST_FIX = 14


def put_right(root: Block, lines: list[str], problems: list[Problem], bad: set[int]) -> None:
    """Adds what is told to the problems. `bad` holds the ids of nodes that were complained about."""
    layout = _Layout(lines, problems, bad)
    layout.second_plan()
    layout.limits(root)
    layout.when(root)
    layout.add_dash(root, "orders", ORDER)
    orders = root.values.get("orders")
    if not isinstance(orders, Listing):
        return
    layout.take_steps_from(orders)
    layout.take_dashes(orders, _goes_on_order)
    for order, following in _with_next(orders):
        layout.add_second_dash(order, following, {"name"}, "orders")
        layout.add_dash(order, "fallback", STEP)
        layout.add_fallback(order)
        if isinstance(steps := order.values.get("fallback"), Listing):
            layout.take_dashes(steps, _goes_on_step)
            for step, next_step in _with_next(steps):
                layout.add_second_dash(step, next_step, TRIGGERS, "fallback")
            layout.part_steps(steps)


class _Layout:
    def __init__(self, lines: list[str], problems: list[Problem], bad: set[int]) -> None:
        self.lines = lines
        self.problems = problems
        self.bad = bad

    def limits(self, root: Block) -> None:
        """A list of limits, limits that are not indented, and keys of the plan that are."""
        node = root.values.get("limits")
        if node is None and (strays := [key for key in root.values if key in LIMITS]):
            taken = _taken(root, strays)
            fix = "\n".join(["limits:", *(f"  {self._text(key)}" for key in taken.keys.values())])
            self.problems.append(say.too_far_left(taken, "limits", fix))
            root.keys["limits"] = next(iter(taken.keys.values()))
            self._put(root, "limits", taken)
            return
        if isinstance(node, Listing) and (keys := _keys_of(node)) and keys <= LIMITS:
            merged = _merged(node)
            fix = "\n".join(f"  {self._text(key)}" for key in merged.keys.values())
            self.problems.append(say.dash_too_many(next(iter(merged.keys.values())), "limits", fix))
            self._put(root, "limits", merged)
        elif strays := self._right_below(root, "limits", LIMITS):
            self._forget_no_value(root.keys["limits"])
            taken = _taken(root, strays)
            self.problems.append(
                say.too_far_left(taken, "limits", "\n".join(f"  {self._text(key)}" for key in taken.keys.values()))
            )
            self._put(root, "limits", taken)
        if isinstance(node, Block):
            for name in [key for key in node.values if key in PLAN and key not in root.values]:
                self.problems.append(say.too_far_right(node.keys[name], "limits", self._text(node.keys[name])))
                root.keys[name], root.values[name] = node.keys.pop(name), node.values.pop(name)

    def when(self, root: Block) -> None:
        """Its keys with dashes in front of them, or not indented."""
        node = root.values.get("when")
        if isinstance(node, Listing) and (keys := _keys_of(node)) and keys <= WHEN:
            merged = _merged(node)
            fix = "\n".join(f"  {self._text(key)}" for key in merged.keys.values())
            self.problems.append(say.dash_too_many(next(iter(merged.keys.values())), "when", fix))
            self._put(root, "when", merged)
        elif strays := self._right_below(root, "when", WHEN):
            self._forget_no_value(root.keys["when"])
            taken = _taken(root, strays)
            fix = "\n".join(f"  {self._text(key)}" for key in taken.keys.values())
            self.problems.append(say.too_far_left(taken, "when", fix))
            self._put(root, "when", taken)

    def second_plan(self) -> None:
        """Two plans in one file have every key of the plan twice."""
        twice = [one for one in self.problems if one.code == _TWICE and one.column == 1]
        if len(twice) > 1 and self.lines[twice[0].line - 1].startswith("planrunner"):
            self.problems[:] = [one for one in self.problems if one not in twice]
            self.problems.append(say_text.second_plan(twice[0].at))

    def add_second_dash(self, item: Block, following: Block | None, begins: Collection[str], name: str) -> None:
        """The dash of the next item is missing: its keys are there twice, from one on that begins an item."""
        first, until = item.span, following.span.line if following is not None else len(self.lines) + 1
        twice = [
            one for one in self.problems if one.code == _TWICE and one.column == first.column and first.line < one.line < until
        ]
        start = next((one for one in twice if self._text(one.at).split(":")[0] in begins), None)
        if start is not None:
            self.problems[:] = [one for one in self.problems if one not in twice or one.line < start.line]
            self._tell_dash(start.at, name)
        elif twice and (key := _begins_above(item, twice[0].line, begins)) is not None:
            self.problems[:] = [one for one in self.problems if one not in twice]
            _taken(item, [name for name in item.keys if item.keys[name].line >= key.line])
            self._tell_dash(key.span, name)

    def part_steps(self, steps: Listing) -> None:
        """A step that says when and what, and then when and what again, is two."""
        parted: list[Node] = []
        for step in steps.items:
            parted.append(step)
            while isinstance(step, Block) and (names := _second_step(step)):
                first = step.keys[names[0]]
                self.problems[:] = [
                    one for one in self.problems if one.code != _TWICE or one.column != first.column or one.line < first.line
                ]
                step = _taken(step, names)
                self._tell_dash(first.span, "fallback")
                parted.append(step)
        steps.items[:] = parted

    def _tell_dash(self, at: Span, name: str) -> None:
        key = self._text(at).split(":")[0]
        fix = f"{' ' * (at.column - 3)}- {self._text(at)}" if at.column > 2 else None
        self.problems.append(say.dash_too_few(Scalar(key, at.line, at.column, at.width), name, fix, ()))

    def add_dash(self, block: Block, name: str, known: frozenset[str]) -> None:
        """Keys under `orders` or `fallback`, or right below it, without the dash in front of the first."""
        node = block.values.get(name)
        if isinstance(node, Block) and id(node) not in self.bad and len(known & node.values.keys()) > 1:
            item = node
        elif len(strays := self._right_below(block, name, known)) > 1:
            self._forget_no_value(block.keys[name])
            item = _taken(block, strays)
        else:
            return
        first = next(iter(item.keys.values()))
        lines = self._lines_from(first)
        # Of several items without dashes, every key is there twice.
        until = first.line + len(lines)
        twice = [one for one in self.problems if one.code == _TWICE and first.line <= one.line < until]
        self.problems[:] = [one for one in self.problems if one not in twice]
        also_on = [one.line for one in twice if one.message.startswith(f"`{first.text}`")]
        fix = self._as_item(lines, block.keys[name].column + 1) if not twice else None
        self.problems.append(say.dash_too_few(first, name, fix, also_on))
        self._put(block, name, _listing([item]))

    def take_dashes(self, listing: Listing, goes_on: Callable[[Block, Block], bool]) -> None:
        """Items that are one item, with a dash in front of every line."""
        items: list[Node] = []
        too_many: dict[int, list[Scalar]] = {}
        for item in listing.items:
            last = items[-1] if items else None
            if not isinstance(last, Block) or not isinstance(item, Block) or not goes_on(last, item):
                items.append(item)
                continue
            too_many.setdefault(len(items), []).extend(item.keys.values())
            last.keys.update(item.keys)
            last.values.update(item.values)
        for keys in too_many.values():
            fix = "\n".join(" " * (key.column - 1) + self._text(key) for key in keys)
            self.problems.append(say.dash_on_every_line(keys[0], fix))
        listing.items[:] = items

    def take_steps_from(self, orders: Listing) -> None:
        """Steps that stand among the orders, because they are not indented far enough."""
        kept: list[Node] = []
        steps: dict[int, list[Node]] = {}
        for item in orders.items:
            is_step = isinstance(item, Block) and bool(item.values) and item.values.keys() <= _keys_of_step(item)
            if is_step and kept and isinstance(kept[-1], Block):
                steps.setdefault(len(kept) - 1, []).append(item)
            else:
                kept.append(item)
        for index, items in steps.items():
            order = kept[index]
            assert isinstance(order, Block)
            self._take_steps(order, items)
        orders.items[:] = kept

    def _take_steps(self, order: Block, items: list[Node]) -> None:
        first = items[0].span
        key = order.keys.get("fallback")
        fix = None
        if key is not None:
            self._forget_no_value(key)
            lines = [line for item in items for line in self._lines_from(item.span)]
            fix = self._as_item(lines, key.column + 1)
        self.problems.append(say.steps_too_far_left(first, self._text(first).split(":")[0], fix))
        order.keys.setdefault("fallback", Scalar("fallback", *first[:3]))
        there = order.values.get("fallback")
        self._put(order, "fallback", _listing([*(there.items if isinstance(there, Listing) else ()), *items]))

    def add_fallback(self, order: Block) -> None:
        """A trigger and an action among the keys of an order: `fallback` and its dash are missing."""
        strays = [key for key in order.values if key in STEP]
        if "fallback" in order.values or not TRIGGERS & set(strays) or not ACTIONS & set(strays):
            return
        taken = _taken(order, strays)
        first = next(iter(taken.keys.values()))
        pad = " " * (first.column - 1)
        lines = [self._text(key) for key in taken.keys.values()]
        fix = "\n".join([f"{pad}fallback:", f"{pad}  - {lines[0]}", *(f"{pad}    {line}" for line in lines[1:])])
        self.problems.append(say.without_fallback(first, fix))
        order.keys["fallback"] = first
        self._put(order, "fallback", _listing([taken]))

    def _right_below(self, block: Block, name: str, known: frozenset[str]) -> list[str]:
        """The keys that follow a key without a value and belong under it."""
        value = block.values.get(name)
        if not isinstance(value, Scalar) or value.text.strip() or id(value) not in self.bad:
            return []
        names = list(block.values)
        found: list[str] = []
        for key in names[names.index(name) + 1 :]:
            if key not in known:
                break
            found.append(key)
        return found

    def _forget_no_value(self, key: Scalar) -> None:
        """That a key has no value had the cause that is told now."""
        self.problems[:] = [one for one in self.problems if (one.code, one.line) != (_NO_VALUE, key.line)]

    def _put(self, block: Block, name: str, node: Node) -> None:
        self.bad.discard(id(node))
        block.values[name] = node

    def _text(self, key: Scalar | Span) -> str:
        """A line from its key on."""
        return self.lines[key.line - 1][key.column - 1 :].rstrip()

    def _lines_from(self, key: Scalar | Span) -> list[str]:
        """The lines of the block that begins with this key."""
        found: list[str] = []
        for line in self.lines[key.line - 1 :]:
            if line.strip() and found and len(line) - len(line.lstrip()) < key.column - 1:
                break
            found.append(line.rstrip())
        while len(found) > 1 and not found[-1]:
            found.pop()
        return found

    def _as_item(self, lines: list[str], indent: int) -> str | None:
        """The lines with a dash in front of the first, which begins so far in. Only that one, where the others stand well."""
        column = len(lines[0]) - len(lines[0].lstrip(" -"))
        first = f"{' ' * indent}- {lines[0].lstrip(' -')}"
        if column == indent + 2:
            return first
        further = indent + 2 - column
        moved = [" " * max(0, len(line) - len(line.lstrip()) + further) + line.lstrip() for line in lines[1:]]
        return "\n".join([first, *moved]) if len(lines) <= _LONGEST_FIX else None


def _with_next(listing: Listing) -> Iterator[tuple[Block, Block | None]]:
    """Each block of a list, and the one after it."""
    blocks = [item for item in listing.items if isinstance(item, Block)]
    return zip_longest(blocks, blocks[1:])


def _begins_above(item: Block, line: int, begins: Collection[str]) -> Scalar | None:
    """The key right above a line, if it is one that begins an item and not the first of this one."""
    keys = list(item.keys.values())[1:]
    return next((key for key in keys if key.line == line - 1 and key.text in begins), None)


def _second_step(step: Block) -> list[str]:
    """The keys from the second trigger on, if a trigger and an action stand before it, and an action behind."""
    names = list(step.values)
    for number, name in enumerate(names):
        before, rest = set(names[:number]), set(names[number:])
        if name in TRIGGERS and before & TRIGGERS and before & ACTIONS:
            return names[number:] if rest & ACTIONS else []
    return []


def _goes_on_order(order: Block, item: Block) -> bool:
    """Two orders have keys in common, and each has a name."""
    if "name" in item.values or "name" not in order.values or not order.values.keys().isdisjoint(item.values):
        return False
    return item.values.keys() <= ORDER | {"fallback"} and (len(order.values) == 1 or len(item.values) == 1)


def _keys_of_step(step: Block) -> frozenset[str]:
    """Where it moves the remainder, it says where to as an order does."""
    return STEP | OF_MOVES if "move_remainder_to" in step.values else STEP


def _goes_on_step(step: Block, item: Block) -> bool:
    """A step that only says when, and an item that only says what, or what goes with that."""
    mine, other = step.values.keys(), item.values.keys()
    if not other or other & TRIGGERS or not mine & TRIGGERS or not mine.isdisjoint(other) or other - _keys_of_step(step):
        return False
    return not (mine & ACTIONS and other & ACTIONS)


def _taken(block: Block, names: list[str]) -> Block:
    """These keys of a block, as a block of their own."""
    first = block.keys[names[0]]
    taken = Block(first.line, first.column)
    for name in names:
        taken.keys[name], taken.values[name] = block.keys.pop(name), block.values.pop(name)
    return taken


def _merged(listing: Listing) -> Block:
    merged = Block(listing.line, listing.column)
    for item in listing.items:
        if isinstance(item, Block):
            merged.keys.update(item.keys)
            merged.values.update(item.values)
    return merged


def _keys_of(listing: Listing) -> set[str]:
    """Empty where not every item has keys."""
    if not all(isinstance(item, Block) for item in listing.items):
        return set()
    return {key for item in listing.items if isinstance(item, Block) for key in item.values}


def _listing(items: list[Node]) -> Listing:
    listing = Listing(items[0].span.line, items[0].span.column) if items else Listing(1, 1)
    listing.items.extend(items)
    return listing
