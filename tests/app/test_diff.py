"""`diff` from the command line: what a plan was is read with all that it read then, and differing is no failure."""

from __future__ import annotations

import io
import json
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from planrunner.cli.main import run
from planrunner.review.preview import Resolved, from_json, to_json
from tests.app.repository import Repo
from tests.plan.checking import PLAN, changed

BLUEPRINT = """\
planrunner: 1
blueprint: Picks of the day
about: Backs each pick of a table.
inputs:
  stake:
    type: money
    ask: How much?
    default: 2.00 GBP
limits:
  max_loss: 40.00 GBP
  max_orders: 5
for_each: picks.csv
orders:
  - name: pick
    venue: betfair
    event: Arsenal v Chelsea
    market: Match Odds
    selection: ${row.selection}
    side: back
    odds: 3.10
    stake: ${stake}
    expires_after: 10m
"""
USES = "planrunner: 1\nplan: Picks\nuse_blueprint: picks.yaml\n"
SITE = """\
planrunner_site: 1
accounts:
  betfair:
    venue: betfair
    currency: GBP
    limits:
      max_open_exposure: 60.00 GBP
"""


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return " ".join(self.out.split())


class Desk(Repo):
    """A repository, and the command line in it."""

    def diff(self, *arguments: str, piped: bytes = b"") -> Ended:
        out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(piped))
        try:
            with chdir(self.root), redirect_stdout(out), redirect_stderr(err):
                code = run(["diff", *arguments])
        finally:
            sys.stdin = stdin
        return Ended(code, out.getvalue(), err.getvalue())

    def preview(self, plan: str, to: str, *arguments: str) -> None:
        with chdir(self.root), redirect_stdout(io.StringIO()):
            assert run(["preview", plan, "--out", to, *arguments]) == 0

    def document(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.diff(*arguments, "--json").out)
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "repo")
    desk.commit({"plan.yaml": PLAN.encode()})
    return desk


def other(*changes: tuple[str, str]) -> bytes:
    return changed(*changes).encode()


RAISED = ("stake: 25.00 GBP", "stake: 20.00 GBP")


@pytest.mark.parametrize(
    "named",
    [
        ("HEAD", "plan.yaml"), ("main:plan.yaml", "plan.yaml"), ("main:./plan.yaml", "plan.yaml"),
        ("--base", "HEAD", "plan.yaml"), ("--base", "HEAD", "."), ("HEAD", "main:plan.yaml"),
    ],
)  # fmt: skip
def test_a_plan_is_held_against_what_it_was(desk, named):
    if named[-1] == "main:plan.yaml":
        desk.git("branch", "-q", "old")
        desk.commit({"plan.yaml": other(RAISED)})
        named = ("old:plan.yaml", "main:plan.yaml")
    assert named[0] == "old:plan.yaml" or desk.diff(*named).words.endswith(("mean the same.", "mean what they meant."))
    desk.write({"plan.yaml": other(RAISED)})
    ended = desk.diff(*named)
    assert (ended.code, ended.err) == (0, "")
    assert "arsenal: stake 25.00 -> 20.00 GBP; worst loss 25.00 -> 20.00 GBP" in ended.words


def test_what_a_plan_read_then_is_read_as_it_was_then(desk):
    """Its blueprint, its table, its site file; none of the plan's own letters changed."""
    then = {"plans/picks.yaml": BLUEPRINT, "plans/picks.csv": "selection\nArsenal\nChelsea\n", "plans/uses.yaml": USES,
            "plans/planrunner.yaml": SITE}  # fmt: skip
    desk.commit({name: text.encode() for name, text in then.items()})
    desk.write({"plans/picks.yaml": BLUEPRINT.replace("expires_after: 10m", "expires_after: 5m").encode()})
    assert "pick#1 to pick#2: ends 10 minutes after it is placed -> 5 minutes" in desk.diff("HEAD", "plans/uses.yaml").words
    desk.write({"plans/picks.yaml": BLUEPRINT.encode(), "plans/picks.csv": b"selection\nArsenal\nThe Draw\n"})
    assert "pick#2: selection Chelsea -> The Draw" in desk.diff("HEAD", "plans/uses.yaml").words
    desk.write(
        {"plans/picks.csv": b"selection\nArsenal\nChelsea\n", "plans/planrunner.yaml": SITE.replace("60.00", "90.00").encode()}
    )
    assert "account betfair: max_open_exposure 60.00 -> 90.00 GBP" in desk.diff("HEAD", "plans/uses.yaml").words


