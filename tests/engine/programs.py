"""Programs for tests: plain ones by name, and any by Hypothesis."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from planrunner.engine.compile import orders_of
from planrunner.engine.resolve import Resolved
from planrunner.model.market import AccountName, Market, MarketId, RunId, Selection, SelectionId
from planrunner.model.money import Money
from planrunner.model.odds import Band, Ladder, Side, decimal_odds
from planrunner.model.plan import (
    Action,
    AfterPlacing,
    BeforeStart,
    ByPercent,
    ByTicks,
    Cancel,
    Condition,
    Every,
    FallbackStep,
    Hedge,
    If,
    LimitOrder,
    OnlyIf,
    Order,
    PlanLimits,
    Reprice,
    Target,
    TellOwner,
    ToBest,
    ToHead,
    Trigger,
)
from planrunner.model.program import BY_LOOKS, Program, Terms
from tests.engine.twin import T0

BETFAIR = AccountName("betfair")
RUNNERS = tuple(Selection(id=SelectionId(str(at)), name=name) for at, name in enumerate(("Arsenal", "Chelsea", "The Draw"), 1))
LADDER = Ladder("STEPS", (Band(low=Decimal("1.1"), high=Decimal(10), step=Decimal("0.1")),))


def gbp(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="GBP")


def back(name: str = "arsenal", **changes: object) -> LimitOrder:
    """Back 10.00 at 3.1 for two minutes."""
    asked: dict[str, object] = {
        "name": name,
        "account": BETFAIR,
        "target": Target(selection=name),
        "side": Side.BACK,
        "odds": decimal_odds("3.1"),
        "stake": gbp("10.00"),
        "line": 1,
        "ending": AfterPlacing(delay=timedelta(minutes=2)),
    }
    return LimitOrder(**(asked | changes))  # type: ignore[arg-type]


def fallback(trigger: Trigger, action: Action) -> FallbackStep:
    return FallbackStep(trigger=trigger, action=action, text="", line=1)


def chase(floor: str = "2.5", every: int = 20, ticks: int = 1) -> FallbackStep:
    by = Reprice(by=ByTicks(ticks=ticks), no_worse_than=decimal_odds(floor))
    return fallback(Every(delay=timedelta(seconds=every)), by)


def program(
    *orders: Order, max_loss: str = "1000.00", markets: int = 1, batch: int = 20, window: int | None = 60, **limits: Money
) -> Program:
    """A program on `markets` markets, orders spread over them in turn."""
    ids = [MarketId(f"1.{number}") for number in range(markets)]
    known = {
        one: Market(
            id=one, name="Match Odds", fixture=f"Fixture {one}", start=T0 + timedelta(minutes=10),
            selections=RUNNERS, ladder="STEPS", turns_in_play=True,
        )
        for one in ids
    }  # fmt: skip
    terms = Terms(
        venue="betfair", batch=batch, reference_length=32,
        idempotent_for=timedelta(seconds=window) if window else None, lookup_lag=timedelta(seconds=15),
        minimum_stake=Decimal(1), minimum_payout=Decimal(10), ladders={"STEPS": LADDER},
    )  # fmt: skip
    specs = tuple(
        spec
        for number, order in enumerate(orders)
        for spec in orders_of(
            order, Resolved(market=known[ids[number % markets]], selection=None if order.target.favourite else RUNNERS[0])
        )
    )
    return Program(
        run=RunId("run"), seed_of_refs="run", plan="a plan", digest="d", currency="GBP",
        limits=PlanLimits(max_loss=gbp(max_loss), **limits),  # type: ignore[arg-type]
        terms={BETFAIR: terms}, markets=known, orders=specs, rules=BY_LOOKS,
    )  # fmt: skip


def seconds(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda n: timedelta(seconds=n))


@st.composite
def any_order(draw: st.DrawFn, name: str) -> LimitOrder:
    side = draw(st.sampled_from(Side))
    floor = decimal_odds("2.5" if side is Side.BACK else "3.6")
    moments = st.one_of(seconds(1, 200).map(lambda d: AfterPlacing(delay=d)), seconds(0, 500).map(lambda d: BeforeStart(delay=d)))
    reprice = st.builds(
        Reprice,
        by=st.one_of(
            st.builds(ByTicks, ticks=st.integers(1, 3)),
            st.builds(ByPercent, percent=st.integers(1, 20).map(Decimal)),
            st.sampled_from([ToBest(), ToHead()]),
        ),
        no_worse_than=st.just(floor),
        at_most=st.one_of(st.none(), st.integers(1, 4)),
    )
    hedge = st.builds(
        Hedge, no_worse_than=st.just(decimal_odds("3.5" if side is Side.BACK else "2.5")), for_at_most=seconds(5, 120)
    )
    steps = st.one_of(
        st.builds(fallback, seconds(5, 60).map(lambda d: Every(delay=d)), reprice),
        st.builds(fallback, moments, st.one_of(st.just(Cancel()), reprice)),
        st.builds(
            fallback,
            st.builds(If, condition=st.sampled_from([Condition.UNMATCHED, Condition.PARTLY_MATCHED]), moment=moments),
            st.one_of(st.just(Cancel()), reprice, st.just(TellOwner(text="look"))),
        ),
        st.builds(fallback, st.just(If(condition=Condition.EXPIRED)), st.one_of(st.just(TellOwner(text="over")), hedge)),
        st.builds(fallback, moments, st.one_of(hedge, hedge, st.just(TellOwner(text="later")))),
        st.builds(fallback, st.builds(If, condition=st.just(Condition.MATCHED), moment=moments), hedge),
    )
    looks = st.one_of(
        st.builds(OnlyIf, runners_at_least=st.integers(1, 4)),
        st.builds(OnlyIf, odds_at_least=st.sampled_from([decimal_odds("2.5"), decimal_odds("3.1")]), market_open=st.booleans()),
    )
    return back(
        name,
        side=side,
        stake=gbp(str(draw(st.integers(100, 2000)) / Decimal(100))),
        ending=draw(moments),
        fallback=tuple(draw(st.lists(steps, max_size=3))),
        liability_at_most=gbp("60.00") if side is Side.LAY else None,
        only_if=draw(st.one_of(st.none(), st.none(), looks)),
        target=Target(favourite=draw(st.one_of(st.none(), st.none(), st.integers(1, 3))), selection="Arsenal"),
    )


def hedged_order(
    name: str, side: Side, *, stake: str, after: int, trade_out: int, steps: tuple[FallbackStep, ...] = ()
) -> LimitOrder:
    """Hedged `after` seconds from placing, for `trade_out` seconds."""
    worst = decimal_odds("3.5" if side is Side.BACK else "2.5")
    hedge = fallback(
        AfterPlacing(delay=timedelta(seconds=after)), Hedge(no_worse_than=worst, for_at_most=timedelta(seconds=trade_out))
    )
    cap = gbp("200.00") if side is Side.LAY else None
    return back(name, side=side, stake=gbp(stake), liability_at_most=cap, fallback=(hedge, *steps))


def hedge_triggers() -> st.SearchStrategy[Trigger]:
    """Every kind of moment at which a hedge may be asked for."""
    facts = (Condition.EXPIRED, Condition.IN_PLAY, Condition.SUSPENDED, Condition.MATCHED)
    asked_at_once = st.sampled_from([Condition.MATCHED, Condition.PARTLY_MATCHED])
    after = seconds(1, 150).map(lambda delay: AfterPlacing(delay=delay))
    return st.one_of(
        after,
        after,
        seconds(0, 590).map(lambda delay: BeforeStart(delay=delay)),
        st.builds(If, condition=st.sampled_from(facts)),
        st.builds(If, condition=asked_at_once, moment=after),
    )


@st.composite
def any_hedged_order(draw: st.DrawFn, name: str) -> LimitOrder:
    """With one or two hedge steps, somewhere among other steps."""
    side = draw(st.sampled_from(Side))
    floor, worst = decimal_odds("2.5" if side is Side.BACK else "3.6"), decimal_odds("3.5" if side is Side.BACK else "2.5")
    hedge = st.builds(Hedge, no_worse_than=st.just(worst), for_at_most=seconds(5, 120))
    hedges = st.lists(st.builds(fallback, hedge_triggers(), hedge), min_size=1, max_size=2)
    others = st.sampled_from(
        [
            chase(str(floor), every=10),
            fallback(Every(delay=timedelta(seconds=7)), Reprice(by=ToBest(), no_worse_than=floor)),
            fallback(AfterPlacing(delay=timedelta(seconds=40)), Cancel()),
            fallback(AfterPlacing(delay=timedelta(seconds=90)), TellOwner(text="look")),
        ]
    )
    looks = st.sampled_from([None, None, OnlyIf(runners_at_least=2), OnlyIf(odds_at_least=floor, market_open=True)])
    return back(
        name,
        side=side,
        stake=gbp(str(draw(st.integers(100, 6000)) / Decimal(100))),
        liability_at_most=gbp("200.00") if side is Side.LAY else None,
        ending=AfterPlacing(delay=draw(seconds(5, 300))),
        fallback=tuple(draw(st.permutations([*draw(hedges), *draw(st.lists(others, max_size=2))]))),
        only_if=draw(looks),
        target=Target(favourite=draw(st.sampled_from([None, None, 1, 3])), selection="Arsenal"),
    )


@st.composite
def any_program(draw: st.DrawFn) -> Program:
    orders = [draw(any_order(f"order{number}")) for number in range(draw(st.integers(1, 5)))]
    return program(
        *orders,
        max_loss=str(draw(st.integers(5, 100))),
        markets=draw(st.integers(1, 2)),
        batch=draw(st.sampled_from([1, 3, 20])),
        window=draw(st.sampled_from([60, 60, None])),
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "max_stake": st.integers(5, 60).map(lambda n: gbp(str(n))),
                    "max_exposure_per_market": st.integers(5, 60).map(lambda n: gbp(str(n))),
                },
            )
        ),
    )
