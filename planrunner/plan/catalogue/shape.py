"""PR2xx: words, amounts and lists."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import A_PLAN, Entry, Laid

ENTRIES: dict[str, Entry] = {
    "PR201": Entry(
        why="A key that planrunner does not know would be a wish that nobody fulfils: a misspelt `expires_after` is an order "
        "without an ending. So every key must be known, and known at this place; one that belongs to another block is mostly "
        "indented too far or not far enough.",
        wrong="expires_afer: 5m\n",
        right="expires_after: 5m\n",
    ),
    "PR202": Entry(
        why="Something that every plan or order must say is not there, and planrunner has no default for it: what is at "
        "stake, at which odds, on which side and with which limit is always written down.",
        wrong="limits:\n  max_stake: 10.00 GBP\n",
        right="limits:\n  max_loss: 10.00 GBP\n  max_stake: 10.00 GBP\n",
        laid=Laid.PLAN,
    ),
    "PR203": Entry(
        why="The language has this word, but this version of planrunner does not do it yet. It is refused by name, because an "
        "order that is placed while part of its plan is ignored is not the order that was planned.",
        wrong="type: market\n",
        right="type: fill_or_kill\nodds_hold_for: average\n",
    ),
    "PR204": Entry(
        why="Some keys take one value on their line, some a list with a dash before each item, some a block of keys on the "
        "lines below. This one has another form than it takes, so its content can't be read.",
        wrong="fallback: cancel the remainder after 2m\n",
        right="fallback:\n  - after: 2m\n    cancel: remainder\n",
    ),
    "PR205": Entry(
        why="Where a key takes one of a few words, only these words are read, in this spelling. A near miss is not guessed "
        "at: `lay` for `back` would be the opposite bet.",
        wrong="side: bcak\n",
        right="side: back\n",
    ),
    "PR206": Entry(
        why="Odds are written in decimal (`3.10`), American with their sign (`+120`, `-110`) or as a probability (`65%`). "
        "Fractions are not read: 5/2 pays 2.50 on top of the stake, which is decimal 3.50. A bare `120` could be American or "
        "decimal, so it takes a sign or a point: `+120` or `120.0`.",
        wrong="odds: 5/2\n",
        right="odds: 3.50\n",
    ),
    "PR207": Entry(
        why="An amount is a number, a space and three letters of a currency, so that nobody has to ask which dollars are "
        "meant. It has a point before the decimals, no sign, and no thousands separator: `1.000` is one here and a thousand "
        "there.",
        wrong="stake: £10\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR208": Entry(
        why="A length of time is a whole number and one unit: `90s`, `2m`, `1h`, `3d`. Without a unit five could be seconds "
        "or minutes, and `12:30` could be a time of day; so planrunner asks.",
        wrong="expires_after: 12:30\n",
        right="expires_after: 750s\n",
    ),
    "PR209": Entry(
        why="A day is written year first, `2026-12-05`, because 5/12 is in December for some and in May for others. A moment "
        "is a day and a time, `2026-12-05 14:29`, in the plan's `time_zone`.",
        wrong="date: 5/12/2026\n",
        right="date: 2026-12-05\n",
    ),
    "PR210": Entry(
        why="A reprice goes by ticks of the venue's ladder (`1 tick`, `2 ticks`), by a percentage of the odds (`1%`), to the "
        "odds that would match now (`best`), or to the head of the queue (`join_best`). It always goes towards the market, so "
        "there is no sign.",
        wrong="- every: 30s\n  reprice: down a bit\n  no_worse_than: 2.90\n",
        right="- every: 30s\n  reprice: 1 tick\n  no_worse_than: 2.90\n",
        laid=Laid.STEPS,
    ),
    "PR211": Entry(
        why="A count is a whole number from one up; how often something may happen is written `5 times`. Zero, halves and "
        "words are not read: what should never happen is left out of the plan.",
        wrong="- every: 30s\n  reprice: 1 tick\n  no_worse_than: 2.90\n  at_most: a few\n",
        right="- every: 30s\n  reprice: 1 tick\n  no_worse_than: 2.90\n  at_most: 3 times\n",
        laid=Laid.STEPS,
    ),
    "PR212": Entry(
        why="A line is the number of a handicap or a total. It is seen from the selection: a handicap has its sign (`-1.5`), "
        "a total has none (`2.5`).",
        wrong="line: minus one and a half\n",
        right="line: -1.5\n",
    ),
    "PR213": Entry(
        why="Names of orders go into references, reports and names of files, so they are short and have no `#`, `/` or "
        "backtick; `#` is planrunner's own, for the rows of a table. Ids are the venue's own, without spaces.",
        wrong="name: arsenal/draw\n",
        right="name: arsenal-draw\n",
    ),
    "PR214": Entry(
        why="A race is named by its number on the card or by its local time with two digits for the hour, `13:40`; of `1:40` "
        "nobody knows whether it is in the afternoon.",
        wrong="race: the third\n",
        right="race: 3\n",
    ),
    "PR215": Entry(
        why="The first line of a plan says that it is one, and in which version of the language it is written: `planrunner: "
        "1`. So no other YAML file is ever taken for a plan, and a plan keeps its meaning when the language grows.",
        wrong=A_PLAN.replace("planrunner: 1\nplan: Back Arsenal\n", "plan: Back Arsenal\nplanrunner: 1\n"),
        right=A_PLAN,
        laid=Laid.FILE,
    ),
    "PR216": Entry(
        why="Times of a plan are local times, and a zone is named as the IANA database does, by continent and city. The name "
        "knows when clocks change; GMT+1 does not.",
        wrong="time_zone: London\n",
        right="time_zone: Europe/London\n",
        laid=Laid.PLAN,
    ),
    "PR222": Entry(
        why="`orders` and `fallback` are lists: a dash and a space begin each order and each step, and only its first line "
        "has one. Without it the keys belong to no item, and with one on every line each key would be an item of its own.",
        wrong="fallback:\n  after: 2m\n  cancel: remainder\n",
        right="fallback:\n  - after: 2m\n    cancel: remainder\n",
    ),
    "PR223": Entry(
        why="What belongs to a key stands below it and is indented by two spaces more. These lines stand where they belong to "
        "another key, or to none.",
        wrong="limits:\nmax_loss: 10.00 GBP\n",
        right="limits:\n  max_loss: 10.00 GBP\n",
        laid=Laid.PLAN,
    ),
}
