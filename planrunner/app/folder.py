"""The plans of one folder as somebody sees them who is not at its machine: by their files' names, and never by a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner import resources
from planrunner.app.check import Results, of_plan, of_site
from planrunner.app.explain import PlanExplained
from planrunner.app.site import SITE_FILE, FilesOf, find_site, read_file
from planrunner.app.venues import profiles
from planrunner.model.errors import WrongUse
from planrunner.plan import pipeline
from planrunner.plan.given import Given

if TYPE_CHECKING:
    from planrunner.model.account import Site

TEXT = "<text>"  # what a plan is called that is no file


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """Plans are held against the site file in it, and what they name is looked for in it, as `check` does there. `values` are
    those of a plan's inputs, as `--set` has them."""

    path: Path

    def text(self, plan: str) -> str:
        """Raises WrongUse where it can't be read."""
        return self._file(plan).decode("utf-8", "replace")

    def check(self, plan: str, values: Mapping[str, str] | None = None) -> Results:
        """As `planrunner check PLAN`. Raises WrongUse where it can't be read."""
        return self._checked(plan, self._file(plan), values)[0]

    def check_text(self, text: bytes, values: Mapping[str, str] | None = None) -> Results:
        """As `planrunner check -`: a text from anybody."""
        return self._checked(TEXT, text, values)[0]

    def explain(self, plan: str, values: Mapping[str, str] | None = None) -> PlanExplained:
        """As `planrunner explain PLAN`. Raises WrongUse where it can't be read."""
        results, site = self._checked(plan, self._file(plan), values)
        checked = results.files[-1]
        if site is None or checked.plan is None or results.has_problems:
            return PlanExplained(results=results, told=None)
        from planrunner.review.explain import explain

        return PlanExplained(results=results, told=explain(checked.plan, site, profiles(), unmade=checked.unmade))

    def _checked(self, name: str, data: bytes, values: Mapping[str, str] | None) -> tuple[Results, Site | None]:
        results, found, given = Results(), find_site(self.path), Given(values=values or {})
        if (site := found.checked) is not None:
            results.files.append(of_site(SITE_FILE, site))
        if found.site is None:
            return results, None  # its problems are told; what a plan may do is not known until they are solved
        files = FilesOf(self.path / name, data=data)

        def read(one: str) -> bytes:
            try:
                return files(str(self.path / one))
            except WrongUse as error:
                raise self._by_name(error) from error

        checked = pipeline.check(
            name, read, schema=resources.schema("plan"), site=found.site, profiles=profiles(), given=given
        )  # fmt: skip
        results.files.append(of_plan(name, checked))
        return results, found.site

    def _file(self, plan: str) -> bytes:
        try:
            return read_file(self.path / plan, is_ordinary=True)
        except WrongUse as error:
            raise self._by_name(error) from error

    def _by_name(self, error: WrongUse) -> WrongUse:
        """Where the folder is on its machine is nobody's business."""
        return WrongUse(str(error).replace(f"{self.path}/", ""))
