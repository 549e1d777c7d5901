"""The reviewer's page and its Markdown: all that matters is on them, whoever chose the names in a plan."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from planrunner.app.preview import Asked, preview_plans
from planrunner.review.markdown import bold, code, row, text
from planrunner.review.page import as_html, totals
from planrunner.review.page_markdown import as_markdown
from planrunner.review.preview import Preview, bound
from planrunner.review.preview_text import preview_paragraphs
from tests.plan.checking import PLAN, changed
from tests.plans.rehearsing import PLANS, ROOT

SINCE = datetime(2027, 3, 25, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script>"\'><img src=x onerror=alert(1)> </title></style>'
MARKING = (
    "[click](https://evil.example) ![x](https://evil.example/x.png) `code` **bold** _it_ @everyone #1 https://evil.example "
    "www.evil.example | a | b &lt; $x$"
)
TERMINAL = "\x1b[2J\x1b]0;owned\x07\u202egnihton"


def previewed(*named: str, rehearse: bool = False) -> tuple[Preview, ...]:
    return preview_plans(Asked(named=named, since=SINCE, rehearse=rehearse, cases=("usual",)), read_stdin=bytes).previews


def shipped(*names: str) -> tuple[Preview, ...]:
    return previewed(*(str(ROOT / "plans" / f"{name}.yaml") for name in names))


@pytest.fixture(scope="module")
def every() -> tuple[Preview, ...]:
    return shipped(*PLANS)


class Tags(HTMLParser):
    """Every tag with its attributes, and the words between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """With single spaces; what tags stand between is apart."""
        return " ".join(" ".join(self.words).split())

    @property
    def words_alone(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture
def hostile(tmp_path: Path) -> Preview:
    """Names that want to be more than names, in each place where a plan has one."""
    quoted, marking = (name.replace('"', '\\"') for name in (HOSTILE, MARKING))
    text = changed(
        ("plan: Back Arsenal, chase down to 2.90", f'plan: "{quoted}"'),
        ("event: Arsenal v Chelsea", f'event: "{quoted}"'),
        ("market: Match Odds", f'market: "{marking}"'),
        ("selection: Arsenal", f'selection: "{quoted}"'),
        ("alert: The market is suspended", f'alert: "{marking}"'),
        plan=PLAN,
    )
    file = tmp_path / "plan.yaml"
    file.write_text(text, encoding="utf-8")
    (preview,) = previewed(str(file))
    return preview


def test_names_from_plans_are_escaped_on_the_page(hostile):
    page = as_html([hostile], changes={hostile.file: [HOSTILE]}, notes=[HOSTILE + TERMINAL + "{{ 7 * 7 }}"])
    tags = Tags(page)
    assert not {tag for tag, _ in tags.found} & {"script", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert "{{ 7 * 7 }}" in tags.text
    assert tags.text.count("<script>alert") >= 6  # said, wherever it is a name
    assert not {"\x1b", "\x07", "\u202e"} & set(page)


def test_the_page_asks_nothing_of_anybody(every):
    page = as_html(every)
    tags = Tags(page)
    assert "default-src 'none'" in page
    links = [value for _, given in tags.found for name, value in given.items() if name in ("href", "src", "action", "xlink:href")]
    assert [one for one in links if not (one or "").startswith(("#", "data:,"))] == []
    assert not [name for _, given in tags.found for name in given if name.startswith("on")]
    assert not re.search(r"url\(|@import", page)


def test_ids_are_unique_and_every_reference_has_its_element(every):
    tags = Tags(as_html(every))
    ids = [given["id"] for _, given in tags.found if "id" in given]
    assert len(ids) == len(set(ids))
    wanted = {one for _, given in tags.found for one in (given.get("aria-labelledby") or "").split()}
    wanted |= {(given.get("href") or "")[1:] for tag, given in tags.found if tag == "a"}
    assert wanted <= set(ids)


def test_all_that_is_told_is_on_the_page_and_in_its_markdown(every):
    """Every sentence, every rung and every sum; only the rows of long tables are cut in Markdown."""
    page = Tags(as_html(every)).text
    plain = re.sub(r"\s+", " ", rendered(as_markdown(every)))
    for preview in every:
        told = preview.told
        for sentence in (*told.summary, *told.remarks, told.binding, *preview.unresolved, *preview.unknown, *preview.occurrences):
            assert bare(sentence) in bare(page)
            assert bare(sentence) in bare(plain)
        for order in (*told.orders, *told.tickets):
            assert order.name in page
            assert bare(order.brief if order.table else order.bet) in bare(page) or bare(order.bet) in bare(page)
        assert str(told.loss.total) in page
        assert bound(preview) in page
        assert bound(preview) in plain


def bare(sentence: str) -> str:
    return re.sub(r"[`\s]", "", sentence)


def rendered(markdown: str) -> str:
    """As whoever shows it shows it: the words alone."""
    return Tags(MarkdownIt("gfm-like", {"linkify": False}).render(markdown)).text


MARKUP = MarkdownIt("commonmark").enable(["table", "strikethrough"])


SAID = (
    HOSTILE, MARKING, "1. one", "1) one", "- one", "+ one", "# one", "> one", "---", "===", "a\n\n# b", "\\", "`", "``", "a|b",
    "~~a~~", "&copy;", "<!-- a -->", "[a]: https://evil.example", "  four", "**a**", "<https://evil.example>",
)  # fmt: skip


@pytest.mark.parametrize("said", SAID)
def test_names_are_text_in_markdown_and_no_more(said):
    plain = " ".join(said.split())
    for shown, around in ((text(said), {"p"}), (code(said), {"p", "code"}), (f"**{text(said)}**", {"p", "strong"})):
        tags = Tags(MARKUP.render(shown))
        assert tags.words_alone == plain
        assert {tag for tag, _ in tags.found} <= around
    table = Tags(MARKUP.render(f"{row('a', 'b')}\n|---|---|\n{row(said, said)}\n"))
    assert [tag for tag, _ in table.found].count("td") == 2
    assert table.words_alone == f"a b {plain} {plain}"


def test_nobody_is_mentioned_and_nothing_becomes_a_link_by_itself(hostile):
    """Sites that show Markdown look for these in what they have read."""
    markdown = as_markdown([hostile], changes={hostile.file: [MARKING]}, notes=[MARKING])
    assert not re.search(r"@\w|(?<!\\)#\d|\\#\d|https?://|www\.", markdown.replace(code(hostile.file), ""))
    tags = Tags(MarkdownIt("gfm-like", {"linkify": False}).render(markdown))
    assert not {tag for tag, _ in tags.found} & {"a", "img", "script", "em", "del"}
    assert bold(" ") == ""


def test_no_text_for_the_terminal_can_move_its_cursor():
    (preview,) = shipped("chase")
    spoilt = replace(
        preview, file=TERMINAL, told=replace(preview.told, plan=TERMINAL), unknown=(TERMINAL,), unresolved=(TERMINAL,)
    )
    told = "\n".join(line for one in preview_paragraphs(spoilt, everything=True) for line in one.lines(100))
    for shown in (told, as_html([spoilt]), as_markdown([spoilt])):
        assert "owned" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_losses_of_two_currencies_never_meet(tmp_path):
    file = tmp_path / "euros.yaml"
    file.write_text(PLAN.replace("GBP", "EUR"), encoding="utf-8")
    (tmp_path / "planrunner.yaml").write_text(
        "planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    currency: EUR\n", encoding="utf-8"
    )
    both = (*previewed(str(file)), *shipped("chase", "by-itself/weekday-morning"))
    assert [(str(one.once), str(one.in_all)) for one in totals(both)] == [("25.00 EUR", "None"), ("28.00 GBP", "140.00 GBP")]
    assert totals(previewed(str(file)))[0].in_all is None, "all are run by hand, and nobody knows how often"
    for page in (Tags(as_html(both)).text, as_markdown(both)):
        assert "3 plans; run once each, they can lose at most 25.00 EUR and 28.00 GBP" in page
        assert "None" not in page


def test_what_changed_is_told_with_its_plan_alone():
    chase, other = shipped("chase", "hedge")
    for page in (
        Tags(as_html([chase, other], changes={chase.file: ["arsenal: stake 10.00 -> 20.00 GBP"], other.file: []})).text,
        rendered(as_markdown([chase, other], changes={chase.file: ["arsenal: stake 10.00 -> 20.00 GBP"], other.file: []})),
    ):
        assert page.count("arsenal: stake 10.00 -> 20.00 GBP") == 1
        assert page.count("Nothing that the plan means.") == 1
        assert page.index("10.00 -> 20.00") < page.index("Nothing that the plan means.")
    assert "What changed" not in as_html([chase])


def test_on_a_phone_each_figure_says_what_it_is(every):
    """There the heads of the columns are not shown, and a row is a card."""
    rehearsed = previewed(str(ROOT / "plans" / "chase.yaml"), rehearse=True)
    page = as_html((*every[:2], *rehearsed), changes={every[0].file: ["stake 10.00 -> 20.00 GBP"]})
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)', page)
    said = re.findall(r'data-is="([^"]*)"', page)
    assert set(heads) - set(said) == {"Plan", "What happens", "What came of it"}  # names and sentences say it themselves
    assert said.count("Worst loss of a run") == 3


@pytest.mark.parametrize("made", [as_html, as_markdown])
def test_equal_previews_make_equal_pages_and_none_makes_one_that_says_so(made):
    assert made(shipped("chase")) == made(shipped("chase"))
    assert "No plan to review" in made([])
