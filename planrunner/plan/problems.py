"""A problem: where it is, what is wrong in the author's words, and what to write instead.

One cause makes one problem. What it says is built in `messages`; here is how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from planrunner.model.shown import harmless
from planrunner.plan.nodes import Span

# The lines of every file that problems may stand in; an empty name is the file that was named.
Texts: TypeAlias = Mapping[str, Sequence[str]]

# As many as a person reads in one go.
MOST_SHOWN = 50
# A line longer than this is shown around the caret only.
_WIDEST = 110


# What each code is about; `messages` says it of a certain plan.
# PR1xx text, PR2xx shape, PR3xx meaning, PR4xx venue, PR5xx policy.
CODES = {
    "PR101": "the file is not UTF-8 text",
    "PR102": "the file is too large",
    "PR103": "a character that can't be seen",
    "PR104": "a tab",
    "PR105": "a line that YAML can't read",
    "PR106": "nothing in the file",
    "PR107": "an anchor or an alias",
    "PR108": "a tag",
    "PR109": "a merge key",
    "PR110": "braces",
    "PR111": "a second document or a directive",
    "PR112": "the same key twice",
    "PR113": "a key without a value",
    "PR114": "a value over several lines",
    "PR115": "a value cut off by `#`",
    "PR116": "true, false, null or ~",
    "PR117": "nested too deep",
    "PR118": "a key that is not a word",
    "PR119": "a line out of its column",
    "PR120": "a template of another tool",
    "PR121": "curly quotes",
    "PR122": "letters that only look like others",
    "PR123": "a line end that some programs don't show",
    "PR201": "an unknown key",
    "PR202": "a missing key",
    "PR203": "a part of the language that this version does not support yet",
    "PR204": "a list, a block or a single value in the wrong place",
    "PR205": "an unknown word",
    "PR206": "odds in a form planrunner does not read",
    "PR207": "an amount of money in a form planrunner does not read",
    "PR208": "a duration in a form planrunner does not read",
    "PR209": "a date or time in a form planrunner does not read",
    "PR210": "a reprice in a form planrunner does not read",
    "PR211": "a count in a form planrunner does not read",
    "PR212": "a line in a form planrunner does not read",
    "PR213": "a name or id that can't be one",
    "PR214": "a race in a form planrunner does not read",
    "PR215": "not a plan of this language version",
    "PR216": "an unknown time zone",
    "PR222": "a dash too few or too many",
    "PR223": "lines under the wrong key",
    "PR217": "a file that a plan can't use",
    "PR218": "a template that planrunner can't read",
    "PR219": "something that can't stand in a template",
    "PR220": "a template where none may stand",
    "PR221": "a table that planrunner can't read",
    "PR301": "an order without an ending, or with several",
    "PR302": "an ending or step on an order that ends by itself",
    "PR303": "max_loss is too small for the plan",
    "PR304": "max_stake is too small for the plan",
    "PR305": "max_exposure_per_market is too small for the plan",
    "PR306": "max_orders is too small for the plan",
    "PR307": "two orders of one name",
    "PR308": "what the order is on is not said, or said twice",
    "PR309": "a lay without liability_at_most, or a back with it",
    "PR310": "liability_at_most is too small",
    "PR311": "a fallback step without one trigger",
    "PR312": "a fallback step without one action",
    "PR313": "a key that does not go with the step's trigger or action",
    "PR314": "a reprice without no_worse_than",
    "PR315": "no_worse_than on the wrong side",
    "PR316": "fallback times out of order",
    "PR317": "a fallback step that can never act",
    "PR318": "a fallback step after the remainder was cancelled",
    "PR319": "every without reprice",
    "PR320": "keep in the wrong place",
    "PR321": "two currencies in one plan",
    "PR322": "an unknown currency, or more decimals than it has",
    "PR323": "a time without time_zone",
    "PR324": "two times for placing, or placing after the ending",
    "PR325": "min_fill that can't be",
    "PR326": "an unknown name in a template",
    "PR327": "a template whose value can't be worked out",
    "PR328": "a value that must be rounded",
    "PR329": "an input without a value",
    "PR330": "an input, or a value that it does not take",
    "PR331": "a blueprint used in a wrong way",
    "PR332": "orders that can't be repeated so",
    "PR333": "an empty cell where a value is needed",
    "PR334": "a hedge without no_worse_than or for_at_most",
    "PR335": "a hedge without time",
    "PR336": "two hedges of one order",
    "PR337": "starts_before that is not after starts_after",
    "PR338": "an only_if that can never hold, or always does",
    "PR339": "an order of for_each_market that names a market",
    "PR340": "an order of for_each_market at another venue",
    "PR341": "a favourite with a line",
    "PR342": "a bet in a pool that does not say what its pool needs",
    "PR343": "a runner or a race named twice",
    "PR344": "too few runners for a line",
    "PR345": "a total_cost that is not what the bets cost",
    "PR346": "a step that a ticket, or an order, can't have",
    "PR347": "an order of finish missing, or where none counts",
    "PR348": "a template that gives no list of numbers",
    "PR349": "a remainder moved to the account it is on",
    "PR350": "two moves of one remainder",
    "PR351": "a remainder that is moved after its order's time, without an ending",
    "PR352": "a plan that does not say once when it runs",
    "PR353": "a key that does not go with when the plan runs",
    "PR354": "two time zones in one plan",
    "PR355": "a plan that would never run",
    "PR356": "a day or a time twice",
    "PR357": "run_late without late_by_at_most, or the other way round",
    "PR358": "before_each_start without for_each_market",
    "PR359": "max_loss_in_total too small, or without when",
    "PR360": "a day or a time that is past when the plan runs",
    "PR401": "an unknown account",
    "PR402": "odds off the venue's ladder",
    "PR403": "a stake below the venue's minimum",
    "PR404": "a type of order the venue does not take",
    "PR405": "a side the venue does not take",
    "PR406": "odds that hold for the average only",
    "PR407": "an account in another currency",
    "PR408": "a name the venue does not know",
    "PR409": "a bet the venue can't keep",
    "PR410": "an unknown venue",
    "PR411": "a currency the venue keeps no accounts in",
    "PR412": "a hedge the venue can't take",
    "PR413": "a hedge below the venue's minimum",
    "PR414": "an order where there are pools, or a ticket where there are none",
    "PR415": "a pool that the venue does not have",
    "PR416": "a day that no calendar has",
    "PR417": "a day twice in one calendar",
    "PR418": "a limit of the site that is for no account",
    "PR419": "what an order is on, in words that the venue does not know",
    "PR420": "settings that the venue or the order can't have",
    "PR421": "a lay that the account does not allow",
    "PR422": "allow_lay where it says nothing",
    "PR423": "an ending later than the venue keeps an order",
    "PR424": "something the venue can't do or show",
    "PR425": "a remainder too small for the venue it is moved to",
    "PR426": "a calendar that the site file does not have",
    "PR427": "a signal that the site file does not have",
    "PR428": "a name of a user or a signal that can't be one",
    "PR429": "a notice that does not go one way",
    "PR430": "an address that no notice can go to",
    "PR431": "an e-mail without a mail server",
    "PR432": "terms of a signal that can't be",
    "PR433": "an approver who can't be told from others",
    "PR434": "terms of approvals that can't be",
    "PR501": "a stake above the account's limit",
    "PR502": "the plan's worst loss is above the account's limit",
    "PR503": "the exposure in one market is above the account's limit",
    "PR504": "the plan's worst loss is above the site's limit",
    "PR505": "the exposure in one market is above the site's limit",
    "PR506": "a stake above the site's limit",
    "PR507": "the plan's worst loss is above the account's limit for a day",
    "PR508": "more orders in a minute than the account allows",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`fix` can be pasted into the plan; `did_you_mean` replaces what the caret marks. `span` is how wide that is.

    `file` is empty for the file that was named, else the blueprint or table that it leads to; `note` says what a template gave.
    """

    code: str
    line: int
    column: int
    span: int
    message: str
    fix: str | None = None
    did_you_mean: str | None = None
    file: str = ""
    note: str = ""

    @property
    def at(self) -> Span:
        return Span(self.line, self.column, self.span, self.file, self.note)


