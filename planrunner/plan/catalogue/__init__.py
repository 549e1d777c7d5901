"""What each code means, for people: why it is a problem, an example that has it, and the same example put right.

`problems.CODES` names a code in a few words and `messages` says it of a certain plan; here it is explained once, for whoever
asks `planrunner explain PR206`. Every example is held against the checker: the wrong one has its code, the right one none.
"""

from __future__ import annotations

from planrunner.plan.catalogue import meaning, moving, routing, shape, template, text, ticket, venue, when
from planrunner.plan.catalogue.entry import Entry, Laid

ENTRIES: dict[str, Entry] = {
    **text.ENTRIES, **shape.ENTRIES, **template.ENTRIES, **meaning.ENTRIES, **ticket.ENTRIES, **venue.ENTRIES, **routing.ENTRIES,
    **moving.ENTRIES, **when.ENTRIES,
}  # fmt: skip

__all__ = ["ENTRIES", "Entry", "Laid"]
