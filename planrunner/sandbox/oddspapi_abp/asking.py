"""The body of a placement, read as its schema reads it: every problem with its place, and then nothing is placed at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from planrunner.sandbox.clock import to_ms
from planrunner.sandbox.oddspapi_abp.errors import not_live, unprocessable
from planrunner.sandbox.oddspapi_abp.orders import Spec
from planrunner.sandbox.oddspapi_abp.wire import Json, loads
from planrunner.sandbox.scenario import HOUR, SECOND

MOST = 100
LIVES, LIVES_AT_MOST = 5 * SECOND, 24 * HOUR
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NOTHING = object()


def specs(content: bytes, at: int, *, legacy: bool) -> list[Spec]:
    """Raises Wrong: 422 with every problem, 501 for futures."""
    try:
        body = loads(content)
    except ValueError:
        raise unprocessable([_problem(("body", 0), "JSON decode error", "json_invalid")]) from None
    orders = body.get("orders", NOTHING) if isinstance(body, dict) else NOTHING
    if orders is NOTHING:
        raise unprocessable([_problem(("body", "orders"), "Field required", "missing")])
    if not isinstance(orders, list):
        raise unprocessable([_problem(("body", "orders"), "Input should be a valid list", "list_type")])
    if not 1 <= len(orders) <= MOST:
        kind = "too_short" if not orders else "too_long"
        text = f"List should have at {'least 1 item' if not orders else f'most {MOST} items'} after validation, not {len(orders)}"
        raise unprocessable([_problem(("body", "orders"), text, kind)])
    readers = [_Reader(order, ("body", "orders", place), legacy) for place, order in enumerate(orders)]
    read = [reader.spec(at) for reader in readers]
    if problems := [problem for reader in readers for problem in reader.problems]:
        raise unprocessable(problems)
    if any(spec.future for spec in read):
        raise not_live()
    return read


def _problem(loc: tuple[str | int, ...], msg: str, kind: str) -> Json:
    return {"loc": list(loc), "msg": msg, "type": kind}


@dataclass(slots=True)
class _Reader:
    """Notes problems as it goes. What it answers is of use only when there are none."""

    order: Json
    loc: tuple[str | int, ...]
    legacy: bool
    problems: list[Json] = field(default_factory=list)

    def spec(self, at: int) -> Spec:
        if not isinstance(self.order, dict):
            self.problems.append(_problem(self.loc, "Input should be a valid dictionary", "model_type"))
            self.order = {}
            return _EMPTY
        future = self.order.get("futureId") is not None
        if future and self.order.get("fixtureId") is not None:
            self._complain("futureId", "fixtureId and futureId are mutually exclusive", "value_error")
        return Spec(
            uuid=self._uuid(),
            fixture="" if future else self._text("fixtureId"),
            outcome=self._whole("outcomeId"),
            player=self._whole("playerId"),
            price=self._above("orderPrice", 1),
            stake=self._above("orderStake", 0),
            user_ref=self._text("userRef", None if self.legacy else NOTHING),
            test=self._flag("testOrder", False if self.legacy else NOTHING),
            expires=self._expires(at),
            bookmakers=self._bookmakers(),
            currency=self._text("orderCurrency", "USD"),
            back=self._flag("back", True),
            better=self._flag("acceptBetterOdds", True),
            partial=self._flag("acceptPartialStake", True),
            future=future,
            meta=self._meta(),
        )

    def _complain(self, key: str, msg: str, kind: str) -> None:
        self.problems.append(_problem((*self.loc, key), msg, kind))

    def _given(self, key: str, default: object) -> Json:
        value = self.order.get(key, NOTHING)
        if value is NOTHING and default is NOTHING:
            self._complain(key, "Field required", "missing")
        return default if value is NOTHING else value

    def _text(self, key: str, default: object = NOTHING) -> Json:
        value = self._given(key, default)
        if value is not default and not isinstance(value, str):
            self._complain(key, "Input should be a valid string", "string_type")
        return value

    def _uuid(self) -> str:
        value = self._text("requestUuid")
        if isinstance(value, str) and not UUID.fullmatch(value):
            self._complain("requestUuid", "Input should be a valid UUID, invalid length or character found", "uuid_parsing")
        return str(value)

    def _whole(self, key: str) -> int:
        value = self._given(key, NOTHING)
        if value is NOTHING:
            return 0
        if isinstance(value, bool) or not isinstance(value, int):
            self._complain(key, "Input should be a valid integer", "int_type")
            return 0
        return value

    def _above(self, key: str, bound: int) -> Decimal:
        value = self._given(key, NOTHING)
        if value is NOTHING:
            return Decimal(2)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._complain(key, "Input should be a valid number", "float_type")
            return Decimal(2)
        if value <= bound:
            self._complain(key, f"Input should be greater than {bound}", "greater_than")
        return Decimal(value)

    def _flag(self, key: str, default: object) -> bool:
        value = self._given(key, default)
        if value is not NOTHING and not isinstance(value, bool):
            self._complain(key, "Input should be a valid boolean", "bool_type")
        return value is True

    def _meta(self) -> Json:
        value = self._given("meta", None)
        if value is not None and not isinstance(value, dict):
            self._complain("meta", "Input should be a valid dictionary", "dict_type")
        return value

    def _bookmakers(self) -> tuple[str, ...] | None:
        """One text or a list of texts; None: all."""
        value = self._given("bookmakers", None)
        if value is None or value == "*":
            return None
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self._complain("bookmakers", "Input should be a valid string", "string_type")
            return None
        return tuple(dict.fromkeys(_stripped(names))) or None

    def _expires(self, at: int) -> int:
        """5 seconds from now unless told otherwise, a day at most."""
        value = self._given("expiresAt", None)
        if value is None:
            return at + LIVES
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self._complain("expiresAt", "Input should be a valid datetime, invalid character in year", "datetime_parsing")
            return at + LIVES
        return min(to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC)), at + LIVES_AT_MOST)


def _stripped(names: list[str]) -> Iterator[str]:
    return (name.strip() for name in names if name.strip())


_EMPTY = Spec(
    uuid="", fixture="", outcome=0, player=0, price=Decimal(2), stake=Decimal(1), user_ref=None, test=True, expires=0
)  # fmt: skip
