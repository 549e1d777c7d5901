"""The schema applied to a file, and each of its errors told once in the author's words.

`fit` says yes to most files. For the others `jsonschema` finds every error; what the reader already complained about, and
whatever follows from it, stays silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, TypeVar

from planrunner.model.money import DECIMALS
from planrunner.model.names import nearest
from planrunner.plan import fit, layout, scalars, unsupported
from planrunner.plan.messages import shape as say
from planrunner.plan.messages import site as say_site
from planrunner.plan.messages import text as say_text
from planrunner.plan.nodes import Block, Listing, Node, Scalar, tree, walk
from planrunner.plan.problems import Problem
from planrunner.plan.reader import Source
from planrunner.plan.words import OF_MOVES

NodeT = TypeVar("NodeT", bound=Node)

# Nobody mends more at a time; a file that is no plan at all has thousands.
_MOST_ERRORS = 500
_LONGEST_NAME = 200  # as the schema has it
_MOST_ORDERS = 200  # of a table whose rows are wrong
# What people call things elsewhere.
_CALLED = {
    "price": "odds", "min_odds": "odds", "limit_price": "odds", "amount": "stake", "size": "stake", "bet": "stake",
    "bet_size": "stake", "wager": "stake", "runner": "selection", "team": "selection", "horse": "selection",
    "outcome": "selection", "match": "event", "fixture": "event", "game": "event", "account": "venue",
    "exchange": "venue", "bookmaker": "venue", "expires": "expires_after", "expiry": "expires_after",
    "timeout": "expires_after", "expires_in": "expires_after", "liability": "liability_at_most",
    "max_liability": "liability_at_most", "timezone": "time_zone", "tz": "time_zone", "handicap": "line",
    "order_type": "type", "min_price": "no_worse_than", "floor": "no_worse_than", "at_least": "no_worse_than",
    "message": "alert", "notify": "alert", "when": "if", "order": "orders", "bets": "orders", "title": "plan",
    "name": "plan", "fallbacks": "fallback", "on_unmatched": "fallback", "max_bets": "max_orders", "loss": "max_loss",
    "stop_loss": "max_loss", "variables": "inputs", "vars": "inputs", "parameters": "inputs", "params": "inputs",
    "foreach": "for_each", "loop": "for_each", "with_items": "for_each", "repeat": "for_each", "extends": "use_blueprint",
    "include": "use_blueprint", "template": "use_blueprint", "values": "with", "conditions": "only_if", "condition": "only_if",
    "cash_out": "hedge", "move_to": "move_remainder_to", "move": "move_remainder_to", "transfer_to": "move_remainder_to",
    "green_up": "hedge", "trade_out": "hedge", "persistence": "keep", "wait": "after", "delay": "after",
    "interval": "every", "min_stake": "min_fill", "side_of_bet": "side", "direction": "side", "back_lay": "side",
    "risk": "limits", "limit": "limits", "risk_limits": "limits", "schedule": "when", "cron": "when", "schedules": "when",
    "run_at": "when", "max_loss_total": "max_loss_in_total", "total_loss": "max_loss_in_total",
    "max_total_loss": "max_loss_in_total",
}  # fmt: skip
_CALLED_IN_TICKETS = {
    "stake": "unit_stake", "line_stake": "unit_stake", "amount": "unit_stake", "unit": "unit_stake", "selections": "runners",
    "selection": "runners", "horses": "runners", "runner": "runners", "type": "pool", "bet": "pool", "bet_type": "pool",
    "market": "pool", "cost": "total_cost", "total": "total_cost", "event": "meeting", "course": "meeting",
    "racecourse": "meeting", "track": "meeting", "races": "legs", "order": "finish", "substitutes": "reserves",
}  # fmt: skip
_CALLED_IN_WHEN = {
    "cron": "every", "rrule": "every", "interval": "every", "days": "every", "day": "every", "weekdays": "every",
    "weekday": "every", "on": "every", "repeat": "every", "date": "dates", "time": "at", "times": "at", "hour": "at",
    "start": "from", "starts": "from", "start_date": "from", "begins": "from", "end": "until", "ends": "until",
    "end_date": "until", "to": "until", "timezone": "time_zone", "tz": "time_zone", "zone": "time_zone",
    "excluding": "except", "exclude": "except", "holidays": "except", "not_on": "except", "calendar": "except",
    "before_start": "before_each_start", "before_starts": "before_each_start", "signal": "on_signal",
    "webhook": "on_signal", "missed": "if_missed", "misfire": "if_missed", "late": "late_by_at_most",
    "grace": "late_by_at_most", "if_running": "if_still_running", "overlap": "if_still_running",
}  # fmt: skip
# Keys that take one value, or a list of such.
_ONE_OR_MORE = frozenset({"every", "at"})
_EVERY = {
    "daily": "day", "days": "day", "every_day": "day", "weekdays": "weekday", "working_day": "weekday", "workday": "weekday",
    "business_day": "weekday", "mon": "monday", "tue": "tuesday", "tues": "tuesday", "wed": "wednesday", "thu": "thursday",
    "thur": "thursday", "thurs": "thursday", "fri": "friday", "sat": "saturday", "sun": "sunday", "mon_fri": "weekday",
}  # fmt: skip
_DAYS = frozenset({"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
_LOWEST = frozenset({"min_odds", "min_price"})
_WORDS = {
    "for": "back", "against": "lay", "fok": "fill_or_kill", "fak": "fill_and_kill", "ioc": "fill_and_kill", "gtc": "limit",
    "inplay": "in_play", "partially_matched": "partly_matched", "test": "sandbox",
    "demo": "sandbox", "b": "back", "l": "lay", "suspension": "suspended", "suspends": "suspended", "live": "in_play",
    "off": "in_play", "kick_off": "in_play", "not_matched": "unmatched", "nothing_matched": "unmatched", "filled": "matched",
    "fully_matched": "matched", "partial": "partly_matched", "partially": "partly_matched", "partially_filled": "partly_matched",
    "part_matched": "partly_matched", "partly": "partly_matched", "expiry": "expired", "expires": "expired", "timeout": "expired",
    "refused": "rejected", "denied": "rejected", "string": "text", "number": "whole_number",
    "integer": "whole_number", "int": "whole_number", "price": "odds", "amount": "money", "currency": "money", "time": "duration",
    "enum": "choice", "list": "choice", "select": "choice", "late": "run_late", "catch_up": "run_late", "run": "run_late",
    "ignore": "skip", "drop": "skip", "wait": "queue", "cancel": "replace", "restart": "replace", "hmac": "signature",
    "signed": "signature", "secret": "token", "admin": "operator", "reader": "viewer", "read": "viewer",
    "failed": "not_as_planned",
    "error": "not_as_planned", "unknown": "unknown_exposure", "missed": "not_run", "skipped": "not_run", "done": "finished",
}  # fmt: skip
_YES_NO = {"true": "yes", "on": "yes", "y": "yes", "1": "yes", "false": "no", "off": "no", "n": "no", "0": "no"}
_TRIGGER_IN_WORDS = re.compile(r"(after|every|before[ _]start|after[ _]start|if)[ _](.+)")
_NAMED_BY_AUTHOR = {"inputs": "stake", "with": "stake"}
_SAYS_NO = re.compile(r"\b(no|not|non|none|never|without|nothing|off|false|neither|closed)\b|n['\u2019]t\b")
_OF_TICKETS = frozenset({"ticket", "bet", "leg"})
# Kinds of scalars whose text is a name: there `null` needs quotes, elsewhere it is just not the right thing.
_NAMES = frozenset({"name", "order_name", "id", "text"})
_FIRST_KEYS = ("planrunner", "planrunner_site")  # missed before the schema is asked
_OTHER_WORDS = frozenset({"true", "false", "null", "~"})


@dataclass(slots=True)
class Shape:
    """What was learned about a file. `supposed` holds, for a block, the keys its unknown keys were most likely meant to be."""

    problems: list[Problem]
    bad: set[int]
    supposed: dict[int, set[str]]
    kept: list[Node] = field(default_factory=list)

    def is_silent(self, block: Block, *keys: str) -> bool:
        """Would a word about these keys missing repeat what was said already?"""
        supposed = self.supposed.get(id(block), set())
        return "*" in supposed or any(key in supposed for key in keys)

    def complain(self, node: Node | None, problem: Problem) -> None:
        self.problems.append(problem)
        if node is not None:
            self.bad.add(id(node))
            self.kept.append(node)

    def keep(self, node: NodeT) -> NodeT:
        """An id in `bad` must not be given to a second node."""
        self.kept.append(node)
        return node


class _Schema:
    """A schema as a key of the cache: the same dictionary, the same schema."""

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and other.schema is self.schema


@lru_cache(8)
def _fits(holder: _Schema) -> fit.Fits:
    return fit.compile_schema(holder.schema)


def apply(root: Block, schema: Mapping[str, Any], source: Source, *, known: Collection[str] = ()) -> Shape:
    """All problems of shape, added to those of the text. `known` are keys of the file that are not missing, for a reason told."""
    found = Shape(problems=source.problems, bad=source.bad, supposed={id(root): set(known)} if known else {})
    if schema["title"] == "plan":
        layout.put_right(root, source.lines, found.problems, found.bad)
    if source.bad or not _fits(_Schema(schema))(root) or (source.has_odd_words and _holds_odd_words(root)):
        _Explainer(root, schema, found).explain()
    return found


def apply_again(root: Block, schema: Mapping[str, Any], found: Shape) -> None:
    """The schema on a plan whose orders and tickets were made from templates; what was said of those is not said again."""
    if _fits(_Schema(schema))(root):
        return
    some = Block(root.line, root.column, root.file)
    some.keys, some.values = root.keys, dict(root.values)
    for key, kind in (("orders", "order"), ("tickets", "ticket")):
        if isinstance(made := root.values.get(key), Listing):
            rule = _item_fits(_Schema(schema), kind)
            listing = Listing(made.line, made.column, made.file)
            listing.items = [item for item in made.items if not rule(item)][:_MOST_ORDERS] or made.items[:1]
            some.values[key] = listing
    found.supposed[id(some)] = found.supposed.get(id(root), set())
    found.keep(some)
    _Explainer(some, schema, found).explain()


@lru_cache(8)
def _item_fits(holder: _Schema, kind: str) -> fit.Fits:
    return fit.compile_schema({**holder.schema["$defs"][kind], "$defs": holder.schema["$defs"]})


def _holds_odd_words(root: Block) -> bool:
    """In a value, that is: a comment may say what it likes."""
    return any(isinstance(node, Scalar) and _is_odd(node) for _, node in walk(root))


def _is_odd(value: Scalar) -> bool:
    return value.is_plain and value.text.lower() in _OTHER_WORDS


class _Explainer:
    def __init__(self, root: Block, schema: Mapping[str, Any], found: Shape) -> None:
        self.root = root
        self.schema = schema
        self.defs = schema["$defs"]
        self.found = found

    @cached_property
    def _currency(self) -> str | None:
        return currency_of(self.root)

    def explain(self) -> None:
        self._keys_and_words(self.root, self.schema)
        for error in self._errors():
            self._error(error)

    def _errors(self) -> Iterator[Any]:
        from jsonschema.validators import Draft202012Validator  # half of what a check would cost; most files don't need it

        return islice(Draft202012Validator(self.schema).iter_errors(tree(self.root)), _MOST_ERRORS)

    def _keys_and_words(self, node: Node, schema: Mapping[str, Any], key: str = "") -> None:
        """What must be known before errors are told: keys and words of later versions, unknown keys, names that need quotes."""
        schema = self._resolved(schema)
        if id(node) in self.found.bad:
            return
        if isinstance(node, Block):
            properties = schema.get("properties", {})
            strays = OF_MOVES if schema.get("title") == "step" and "move_remainder_to" not in node.values else frozenset()
            for name, value in node.values.items():
                if name in properties and name not in strays:
                    self._keys_and_words(value, properties[name], name)
                elif schema.get("additionalProperties"):
                    self._keys_and_words(value, schema["additionalProperties"], name)
                elif "properties" in schema:
                    self._unknown_key(node, name, schema)
        elif isinstance(node, Listing):
            items = (schema.get("anyOf") or [schema])[0].get("items", {})
            for item in node.items:
                self._keys_and_words(item, items, key)
        else:
            self._word(node, schema, key)

    def _word(self, value: Scalar, schema: Mapping[str, Any], key: str) -> None:
        if later := unsupported.word(key, value):
            self.found.complain(value, say.not_yet(value.span, later))
        elif _is_odd(value):
            if schema.get("title") in _NAMES:
                self.found.complain(value, say_text.needs_quotes(value))
            elif schema.get("title") == "yes_no" and value.text.lower() in ("true", "false"):
                self.found.complain(value, say_text.yes_or_no(value))

    def _unknown_key(self, block: Block, name: str, schema: Mapping[str, Any]) -> None:
        title, key = schema["title"], block.keys[name]
        later = [one for one in block.values if unsupported.key_of(title, one)]
        supposed = self.found.supposed.setdefault(id(block), set())
        self.found.bad.add(id(block.values[name]))
        if id(key) in self.found.bad:
            supposed.add("*")
            return
        if name in later:
            supposed.update(unsupported.REPLACES.get(name, ()))
            self.found.complain(None, say.not_yet(key.span, f"`{name}`"))
            return
        guess = self._guess(block, name, schema) if len(self.found.problems) < _MOST_ERRORS else None
        elsewhere = self._home_of(name)
        supposed.update({guess or elsewhere or "", "odds" if name in _LOWEST else ""})
        if title == "step" and (sentence := _TRIGGER_IN_WORDS.match(name)):
            supposed.update(layout.ACTIONS | layout.TRIGGERS)
            trigger, when = sentence[1].replace(" ", "_"), sentence[2]
            self.found.complain(None, say.trigger_in_words(key, trigger, when, block.text(name) or ""))
            return
        self.found.complain(None, say.unknown_key(key, title, guess, elsewhere))

    def _guess(self, block: Block, name: str, schema: Mapping[str, Any]) -> str | None:
        free = [key for key in schema["properties"] if key not in block.values]
        if schema["title"] == "step" and "move_remainder_to" not in block.values:
            free = [key for key in free if key not in OF_MOVES]
        plain = name.lower().replace("-", "_").replace(" ", "_")
        if name in _LOWEST and block.text("side") != "back":
            return None  # of a lay it would be the highest
        tables = (_CALLED_IN_TICKETS,) if schema["title"] in _OF_TICKETS else (_CALLED,)
        tables = (_CALLED_IN_WHEN,) if schema["title"] == "when" else tables
        called = next((table[plain] for table in tables if table.get(plain) in free), None)
        return called or _nearest(name.replace("-", "_"), tuple(free))

    def _home_of(self, name: str) -> str | None:
        homes = [self.schema, *self.defs.values()]
        return next((home["title"] for home in homes if name in home.get("properties", {})), None)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        ref = schema.get("$ref")
        resolved: Mapping[str, Any] = self.defs[ref.removeprefix("#/$defs/")] if ref else schema
        return resolved

    def _error(self, error: Any) -> None:
        node: Node = self.root
        key: Scalar | None = None
        listing: Listing | None = None
        for step in error.absolute_path:
            listing = node if isinstance(node, Listing) else None
            if isinstance(node, Block):
                key, node = node.keys[step], node.values[step]
            elif isinstance(node, Listing):
                node = node.items[step]
            if id(node) in self.found.bad:
                return
        if error.validator == "required":
            self._missing(node, error)
        elif error.validator != "additionalProperties":
            self._wrong(node, error.schema, key, listing)

    def _missing(self, node: Node, error: Any) -> None:
        assert isinstance(node, Block)
        home = error.schema if "properties" in error.schema else self.schema  # the second: a branch of `if`
        for key in error.validator_value:
            if key not in node.values and key not in _FIRST_KEYS and not self.found.is_silent(node, key):
                schema = home["properties"][key]
                example = (schema.get("examples") or self._resolved(schema).get("examples") or ["..."])[0]
                shown = str(example) if not isinstance(example, list | dict) else ""
                self.found.complain(None, say.missing(node.span, key, home["title"], shown))
        self.found.supposed.setdefault(id(node), set()).update(error.validator_value)

    def _wrong(self, node: Node, schema: Mapping[str, Any], key: Scalar | None, listing: Listing | None) -> None:
        """`listing` is that which the node is an item of."""
        is_item = listing is not None
        name = key.text if key is not None else ""
        what = f"an item of `{name}`" if is_item else f"`{name}`"
        at = node.span if is_item or key is None or isinstance(node, Scalar) else key.span
        wanted = schema.get("type")
        if (wanted == "object" and isinstance(node, Block)) or (wanted == "array" and isinstance(node, Listing)):
            problem = say.empty_list(at, what)
        elif wanted == "object":
            value = node.text if isinstance(node, Scalar) else ""
            more = self._beside(node, listing) if listing is not None else 0
            problem = say.wants_block(
                at, what, schema.get("properties", {}) or [_NAMED_BY_AUTHOR.get(name, "betfair")], value=value, more=more
            )
        elif wanted == "array":
            problem = say.wants_list(at, what, node.text if isinstance(node, Scalar) else None)
        elif schema.get("title") == "runners" and isinstance(node, Listing):
            if self._tell_runners(node, name):
                return
            problem = say.empty_list(at, what)
        elif schema.get("title") in _ONE_OR_MORE and isinstance(node, Listing):
            if self._tell_items(node, name, schema["anyOf"][0]["items"]):
                return
            problem = say.empty_list(at, what)
        elif not isinstance(node, Scalar):
            problem = say.wants_value(at, what, self._example(name), name, _only_item(node))
        else:
            problem = self._wrong_value(node, schema.get("title", ""), name, schema)
        self.found.complain(node, problem)

    def _tell_runners(self, runners: Listing, name: str) -> bool:
        """Each that can't be one. False for a list without any."""
        for item in runners.items:
            if not isinstance(item, Scalar):
                self.found.complain(item, say.wants_value(item.span, f"an item of `{name}`", "4", None, None))
            elif id(item) not in self.found.bad and not 1 <= len(item.text) <= _LONGEST_NAME:
                self.found.complain(item, say.not_name(item, name))
        self.found.bad.add(id(runners))
        return bool(runners.items)

    def _tell_items(self, listing: Listing, name: str, items: Mapping[str, Any]) -> bool:
        """Each that can't be one, where a key takes one value or a list of them. False for a list without any."""
        rule = self._resolved(items)
        item_fits = fit.compile_schema({**rule, "$defs": self.defs})
        for item in listing.items:
            if id(item) in self.found.bad or item_fits(item):
                continue
            if isinstance(item, Scalar):
                self.found.complain(item, self._wrong_value(item, rule["title"], name, rule))
            else:
                example = str(rule["examples"][0])
                self.found.complain(item, say.wants_value(item.span, f"an item of `{name}`", example, None, None))
        self.found.bad.add(id(listing))
        return bool(listing.items)

    def _beside(self, node: Node, listing: Listing) -> int:
        """How many more items are no blocks either; nothing is said of them."""
        items = [one for one in listing.items if type(one) is type(node) and one is not node and id(one) not in self.found.bad]
        self.found.bad.update(map(id, items))
        return len(items)

    def _example(self, key: str) -> str:
        """What a key may look like."""
        homes = [self.schema, *self.defs.values()]
        schema: dict[str, Any] = next((home["properties"][key] for home in homes if key in home.get("properties", {})), {})
        return str((schema.get("examples") or self._resolved(schema).get("examples") or ["..."])[0])

    def _wrong_value(self, value: Scalar, title: str, key: str, schema: Mapping[str, Any]) -> Problem:
        if title == "runners":
            return say.not_runners(value, key)
        if title in _ONE_OR_MORE and (listed := _listed(value.text, title)):
            return say.several_in_brackets(value, key, listed)
        if title == "every":
            words = list(schema["anyOf"][1]["enum"])
            called = _EVERY.get(value.text.lower().replace("-", "_").replace(" ", "_"))
            return say.unknown_word(value, key, words, called or _near_word(value.text, words))
        if title in ("word", "yes_no"):
            words = _words(schema)
            called = (_YES_NO if title == "yes_no" else _EVERY if key == "every" else _WORDS).get(
                value.text.lower().replace("-", "_").replace(" ", "_")
            )
            return say.unknown_word(value, key, words, called if called in words else _near_word(value.text, words))
        if title == "money":
            return say.not_money(value, self._currency)
        by_key = _by_key()
        return by_key[title](value, key) if title in by_key else _by_value()[title](value)


