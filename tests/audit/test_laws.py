"""Nothing is found where nothing is wrong, and nothing that a file may hold makes the auditor stumble."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planrunner.audit.audit import audit
from planrunner.sandbox.cases import CASES
from tests.audit.elsewhere import ELSEWHERE
from tests.audit.runs import PAIRS, ROOT, Pair, golden, ran
from tests.laws import law

PLANS = sorted(path.stem for path in (ROOT / "plans").glob("*.yaml"))


def undisturbed(plan: str, case: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        audited = ran(ROOT / "plans" / f"{plan}.yaml", Path(folder), case=case, seed=seed).audited()
    assert audited.findings == (), "\n".join(map(str, audited.findings))


runs = st.tuples(st.sampled_from(PLANS), st.sampled_from(sorted(CASES)), st.integers(min_value=1, max_value=1000))


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(runs)
def test_an_undisturbed_run_is_clean(run: tuple[str, str, int]) -> None:
    undisturbed(*run)


@pytest.mark.storm
@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_is_clean_in_every_case(plan: str, case: str) -> None:
    undisturbed(plan, case, 1)


# --- damage

anything: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just([]), st.just({}), st.just([[]]),
    st.sampled_from(["NaN", "-Infinity", "1e999999", "-1", "0E+999999",
                     "9999-12-31T23:59:59.999999+00:00", "0001-01-01T00:00:00"]),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@cache
def kept(name: str) -> Pair:
    return golden(name)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """To every value inside a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in inner for path in paths(one, (*at, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value[key], tuple(rest), new)}
    return [put(one, tuple(rest), new) if place == key else one for place, one in enumerate(value)]


def one_value(draw: Callable[..., Any], line: str) -> str:
    """A value somewhere in the line is anything at all."""
    value = json.loads(line)
    return json.dumps(put(value, draw(st.sampled_from(paths(value))), draw(anything)))


def damaged(draw: Callable[..., Any], lines: tuple[str, ...]) -> list[str]:
    lines_now = list(lines)
    for _ in range(draw(st.integers(min_value=1, max_value=4))):
        place = draw(st.integers(min_value=0, max_value=len(lines_now) - 1))
        line = lines_now[place]
        match draw(st.sampled_from(["value", "cut", "twice", "gone", "moved", "noise"])):
            case "value":
                with suppress(ValueError, KeyError):  # damaged before
                    lines_now[place] = one_value(draw, line)
            case "cut":
                lines_now[place] = line[: draw(st.integers(min_value=0, max_value=len(line)))]
            case "twice":
                lines_now.insert(place, line)
            case "gone" if len(lines_now) > 1:
                del lines_now[place]
            case "moved":
                lines_now.insert(draw(st.integers(min_value=0, max_value=len(lines_now) - 1)), lines_now.pop(place))
            case "noise":
                lines_now[place] = draw(st.text(max_size=60))
            case _:
                pass
    return lines_now


@law(150, share=50, unusual=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_damaged_files_give_findings_and_never_an_exception(data: st.DataObject) -> None:
    pair = kept(data.draw(st.sampled_from(sorted([*PAIRS, *ELSEWHERE]))))
    whole = pair.journal_with(lambda lines: lines).journal
    journal = damaged(data.draw, whole) if data.draw(st.booleans()) else list(whole)
    venue = damaged(data.draw, pair.venue) if data.draw(st.booleans()) else list(pair.venue)
    for finding in audit([journal], venue).findings:
        assert finding.text
        assert str(finding).isprintable() or "\n" in str(finding)


@given(st.lists(st.text(max_size=40), max_size=5), st.lists(st.text(max_size=40), max_size=5))
def test_files_of_other_programs_give_findings(journal: list[str], venue: list[str]) -> None:
    assert audit([journal], venue).findings


def test_what_a_file_says_moves_no_cursor() -> None:
    pair = golden("cancelled").venue_with(
        lambda lines: [{**line, "ref": "\x1b[2J\x07" * 99} if line["kind"] == "bet" else line for line in lines]
    )
    told = "\n".join(map(str, pair.audited().findings))
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) < 250
