"""PR3xx: words that are all right each, and together make no plan."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid

ENTRIES: dict[str, Entry] = {
    "PR301": Entry(
        why="Every order has exactly one ending, so that none is forgotten at a venue: what is unmatched then is cancelled. "
        "The ending counts from placing (`expires_after`), from the start (`expires_before_start`, `expires_after_start`), or "
        "is a time (`expires_at`). Of two endings nobody knows which one holds.",
        wrong="orders:\n  - name: arsenal\n    odds: 3.10\n    stake: 10.00 GBP\n",
        right="orders:\n  - name: arsenal\n    odds: 3.10\n    stake: 10.00 GBP\n    expires_before_start: 1m\n",
        laid=Laid.PLAN,
    ),
    "PR302": Entry(
        why="An order that is filled or killed on arrival has no remainder: there is nothing to expire, and nothing a later "
        "step could act on. Only `if: rejected` with an `alert` can still come.",
        wrong="type: fill_or_kill\nodds_hold_for: average\nexpires_after: 5m\n",
        right="type: fill_or_kill\nodds_hold_for: average\n",
    ),
    "PR303": Entry(
        why="`max_loss` is the one number a reviewer judges a plan by, so planrunner adds up its own figure and compares: the "
        "stake of every back and the `liability_at_most` of every lay, as if all of them lost. Nothing is netted. Either "
        "raise the limit or lower the stakes; `planrunner explain` of the plan shows the sum.",
        wrong="limits:\n  max_loss: 5.00 GBP\norders:\n  - name: arsenal\n    stake: 10.00 GBP\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 10.00 GBP\norders:\n  - name: arsenal\n    stake: 10.00 GBP\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR304": Entry(
        why="`max_stake` limits the sum of all stakes of a plan, backs and lays alike, and the stakes add up to more. Raise "
        "the limit or lower the stakes.",
        wrong="limits:\n  max_loss: 20.00 GBP\n  max_stake: 5.00 GBP\norders:\n  - name: arsenal\n    stake: 10.00 GBP\n"
        "    expires_after: 5m\n",
        right="limits:\n  max_loss: 20.00 GBP\n  max_stake: 10.00 GBP\norders:\n  - name: arsenal\n    stake: 10.00 GBP\n"
        "    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR305": Entry(
        why="`max_exposure_per_market` limits what can be lost in one market. Orders of one market are added up as if all of "
        "them lost, although they can't all lose when they are on different runners: nothing is netted, so that the figure "
        "holds whichever of them is matched.",
        wrong="limits:\n  max_loss: 20.00 GBP\n  max_exposure_per_market: 15.00 GBP\norders:\n  - name: arsenal\n"
        "    selection: Arsenal\n    stake: 10.00 GBP\n    expires_after: 5m\n  - name: draw\n    selection: The Draw\n"
        "    stake: 10.00 GBP\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 20.00 GBP\n  max_exposure_per_market: 20.00 GBP\norders:\n  - name: arsenal\n"
        "    selection: Arsenal\n    stake: 10.00 GBP\n    expires_after: 5m\n  - name: draw\n    selection: The Draw\n"
        "    stake: 10.00 GBP\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR306": Entry(
        why="`max_orders` counts the orders a plan can place, after tables are written out and with a hedge counted as an "
        "order of its own; reprices of an order don't count. It is there to notice a table that is longer than it should be.",
        wrong="limits:\n  max_loss: 20.00 GBP\n  max_orders: 1\norders:\n  - name: arsenal\n    expires_after: 5m\n"
        "  - name: draw\n    selection: The Draw\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 20.00 GBP\n  max_orders: 2\norders:\n  - name: arsenal\n    expires_after: 5m\n"
        "  - name: draw\n    selection: The Draw\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR307": Entry(
        why="The name of an order is how messages, reports and references speak of it, so no two orders share one.",
        wrong="orders:\n  - name: arsenal\n    expires_after: 5m\n  - name: arsenal\n    odds: 3.50\n    expires_after: 5m\n",
        right="orders:\n  - name: arsenal\n    expires_after: 5m\n  - name: arsenal-higher\n    odds: 3.50\n"
        "    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR308": Entry(
        why="An order says once what it is on: the event, its market and the selection, by name or by the venue's id. An id "
        "already says what the name would, and a name that nobody looks at could mislead a reviewer.",
        wrong="event: Arsenal v Chelsea\nmarket_id: 1.234567890\n",
        right="market_id: 1.234567890\n",
    ),
    "PR309": Entry(
        why="A back can lose its stake and no more. A lay can lose several times its stake, depending on the odds, so it says "
        "with `liability_at_most` how much that may be; on a back the key has nothing to say.",
        wrong="side: lay\nodds: 3.10\nstake: 10.00 GBP\n",
        right="side: lay\nodds: 3.10\nstake: 10.00 GBP\nliability_at_most: 21.00 GBP\n",
    ),
    "PR310": Entry(
        why="A lay can lose its stake times the odds less one, and the worst odds count: those of the last rung a reprice may "
        "go to. `liability_at_most` must cover that; the stake is never shrunk to fit.",
        wrong="side: lay\nodds: 3.10\nstake: 10.00 GBP\nliability_at_most: 10.00 GBP   # at 3.10 it can lose 10.00 x 2.10\n",
        right="side: lay\nodds: 3.10\nstake: 10.00 GBP\nliability_at_most: 21.00 GBP\n",
    ),
    "PR311": Entry(
        why="Each step of a fallback has one trigger, the moment it acts at: `after`, `every`, `before_start`, `after_start`, "
        "or `if` with what must have happened. `if: unmatched`, `partly_matched` and `matched` are looked at once, so they "
        "also say when, with `after` or `before_start`; the other conditions act when they come true.",
        wrong="- cancel: remainder\n",
        right="- after: 2m\n  cancel: remainder\n",
        laid=Laid.STEPS,
    ),
    "PR312": Entry(
        why="Each step of a fallback does one thing. For two things at the same moment write two steps with the same trigger; "
        "they act in the order they stand.",
        wrong="- after: 2m\n  cancel: remainder\n  alert: Not matched in two minutes\n",
        right="- after: 2m\n  cancel: remainder\n- after: 2m\n  alert: Not matched in two minutes\n",
        laid=Laid.STEPS,
    ),
    "PR313": Entry(
        why="Some keys only mean something beside others: `no_worse_than` and `at_most` say how far and how often odds may "
        "move, so they stand in a step that moves them. Elsewhere they would look like a safeguard that isn't one.",
        wrong="- after: 2m\n  cancel: remainder\n  no_worse_than: 2.90\n",
        right="- after: 2m\n  cancel: remainder\n",
        laid=Laid.STEPS,
    ),
    "PR314": Entry(
        why="A reprice goes towards the market, which may be anywhere. `no_worse_than` is where it stops; without it nobody "
        "could say at which odds the bet ends up, or what a lay can lose.",
        wrong="- every: 30s\n  reprice: 1 tick\n",
        right="- every: 30s\n  reprice: 1 tick\n  no_worse_than: 2.90\n",
        laid=Laid.STEPS,
    ),
    "PR315": Entry(
        why="A back starts at high odds and comes down towards the market, a lay starts low and goes up. So `no_worse_than` "
        "lies below the odds of a back and above the odds of a lay; on the other side there is no way to go.",
        wrong="odds: 3.10\nfallback:\n  - every: 30s\n    reprice: 1 tick\n    no_worse_than: 3.30\n",
        right="odds: 3.10\nfallback:\n  - every: 30s\n    reprice: 1 tick\n    no_worse_than: 2.90\n",
    ),
    "PR316": Entry(
        why="A fallback is read from top to bottom, so its times go the same way. A step that stands below another and comes "
        "before it would be read wrongly aloud.",
        wrong="- after: 4m\n  cancel: remainder\n- after: 2m\n  reprice: best\n  no_worse_than: 2.90\n",
        right="- after: 2m\n  reprice: best\n  no_worse_than: 2.90\n- after: 4m\n  cancel: remainder\n",
        laid=Laid.STEPS,
    ),
    "PR317": Entry(
        why="A step that can never act is a safeguard that only looks like one: its time comes after the order has ended or "
        "before it is placed, or there is nothing left that it could act on.",
        wrong="expires_after: 5m\nfallback:\n  - after: 10m\n    reprice: best\n    no_worse_than: 2.90\n",
        right="expires_after: 15m\nfallback:\n  - after: 10m\n    reprice: best\n    no_worse_than: 2.90\n",
    ),
    "PR318": Entry(
        why="`cancel: remainder` takes back what is unmatched and so ends the order. There is nothing left to reprice or keep "
        "afterwards; only an alert or a hedge of what was matched can follow.",
        wrong="- after: 1m\n  cancel: remainder\n- after: 2m\n  reprice: best\n  no_worse_than: 2.90\n",
        right="- after: 1m\n  reprice: best\n  no_worse_than: 2.90\n- after: 2m\n  cancel: remainder\n",
        laid=Laid.STEPS,
    ),
    "PR319": Entry(
        why="`every` repeats for as long as the order lives. Only a reprice can be repeated; everything else happens once, so "
        "it takes `after`.",
        wrong="- every: 1m\n  alert: Still waiting\n",
        right="- after: 1m\n  alert: Still waiting\n",
        laid=Laid.STEPS,
    ),
    "PR320": Entry(
        why="At the start a venue drops unmatched bets, unless a plan says `keep: in_play` at that moment (`before_start: "
        "0s`, `after_start: 0s` or `if: in_play`). The order must not have ended before, so it needs an ending that can lie "
        "after the start.",
        wrong="- after: 2m\n  keep: in_play\n",
        right="- before_start: 0s\n  keep: in_play\n",
        laid=Laid.STEPS,
    ),
    "PR321": Entry(
        why="A plan has one currency, that of its `max_loss`. Nothing is converted, because a rate that moves would be a "
        "limit that moves.",
        wrong="stake: 10.00 EUR   # max_loss is in GBP\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR322": Entry(
        why="A currency is written with its three letters, and an amount has no more decimals than the currency: two for "
        "pounds, none for Icelandic crowns. planrunner does not round the author's money.",
        wrong="stake: 10.00 GPB\n",
        right="stake: 10.00 GBP\n",
    ),
    "PR323": Entry(
        why="A time of day means nothing without its place. A plan that writes one says `time_zone` once, at the top, and all "
        "its times are of that zone, clock changes included.",
        wrong="orders:\n  - name: arsenal\n    expires_at: 2026-12-05 14:29\n",
        right="time_zone: Europe/London\norders:\n  - name: arsenal\n    expires_at: 2026-12-05 14:29\n",
        laid=Laid.PLAN,
    ),
    "PR324": Entry(
        why="An order is placed at one time, and its ending lies after that. Here it is said twice when to place it, or it "
        "would end before it begins.",
        wrong="place_before_start: 1m\nexpires_before_start: 5m\n",
        right="place_before_start: 5m\nexpires_before_start: 1m\n",
    ),
    "PR325": Entry(
        why="`min_fill` says how much of a `fill_or_kill` order must match at once. It goes with no other type, is at most "
        "the stake, and at least the smallest bet the venue takes.",
        wrong="min_fill: 5.00 GBP\n",
        right="type: fill_or_kill\nodds_hold_for: average\nmin_fill: 5.00 GBP\n",
    ),
    "PR334": Entry(
        why="A hedge bets the other way at whatever odds there are, and that takes as long as it takes. So its step says how "
        "bad the odds may be (`no_worse_than`: the highest for a lay, the lowest for a back) and how long it may try "
        "(`for_at_most`). What is not hedged by then stays open, and you are told.",
        wrong="- after: 2m\n  hedge: green_up\n  no_worse_than: 3.20\n",
        right="- after: 2m\n  hedge: green_up\n  no_worse_than: 3.20\n  for_at_most: 2m\n",
        laid=Laid.STEPS,
    ),
    "PR335": Entry(
        why="A hedge is a bet that somebody has to take. Without any time for that it could never be matched.",
        wrong="- after: 2m\n  hedge: green_up\n  no_worse_than: 3.20\n  for_at_most: 0s\n",
        right="- after: 2m\n  hedge: green_up\n  no_worse_than: 3.20\n  for_at_most: 2m\n",
        laid=Laid.STEPS,
    ),
    "PR336": Entry(
        why="An order is hedged once: a second hedge would bet the same money again, and the other way round from what was "
        "meant.",
        wrong="- after: 1m\n  hedge: green_up\n  no_worse_than: 3.20\n  for_at_most: 1m\n"
        "- after: 3m\n  hedge: green_up\n  no_worse_than: 3.30\n  for_at_most: 1m\n",
        right="- after: 1m\n  hedge: green_up\n  no_worse_than: 3.30\n  for_at_most: 3m\n",
        laid=Laid.STEPS,
    ),
    "PR337": Entry(
        why="`for_each_market` looks for markets that start after one time of day and before another. Nothing starts before "
        "noon and after five, so the plan would never place anything.",
        wrong="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "  starts_after: 17:00\n  starts_before: 12:00\norders:\n  - name: first\n    favourite: 1\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "  starts_after: 12:00\n  starts_before: 17:00\norders:\n  - name: first\n    favourite: 1\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR338": Entry(
        why="All conditions of `only_if` must hold, or the order is not placed. A condition that can never hold makes an "
        "order that is never placed; one that always holds only looks like a safeguard.",
        wrong="only_if:\n  odds_at_least: 3.50\n  odds_at_most: 3.00\n",
        right="only_if:\n  odds_at_least: 3.00\n  odds_at_most: 3.50\n",
    ),
    "PR339": Entry(
        why="Under `for_each_market` each order is on the markets that are found. An order that names an event or a market of "
        "its own would contradict that; it says only which selection, or which favourite.",
        wrong="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "orders:\n  - name: first\n    event: Ascot 14:15\n    favourite: 1\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "orders:\n  - name: first\n    favourite: 1\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR340": Entry(
        why="The markets of `for_each_market` come from the catalogue of one account's venue, and can only be bet on there.",
        wrong="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "orders:\n  - name: first\n    venue: bookmaker\n    favourite: 1\n    expires_after: 5m\n",
        right="limits:\n  max_loss: 100.00 GBP\n  max_orders: 5\ntime_zone: Europe/London\nfor_each_market:\n  venue: betfair\n"
        "  sport: Horse Racing\n  market: Win\n"
        "orders:\n  - name: first\n    venue: betfair\n    favourite: 1\n    expires_after: 5m\n",
        laid=Laid.PLAN,
    ),
    "PR341": Entry(
        why="`line` tells selections of one name apart, such as two handicaps of one team. A favourite is found by its odds "
        "and has no name, so there is nothing for a line to tell apart.",
        wrong="favourite: 1\nline: -1.5\n",
        right="favourite: 1\n",
    ),
}
