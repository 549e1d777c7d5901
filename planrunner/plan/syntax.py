"""Lines that YAML can't read, explained by what people mostly meant, and mended so that reading can go on.

Only what a person would see at a glance is mended: a missing colon, space, quote or bracket, a line that is a step out of its
column. The plan is refused all the same; but the author learns of everything else in the same pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import yaml

from planrunner.model.names import nearest
from planrunner.plan import mend
from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Span
from planrunner.plan.problems import Problem, quoted
from planrunner.plan.words import KEYS as OF_ORDERS
from planrunner.plan.words import OF_TICKETS

# Keys under which a list stands, and keys whose value is odds.
KEYS = OF_ORDERS | OF_TICKETS
LISTS = frozenset({
    "orders", "fallback", "meetings", "choices", "for_each", "tickets", "bets", "legs", "runners", "first", "second", "third",
    "reserves", "bookmakers",
})  # fmt: skip
_HAVE_LINES_BELOW = frozenset({
    "orders", "tickets", "bets", "legs", "fallback", "limits", "only_if", "with", "inputs", "for_each_market", "settings",
})  # fmt: skip
ODDS = frozenset({"odds", "no_worse_than", "odds_at_least", "odds_at_most"})
_OF_THE_FILE = frozenset({
    "planrunner", "plan", "blueprint", "about", "inputs", "limits", "for_each", "for_each_market", "orders", "tickets",
    "time_zone", "use_blueprint", "with", "planrunner_site", "accounts", "policy", "calendars", "sport", "country", "meetings",
})  # fmt: skip
_KEY = re.compile(r"^(\s*(?:- +)*)([^\s:#'\"\[{&*!|>%@`-][^:#]*?)\s*:(?:\s+(.*))?$")
_ITEM = re.compile(r"^(\s*(?:- +)+)(\S.*)$")
_LIST_SIGN = re.compile(r"^(\s*)(\*|\u2022|\u00b7|\u2013|\u2014|\u2212|\u25cf|[0-9]{1,2}[.)]|-)(\s*)(?=[A-Za-z_]+ *:( |$))")
_OTHER_COMMENT = re.compile(r"^\s*(//|--|/\*|;|<!--|rem |\()", re.IGNORECASE)
_FOREIGN = re.compile(r"\$?\{\{([^{}%]+)\}\}")
_PLACEHOLDER = re.compile(
    r"[#%]?\{\s*([A-Za-z_]\w*)\s*\}|\$([A-Za-z_]\w*)|\$\(\s*([A-Za-z_]\w*)\s*\)|%([A-Za-z_]\w*)%|\$ \{\s*([A-Za-z_]\w*)\s*\}"
)
_CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019\u00ab\u00bb"
_COLONS = "\uff1a\u2236\ua789"


_LONGEST = 5000  # letters of a line that is explained; nobody writes longer ones by hand


class Row(NamedTuple):
    """A line as it is read: where the author wrote it, how far to the right, and whether its values can be judged."""

    text: str
    line: int
    shift: int = 0
    is_silent: bool = False


class Mistake(NamedTuple):
    """What is told, and the rows as they were most likely meant: from `first`, `length` rows are replaced. None: nobody knows."""

    problem: Problem
    first: int = 0
    length: int = 0
    rows: Sequence[Row] | None = None
    habit: str = ""  # what is wrong in one way in many places is told once


class ForeignTemplate(yaml.YAMLError):
    """`{{ stake }}`: to YAML a map with a map for a key, to people the braces of another tool."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        self.row = row
        self.column = column


def explain(error: yaml.YAMLError, rows: Sequence[Row]) -> Mistake:
    """What the author most likely meant where the text can't be read."""
    if isinstance(error, ForeignTemplate):
        return _foreign(error, rows)
    mark = getattr(error, "problem_mark", None)
    start = getattr(error, "context_mark", None)
    words = str(getattr(error, "problem", "") or "").lower()
    context = str(getattr(error, "context", "") or "").lower()
    if any(len(row.text) > _LONGEST for row in rows):
        at = rows[min(mark.line, len(rows) - 1)].line if mark is not None else 1
        text = "planrunner can't read the file from here on, and it has lines of thousands of letters; break them up."
        return Mistake(say.unreadable(Span(at, 1), text))
    if (first := next((number for number, row in enumerate(rows) if row.text.startswith("<<<<<<<")), None)) is not None:
        return _two_versions(_Place(first, 0, rows))
    if mark is None:
        return Mistake(say.unreadable(say.TOP, "planrunner can't read this file as YAML."))
    here = _Place(min(mark.line, len(rows) - 1), mark.column, rows)
    began = _Place(start.line, start.column, rows) if start is not None and start.line < len(rows) else here
    return _explain(words, context, here, began)


