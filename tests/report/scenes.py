"""Runs worth telling, each as a journal: chased and cancelled at expiry, in-play, a lost answer, many orders, none of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from planrunner.model.events import OrderDenied, OrderNotFound, OrderRejected, OrderUnknown, Outcome, StopRequested
from planrunner.model.market import MarketStatus
from planrunner.model.odds import Side, decimal_odds
from planrunner.model.plan import (
    AfterPlacing,
    AfterStart,
    BeforeStart,
    ByTicks,
    Cancel,
    Condition,
    Every,
    FallbackStep,
    Hedge,
    If,
    KeepInPlay,
    OnlyIf,
    OrderType,
    PlanLimits,
    Reprice,
    Target,
    TellOwner,
    ToBest,
    Trigger,
)
from tests.report import elsewhere
from tests.report.stage import T0, TEAMS, Stage, fallback, gbp, order, program

EVERY_30S = Every(delay=timedelta(seconds=30))


def _chase(floor: str = "3.00", text: str = "every 30s: reprice 1 tick"):  # type: ignore[no-untyped-def]
    return fallback(text, EVERY_30S, Reprice(by=ByTicks(ticks=1), no_worse_than=decimal_odds(floor)), 20)


def chased() -> Stage:
    """Two reprices, filled in three parts, the rest cancelled at expiry, then won."""
    steps = (
        _chase(),
        fallback("if: suspended: alert", If(condition=Condition.SUSPENDED), TellOwner(text="The market is suspended"), 23),
        fallback("before_start: 2m: cancel remainder", BeforeStart(delay=timedelta(minutes=2)), Cancel(), 25),
        fallback("if: expired: alert", If(condition=Condition.EXPIRED), TellOwner(text="Not all of it was matched"), 27),
    )
    limits = PlanLimits(max_loss=gbp("25.00"), max_stake=gbp("12.00"), max_exposure_per_market=gbp("10.00"), max_orders=4)
    stage = Stage(program(order(fallback=steps), limits=limits, zone="Europe/London")).start()
    stage.accept().go_to(12).match("2.50", "3.2")
    stage.go_to(30).confirm_cancel().accept().go_to(41).match("1.25", "3.15").go_to(60).confirm_cancel().accept()
    stage.go_to(71).match("1.75", "3.1").go_to(77).market(MarketStatus.SUSPENDED).go_to(84).market()
    stage.go_to(90).confirm_cancel().accept().go_to(104).match("2.00", "3.05").go_to(120).confirm_cancel()
    stage.go_to(8200).market(MarketStatus.CLOSED).go_to(8260)
    profits = ("5.50", "2.69", "3.68", "4.10")
    results = [(ref, Outcome.WON, profit) for ref, profit in zip(stage.refs(), profits, strict=True)]
    return stage.settle(results, "0.80")


def best_odds() -> Stage:
    """Follows the best odds; full at once after the second look. A run of seconds."""
    steps = (
        fallback(
            "every 2s: reprice best, at most 3 times", Every(delay=timedelta(seconds=2)),
            Reprice(by=ToBest(), no_worse_than=decimal_odds("3.05"), at_most=3), 20,
        ),
    )  # fmt: skip
    stage = Stage(program(order(fallback=steps))).start().accept().go_to(2)
    stage.book("2.98", "3.3").go_to(4.1).book("3.1", "3.25").confirm_cancel().accept()
    return stage.report(average=Decimal("3.125"), matched=Decimal("10.00"))


def in_play() -> Stage:
    """A lay kept in play: partly matched, the rest lapses when the market closes; the lay loses."""
    steps = (
        fallback("keep: in_play", AfterStart(delay=timedelta(0)), KeepInPlay(), 20),
        fallback("if: in_play: alert", If(condition=Condition.IN_PLAY), TellOwner(text="Kick-off"), 22),
    )
    lay = order(
        "draw", "The Draw", side=Side.LAY, odds=decimal_odds("3.60"), stake=gbp("20.00"), fallback=steps,
        liability_at_most=gbp("52.00"), ending=AfterStart(delay=timedelta(minutes=100)),
    )  # fmt: skip
    limits = PlanLimits(max_loss=gbp("52.00"))
    stage = Stage(program(lay, limits=limits, start=T0 + timedelta(minutes=10), zone="Europe/London")).start().accept("draw")
    stage.go_to(400).match("4.00", "3.55", "draw").go_to(598).market(MarketStatus.SUSPENDED).go_to(610).market(in_play=True)
    stage.go_to(1800).match("5.00", "3.40", "draw").go_to(2400).market(MarketStatus.SUSPENDED, in_play=True)
    stage.go_to(2460).market(in_play=True).go_to(5900).market(MarketStatus.CLOSED, in_play=True)
    stage.report("draw", average=Decimal("3.40"), lapsed=Decimal("11.00")).go_to(6000)
    return stage.settle([(stage.ref("draw"), Outcome.LOST, "-21.60")], "0.00")


def lost_answer() -> Stage:
    """The answer is lost, look-ups stay empty, nobody knows: unresolved."""
    stage = Stage(program(order())).start()
    stage.now += timedelta(seconds=8)
    asked = {"method": "SportsAPING/v1.0/placeOrders", "customerOrderRef": stage.ref(), "session": "(removed)"}
    stage.exchange("place arsenal", asked, None, T0, "no complete answer within 8s; the request may have been carried out")
    stage.say(OrderUnknown(at=stage.now, ref=stage.ref(), text="no complete answer within 8s"))
    for seconds in range(12, 150, 6):
        stage.go_to(seconds)
        stage.say(OrderNotFound(at=stage.now, ref=stage.ref(), since_sent=None))
    return stage


def several() -> Stage:
    """Four orders in one market: one in full, one partly, one rejected, one refused by a limit of the account."""
    orders = (
        order("arsenal"),
        order("chelsea", "Chelsea", odds=decimal_odds("2.50"), stake=gbp("5.00")),
        order("draw", "The Draw", odds=decimal_odds("3.80"), stake=gbp("4.00"), type=OrderType.FILL_OR_KILL, ending=None),
        order("more", "Arsenal", odds=decimal_odds("4.00"), stake=gbp("6.00")),
    )
    stage = Stage(program(*orders)).start()
    refused = OrderDenied(
        at=T0,
        ref=stage.ref("more"),
        limit="max_open_exposure",
        figure="26.00 of 20.00 GBP",
        held_by="run 20261205-01 holds 9.00 GBP",
    )
    stage.say(refused)
    stage.accept("arsenal").accept("chelsea", 0)
    stage.say(OrderRejected(at=stage.now, ref=stage.ref("draw"), reason="BET_TAKEN_OR_LAPSED", text="not filled at once"))
    stage.go_to(15).match("10.00", "3.25").go_to(40).match("1.10", "2.5", "chelsea").go_to(120)
    return stage.confirm_cancel("chelsea")


def nothing_matched() -> Stage:
    """Nobody wants it; taken back at expiry."""
    return (
        Stage(program(order(fallback=(_chase("3.15"),))))
        .start()
        .accept()
        .go_to(30)
        .confirm_cancel()
        .accept()
        .go_to(120)
        .confirm_cancel()
    )


def stopped() -> Stage:
    """Somebody stops the run while a part waits."""
    stage = Stage(program(order())).start().accept().go_to(20).match("3.00", "3.2").go_to(33)
    stage.say(StopRequested(at=stage.now, text="Ctrl-C"))
    return stage.confirm_cancel()


def underway() -> Stage:
    """Not over yet."""
    return Stage(program(order(fallback=(_chase(),)))).start().accept().go_to(12).match("2.50", "3.2")


def _green_up(trigger: Trigger, text: str, minutes: int = 2) -> FallbackStep:
    action = Hedge(no_worse_than=decimal_odds("3.40"), for_at_most=timedelta(minutes=minutes))
    return fallback(f"{text}: hedge green_up", trigger, action, 24)


def hedged() -> Stage:
    """Partly matched; hedged a minute after placing, at two odds; an alert comes when all is over."""
    steps = (
        _green_up(AfterPlacing(delay=timedelta(seconds=60)), "after 60s"),
        fallback("after 100s: alert", AfterPlacing(delay=timedelta(seconds=100)), TellOwner(text="Look at the hedge"), 27),
    )
    stage = Stage(program(order(fallback=steps))).start().accept().go_to(20).match("7.50", "3.25").go_to(60).confirm_cancel()
    stage.book("2.96", "3.0").accept("arsenal/hedge").go_to(62).match("4.00", "3.0", "arsenal/hedge").go_to(65.5)
    stage.book("3.0", "3.05").confirm_cancel("arsenal/hedge").accept("arsenal/hedge").go_to(70)
    stage.report("arsenal/hedge", average=Decimal("3.05"), matched=stage.asked("arsenal/hedge").size).go_to(100)
    parent, first, second = stage.ref(), *stage.refs("arsenal/hedge")
    results = [(parent, Outcome.LOST, "-7.50"), (first, Outcome.WON, "4.00"), (second, Outcome.WON, "4.05")]
    return stage.settle(results, "0.03")


def not_hedged() -> Stage:
    """Matched in full; at the turn in-play nobody takes the hedge within its two minutes."""
    steps = (_green_up(If(condition=Condition.IN_PLAY), "if in_play"),)
    stage = (
        Stage(program(order(fallback=steps), start=T0 + timedelta(minutes=1))).start().accept().go_to(30).match("10.00", "3.2")
    )
    stage.go_to(61).market(in_play=True).book("3.6", "3.7").accept("arsenal/hedge").go_to(90)
    return stage.match("2.00", "3.4", "arsenal/hedge").go_to(181.2).confirm_cancel("arsenal/hedge")


def looked_first() -> Stage:
    """One order on the favourite, one that a condition kept from being placed."""
    orders = (
        order("favourite", None, target=Target(favourite=1), odds=decimal_odds("2.00")),  # type: ignore[arg-type]
        order("arsenal", only_if=OnlyIf(odds_at_least=decimal_odds("3.50"), available_at_least=gbp("20.00"), in_play=False)),
    )
    stage = Stage(program(*orders, limits=PlanLimits(max_loss=gbp("20.00")))).start()
    stage.now += timedelta(seconds=0.2)
    stage.field(("3.3", "3.35"), ("2.02", "2.04"), ("3.9", "3.95")).accept("favourite").go_to(15)
    return stage.match("10.00", "2.02", "favourite")


def crowd(count: int = 60) -> Stage:
    """As many orders as one wants, each a little different."""
    orders = [
        order(
            f"order-{at:02}",
            TEAMS[at % 3],
            odds=decimal_odds(str(LADDER_ODDS[at % len(LADDER_ODDS)])),
            stake=gbp(f"{2 + at % 7}.00"),
        )
        for at in range(count)
    ]
    stage = Stage(program(*orders, limits=PlanLimits(max_loss=gbp("500.00")))).start()
    for at, one in enumerate(orders):
        stage.accept(one.name, 0.02)
        if at % 3:
            stage.go_to((stage.now - T0).total_seconds() + 1).match("1.00", one.odds.text, one.name)
    stage.go_to(120)
    for one in orders:
        stage.confirm_cancel(one.name, 0.01)
    return stage


LADDER_ODDS = ("2.50", "3.20", "3.80", "1.85", "5.00")

SCENES: dict[str, Callable[[], Stage]] = {
    "chased-then-cancelled-at-expiry": chased,
    "follows-the-best-odds": best_odds,
    "lay-kept-in-play": in_play,
    "lost-answer": lost_answer,
    "several-orders": several,
    "nothing-matched": nothing_matched,
    "stopped": stopped,
    "underway": underway,
    "hedged": hedged,
    "not-hedged-in-full": not_hedged,
    "looked-first": looked_first,
    "ticket-paid": elsewhere.ticket_paid,
    "ticket-mixed": elsewhere.ticket_mixed,
    "ticket-unanswered": elsewhere.ticket_unanswered,
    "ticket-refused-by-a-limit": elsewhere.ticket_refused_by_a_limit,
    "routed-and-moved": elsewhere.routed_and_moved,
}
