"""Inputs, templates, tables and blueprints: PR217 to PR221 and PR326 to PR333."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid


def _staked(template: str) -> str:
    """A plan with an input, and a stake that is made from it."""
    return (
        "inputs:\n  stake:\n    type: money\n    default: 10.00 GBP\n"
        f"orders:\n  - name: arsenal\n    stake: {template}\n    expires_after: 5m\n"
    )


def _repeated(file: str = "picks.csv", most: str = "  max_orders: 20\n", table: str = "Selection,Odds\nArsenal,3.10\n") -> str:
    """A plan that repeats its order over a table."""
    return (
        f"limits:\n  max_loss: 100.00 GBP\n{most}for_each: {file}\norders:\n  - name: pick\n    selection: ${{row.selection}}\n"
        f"    odds: ${{row.odds}}\n    expires_after: 5m\n--- picks.csv\n{table}"
    )


def _from_blueprint(plan: str) -> str:
    """A plan, and the blueprint it uses."""
    return (
        f"plan: Back Arsenal\nuse_blueprint: back.yaml\n{plan}--- back.yaml\nplanrunner: 1\nblueprint: Back the home side\n"
        "inputs:\n  stake:\n    type: money\nlimits:\n  max_loss: ${stake}\norders:\n  - name: home\n    venue: betfair\n"
        "    event: Arsenal v Chelsea\n    market: Match Odds\n    selection: Arsenal\n    side: back\n    odds: 3.10\n"
        "    stake: ${stake}\n    expires_before_start: 1m\n"
    )


ENTRIES: dict[str, Entry] = {
    "PR217": Entry(
        why="A plan may name a table or a blueprint: a file beside it or in a folder below it, and no other, so that a plan "
        "from anyone can be checked without reading the rest of this machine. This file is elsewhere, is not there, or can't "
        "be read.",
        wrong=_repeated("../picks.csv"),
        right=_repeated("picks.csv"),
        laid=Laid.PLAN,
    ),
    "PR218": Entry(
        why="A template begins with `${`, ends with `}`, and holds one value or one calculation in between. This one can't be "
        "read: something is not closed, is missing, or it is far longer than any value needs. Or a filter stands behind a "
        "calculation: in `stake / 3 | round_down` it counts for the 3 alone, so brackets say what it is for: "
        "`(stake / 3) | round_down`.",
        wrong=_staked("${stake * 2"),
        right=_staked("${stake * 2}"),
        laid=Laid.PLAN,
    ),
    "PR219": Entry(
        why="A template fills in a value; it is not a program. It has names, numbers, quoted texts, `+ - * / ~`, comparisons, "
        "`a if b else c` and a few filters such as `round_down`. Calls, loops and anything that looks into planrunner itself "
        "are refused, so that a plan from anyone can be checked safely.",
        wrong=_staked("${stake.upper()}"),
        right=_staked("${stake | round_down}"),
        laid=Laid.PLAN,
    ),
    "PR220": Entry(
        why="Templates stand in values of orders. The limits and the account of a plan hold none, so that whoever reviews the "
        "plan sees what it may lose and where without working anything out; keys and the first lines of a file hold none "
        "either. Only a blueprint may have templates in its limits, and a plan that uses it shows what they came to; so they "
        "name no input that is left to a signal. In a plan for each market the side, the stake and the liability don't depend "
        "on the market, for the same reason.",
        wrong="limits:\n  max_loss: ${stake}\ninputs:\n  stake:\n    type: money\n    default: 10.00 GBP\n",
        right="limits:\n  max_loss: 10.00 GBP\ninputs:\n  stake:\n    type: money\n    default: 10.00 GBP\n",
        laid=Laid.PLAN,
    ),
    "PR221": Entry(
        why="A table is a CSV file as spreadsheets save it: UTF-8, the names of the columns in its first line, one row for "
        "each order, cells separated by `,`, `;` or a tab. A row with more or fewer cells than columns has slipped, and every "
        "value after that would stand in the wrong column.",
        wrong=_repeated(table="Selection,Odds\nArsenal,3,10\n"),
        right=_repeated(table="Selection,Odds\nArsenal,3.10\n"),
        laid=Laid.PLAN,
    ),
    "PR326": Entry(
        why="A template names an input of its file, a column of the table (`row.odds`) or a word of the market "
        "(`market.event`). This name is none of them. It is never taken for nothing: an order with a hole in it is not "
        "placed.",
        wrong=_staked("${steak}"),
        right=_staked("${stake}"),
        laid=Laid.PLAN,
    ),
    "PR327": Entry(
        why="A template reckons with amounts of a kind: money with money or times a number, odds with numbers, durations with "
        "durations. Money plus a number has no meaning, two currencies are never added, and texts are joined with `~`.",
        wrong=_staked("${stake + 2}"),
        right=_staked("${stake + stake}"),
        laid=Laid.PLAN,
    ),
    "PR328": Entry(
        why="A third of 10.00 GBP is no amount of money, and odds that were calculated are seldom on the venue's ladder. "
        "planrunner rounds nothing silently; the template says which way, with `round_down`, `round_up`, `round` or "
        "`round_to_tick`.",
        wrong=_staked("${stake / 3}"),
        right=_staked("${(stake / 3) | round_down}"),
        laid=Laid.PLAN,
    ),
    "PR329": Entry(
        why="An input without a default must be given a value: under `with` in a plan that uses the blueprint, or with `--set "
        "name=value` or `--inputs FILE` on the command line. Until then nobody can say what the plan would do.",
        wrong=_from_blueprint(""),
        right=_from_blueprint("with:\n  stake: 10.00 GBP\n"),
        laid=Laid.PLAN,
    ),
    "PR330": Entry(
        why="An input says what it takes: its type, and where that makes sense the least, the most, or a list of choices. "
        "What is given must be within that, and every name that is given must be an input, or a misspelt one would leave the "
        "default in place.",
        wrong=_from_blueprint("with:\n  stake: 10.00 GBP\n  odds: 3.10\n"),
        right=_from_blueprint("with:\n  stake: 10.00 GBP\n"),
        laid=Laid.PLAN,
    ),
    "PR331": Entry(
        why="A plan that uses a blueprint has `plan`, `use_blueprint` and `with`; limits and orders come from the blueprint, "
        "and nothing is merged, so that one file says it all. A blueprint begins with `planrunner: 1` and `blueprint:`, and "
        "uses no other blueprint.",
        wrong=_from_blueprint("with:\n  stake: 10.00 GBP\nlimits:\n  max_loss: 50.00 GBP\n"),
        right=_from_blueprint("with:\n  stake: 10.00 GBP\n"),
        laid=Laid.PLAN,
    ),
    "PR332": Entry(
        why="A table or a catalogue may be longer than anyone thought when the plan was written, so a plan that repeats its "
        "orders says how many there may be: `max_orders`. Orders are repeated over a table or over markets, not both.",
        wrong=_repeated(most=""),
        right=_repeated(most="  max_orders: 20\n"),
        laid=Laid.PLAN,
    ),
    "PR333": Entry(
        why="An empty cell counts as left out. Some things an order can't do without, such as its odds; so the cell is "
        "filled, or the row taken out of the table.",
        wrong=_repeated(table="Selection,Odds\nArsenal,\n"),
        right=_repeated(table="Selection,Odds\nArsenal,3.10\n"),
        laid=Laid.PLAN,
    ),
}