class _Place:
    """A place in the rows."""

    __slots__ = ("column", "index", "rows", "text")

    def __init__(self, index: int, column: int, rows: Sequence[Row]) -> None:
        self.index = index
        self.column = min(column, len(rows[index].text))
        self.rows = rows
        self.text = rows[index].text

    def span(self, start: int, width: int = 1) -> Span:
        """A stretch of the row, where the author wrote it."""
        row = self.rows[self.index]
        return Span(row.line, max(1, start + 1 + row.shift), max(1, width))

    @property
    def whole(self) -> Span:
        return self.span(_indent(self.text), len(self.text.strip()))

    @property
    def above(self) -> _Place | None:
        """The line with something on it before this one."""
        for index in range(self.index - 1, -1, -1):
            text = self.rows[index].text.strip()
            if text and not text.startswith("#"):
                return _Place(index, 0, self.rows)
        return None

    def mistake(self, problem: Problem, *texts: str, shift: int = 0, is_silent: bool = True) -> Mistake:
        """This row is to be read as these."""
        row = self.rows[self.index]
        return Mistake(problem, self.index, 1, [Row(text, row.line, row.shift + shift, is_silent) for text in texts])


def _explain(words: str, context: str, here: _Place, began: _Place) -> Mistake:
    if (found := _open_quote(here)) is not None:
        return found
    if "escape" in words or "expected escape" in words:
        return _backslash(here)
    if "quoted scalar" in context:
        return Mistake(say.unreadable(began.span(began.column), "this quote is never closed; close it on the same line."))
    if "flow" in context:
        return _bracket(began)
    if "mapping values are not allowed" in words:
        return _colon(here)
    if "could not find expected ':'" in words:
        return _no_colon(began)
    if "sequence entries are not allowed" in words:
        return _dash_in_line(here)
    if "cannot start any token" in words or any(
        part in context for part in ("alias", "anchor", "tag", "directive", "block scalar")
    ):
        return _sign(began if began.index == here.index else here)
    return _misplaced(here)


# One line


def _value(place: _Place) -> tuple[str, int, str] | None:
    """The key (empty for an item), where its value begins, and the value without a comment."""
    if key := _KEY.match(place.text):
        return (key[2], key.start(3), _without_comment(key[3])) if key[3] else None
    if item := _ITEM.match(place.text):
        return "", item.start(2), _without_comment(item[2])
    return None


def _without_comment(text: str) -> str:
    return re.split(r"\s#", text)[0].rstrip()


def in_quotes(text: str) -> str:
    """Quoted so that YAML reads exactly this."""
    return '"' + text + '"' if '"' not in text and "\\" not in text else "'" + text.replace("'", "''") + "'"


def _quote(place: _Place, start: int, value: str, text: str) -> Mistake:
    """The value, quoted."""
    plain = value.strip(_CURLY + " ") if value[0] in _CURLY or value[-1] in _CURLY else value
    fixed = in_quotes(plain)
    problem = say.unreadable(place.span(start, len(value)), text, did_you_mean=fixed)
    return place.mistake(problem, place.text[:start] + fixed)


def _foreign(error: ForeignTemplate, rows: Sequence[Row]) -> Mistake:
    place = _Place(error.row, error.column, rows)
    value = _without_comment(place.text[error.column :])
    if (fixed := placeholder(value)) is not None:
        problem = say.foreign_template(place.span(error.column, len(value)), value, fixed)
        return place.mistake(problem, place.text[: error.column] + in_quotes("x"))
    if not _FOREIGN.search(value):
        problem = say.foreign_statement(place.span(error.column, len(value)))
        return place.mistake(problem, place.text[: error.column] + in_quotes(value))
    fixed = ours(value)
    if ": " in fixed or " #" in fixed:
        fixed = in_quotes(fixed)
    problem = say.foreign_template(place.span(error.column, len(value)), value, fixed)
    return place.mistake(problem, place.text[: error.column] + in_quotes("x"))


