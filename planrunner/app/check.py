"""Checking plans: which files, against which site, and what came of it. No network, no clock, no credentials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from planrunner.app.judged import Judge, Results
from planrunner.app.named import STDIN
from planrunner.app.named import files as named_files
from planrunner.app.site import SITE_FILE, read_file
from planrunner.app.trees import Here
from planrunner.model.errors import WrongUse
from planrunner.plan.given import NOTHING_GIVEN, Given


def check_files(
    named: Sequence[str],
    *,
    read_stdin: Callable[[], bytes],
    site: Path | None = None,
    given: Given = NOTHING_GIVEN,
    skip_others: bool = False,
) -> Results:
    """Check files, folders (the plans right in them) and `-`, each file once. Raises WrongUse when nothing was checked.

    `skip_others`: files that are named may be no plans, as those of a folder may; whoever says so takes it that there was none.
    """
    site_file = str(site) if site is not None else None
    judge = Judge(Here(named=site_file), given=given, site=site_file)
    results = judge.results
    for name, is_from_folder in named_files(named, results.unreadable):
        try:
            _add(name, judge, read_stdin, may_skip=is_from_folder or skip_others)
        except WrongUse as error:
            results.unreadable.append(str(error))
    if not results.files and not results.unreadable and not skip_others:
        raise WrongUse(f"nothing was checked: {', '.join(named)} holds no plan (a plan's first line is `planrunner: 1`)")
    return results


def _add(name: str, judge: Judge, read_stdin: Callable[[], bytes], *, may_skip: bool) -> None:
    if name != STDIN and Path(name).name == SITE_FILE:
        judge.site_of(name)
        return
    data = read_stdin() if name == STDIN else read_file(name)
    if may_skip and b"planrunner:" not in data:
        judge.results.skipped.append(name)
    else:
        judge.add("<stdin>" if name == STDIN else name, data)
