"""What the auditor finds: one breach each, with what either side says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class Code(StrEnum):
    """The kinds of breaches. They are printed and stand in `--json`, so a word once given stays."""

    UNREADABLE = "unreadable"  # a line that is no record of a run, or no fact of a venue
    CHANGED = "changed"  # the journal's chain of digests does not hold
    NO_INTENT = "no-intent"  # a bet that nobody wrote down before
    LATE_INTENT = "late-intent"  # written down, but not before the bet was there
    TWICE = "twice"  # one reference, more than one bet
    SENT_AGAIN = "sent-again"  # sent once more without proof that the first can't be there
    NOT_AS_ASKED = "not-as-asked"  # another bet than was written down
    REFUSED = "refused"  # at the venue, though the journal says that it is not
    UNTOLD = "untold"  # the venue knows more than the journal
    UNFOUNDED = "unfounded"  # the journal knows more than the venue
    SIZES = "sizes"  # the parts of a bet are not the whole
    LIMIT = "limit"  # more could be lost, or more often, than a limit allows
    DESPITE_STOP = "despite-stop"  # written down while a stop that covers it was in force
    LEFT_OPEN = "left-open"  # a run is over, and an order of it is not
    RESULT = "result"  # settled otherwise than the journal says


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`text` is the breach in a sentence; `journal` and `venue` what each says, empty where it says nothing."""

    code: Code
    text: str
    run: str | None = None
    ref: str | None = None
    journal: str = ""
    venue: str = ""

    def __str__(self) -> str:
        lines = [f"{self.code.value}: {self.text}"]
        lines += [f"    the journal says: {self.journal}"] if self.journal else []
        lines += [f"    the venue says:   {self.venue}"] if self.venue else []
        return "\n".join(lines)


Tell: TypeAlias = Callable[[Finding], None]


def shown(text: str, most: int = 80) -> str:
    """A word of a file as it may be printed: nothing in it moves a cursor, and it is not long."""
    clean = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: most + 1])
    return clean if len(clean) <= most else clean[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def money(amount: Decimal, currency: str = "") -> str:
    """`10.00 GBP`; further decimals only where there are some."""
    cents = amount.quantize(Decimal("0.01")) if abs(amount) < Decimal(10) ** 20 else amount
    text = f"{cents:f}" if cents == amount else f"{amount.normalize():f}"
    return f"{text} {currency}".rstrip()