def test_values_go_to_both_sides_and_a_file_of_them_is_as_it_was(desk):
    plain = BLUEPRINT.replace("for_each: picks.csv\n", "").replace("${row.selection}", "Arsenal")
    desk.commit({"blue.yaml": plain.encode(), "values.yaml": b"stake: 3.00 GBP\n"})
    desk.write({"blue.yaml": plain.replace("odds: 3.10", "odds: 3.15").encode()})
    ended = desk.diff("HEAD", "blue.yaml", "--set", "stake=5.00 GBP")
    assert "odds 3.10 -> 3.15" in ended.words
    assert "stake" not in ended.words
    desk.write({"values.yaml": b"stake: 4.00 GBP\n"})
    assert "stake 3.00 -> 4.00 GBP" in desk.diff("HEAD", "blue.yaml", "--inputs", "values.yaml").words
    Path(desk.root.parent, "elsewhere.yaml").write_text("stake: 6.00 GBP\n")
    assert "stake" not in desk.diff("HEAD", "blue.yaml", "--inputs", "../elsewhere.yaml").words


def test_a_preview_and_its_plan_read_with_the_same_file_of_values_are_the_same(desk):
    plain = BLUEPRINT.replace("for_each: picks.csv\n", "").replace("${row.selection}", "Arsenal")
    desk.write({"blue.yaml": plain.encode(), "values.yaml": b"stake: 3.00 GBP\n", "other.yaml": b"stake: 4.00 GBP\n"})
    desk.preview("blue.yaml", "was.json", "--inputs", "values.yaml")
    assert desk.diff("was.json", "blue.yaml", "--inputs", "values.yaml").words.endswith("mean the same.")
    assert "input stake: was: 3.00 GBP now: 4.00 GBP" in desk.diff("was.json", "blue.yaml", "--inputs", "other.yaml").words


def test_spelling_is_no_difference(desk):
    desk.write({"plan.yaml": other(("odds: 3.10", "odds: +210  # the same")).replace(b"\n", b"\r\n")})
    ended = desk.diff("HEAD", "plan.yaml", "--exit-code")
    assert ended == (0, "HEAD:plan.yaml and plan.yaml mean the same.\n", "")


@pytest.mark.parametrize(
    ("text", "plain", "as_code"),
    [(PLAN, 0, 0), (changed(RAISED), 0, 1), (changed(("side: back", "side: bck")), 1, 2)],
)
def test_differing_is_no_failure_unless_that_is_asked(desk, text, plain, as_code):
    desk.write({"plan.yaml": text.encode()})
    assert desk.diff("HEAD", "plan.yaml").code == plain
    assert desk.diff("HEAD", "plan.yaml", "--exit-code").code == as_code
    assert desk.diff("--base", "HEAD", ".", "--exit-code", "--json").code == as_code


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (("plan.yaml",), "`planrunner diff --base HEAD plan.yaml` tells what changed since the last commit"),
        (("a", "b", "c"), "name two plans, OLD and NEW"),
        (("nothing", "plan.yaml"), "`nothing` names no revision"),
        (("--base", "--upload-pack=touch x", "plan.yaml"), "names no revision"),
        (("HEAD", "HEAD~1"), "is no file, and as a revision it needs one"),
        (("plan.yaml", "gone.yaml"), "there is no such file; of a revision it is `REVISION:gone.yaml`"),
        (("HEAD:gone.yaml", "plan.yaml"), "gone.yaml: there is no such file in revision HEAD"),
        (("HEAD:../plan.yaml", "plan.yaml"), "is not in the git repository"),
        (("plan.yaml", "plan.yaml"), "is named twice"),
        (("--base", "HEAD", "gone.yaml"), "there is no such file, here or at HEAD"),
        (("--base", "HEAD", "empty"), "nothing was compared: empty holds no plan, here or at HEAD"),
        (("plan.yaml", "old.json"), "a preview is what a plan was; name it first"),
        (("bad.json", "plan.yaml"), "bad.json is no preview"),
        (("--json", "--markdown", "HEAD", "plan.yaml"), "don't go together"),
    ],
)
def test_wrong_use_says_what_to_do(desk, named, why):
    (desk.root / "empty").mkdir()
    desk.write({"bad.json": b'{"planrunner_preview": 1}'})
    ended = desk.diff(*named)
    assert (ended.code, ended.out) == (2, "")
    assert why in " ".join(ended.err.split())


def test_of_a_folder_each_plan_is_told_new_ones_and_those_that_are_gone(desk):
    plans = {
        "plans/same.yaml": PLAN,
        "plans/goes.yaml": PLAN,
        "plans/was-bad.yaml": changed(("side: back", "side: bck")),
        "plans/not.yaml": "a: 1",
    }
    desk.commit(
        {name: text.encode() for name, text in {**plans, "plans/planrunner.yaml": SITE, "plans/sub/deep.yaml": PLAN}.items()}
    )
    (desk.root / "plans" / "goes.yaml").unlink()
    desk.write({"plans/comes.yaml": PLAN.encode(), "plans/was-bad.yaml": PLAN.encode()})
    found = {one["new"]: (one["same"], one["note"]) for one in desk.document("--base", "HEAD", "plans")["plans"]}
    assert found == {
        "plans/same.yaml": (True, ""),
        "plans/goes.yaml": (False, "this plan is gone"),
        "plans/comes.yaml": (
            False,
            "a new plan: HEAD does not have it. `planrunner preview plans/comes.yaml` tells what it does",
        ),
        "plans/was-bad.yaml": (False, "what it was at HEAD can't be told: it had problems then"),
    }
    assert "1 of 4 plans mean what they meant." in desk.diff("--base", "HEAD", "plans").words


