"""How uvicorn serves it: with bounds of its own before anything of ours is asked."""

from __future__ import annotations

import uvicorn
from starlette.types import ASGIApp

# Connections, whoever holds them: the process needs its file handles for the venues. `planrunner stop` needs no connection.
CONNECTIONS = 512
HEADERS_UP_TO = 16 << 10  # bytes
IDLE_FOR = 15  # seconds
STOP_WITHIN = 5  # seconds, for answers that are under way; whoever listens to events would hold a stopping server for ever


def server_config(app: ASGIApp) -> uvicorn.Config:
    """What a proxy says of others is not believed: who asks is told by tokens, and an address is where bytes come from. Its
    complaints go to whoever hears Python's log: in a service that is the service's own."""
    return uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, server_header=False, proxy_headers=False, ws="none",
        lifespan="on", limit_concurrency=CONNECTIONS, h11_max_incomplete_event_size=HEADERS_UP_TO, timeout_keep_alive=IDLE_FOR,
        timeout_graceful_shutdown=STOP_WITHIN,
    )  # fmt: skip
