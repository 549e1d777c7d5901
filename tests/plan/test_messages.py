"""What authors are told. Each folder of tests/golden/messages is a plan (or site file) and the exact text about it.

To see a new case's text: `planrunner check tests/golden/messages/<case>/plan.yaml`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planrunner.plan import problems
from planrunner.plan.problems import CODES, Problem
from tests.each import of_each
from tests.plan.checking import SITE, changed, check, check_site, codes

CASES = Path(__file__).parent.parent / "golden" / "messages"
# A file of a megabyte, and names that only a venue can judge, are looked at in tests of their own.
OWN = ("plan.yaml", "planrunner.yaml", "expected.txt")
ELSEWHERE = {"PR102", "PR408"}


def told(case: Path) -> str:
    """The site file's problems, then the plan's; a plan beside a good site file is checked against it."""
    text, site = "", SITE
    if (case / "planrunner.yaml").exists():
        checked_site = check_site((case / "planrunner.yaml").read_bytes())
        text, site = checked_site.told(), checked_site.site or SITE
    if (case / "plan.yaml").exists():
        text += check((case / "plan.yaml").read_bytes(), site, files=beside(case)).told()
    return text + "\n"


def beside(case: Path) -> dict[str, str | bytes]:
    """The tables and blueprints of a case."""
    return {str(file.relative_to(case)): file.read_bytes() for file in case.rglob("*") if file.is_file() and file.name not in OWN}


def test_every_word_of_a_message() -> None:
    def is_as_expected(case: Path) -> None:
        assert told(case) == (case / "expected.txt").read_text(encoding="utf-8")

    of_each(sorted(CASES.iterdir()), is_as_expected, named=lambda case: case.name)


def test_every_code_has_a_case() -> None:
    seen = "\n".join((case / "expected.txt").read_text(encoding="utf-8") for case in CASES.iterdir())
    assert {code for code in CODES if code not in seen} == ELSEWHERE


def test_no_message_shows_a_pattern_a_type_or_a_trace() -> None:
    never = ("^[", "{1,", "Traceback", "'str'", "dict", "object", "regex", "schema", "None")
    for case in CASES.iterdir():
        heads = [line for line in (case / "expected.txt").read_text(encoding="utf-8").splitlines() if ": error PR" in line]
        for head in heads:
            message = head.split(": error PR", 1)[1]
            assert not any(word in message for word in never)


# What can be pasted

# Fixes that stand for lines as they should be; the others are lines to add, or to write elsewhere.
REWRITES = {"PR103", "PR104", "PR105", "PR113", "PR119", "PR222", "PR223"}
UNREADABLE = {"PR103", "PR104", "PR105", "PR110", "PR114", "PR115", "PR119", "PR120", "PR121", "PR122"}
ADDITIONS = {"PR202", "PR301", "PR308", "PR311", "PR312"}


def files_of(case: Path) -> list[Path]:
    return [file for name in ("planrunner.yaml", "plan.yaml") if (file := case / name).exists()]


def problems_of(file: Path, text: str | bytes) -> tuple[Problem, ...]:
    if file.name == "planrunner.yaml":
        return check_site(text).problems
    sites = [check_site(one.read_bytes()).site for one in files_of(file.parent) if one.name == "planrunner.yaml"]
    return check(text, next(iter(sites), None) or SITE, files=beside(file.parent)).problems


def lines_of(file: Path) -> list[str]:
    """As an editor counts them."""
    return re.split("\r\n|\r|\n", file.read_bytes().decode("utf-8-sig", "replace"))


def pasted(lines: list[str], one: Problem) -> list[str]:
    """The lines when the author has done what a problem says."""
    head, line, rest = lines[: one.line - 1], lines[one.line - 1], lines[one.line :]
    if one.did_you_mean is not None:
        return [*head, line[: one.column - 1] + one.did_you_mean + line[one.column - 1 + one.span :], *rest]
    assert one.fix is not None
    fix = one.fix.split("\n")
    if one.code in ADDITIONS:
        return [*head, line, *(" " * (one.column - 1) + added for added in fix), *rest]
    if one.code == "PR113":
        return [*head, line[: one.column - 1] + one.fix, *rest]
    is_split = one.code == "PR105" or fix[0].strip() == "fallback:"
    return [*head, *fix, *rest[(0 if one.code == "PR105" else len(fix) - 1 - is_split) :]]


def test_what_is_offered_can_be_pasted_and_then_the_problem_is_gone() -> None:
    def is_gone(offered: tuple[Path, Problem, tuple[Problem, ...]]) -> None:
        file, one, all_there_are = offered
        left = problems_of(file, "\n".join(pasted(lines_of(file), one)))
        is_same = place_and_message if one.code in ADDITIONS else place
        assert is_same(one) not in [is_same(again) for again in left]
        # Nor is the line unreadable now, if it was not before.
        before = {again.code for again in all_there_are if again.line == one.line}
        assert {again.code for again in left if again.line == one.line and again.code in UNREADABLE} <= before

    with_offers = [
        (file, one, all_there_are)
        for case in sorted(CASES.iterdir())
        for file in files_of(case)
        for all_there_are in [problems_of(file, file.read_bytes())]
        for one in all_there_are
        if not one.file and (one.did_you_mean is not None or (one.fix is not None and one.code in REWRITES | ADDITIONS))
    ]
    assert len(with_offers) > 300
    of_each(with_offers, is_gone, named=lambda offered: f"{offered[0].parent.name}:{offered[1].line}:{offered[1].code}")


def place(one: Problem) -> tuple[object, ...]:
    return one.code, one.line, one.column


def place_and_message(one: Problem) -> tuple[object, ...]:
    return *place(one), one.message


@pytest.mark.parametrize(("name", "number"), [("ten-mistakes", 10), ("fourteen-mistakes", 14)])
def test_so_many_mistakes_make_so_many_messages_in_one_pass(name: str, number: int) -> None:
    found = check((CASES / name / "plan.yaml").read_bytes()).problems
    assert len(found) == number
    assert len({(one.line, one.column) for one in found}) == number


def test_each_of_fourteen_mistakes_has_a_code_of_its_own_and_a_fix() -> None:
    file = CASES / "fourteen-mistakes" / "plan.yaml"
    found = problems_of(file, file.read_bytes())
    assert all(one.did_you_mean or one.fix for one in found)
    assert len({one.code for one in found}) == 14


def test_doing_what_fourteen_messages_say_makes_a_good_plan() -> None:
    file = CASES / "fourteen-mistakes" / "plan.yaml"
    lines = lines_of(file)
    for one in reversed(problems_of(file, file.read_bytes())):  # from below, so that lines above keep their numbers
        lines = pasted(lines, one)
    assert problems_of(file, "\n".join(lines)) == ()


def test_at_most_fifty_are_shown_and_the_rest_counted() -> None:
    steps = "".join(f"      - after: {n} mins\n        cancel: remainder\n" for n in range(1, 71))
    checked = check(changed(("      - every: 30s\n        reprice: 1 tick\n        no_worse_than: 2.90\n", steps)))
    shown = checked.told()
    assert len(checked.problems) == 70
    assert shown.count(": error PR") == problems.MOST_SHOWN
    assert shown.endswith("plan.yaml: 20 more")


def test_a_large_file_is_refused_by_its_size() -> None:
    checked = check(b"# " + b"x" * (10 << 20))
    assert [one.code for one in checked.problems] == ["PR102"]
    assert "10.0 MiB" in checked.told()


def test_a_very_long_line_is_shown_around_the_caret() -> None:
    checked = check(changed(("odds: 3.10", f"odds: 3.10{' ' * 3000}#{'x' * 3000}")))
    assert all(len(line) < 200 for line in checked.told().splitlines())


def test_what_is_shown_can_not_play_with_a_terminal() -> None:
    shown = check(changed(("selection: Arsenal", 'selection: "Ars\\e[31menal"'), ("side: back", "side: b\x1b[2Jack"))).told()
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("old", "new", "silent"),
    [
        ("side: back", "side: bcak", "PR309"),
        ("venue: betfair", "venue: betfiar", "PR402"),
        ("max_loss: 25.00 GBP", "max_los: 25.00 GBP", "PR202"),
        ("odds: 3.10", "odds: 5/2", "PR315"),
        ("expires_before_start: 1m", "expires_befor_start: 1m", "PR301"),
        ("reprice: 1 tick", "repricee: 1 tick", "PR312"),
    ],
)
def test_a_wrong_word_silences_its_consequences(old: str, new: str, silent: str) -> None:
    found = codes(changed((old, new)))
    assert len(found) == 1
    assert silent not in found
