"""What a service says: a line of JSON for each thing that happened, without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from planrunner.ports import Clock
from planrunner.runtime.secrets import redacted


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """`write` is handed each line, without its end. What is told while nobody reads it is no reason to stop."""

    write: Callable[[str], None]
    clock: Clock

    def __call__(self, what: str, **fields: object) -> None:
        told: dict[str, object] = {"at": self.clock.now().isoformat(timespec="milliseconds"), "what": what}
        for name, value in fields.items():
            if value is not None:
                told[name] = value if isinstance(value, int | float) else str(value)
        self.write(redacted(json.dumps(told, ensure_ascii=False)))
