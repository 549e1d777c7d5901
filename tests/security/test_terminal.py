"""Nothing that others wrote moves a terminal: every verb is run at one, and what it got is searched for all a terminal obeys."""

from __future__ import annotations

import ast
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from planrunner.model.shown import SIGN, escaped, harmless
from tests.app.terminal import PROMPT
from tests.crash.kill import served
from tests.plan.checking import PLAN
from tests.plan.test_expand import BLUEPRINT
from tests.plan.test_table import HEAD, ROW
from tests.plan.test_table import PLAN as PICKS
from tests.security.test_redaction import between
from tests.trouble.support import world

ROOT = Path(__file__).parents[2]
# Clear, hide, a title, a link, an answer typed for us, the one-byte forms, a bell, a line written over, turned and hidden text.
EVIL = "\x1b[2J\x1b[8mhid\x1b]0;title\x07\x1b]8;;http://x\x1b\\\x1b[6n\x9b31m\x07\rover\x08\u202egnp\u2066\u200e\u200b\u061c\U000e0041"
OURS = re.compile(r"\x1b\[(?:0|1|2|3[0-7])m")
OBEYED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def obeyed(shown: str) -> list[str]:
    """What is left of a text that a terminal, or whoever reads it, would be moved by."""
    plain = OURS.sub("", shown.replace("\r\n", "\n")).replace("\n", "")
    return [f"{plain[max(0, at - 20) : at + 20]!a}" for at, one in enumerate(plain) if unicodedata.category(one) in OBEYED]


EACH = """\
import json, sys
from planrunner.cli.main import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit:
        sys.stdout.write("\\n== next ==\\n")
        sys.stdout.flush()
"""


def at_a_terminal(folder: Path, *calls: Sequence[str], typed: Sequence[str] = ()) -> list[str]:
    """What each call shows, both streams. One process calls the command for all of them, as its console script would."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-c", EACH, json.dumps(calls)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environment)
    os.close(theirs)
    waiting, shown = list(typed), b""
    try:
        while part := os.read(ours, 65536):
            shown += part
            if waiting and shown.endswith(PROMPT):
                os.write(ours, waiting.pop(0).encode() + b"\n")
    except OSError:  # the terminal's other end is closed: the program has ended
        pass
    finally:
        os.close(ours)
        process.wait(60)
    *each, rest = shown.decode().split("\r\n== next ==\r\n")
    assert (len(each), rest) == (len(calls), "")
    assert "Traceback" not in shown.decode()
    return each


def quoted(text: str) -> str:
    """In a plan's double quotes, with the escapes that YAML has for such signs."""
    return '"' + "".join(_in_yaml(one) for one in text) + '"'


def _in_yaml(letter: str) -> str:
    return letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else f"\\U{ord(letter):08X}"


