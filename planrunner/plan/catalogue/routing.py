"""PR419 to PR424: orders at a router."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid

_IDS = "venue: abp\nevent_id: id1000009900000001\nselection_id: 101\n"
_ORDER = f"{_IDS}odds_hold_for: average\n"

ENTRIES: dict[str, Entry] = {
    "PR419": Entry(
        why="OddsPapi ABP knows fixtures, selections and players by its own ids and by nothing else; a name would be looked up "
        "nowhere. The id of a fixture begins with `id`, that of a selection says its market, too, and both are whole as the "
        "venue's own lists have them. Outright markets (futures) are announced there and can't be bet on yet.",
        wrong="venue: abp\nevent: Arsenal v Chelsea\nselection_id: 101\nodds_hold_for: average\n",
        right=_ORDER,
    ),
    "PR420": Entry(
        why="`settings` holds what only one venue has: at OddsPapi ABP which bookmakers may take the order and whether in part. "
        "Other venues have nothing of the kind, and what they don't look at could mislead a reviewer. A `fill_or_kill` there is "
        "one bet at one bookmaker, taken whole; a `fill_and_kill` takes what it can get, which may be a part.",
        wrong="odds: 3.10\nsettings:\n  bookmakers: [pinnacle]\n",
        right=f"{_ORDER}settings:\n  bookmakers: [pinnacle, vertex]\n",
    ),
    "PR421": Entry(
        why="OddsPapi ABP takes a lay without saying what its stake means or how its odds are held to, and a wrong guess would "
        "lose several times the stake. So a plan can lay there only where the owner of the account, who has found out, has "
        "written `allow_lay: yes` for it in planrunner.yaml.",
        wrong=f"{_ORDER}side: lay\nodds: 3.10\nstake: 10.00 GBP\nliability_at_most: 21.00 GBP\n",
        right=f"{_ORDER}side: back\n",
    ),
    "PR422": Entry(
        why="`allow_lay` guards lays at a router, where nobody says what becomes of them. At an exchange a lay is well known and "
        "needs no permission, and where there are no lays there is nothing to allow; so the line would say nothing, or look like "
        "a limit that it is not.",
        wrong="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    allow_lay: no\n",
        right="planrunner_site: 1\naccounts:\n  abp:\n    venue: oddspapi_abp\n    allow_lay: no\n",
        laid=Laid.SITE,
    ),
    "PR423": Entry(
        why="OddsPapi ABP ends an order by itself at a time that it is told, and keeps none longer than 24 hours. An order that "
        "is to stand later is placed later.",
        wrong=f"{_ORDER}expires_after: 2d\n",
        right=f"{_ORDER}expires_after: 24h\n",
    ),
    "PR424": Entry(
        why="An order at a router stands in no book: there is no market to look at before it is placed (`only_if`), no queue to "
        "join (`reprice: join_best`), and no catalogue to go through (`for_each_market`).",
        wrong=f"{_ORDER}only_if:\n  runners_at_least: 5\n",
        right=_ORDER,
    ),
}
