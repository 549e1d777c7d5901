"""A plan with gaps made whole by blueprint, inputs, tables and markets: in goes what was written, out a tree without templates.

The written files are judged once; what only a row brings (a bad cell, a sum that does not come out) is judged on the tree that is
made. Everything here is the text's affair: what it means is decided afterwards, as if the author had written the orders out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from planrunner.model.errors import WrongUse
from planrunner.model.plan import LeftOpen
from planrunner.plan import inputs, scalars, table, values
from planrunner.plan import schema as shapes
from planrunner.plan.given import Context
from planrunner.plan.inputs import GivenValues
from planrunner.plan.messages import template as say
from planrunner.plan.nodes import Block, Listing, Node, Scalar, Span, walk
from planrunner.plan.numbers import write_out_numbers
from planrunner.plan.problems import Problem
from planrunner.plan.reader import Source, read
from planrunner.plan.schema import Shape
from planrunner.plan.template import OPENING, LeftOut, Renderer
from planrunner.plan.values import Value

MOST_ORDERS = 10_000
_WORD = re.compile(r"\w+")
# Templates of other languages; YAML itself stumbles over them unless they are quoted.
_FOREIGN = ("{%", "{{", "{#")
# Where no template stands, in a plan and in a blueprint.
_FIXED = ("planrunner", "blueprint", "use_blueprint", "with", "inputs", "for_each", "time_zone")
_BESIDE_BLUEPRINT = frozenset({"planrunner", "plan", "about", "use_blueprint", "with"})
_RENDERED = ("time_zone", "limits", "when", "for_each_market")
# What an order on a fixture can't do without, and what says it otherwise.
_INSTEAD = {
    "event": ("event_id", "market_id"), "event_id": ("event", "market_id"), "market": ("market_id",),
    "selection": ("selection_id", "favourite"), "selection_id": ("selection", "favourite"),
    "favourite": ("selection", "selection_id"), "market_id": ("event", "event_id"),
}  # fmt: skip
# What an order can lose hangs on these.
_SUMS = ("side", "stake", "liability_at_most")
# What a ticket costs hangs on all of these.
_BETS = "bets"
# The larger one of these, the more can be lost, and on nothing else hangs how much.
_AMOUNTS = ("stake", "liability_at_most", "unit_stake")
# What nobody but the plan says, also where its blueprint has templates.
_NO_SIGNALS = ("limits", "when")
MARKET_WORDS = ("event", "name", "id", "meeting", "country", "sport", "start", "runners")
# Stands for a market before any is known, so that templates can be tried.
_SOME_MARKET = {
    "event": "Some event", "name": "Some market", "id": "1.1", "meeting": "Some meeting", "country": "GB", "sport": "Some sport",
    "start": "12:00",
}  # fmt: skip


# What an order may look at, and the key that gives it.
_PARTS = {"row": "for_each", "market": "for_each_market"}


# What rows repeat, and what its items are.
_REPEATED = {"orders": "order", "tickets": "ticket"}


class Expanded(NamedTuple):
    """The plan's tree with every template worked out. `has_rows`: the orders were made more than once. `unmade`: templates whose
    values are known only when the plan is run, and where each of them stands; `filled_in` are the inputs they name, with values.
    `awaited` are those that a signal brings; `left_open` says what it decides, until it has come.
    """

    root: Block
    shape: Shape
    has_rows: bool
    unmade: tuple[str, ...] = ()
    filled_in: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    left_open: LeftOpen | None = None


class _Row(NamedTuple):
    """What one repetition brings. `suffix` goes to the orders' names."""

    parts: Mapping[str, Mapping[str, Value]]
    where: str
    suffix: str
    market: str | None = None


def expand(source: Source, root: Block, context: Context, texts: dict[str, Sequence[str]]) -> Expanded:
    """Adds every problem of shape, as the schema alone does for other plans; and to `texts` the lines of what was read."""
    return _Expander(source, context, texts).expand(root)


