"""PR342 to PR348, PR414 and PR415: bets in pools."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid


def _ticket(*bet: str, cost: str = "6.00 GBP", more: str = "", venue: str = "tote") -> str:
    """A ticket of one bet."""
    lines = "".join(f"        {line}\n" for line in bet).replace("        ", "      - ", 1)
    head = f"  - name: bath\n    venue: {venue}\n    meeting: Bath\n    total_cost: {cost}\n"
    return f"tickets:\n{head}{more}    bets:\n{lines}"


_EXACTA = ("pool: exacta", "race: 3", "runners: [4, 6, 10]", "finish: any_order", "unit_stake: 1.00 GBP")

ENTRIES: dict[str, Entry] = {
    "PR342": Entry(
        why="Each pool wants to be told its own things: one on a single race takes `race` and `runners`, one over several races "
        "takes `legs`, as many as it has races, each with a `race` and its `runners`. A double is over two races, a treble over "
        "three, a quadpot over four, a placepot, jackpot and scoop6 over six.",
        wrong=_ticket("pool: double", "race: 3", "runners: [4, 6]", "unit_stake: 3.00 GBP"),
        right=_ticket(
            "pool: double",
            "legs:",
            "  - race: 3",
            "    runners: [4, 6]",
            "  - race: 4",
            "    runners: [1]",
            "unit_stake: 3.00 GBP",
        ),
        laid=Laid.PLAN,
    ),
    "PR343": Entry(
        why="A runner named twice in one list makes no second line, so one of the two was mostly meant to be another runner. A "
        "reserve takes the place of a runner that does not run, so it is none of the bet's own; and the legs of a bet are on "
        "different races.",
        wrong=_ticket("pool: swinger", "race: 3", "runners: [4, 6, 6]", "unit_stake: 2.00 GBP"),
        right=_ticket("pool: swinger", "race: 3", "runners: [4, 6, 10]", "unit_stake: 2.00 GBP"),
        laid=Laid.PLAN,
    ),
    "PR344": Entry(
        why="A line of this pool is two or three runners together, and those named don't make one. A swinger on one runner is no "
        "bet that a pool knows.",
        wrong=_ticket("pool: swinger", "race: 3", "runners: [4]", "unit_stake: 6.00 GBP"),
        right=_ticket("pool: swinger", "race: 3", "runners: [4, 6]", "unit_stake: 6.00 GBP"),
        laid=Laid.PLAN,
    ),
    "PR345": Entry(
        why="`total_cost` is what you think that the ticket costs. planrunner counts the lines of every bet, multiplies them by "
        "its `unit_stake` and compares: three horses in an exacta in any order are six lines, and an each-way bet is two for "
        "each runner. Where the figures differ, one of the two does not say what you mean.",
        wrong=_ticket(*_EXACTA, cost="3.00 GBP"),
        right=_ticket(*_EXACTA),
        laid=Laid.PLAN,
    ),
    "PR346": Entry(
        why="A pool takes a bet as a whole or refuses it. There are no odds to move, no part that is unmatched, no other side to "
        "hedge with, and no bet is ever given back; so all that a ticket can react to is a refusal, with `retry: once` or "
        "`alert`. An order on the other hand is not placed again once it was refused.",
        wrong=_ticket(*_EXACTA).replace("    bets:", "    fallback:\n      - after: 2m\n        cancel: remainder\n    bets:"),
        right=_ticket(*_EXACTA).replace("    bets:", "    fallback:\n      - if: rejected\n        retry: once\n    bets:"),
        laid=Laid.PLAN,
    ),
    "PR347": Entry(
        why="In an exacta and a trifecta the order of finish counts. Either name some `runners` and say `finish: any_order`, "
        "which makes a line of every order, or say with `first`, `second` and `third` who may come in where. In the other pools "
        "no order counts, and saying one would only mislead.",
        wrong=_ticket("pool: exacta", "race: 3", "runners: [4, 6]", "unit_stake: 3.00 GBP"),
        right=_ticket("pool: exacta", "race: 3", "first: [4]", "second: [6, 10]", "unit_stake: 3.00 GBP"),
        laid=Laid.PLAN,
    ),
    "PR348": Entry(
        why="A list of runners may be one template, so that a table has them in one cell: whole numbers with a semicolon between "
        "them. Names stand one on a line, each in a template of its own if need be, as a name may hold any sign.",
        wrong=_ticket("pool: swinger", "race: 3", "runners: ${row.runners}", "unit_stake: 2.00 GBP")
        + "limits:\n  max_loss: 6.00 GBP\n  max_orders: 3\nfor_each: picks.csv\n--- picks.csv\nRunners\n4 6 10\n",
        right=_ticket("pool: swinger", "race: 3", "runners: ${row.runners}", "unit_stake: 2.00 GBP")
        + 'limits:\n  max_loss: 6.00 GBP\n  max_orders: 3\nfor_each: picks.csv\n--- picks.csv\nRunners\n"4; 6; 10"\n',
        laid=Laid.PLAN,
    ),
    "PR414": Entry(
        why="An exchange or a bookmaker takes orders, each with a side, odds and a stake; a pool takes tickets, whose bets have "
        "lines and a cost. The account named is of the other kind.",
        wrong=_ticket(*_EXACTA, venue="betfair"),
        right=_ticket(*_EXACTA),
        laid=Laid.PLAN,
    ),
    "PR415": Entry(
        why="Venues have different pools, and this one does not have the pool of this bet. planrunner does not put one that is "
        "similar in its place.",
        wrong=_ticket(*_EXACTA, venue="parlour"),
        right=_ticket("pool: win", "race: 3", "runners: [4, 6]", "unit_stake: 3.00 GBP", venue="parlour"),
        laid=Laid.PLAN,
    ),
}
