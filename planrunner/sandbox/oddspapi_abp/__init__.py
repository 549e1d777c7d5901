"""OddsPapi ABP, a router to bookmakers, as its facts sheet describes it.

How its numbers come about, so that a plan can name them (`GET /sandbox/fixtures` of the control API lists them all): `ids`.

How the sheet's faults are asked for. By what a client does: a repeat in a mixed batch or at the same moment, a retry after 30
minutes, a wrong order in a batch, no login, no pong, a sixth connection. By a fault (`call`: `trouble`), in a scenario file or
through the control API:

    place-orders    reply lost after landing, http 504 after landing, taken as seen, still in progress, references forgotten,
                    refused with a status, leg failed with a reason, currency unknown, odds drop after first fill, limits shrink
                    after first fill, bet rejected, bet failed, bet confirmed late, emergency
    any call        http 500/502/503, too many requests, service busy, reply delayed, malformed body, not json, another shape
    orders, list-bets       empty report, older report, reported twice
    cancel-orders           leg failed: nothing can be cancelled any more
    bookmaker:pinnacle      bet rejected, bet failed (three in a row open its breaker), bet confirmed late; `seconds` say how late
    ws-login                refused, connection lost
    ws, ws-orders, ws-bets ...      frame lost, frame twice, frames swapped, buffer full, connection lost

By a scenario's section `bookmakers`: odds and limits over time, currencies, rates, accounts, keys, times in which a bookmaker is
down or an emergency is on, settlements (half results, push, void, cash-out, one after the other), the old generation. By hand:
see `by_hand`.
"""