def _listed(text: str, title: str) -> str | None:
    """`saturday, sunday` as a list; None where that would be none."""
    parts = [part.strip().lower() for part in re.split(r",|;|&| and ", text)]
    read = [scalars.time_of_day(part) and part if title == "at" else _EVERY.get(part, part) for part in parts]
    is_good = all(part is not None and (title == "at" or part in _DAYS) for part in read)
    return f"[{', '.join(str(part) for part in read)}]" if len(parts) > 1 and is_good else None


@lru_cache(1024)
def _nearest(word: str, candidates: tuple[str, ...]) -> str | None:
    """A key that is wrong in one order is so in thousands."""
    return nearest(word, candidates)


def _near_word(text: str, words: list[str]) -> str | None:
    """The word that was meant; none where the text says no, or names two of them."""
    plain = re.split(r"#|//|--", text)[0].strip().casefold()
    said = set(re.findall("[a-z_]+", plain))
    if _SAYS_NO.search(plain) or len(said.intersection(words)) > 1:
        return None
    return nearest(plain, words) or (words[0] if len(words) == 1 else None)


def _only_item(node: Node) -> str | None:
    """Of `[lay]`."""
    items = node.items if isinstance(node, Listing) else []
    return items[0].text if len(items) == 1 and isinstance(items[0], Scalar) else None