def hostile(folder: Path) -> dict[str, list[str]]:
    """A folder of a stranger, and every way to look at it."""
    name = f"{EVIL.replace('/', '')}.yaml"
    (folder / name).write_text(PLAN, encoding="utf-8")
    (folder / "line\nplan.yaml: valid").write_text(PLAN)
    (folder / "raw.yaml").write_bytes(PLAN.replace("Arsenal", f"Arsenal{EVIL}").encode())
    (folder / "escaped.yaml").write_text(PLAN.replace("selection: Arsenal", f"selection: {quoted(EVIL)}"))
    (folder / "key.yaml").write_text(PLAN.replace("    side: back", f"    side: back\n    {quoted(EVIL)}: x"))
    (folder / "title.yaml").write_text(PLAN.replace("Back Arsenal, chase", quoted(EVIL), 1))
    (folder / "alert.yaml").write_text(PLAN.replace("The market is suspended", quoted(EVIL)))
    (folder / "template.yaml").write_text(
        PLAN.replace("25.00 GBP\n    expires", "${'" + EVIL + "'}\n    expires"), encoding="utf-8"
    )
    (folder / "picks.yaml").write_text(PICKS)
    (folder / "picks.csv").write_text(HEAD + ROW.replace("Arsenal", EVIL.replace("\r", "")), encoding="utf-8")
    (folder / "bare.yaml").write_text("planrunner: 1\n" + EVIL, encoding="utf-8")
    (folder / "plan.yaml").write_text(PLAN)
    (folder / "untidy").mkdir()
    (folder / "untidy" / name).write_text(PLAN.replace("planrunner: 1", "planrunner:  1"), encoding="utf-8")
    (folder / "world.yaml").write_text(f"scenario: x\nfixtures:\n  - event: {quoted(EVIL)}\n", encoding="utf-8")
    (folder / "recorded").write_bytes(b'{"op":"' + EVIL.encode() + b'"}\n')
    (folder / "ask.yaml").write_text(BLUEPRINT.replace("    type: text\n", "    type: text\n    about: x\n", 1))
    plans = ["raw.yaml", "escaped.yaml", "key.yaml", "title.yaml", "alert.yaml", "template.yaml", "picks.yaml", "bare.yaml"]
    return {
        "check files": ["check", *plans, name],
        "check a folder": ["check", "."],
        "check for programs": ["check", "--json", *plans, name],
        "check a file whose name has two lines": ["check", "line\nplan.yaml: valid", "nowhere\nplan.yaml: valid"],
        "explain": ["explain", "title.yaml"],
        "explain a name": ["explain", name],
        "fmt": ["fmt", "--diff", name, "raw.yaml", "untidy"],
        "fmt writes": ["fmt", "untidy"],
        "a verb that is none": [EVIL],
        "an option that is none": ["check", f"--{EVIL}"],
        "a file that is none": ["run", f"no{name}"],
        "a case that is none": ["run", "plan.yaml", "--case", EVIL],
        "a value": ["check", "plan.yaml", "--set", f"stake={EVIL}"],
        "a value that is none": ["check", "plan.yaml", "--set", EVIL],
        "a code that is none": ["explain", f"PR{EVIL}"],
        "run": ["run", name],
        "run, with a world": ["run", "plan.yaml", "--scenario", "world.yaml"],
        "run, with a recording": ["run", "plan.yaml", "--market-data", "recorded"],
        "report of nothing": ["report", EVIL],
        "report": ["report", name],
        "a blueprint that is none": ["new", "x.yaml", "--from", EVIL],
        "stop": ["stop", "--plan", name, "--because", EVIL],
        "stop a name": ["stop", "--account", EVIL, "--because", EVIL],
        "stop all": ["stop", "--because", EVIL],
        "a run under a stop": ["run", "plan.yaml", "--sandbox", "http://127.0.0.1:9"],
        "status": ["status"],
        "status for programs": ["status", "--json"],
        "runs": ["runs"],
        "release": ["release", "--because", EVIL],
        "release a name": ["release", "--account", EVIL, "--because", EVIL],
        "audit": ["audit", EVIL, "--venue-log", "recorded"],
        "a site file": ["check", "plan.yaml", "--site", name],
    }


def test_no_verb_passes_on_what_a_terminal_obeys(tmp_path: Path) -> None:
    calls = hostile(tmp_path)
    for called, shown in zip(calls, at_a_terminal(tmp_path, *calls.values()), strict=True):
        assert shown.strip(), called
        assert obeyed(shown) == [], called
    for path in (tmp_path / "runs").rglob("report.*"):
        assert obeyed(path.read_text(encoding="utf-8")) == [], path


def test_the_question_of_a_blueprint_is_only_a_question(tmp_path: Path) -> None:
    """Its words are a stranger's, and its default may look like another one than it is."""
    (tmp_path / "ask.yaml").write_text(BLUEPRINT.replace("    type: text\n", f"    type: text\n    ask: {quoted(EVIL)}\n", 1))
    [shown] = at_a_terminal(tmp_path, ["new", "x.yaml", "--from", "ask.yaml"], typed=["Arsenal", "3.10"] + [""] * 8)
    assert obeyed(shown) == []


BY_ID = """\
planrunner: 1
plan: By the venue's own numbers
limits:
  max_loss: 30.00 GBP
orders:
  - name: reds
    venue: betfair
    market_id: {market}
    selection: Reds0
    side: back
    odds: 3.05
    stake: 10.00 GBP
    expires_after: 1s
"""


