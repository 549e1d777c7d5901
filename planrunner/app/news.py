"""What is told of a run while it goes on: each thing once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from planrunner.model.events import OrderAccepted, OrderReported, OrderUnknown
from planrunner.model.journal import Body
from planrunner.model.market import OrderRef

Tell = Callable[[Body, datetime], None]


class News:
    """Between the driver and whoever listens. A venue that is gone is asked again every few seconds; its silence is old news."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._doubts: dict[OrderRef, str] = {}

    def __call__(self, body: Body, at: datetime) -> None:
        match body:
            case OrderUnknown():
                before, self._doubts[body.ref] = self._doubts.get(body.ref), body.text
                if before == body.text:
                    return
            case OrderAccepted() | OrderReported():
                self._doubts.pop(body.ref, None)
            case _:
                pass
        self._tell(body, at)