def ours(text: str) -> str:
    """`{{ stake }}` as planrunner writes it."""
    return _FOREIGN.sub(lambda found: f"${{{found[1].strip('- ')}}}", text)


def placeholder(text: str) -> str | None:
    """`{stake}`, `$stake`, `$(stake)`, `%stake%`, `#{stake}`, `$ {stake}`: a value that other tools would fill in, as ours."""
    found = _PLACEHOLDER.fullmatch(text)
    return f"${{{next(filter(None, found.groups()))}}}" if found else None


def _open_quote(here: _Place) -> Mistake | None:
    """The first line up to here that opens a quote and does not close it, or closes it too early."""
    for index in range(here.index + 1):
        place = _Place(index, 0, here.rows)
        value = _value(place)
        if value is None or value[2][:1] not in ('"', "'"):
            continue
        _, start, text = value
        sign, inner = text[0], text[1:]
        rest = inner.replace("''", "") if sign == "'" else re.sub(r"\\.", "", inner)
        if sign not in rest:
            problem = say.unreadable(
                place.span(start, len(text)), "this quote is never closed; close it on the same line.", did_you_mean=text + sign
            )
            return place.mistake(problem, place.text[:start] + text + sign)
        if index == here.index and rest.split(sign, 1)[1].strip():
            return _early_quote(place, start, text)
    return None


def _early_quote(place: _Place, start: int, text: str) -> Mistake:
    """`"Arsenal" FC`, `'O'Brien'`, `""Arsenal""`."""
    sign = text[0]
    if word := re.fullmatch(rf"{sign}([^\"']*){sign}(\s[^\"']*)", text):
        fixed = f'"{word[1]}{word[2]}"'
        words = "the quote that opens here closes before the end of the value; put quotes around all of it, or around nothing."
        return place.mistake(say.unreadable(place.span(start, len(text)), words, did_you_mean=fixed), place.text[:start] + fixed)
    plain = text.strip(sign) if text.endswith(sign) else text
    other = '"' if "'" in plain and '"' not in plain else "'" if '"' in plain else '"'
    fixed = other + (plain.replace("'", "''") if other == "'" else plain) + other
    words = "the quote that opens here closes before the end of the value; put quotes of the other kind around all of it."
    return place.mistake(say.unreadable(place.span(start, len(text)), words, did_you_mean=fixed), place.text[:start] + fixed)


def _backslash(here: _Place) -> Mistake:
    text = "`\\` has a meaning of its own between double quotes; use single quotes."
    value = _value(here)
    if value is None or not value[2].startswith('"') or not value[2].endswith('"'):
        return Mistake(say.unreadable(here.span(here.column), text))
    fixed = "'" + value[2][1:-1].replace("'", "''") + "'"
    problem = say.unreadable(here.span(value[1], len(value[2])), text, did_you_mean=fixed)
    return here.mistake(problem, here.text[: value[1]] + fixed)


def _bracket(began: _Place) -> Mistake:
    start, value = began.column, _without_comment(began.text[began.column :])
    at = began.span(start, len(value))
    if "{{" in value or value.startswith("{%"):
        return _foreign(ForeignTemplate(began.index, start), began.rows)
    key = _KEY.match(began.text)
    if key is not None and key[2] not in LISTS and start == key.start(3) and "${" not in value and value.startswith("["):
        plain = value.strip("[], ")
        problem = say.unreadable(at, f"`[` begins a list, and `{key[2]}` takes one value.", did_you_mean=plain or None)
        return began.mistake(problem, began.text[:start] + in_quotes(plain))
    if value.startswith("{"):
        return Mistake(say.unreadable(at, "plans don't use braces, and these are never closed; write each key on its own line."))
    if value.endswith("]") and "${" in value:
        fixed = re.sub(r"(?<![\"'])\$\{[^}]*\}(?![\"'])", lambda found: in_quotes(found[0]), value)
        text = "in a list between brackets a template needs quotes."
    elif value.endswith("]"):
        fixed = "[" + ", ".join(re.findall(r"\"[^\"]*\"|'[^']*'|[^\s,\[\]]+", value)) + "]"
        text = "planrunner can't read this list; put commas between its items."
    else:
        fixed = value.rstrip(",") + "]"
        text = "this list is never closed; close it with `]` and put commas between its items."
    if fixed == value:
        return Mistake(say.unreadable(at, text))
    return began.mistake(say.unreadable(at, text, did_you_mean=fixed), began.text[:start] + fixed)


