"""How many examples a law is asked about: a share that is the same in every run of the tests, and all of them, drawn anew, in a
storm (`pytest -m storm`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

Test = TypeVar("Test", bound=Callable[..., Any])
# Set before any test is read, by `conftest.py`.
IN_A_STORM = False


def law(examples: int, *, share: int, unusual: Iterable[HealthCheck] = ()) -> Callable[[Test], Test]:
    """In the place of `hypothesis.settings`, above `given`. `unusual`: what Hypothesis may find odd about the examples."""

    def decorated(test: Test) -> Test:
        count = examples if IN_A_STORM else share
        chosen: Test = settings(
            max_examples=count, deadline=None, derandomize=not IN_A_STORM, database=None, suppress_health_check=[*unusual]
        )(test)
        return pytest.mark.storm(chosen) if IN_A_STORM else chosen

    return decorated
