"""Programs for tests: plain ones by name, and any by Hypothesis."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from planrunner.model.market import AccountName, Market, MarketId, RunId, Selection, SelectionId
from planrunner.model.money import Money
from planrunner.model.odds import Band, Ladder, Side, decimal_odds
from planrunner.model.plan import (
    Action,
    AfterPlacing,
    BeforeStart,
    ByTicks,
    Cancel,
    Condition,
    Every,
    FallbackStep,
    If,
    LimitOrder,
    Order,
    PlanLimits,
    Reprice,
    Target,
    TellOwner,
    ToBest,
    Trigger,
)
from planrunner.model.program import Program, ProgramOrder, Terms
from tests.engine.twin import T0

BETFAIR = AccountName("betfair")
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
            selections=(Selection(id=SelectionId("1"), name="Arsenal"),), ladder="STEPS", turns_in_play=True,
        )
        for one in ids
    }  # fmt: skip
    terms = Terms(
        venue="betfair", batch=batch, reference_length=32,
        idempotent_for=timedelta(seconds=window) if window else None, lookup_lag=timedelta(seconds=15),
        minimum_stake=Decimal(1), minimum_payout=Decimal(10), ladders={"STEPS": LADDER},
    )  # fmt: skip
    specs = tuple(
        ProgramOrder(
            path=f"orders.{order.name}", order=order, account=BETFAIR, market=ids[number % markets],
            selection=SelectionId("1"), selection_name="Arsenal",
        )
        for number, order in enumerate(orders)
    )  # fmt: skip
    return Program(
        run=RunId("run"), seed_of_refs="run", plan="a plan", digest="d", currency="GBP",
        limits=PlanLimits(max_loss=gbp(max_loss), **limits),  # type: ignore[arg-type]
        terms={BETFAIR: terms}, markets=known, orders=specs,
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
        by=st.one_of(st.builds(ByTicks, ticks=st.integers(1, 3)), st.just(ToBest())),
        no_worse_than=st.just(floor),
        at_most=st.one_of(st.none(), st.integers(1, 4)),
    )
    steps = st.one_of(
        st.builds(fallback, seconds(5, 60).map(lambda d: Every(delay=d)), reprice),
        st.builds(fallback, moments, st.one_of(st.just(Cancel()), reprice)),
        st.builds(
            fallback,
            st.builds(If, condition=st.sampled_from([Condition.UNMATCHED, Condition.PARTLY_MATCHED]), moment=moments),
            st.one_of(st.just(Cancel()), reprice, st.just(TellOwner(text="look"))),
        ),
        st.builds(fallback, st.just(If(condition=Condition.EXPIRED)), st.just(TellOwner(text="over"))),
    )
    return back(
        name,
        side=side,
        stake=gbp(str(draw(st.integers(100, 2000)) / Decimal(100))),
        ending=draw(moments),
        fallback=tuple(draw(st.lists(steps, max_size=3))),
        liability_at_most=gbp("60.00") if side is Side.LAY else None,
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
