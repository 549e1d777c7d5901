"""A saved preview is a file that anybody may have changed: nobody signs, or is told to be right, what it makes up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planrunner.app import saved
from planrunner.app.plans import load
from planrunner.app.saved import Saved, Verified
from planrunner.model.errors import Refused
from planrunner.plan.given import Given
from planrunner.review.preview import Preview, bound, from_json, to_json
from planrunner.runtime.clock import wall_now
from tests.app.test_preview import SAVED
from tests.review.changing import at, places, put, values_of
from tests.security.test_approvals import LET_THROUGH, TOTAL, Desk, config, desk

__all__ = ["config", "desk"]  # the fixtures
EVERY_DAY = "when:\n  every: day\n  at: 11:00\n  time_zone: Europe/London\norders:"


def with_names(desk: Desk) -> None:
    """A plan whose names market data know, which runs by itself."""
    changes = (("event: Newcastle v Brighton", "event: Reds v Blues"), ("selection: Newcastle", "selection: Reds"))
    desk.change(
        *changes, ("expires_after: 5m", "expires_before_start: 1m"), ("max_loss: 10.00 GBP", TOTAL), ("orders:", EVERY_DAY)
    )
    (desk.folder / "reds.json").write_text(json.dumps(SAVED))


def previewed(desk: Desk, *more: str) -> Preview:
    code, said = desk.verb("preview", "plan.yaml", "--out", "preview.json", *more)
    assert code == 0, said
    return from_json(json.loads((desk.folder / "preview.json").read_text()))


def write(desk: Desk, preview: Preview) -> None:
    (desk.folder / "preview.json").write_text(json.dumps(to_json(preview)))


def signed(desk: Desk, *more: str) -> tuple[int, str]:
    return desk.verb("approve", "preview.json", "--as", "bob", "--author", "ann", "--yes", *more)


@st.composite
def edited(draw: st.DrawFn, one: Preview) -> Preview:
    """In one place at least, at any depth."""
    for _ in range(draw(st.integers(1, 2))):
        path, hint = draw(st.sampled_from([(path, hint) for path, hint in places(one) if path[0] != "inputs"]))
        here = at(one, path)
        less = isinstance(here, tuple) and here and draw(st.booleans())
        one = put(one, path, here[1:] if less else draw(values_of(hint, str(path[-1]))))
    return one


def test_what_is_signed_is_what_planrunner_says_whatever_a_saved_preview_says(desk: Desk) -> None:
    with_names(desk)
    preview = previewed(desk, "--market-data", "reds.json")
    assert preview.resolved
    loaded, now = load(desk.plan), wall_now()
    data = saved.looked_up(loaded, desk.folder / "reds.json")

    def verified(shown: Preview, *, has_data: bool) -> Verified | None:
        try:
            of_file = Saved(plan=desk.plan, given=Given(values=shown.inputs), shown=shown)
            return saved.verified(of_file, loaded, now=now, data=data if has_data else None)
        except Refused:
            return None

    for has_data in (False, True):
        true = verified(preview, has_data=has_data)
        assert true is not None
        assert bool(true.unchecked) is not has_data

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(edited(preview), st.booleans())
    def tried(shown: Preview, has_data: bool) -> None:
        told, true = verified(shown, has_data=has_data), verified(preview, has_data=has_data)
        assert true is not None
        if told is not None:
            assert bound(told.preview) == bound(shown)
            assert said_of(told.preview) == said_of(true.preview)

    tried()


def said_of(preview: Preview) -> Preview:
    """But for the ids, which are bound as they are and held against the venue."""
    others = {one.order: replace(one, market="", selection="", selection_name="") for one in preview.resolved}
    return replace(preview, resolved=tuple(others.values())[:1])


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("deadlines", lambda one: (replace(one.deadlines[0], when="never"), *one.deadlines[1:])),
        ("occurrences", lambda one: ("never", *one.occurrences[1:])),
        ("due", lambda one: (one.due[0] + timedelta(days=1), *one.due[1:])),
        ("unresolved", lambda _: ("Nothing.",)),
        ("lanes", lambda _: ()),
    ],
)
def test_what_follows_from_the_plan_and_was_rewritten_is_refused(desk: Desk, field: str, change: Any) -> None:
    with_names(desk)
    preview = previewed(desk, "--market-data", "reds.json")
    write(desk, replace(preview, **{field: change(preview)}))
    for code, said in (signed(desk), signed(desk, "--market-data", "reds.json"), desk.verb("verify", "preview.json")):
        assert code == 3, said
        assert "preview it again" in said
    assert not (desk.folder / "approvals").exists()


def test_what_cant_be_worked_out_again_is_told_and_not_signed(desk: Desk) -> None:
    with_names(desk)
    preview = previewed(desk, "--market-data", "reds.json")
    (found,) = preview.resolved
    lies = replace(found, selection_name="the Blues", market_name="the Cup", start="last year")
    write(desk, replace(preview, resolved=(lies,), market_data="the venue itself"))
    code, said = signed(desk)
    assert code == 0, said
    assert "Not checked, and no part of what is signed: what the venue calls the markets and selections" in " ".join(said.split())
    [file] = (desk.folder / "approvals").iterdir()
    for text in (said, file.read_text()):
        assert not any(one in text for one in ("the Blues", "the Cup", "last year", "the venue itself"))
    assert json.loads(file.read_text())["binds"]["resolved"] == [["newcastle", "1.1", "11"]]
    assert "Not checked: what the venue calls" in desk.verb("verify", "preview.json")[1]
    assert LET_THROUGH in desk.live()[1]
    code, said = signed(desk, "--market-data", "reds.json")
    assert code == 3
    assert "is not what reds.json tells" in said


def test_market_data_at_hand_tell_what_was_read_and_what_is_signed(desk: Desk) -> None:
    with_names(desk)
    previewed(desk, "--market-data", "reds.json")
    code, said = signed(desk, "--market-data", "reds.json")
    assert code == 0, said
    assert "newcastle: Reds (11) in" in said
    assert "Not checked" not in said
    code, said = desk.verb(
        "approve", "plan.yaml", "--market-data", "reds.json", "--as", "bob", "--author", "ann", "--yes", "--json"
    )
    assert code == 0, said
    assert json.loads(said)["unchecked"] == []


def test_figures_of_rehearsals_are_not_signed(desk: Desk) -> None:
    desk.write_site(("mode: live", "mode: sandbox"))
    preview = previewed(desk, "--rehearse", "--case", "usual")
    (usual,) = preview.rehearsed
    write(desk, replace(preview, rehearsed=(replace(usual, headline="It can't lose"),)))
    code, said = signed(desk)
    assert code == 0, said
    assert "It can't lose" not in said
    assert "what rehearsals made of it" in said