def problem(code: str, at: Span, message: str, *, fix: str | None = None, did_you_mean: str | None = None) -> Problem:
    """A problem at a stretch of a line."""
    return Problem(
        code=code,
        line=at.line,
        column=at.column,
        span=max(1, at.width),  # something that should be there and is not has no width
        message=message,
        fix=fix,
        did_you_mean=None if at.note else did_you_mean,  # pasted over a template it would be wrong for every other row
        file=at.file,
        note=at.note,
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file (the one that was named comes first), line and column; the same one is not said twice."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.line, one.column, one.code)))


def one_of_each(problems: Iterable[Problem]) -> list[Problem]:
    """What many rows of a table have wrong at one place of the plan is said of the first, and how many more there are."""
    alike: dict[tuple[str, str, int, int], list[Problem]] = {}
    for one in dict.fromkeys(problems):
        alike.setdefault((one.code, one.file, one.line, one.column), []).append(one)
    return [_for_all(some) for some in alike.values()]


def _for_all(alike: list[Problem]) -> Problem:
    first, more = alike[0], len(alike) - 1
    if not more:
        return first
    told = f"and so it is {more} time{'s' if more > 1 else ''} more"
    return replace(first, note=f"{first.note}, {told}" if first.note else told)


def quoted(text: str) -> str:
    """The author's own text inside a message."""
    shown = harmless(text)
    return f"`{shown if len(shown) <= 60 else shown[:57] + '...'}`"


def render(name: str, problem: Problem, texts: Texts) -> str:
    """A problem as it stands on a terminal, in a pull request, in an editor's log."""
    head = harmless(f"{problem.file or name}:{problem.line}:{problem.column}: error {problem.code}: {problem.message}")
    lines = texts.get(problem.file, ())
    gutter = " " * (len(str(problem.line)) + 2)
    notes = _notes(problem, gutter)
    if not 1 <= problem.line <= len(lines):
        return "\n".join([head, *notes])
    shown, column = _around(lines[problem.line - 1], problem.column)
    width = max(1, min(problem.span, len(shown) - column + 1))
    caret = f"{gutter} | {' ' * (column - 1)}{'^' * width}"
    return "\n".join([head, f"  {problem.line} | {shown}".rstrip(), caret, *notes])


def render_all(name: str, problems: Sequence[Problem], texts: Texts) -> str:
    """The first problems of a file and how many more there are."""
    told = [render(name, one, texts) for one in problems[:MOST_SHOWN]]
    if len(problems) > MOST_SHOWN:
        told.append(f"{harmless(name)}: {len(problems) - MOST_SHOWN} more")
    return "\n".join(told)


def tells_more(problems: Sequence[Problem], among: str = "") -> str:
    """The line that closes a list of problems."""
    count = len(problems)
    return f"{count} problem{'s' if count > 1 else ''}{among}; `planrunner explain {problems[0].code}` tells more"


def to_json(problem: Problem) -> dict[str, object]:
    """For editors and other programs; keys that have nothing to say are left out."""
    found: dict[str, object] = {
        "code": problem.code,
        "line": problem.line,
        "column": problem.column,
        "span": problem.span,
        "message": problem.message,
    }
    if problem.file:
        found["file"] = problem.file
    if problem.note:
        found["note"] = problem.note
    if problem.did_you_mean is not None:
        found["did_you_mean"] = problem.did_you_mean
    if problem.fix is not None:
        found["fix"] = problem.fix
    return found


def _notes(problem: Problem, gutter: str) -> list[str]:
    """What to write instead; several lines stand below each other."""
    told = [f"{gutter} = note: {harmless(problem.note)}"] if problem.note else []
    for label, text in (("did you mean", problem.did_you_mean), ("write", problem.fix)):
        lines = text.split("\n") if text is not None else []
        if lines and all(len(line) <= _WIDEST for line in lines):
            head = f"{gutter} = {label}: "
            told += [(head if not number else " " * len(head)) + harmless(line) for number, line in enumerate(lines)]
    return told


def _around(line: str, column: int) -> tuple[str, int]:
    """The line, or the part of a very long one that holds the column; and the column in it."""
    shown = harmless(line)
    if len(shown) <= _WIDEST:
        return shown, column
    start = max(0, min(column - _WIDEST // 2, len(shown) - _WIDEST))
    return ("..." + shown[start:][:_WIDEST] if start else shown[:_WIDEST]) + ("..." if start + _WIDEST < len(shown) else ""), (
        column - start + (3 if start else 0)
    )
