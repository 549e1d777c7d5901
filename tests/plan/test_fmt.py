"""`planrunner fmt`: what a plan says never changes, tidy is tidy, and nothing is lost while writing."""

from __future__ import annotations

import re
import resource
import stat
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from planrunner.cli.main import run
from planrunner.plan.fmt import formatted
from planrunner.plan.nodes import Node, Scalar, walk
from planrunner.plan.reader import read
from tests.each import of_each
from tests.laws import law
from tests.plan.checking import PLAN
from tests.plan.test_laws import KEYS, SOURCES, WORDS, shaped

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*(ROOT / "plans").glob("*.yaml"), *(ROOT / "plans" / "blueprints").glob("*.yaml")])


def tidy(text: str) -> str:
    after = formatted(dedent(text).encode())
    assert after.data is not None, after.problems
    return after.data.decode()


def said(root: Node | None) -> list[tuple[str | None, object]]:
    """Every key and value with its quotes, in order."""
    assert root is not None
    return [(key and key.text, (node.text, node.style) if isinstance(node, Scalar) else type(node)) for key, node in walk(root)]


def comments(text: str) -> list[str]:
    """And a `#` in quotes, with a comment behind it: how far apart they are is formatting's to say."""
    return [re.sub(" +#", " #", line[line.index("#") :]).rstrip() for line in text.splitlines() if "#" in line]


def obeys(data: bytes) -> None:
    """What holds of every file."""
    before, after = read(data), formatted(data)
    assert (after.data is None) == bool(before.problems) == bool(after.problems)
    if after.data is None:
        return
    assert said(read(after.data).root) == said(before.root)
    assert formatted(after.data).data == after.data
    text = after.data.decode()
    assert comments(text) == comments(data.decode())
    assert "\r" not in text
    assert text.endswith("\n") or _ends_in_open_text(data)


def _ends_in_open_text(data: bytes) -> bool:
    """A text over several lines that is the last thing in the file and has no line end of its own."""
    *_, last = (event for event in yaml.parse(data.decode("utf-8-sig")) if isinstance(event, yaml.ScalarEvent))
    return last.style in ("|", ">")


def test_plans_right_and_wrong_keep_what_they_say() -> None:
    of_each(SOURCES, lambda text: obeys(text.encode()))


def test_what_ships_is_tidy() -> None:
    assert SHIPPED
    assert [file for file in SHIPPED if formatted(file.read_bytes()).data != file.read_bytes()] == []


@law(200, share=40)
@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 6), WORDS), min_size=1, max_size=4))
def test_a_plan_with_pieces_replaced(text: str, cuts: list[tuple[int, int, str]]) -> None:
    for at, length, word in cuts:
        place = at % (len(text) + 1)
        text = text[:place] + word + text[place + length :]
    obeys(text.encode())


GAPS = st.sampled_from(["", " ", "  ", "     "])
NOTES = st.sampled_from(["", "", "", " # a remark", "    # far", "  #"])
ABOVE = st.sampled_from(["", "", "", "\n", "# at the edge\n", "     # deep\n", "  # shallow\n   \n"])


def untidy(draw: st.DrawFn, value: object, indent: int) -> str:
    """YAML of a tree the way people write it: any indentation, spaces and remarks everywhere, texts over several lines."""
    if isinstance(value, dict):
        deeper = indent + draw(st.integers(1, 5)) if indent >= 0 else draw(st.integers(0, 2))
        lines = []
        for key, one in value.items():
            lines.append(f"{draw(ABOVE)}{' ' * deeper}{key}{draw(GAPS)}:{_value(draw, one, deeper)}")
        return "".join(lines)
    assert isinstance(value, list)
    deeper = max(0, indent) + draw(st.integers(0, 4))
    return "".join(f"{draw(ABOVE)}{' ' * deeper}-{_item(draw, one, deeper)}" for one in value)


def _item(draw: st.DrawFn, value: object, indent: int) -> str:
    if not isinstance(value, dict) or not value or draw(st.booleans()):
        return _value(draw, value, indent)
    gap = draw(st.integers(1, 4))
    column = indent + 1 + gap
    lines = [f"{key}{draw(GAPS)}:{_value(draw, one, column)}" for key, one in value.items()]
    return " " * gap + (" " * column).join(lines)


