"""A plan from anybody can be checked: it reads nothing but its folder, keeps nobody waiting, fills no memory and runs no code.

All of them go through the real command line, in one process that may use half a gigabyte and half a minute for the lot.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from planrunner.cli.main import run
from tests.plan.checking import PLAN
from tests.plan.test_expand import BLUEPRINT, USING
from tests.plan.test_table import HEAD, ROW
from tests.plan.test_table import PLAN as PICKS

ROOT = Path(__file__).parents[2]
MEMORY, WITHIN = 512 << 20, 40
KEPT = "hunter2"  # stands in every file that no plan may read


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def say(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "planrunner", *arguments], cwd=folder, text=True, capture_output=True, timeout=WITHIN, check=False,
        preexec_fn=limited, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def checked(folder: Path, *arguments: str) -> dict[str, set[str]]:
    """The codes of each file's problems. Whatever is wrong, nothing of another file is shown."""
    done = say(folder, "check", "--json", *arguments)
    assert done.returncode in (0, 1, 2), done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert KEPT not in done.stdout + done.stderr
    files: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return {one["file"]: {problem["code"] for problem in one["problems"]} for one in files}


def with_value(key: str, value: str) -> str:
    return re.sub(rf"\b{key}: .*", lambda _: f"{key}: {value}", PLAN, count=1)


def laughs() -> str:
    names = [f"l{n}" for n in range(30)]
    return "l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names)
    )


# Name -> text, and a code that it must have. None: it may be right or wrong, but it ends.
TEXTS: dict[str, tuple[str, str | None]] = {
    "an alias bomb": (f"planrunner: 1\n{laughs()}", "PR107"),
    "a merge bomb": ("planrunner: 1\na: &a {<<: *a}\n", "PR109"),
    "nested brackets": (f"planrunner: 1\nplan: {'[' * 100_000}\n", None),
    "nested blocks": ("planrunner: 1\n" + "".join(f"{'  ' * n}a:\n" for n in range(400)), "PR117"),
    "nested dashes": (f"planrunner: 1\norders:\n  {'- ' * 50_000}x\n", None),
    "an object of Python": ("planrunner: 1\nplan: !!python/object/apply:os.system [touch owned]\n", "PR108"),
    "a template that looks for more": (with_value("selection", "${''.__class__.__mro__[1].__subclasses__()}"), None),
    "a template that calls": (with_value("selection", "${cycler.__init__.__globals__.os.popen('touch owned').read()}"), None),
    "a template that never ends": (with_value("stake", "${9**9**9**9**9}"), None),
    "a template that repeats": (with_value("selection", "${'a' * 999999999}"), None),
    "a template as deep as a well": (with_value("stake", "${" + "(" * 5_000 + "1" + ")" * 5_000 + "}"), None),
    "a table out of the folder": (PICKS.replace("picks.csv", "../outside.csv"), "PR217"),
    "a table by its whole name": (PICKS.replace("picks.csv", "/etc/passwd"), "PR217"),
    "a table by a link": (PICKS.replace("picks.csv", "link.csv"), "PR217"),
    "a table behind a link": (PICKS.replace("picks.csv", "away/outside.csv"), "PR217"),
    "a table that is a pipe": (PICKS.replace("picks.csv", "pipe.csv"), "PR217"),
    "a table that is a device": (PICKS.replace("picks.csv", "device.csv"), "PR217"),
    "a table that is a socket": (PICKS.replace("picks.csv", "socket.csv"), "PR217"),
    "a table that is a folder": (PICKS.replace("picks.csv", "folder.csv"), "PR217"),
    "a table in a ring of links": (PICKS.replace("picks.csv", "ring.csv"), "PR217"),
    "a table of gigabytes": (PICKS.replace("picks.csv", "huge.csv"), "PR217"),
    "a table of a million rows": (PICKS.replace("picks.csv", "rows.csv"), None),
    "a table of one row without end": (PICKS.replace("picks.csv", "wide.csv"), None),
    "a table with a quote that never closes": (PICKS.replace("picks.csv", "open.csv"), None),
    "a hidden table": (PICKS.replace("picks.csv", ".hidden.csv"), "PR217"),
    "a table in a hidden folder": (PICKS.replace("picks.csv", ".ssh/id.csv"), "PR217"),
    "the credentials for a table": (PICKS.replace("picks.csv", "planrunner.credentials"), "PR217"),
    "a table whose name has a NUL": (PICKS.replace("picks.csv", '"a\\0.csv"'), None),
    "a blueprint out of the folder": (USING.replace("blueprints/chase.yaml", "../chase.yaml"), "PR217"),
    "a blueprint by a link": (USING.replace("blueprints/chase.yaml", "link.csv"), "PR217"),
    "a blueprint of itself": (USING.replace("blueprints/chase.yaml", "a blueprint of itself.yaml"), "PR331"),
    "thousands of orders in braces": (
        PLAN.split("orders:")[0] + "orders:\n" + "".join(
            f"  - {{name: o{n}, x: {'[' * 10}{']' * 10}}}\n" for n in range(3_000)
        ), None,
    ),
    "a thousand thousand mistakes": ("planrunner: 1\n" + "a: {b\n" * 100_000, None),
    **{
        f"{key}: {name}": (with_value(key, text), None)
        for key in ("odds", "stake", "expires_before_start", "event", "every", "reprice", "name")
        for name, text in {
            "digits without end": "9" * 60_000,
            "spaces without end": f"1{' ' * 60_000}x",
            "words without end": "a " * 30_000 + "!",
            "signs without end": "1/" * 30_000 + "x",
            "dashes without end": f"'{'-.' * 30_000}1 GBP'",
        }.items()
    },
}  # fmt: skip


