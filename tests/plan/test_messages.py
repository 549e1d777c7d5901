"""What authors are told. Each folder of tests/golden/messages is a plan (or site file) and the exact text about it.

To see a new case's text: `planrunner check tests/golden/messages/<case>/plan.yaml`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from planrunner.plan import problems
from planrunner.plan.problems import CODES
from tests.plan.checking import SITE, changed, check, check_site, codes

CASES = Path(__file__).parent.parent / "golden" / "messages"
# A file of a megabyte, and names that only a venue can judge, are looked at in tests of their own.
ELSEWHERE = {"PR102", "PR408"}


def told(case: Path) -> str:
    """The site file's problems, then the plan's; a plan beside a good site file is checked against it."""
    text, site = "", SITE
    if (case / "planrunner.yaml").exists():
        checked_site = check_site((case / "planrunner.yaml").read_bytes())
        text, site = checked_site.told(), checked_site.site or SITE
    if (case / "plan.yaml").exists():
        text += check((case / "plan.yaml").read_bytes(), site).told()
    return text + "\n"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_every_word_of_a_message(case: Path) -> None:
    assert told(case) == (case / "expected.txt").read_text(encoding="utf-8")


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


def test_ten_mistakes_make_ten_messages() -> None:
    assert len(check((CASES / "ten-mistakes" / "plan.yaml").read_bytes()).problems) == 10


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
