"""`planrunner pnl`: what runs brought, summed over plans, accounts, venues or days, as a table, as CSV and as a page."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from planrunner.app.results import OnAccount, Result, results_of
from planrunner.app.standing import open_journal
from planrunner.model.errors import WrongUse
from planrunner.model.journal import Mode
from planrunner.model.market import AccountName, MarketId
from planrunner.model.names import nearest
from planrunner.model.placement import ZERO
from planrunner.model.shown import harmless
from planrunner.report.brought import Brought, By, Sum, sums, totals
from planrunner.report.words import amount

__all__ = ["By", "ProfitAndLoss", "Sum", "Wanted", "as_csv", "as_html", "as_json", "cells", "pnl"]

COLUMNS = ("currency", "runs", "staked", "matched", "profit", "commission", "net", "open_bets", "at_risk")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet reckons with a text that begins so


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The command line. `mode` None: live money, or practice where there is no other; `since` and `until` are days, both of them
    meant."""

    by: By = By.PLAN
    since: date | None = None
    until: date | None = None
    plan: str | None = None
    account: str | None = None
    mode: Mode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitAndLoss:
    """`notes` say what a reader must know of the figures."""

    wanted: Wanted
    mode: Mode
    brought: tuple[Brought, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[Sum, ...]:
        return sums(self.brought, self.wanted.by)

    @property
    def totals(self) -> tuple[Sum, ...]:
        return totals(self.brought)


def pnl(state: Path, wanted: Wanted) -> ProfitAndLoss:
    """Raises WrongUse, JournalTrouble."""
    with open_journal(state) as journal:
        history = results_of(journal)
    known = [one for one in history.told if one.lines]
    modes = {one.mode for one in known}
    mode = wanted.mode or (Mode.LIVE if Mode.LIVE in modes else Mode.SANDBOX)
    of_mode = [one for one in known if one.mode is mode]
    _look_at_names(wanted, of_mode)
    commissions, shared = _charged_once(of_mode)
    brought = [
        _brought(one, line, commissions)
        for one in of_mode
        for line in one.lines
        if _is_wanted(wanted, one, line)
    ]  # fmt: skip
    notes = [*history.troubles]
    if shared:
        count = f"{shared} market{'' if shared == 1 else 's'}"
        notes.append(f"In {count} more than one run had bets; the commission counts once, with the run that won most there.")
    if mode is not Mode.LIVE:
        notes.append("Practice money of a sandbox.")
    return ProfitAndLoss(wanted=wanted, mode=mode, brought=tuple(brought), notes=tuple(notes))


def plan_of(one: Result) -> str:
    """A plan is the same by its file, however that was named."""
    return one.plan_file.replace("\\", "/").rpartition("/")[2]


def is_of_plan(one: Result, name: str) -> bool:
    return name in (one.plan, plan_of(one)) or Path(name).name == plan_of(one)


def _is_wanted(wanted: Wanted, one: Result, line: OnAccount) -> bool:
    return (
        (wanted.since is None or line.day >= wanted.since)
        and (wanted.until is None or line.day <= wanted.until)
        and (wanted.account is None or line.account == wanted.account)
        and (wanted.plan is None or is_of_plan(one, wanted.plan))
    )


def _look_at_names(wanted: Wanted, known: Sequence[Result]) -> None:
    if wanted.plan is not None and known and not any(is_of_plan(one, wanted.plan) for one in known):
        raise WrongUse(f"no run is of plan {wanted.plan}{_hint(wanted.plan, {plan_of(one) for one in known})}")
    accounts = {str(line.account) for one in known for line in one.lines}
    if wanted.account is not None and known and wanted.account not in accounts:
        raise WrongUse(f"no run has anything on account {wanted.account}{_hint(wanted.account, accounts)}")


def _hint(name: str, among: set[str]) -> str:
    guess = nearest(name, sorted(among))
    return f"; did you mean `{guess}`?" if guess else f"; there are {', '.join(sorted(among)[:10])}"


def _charged_once(known: Sequence[Result]) -> tuple[dict[tuple[str, AccountName], Decimal], int]:
    """What each run bears on each account, and how many markets several of them shared. Each of their reports has the whole."""
    markets: dict[tuple[str | None, AccountName, MarketId], list[Result]] = defaultdict(list)
    for one in known:
        for line in one.lines:
            for market, brought in line.markets.items():
                if brought.commission is not None:
                    markets[one.at, line.account, market].append(one)
    bears: dict[tuple[str, AccountName], Decimal] = defaultdict(lambda: ZERO)
    for (_, account, market), runs in markets.items():
        won = max(runs, key=lambda one: (_in(one, account, market)[0], -runs.index(one)))
        latest = max(runs, key=lambda one: (one.learned is not None, one.learned, runs.index(one)))
        bears[won.run, account] += _in(latest, account, market)[1]
    return bears, sum(1 for runs in markets.values() if len(runs) > 1)


def _in(one: Result, account: AccountName, market: MarketId) -> tuple[Decimal, Decimal]:
    brought = next(line.markets[market] for line in one.lines if line.account == account)
    return brought.profit, brought.commission or ZERO


def _brought(one: Result, line: OnAccount, commissions: dict[tuple[str, AccountName], Decimal]) -> Brought:
    return Brought(
        run=one.run,
        plan=plan_of(one),
        account=line.account,
        venue=line.venue,
        currency=line.currency,
        day=line.day,
        staked=line.staked,
        matched=line.matched,
        profit=line.profit,
        commission=commissions.get((one.run, line.account), ZERO),
        open=line.open,
        at_risk=line.at_risk,
        created=one.created,
    )


# --- forms


def title(told: ProfitAndLoss) -> str:
    """`2026-12-01 to 2026-12-31, plan chase.yaml`."""
    wanted = told.wanted
    days = sorted(one.day for one in told.brought)
    first, last = wanted.since or (days[0] if days else None), wanted.until or (days[-1] if days else None)
    span = "No run yet" if first is None or last is None else f"{first}" if first == last else f"{first} to {last}"
    of = [f"plan {wanted.plan}" if wanted.plan else "", f"account {wanted.account}" if wanted.account else ""]
    return ", ".join(filter(None, (span, *of)))


def cells(one: Sum) -> tuple[str, ...]:
    """A row as people read it; what is nothing is left empty behind the result."""
    currency = one.currency
    money = [amount(value, currency) for value in (one.staked, one.matched, one.profit, one.commission, one.net)]
    return (str(one.runs), *money, str(one.open or ""), amount(one.at_risk, currency) if one.at_risk else "")


def as_html(told: ProfitAndLoss) -> Iterator[str]:
    """One page, nothing of it from elsewhere."""
    from planrunner.report import brought_page

    return brought_page.in_pieces(told.brought, by=told.wanted.by, mode=told.mode.value, title=title(told), notes=told.notes)


def as_csv(told: ProfitAndLoss) -> str:
    """For spreadsheets: what would be a formula there is a text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((told.wanted.by.value, *COLUMNS))
    for one in told.rows:
        writer.writerow((_cell(one.name), _cell(one.currency), *_figures(one)))
    return out.getvalue()


def _cell(text: str) -> str:
    plain = harmless(text)
    return f"'{plain}" if plain.startswith(FORMULAS) else plain


def _figures(one: Sum) -> tuple[str, ...]:
    money = (one.staked, one.matched, one.profit, one.commission, one.net)
    return (str(one.runs), *(f"{value:f}" for value in money), str(one.open), f"{one.at_risk:f}")


def as_json(told: ProfitAndLoss) -> dict[str, object]:
    """For programs; amounts are texts, so that none becomes inexact."""
    return {
        "mode": told.mode.value,
        "by": told.wanted.by.value,
        "rows": [{told.wanted.by.value: one.name, **_fields(one)} for one in told.rows],
        "totals": [_fields(one) for one in told.totals],
        "notes": list(told.notes),
    }


def _fields(one: Sum) -> dict[str, object]:
    return {
        "currency": one.currency,
        "runs": one.runs,
        "staked": f"{one.staked:f}",
        "matched": f"{one.matched:f}",
        "profit": f"{one.profit:f}",
        "commission": f"{one.commission:f}",
        "net": f"{one.net:f}",
        "open_bets": one.open,
        "at_risk": f"{one.at_risk:f}",
    }
