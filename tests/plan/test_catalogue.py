"""The catalogue of codes holds what it says: every wrong example has its code and no other, every right one has no problem.

Examples are parts of a plan; `whole` lays them into one.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from planrunner import resources
from planrunner.cli.main import run
from planrunner.model.account import Account, Site
from planrunner.model.errors import WrongUse
from planrunner.model.market import AccountName
from planrunner.plan import pipeline
from planrunner.plan.catalogue import ENTRIES, Entry, Laid
from planrunner.plan.problems import CODES, Problem
from planrunner.plan.reader import LARGEST
from tests.each import of_each
from tests.plan.checking import PROFILES

# Only a venue can judge names; its test is below.
AT_THE_VENUE = {"PR408"}
USUAL = {
    "name": "one", "venue": "betfair", "event": "Arsenal v Chelsea", "market": "Match Odds", "selection": "Arsenal",
    "side": "back", "odds": "3.10", "stake": "10.00 GBP",
}  # fmt: skip
SAID_BY = {"event": ("event_id", "market_id"), "market": ("market_id",), "selection": ("selection_id", "favourite")}
SECTIONS = {"planrunner": "planrunner: 1\n", "plan": "plan: An example\n", "limits": "limits:\n  max_loss: 100.00 GBP\n"}
SITE = Site(
    accounts={
        AccountName(name): Account(name=AccountName(name), venue=venue, currency="GBP")
        for name, venue in (
            ("betfair", "betfair"),
            ("bookmaker", "corner"),
            ("tote", "tote"),
            ("parlour", "parlour"),
            ("abp", "oddspapi_abp"),
        )
    }
)


def files(entry: Entry, example: str) -> dict[str, str]:
    """The files of an example, its first as a whole plan or site file."""
    first, *others = re.split(r"(?m)^--- (\S+)\n", example)
    name = "planrunner.yaml" if entry.laid is Laid.SITE else "plan.yaml"
    return {name: whole(entry.laid, first), **dict(zip(others[::2], others[1::2], strict=True))}


def whole(laid: Laid, text: str) -> str:
    match laid:
        case Laid.ORDER:
            return plan(f"orders:\n{item(text, has_ending='fill_or_kill' in text or 'expires_' in text)}")
        case Laid.STEPS:
            return plan("orders:\n" + item("fallback:\n" + indented(text, 2), has_ending=False))
        case Laid.PLAN if "tickets:" in text:
            return plan(text)
        case Laid.PLAN:
            left_out = {"event", "market"} if "for_each_market" in text else set()
            return plan(re.sub(r"(?m)^  - (?:(?!^  - |^\S).*\n)+", lambda found: filled(found[0], left_out), text))
        case _:
            return text


def plan(given: str) -> str:
    """With the parts that every plan has; keys of one line stand after them, as they do in plans people write."""
    keys = set(re.findall(r"(?m)^(\w+):", given))
    if "blueprint" in keys or "use_blueprint" in keys:
        return SECTIONS["planrunner"] + given
    head = "".join(text for key, text in SECTIONS.items() if key not in keys)
    return head + ("" if {"orders", "tickets"} & keys else "orders:\n" + item("", has_ending=False)) + given


def filled(order: str, left_out: set[str]) -> str:
    """An order of a list, with all that it leaves out but its ending."""
    return item(re.sub("(?m)^    ", "", order.replace("  - ", "    ", 1)), has_ending=True, left_out=left_out)


def item(keys: str, *, has_ending: bool, left_out: set[str] = frozenset()) -> str:
    given = set(re.findall(r"(?m)(?:^ ?|\r)(\w+):", keys))
    if "venue: abp" in keys:  # which knows no names
        left_out = left_out | {"event", "market", "selection"}
    rest = [
        f"{key}: {value}\n"
        for key, value in USUAL.items()
        if key not in given | left_out and not given & set(SAID_BY.get(key, ()))
    ]
    body = "".join(rest) + ("" if has_ending else "expires_after: 5m\n") + keys
    return "  - " + indented(body, 4).lstrip()


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def problems(entry: Entry, example: str, encoding: str = "utf-8") -> list[Problem]:
    found = files(entry, example)

    def read(name: str) -> bytes:
        if Path(name).name not in found:
            raise WrongUse(f"{name}: there is no such file")
        return found[Path(name).name].encode(encoding)

    site = SITE
    if "planrunner.yaml" in found:
        checked = pipeline.read_site("planrunner.yaml", read, schema=resources.schema("site"), profiles=PROFILES)
        if checked.site is None or "plan.yaml" not in found:
            return list(checked.problems)
        site = checked.site
    return list(pipeline.check("plan.yaml", read, schema=resources.schema("plan"), site=site, profiles=PROFILES).problems)


def test_every_code_is_explained():
    assert sorted(CODES.keys() - ENTRIES.keys()) == []
    assert sorted(ENTRIES.keys() - CODES.keys()) == []


def test_the_wrong_example_has_its_code_alone_and_the_right_one_no_problem():
    of_each(sorted(ENTRIES.keys() - AT_THE_VENUE), is_explained)


def is_explained(code):
    entry = ENTRIES[code]
    wrong, encoding = entry.wrong, "utf-8"
    if code == "PR101":
        encoding = "cp1252"  # as it says
    if code == "PR102":
        wrong *= LARGEST // len(wrong)  # and so on
    assert {one.code for one in problems(entry, wrong, encoding)} == {code}
    assert [one.message for one in problems(entry, entry.right)] == []


@pytest.mark.parametrize("code", sorted(AT_THE_VENUE))
def test_what_only_a_venue_knows(code, tmp_path, capsys):
    for example, exit_code in ((ENTRIES[code].wrong, 1), (ENTRIES[code].right, 0)):
        for name, text in files(ENTRIES[code], example).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        ended = run(["run", str(tmp_path / "plan.yaml")])
        assert (ended == 1) == (exit_code == 1)
        assert (code in capsys.readouterr().err) == (exit_code == 1)


def test_an_explanation_is_one_paragraph_of_whole_sentences():
    for code, entry in ENTRIES.items():
        assert re.fullmatch(r"[^\n]+[.!]", entry.why), code
        assert entry.why[0].isupper() or entry.why[0] in "`$" or entry.why.startswith("planrunner"), code
        assert entry.wrong != entry.right, code
        assert entry.wrong.endswith("\n"), code
        assert entry.right.endswith("\n"), code