def furnish(folder: Path) -> None:
    """What the plans would like to read."""
    outside = folder.parent / "outside.csv"
    outside.write_text(HEAD + ROW.replace("Arsenal", KEPT))
    (folder.parent / "chase.yaml").write_text(f"{KEPT}: {KEPT}\n")
    (folder / "link.csv").symlink_to(outside)
    (folder / "away").symlink_to(folder.parent)
    (folder / "ring.csv").symlink_to("ring.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    (folder / ".ssh").mkdir()
    for name in (".hidden.csv", ".ssh/id.csv", "planrunner.credentials"):
        (folder / name).write_text(f"{KEPT}\n{KEPT}\n")
    with (folder / "huge.csv").open("wb") as file:
        file.truncate(20 << 30)
    (folder / "rows.csv").write_text((HEAD + ROW * 25_000)[: (1 << 20) - 1])
    (folder / "wide.csv").write_text(HEAD + "x," * 200_000)
    (folder / "open.csv").write_text(HEAD + '"' + 'a"",' * 200_000)
    with socket.socket(socket.AF_UNIX) as one, chdir(folder):  # the name of a socket is short
        one.bind("socket.csv")


def test_a_folder_of_hostile_plans_is_checked_in_bounded_time_and_memory(tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    furnish(folder)
    for name, (text, _) in TEXTS.items():
        (folder / f"{name}.yaml".replace("/", "-")).write_text(text, encoding="utf-8")
    found = checked(folder, *(f"{name}.yaml" for name in TEXTS))
    assert found.keys() == {f"{name}.yaml" for name in TEXTS}
    for name, (_, code) in TEXTS.items():
        assert code is None or code in found[f"{name}.yaml"], (name, found[f"{name}.yaml"])
        assert found[f"{name}.yaml"] or "without end" in name, name
    assert not list(tmp_path.rglob("owned"))


def test_one_that_is_right_reads_its_own_files_in_the_same_bounds(tmp_path: Path) -> None:
    (tmp_path / "blueprints").mkdir()
    (tmp_path / "blueprints" / "chase.yaml").write_text(BLUEPRINT)
    (tmp_path / "using.yaml").write_text(USING)
    (tmp_path / "picks.yaml").write_text(PICKS)
    (tmp_path / "picks.csv").write_text(HEAD + ROW)
    assert checked(tmp_path, "using.yaml", "picks.yaml") == {"using.yaml": set(), "picks.yaml": set()}


def test_the_verbs_that_lead_on_refuse_what_check_refuses(tmp_path: Path) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    furnish(folder)
    (folder / "plan.yaml").write_text(PICKS.replace("picks.csv", "link.csv"))
    for arguments in (("explain", "plan.yaml"), ("run", "plan.yaml"), ("run", "plan.yaml", "--live")):
        done = say(folder, *arguments)
        assert done.returncode == 1, done
        assert "leads out of the plan's folder" in done.stdout + done.stderr
        assert KEPT not in done.stdout + done.stderr
    assert not (folder / ".planrunner").exists()


def test_a_folder_is_not_left_through_a_link_in_it(tmp_path: Path) -> None:
    """What a folder holds is checked in places that publish what is said, and tidied with a person's rights."""
    folder = tmp_path / "plans"
    folder.mkdir()
    outside = tmp_path / "outside.yaml"
    outside.write_text(f"planrunner:  1\nplan:   {KEPT}\n")
    (folder / "evil.yaml").symlink_to(outside)
    (folder / "good.yaml").write_text(PLAN)
    (folder / "mine.yaml").symlink_to("good.yaml")
    for verb in ("check", "fmt"):
        done = say(folder, verb, ".")
        assert done.returncode == 2, done
        assert "evil.yaml is a link out of the folder; name it by itself if you mean it" in done.stderr
        assert KEPT not in done.stdout + done.stderr
    assert outside.read_text().startswith("planrunner:  1")
    assert say(folder, "check", "mine.yaml").returncode == 0


Make = Callable[[Path], object]


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 << 30)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "planrunner.yaml is no ordinary file"),
        (lambda path: path.symlink_to("/dev/zero"), "planrunner.yaml is no ordinary file"),
        (Path.mkdir, "planrunner.yaml is a folder"),
        (_sparse, "planrunner.yaml is 20480 MiB or more"),
    ],
)
def test_a_site_file_that_is_none_keeps_nobody_waiting(make: Make, words: str, tmp_path: Path) -> None:
    """It is read because it lies there; nobody named it."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    make(tmp_path / "planrunner.yaml")
    done = say(tmp_path, "check", "plan.yaml")
    assert (done.returncode, words in done.stderr) == (2, True), done


def test_files_that_were_named_have_an_end_too(tmp_path: Path) -> None:
    _sparse(tmp_path / "huge.yaml")
    (tmp_path / "plan.yaml").write_text(PLAN)
    for arguments in (
        ("check", "huge.yaml"),
        ("check", "/dev/zero"),
        ("fmt", "huge.yaml"),
        ("check", "plan.yaml", "--site", "huge.yaml"),
        ("run", "plan.yaml", "--scenario", "huge.yaml"),
        ("new", "x.yaml", "--from", "huge.yaml"),
    ):
        done = say(tmp_path, *arguments)
        assert done.returncode in (1, 2), done
        assert "MiB" in done.stdout + done.stderr, done


def test_a_packed_recording_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    """The file is a megabyte, and a gigabyte in one line."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    packed = gzip.compress(b" " * (64 << 20), 6)
    (tmp_path / "m.gz").write_bytes(gzip.compress(b'{"op":"') + packed * 16)
    done = say(tmp_path, "run", "plan.yaml", "--market-data", "m.gz")
    assert done.returncode == 2, done
    assert "line 1 of the recording is longer than 64 MiB" in done.stderr


def test_standard_input_has_an_end(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb") as zeros:
        done = subprocess.run(
            [sys.executable, "-m", "planrunner", "check", "-"], stdin=zeros, text=True, capture_output=True, timeout=WITHIN,
            check=False, preexec_fn=limited, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    assert (done.returncode, "standard input goes on for more than 16 MiB" in done.stderr) == (2, True), done


def test_a_question_of_a_blueprint_can_not_write_into_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is asked stands as a remark behind the answer; a line's end in it would make lines of the plan."""
    evil = BLUEPRINT.replace("    type: text\n", '    type: text\n    ask: "Which team?\\nlimits: {max_loss: 9999.00 GBP}"\n', 1)
    (tmp_path / "evil.yaml").write_text(evil)
    code = run(["new", str(tmp_path / "x.yaml"), "--from", str(tmp_path / "evil.yaml"), "--set", "team=A", "--set", "odds=3.10"])
    assert code == 1
    assert "PR1" in capsys.readouterr().err
    assert not (tmp_path / "x.yaml").exists()
