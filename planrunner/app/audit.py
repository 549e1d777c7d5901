"""What `planrunner audit` does: hand the auditor the journals' exports, a venue's own log and the limits of the site file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from planrunner.app.outcome import Exit
from planrunner.app.report import JOURNALS
from planrunner.app.site import SITE_FILE, find_site
from planrunner.audit.audit import Audited, audit
from planrunner.audit.findings import Code, Finding
from planrunner.audit.limits import AccountLimits, Limits, SiteLimits
from planrunner.audit.run import host_of
from planrunner.model.account import Site
from planrunner.model.errors import JournalTrouble, PlanrunnerError, WrongUse
from planrunner.model.journal import Mode, RunInfo
from planrunner.model.money import Money
from planrunner.runtime.journal import Journal
from planrunner.runtime.pruning import references_of_pruned

# A log of a long practice; all of it is one answer.
LARGEST_LOG = 1 << 30
WITHIN = 60  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`runs`: ids, beginnings of some, or plan files; empty: all. `clocks`: how far the venue's may be behind ours."""

    runs: tuple[str, ...]
    state: Path
    venue_log: str | None = None
    clocks: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was found; `venue_log` as it was named."""

    audited: Audited
    venue_log: str | None

    @property
    def exit(self) -> Exit:
        return Exit.UNKNOWN_EXPOSURE if self.audited.findings else Exit.DONE


def run(asked: Asked) -> Told:
    """Raises WrongUse where there is nothing to audit, or no log where one was named; JournalTrouble where no journal can be
    opened. A journal that was changed is a finding."""
    venue = None if asked.venue_log is None else _venue_log(asked.venue_log)
    with ExitStack() as stack:
        journals = list(_journals(asked.state, stack, rehearsals=venue is None))
        known = [
            (info, journal) for journal in journals for info in journal.runs() if venue is None or info.mode is not Mode.REHEARSAL
        ]
        only = _named(asked, [info for info, _ in known])
        damaged: list[Finding] = []
        exports = [_export(journal, info, damaged) for info, journal in known if venue is not None or info.run in only]
        limits = limits_of(_site(asked.state))
        stops = [line for journal in journals for line in journal.export_halts()]
        pruned = [str(ref) for journal in journals for ref in references_of_pruned(journal)]
        audited = audit(
            exports, venue, limits, only=only, clocks=asked.clocks, at=_host(asked.venue_log), stops=stops, pruned=pruned
        )
    damaged = [finding for finding in damaged if finding.run in only]
    return Told(audited=replace(audited, findings=(*damaged, *audited.findings)), venue_log=asked.venue_log)


def limits_of(site: Site) -> Limits:
    """The site's, in the auditor's own words."""
    accounts = {
        str(name): AccountLimits(
            currency=account.currency,
            zone=account.time_zone,
            max_stake_per_order=_amount(account.limits.max_stake_per_order),
            max_open_exposure=_amount(account.limits.max_open_exposure),
            max_exposure_per_market=_amount(account.limits.max_exposure_per_market),
            max_loss_per_day=_amount(account.limits.max_loss_per_day),
            max_orders_per_minute=account.limits.max_orders_per_minute,
        )
        for name, account in site.accounts.items()
    }
    return Limits(accounts=accounts, site={each: _site_limits(site, each) for each in {a.currency for a in accounts.values()}})


def _site_limits(site: Site, currency: str) -> SiteLimits:
    of = site.limits
    return SiteLimits(
        max_stake_per_order=_amount(of.max_stake_per_order, currency),
        max_open_exposure=_amount(of.max_open_exposure, currency),
        max_exposure_per_market=_amount(of.max_exposure_per_market, currency),
    )


def _amount(limit: Money | None, currency: str | None = None) -> Decimal | None:
    return limit.amount if limit is not None and currency in (None, limit.currency) else None


def _site(state: Path) -> Site:
    folder = state.absolute().parent
    found = find_site(folder).site
    if found is None:
        raise WrongUse(f"{folder / SITE_FILE} has problems, so the limits are not known; `planrunner check` tells them")
    return found


def _journals(state: Path, stack: ExitStack, *, rehearsals: bool) -> Iterator[Journal]:
    names = dict.fromkeys(name for mode, name in JOURNALS.items() if rehearsals or mode is not Mode.REHEARSAL)
    for path in (state / name for name in names):
        if path.is_file():
            yield stack.enter_context(Journal.open(path, durable=True))


def _named(asked: Asked, known: Sequence[RunInfo]) -> frozenset[str]:
    if not known:
        raise WrongUse(
            f"no run is written down in {asked.state}; run a plan first, or name the folder of its journal with --state"
        )
    if not asked.runs:
        return frozenset(str(info.run) for info in known)
    return frozenset(run for name in asked.runs for run in _runs_called(name, known, asked))


def _runs_called(name: str, known: Sequence[RunInfo], asked: Asked) -> list[str]:
    """By id, by its beginning, or all runs of a plan file."""
    for fits in (
        lambda info: info.run == name,
        lambda info: info.run.startswith(name),
        lambda info: Path(info.plan_file).name == Path(name).name,
    ):
        if found := [str(info.run) for info in known if fits(info)]:
            return found
    hint = "; a rehearsal's venue is gone with it: leave --venue-log out to audit its journal" if asked.venue_log else ""
    raise WrongUse(f"there is no run {name} in {asked.state}; the latest is {known[-1].run}{hint}")


def _export(journal: Journal, info: RunInfo, damaged: list[Finding]) -> Iterator[str]:
    try:
        yield from journal.export(info.run)
    except JournalTrouble as error:
        damaged.append(Finding(code=Code.CHANGED, text=str(error), run=str(info.run)))


# -- the venue's log


def _host(venue_log: str | None) -> str | None:
    return host_of(venue_log) if venue_log is not None and _is_url(venue_log) else None


def _is_url(name: str) -> bool:
    return urlsplit(name).scheme in ("http", "https")


def _venue_log(name: str) -> list[str]:
    """Its lines. One that a killed sandbox left unfinished was told to nobody, and is left out."""
    text = asyncio.run(_fetched(name)) if _is_url(name) else _read(name)
    complete, _, _ = text.rpartition("\n")
    if not complete:
        raise WrongUse(f"{name} holds nothing; a venue's log has a JSON line per fact (`planrunner sandbox serve --log FILE`)")
    return complete.split("\n")


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise WrongUse(f"the venue's log {name} can't be read: {error.strerror or error}") from error
    except ValueError as error:
        raise WrongUse("the name of the venue's log holds a character that none can hold") from error


async def _fetched(url: str) -> str:
    """From the control API of a sandbox, whose address is enough."""
    from planrunner.net.door import Door
    from planrunner.net.socket_wire import SocketWire
    from planrunner.runtime.clock import RealClock

    where = url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/sandbox/log"
    clock = RealClock()
    door = Door(SocketWire(clock, body_limit=LARGEST_LOG), clock)
    try:
        reply = await door.send("GET", where, (), b"", within=WITHIN)
    except (PlanrunnerError, ValueError) as error:
        raise WrongUse(f"no log came from {where}: {error}; is it a sandbox of planrunner's, and is it up?") from error
    finally:
        await door.close()
    if reply.status != 200:
        raise WrongUse(f"no log came from {where}: it answered with status {reply.status}")
    return reply.content.decode("utf-8", errors="replace")


def as_json(told: Told) -> dict[str, object]:
    """For programs."""
    audited = told.audited
    return {
        "exit_code": int(told.exit),
        "venue_log": told.venue_log,
        "runs": audited.runs,
        "placements": audited.placements,
        "bets": audited.bets if told.venue_log is not None else None,
        "findings": [
            {
                "code": one.code.value, "text": one.text, "run": one.run, "ref": one.ref, "journal": one.journal or None,
                "venue": one.venue or None,
            }
            for one in audited.findings
        ],
        "notes": list(audited.notes),
    }  # fmt: skip