def _colon(here: _Place) -> Mistake:
    value = _value(here)
    if value is None or here.column <= value[1]:
        unlike = _no_key_above(here)
        return _no_colon(unlike) if unlike is not None else _out_of_column(here)
    key, start, text = value
    if here.text[:start].rstrip().endswith(":") and (second := _second_key(here, start, text)):
        return second
    if "${" in text and here.column > here.text.find("${"):
        return _quote(here, start, text, "a template with `: ` in it needs quotes, and so does a text with one.")
    return _quote(here, start, text, f"the value of {quoted(key)} holds a `:`, so it needs quotes.")


def _no_key_above(here: _Place) -> _Place | None:
    """The first of the lines right above that are neither keys nor items: YAML has read them as one text."""
    found, above = None, here.above
    while above is not None and not _KEY.match(above.text) and not _is_item(above.text):
        found, above = above, above.above
    return found


def _second_key(here: _Place, start: int, text: str) -> Mistake | None:
    """`side: back, odds: 3.10`: two keys on one line."""
    found = re.search(r"(?:^|[\s,;]+)([a-z_]+)\s*:(?:\s|$)", text)
    if found is None or found[1] not in KEYS:
        return None
    column = re.match(r"\s*(?:- +)*", here.text).end()  # type: ignore[union-attr]
    before = text[: found.start()]
    if before:
        lines = [here.text[:start] + before, " " * column + text[found.start(1) :]]
    else:
        dash = "- " if here.text[column:start].strip(": ") in LISTS else ""
        lines = [here.text[:start].rstrip(), " " * (column + 2) + dash + text]
    at = here.span(start + found.start(1), len(text) - found.start(1))
    problem = say.unreadable(at, f"`{found[1]}` is a key of its own; give it a line of its own.", fix="\n".join(lines))
    return here.mistake(problem, *lines)


def _no_colon(began: _Place) -> Mistake:
    text, indent = began.text, _indent(began.text)
    plain = text.strip()
    if mistake := _list_sign(began):
        return mistake
    if _OTHER_COMMENT.match(text):
        words = "this is neither a key nor an item; a comment begins with `# `."
        inner = re.sub(r"^(//|--|/\*+|;|<!--|rem )\s*|\s*(\*/|-->)$", "", plain, flags=re.IGNORECASE)
        fix = f"{text[:indent]}# {inner}"
        return began.mistake(say.unreadable(began.whole, words, fix=fix), fix)
    for pattern, words in _LACKING:
        if (found := pattern.match(text)) and _is_known(found[2]):
            return _lacking(began, pattern, words.format(found[2]))
    if re.fullmatch("[a-z_]+", plain) and plain in KEYS | {"limits", "orders"}:
        problem = say.unreadable(began.whole, f"`:` is missing after `{plain}`.", fix=f"{text.rstrip()}:")
        return began.mistake(problem, f"{text.rstrip()}:", is_silent=False)
    words = "this line is neither a key with its value nor an item of a list. A comment begins with `# `."
    if (above := began.above) is not None and _value(above) is not None:
        words += " If it goes on with the line above, write both as one line."
    return began.mistake(say.unreadable(began.whole, words, fix=f"{text[:indent]}# {plain}"), "")


def _is_known(key: str) -> bool:
    plain = "_".join(key.lower().split())
    return plain in KEYS | _OF_THE_FILE or nearest(plain, KEYS | _OF_THE_FILE) is not None


def _lacking(began: _Place, pattern: re.Pattern[str], words: str) -> Mistake:
    """The line as it was meant, and every one below it that lacks the same."""
    rows, also = list(began.rows[began.index :]), []
    for index, row in enumerate(rows):
        found = pattern.match(row.text)
        if found is not None and (not index or (not _KEY.match(row.text) and _is_known(found[2]))):
            rows[index] = row._replace(text=f"{found[1]}{found[2]}: {found[3].strip()}", is_silent=True)
            also.append(row.line)
    problem = say.unreadable(began.whole, words, fix=rows[0].text)
    return Mistake(say.also(problem, also[1:]), began.index, len(rows), rows)


