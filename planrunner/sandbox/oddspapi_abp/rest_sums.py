"""Positions and profit over REST, and what there is: markets, bookmakers, the system's own state."""

from __future__ import annotations

from fractions import Fraction

from planrunner.sandbox.oddspapi_abp.errors import detail
from planrunner.sandbox.oddspapi_abp.money import near
from planrunner.sandbox.oddspapi_abp.orders import STANDS, ZERO, Bet, BetStatus, Settlement
from planrunner.sandbox.oddspapi_abp.rest_orders import Asked
from planrunner.sandbox.oddspapi_abp.router import at_risk
from planrunner.sandbox.oddspapi_abp.venue import Abp
from planrunner.sandbox.oddspapi_abp.views import fixture_info, outcome_info
from planrunner.sandbox.oddspapi_abp.wire import Json, stamp

GROUPS = ("bookmaker", "account", "userRef")
WINS = (Settlement.WON, Settlement.HALF_WON)
LOSSES = (Settlement.LOST, Settlement.HALF_LOST)


async def positions(asked: Asked) -> Json:
    """Bets that are sent or confirmed and not settled."""
    by = _group_by(asked)
    live = [
        bet for bet in _bets(asked)
        if bet.status in (BetStatus.PLACED, BetStatus.CONFIRMED) and bet.settlement is Settlement.UNSETTLED
    ]  # fmt: skip
    groups = []
    for name, bets in _grouped(live, by).items():
        staked = sum((bet.part.placed for bet in bets), ZERO)
        returns = sum((bet.part.placed * bet.part.price for bet in bets), ZERO)
        groups.append({by: name, "openBets": len(bets), "totalStake": staked, "averagePrice": round(returns / staked, 4)})
    return {"status": "success", "groupBy": by, "positions": groups, "count": len(groups)}


async def pnl(asked: Asked) -> Json:
    by = _group_by(asked)
    settled = [bet for bet in _bets(asked) if bet.status in STANDS and bet.amount is not None]
    rows = [{by: name, **_sums(bets)} for name, bets in _grouped(settled, by).items()]
    return {
        "status": "success", "groupBy": by, "pnl": rows, "count": len(rows),
        "totalNetPnl": sum((row["netPnl"] for row in rows), ZERO), "totalStaked": sum((row["totalStaked"] for row in rows), ZERO),
        "totalSettledBets": len(settled),
    }  # fmt: skip


def _sums(bets: list[Bet]) -> dict[str, Json]:
    """`totalWon` is the gross return."""
    staked = sum((at_risk(bet.order.spec, bet.part) for bet in bets), ZERO)
    won = sum((bet.amount or ZERO for bet in bets), ZERO)
    wins = sum(bet.settlement in WINS for bet in bets)
    return {
        "settledBets": len(bets), "wins": wins, "losses": sum(bet.settlement in LOSSES for bet in bets),
        "voids": sum(bet.settlement is Settlement.VOID for bet in bets),
        "pushes": sum(bet.settlement is Settlement.PUSH for bet in bets), "totalStaked": staked, "totalWon": won,
        "totalLost": sum((at_risk(bet.order.spec, bet.part) for bet in bets if bet.settlement in LOSSES), ZERO),
        "netPnl": won - staked, "winRate": near(Fraction(100 * wins, len(bets))),
    }  # fmt: skip


async def markets(asked: Asked) -> Json:
    """What can be bet on. The shape is this sandbox's own: the sheet has none."""
    fixtures: dict[str, dict[str, Json]] = {}
    for outcome in asked.abp.desk.catalogue.of_fixture(asked.query.get("fixtureId")):
        found = fixtures.setdefault(outcome.fixture_id, {"fixtureId": outcome.fixture_id, "fixtureInfo": fixture_info(outcome),
                                                         "markets": {}})  # fmt: skip
        market = found["markets"].setdefault(outcome.market_id, {**_market(outcome_info(outcome)), "outcomes": []})
        market["outcomes"].append({"outcomeId": outcome.outcome_id, "outcomeName": outcome.runner.name})
    return {"fixtures": [{**one, "markets": list(one["markets"].values())} for one in fixtures.values()]}


def _market(info: dict[str, Json]) -> dict[str, Json]:
    return {name: info[name] for name in ("marketId", "marketName", "marketType", "period", "handicap")}


async def bookmakers(asked: Asked) -> Json:
    desk = asked.abp.desk
    return {
        "bookmakers": [
            {"bookmaker": book.slug, "currency": book.currency, "lay": book.lays, "maxStake": book.max_stake,
             "minStake": book.min_stake, "available": desk.breaker(book.slug).lets(asked.at)}
            for book in desk.books.values()
            if not asked.key.bookmakers or book.slug in asked.key.bookmakers
        ]
    }  # fmt: skip


def health(_: Abp, at: int) -> Json:
    return {"status": "ok", "timestamp": stamp(at)}


def ready(_: Abp, __: int) -> Json:
    return {"status": "ready", "dependencies": {"database": "ok", "cache": "ok", "oddspapi": "ok"}}


def status(abp: Abp, at: int) -> Json:
    books = [
        {"bookmaker": slug, "breaker": abp.desk.breaker(slug).state(at).value, "emergency": abp.desk.emergencies.active(slug, at)}
        for slug in abp.desk.books
    ]
    return {"status": "ok", "timestamp": stamp(at), "emergency": abp.emergency(at), "bookmakers": books}


def metrics(abp: Abp) -> str:
    """As Prometheus reads it."""
    counts = {"abp_orders_total": len(abp.desk.orders), "abp_bets_total": len(abp.desk.bets),
              "abp_websocket_connections": len(abp.desk.hub.subscriptions)}  # fmt: skip
    return "".join(f"# TYPE {name} gauge\n{name} {number}\n" for name, number in counts.items())


def _group_by(asked: Asked) -> str:
    by = asked.query.get("groupBy", "bookmaker")
    if by not in GROUPS:
        raise detail(400, f"groupBy is one of {', '.join(GROUPS)}")
    return by


def _bets(asked: Asked) -> list[Bet]:
    wanted = {name: asked.query[name] for name in GROUPS if name in asked.query}
    mine = (order for order in asked.abp.desk.orders.values() if order.client == asked.client)
    every = (bet for order in mine for bet in order.bets)
    return [bet for bet in every if all(_name(bet, by) == value for by, value in wanted.items())]


def _grouped(bets: list[Bet], by: str) -> dict[str, list[Bet]]:
    groups: dict[str, list[Bet]] = {}
    for bet in bets:
        groups.setdefault(_name(bet, by), []).append(bet)
    return groups


def _name(bet: Bet, by: str) -> str:
    return {"bookmaker": bet.part.book, "account": bet.username, "userRef": bet.order.spec.user_ref or ""}[by]
