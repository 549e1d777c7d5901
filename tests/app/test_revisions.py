"""Files as a git revision has them: whatever they are called, through links that stay inside, one process for all of them."""

from __future__ import annotations

import subprocess
from contextlib import chdir
from pathlib import Path

import pytest

from planrunner.app.revisions import Repository
from planrunner.app.site import LARGEST
from planrunner.model.errors import WrongUse
from tests.app.repository import Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


NAMES = [
    "plain.yaml", "with space.yaml", "über\N{SNOWMAN}.yaml", "line\nend.yaml", "-n", "--upload-pack=touch x", "a:b.yaml",
    '"q".yaml', "tab\there", "deep/er/plan.yaml", "{1}.yaml", "\udcff.bin",
]  # fmt: skip


def test_a_file_is_read_as_it_was_whatever_it_is_called(repo):
    old = {name: f"old {number}\n".encode() * 5000 for number, name in enumerate(NAMES)}
    repo.commit({**old, "empty": b""})
    repo.commit(dict.fromkeys(NAMES, b"new"))
    with Repository.around(repo.root / "deep") as here:
        before, now = here.at("HEAD~1"), here.at("main")
        assert {name: before.read(name) for name in NAMES} == old
        assert {now.read(name) for name in NAMES} == {b"new"}
        assert set(before.names()) == {*NAMES, "empty"}
        assert before.read("empty") == b""
        assert not now.has("gone.yaml")


@pytest.mark.parametrize(
    "named",
    [
        "--upload-pack=touch pwned", "-h", "--all", "", "nothing", "main..main", "main\nHEAD", "HEAD\0", "HEAD:plan.yaml",
        "HEAD^{tree}", "a" * 5000, "x blob 5", "\udcff",
    ],
)  # fmt: skip
def test_what_names_no_commit_is_told_and_does_nothing(repo, named):
    repo.commit({"plan.yaml": b"1"})
    with Repository.around(repo.root) as here:
        with pytest.raises(WrongUse, match="names no revision"):
            here.at(named)
        assert here.at("HEAD").read("plan.yaml") == b"1"
    assert sorted(path.name for path in repo.root.iterdir()) == [".git", "plan.yaml"]


def test_what_git_says_at_its_end_is_told_and_it_is_begun_anew(repo):
    repo.commit({"plan.yaml": b"1"})
    with Repository.around(repo.root) as here:
        before = here.at("HEAD")
        with pytest.raises(WrongUse, match="git ended before it had answered: log for 'main' only has 1 entries"):
            here.at("@{9}")
        assert before.read("plan.yaml") == b"1"


@pytest.mark.parametrize("named", ["HEAD", "main", "v1", "HEAD^{/the first}", "main@{0}", "HEAD^0", "@"])
def test_a_revision_is_named_as_git_names_it(repo, named):
    repo.commit({"plan.yaml": b"1"}, "the first: of all")
    repo.git("tag", "-a", "v1", "-m", "one")
    with Repository.around(repo.root) as here:
        assert here.at(named).commit == repo.git("rev-parse", "HEAD").strip()


def test_links_are_followed_inside_and_nowhere_else(repo):
    repo.commit({"plans/real.yaml": b"real"})
    (repo.root / "secret").write_text("none of theirs")
    links = {
        "plans/near.yaml": "real.yaml", "up.yaml": "plans/near.yaml", "all": "plans", "out.yaml": "../../etc/passwd",
        "abs": "/etc/passwd", "ring": "ring2", "ring2": "ring", "plans/loose": "../secret",
    }  # fmt: skip
    for name, to in links.items():
        (repo.root / name).symlink_to(to)
    repo.commit({})
    with Repository.around(repo.root) as here:
        now = here.at("HEAD")
        assert [now.read(name) for name in ("plans/near.yaml", "up.yaml", "all/near.yaml")] == [b"real"] * 3
        for name in ("out.yaml", "abs", "ring", "../repo/plans/real.yaml", "/etc/passwd"):
            with pytest.raises(WrongUse, match="leads out of it, or nowhere"):
                now.read(name)
        with pytest.raises(WrongUse, match="is a folder"):
            now.read("plans")


def test_a_plan_reads_what_it_could_read_as_a_file(repo):
    repo.commit(
        {"plans/a.yaml": b"a", "plans/tables/t.csv": b"t", "plans/.env": b"s", "plans/my.credentials": b"s", "other.csv": b"o"}
    )
    (repo.root / "plans" / "sly.csv").symlink_to("../other.csv")
    (repo.root / "plans" / "hid.csv").symlink_to(".env")
    repo.commit({})
    with Repository.around(repo.root) as here:
        files = here.at("HEAD").reader("plans/a.yaml")
        assert (files("plans/a.yaml"), files("plans/tables/t.csv")) == (b"a", b"t")
        refused = {
            "plans/.env": "hidden", "plans/my.credentials": "credentials", "other.csv": "out of the plan's folder",
            "plans/sly.csv": "out of the plan's folder", "plans/hid.csv": "hidden",
        }  # fmt: skip
        for name, why in refused.items():
            with pytest.raises(WrongUse, match=why):
                files(name)


