"""What the page for users says of the API is so."""

from __future__ import annotations

import asyncio
import json
import re

import httpx

from planrunner.web.signals import TURNED
from tests.web.service import README, SECRET, Desk

TEXT = README.read_text()


def test_every_route_is_in_the_table_as_it_is(desk: Desk) -> None:
    rows = set(re.findall(r"^\| (\w+) \| `(/\S+)` \| ([\w ]+) \| (.+) \|$", TEXT, re.MULTILINE))
    assert rows == {
        (one.method, one.path, one.role.value if one.role else "anybody here", one.does) for one in desk.app.state.table
    }


def test_the_codes_of_signals_are_told(desk: Desk) -> None:
    for why, status in TURNED.items():
        assert re.search(rf"^\| {status} .*`{why.value}`|^\| .*{status} `{why.value}`", TEXT, re.MULTILINE), why


def test_the_message_for_tradingview_is_a_signal(desk: Desk) -> None:
    [message] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    filled = (
        message.replace("the secret", SECRET).replace("{{timenow}}", "2026-12-05T11:00:00Z").replace("{{ticker}}", "NASDAQ:AAPL")
    )
    assert json.loads(filled)["id"] == "NASDAQ:AAPL-2026-12-05T11:00:00Z"

    async def ask() -> httpx.Response:
        async with desk.client() as client:
            answer: httpx.Response = await client.post("/api/v1/signals/shared", content=filled)
            return answer

    assert asyncio.run(ask()).json() == {"runs": ["20261205-1100-run0"]}
    assert desk.log[-1]["key"] == "NASDAQ:AAPL-2026-12-05T11:00:00Z"