def _value(draw: st.DrawFn, value: object, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return f"{draw(GAPS)}{draw(NOTES)}\n".replace(":#", ": #") + untidy(draw, value, indent)
    text = str(value) if isinstance(value, str) else "x"
    match draw(st.integers(0, 6)):
        case 0:
            deeper = " " * (indent + draw(st.integers(1, 4)))
            more = draw(st.sampled_from(["", "  more  ", "\n\n" + deeper + "   below"]))
            sign = draw(st.sampled_from(["|", ">", "|-", ">+", "|+"]))
            return f" {sign}{draw(NOTES)}\n{deeper}{text}x{more}\n{draw(st.sampled_from(['', chr(10), '   ' + chr(10)]))}"
        case 1:
            return f"{draw(GAPS)} [ {text!r},   b{draw(st.sampled_from(['', chr(10) + '  ' * 9]))} ]{draw(NOTES)}\n"
        case 2:
            return f"\n{' ' * (indent + draw(st.integers(1, 4)))}'{text}'{draw(NOTES)}\n"
        case _:
            return f" {draw(GAPS)}'{text}'{draw(NOTES)}{draw(GAPS)}\n"


@st.composite
def untidy_plans(draw: st.DrawFn) -> str:
    keys = st.one_of(KEYS, st.sampled_from(["about", "alert"]))
    tree = draw(st.dictionaries(keys, shaped(keys), min_size=1, max_size=5))
    text = untidy(draw, {"planrunner": "1", **tree}, -1)
    text = draw(st.sampled_from([text, text.rstrip("\n"), text + "\n\n", text + "# the end"]))
    return draw(st.sampled_from(["", "", "\ufeff"])) + (text.replace("\n", "\r\n") if draw(st.booleans()) else text)


@law(150, share=40)
@given(untidy_plans())
@example("a:\n- b: |\n    x\n  # c\n- d\n")
@example("about: |\n  x")
@example("about: |2+\n   x\n\n\n")
@example("? planrunner\n: 1\n")
@example("planrunner: 'planrunner'  # \n")
@example("a:     '#'  #\nb  :    #\n  c: d\n")
def test_a_plan_written_untidily(text: str) -> None:
    obeys(text.encode())


def test_indentation_spaces_and_line_ends() -> None:
    before = PLAN
    for old, new in [("\n  max_loss: ", "\n      max_loss :    "), ("  - name: a", "-   name: a"), ("3.10\n", "3.10   \n")]:
        before = before.replace(old, new)
    assert tidy(before.replace("\n", "\r\n").rstrip()) == PLAN


def test_a_list_in_the_column_of_its_key_is_moved_below_it() -> None:
    before = """\
    planrunner: 1
    orders:
    - name: one
      fallback:
      # first
      - every: 30s
        # its second line
        reprice: 1 tick
      # about the next order
    - name: two
    # the end
    """
    assert tidy(before) == dedent("""\
    planrunner: 1
    orders:
      - name: one
        fallback:
          # first
          - every: 30s
            # its second line
            reprice: 1 tick
          # about the next order
      - name: two
    # the end
    """)


def test_remarks_in_one_column_stay_in_one_column() -> None:
    before = """\
    limits:
        max_loss:   25.00 GBP    # required
        max_stake:  5.00 GBP     # optional

    plan: x   # one
    """
    assert tidy(before) == dedent("""\
    limits:
      max_loss: 25.00 GBP     # required
      max_stake: 5.00 GBP     # optional

    plan: x   # one
    """)


def test_a_text_over_several_lines_keeps_its_shape() -> None:
    before = "orders:\n   - alert: |\n        one  \n\n          two\n       # no part of it\n     name: x\n"
    assert tidy(before) == "orders:\n  - alert: |\n      one  \n\n        two\n    # no part of it\n    name: x\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tidy.yaml").write_text(PLAN)
    (tmp_path / "untidy.yaml").write_text(PLAN.replace("odds: 3.10", "odds:   3.10"))
    (tmp_path / "other.yaml").write_text("services:\n    web:  x\n")
    return tmp_path


def test_a_folder_is_written_and_keeps_modes_and_links(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "untidy.yaml").chmod(0o640)
    (folder / "link.yaml").symlink_to("untidy.yaml")
    assert run(["fmt", str(folder / "link.yaml")]) == 0
    assert (folder / "link.yaml").is_symlink()
    assert (folder / "untidy.yaml").read_text() == PLAN
    assert stat.S_IMODE((folder / "untidy.yaml").stat().st_mode) == 0o640
    assert run(["fmt", str(folder)]) == 0
    assert "3 files were tidy already" in capsys.readouterr().out
    assert (folder / "other.yaml").read_text() == "services:\n    web:  x\n"


def test_check_and_diff_write_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with chdir(folder):
        assert run(["fmt", "--check", "."]) == 1
        assert capsys.readouterr().out == "untidy.yaml: would be formatted\n"
        assert run(["fmt", "--check", "tidy.yaml"]) == 0
        assert run(["fmt", "--diff", "untidy.yaml"]) == 0
    told = capsys.readouterr().out
    assert "\n-    odds:   3.10\n+    odds: 3.10\n" in told
    assert "odds:   3.10" in (folder / "untidy.yaml").read_text()


def test_what_can_not_be_read_is_told_like_check_tells_it_and_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = PLAN.replace("    side: back", "\tside:   back")
    (folder / "bad.yaml").write_text(bad)
    with chdir(folder):
        assert run(["check", "bad.yaml"]) == 1
        checked = capsys.readouterr().out.partition("1 problem")[0]
        assert run(["fmt", "bad.yaml", "untidy.yaml"]) == 1
    told = capsys.readouterr().out
    assert told == f"{checked}bad.yaml: left as it is\nuntidy.yaml: formatted\n"
    assert (folder / "bad.yaml").read_text() == bad


def test_standard_input_comes_out_formatted(folder: Path) -> None:
    command = [sys.executable, "-m", "planrunner", "fmt", "-"]
    done = subprocess.run(command, input=PLAN.replace("\n", "\r\n").encode(), capture_output=True, check=True)
    assert done.stdout == PLAN.encode()


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    """A limit on the size of files stands in for the disk: the same error comes at the same place."""
    long = "# a remark\n" * 20_000 + PLAN.replace("odds: 3.10", "odds:   3.10")
    (folder / "long.yaml").write_text(long)
    done = subprocess.run(
        [sys.executable, "-m", "planrunner", "fmt", str(folder / "long.yaml")],
        capture_output=True, text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000)),
    )  # fmt: skip
    assert done.returncode == 2
    assert "left as it is" in done.stderr
    assert (folder / "long.yaml").read_text() == long
    assert not list(folder.glob(".*"))