def test_a_file_too_large_is_refused_and_the_next_one_read(repo):
    repo.commit({"large": b"x" * (LARGEST + 1), "small": b"s"})
    with Repository.around(repo.root) as here:
        with pytest.raises(WrongUse, match="at most 16 MiB"):
            here.at("HEAD").read("large")
        assert here.at("HEAD").read("small") == b"s"


def test_five_hundred_plans_take_one_process_and_one_listing(repo, tmp_path):
    """Counted by a git that writes down what it is called with."""
    repo.commit({f"plans/{number}.yaml": f"plan {number}".encode() for number in range(500)})
    count = tmp_path / "calls"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {count}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    with repo.on_path(wrapper.parent), Repository.around(repo.root) as here:
        now = here.at("HEAD")
        assert [now.read(name) for name in now.names()] == [now.read(name) for name in now.names()]
    calls = [
        next(word for word in line.split() if word in ("rev-parse", "cat-file", "ls-tree"))
        for line in count.read_text().splitlines()
    ]
    assert sorted(calls) == ["cat-file", "ls-tree", "rev-parse"]


def test_a_shallow_clone_says_how_to_get_the_rest(repo, tmp_path):
    repo.commit({"plan.yaml": b"1"})
    repo.commit({"plan.yaml": b"2"})
    shallow = tmp_path / "shallow"
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.root}", str(shallow))
    with Repository.around(shallow) as here:
        with pytest.raises(WrongUse, match=r"git fetch --unshallow.*fetch-depth: 0"):
            here.at("HEAD~1")
        assert here.at("HEAD").read("plan.yaml") == b"2"


def test_a_clone_without_its_files_says_so_and_fetches_nothing(repo, tmp_path):
    repo.commit({"plan.yaml": b"1"})
    repo.commit({"plan.yaml": b"2"})
    repo.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.root}", str(partial))
    with Repository.around(partial) as here:
        with pytest.raises(WrongUse, match=r"only a part of the files; `git show HEAD~1:plan.yaml` fetches it"):
            here.at("HEAD~1").read("plan.yaml")
        assert here.at("HEAD").read("plan.yaml") == b"2"


def test_a_branch_of_origin_is_offered(repo, tmp_path):
    repo.commit({"plan.yaml": b"1"})
    repo.git("branch", "odds")
    clone = tmp_path / "clone"
    repo.git("clone", "-q", str(repo.root), str(clone))
    with Repository.around(clone) as here, pytest.raises(WrongUse, match="`origin/odds`; name that"):
        here.at("odds")


def test_no_repository_and_no_git_are_told(tmp_path, repo):
    with pytest.raises(WrongUse, match="is in no git repository"):
        Repository.around(tmp_path)
    with repo.on_path(tmp_path, alone=True), pytest.raises(WrongUse, match="git is not installed here"):
        Repository.around(repo.root)


def test_an_empty_repository_has_no_revision(repo):
    with Repository.around(repo.root) as here, pytest.raises(WrongUse, match="names no revision"):
        here.at("HEAD")


def test_what_replaces_an_object_is_not_believed(repo):
    """A reviewer sees what was committed, whatever `git replace` says."""
    repo.commit({"plan.yaml": b"what was committed"})
    sham = repo.git("hash-object", "-w", "--stdin", given="something nicer").strip()
    repo.git("replace", repo.git("rev-parse", "HEAD:plan.yaml").strip(), sham)
    with Repository.around(repo.root) as here:
        assert here.at("HEAD").read("plan.yaml") == b"what was committed"


def test_a_hook_of_another_repository_misleads_nobody(repo, tmp_path):
    repo.commit({"plan.yaml": b"mine"})
    other = Repo(tmp_path / "other")
    other.commit({"plan.yaml": b"theirs"})
    with repo.environment(GIT_DIR=str(other.root / ".git")), Repository.around(repo.root) as here:
        assert here.at("HEAD").read("plan.yaml") == b"mine"


def test_names_are_told_from_where_one_stands(repo):
    repo.commit({"plans/a.yaml": b"a"})
    with chdir(repo.root / "plans"), Repository.around(Path()) as here:
        assert here.name_of("a.yaml") == here.name_of("../plans/gone/../a.yaml") == "plans/a.yaml"
        with pytest.raises(WrongUse, match="is not in the git repository"):
            here.name_of("/etc/passwd")


def test_no_program_that_a_repository_names_is_run(repo, tmp_path):
    """Filters, drivers for showing differences, monitors, pagers and hooks are for those who trust whoever wrote them."""
    sign = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {sign}\ncat\n")
    program.chmod(0o755)
    repo.commit({"plan.yaml": b"1", ".gitattributes": b"* filter=theirs diff=theirs\n"})
    programs = [
        "core.fsmonitor", "core.pager", "diff.external", "diff.theirs.textconv", "diff.theirs.command", "filter.theirs.smudge",
        "core.sshCommand", "core.editor", "credential.helper",
    ]  # fmt: skip
    for name in programs:
        repo.git("config", name, str(program))
    (repo.root / ".git" / "hooks" / "post-checkout").symlink_to(program)
    with Repository.around(repo.root) as here:
        assert here.at("HEAD").read("plan.yaml") == b"1"
        with pytest.raises(WrongUse):
            here.at("nothing")
    assert not sign.exists()
