"""How the two dialects say the same things."""

from __future__ import annotations

from dataclasses import dataclass

from planrunner.sandbox.tote.wire import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`subscribe` and `unsubscribe` are the client's words."""

    name: str
    subscribe: str
    unsubscribe: str
    data: str
    keeps_alive_with: str
    lists_errors: bool

    def event(self, subscription: str, result: Json) -> Json:
        return {"type": self.data, "id": subscription, "payload": result}

    def error(self, subscription: str, errors: list[Json]) -> Json:
        payload = errors if self.lists_errors else errors[0]
        return {"type": "error", "id": subscription, "payload": payload}

    def alive(self) -> Json:
        return {"type": self.keeps_alive_with}


LEGACY = Dialect(
    name="graphql-ws", subscribe="start", unsubscribe="stop", data="data", keeps_alive_with="ka", lists_errors=False
)  # fmt: skip
MODERN = Dialect(
    name="graphql-transport-ws", subscribe="subscribe", unsubscribe="complete", data="next", keeps_alive_with="ping",
    lists_errors=True,
)  # fmt: skip
DIALECTS = (LEGACY, MODERN)