class _Expander:
    def __init__(self, source: Source, context: Context, texts: dict[str, Sequence[str]]) -> None:
        self._source = source
        self._context = context
        self._texts = texts

    def expand(self, root: Block) -> Expanded:
        self._refuse(root)
        shape = shapes.apply(root, self._context.schema, self._source, known=self._alone(root))
        base, given, settled = root, self._given(), GivenValues({}, {})
        missing_at: Span | None = None
        if "use_blueprint" in root.values:
            settled = _values_in(root.values.get("with"))
            missing_at = (root.keys.get("with") or root.keys["use_blueprint"]).span
            found = self._blueprint(root, shape)
            if found is None:
                return _nothing(root, shape)
            base, shape = found
            shape.keep(base)
        when, awaited = base.values.get("when"), list[str]()
        waits = isinstance(when, Block) and "on_signal" in when.values
        is_awaiting = waits and self._context.given.signal_to_come
        if waits and base is not root:
            self._refuse_to_signals(base, given, settled, shape)
        filled = inputs.fill(base, shape, [*given, settled], missing_at=missing_at, awaited=awaited if is_awaiting else None)
        made = self._rendered(root, base, shape, filled)._replace(awaited=tuple(awaited))
        if not is_awaiting or not filled:
            return made
        return made._replace(
            filled_in=(*made.filled_in, *self._decided_by(base, filled, settled)),
            left_open=_left_open(base, _declared(base).keys() - settled.values.keys(), _at_their_most(base, given)),
        )

    def _refuse_to_signals(self, base: Block, given: Sequence[GivenValues], settled: GivenValues, shape: Shape) -> None:
        """A signal fills in what a plan leaves open. What the plan says to its blueprint stays as it is, and limits and accounts,
        by which it was reviewed, don't hang on a signal."""
        for place in given if self._context.given.of_signal else ():
            for name in place.values.keys() & settled.values.keys():
                shape.complain(place.keys[name], say.not_for_signals(place.keys[name].span, name))
        left = _declared(base).keys() - settled.values.keys()
        for key, value in base.values.items():
            for under, node in walk(value):
                if key in _NO_SIGNALS or (under is not None and under.text == "venue"):
                    for name in sorted(_named_in(node) & left):
                        shape.complain(node, say.decided_by_signal(node.span, under.text if under is not None else key, name))

    def _decided_by(self, base: Block, filled: Mapping[str, Value], settled: GivenValues) -> Iterator[str]:
        """What decides, beside its signal, what a plan will be whose inputs one may bring: its templates and inputs as they are
        written, the values that are known, which of them no signal changes, and its tables."""
        for key, value in base.values.items():
            for path, text in _texts(value, f"/{key}"):
                if key == "inputs" or OPENING in f"{path}={text}":
                    yield f"{path}={text}"
        yield from (f"/with/{name}={value.text}" for name, value in sorted(settled.values.items()))
        yield from _values(filled)
        yield from sorted(hashlib.sha256("\n".join(lines).encode()).hexdigest() for name, lines in self._texts.items() if name)

    # What may not be

    def _refuse(self, root: Block) -> None:
        """Templates where none may stand, before the schema wonders about them."""
        is_plan = "blueprint" not in root.values
        for key, value in root.values.items():
            for under, node in walk(value):
                if not isinstance(node, Scalar) or id(node) in self._source.bad:
                    continue
                if foreign := next((sign for sign in _FOREIGN if sign in node.text), None):
                    self._complain(node, say.no_statements(node.span, foreign))
                elif OPENING in node.text and (key in _FIXED or (under and under.text == "time_zone")):
                    self._complain(node, say.not_here(node.span, f"in `{key if key in _FIXED else 'time_zone'}`"))
                elif OPENING in node.text and is_plan and (key in ("limits", "when") or (under and under.text == "venue")):
                    self._complain(node, say.limits_are_fixed(node.span, under.text if under is not None else key))

    def _complain(self, node: Node, problem: Problem) -> None:
        self._source.problems.append(problem)
        self._source.bad.add(id(node))

    def _alone(self, root: Block) -> frozenset[str]:
        """What stands beside a blueprint and may not; and keys that are not missing, whatever the schema thinks."""
        is_meant_to_use = "with" in root.values and "use_blueprint" not in root.values
        if "blueprint" in root.values and "plan" in root.values and not is_meant_to_use:
            self._complain(root.values["plan"], say.plan_and_blueprint(root.keys["plan"]))
        if "use_blueprint" not in root.values:
            if "with" not in root.values:
                return frozenset()
            self._complain(root.values["with"], say.only_with_blueprint(root.keys["with"]))
            return frozenset({"limits", "orders"})
        for key in root.values:
            if key == "blueprint":
                self._complain(root.values[key], say.blueprint_of_blueprint(root.keys["use_blueprint"]))
            elif key not in _BESIDE_BLUEPRINT and key in self._context.schema["properties"]:
                self._complain(root.values[key], say.comes_from_blueprint(root.keys[key]))
        return frozenset({"plan"} if "blueprint" in root.values else ())

    # Other files

    def _read(self, reference: Scalar) -> tuple[str, bytes] | None:
        """A file that the plan names, beside it or below."""
        parts = reference.text.split("/")
        if any(part in ("", "..", "~") for part in parts):
            self._complain(reference, say.outside(reference.span, reference.text))
            return None
        if any(part.startswith(".") and part != "." for part in parts):  # `.env`: messages show what they read
            self._complain(reference, say.hidden(reference.span, reference.text))
            return None
        home = reference.file or self._context.name
        name = home[: home.rfind("/") + 1] + reference.text
        try:
            return name, self._context.read_file(name)
        except WrongUse as error:
            self._complain(reference, say.unreadable(reference.span, str(error)))
            return None

    def _blueprint(self, root: Block, shape: Shape) -> tuple[Block, Shape] | None:
        reference = root.values["use_blueprint"]
        if not isinstance(reference, Scalar) or id(reference) in shape.bad:
            return None
        found = self._read(reference)
        if found is None:
            return None
        source = self._located(*found)
        if not isinstance(source.root, Block) or source.root.text("planrunner") != "1":
            self._complain(reference, say.not_a_blueprint(reference.span, reference.text))
            return None
        if "use_blueprint" in source.root.values:
            self._complain(reference, say.blueprint_of_blueprint(source.root.keys["use_blueprint"]))
            return None
        if "blueprint" not in source.root.values:
            self._complain(reference, say.not_a_blueprint(reference.span, reference.text))
            return None
        self._refuse(source.root)
        return source.root, shapes.apply(source.root, self._context.schema, source)

    def _located(self, name: str, data: bytes) -> Source:
        """A file read, its nodes and problems knowing which; problems join those of the plan."""
        source = read(data)
        self._texts[name] = source.lines
        self._source.problems.extend(replace(one, file=name) for one in source.problems)
        root = _moved(source.root, name, source.bad, self._source.bad) if source.root is not None else None
        return Source(source.lines, root, self._source.problems, self._source.bad, source.has_odd_words)

    # Inputs

    def _given(self) -> list[GivenValues]:
        """What was given beside the plan, the first to win."""
        given, found = self._context.given, []
        if given.values:
            lines = [f"{name}={value}" for name, value in given.values.items()]
            self._texts[given.place] = lines
            keys = {name: Scalar(name, line, 1, len(name), None, given.place) for line, name in enumerate(given.values, 1)}
            set_values = {
                name: Scalar(value, keys[name].line, len(name) + 2, max(1, len(value)), '"', given.place)
                for name, value in given.values.items()
            }
            found.append(GivenValues(set_values, keys))
        if given.file is not None:
            source = self._located(given.file, self._context.read_file(given.file))
            if isinstance(source.root, Block):
                found.append(_values_in(source.root))
                self._only_values(source.root)
            elif source.root is not None:
                self._source.problems.append(say.not_a_list_of_inputs(source.root.span))
        return found

    def _only_values(self, block: Block) -> None:
        for value in block.values.values():
            if not isinstance(value, Scalar):
                self._source.problems.append(say.not_a_list_of_inputs(value.span))

    # Rows

    def _rows(self, base: Block, shape: Shape) -> tuple[list[_Row], Mapping[str, Sequence[str] | None], bool]:
        """The repetitions, what they bring, and whether they are all there."""
        each, by_market = base.values.get("for_each"), base.values.get("for_each_market")
        if each is not None and by_market is not None:
            shape.complain(None, say.repeated_twice(base.keys["for_each_market"]))
        if each is not None:
            return self._table_rows(each, shape)
        if by_market is None:
            return [_Row({}, "", "")], {}, True
        rows = list(self._market_rows(base))
        return rows, {"market": MARKET_WORDS}, True

    def _table_rows(self, node: Node, shape: Shape) -> tuple[list[_Row], Mapping[str, Sequence[str] | None], bool]:
        unknown: tuple[list[_Row], Mapping[str, Sequence[str] | None], bool] = ([_Row({}, "", "#1")], {"row": None}, False)
        if id(node) in shape.bad or isinstance(node, Block):
            return unknown
        if isinstance(node, Listing):
            rows = [item for item in node.items if isinstance(item, Block) and id(item) not in shape.bad]
            columns, cells, where = _listed_rows(rows)
            is_whole = len(rows) == len(node.items)
        else:
            found = self._read(node)
            if found is None:
                return unknown
            name, data = found
            read_table = table.read(data, name)
            self._texts[name] = read_table.lines
            self._source.problems.extend(read_table.problems)
            columns, cells, where = read_table.columns, read_table.rows, f" of {node.text}"
            is_whole = not read_table.problems
        if not columns or not cells:
            return unknown
        made = [_Row({"row": _cells(row, columns)}, f"row {number}{where}", f"#{number}") for number, row in enumerate(cells, 1)]
        return made, {"row": columns}, is_whole

    def _market_rows(self, base: Block) -> Iterator[_Row]:
        markets = self._context.markets
        if markets is None:
            some = {word: values.text_value(text) for word, text in _SOME_MARKET.items()}
            query = base.values["for_each_market"]
            if isinstance(query, Block) and isinstance(sport := query.values.get("sport"), Scalar):
                some["sport"] = values.UNKNOWN if OPENING in sport.text else values.text_value(sport.text)
            yield _Row({"market": some | {"runners": values.number(8)}}, "", "")
            return
        zone = scalars.zone(base.text("time_zone") or "UTC") or scalars.zone("UTC")
        for number, market in enumerate(sorted(markets, key=lambda one: (one.start, one.id)), 1):
            start = market.start.astimezone(zone)
            words = {
                "event": market.fixture, "name": market.name, "id": str(market.id), "meeting": market.meeting,
                "country": market.country, "sport": market.sport, "start": f"{start:%H:%M}",
            }  # fmt: skip
            known = {word: values.text_value(text) if text else values.ABSENT for word, text in words.items()}
            known["runners"] = values.number(len(market.selections))
            yield _Row({"market": known}, f"{market.fixture}, {market.name}", f"#{number}", str(market.id))

    # Rendering

    def _rendered(self, root: Block, base: Block, shape: Shape, filled: Mapping[str, Value]) -> Expanded:
        from planrunner.plan.expression import Names, Scope  # brings Jinja

        rows, parts, is_whole = self._rows(base, shape)
        rows, is_whole = self._counted(base, shape, rows, is_whole=is_whole)
        made = Block(base.line, base.column, base.file)
        outer = Renderer(shape, Names(tuple(filled)), self._context.ladders)
        outer.inherit(base, made)
        _put(made, "planrunner", base.keys.get("planrunner"), base.values.get("planrunner"))
        self._named(outer, root, made, Scope(filled))
        for key in _RENDERED:
            if key in base.values:
                _put(made, key, base.keys[key], _made(outer, base.values[key], Scope(filled)))
        for key in base.values.keys() - self._context.schema["properties"].keys():
            _put(made, key, base.keys[key], base.values[key])
        if root is not base and "plan" not in root.values:
            shape.supposed.setdefault(id(made), set()).add("plan")  # it is missing in the plan, which was told
        orders = base.values.get("orders")
        if "for_each_market" in base.values and isinstance(orders, Listing):
            _sums_are_known(orders, shape)
        unclear = {part: None for part, key in _PARTS.items() if shape.is_silent(base, key)}
        renderer = Renderer(shape, Names(tuple(filled), {**unclear, **parts}), self._context.ladders)
        repeated = [(key, self._repeated(renderer, base, made, key, rows, filled)) for key in _REPEATED if key in base.values]
        if any(listing is not None for _, listing in repeated):
            shapes.apply_again(made, self._context.schema, shape)
        for _, listing in repeated:
            each = len(listing.items) // len(rows) if listing is not None else 0
            for at, item in enumerate(listing.items if listing is not None else ()):
                _finish(item, rows[at // each], shape)
        if not is_whole:
            shape.supposed.setdefault(id(made), set()).add("orders")
        unmade = sorted(_of_market(orders)) if "for_each_market" in base.values and orders is not None else ()
        return Expanded(made, shape, len(rows) > 1, tuple(unmade), tuple(_filled_in(unmade, filled)))

    def _repeated(
        self, renderer: Renderer, base: Block, made: Block, key: str, rows: Sequence[_Row], filled: Mapping[str, Value]
    ) -> Listing | None:
        """The orders or tickets of all rows, put into the plan; None where they are no list."""
        node = base.values[key]
        if not isinstance(node, Listing) or id(node) in renderer.shape.bad:
            _put(made, key, base.keys[key], node)
            return None
        listing = self._items(renderer, node, rows, filled)
        _put(made, key, base.keys[key], listing)
        if key == "tickets":
            write_out_numbers(listing, renderer.shape)
        self._needed(renderer, listing, rows, _REPEATED[key])
        return listing

    def _named(self, renderer: Renderer, root: Block, made: Block, scope: Any) -> None:
        key = "plan" if "plan" in root.values else "blueprint"
        if key in root.values:
            _put(made, "plan", root.keys[key], _made(renderer, root.values[key], scope))

    def _counted(self, base: Block, shape: Shape, rows: list[_Row], *, is_whole: bool) -> tuple[list[_Row], bool]:
        key = base.keys.get("for_each") or base.keys.get("for_each_market")
        if key is None:
            return rows, is_whole
        limits = base.values.get("limits")
        count = len(rows) * sum(_placed(base.values.get(part)) for part in _REPEATED)
        if count > MOST_ORDERS:
            shape.complain(None, say.too_many_orders(key, count, MOST_ORDERS))
            rows, is_whole = rows[:1], False
        if isinstance(limits, Block) and "max_orders" not in limits.values and not shape.is_silent(limits, "max_orders"):
            known = count if is_whole and key.text == "for_each" and count <= MOST_ORDERS else None
            shape.complain(None, say.needs_max_orders(key, known))
        return rows, is_whole

    def _items(self, renderer: Renderer, orders: Listing, rows: Sequence[_Row], filled: Mapping[str, Value]) -> Listing:
        from planrunner.plan.expression import Scope

        makes = [renderer.prepare(order) for order in orders.items]
        made = Listing(orders.line, orders.column, orders.file)
        for row in rows:
            scope = Scope(filled, row.parts, row.where)
            for order, make in zip(orders.items, makes, strict=True):
                one = make(scope) if make is not None else order
                if isinstance(one, LeftOut):  # an order that is a template: the schema has complained
                    one = order
                made.items.append(_copy(one, renderer) if one is order and row.suffix else one)
        return made

    def _needed(self, renderer: Renderer, orders: Listing, rows: Sequence[_Row], kind: str) -> None:
        """An empty cell leaves its key out; where an order can't do without, that is said at the cell."""
        required, told = self._context.schema["$defs"][kind]["required"], set[int]()
        each = len(orders.items) // len(rows)
        for at, order in enumerate(orders.items):
            for key, origin in renderer.left_out.get(id(order), ()):
                instead = _INSTEAD.get(key, () if key in required else None)
                if origin is None or instead is None or not isinstance(order, Block) or set(instead) & order.values.keys():
                    continue
                renderer.shape.supposed.setdefault(id(order), set()).add(key)
                if id(origin) in told:
                    continue  # one cell is missing in several places
                told.add(id(origin))
                cells = rows[at // each].parts.get("row", {})
                column = next((name for name, value in cells.items() if value.origin is origin), "")
                renderer.shape.complain(None, say.empty_cell(origin.span, column, key))


def _placed(listing: Node | None) -> int:
    """How many orders a list makes, or bets of its tickets; an each-way bet is two."""
    items = listing.items if isinstance(listing, Listing) else []
    bets = [item.values.get("bets") if isinstance(item, Block) else None for item in items]
    each_way = [bet for some in bets if isinstance(some, Listing) for bet in some.items if _is_each_way(bet)]
    return len(each_way) + sum(len(some.items) if isinstance(some, Listing) else 1 for some in bets)


def _is_each_way(bet: Node) -> bool:
    return isinstance(bet, Block) and bet.text("pool") == "each_way"


def _sums_are_known(orders: Listing, shape: Shape) -> None:
    """What a plan can lose is known before its markets are, or there is nothing to review."""
    for order in orders.items:
        written = order.values if isinstance(order, Block) else {}
        for key in _SUMS:
            value = written.get(key)
            if isinstance(value, Scalar) and id(value) not in shape.bad and any(_of_market(value)):
                shape.complain(value, say.sum_of_a_market(value, key))


def _left_open(base: Block, names: Collection[str], at_their_most: Collection[str]) -> LeftOpen:
    """What these inputs decide. Every word of a template counts as a name, wherever in it that stands: rather one too many.

    An amount that is one of `at_their_most` and nothing else is as large as it can be: nothing more hangs on its input there.
    """
    deciding = {name for name in names if not _has_one_choice(_declared(base)[name])}
    taken: set[str] = set()
    amounts: set[str] = set()
    for part in _REPEATED:
        listing = base.values.get(part)
        for item in listing.items if isinstance(listing, Listing) else ():
            for key, value in item.values.items() if isinstance(item, Block) else ():
                for under, node in walk(value):
                    found = _named_in(node) & deciding
                    taken |= {key} if found else set()
                    if key in (*_SUMS, _BETS) and not _is_just(node, under.text if under is not None else key, at_their_most):
                        amounts |= found
    return LeftOpen(inputs=tuple(sorted(names)), keys=tuple(sorted(taken)), amounts=tuple(sorted(amounts)))


def _at_their_most(base: Block, given: Sequence[GivenValues]) -> set[str]:
    """Inputs of money for which the most they may be stands, as `inputs` has it for those that have no other value yet."""
    names = _declared(base).keys() - {name for place in given for name in place.values}
    found = {name: one for name in names if isinstance(one := _declared(base)[name], Block) and one.text("type") == "money"}
    return {name for name, one in found.items() if (most := one.text("at_most")) and one.text("default") in (None, most)}


def _has_one_choice(node: Node) -> bool:
    choices = node.values.get("choices") if isinstance(node, Block) else None
    return isinstance(choices, Listing) and len(choices.items) == 1


def _declared(base: Block) -> Mapping[str, Node]:
    declared = base.values.get("inputs")
    return declared.values if isinstance(declared, Block) else {}


def _is_just(node: Node, key: str, names: Collection[str]) -> bool:
    if not isinstance(node, Scalar) or key not in _AMOUNTS:
        return False
    return node.text.startswith(OPENING) and node.text[-1] == "}" and node.text[len(OPENING) : -1].strip() in names


def _named_in(node: Node) -> set[str]:
    """The words of a template, quoted ones too."""
    if not isinstance(node, Scalar) or OPENING not in node.text:
        return set()
    return set(_WORD.findall(node.text.partition(OPENING)[2]))


def _of_market(node: Node) -> Iterator[str]:
    """Templates that name the market: `/0/name=${market.start}`."""
    for path, text in _texts(node, ""):
        if OPENING in text and "market" in _WORD.findall(text):
            yield f"{path}={text}"


def _filled_in(unmade: Sequence[str], filled: Mapping[str, Value]) -> Iterator[str]:
    """What the inputs are that these templates name: what they give for a market depends on them, too."""
    words = {word for text in unmade for word in _WORD.findall(text)}
    yield from _values({name: value for name, value in filled.items() if name in words})


def _texts(node: Node, path: str) -> Iterator[tuple[str, str]]:
    """Every text behind where it stands: `/orders/0/stake`, `${stake}`."""
    if isinstance(node, Block):
        for key, value in node.values.items():
            yield from _texts(value, f"{path}/{key}")
    elif isinstance(node, Listing):
        for at, item in enumerate(node.items):
            yield from _texts(item, f"{path}/{at}")
    else:
        yield path, node.text


def _values(filled: Mapping[str, Value]) -> Iterator[str]:
    for name, value in sorted(filled.items()):
        amount = value.text if value.kind is values.Kind.TEXT else f"{value.amount} {value.currency}"
        yield f"{name}={value.kind.name}:{amount}"


def _nothing(root: Block, shape: Shape) -> Expanded:
    """A plan whose blueprint can't be read: of its orders nothing is known."""
    made = Block(root.line, root.column)
    for key in ("planrunner", "plan"):
        _put(made, key, root.keys.get(key), root.values.get(key))
    shape.supposed[id(made)] = {"orders", "limits", "*"}
    return Expanded(made, shape, has_rows=False)


def _put(block: Block, name: str, key: Scalar | None, value: Node | None) -> None:
    if key is not None and value is not None:
        block.keys[name], block.values[name] = key, value


def _made(renderer: Renderer, node: Node, scope: Any) -> Node:
    make = renderer.prepare(node)
    one = make(scope) if make is not None else node
    return node if isinstance(one, LeftOut) else one


def _copy(order: Node, renderer: Renderer) -> Node:
    """An order that is the same in every row is still one of each row's own."""
    if not isinstance(order, Block):
        return order
    block = Block(order.line, order.column, order.file)
    block.keys, block.values = dict(order.keys), dict(order.values)
    renderer.inherit(order, block)
    if id(order) in renderer.shape.bad:
        renderer.shape.bad.add(id(renderer.shape.keep(block)))
    return block


def _finish(order: Node, row: _Row, shape: Shape) -> None:
    """Which row an order is of, in its name; and its market, once that is known."""
    if not isinstance(order, Block):
        return
    name = order.values.get("name")
    if isinstance(name, Scalar) and row.suffix and id(name) not in shape.bad:
        order.values["name"] = name._replace(text=name.text + row.suffix)
    if row.market is not None and "market_id" not in order.values:
        at = order.span
        order.keys["market_id"] = Scalar("market_id", at.line, at.column, at.width, None, at.file, f"the market is {row.where}")
        order.values["market_id"] = order.keys["market_id"]._replace(text=row.market, style='"')


def _cells(row: Mapping[str, Scalar] | None, columns: Sequence[str]) -> dict[str, Value]:
    return dict.fromkeys(columns, values.UNKNOWN) if row is None else {key: _cell(one) for key, one in row.items()}


def _cell(scalar: Scalar) -> Value:
    return values.text_value(scalar.text, scalar) if scalar.text else values.ABSENT._replace(origin=scalar)


def _listed_rows(rows: Sequence[Block]) -> tuple[tuple[str, ...], list[dict[str, Scalar] | None], str]:
    """Rows written in the plan; a key that only some of them have is empty in the others."""
    columns = tuple(dict.fromkeys(key for row in rows for key in row.values))
    made: list[dict[str, Scalar] | None] = []
    for row in rows:
        at = row.span
        empty = Scalar("", at.line, at.column, at.width, '"', at.file)
        found: dict[str, Scalar] = {}
        for column in columns:
            value = row.values.get(column)
            found[column] = value if isinstance(value, Scalar) else empty
        made.append(found)
    return columns, made, " of `for_each`"


def _values_in(block: Node | None) -> GivenValues:
    if not isinstance(block, Block):
        return GivenValues({}, {})
    return GivenValues({name: one for name, one in block.values.items() if isinstance(one, Scalar)}, block.keys)


def _moved(node: Node, file: str, bad: set[int], moved: set[int]) -> Node:
    """The same nodes, in the file they are of."""
    made: Node
    if isinstance(node, Scalar):
        made = node._replace(file=file)
    elif isinstance(node, Block):
        made = Block(node.line, node.column, file)
        for name, value in node.values.items():
            key = node.keys[name]
            made.keys[name] = key._replace(file=file)
            if id(key) in bad:
                moved.add(id(made.keys[name]))
            made.values[name] = _moved(value, file, bad, moved)
    else:
        made = Listing(node.line, node.column, file)
        made.items.extend(_moved(item, file, bad, moved) for item in node.items)
    if id(node) in bad:
        moved.add(id(made))
    return made
