"""Read by the process that others are forks of: it has read every module of a run and run a plan, so that what planrunner makes
when it is first asked for (validators, templates, converters, statements) is there in each of them."""

from __future__ import annotations

import gc
import io
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

from planrunner.cli.main import run

LATER = (
    "concurrent.futures.thread", "encodings.idna", "encodings.unicode_escape", "getpass", "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio", "uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
    "planrunner.app.stop", "planrunner.cli.serve", "planrunner.cli.stop", "planrunner.net.socket_channel",
    "planrunner.plan.ticket_draft", "planrunner.venues.oddspapi_abp.venue", "planrunner.venues.tote.venue",
)  # fmt: skip
PLAN = Path(__file__).parents[1] / "plans" / "second-favourite.yaml"

for name in LATER:
    import_module(name)
with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
    run(["run", str(PLAN), "--state", str(Path(folder, ".planrunner"))])
gc.collect()
gc.freeze()  # what is there stays where it is: otherwise each fork's first collection would copy it page by page
