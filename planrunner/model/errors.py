"""Everything planrunner raises on purpose. Anything else that escapes is our own bug and ends with exit code 6."""

from __future__ import annotations


class PlanrunnerError(Exception):
    """The text is for the user: what is wrong, where, and what to do next."""


class WrongUse(PlanrunnerError):
    """The command line or a file it names is no use as it is (exit 2)."""


class Refused(PlanrunnerError):
    """Nothing was placed and nothing will be (exit 3): a limit, an approval, a lock, an unfinished run."""


class PlanProblems(PlanrunnerError):
    """The plan has problems (exit 1); a later stage than `check` found them, such as names unknown to the venue."""


class Divergence(PlanrunnerError):
    """A fact that can't be true of this run (a bet reported larger than asked). Stops the run without touching orders."""


class JournalTrouble(PlanrunnerError):
    """The journal can't be read or written just now: locked, full disk, torn. Nothing leaves without it."""


class NeverSent(PlanrunnerError):
    """Our own door says that no byte of the request left this machine. Proof: it may be sent again."""


class ReplyUnknown(PlanrunnerError):
    """At least one byte left and no complete answer came back. The request may have been carried out."""


class VenueRefused(PlanrunnerError):
    """The venue answered and says that it did nothing (wrong credentials, unknown market, malformed request)."""


class NotInCatalogue(VenueRefused):
    """A word of a query that the venue does not know: the query's `key` (`sport`, `country`, `meetings`, `market`), the word,
    and what the venue has instead."""

    def __init__(self, text: str, *, key: str, word: str, among: tuple[str, ...]) -> None:
        super().__init__(text)
        self.key = key
        self.word = word
        self.among = among


class VenueTrouble(PlanrunnerError):
    """The venue's answer is useless (unreadable, a gateway's page) or it asks to come back later. Reading may be retried."""
