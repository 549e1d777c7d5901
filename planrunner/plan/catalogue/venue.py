"""PR4xx and PR5xx: what the venue does not do, and what the site does not allow."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid

ENTRIES: dict[str, Entry] = {
    "PR401": Entry(
        why="`venue` names an account of the site file, planrunner.yaml beside the plan. Without a site file each venue is an "
        "account of its own name, in a sandbox. An unknown name is never sent anywhere.",
        wrong="venue: betfiar\n",
        right="venue: betfair\n",
    ),
    "PR402": Entry(
        why="A venue takes certain odds only, the rungs of its ladder: at Betfair 3.10 is followed by 3.15. planrunner never "
        "moves odds silently, because the author's limit would no longer be the author's; it names the two nearest.",
        wrong="odds: 3.12\n",
        right="odds: 3.10\n",
    ),
    "PR403": Entry(
        why="A venue refuses bets below its minimum stake; Betfair takes a smaller one where stake times odds reaches a certain "
        "payout. Raise the stake.",
        wrong="odds: 3.10\nstake: 0.50 GBP\n",
        right="odds: 3.10\nstake: 1.00 GBP\n",
    ),
    "PR404": Entry(
        why="Types of orders differ between venues, and this venue does not take this one. planrunner does not put one that is "
        "similar in its place.",
        wrong="type: post_only\n",
        right="type: limit\n",
    ),
    "PR405": Entry(
        why="Not every venue takes both sides: a bookmaker takes backs only, on an exchange a lay is possible too.",
        wrong="venue: bookmaker\nside: lay\nliability_at_most: 21.00 GBP\n",
        right="venue: bookmaker\nside: back\n",
    ),
    "PR406": Entry(
        why="The odds of an order are a limit for every bet it makes. Where the venue keeps the limit for the average of all "
        "parts only, a part may match at worse odds; the order must say that its author knows, with `odds_hold_for: average`. "
        "Where the limit holds for every bet the key would say something that isn't so.",
        wrong="type: fill_or_kill\n",
        right="type: fill_or_kill\nodds_hold_for: average\n",
    ),
    "PR407": Entry(
        why="An account is kept in one currency, and so are its limits and the plans that use it. Nothing is converted.",
        wrong="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n    limits:\n"
        "      max_stake_per_order: 50.00 EUR\n",
        right="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n    limits:\n"
        "      max_stake_per_order: 50.00 GBP\n",
        laid=Laid.SITE,
    ),
    "PR408": Entry(
        why="When a plan is run, its names are looked up at the venue, and this one is not there. The message lists what is; "
        "names are written as the venue writes them, whatever the case of their letters. Nothing was placed.",
        wrong="selection: Arsenall\n",
        right="selection: Arsenal\n",
    ),
    "PR409": Entry(
        why="This venue drops what is unmatched at the start, whatever a plan says, so a step that keeps it would be a promise "
        "that nobody holds.",
        wrong="venue: bookmaker\nexpires_after_start: 5m\nfallback:\n  - before_start: 0s\n    keep: in_play\n",
        right="venue: bookmaker\nexpires_before_start: 0s\n",
    ),
    "PR410": Entry(
        why="An account of the site file says which venue it is at, and this version of planrunner can't bet at a venue of "
        "this name.",
        wrong="planrunner_site: 1\naccounts:\n  mine:\n    venue: betfiar\n",
        right="planrunner_site: 1\naccounts:\n  mine:\n    venue: betfair\n",
        laid=Laid.SITE,
    ),
    "PR411": Entry(
        why="A venue keeps accounts in certain currencies, each with its own minimum stakes. The site file must say the "
        "account's real currency, or every amount would be of the wrong money.",
        wrong="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: INR\n",
        right="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n",
        laid=Laid.SITE,
    ),
    "PR501": Entry(
        why="The site file limits the stake of one order on this account, for every plan. A plan can only tighten the limits of "
        "the site, never loosen them.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_stake_per_order: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_stake_per_order: 50.00 GBP\n",
    ),
    "PR502": Entry(
        why="The site file limits what may be at risk on this account at any time, over all plans, and this plan alone can put "
        "more at risk. Other runs count as well: what they hold open may leave less room than this when the plan is run.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_open_exposure: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_open_exposure: 50.00 GBP\n",
    ),
    "PR503": Entry(
        why="The site file limits what may be at risk in one market on this account, over all plans. The orders of the plan in "
        "that market are added up as if all of them lost.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_exposure_per_market: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_exposure_per_market: 50.00 GBP\n",
    ),
}