def test_a_plan_is_piped_in(desk):
    assert "stake 25.00 -> 20.00 GBP" in desk.diff("plan.yaml", "-", piped=other(RAISED)).words


def test_two_previews_differ_in_what_their_names_lead_to(desk):
    """Found in the market data of two days, say; the plan is the same."""
    desk.preview("plan.yaml", "one.json")
    found = json.loads((desk.root / "one.json").read_text())
    led = {"order": "arsenal", "market": "1.20", "selection": "47972", "market_name": "", "selection_name": "", "start": ""}
    for name, selection in (("two.json", "47972"), ("three.json", "47999")):
        preview = from_json({**found, "resolved": [], "binds": found["binds"]})
        preview = replace(preview, resolved=(Resolved(**{**led, "selection": selection}),))
        desk.write({name: json.dumps(to_json(preview)).encode()})
    assert desk.diff("one.json", "two.json", "--exit-code").code == 1
    words = desk.diff("two.json", "three.json").words
    assert "what the names lead to, of arsenal: was: selection 47972 of market 1.20 now: selection 47999 of market 1.20" in words
    assert desk.diff("two.json", "two.json".replace("two", "./two"), "--exit-code").code == 0
    assert desk.diff("plan.yaml", "two.json").code == 2


def test_a_preview_tells_what_changed_since_it_was_read(desk):
    desk.preview("plan.yaml", "approved.json")
    assert desk.diff("approved.json", "plan.yaml", "--exit-code").out == "approved.json and plan.yaml mean the same.\n"
    desk.write({"plan.yaml": other(("odds: 3.10", "odds: 3.1"))})
    assert desk.diff("approved.json", "plan.yaml", "--exit-code").code == 0
    desk.write({"plan.yaml": other(RAISED)})
    ended = desk.diff("approved.json", "plan.yaml", "--exit-code")
    assert ended.code == 1
    assert "20.00 GBP" in ended.words
    desk.write({"plan.yaml": PLAN.encode(), "planrunner.yaml": SITE.encode()})
    assert "max_open_exposure" in desk.diff("approved.json", "plan.yaml").words


def test_a_preview_is_held_against_the_plan_with_the_values_it_was_read_with(desk):
    plain = BLUEPRINT.replace("for_each: picks.csv\n", "").replace("${row.selection}", "Arsenal")
    desk.write({"blue.yaml": plain.encode()})
    desk.preview("blue.yaml", "approved.json", "--set", "stake=5.00 GBP")
    assert desk.diff("approved.json", "blue.yaml", "--exit-code").code == 0
    assert desk.diff("approved.json", "blue.yaml", "--exit-code", "--set", "stake=6.00 GBP").code == 1


def test_nothing_that_others_wrote_ends_a_line_or_moves_a_cursor(desk):
    sly = other(("plan: Back", "plan: <b>@team Back"))
    desk.write({"plan.yaml": sly, "\x1b[2J\nin all: worst loss 0.00 GBP.yaml": sly})
    for form in ((), ("--json",), ("--markdown",)):
        ended = desk.diff("--base", "HEAD", ".", *form)
        assert ended.code == 0, ended
        assert "\x1b" not in ended.out
        assert "worst loss 0.00 GBP" in ended.words
        assert not any(line.strip().startswith("in all") for line in ended.out.splitlines())
    assert "<b>" not in ended.out
    assert "@team" not in ended.out


def test_letters_that_look_alike_are_told_by_their_numbers(desk):
    desk.write({"plan.yaml": other(("plan: Back", "plan: B\u0430ck"))})
    assert "(letters: U+0061 -> U+0430)" in desk.diff("HEAD", "plan.yaml").words


def test_programs_get_every_change_by_itself(desk):
    desk.write({"plan.yaml": other(RAISED)})
    (plan,) = desk.document("HEAD", "plan.yaml")["plans"]
    assert plan["old"], plan["new"] == ("HEAD:plan.yaml", "plan.yaml")
    (stake,) = [one for one in plan["changes"] if one["path"] == "orders.arsenal.stake"]
    assert stake == {
        "about": "arsenal", "what": "changed", "path": "orders.arsenal.stake", "text": "stake 25.00 -> 20.00 GBP",
        "old": "25.00 GBP", "new": "20.00 GBP", "line": 8,
    }  # fmt: skip
