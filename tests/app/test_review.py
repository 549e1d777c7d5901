"""`planrunner review`: in a repository, what a change touches is told, and nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner import resources
from planrunner.app.review import Asked, review
from planrunner.app.site import FilesOf
from planrunner.app.touched import is_plan, reads
from planrunner.cli.main import run
from planrunner.plan import pipeline
from planrunner.review.formats.found import Findings, Touched
from planrunner.review.preview import from_json
from tests.app.reviewed import FILES, PLAN, Plans, plans_of
from tests.plan.checking import PROFILES
from tests.plan.checking import SITE as ANY_SITE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Plans]:
    made = plans_of(tmp_path / "repository")
    with chdir(made.root):
        yield made


def found(repo: Plans, base: str = "HEAD", **asked: object) -> Findings:
    return review(Asked(base=base, **asked), folder=repo.root)  # type: ignore[arg-type]


def only(findings: Findings) -> Touched:
    assert findings.touched is not None
    (one,) = findings.touched
    return one


def test_a_changed_plan_is_told_with_its_differences_and_both_worst_losses(
    repo: Plans, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    assert run(["review", "--base", "main"]) == 0
    assert capsys.readouterr().out == (
        "plans/one.yaml: changed\n"
        "  worst loss 10.00 GBP -> 20.00 GBP\n"
        "  - arsenal: stake 10.00 -> 20.00 GBP; worst loss 10.00 -> 20.00 GBP\n"
        "  - in all: worst loss 10.00 -> 20.00 GBP\n"
        "1 plan to review (1 changed): no problems\n"
    )


def test_spelling_is_no_change_of_what_is_bet(repo: Plans) -> None:
    repo.change("plans/one.yaml", "side: back", "side: 'back'   # for once")
    assert only(found(repo)).is_same


@pytest.mark.parametrize(
    ("file", "old", "new", "plan"),
    [
        ("plans/blueprints/back.yaml", "odds: 3.10", "odds: 3.20", "plans/uses.yaml"),
        ("plans/tables/picks.csv", "6.00", "7.00", "plans/tabled.yaml"),
    ],
)
def test_a_plan_is_touched_through_what_it_reads(repo: Plans, file: str, old: str, new: str, plan: str) -> None:
    repo.change(file, old, new)
    told = {one.file: one for one in found(repo).touched or ()}
    assert told[plan].because == (file,)
    assert told[plan].changes
    assert set(told) <= {plan, file}
    assert not any(one.has_problems for one in told.values())  # a blueprint gets its values where it is used


def test_the_site_file_touches_every_plan_beside_it_and_what_it_changes_is_told_of_all_together(
    repo: Plans, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.change("plans/planrunner.yaml", "20.00 GBP", "15.00 GBP")
    assert run(["review", "--base", "main"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        "plans/one.yaml, plans/tabled.yaml, plans/two.yaml and 1 plan more: touched, through plans/planrunner.yaml\n"
    )
    assert "\n  - account betfair: max_stake_per_order 20.00 -> 15.00 GBP\n" in told
    repo.change("plans/planrunner.yaml", "15.00 GBP", "9.00 GBP")
    assert run(["review", "--base", "main"]) == 1
    assert capsys.readouterr().out.count("error PR501") == 3


def test_whose_word_counts_is_told_though_all_is_bet_as_before(repo: Plans) -> None:
    """Whoever adds a key of their own, or an address that is not theirs, could approve everything from then on."""
    site = (repo.root / "plans" / "planrunner.yaml").read_text()
    key = "ed25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    ann = f"policy:\n  approvers:\n    ann:\n      key: {key}\n      email: ann@example.org\n"
    repo.write("plans/planrunner.yaml", f"{site}{ann}")
    repo.commit()
    eve = ann.partition("approvers:\n")[2].replace("ann", "eve").replace("AAEC", "BBEC")
    users = "service:\n  users:\n    eve: operator\n  signals:\n    go:\n      proof: token\n"
    repo.write("plans/planrunner.yaml", f"{site}{ann.replace('ann@', 'nobody@')}{eve}{users}")
    assert found(repo).touched
    for one in found(repo).touched or ():
        assert not one.is_same
        hers = key.replace("AAEC", "BBEC")
        assert one.notes == (
            f"may approve: ann ann@example.org, {key} -> nobody@example.org, {key}; new: eve (eve@example.org, {hers})",
            "users of the service: new: eve (operator)",
            "signals: new: go (proof token, within 60 s, at most 10 a minute)",
        )
    repo.write("elsewhere/planrunner.yaml", f"{site}policy:\n  live_needs_approval: no\n")
    repo.write("elsewhere/new.yaml", (repo.root / "plans" / "one.yaml").read_text())
    (new,) = [one for one in found(repo).touched or () if one.file == "elsewhere/new.yaml"]
    assert new.notes == ("it needs nobody's approval for real money: the site file says `live_needs_approval: no`",)


def test_a_site_file_that_was_named_and_is_not_there_is_no_licence_to_go_without_limits(
    repo: Plans, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.change("plans/one.yaml", "10.00 GBP", "11.00 GBP")
    for words in ([], ["--head", "HEAD"]):
        assert run(["review", "--base", "main", *words, "--site", "plans/planruner.yaml"]) == 2
        assert "plans/planruner.yaml: there is no such file" in capsys.readouterr().err


def test_a_plan_is_touched_through_its_inputs(repo: Plans) -> None:
    repo.write("plans/gaps.yaml", FILES["plans/blueprints/back.yaml"].replace("blueprint: ", "plan: "))
    repo.write("values.yaml", "stake: 5.00 GBP\n")
    repo.commit()
    repo.change("values.yaml", "5.00", "6.00")
    from planrunner.plan.given import Given

    told = only(found(repo, given=Given(file="values.yaml"), paths=["plans/gaps.yaml"]))
    assert (told.because, told.before, told.after) == (("values.yaml",), "5.00 GBP", "6.00 GBP")
    assert told.preview is not None
    assert told.preview.inputs == {"stake": "6.00 GBP"}


def test_what_is_new_renamed_and_gone_is_told(repo: Plans) -> None:
    (repo.root / "plans/one.yaml").rename(repo.root / "plans/first.yaml")
    (repo.root / "plans/two.yaml").unlink()
    repo.git("add", "-A")
    repo.write("plans/new.yaml", FILES["plans/tabled.yaml"].replace("Back Arsenal", "New"))  # git does not know it yet
    told = [(one.file, one.how.value, one.was, one.loss_before, one.loss_after) for one in found(repo).touched or ()]
    assert told == [
        ("plans/first.yaml", "renamed", "plans/one.yaml", "10.00 GBP", "10.00 GBP"),
        ("plans/new.yaml", "new", "", "none", "11.00 GBP"),
        ("plans/two.yaml", "deleted", "", "10.00 GBP", "none"),
    ]


def test_a_change_begins_where_it_parted_from_its_base(repo: Plans) -> None:
    repo.git("switch", "-q", "-c", "change")
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 11.00")
    change = repo.commit()
    repo.git("switch", "-q", "main")
    repo.change("plans/two.yaml", "stake: 10.00", "stake: 12.00")
    repo.commit()
    assert only(found(repo, "main", head=change)).file == "plans/one.yaml"
    repo.write("plans/one.yaml", "not what is reviewed")
    assert only(found(repo, "main", head="change")).after == "11.00 GBP"


def test_paths_narrow_down_what_is_told(repo: Plans) -> None:
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 11.00")
    repo.change("plans/two.yaml", "stake: 10.00", "stake: 11.00")
    assert only(found(repo, paths=["plans/two.yaml"])).file == "plans/two.yaml"
    assert len(found(repo, paths=["plans"]).touched or ()) == 2
    with chdir("plans"):
        assert run(["review", "--base", "HEAD", ".."]) == 0
        assert run(["review", "--base", "HEAD", "tables"]) == 2


def test_a_plan_that_nothing_touches_is_not_judged(repo: Plans) -> None:
    repo.change("plans/two.yaml", "odds: 3.10", "odds: 5/2")
    repo.commit()
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 11.00")
    assert run(["review", "--base", "HEAD"]) == 0
    repo.change("plans/one.yaml", "planrunner: 1", "planrunnr: 1")  # it was a plan, and nobody may lose it out of sight
    assert run(["review", "--base", "HEAD"]) == 1


def test_nothing_reviewed_is_no_success_unless_that_is_said(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write("README.md", "plans")
    repo.change("compose.yaml", "{}", "[]")
    assert run(["review", "--base", "HEAD"]) == 2
    assert run(["review", "--base", "HEAD", "--allow-nothing"]) == 0
    assert capsys.readouterr().out == "No plan changed: no problems\n" * 2
    assert run(["review", "--base", "gone"]) == 2
    assert "`gone` names no revision" in capsys.readouterr().err
    assert run(["review", "--base", "--output=evil"]) == 2
    assert not Path("evil").exists()


def test_where_there_is_no_repository_or_not_enough_of_it(
    tmp_path: Path, repo: Plans, capsys: pytest.CaptureFixture[str]
) -> None:
    with chdir(tmp_path):
        assert run(["review", "--base", "HEAD"]) == 2
        assert "is in no git repository" in capsys.readouterr().err
    repo.git("switch", "-q", "--orphan", "other")
    repo.write("x", "x")
    other = repo.commit()
    repo.git("switch", "-q", "main")
    assert run(["review", "--base", other]) == 2
    assert "fetch-depth: 0" in capsys.readouterr().err


def test_what_a_repository_says_of_showing_differences_is_not_run(repo: Plans) -> None:
    repo.git("config", "diff.evil.command", "touch evil")
    repo.git("config", "diff.evil.textconv", "touch evil;")
    repo.git("config", "diff.external", "touch evil")
    repo.write(".gitattributes", "*.yaml diff=evil\n")
    repo.change("plans/one.yaml", "odds: 3.10", "odds: 5/2")
    assert run(["review", "--base", "HEAD"]) == 1
    assert not Path("evil").exists()


def test_names_that_would_be_commands_are_names(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("::add-mask::a.yaml", "a\n::error::b.yaml", "-rf.yaml", "é ü.yaml"):
        repo.write(f"plans/{name}", PLAN.replace("odds: 3.10", "odds: 5/2"))
    assert run(["review", "--base", "HEAD", "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0].removeprefix("::error file=plans/") for line in lines] == [
        "-rf.yaml",
        "%3A%3Aadd-mask%3A%3Aa.yaml",
        "a\ufffd%3A%3Aerror%3A%3Ab.yaml",
        "é ü.yaml",
    ]


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path, repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret.csv").write_text("stake\nhunter2\n")
    (repo.root / "plans/tables/picks.csv").unlink()
    (repo.root / "plans/tables/picks.csv").symlink_to(tmp_path / "secret.csv")
    assert run(["review", "--base", "HEAD"]) == 1
    told = capsys.readouterr()
    assert "leads out of the plan's folder" in told.out
    assert "hunter2" not in told.out + told.err


@pytest.mark.parametrize("link", ["plans/one.yaml", "plans/planrunner.yaml", "plans/blueprints/back.yaml"])
@pytest.mark.parametrize("to", [".git/config", "../secret.yaml"])
def test_what_a_link_leads_to_is_not_shown(repo: Plans, capsys: pytest.CaptureFixture[str], link: str, to: str) -> None:
    """A job's checkout may keep its token in `.git/config`."""
    repo.git("config", "http.extraheader", "hunter2")
    (repo.root.parent / "secret.yaml").write_text("planrunner: 1\nhunter2: yes\n")
    (repo.root / link).unlink()
    (repo.root / link).symlink_to(repo.root / to)
    assert run(["review", "--base", "HEAD", "--html", "page.html", "--summary", "summary.md"]) != 0
    told = capsys.readouterr()
    assert "hunter2" not in told.out + told.err + Path("page.html").read_text() + Path("summary.md").read_text()


