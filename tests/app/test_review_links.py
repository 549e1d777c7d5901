"""`planrunner review` and links: a plan that is one, or reads through one, is touched by what lies at its end; and names of files
stay names where they are told as text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner.app.review import Asked, review
from planrunner.cli.main import run
from tests.app.reviewed import PLAN, Plans, plans_of


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Plans]:
    made = plans_of(tmp_path / "repository")
    with chdir(made.root):
        yield made


def test_what_lies_at_the_end_of_a_link_touches_the_plan(repo: Plans) -> None:
    """The plan itself by two links, its table by a folder that is one, and the site file."""
    for link, to in (("late.yaml", "middle.yaml"), ("middle.yaml", "one.yaml"), ("shared", "tables")):
        (repo.root / "plans" / link).symlink_to(to)
    tabled = (repo.root / "plans/tabled.yaml").read_text()
    repo.write("plans/linked.yaml", tabled.replace("tables/", "shared/"))
    repo.write("other/two.yaml", PLAN)
    (repo.root / "other/planrunner.yaml").symlink_to("../plans/planrunner.yaml")
    before = repo.commit()
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    repo.change("plans/tables/picks.csv", "6.00", "7.00")
    repo.change("plans/planrunner.yaml", "planrunner_site: 1", "planrunner_site: 1  # ours")
    after = repo.commit()
    for head in (None, after):
        told = {one.file: one for one in review(Asked(base=before, head=head), folder=repo.root).touched or ()}
        assert "plans/one.yaml" in told["plans/late.yaml"].because
        assert any("20.00" in text for text in told["plans/late.yaml"].changes)
        assert "plans/tables/picks.csv" in told["plans/linked.yaml"].because
        assert told["other/two.yaml"].because == ("plans/planrunner.yaml",)


def test_a_name_is_one_line(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    repo.write("plans/a\n::error::b.yaml", PLAN)
    repo.git("add", "-A")
    assert run(["review", "--base", "HEAD"]) in (0, 1)
    assert not any(line.startswith("::") for line in capsys.readouterr().out.splitlines())


def test_a_ring_of_links_is_told_and_keeps_nothing_else_from_being_told(repo: Plans, capsys: pytest.CaptureFixture[str]) -> None:
    (repo.root / "plans/ring.yaml").symlink_to("ring.yaml")
    repo.change("plans/one.yaml", "stake: 10.00", "stake: 20.00")
    assert run(["review", "--base", "HEAD"]) == 2
    told = capsys.readouterr()
    assert "plans/one.yaml: changed" in told.out
    assert told.err == "plans/ring.yaml can't be read\n"