_LACKING = (
    (re.compile(r"^(\s*(?:- +)*)([A-Za-z_]+):(\S.*)$"), "a space is missing after `:`."),
    (re.compile(r"^(\s*(?:- +)*)([A-Za-z_]+)\s*:?=+>?\s*(\S.*)$"), "after `{}` stands `: `, not `=`."),
    (
        re.compile(rf"^(\s*(?:- +)*)([A-Za-z_ ]+?)\s*[{_COLONS}]\s*(\S.*)$"),
        "the colon after `{}` is not a keyboard's; write `: `.",
    ),
    (
        re.compile(r"^(\s*(?:- +)*)[\"']([A-Za-z_]+):[\"']\s*(\S.*)$"),
        "the quotes around `{}` hold its colon too; leave them out.",
    ),
    (re.compile(r"^(\s*(?:- +)*)([a-z_]+)\s+(\S.*)$"), "`:` is missing after `{}`."),
)


def _dash_in_line(here: _Place) -> Mistake:
    """`fallback: - every: 30s`, `odds: - 110`."""
    value = _value(here)
    if value is None or here.column < value[1]:
        return _out_of_column(here)
    key, start, text = value
    inner = text.lstrip("- ")
    at = here.span(start, len(text))
    if key in LISTS:
        indent = len(here.text) - len(here.text.lstrip(" -"))
        lines = [here.text[:start].rstrip(), " " * (indent + 2) + "- " + inner]
        words = "a list begins on the line below its key, each item with `- ` in front."
        return here.mistake(say.unreadable(at, words, fix="\n".join(lines)), *lines)
    fixed = (mend.odds(text) if key in ODDS else None) or (mend.line(text) if key == "line" else None) or inner
    words = f"`- ` begins an item of a list, and `{key}` takes one value."
    return here.mistake(say.unreadable(at, words, did_you_mean=fixed), here.text[:start] + fixed)


def _sign(place: _Place) -> Mistake:
    text = place.text
    plain = text.strip()
    if mistake := _list_sign(place):
        return mistake
    if plain.startswith(("```", "~~~")):
        return _fence(place)
    if bold := re.match(r"^(\s*(?:- +)*)([*_`]+)([A-Za-z_]+)\2\s*:\s*(.*)$", text):
        fix = f"{bold[1]}{bold[3]}: {bold[4]}"
        words = f"a key stands without marks around it; write `{bold[3]}`."
        return place.mistake(say.unreadable(place.whole, words, fix=fix), fix)
    value = _value(place)
    if value is None:
        return Mistake(say.unreadable(place.whole, "a text that begins with this sign needs quotes."))
    key, start, text = value
    if key in ODDS and (limit := mend.limit(text)):
        problem = say.unreadable(place.span(start, len(text)), say.says_too_much(text, limit))
        return place.mistake(problem, place.text[:start] + limit)
    if key in ODDS and (fixed := mend.odds(text)):
        words = "odds have no sign in front of them, except the `+` and `-` of American odds."
        return place.mistake(say.unreadable(place.span(start, len(text)), words, did_you_mean=fixed), place.text[:start] + fixed)
    if (fixed := placeholder(text)) is not None:
        return place.mistake(say.foreign_template(place.span(start, len(text)), text, fixed), place.text[:start] + in_quotes("x"))
    first = "a backtick" if text[0] == "`" else quoted(text[0])
    return _quote(place, start, text, f"a value that begins with {first} needs quotes.")


def _two_versions(place: _Place) -> Mistake:
    """What a program that joins files leaves where both were changed. The first version is read on."""
    rows, is_second = list(place.rows[place.index :]), False
    for index, row in enumerate(rows):
        is_second = (is_second or row.text.startswith("=======")) and not row.text.startswith(">>>>>>>")
        if is_second or row.text.startswith(("<<<<<<<", "=======", ">>>>>>>")):
            rows[index] = row._replace(text="")
    words = "two versions of this file were laid together here; keep the lines of one, and take out the other and the signs."
    return Mistake(say.unreadable(place.whole, words), place.index, len(rows), rows)


