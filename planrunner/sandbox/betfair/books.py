"""listMarketBook and listRunnerBook (section 6): status, odds on offer, and our own orders in the market."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from planrunner.model.market import MarketStatus
from planrunner.sandbox.betfair.errors import Refused, missing
from planrunner.sandbox.betfair.exchange import Exchange
from planrunner.sandbox.betfair.filtering import state
from planrunner.sandbox.betfair.params import Params
from planrunner.sandbox.betfair.wire import Json, average, money, second
from planrunner.sandbox.bets import OurBet
from planrunner.sandbox.board import Board
from planrunner.sandbox.terms import Listed

PRICE_DATA = frozenset(("SP_AVAILABLE", "SP_TRADED", "EX_BEST_OFFERS", "EX_ALL_OFFERS", "EX_TRADED"))
ORDER_STATES = frozenset(("ALL", "EXECUTABLE", "EXECUTION_COMPLETE"))
MATCHES = frozenset(("NO_ROLLUP", "ROLLED_UP_BY_PRICE", "ROLLED_UP_BY_AVG_PRICE"))
ROLLUPS = frozenset(("STAKE", "PAYOUT", "MANAGED_LIABILITY", "NONE"))
MOST_WEIGHT = 200
USUAL_DEPTH = 3
DEEPEST = 10
# Less than this on one price is pushed to the next one in the best-offers view: the minimum stake, in pence.
ROLLUP_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a book is asked for."""

    data: frozenset[str]
    depth: int
    rollup: str
    orders: str | None
    matches: str | None

    @property
    def weight(self) -> Decimal:
        """Per market (section 6.4)."""
        best, everything, traded = (name in self.data for name in ("EX_BEST_OFFERS", "EX_ALL_OFFERS", "EX_TRADED"))
        weight = 3 * ("SP_AVAILABLE" in self.data) + 7 * ("SP_TRADED" in self.data)
        if everything:
            return Decimal(weight + (32 if traded else 17))
        if best:
            return weight + Decimal(20 if traded else 5) * self.depth / USUAL_DEPTH
        return Decimal(weight + 17 * traded or 2)


def list_market_book(exchange: Exchange, owner: str, params: Params) -> Json:
    markets = params.texts("marketIds")
    if markets is None:
        raise missing()
    view = _view(params)
    if view.weight * len(markets) > MOST_WEIGHT:
        raise Refused("TOO_MUCH_DATA")
    found = [board for market in dict.fromkeys(markets) if (board := exchange.board(market)) is not None]
    # A request that mixes open and closed markets answers the open ones only.
    still_open = [board for board in found if board.status is not MarketStatus.CLOSED]
    return [_book(owner, board, view, board.terms.runners) for board in still_open or found]


def list_runner_book(exchange: Exchange, owner: str, params: Params) -> Json:
    board = exchange.board(params.need_text("marketId"))
    runner = board.terms.runner(params.need_whole("selectionId")) if board else None
    if board is None or runner is None:
        return []
    return [_book(owner, board, _view(params), (runner,))]


def total_matched(board: Board) -> Decimal:
    return money(board.total_matched)


def _view(params: Params) -> View:
    prices = params.object("priceProjection") or Params({})
    best = prices.object("exBestOffersOverrides") or Params({})
    depth = best.whole("bestPricesDepth")
    rollup = best.word("rollupModel", ROLLUPS, "STAKE")
    return View(
        data=prices.words("priceData", PRICE_DATA),
        depth=min(max(depth or USUAL_DEPTH, 1), DEEPEST),
        rollup=rollup or "STAKE",
        orders=params.word("orderProjection", ORDER_STATES),
        matches=params.word("matchProjection", MATCHES),
    )


def _book(owner: str, board: Board, view: View, runners: Sequence[Listed]) -> Json:
    closed = board.status is MarketStatus.CLOSED
    ours = [ours for ours in board.bets.values() if ours.bet.owner == owner and not board.is_held(ours)]
    return {
        "marketId": board.terms.id,
        "isMarketDataDelayed": False,
        "status": board.status.value.upper(),
        "betDelay": board.bet_delay // 1000,
        "bspReconciled": False,
        "complete": True,
        "inplay": board.in_play,
        "numberOfWinners": board.terms.winners,
        "numberOfRunners": len(board.terms.runners),
        "numberOfActiveRunners": sum(board.runner_status(runner.id) == "ACTIVE" for runner in board.terms.runners),
        "totalMatched": total_matched(board),
        "totalAvailable": Decimal(0) if closed else money(sum(_available(board, runner.id) for runner in board.terms.runners)),
        "crossMatching": False,
        "runnersVoidable": False,
        "version": board.version,
        "runners": [_runner(board, runner.id, view, ours) for runner in runners],
    }