def test_a_plan_in_a_hidden_folder_is_reviewed_too(repo: Plans) -> None:
    repo.write(".later/one.yaml", PLAN)
    assert only(found(repo)).file == ".later/one.yaml"


def test_problems_on_lines_of_the_change_come_first(repo: Plans) -> None:
    repo.change("plans/two.yaml", "side: back", "side: bakc")
    repo.change("plans/two.yaml", "stake: 10.00", "stake: 0.10")
    repo.commit()
    repo.change("plans/two.yaml", "odds: 3.10", "odds: 5/2")
    findings = found(repo, "HEAD")
    assert findings.changed == {"plans/two.yaml": frozenset({14})}


def test_the_page_says_how_many_plans_are_in_no_figure(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 21.00")
    repo.change("plans/two.yaml", "stake: 10.00", "stake: 20.00")
    assert run(["review", "--base", "main", "--format", "html"]) == 1
    page = capsys.readouterr().out
    assert "<h1>At most 20.00 GBP can be lost; 1 plan with problems not counted</h1>" in page
    assert "1 plan touched" in page


def test_every_form_tells_the_same_and_a_summary_keeps_what_was_there(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    Path("summary.md").write_text("before\n")
    asked = ["--format", "sarif=out/review.sarif", "--format", "junit=out/review.xml", "--summary", "summary.md", "--json"]
    assert run(["review", "--base", "HEAD", *asked]) == 0
    document = json.loads(capsys.readouterr().out)
    (plan,) = document["plans"]
    assert (plan["worst_loss_before"], plan["worst_loss"]) == ("10.00 GBP", "20.00 GBP")
    assert from_json(plan["preview"]).told.plan == "Back Arsenal"
    summary = Path("summary.md").read_text()
    assert summary.startswith("before\n## planrunner: 1 plan to review (1 changed): no problems\n")
    assert "| 10.00 GBP | **20.00 GBP** |" in summary
    assert "What <code>plans&#47;one&#46;yaml</code> will do" in summary
    assert json.loads(Path("out/review.sarif").read_text())["runs"][0]["results"] == []


@pytest.mark.parametrize(
    "spelt",
    [
        'use_blueprint: "blueprints/back.yaml"   # one',
        "'use_blueprint' : blueprints/back.yaml",
        '"use_\\x62lueprint": blueprints/back.yaml',
        'use_blueprint: "blueprints\\/back.yaml"',
        "use_blueprint: ./blueprints/back.yaml",
    ],
)
def test_a_file_is_read_however_its_name_is_spelt(repo: Plans, spelt: str) -> None:
    repo.change("plans/uses.yaml", "use_blueprint: blueprints/back.yaml", spelt)
    repo.commit()
    repo.change("plans/blueprints/back.yaml", "odds: 3.10", "odds: 3.20")
    assert "plans/uses.yaml" in {one.file for one in found(repo).touched or ()}


def test_what_a_plan_is_said_to_read_is_what_it_reads() -> None:
    """Of every plan that ships or that a test keeps."""
    plans = [path for folder in ("plans", "tests/golden") for path in sorted((ROOT / folder).rglob("*.yaml"))]
    looked_through = 0
    for path in plans:
        data = path.read_bytes()
        if not is_plan(path.name, data):
            continue
        asked: set[str] = set()
        files = FilesOf(path)

        def read(name: str, asked: set[str] = asked, files: FilesOf = files) -> bytes:
            asked.add(str(Path(name)))
            return files(name)

        pipeline.check(str(path), read, schema=resources.schema("plan"), site=ANY_SITE, profiles=PROFILES)
        assert asked - {str(path)} <= reads(str(path), data, files).files
        looked_through += len(asked) > 1
    assert looked_through > 10


def test_the_command_in_a_process_of_its_own_leaves_nothing_behind(repo: Plans) -> None:
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    before = sorted(path for path in repo.root.rglob("*") if ".git" not in path.parts)
    command = [sys.executable, "-W", "error", "-m", "planrunner", "review", "--base", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=repo.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path for path in repo.root.rglob("*") if ".git" not in path.parts) == before
