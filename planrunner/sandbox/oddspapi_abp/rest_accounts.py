"""Bookmaker accounts over REST: list, create, show, change, delete. Passwords go in and never come out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from planrunner.sandbox.oddspapi_abp.accounts import Account
from planrunner.sandbox.oddspapi_abp.errors import detail, unprocessable
from planrunner.sandbox.oddspapi_abp.rest_orders import Asked
from planrunner.sandbox.oddspapi_abp.views import account_view
from planrunner.sandbox.oddspapi_abp.wire import Json

# What a body calls it, what it is here, and what it may be. `verifyBetslip` and `multiLimitAllowed` are set when it is created.
CHANGED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "password": ("", lambda value: isinstance(value, str)),
    "balance": ("balance", lambda value: _is_amount(value)),
    "active": ("active", lambda value: isinstance(value, bool)),
    "priority": ("priority", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "maxStake": ("max_stake", lambda value: value is None or _is_amount(value)),
    "minStake": ("min_stake", lambda value: value is None or _is_amount(value)),
    "currencyId": ("currency", lambda value: isinstance(value, str)),
    "meta": ("meta", lambda value: value is None or isinstance(value, dict)),
}
CREATED = CHANGED | {
    "bookmaker": ("bookmaker", lambda value: isinstance(value, str) and bool(value)),
    "username": ("username", lambda value: isinstance(value, str) and bool(value)),
    "credit": ("credit", lambda value: _is_amount(value)),
    "verifyBetslip": ("verify", lambda value: isinstance(value, bool)),
    "multiLimitAllowed": ("multi_limit", lambda value: isinstance(value, bool)),
}
MONEY = ("balance", "credit", "max_stake", "min_stake")


async def accounts(asked: Asked) -> Json:
    held = asked.abp.desk.accounts.of(asked.client, asked.query.get("bookmaker"))
    return [account_view(asked.abp.desk, account) for account in held]


async def account(asked: Asked) -> Json:
    return account_view(asked.abp.desk, _found(asked))


async def create(asked: Asked) -> Json:
    desk, body = asked.abp.desk, asked.body()
    if missing := [name for name in ("bookmaker", "username") if name not in body]:
        raise unprocessable([{"loc": ["body", name], "msg": "Field required", "type": "missing"} for name in missing])
    values = _values(body, CREATED)
    if desk.accounts.find(asked.client, body["bookmaker"], body["username"]) is not None:
        raise detail(409, "Account already exists")
    usual: dict[str, Any] = {"currency": "USD", "balance": Decimal(0)}
    made = Account(client=asked.client, created=asked.at, updated=asked.at, **usual | values)
    desk.accounts.add(made)
    return _told(asked, made)


async def change(asked: Asked) -> Json:
    found = _found(asked)
    for name, value in _values(asked.body(), CHANGED).items():
        setattr(found, name, value)
    found.updated = asked.at
    return _told(asked, found)


async def delete(asked: Asked) -> Json:
    asked.abp.desk.accounts.remove(_found(asked))
    return None


def _told(asked: Asked, account: Account) -> Json:
    view = account_view(asked.abp.desk, account)
    asked.abp.desk.hub.tell("accounts", "UPDATE", view, asked.at, asked.client)
    asked.abp.changed(asked.at)
    return view


def _found(asked: Asked) -> Account:
    found = asked.abp.desk.accounts.find(asked.client, asked.path["bookmaker"], asked.path["username"])
    if found is None:
        raise detail(404, "Account not found")
    return found


def _values(body: dict[str, Json], known: dict[str, tuple[str, Callable[[Any], bool]]]) -> dict[str, Any]:
    wrong = [name for name, (_, fits) in known.items() if name in body and not fits(body[name])]
    if wrong:
        raise unprocessable([{"loc": ["body", name], "msg": "Input should be valid", "type": "value_error"} for name in wrong])
    found = {own: body[name] for name, (own, _) in known.items() if name in body and own}
    return {name: Decimal(value) if name in MONEY and value is not None else value for name, value in found.items()}


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 0
