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
        why="A venue refuses bets below its minimum stake; Betfair takes a smaller one where stake times odds reaches a "
        "certain payout. Raise the stake.",
        wrong="odds: 3.10\nstake: 0.50 GBP\n",
        right="odds: 3.10\nstake: 1.00 GBP\n",
    ),
    "PR404": Entry(
        why="Types of orders differ between venues, and this venue does not take this one. planrunner does not put one that "
        "is similar in its place.",
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
        why="This venue drops what is unmatched at the start, whatever a plan says, so a step that keeps it would be a "
        "promise that nobody holds.",
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
    "PR416": Entry(
        why="A calendar of the site file lists days, each written year first. This is not a day, or one that the calendar "
        "does not have.",
        wrong="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\ncalendars:\n  holidays: [2026-02-30]\n",
        right="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\ncalendars:\n  holidays: [2026-12-25]\n",
        laid=Laid.SITE,
    ),
    "PR417": Entry(
        why="A day stands in a calendar once. When it stands there twice, mostly one of the two was meant to be another day.",
        wrong="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\ncalendars:\n  holidays: [2026-12-25, 2026-12-25]\n",
        right="planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\ncalendars:\n  holidays: [2026-12-25, 2026-12-26]\n",
        laid=Laid.SITE,
    ),
    "PR418": Entry(
        why="A limit of the site is for the accounts in its currency. No account is in this one, so the limit would hold "
        "nobody back.",
        wrong="planrunner_site: 1\nlimits:\n  max_open_exposure: 200.00 EUR\n"
        "accounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n",
        right="planrunner_site: 1\nlimits:\n  max_open_exposure: 200.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n    currency: GBP\n",
        laid=Laid.SITE,
    ),
    "PR501": Entry(
        why="The site file limits the stake of one order on this account, for every plan. A plan can only tighten the limits "
        "of the site, never loosen them.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_stake_per_order: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_stake_per_order: 50.00 GBP\n",
    ),
    "PR502": Entry(
        why="The site file limits what may be at risk on this account at any time, over all plans, and this plan alone can "
        "put more at risk. Other runs count as well: what they hold open may leave less room than this when the plan is run.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_open_exposure: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_open_exposure: 50.00 GBP\n",
    ),
    "PR503": Entry(
        why="The site file limits what may be at risk in one market on this account, over all plans. The orders of the plan "
        "in that market are added up as if all of them lost.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_exposure_per_market: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    limits:\n"
        "      max_exposure_per_market: 50.00 GBP\n",
    ),
    "PR412": Entry(
        why="A back is hedged with a lay, and a lay with a back. This venue takes one of the two only, so nothing bet there "
        "can be hedged there.",
        wrong="venue: bookmaker\nfallback:\n  - after: 2m\n    hedge: green_up\n    no_worse_than: 3.20\n    for_at_most: 2m\n",
        right="venue: betfair\nfallback:\n  - after: 2m\n    hedge: green_up\n    no_worse_than: 3.20\n    for_at_most: 2m\n",
    ),
    "PR413": Entry(
        why="The stake of a hedge is the stake of the order times its odds, divided by the odds of the hedge. At high odds "
        "that is little, and here it is less than the venue takes even when the order is matched in full; so the hedge could "
        "never be placed.",
        wrong="stake: 1.00 GBP\nfallback:\n  - after: 2m\n    hedge: green_up\n    no_worse_than: 5.0\n    for_at_most: 2m\n",
        right="stake: 10.00 GBP\nfallback:\n  - after: 2m\n    hedge: green_up\n    no_worse_than: 5.0\n    for_at_most: 2m\n",
    ),
    "PR504": Entry(
        why="The site file limits what may be at risk at any time over all accounts and all plans, and this plan alone can "
        "put more at risk. A plan can only tighten the limits of the site.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_open_exposure: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_open_exposure: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
    ),
    "PR505": Entry(
        why="The site file limits what may be at risk in one market over all accounts and all plans. The orders of the plan "
        "in that market are added up as if all of them lost.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_exposure_per_market: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_exposure_per_market: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
    ),
    "PR506": Entry(
        why="The site file limits the stake of one order, whatever its account and plan. A plan can only tighten the limits "
        "of the site.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_stake_per_order: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\nlimits:\n  max_stake_per_order: 50.00 GBP\n"
        "accounts:\n  betfair:\n    venue: betfair\n",
    ),
    "PR507": Entry(
        why="The site file limits what this account may lose on one day: what was lost already counts, and so does all that "
        "is still at risk. This plan alone can lose more than that.",
        wrong="stake: 60.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n"
        "    limits:\n      max_loss_per_day: 50.00 GBP\n",
        right="stake: 50.00 GBP\n"
        "--- planrunner.yaml\nplanrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n"
        "    limits:\n      max_loss_per_day: 50.00 GBP\n",
    ),
    "PR508": Entry(
        why="The site file limits how many orders may be placed on this account within a minute, reprices and hedges "
        "included, and this plan places more than that at one time. Spread them with `place_at` or `place_before_start`, or "
        "take some out.",
        wrong="orders:\n  - name: arsenal\n    expires_before_start: 1m\n"
        "  - name: draw\n    selection: The Draw\n    expires_before_start: 1m\n"
        "--- planrunner.yaml\nplanrunner_site: 1\n"
        "accounts:\n  betfair:\n    venue: betfair\n    limits:\n      max_orders_per_minute: 1\n",
        right="orders:\n  - name: arsenal\n    place_before_start: 1h\n    expires_before_start: 1m\n"
        "  - name: draw\n    selection: The Draw\n    place_before_start: 30m\n    expires_before_start: 1m\n"
        "--- planrunner.yaml\nplanrunner_site: 1\n"
        "accounts:\n  betfair:\n    venue: betfair\n    limits:\n      max_orders_per_minute: 1\n",
        laid=Laid.PLAN,
    ),
}
