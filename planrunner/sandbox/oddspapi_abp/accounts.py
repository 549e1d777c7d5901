"""The clients' accounts at bookmakers. Of several at one bookmaker the active one with the highest priority is bet with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from planrunner.sandbox.bookmakers import Bookmaking, HeldAccount
from planrunner.sandbox.oddspapi_abp.wire import Json


@dataclass(slots=True, kw_only=True)
class Account:
    bookmaker: str
    username: str
    client: str
    currency: str
    balance: Decimal
    created: int
    updated: int
    credit: Decimal = Decimal(0)
    active: bool = True
    priority: int = 1
    max_stake: Decimal | None = None
    min_stake: Decimal | None = None
    verify: bool = False
    multi_limit: bool = True
    meta: Json = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.client, self.bookmaker, self.username


@dataclass(slots=True, kw_only=True)
class Accounts:
    """A client's first accounts are there when it is first seen."""

    script: Bookmaking
    begin: int
    _held: dict[tuple[str, str, str], Account] = field(default_factory=dict)
    _clients: set[str] = field(default_factory=set)

    def of(self, client: str, bookmaker: str | None = None) -> list[Account]:
        """Highest priority first."""
        self._meet(client)
        mine = [one for one in self._held.values() if one.client == client and bookmaker in (None, one.bookmaker)]
        return sorted(mine, key=lambda one: -one.priority)

    def used(self, client: str, bookmaker: str) -> Account | None:
        """The one that bets go to."""
        return next((one for one in self.of(client, bookmaker) if one.active), None)

    def find(self, client: str, bookmaker: str, username: str) -> Account | None:
        self._meet(client)
        return self._held.get((client, bookmaker, username))

    def add(self, account: Account) -> None:
        self._meet(account.client)
        self._held[account.key] = account

    def remove(self, account: Account) -> None:
        del self._held[account.key]

    def _meet(self, client: str) -> None:
        if client in self._clients:
            return
        self._clients.add(client)
        for held in self._first():
            if held.client in (None, client):
                account = self._opened(held, client)
                self._held.setdefault(account.key, account)

    def _first(self) -> Iterable[HeldAccount]:
        """Those that are scripted; at bookmakers without one, a usual one."""
        scripted = {held.bookmaker for held in self.script.accounts}
        usual = [HeldAccount(bookmaker=book.slug) for book in self.script.books if book.slug not in scripted]
        return (*self.script.accounts, *usual)

    def _opened(self, held: HeldAccount, client: str) -> Account:
        currency = next((book.currency for book in self.script.books if book.slug == held.bookmaker), "USD")
        return Account(
            bookmaker=held.bookmaker, username=held.username, client=client, currency=held.currency or currency,
            balance=held.balance, created=self.begin, updated=self.begin, active=held.active, priority=held.priority,
            max_stake=held.max_stake, min_stake=held.min_stake, verify=held.verify, multi_limit=held.multi_limit,
        )  # fmt: skip