def _fence(place: _Place) -> Mistake:
    """Where code begins or ends in another document, and every other such line."""
    sign, rows, also = place.text.strip()[:3], list(place.rows[place.index :]), []
    for index, row in enumerate(rows):
        if row.text.strip().startswith(sign):
            rows[index] = row._replace(text="")
            also.append(row.line)
    words = "this marks code in another document and is no part of a plan; take it out."
    return Mistake(say.also(say.unreadable(place.whole, words), also[1:]), place.index, len(rows), rows)


def _list_sign(place: _Place) -> Mistake | None:
    """`* name: one`, `1. name: one`, `-name: one`."""
    found = _LIST_SIGN.match(place.text)
    if found is None or (found[2] == "-" and found[3]):
        return None
    fix = f"{found[1]}- {place.text[found.end() :]}"
    if found[2] == "-":
        words = "a space is missing after the dash that begins an item."
    else:
        words = f"an item of a list begins with `- `, not with {quoted(found[2])}."
    shift = found.end() - len(found[1]) - 2
    return place.mistake(say.unreadable(place.whole, words, fix=fix.rstrip()), fix, shift=shift, is_silent=False)


# Columns


def _misplaced(here: _Place) -> Mistake:
    before = here.text[: here.column].strip()
    if before and before != "-":
        value = _value(here)
        if value is not None and here.column >= value[1]:
            return _quote(here, value[1], value[2], "planrunner can't read this value as it stands; put quotes around all of it.")
        return Mistake(say.unreadable(here.span(here.column), "planrunner can't read the line from here on."))
    return _out_of_column(here)


def _out_of_column(here: _Place) -> Mistake:
    above = here.above
    if above is None:
        return Mistake(say.unreadable(here.whole, "this line is indented, and nothing stands above that it could belong to."))
    if mistake := _list_sign(above) or _list_sign(here):
        return mistake
    if mistake := _text_above(above, here):
        return mistake
    if mistake := _dash_missing(above, here) or _first_dash_missing(here):
        return mistake
    if mistake := _second_dash_missing(above, here):
        return mistake
    if (before_that := above.above) is not None and _stands_out(before_that, above, here):
        return _moved(above, _key_column(here.text), before_that)
    columns = _columns(here)
    wrong = _key_column(here.text) if not _is_item(here.text) else _indent(here.text)
    known = columns[1 if _is_item(here.text) else 0]
    known = [column for column in known if column != wrong]
    if not known:
        return Mistake(say.unreadable(here.whole, "this line does not start in the column of any line it could belong to."))
    return _moved(here, min(known, key=lambda column: (abs(column - wrong), -column)), above)


def _text_above(above: _Place, here: _Place) -> Mistake | None:
    """`- name arsenal` or `limits: all`, and what belongs to it on the lines below."""
    pattern, words = _LACKING[-1]
    found = pattern.match(above.text)
    if found and _is_item(above.text) and found[2] in KEYS and _key_column(above.text) == _key_column(here.text):
        return _lacking(above, pattern, words.format(found[2]))
    key, value = _KEY.match(above.text), _value(above)
    if key is None or value is None or value[0] not in _HAVE_LINES_BELOW or _indent(here.text) <= _key_column(above.text):
        return None
    name, start, text = value
    fix = above.text[:start].rstrip()
    words = f"what `{name}` holds stands on the lines below it; take {quoted(text)} out."
    problem = say.unreadable(above.span(start, len(text)), words, fix=fix)
    return above.mistake(problem, fix, is_silent=False)


def _dash_missing(above: _Place, here: _Place) -> Mistake | None:
    """The first line of an item without its dash, and those below it where they belong."""
    head = above.above
    if head is None or head.text.strip().rstrip(":") not in LISTS or not head.text.rstrip().endswith(":"):
        return None
    if _is_item(above.text) or _is_item(here.text) or _indent(here.text) != _indent(above.text) + 2:
        return None
    fix = f"{' ' * _indent(above.text)}- {above.text.strip()}"
    problem = say.unreadable(above.whole, "`- ` is missing in front of this line, which begins an item of the list.", fix=fix)
    return above.mistake(problem, fix, shift=-2, is_silent=False)


