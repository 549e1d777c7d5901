"""A router may take an order and refuse it afterwards, before any bet was made of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from planrunner.engine.state import OrderEnd
from planrunner.model.errors import Divergence
from planrunner.model.events import OrderRejected, OrderReported
from planrunner.model.market import BetId
from planrunner.model.placement import PlacementStatus, Sizes
from planrunner.model.plan import AfterPlacing
from tests.engine.programs import back, program
from tests.engine.test_fallback import Story


def told(story: Story, matched: str) -> None:
    sizes = Sizes(stake=Decimal(10), matched=Decimal(matched))
    story.hear(OrderReported(at=story.at, ref=story.ref, bet=BetId("9001"), sizes=sizes))


def refuse(story: Story) -> None:
    story.hear(OrderRejected(at=story.at, ref=story.ref, reason="REJECTED", text="no bet was made", conclusive=True))


def test_what_was_taken_and_then_refused_is_over_and_holds_nothing() -> None:
    story = Story(program_=program(back(ending=AfterPlacing(delay=timedelta(hours=1)))))
    told(story, matched="0")
    refuse(story)
    assert story.order.end is OrderEnd.REJECTED
    assert story.state.placements[story.ref].status is PlacementStatus.REJECTED
    assert (story.state.risk_held, story.state.stake_held) == (0, 0)


def test_what_has_matched_can_not_be_refused_any_more() -> None:
    story = Story(program_=program(back(ending=AfterPlacing(delay=timedelta(hours=1)))))
    told(story, matched="4")
    with pytest.raises(Divergence, match="look it up at the venue"):
        refuse(story)
