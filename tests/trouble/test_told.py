"""What is told once, and what a signal means."""

from __future__ import annotations

from datetime import UTC, datetime

from planrunner.app.interruptions import Interruptions
from planrunner.app.news import News
from planrunner.model.events import OrderAccepted, OrderUnknown
from planrunner.model.journal import Body
from planrunner.model.market import BetId, OrderRef
from planrunner.model.placement import ZERO, Sizes
from planrunner.runtime.clock import VirtualClock

AT = datetime(2026, 12, 5, 14, 30, tzinfo=UTC)


def heard(*signals: tuple[float, str]) -> list[str]:
    """What comes of signals, each so many seconds after the one before."""
    clock, done = VirtualClock(AT), list[str]()
    interruptions = Interruptions(clock, stop=lambda name: done.append(f"stop {name}"), leave=lambda: done.append("leave"))
    for seconds, name in signals:
        clock.jump(seconds)
        interruptions.hear(name)
    assert interruptions.any is bool(signals)
    return done


def test_a_signal_that_comes_twice_at_once_is_one() -> None:
    assert heard() == []
    assert heard((5, "SIGINT"), (0.01, "SIGINT"), (0.5, "SIGTERM")) == ["stop SIGINT"]
    assert heard((5, "SIGINT"), (3, "SIGINT")) == ["stop SIGINT", "leave"]
    assert heard((5, "SIGTERM"), (0.2, "SIGTERM"), (9, "SIGTERM")) == ["stop SIGTERM", "leave"]
    assert heard((5, "SIGHUP"), (3, "SIGHUP"), (60, "SIGHUP")) == ["stop SIGHUP"]


def test_the_same_doubt_is_told_once_and_again_after_an_answer() -> None:
    told: list[Body] = []
    news = News(lambda body, at: told.append(body))
    doubt = OrderUnknown(at=AT, ref=OrderRef("a"), text="nobody answers")
    other = OrderUnknown(at=AT, ref=OrderRef("b"), text="nobody answers")
    sizes = Sizes(stake=ZERO)
    answer = OrderAccepted(at=AT, ref=OrderRef("a"), bet=BetId("1"), sizes=sizes)
    for body in (doubt, doubt, other, doubt, answer, doubt, doubt):
        news(body, AT)
    assert told == [doubt, other, answer, doubt]
