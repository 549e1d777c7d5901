"""The reservations once more, from the journal's records alone. What the table says must follow from them: it is written in the
same transactions, and only kept because telling every run again would take too long for each placement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planrunner.model.account import AccountLimits, Site
from planrunner.model.commands import Placing
from planrunner.model.journal import Mode, RunState
from planrunner.runtime.jobs import scope_of
from planrunner.runtime.journal import Journal
from planrunner.runtime.ledger import Ledger
from planrunner.runtime.reservation import Key, Reservation


def rebuilt(journal: Journal, site: Site) -> Ledger:
    """Of all runs. Whatever stands in the journal was let through once, so no limit is asked again. Raises JournalTrouble."""
    unlimited = {name: replace(account, limits=AccountLimits()) for name, account in site.accounts.items()}
    ledger = Ledger(Site(accounts=unlimited))
    for info in journal.runs():
        if info.mode is Mode.REHEARSAL and info.state is not RunState.RUNNING:
            continue  # they leave nothing reserved
        for record in journal.records(info.run):
            if isinstance(record.body, Placing):
                ledger.admit(record.body, run=info.run, scope=scope_of(info), at=record.at)
            else:
                ledger.learn(info.run, record.body)
    return ledger


def differences(journal: Journal, site: Site) -> tuple[str, ...]:
    """Where the table and the records disagree about what can still be lost, in words; none in a journal nobody has meddled with.

    Nobody may write meanwhile. Raises JournalTrouble.
    """
    told = {each.key: each for each in rebuilt(journal, site).held()}
    held = {each.key: each for each in Ledger(site, journal.reservations()).held()}
    return tuple(_differences(told, held))


def _differences(told: dict[Key, Reservation], held: dict[Key, Reservation]) -> Iterator[str]:
    for key in sorted(told.keys() | held.keys()):
        run, ref = key
        where = f"the reservation of {ref} (run {run})"
        if key not in held:
            yield f"{where} is missing: by its records {told[key].amount} can still be lost"
        elif key not in told:
            yield f"{where} holds {held[key].amount}, and by its records nothing can be lost any more"
        elif (told[key].amount, told[key].maybe_out) != (held[key].amount, held[key].maybe_out):
            yield f"{where} holds {held[key].amount}, and by its records {told[key].amount} can still be lost"
