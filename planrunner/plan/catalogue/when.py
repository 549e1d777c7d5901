"""PR352 to PR360 and PR426 to PR434: plans that run by themselves, the service that runs them, and who approves."""

from __future__ import annotations

from planrunner.plan.catalogue.entry import Entry, Laid

_LIMITS = "limits:\n  max_loss: 100.00 GBP\n  max_loss_in_total: 500.00 GBP\n"
_DAILY = f"{_LIMITS}when:\n  every: day\n  at: 11:00\n  time_zone: Europe/London\n"
_RACES = "for_each_market:\n  venue: betfair\n  sport: Horse Racing\n  market: Win\n"
_RUNNER = "orders:\n  - name: first\n    favourite: 1\n    expires_after: 5m\n"
_RACING = "limits:\n  max_loss: 10.00 GBP\n  max_loss_in_total: 100.00 GBP\n  max_orders: 1\nwhen:\n  before_each_start: 15m\n"
_KEY = "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
_SITE = "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n"

ENTRIES: dict[str, Entry] = {
    "PR352": Entry(
        why="A plan runs by itself in one of four ways: on the days of `every` or on `dates`, both at a time of day; before "
        "each start of the markets of `for_each_market`; or whenever a signal comes in. Of two ways nobody knows which "
        "one was meant, and without any the plan would wait for ever.",
        wrong=f"{_LIMITS}when:\n  every: saturday\n  dates: [2026-12-05]\n",
        right=f"{_LIMITS}when:\n  every: saturday\n  at: 11:00\n  time_zone: Europe/London\n",
        laid=Laid.PLAN,
    ),
    "PR353": Entry(
        why="Some keys of `when` only mean something beside others: a time of day says nothing of a plan that waits for a "
        "signal, and nothing of one that runs so long before each start. It would look like a rule that holds, so it has "
        "to go.",
        wrong=f"{_RACING}  at: 11:00\n{_RACES}{_RUNNER}",
        right=f"{_RACING}{_RACES}{_RUNNER}",
        laid=Laid.PLAN,
    ),
    "PR354": Entry(
        why="The times of a plan are all of one zone. `when` says it for its days and times, and that goes for the plan; "
        "where the plan says it too, at the top, it is the same.",
        wrong=f"time_zone: Europe/Paris\n{_DAILY}",
        right=f"time_zone: Europe/London\n{_DAILY}",
        laid=Laid.PLAN,
    ),
    "PR355": Entry(
        why="No day is left on which this plan would run: the calendar of `except` leaves all of them out, `until` lies "
        "before `from`, or no day of `every` lies between the two. A date of `dates` that lies outside of them is told as"
        " well.",
        wrong=f"{_DAILY}  from: 2027-03-31\n  until: 2026-12-01\n",
        right=f"{_DAILY}  from: 2026-12-01\n  until: 2027-03-31\n",
        laid=Laid.PLAN,
    ),
    "PR356": Entry(
        why="A day or a time stands there twice. The plan runs once at that moment, however often it is written, so one of "
        "the two was meant to be another.",
        wrong=f"{_LIMITS}when:\n  every: day\n  at: [11:00, 11:00]\n  time_zone: Europe/London\n",
        right=f"{_LIMITS}when:\n  every: day\n  at: [11:00, 15:30]\n  time_zone: Europe/London\n",
        laid=Laid.PLAN,
    ),
    "PR357": Entry(
        why="A run that was missed, because the machine was off, is skipped unless the plan says `if_missed: run_late`. How "
        "late it may still begin is then said with `late_by_at_most`, since a bet that was right at eleven may be wrong "
        "at noon. Without `run_late` there is nothing for it to limit.",
        wrong=f"{_DAILY}  if_missed: run_late\n",
        right=f"{_DAILY}  if_missed: run_late\n  late_by_at_most: 10m\n",
        laid=Laid.PLAN,
    ),
    "PR358": Entry(
        why="`before_each_start` runs the plan once for each market, so long before that market starts. Which markets these "
        "are is what `for_each_market` says.",
        wrong="limits:\n  max_loss: 10.00 GBP\n  max_loss_in_total: 100.00 GBP\nwhen:\n  before_each_start: 15m\n",
        right=f"{_RACING}{_RACES}{_RUNNER}",
        laid=Laid.PLAN,
    ),
    "PR359": Entry(
        why="`max_loss` is for one run. A plan with `when` runs again and again, so `max_loss_in_total` says what all of its "
        "runs together may lose; when a run more could go past it, the plan runs no more. It has room for one run at "
        "least, and in a plan that is only run by hand there is nothing that it could stop.",
        wrong="limits:\n  max_loss: 100.00 GBP\n  max_loss_in_total: 50.00 GBP\n"
        "when:\n  every: day\n  at: 11:00\n  time_zone: Europe/London\n",
        right=_DAILY,
        laid=Laid.PLAN,
    ),
    "PR360": Entry(
        why="A day that is written in the plan is the same for every run, and here the plan also runs when that day is over. "
        "Of the day of each run there is `date: today`, and `place_at` and `expires_at` take a time alone. That time has "
        "to lie after the time at which the plan runs.",
        wrong=f"{_DAILY}orders:\n  - name: arsenal\n    expires_at: 2026-12-05 14:29\n",
        right=f"{_DAILY}orders:\n  - name: arsenal\n    expires_at: 14:29\n",
        laid=Laid.PLAN,
    ),
    "PR426": Entry(
        why="The days on which a schedule makes an exception stand in the site file, under `calendars`, so that all plans "
        "mean the same by one name. This name is not among them.",
        wrong=f"{_DAILY}  except: hollidays\n--- planrunner.yaml\n{_SITE}calendars:\n  holidays: [2026-12-25]\n",
        right=f"{_DAILY}  except: holidays\n--- planrunner.yaml\n{_SITE}calendars:\n  holidays: [2026-12-25]\n",
        laid=Laid.PLAN,
    ),
    "PR427": Entry(
        why="Whoever may send a signal can make a plan bet, so the site file lists the signals that are listened to, under "
        "`service` and `signals`, and how each proves that it comes from who it says. This name is not among them.",
        wrong=f"{_LIMITS}when:\n  on_signal: morning\n--- planrunner.yaml\n{_SITE}service:\n  signals:\n    evening:\n"
        "      proof: signature\n",
        right=f"{_LIMITS}when:\n  on_signal: evening\n--- planrunner.yaml\n{_SITE}service:\n  signals:\n    evening:\n"
        "      proof: signature\n",
        laid=Laid.PLAN,
    ),
    "PR428": Entry(
        why="The secret of a user or a signal is found by the name, in a variable such as PLANRUNNER_SERVICE_ANN_TOKEN. So a "
        "name is small letters, digits and `_`, begins with a letter, and is no longer than 40 letters.",
        wrong=f"{_SITE}service:\n  users:\n    Ann-Marie: operator\n",
        right=f"{_SITE}service:\n  users:\n    ann_marie: operator\n",
        laid=Laid.SITE,
    ),
    "PR429": Entry(
        why="Each notice goes one way, to a `webhook` or to an `email`. For two ways write two notices: each may be told of "
        "something else. Only what a webhook gets can be signed.",
        wrong=f"{_SITE}notify:\n  - webhook: https://hooks.example.org/desk\n    email: desk@example.org\n"
        "mail:\n  server: smtp.example.org\n  from: planrunner@example.org\n",
        right=f"{_SITE}notify:\n  - webhook: https://hooks.example.org/desk\n  - email: desk@example.org\n"
        "mail:\n  server: smtp.example.org\n  from: planrunner@example.org\n",
        laid=Laid.SITE,
    ),
    "PR430": Entry(
        why="A notice tells what was bet and lost, so it leaves this machine over https only, and its address holds no name "
        "and no password: a site file is read by many. An address of e-mail has an `@`, and a mail server a name and a "
        "port.",
        wrong=f"{_SITE}notify:\n  - webhook: http://hooks.example.org/desk\n",
        right=f"{_SITE}notify:\n  - webhook: https://hooks.example.org/desk\n",
        laid=Laid.SITE,
    ),
    "PR431": Entry(
        why="Mails are handed in at a mail server, and `mail` says at which. Without it a notice by e-mail would never "
        "arrive, and nobody would know.",
        wrong=f"{_SITE}notify:\n  - email: desk@example.org\n",
        right=f"{_SITE}notify:\n  - email: desk@example.org\nmail:\n  server: smtp.example.org\n  from: planrunner@example.org\n",
        laid=Laid.SITE,
    ),
    "PR432": Entry(
        why="A signal that is old may have been held back and sent again by somebody else, so it is taken for ten minutes at "
        "most, and for one second at least. And who sends more than ten in a second does not mean them: at most 600 are "
        "taken in a minute.",
        wrong=f"{_SITE}service:\n  signals:\n    tradingview:\n      within: 1h\n",
        right=f"{_SITE}service:\n  signals:\n    tradingview:\n      within: 60s\n",
        laid=Laid.SITE,
    ),
    "PR433": Entry(
        why="An approval is signed with a private key that only the approver has, and the site file has the public half of it: "
        "`ed25519:` and 44 letters, as `planrunner approve --new-key NAME` prints them. `email` is what "
        "their commits carry. Two people with one key, or one address, would be one.",
        wrong=f"{_SITE}policy:\n  approvers:\n    ann:\n      key: ed25519:AAEC\n      email: ann@example.org\n",
        right=f"{_SITE}policy:\n  approvers:\n    ann:\n      key: {_KEY}\n      email: ann@example.org\n",
        laid=Laid.SITE,
    ),
    "PR434": Entry(
        why="An approval holds for a minute at least and a year at most, so that what was approved long ago is looked at once "
        "more. And where two people have to approve, there have to be two who may.",
        wrong=f"{_SITE}policy:\n  approval_needs_two_people_above: 100.00 GBP\n  approvers:\n    ann:\n      key: {_KEY}\n"
        "      email: ann@example.org\n",
        right=f"{_SITE}policy:\n  approvers:\n    ann:\n      key: {_KEY}\n      email: ann@example.org\n",
        laid=Laid.SITE,
    ),
}