def _words(schema: Mapping[str, Any]) -> list[str]:
    found: list[str] = schema["enum"] if "enum" in schema else schema["anyOf"][0]["enum"]
    return found


def _by_key() -> dict[str, Callable[[Scalar, str], Problem]]:
    return {
        "count": say.not_count,
        "name": say.not_name,
        "text": say.not_name,
        "id": say.not_id,
        "value": say.not_value,
        "file": say.not_file,
        "for_each": say.not_file,
        "duration": say.not_duration,
    }


def _by_value() -> dict[str, Callable[[Scalar], Problem]]:
    return {
        "odds": say.not_odds,
        "date": say.not_date,
        "day": say.not_day,
        "at": say.not_time,
        "signal_name": say.not_signal_name,
        "address": say_site.not_an_address,
        "email": say_site.not_an_email,
        "host": say_site.not_a_host,
        "port": say_site.not_a_port,
        "public_key": say_site.not_a_key,
        "calendar_day": say_site.not_a_day,
        "moment": say.not_moment,
        "time": say.not_time,
        "times": say.not_times,
        "percent": say.not_percent,
        "favourite": say.not_favourite,
        "country": say.not_country,
        "reprice": say.not_reprice,
        "line": say.not_line,
        "race": say.not_race,
        "order_name": say.not_order_name,
        "bookmaker": say.not_bookmaker,
        "currency": say.not_currency,
        "zone": say.not_a_zone,
        "version": lambda value: say.other_version(value, "planrunner"),
    }


def currency_of(root: Block) -> str | None:
    """The currency of a file's amounts when they agree: for amounts written without one."""
    found = {node.text[-3:] for _, node in walk(root) if isinstance(node, Scalar) and node.text[-4:-3] == " "} & DECIMALS.keys()
    return found.pop() if len(found) == 1 else None