def _everything_it_says(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    """Names, and the words of a refusal."""
    if operation == "placeOrders":
        for leg in answer["result"]["instructionReports"]:
            leg.update({"status": "FAILURE", "errorCode": EVIL, "betId": EVIL})
        return answer
    text = json.dumps(answer)
    for name in ("name", "marketName", "runnerName", "countryCode", "venue"):
        text = re.sub(rf'"{name}": "(?!Reds0")[^"]*', lambda found: found[0] + json.dumps(EVIL)[1:-1], text)
    return json.loads(text) if operation.startswith("list") else None


def _only_errors(operation: str, heard: str, answer: dict[str, Any]) -> object | None:
    """Of every kind."""
    if operation == "login":
        return {"status": EVIL, "error": EVIL}
    return {"error": {"data": {"APINGException": {"errorCode": EVIL}}}}


def test_neither_progress_nor_report_passes_on_what_a_venue_says(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text(world())
    with served(tmp_path / "scenario.yaml") as slot:
        fixture = next(one for one in json.loads(slot.call("fixtures")) if one["event"] == "Reds0 v Blues0")
        (tmp_path / "plan.yaml").write_text(BY_ID.format(market=fixture["market_id"]))
        with between(slot.url, [], _everything_it_says) as url:
            calls = (["run", "plan.yaml", "--sandbox", url], ["report", "--json"], ["report", "--html", "-"])
            shown = at_a_terminal(tmp_path, *calls)
        assert f"hid{SIGN}]0;title" in shown[0], "the venue's words were to be shown, and weren't"
        assert [obeyed(one) for one in shown] == [[], [], []]
        with between(slot.url, [], _only_errors) as url:
            [refused] = at_a_terminal(tmp_path, ["run", "plan.yaml", "--sandbox", url, "--state", "other"])
        assert obeyed(refused) == []
    files = [*(tmp_path / "runs").rglob("report.*")]
    assert {path.suffix for path in files} == {".json", ".html"}
    for path in files:
        assert obeyed(path.read_text(encoding="utf-8")) == [], path
    document = json.loads(next(path for path in files if path.suffix == ".json").read_text(encoding="utf-8"))
    assert any(EVIL in text for text in texts_of(document)), "a program reads what was there"


def texts_of(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict() | list():
            for one in value.values() if isinstance(value, dict) else value:
                yield from texts_of(one)
        case _:
            pass


# The rule itself


NAMES = (
    "Arsenal", "Bayern München", "Beşiktaş", "Зенит", "Al-Hilal الهلال", "日本", "👨\u200d👩\u200d👧", "می\u200cخواهم", "Å",
)  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names_of_every_alphabet_are_shown_as_they_are(text: str) -> None:
    assert harmless(text) == text
    assert escaped(json.dumps(text)) == json.dumps(text)


def test_every_sign_there_is() -> None:
    every = [chr(one) for one in (*range(0x20000), *range(0xE0000, 0xE1000), 0xF0000, 0x10FFFD, 0x10FFFF)]
    shown = [one for one in every if harmless(f"a{one}b") == f"a{one}b"]
    assert {unicodedata.category(one) for one in shown}.isdisjoint(OBEYED)
    assert not {"\t", "\xa0", "\u3000", "\u3164", "\u2800", "\u115f"} & {*shown}


def test_marks_do_not_pile_up_over_other_lines() -> None:
    assert harmless("e" + "\u0301" * 500) == "e" + "\u0301" * 4 + SIGN
    assert harmless("Việt Nam e\u0323\u0302") == "Việt Nam e\u0323\u0302"


def test_json_says_the_same_and_is_harmless() -> None:
    document = {EVIL: [EVIL, "plain"]}
    text = escaped(json.dumps(document, ensure_ascii=False))
    assert json.loads(text) == document
    assert obeyed(text) == []


def test_there_is_one_place_that_prints() -> None:
    """Whoever prints elsewhere must show that nothing of others is in it; so far nobody has to."""
    printing = []
    for path in (ROOT / "planrunner").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if re.fullmatch(r"print|click\.(s?echo|prompt|confirm|style)|.*\bstd(out|err)\.(buffer\.)?write|.*\bConsole", called):
                printing.append(f"{path.relative_to(ROOT)}: {called}")
    assert sorted({one for one in printing if not one.startswith("planrunner/cli/output.py: ")}) == [
        "planrunner/cli/fmt.py: sys.stdout.buffer.write"  # the file itself, to a program
    ]