def _available(board: Board, runner: int) -> int:
    offers = board.market.offers(runner)
    return sum(size for _, size in (*offers.back, *offers.lay))


def _runner(board: Board, runner: int, view: View, ours: Iterable[OurBet]) -> Json:
    offers = board.market.offers(runner)
    body: dict[str, Json] = {"selectionId": runner, "handicap": Decimal(0), "status": board.runner_status(runner)}
    if offers.last_traded is not None:
        body["lastPriceTraded"] = board.terms.ladder.odds(offers.last_traded)
    body["totalMatched"] = money(offers.total_matched)
    if {"EX_BEST_OFFERS", "EX_ALL_OFFERS", "EX_TRADED"} & view.data:
        body["ex"] = _exchange_prices(board, runner, view)
    if {"SP_AVAILABLE", "SP_TRADED"} & view.data:
        body["sp"] = {"backStakeTaken": [], "layLiabilityTaken": []}  # no starting-price betting here
    of_runner = [bet for bet in ours if bet.bet.runner == runner]
    if view.orders is not None:
        body["orders"] = [_order(board, bet) for bet in of_runner if view.orders in ("ALL", state(bet.bet))]
    if view.matches is not None:
        body["matches"] = [match for bet in of_runner for match in _matches(board, bet, view.matches)]
    return body


def _exchange_prices(board: Board, runner: int, view: View) -> Json:
    offers, ladder = board.market.offers(runner), board.terms.ladder

    def shown(rows: Iterable[tuple[int, int]]) -> Json:
        return [{"price": ladder.odds(tick), "size": money(size)} for tick, size in rows]

    def side(rows: Sequence[tuple[int, int]]) -> Json:
        if "EX_ALL_OFFERS" in view.data:
            return shown(rows)
        if "EX_BEST_OFFERS" not in view.data:
            return []
        rolled = rows if view.rollup == "NONE" else rolled_up(rows)
        return shown(rolled[: view.depth])

    traded = sorted(offers.traded) if "EX_TRADED" in view.data else []
    return {"availableToBack": side(offers.back), "availableToLay": side(offers.lay), "tradedVolume": shown(traded)}


def rolled_up(rows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Best first; what is less than the minimum stake is added to the next price."""
    rolled, carried = [], 0
    for tick, size in rows:
        carried += size
        if carried >= ROLLUP_LIMIT:
            rolled.append((tick, carried))
            carried = 0
    return rolled


def _order(board: Board, ours: OurBet) -> Json:
    bet, ladder = ours.bet, board.terms.ladder
    body: dict[str, Json] = {
        "betId": str(bet.id),
        "orderType": "LIMIT",
        "status": state(bet),
        "persistenceType": bet.persistence.value.upper(),
        "side": bet.side.value.upper(),
        "price": ladder.odds(bet.tick),
        "size": money(bet.size),
        "bspLiability": Decimal(0),
        "placedDate": second(bet.placed_at),
        "avgPriceMatched": average(bet.average_odds(ladder)),
        "sizeMatched": money(bet.matched),
        "sizeRemaining": money(bet.remaining),
        "sizeLapsed": money(bet.lapsed),
        "sizeCancelled": money(bet.cancelled),
        "sizeVoided": money(bet.voided),
    }
    return {**body, **refs(ours)}


def refs(ours: OurBet) -> dict[str, str]:
    """The two references an order may have come with."""
    both = {"customerOrderRef": ours.order_ref, "customerStrategyRef": ours.strategy_ref}
    return {name: ref for name, ref in both.items() if ref}


def _matches(board: Board, ours: OurBet, rollup: str) -> list[Json]:
    bet, ladder = ours.bet, board.terms.ladder
    side = bet.side.value.upper()
    if rollup == "ROLLED_UP_BY_AVG_PRICE":
        if bet.matched == 0:
            return []
        return [{"side": side, "price": average(bet.average_odds(ladder)), "size": money(bet.matched)}]
    if rollup == "NO_ROLLUP":
        return [
            {
                "betId": str(bet.id), "matchId": f"{bet.id}-{place}", "matchDate": second(fill.at),
                "side": side, "price": fill.odds(ladder), "size": money(fill.size),
            }
            for place, fill in enumerate(bet.fills)
        ]  # fmt: skip
    sizes: dict[Decimal, int] = {}
    for fill in bet.fills:
        sizes[fill.odds(ladder)] = sizes.get(fill.odds(ladder), 0) + fill.size
    return [{"side": side, "price": odds, "size": money(size)} for odds, size in sizes.items()]