def _first_dash_missing(here: _Place) -> Mistake | None:
    """An item of a list whose first one has no dash: the line below `fallback:` is a key."""
    if not _is_item(here.text):
        return None
    first, head = None, here.above
    while head is not None and _indent(head.text) > _indent(here.text):
        first, head = head, head.above
    if first is None or head is None or _is_item(first.text) or head.text.strip().removeprefix("- ").rstrip(":") not in LISTS:
        return None
    if not head.text.rstrip().endswith(":") or _indent(first.text) != _indent(here.text) + 2:
        return None
    fix = f"{' ' * _indent(here.text)}- {first.text.strip()}"
    words = "`- ` is missing in front of this line, which begins an item of the list."
    return first.mistake(say.unreadable(first.whole, words, fix=fix), fix, is_silent=False)


def _second_dash_missing(above: _Place, here: _Place) -> Mistake | None:
    """`name: b` in the column of the dashes, and what goes on two further in."""
    below = next((row for row in here.rows[here.index + 1 :] if row.text.strip()), None)
    indent = _indent(here.text)
    if _is_item(here.text) or below is None or _indent(below.text) != indent + 2 or indent not in _columns(here)[1]:
        return None
    if _indent(above.text) <= indent or here.text.strip().split(":")[0] not in ("name", "after", "every", "if"):
        return None
    fix = f"{' ' * indent}- {here.text.strip()}"
    words = "`- ` is missing in front of this line, which begins an item of the list."
    return here.mistake(say.unreadable(here.whole, words, fix=fix), fix, shift=-2, is_silent=False)


def _stands_out(before: _Place, above: _Place, here: _Place) -> bool:
    """Is the line above the one out of its column, and this one and the one before it are not?"""
    if _is_item(above.text) or _value(above) is None:
        return False
    return _key_column(before.text) == _key_column(here.text) > _indent(above.text)


def _moved(place: _Place, column: int, like: _Place) -> Mistake:
    """The row, and those below that hang on it, begin in another column."""
    wrong = _indent(place.text)
    good = {*_columns(place)[0], *_columns(place)[1]}
    end = place.index + 1
    while end < len(place.rows) and (indent := _indent(place.rows[end].text)) >= wrong and place.rows[end].text.strip():
        if indent in good and (indent != wrong or _is_item(place.rows[end].text)):
            break
        end += 1
    rows = []
    for row in place.rows[place.index : end]:
        text = " " * (_indent(row.text) - wrong + column) + row.text.strip()
        rows.append(row._replace(text=text, shift=row.shift + wrong - column))
    fix = "\n".join(row.text for row in rows[:5])
    told, now = _told(place, column, like), wrong + place.rows[place.index].shift
    problem = say.out_of_column(place.whole, here=now, there=column, lines=len(rows), fix=fix, like=told)
    is_behind_dash = _is_item(like.text) and _key_column(like.text) == column
    return Mistake(problem, place.index, end - place.index, rows, f"item {wrong - column}" if is_behind_dash else "")


def _told(place: _Place, column: int, like: _Place) -> tuple[str, int] | None:
    """The key in the same column, nearest above, and its line."""
    found: _Place | None = like
    while found is not None:
        key = _KEY.match(found.text)
        if key and _key_column(found.text) == column and found.index != place.index:
            return key[2], found.rows[found.index].line
        found = found.above
    return None


def _columns(here: _Place) -> tuple[list[int], list[int]]:
    """Where a key, and where an item, may begin on this line."""
    keys: list[int] = []
    items: list[int] = []
    last = ""
    for row in here.rows[: here.index]:
        if not row.text.strip() or row.text.lstrip().startswith("#"):
            continue
        indent, column = _indent(row.text), _key_column(row.text)
        keys = [one for one in keys if one < column and (one <= indent or not _is_item(row.text))]
        items = [one for one in items if one <= indent]
        if _is_item(row.text) and indent not in items:
            items.append(indent)
        keys.append(column)
        last = row.text
    if _without_comment(last).endswith(":"):
        keys.append(keys[-1] + 2)
        items.append(keys[-1])
    return keys, items


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _key_column(text: str) -> int:
    """Where the key begins, behind the dash of its item."""
    found = re.match(r" *(?:- +)*", text)
    return found.end() if found else 0


def _is_item(text: str) -> bool:
    return text.lstrip().startswith("- ")
