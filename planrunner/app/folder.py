"""The plans of one folder as somebody sees them who is not at its machine: by their files' names, and never by a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from planrunner.app.judged import Judge, Results
from planrunner.app.preview import Previewed, preview_of
from planrunner.app.trees import Here
from planrunner.plan.given import Given

TEXT = "<text>"  # what a plan is called that is no file


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """Plans are held against the site file in it, and what they name is looked for in it, as `check` does there. `values` are
    those of a plan's inputs, as `--set` has them."""

    path: Path

    def text(self, plan: str) -> str:
        """Raises WrongUse where it can't be read."""
        return Here(self.path).read(plan).decode("utf-8", "replace")

    def check(self, plan: str, values: Mapping[str, str] | None = None) -> Results:
        """As `planrunner check PLAN`. Raises WrongUse where it can't be read."""
        return self._judged(plan, None, values)

    def check_text(self, text: bytes, values: Mapping[str, str] | None = None) -> Results:
        """As `planrunner check -`: a text from anybody."""
        return self._judged(TEXT, text, values)

    def preview(self, plan: str, values: Mapping[str, str] | None = None, *, since: datetime) -> Previewed:
        """As `planrunner preview PLAN`, with the runs from a moment on. Raises WrongUse where it can't be read."""
        results = self.check(plan, values)
        return Previewed(results=results, previews=tuple(preview_of(one, since=since) for one in results.right))

    def _judged(self, plan: str, data: bytes | None, values: Mapping[str, str] | None) -> Results:
        judge = Judge(Here(self.path), given=Given(values=values or {}))
        judge.add(plan, data)
        return judge.results
