"""PR1xx: what is wrong with the text itself, before it means anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planrunner.plan.nodes import Scalar, Span
from planrunner.plan.problems import Problem, problem, quoted

TOP = Span(1, 1)
SEVERAL_LINES = "PR114"


def not_utf8(at: Span, *, is_utf16: bool) -> Problem:
    if is_utf16:
        text = "this file is saved as UTF-16, which some programs call Unicode; save it as UTF-8 in your editor."
        return problem("PR101", TOP, text)
    return problem("PR101", at, "this is not UTF-8 text; save the file as UTF-8 in your editor.")


def too_large(size: int, most: int) -> Problem:
    text = f"the file is {size / 1048576:.1f} MiB; planrunner reads plans of at most {most // 1048576} MiB."
    return problem("PR102", TOP, text)


def invisible(at: Span, name: str, more: Sequence[int], fixed: str) -> Problem:
    text = f"here is {name}, which nobody sees in a review; write an ordinary space or take it out"
    return problem("PR103", at, text + _also_on(more), fix=fixed)


def tab(at: Span, more: Sequence[int], fixed: str) -> Problem:
    text = "here is a tab; plans are indented with spaces, two for each level" + _also_on(more)
    return problem("PR104", at, text, fix=fixed)


def unreadable(at: Span, text: str, *, fix: str | None = None, did_you_mean: str | None = None) -> Problem:
    return problem("PR105", at, text, fix=fix, did_you_mean=did_you_mean)


def out_of_column(at: Span, *, here: int, there: int, lines: int, fix: str, like: tuple[str, int] | None) -> Problem:
    what = "this line is" if lines == 1 else f"this line and the {'one' if lines == 2 else lines - 1} below it are"
    beside = f", as {quoted(like[0])} on line {like[1]}" if like is not None else ""
    now = f"indented by {_spaces(here)}" if here else "not indented"
    text = f"{what} {now}; lines that belong together begin in one column. Indent by {_spaces(there)}{beside}."
    return problem("PR119", at, text, fix=fix)


def foreign_template(at: Span, text: str, fixed: str) -> Problem:
    words = f"{quoted(text)} is how other tools write a template; planrunner's is `${{...}}`."
    return problem("PR120", at, words, did_you_mean=fixed)


def foreign_statement(at: Span) -> Problem:
    text = "plans have no statements; `for_each` repeats orders, `only_if` sets conditions, and a value is `${...}`."
    return problem("PR120", at, text)


def curly_quotes(at: Span, text: str, fixed: str) -> Problem:
    words = f"the quotes of {quoted(text)} are a word processor's and would be taken for part of the text."
    return problem("PR121", at, words, did_you_mean=fixed)


def foreign_letters(at: Span, text: str, letters: str, script: str, fixed: str) -> Problem:
    what = (
        f"`{letters[0]}` in {quoted(text)} is a {script} letter that only looks"
        if len(letters) == 1
        else (f"{', '.join(f'`{letter}`' for letter in letters)} in {quoted(text)} are {script} letters that only look")
    )
    return problem("PR122", at, f"{what} like the others; write the whole word in one alphabet.", did_you_mean=fixed)


def wide_letters(at: Span, text: str, fixed: str) -> Problem:
    words = f"{quoted(text)} is written with signs that only look like the letters and digits of a keyboard."
    return problem("PR122", at, words, did_you_mean=fixed)


def lone_return(at: Span, more: Sequence[int]) -> Problem:
    text = "a line ends with a carriage return alone, which not all programs show; save the file with ordinary line ends"
    return problem("PR123", at, text + _also_on(more))


def nothing_here() -> Problem:
    return problem("PR106", TOP, "there is nothing in this file; `planrunner new` writes a plan to start from.")


def anchor(at: Span) -> Problem:
    return problem(
        "PR107", at, "`&` names an anchor, which plans don't have; write the value out, or quote a text that begins with `&`."
    )


def alias(at: Span, name: str) -> Problem:
    text = "`*` refers to another place in the file, which plans don't do; write the value out, or quote a text that begins so."
    return problem("PR107", at, text, did_you_mean=f'"*{name}"')


def tag(at: Span) -> Problem:
    return problem("PR108", at, "`!` begins a tag, which plans don't have; take it out, or quote a text that begins with `!`.")


def merge(at: Span) -> Problem:
    return problem("PR109", at, "`<<` merges another block in, which plans don't do; write the keys out.")


def braces(at: Span, key: Scalar | None) -> Problem:
    where = f" of `{key.text}`" if key is not None else ""
    return problem("PR110", at, f"plans don't use braces; write the keys{where} on lines of their own, indented by two spaces.")


def json(at: Span) -> Problem:
    text = "plans don't use braces, as JSON does; write each key on a line of its own, as `plan: Back Arsenal`, without commas."
    return problem("PR110", at, text)


def second_document(at: Span) -> Problem:
    return problem("PR111", at, "a second document begins here; one file holds one plan.")


def directive(at: Span) -> Problem:
    return problem("PR111", at, "a line that begins with `%` gives YAML a directive, which plans don't have; take it out.")


def twice(key: Scalar, first: Scalar) -> Problem:
    text = f"{quoted(key.text)} stands here and on line {first.line}; keep one of the two."
    return problem("PR112", key.span, text)


def no_value(at: Span, key: Scalar | None, comment: str | None) -> Problem:
    if key is None:
        return problem("PR113", at, "this item of the list is empty; write a value or take the line out.")
    if comment:
        text = f"{quoted(key.text)} has no value: what follows `#` is a comment. If it is the value, quote it."
        return problem("PR113", at, text, fix=f'{key.text}: "{comment}"')
    text = f"{quoted(key.text)} has no value. Write one, or take it out; lines that belong to it are indented by two spaces more."
    return problem("PR113", at, text)


def several_lines(at: Span, key: Scalar | None) -> Problem:
    what = quoted(key.text) if key is not None else "this item"
    text = f"the value of {what} runs over several lines; keep it on one. (A line meant as a key has `: ` after its word.)"
    return problem(SEVERAL_LINES, at, text)


def block_text(at: Span, sign: str, key: Scalar | None) -> Problem:
    what = quoted(key.text) if key is not None else "an item"
    return problem(SEVERAL_LINES, at, f"`{sign}` is for the text of `alert` only; write the value of {what} on one line.")


def dressed(at: Span, sign: str, origin: str, fixed: str) -> Problem:
    text = f"every line begins with {quoted(sign)}, {origin}; take it off each of them."
    if sign.isdigit():
        text = f"every line begins with its number, {origin}; take it off each of them."
    return problem("PR105", at, text, fix=fixed)


def not_indented(at: Span, more: Sequence[int], fixed: str) -> Problem:
    text = "no line of this file is indented, and what belongs to a key is indented by two spaces more than it" + _also_on(more)
    return problem("PR119", at, text, fix=fixed)


def unfilled(at: Span, text: str) -> Problem:
    return problem("PR120", at, f"{quoted(text)} still waits to be filled in; write the value itself.")


def other_kind(kind: str) -> Problem:
    text = f"this is {kind}, and a plan is plain text; copy its text into a new file of a text editor and save it as UTF-8."
    return problem("PR101", TOP, text)


def nothing_but_nuls() -> Problem:
    text = "this file holds nothing but NUL characters, as after a computer lost power; take it from a copy."
    return problem("PR101", TOP, text)


def second_plan(at: Span) -> Problem:
    return problem("PR111", at, "a second plan begins here; one file holds one plan.")


def also(one: Problem, lines: Sequence[int]) -> Problem:
    """The same mistake on more lines."""
    return replace(one, message=one.message.removesuffix(".") + _also_on(lines))


def says_too_much(text: str, limit: str) -> str:
    """`>= 3.10`"""
    words = f"{quoted(text)} says too much: odds are a limit already. A back takes these odds or higher, a lay these or lower"
    return f"{words}; write {limit} alone, if that is what you mean."


def cut_off(at: Span, value: Scalar, fixed: str) -> Problem:
    text = f"what follows `#` is lost: the value is read as {quoted(value.text)}. Quote it, or write a comment as `# ...`."
    return problem("PR115", at, text, did_you_mean=fixed)


def control(at: Span, key: Scalar | None, fixed: str) -> Problem:
    what = f"the value of {quoted(key.text)}" if key is not None else "this value"
    return problem("PR103", at, f"{what} holds a character that nobody sees in a review; take it out.", did_you_mean=fixed)


def needs_quotes(value: Scalar) -> Problem:
    text = f"{quoted(value.text)} means nothing in a plan; quote it if it is a name."
    return problem("PR116", value.span, text, did_you_mean=f'"{value.text}"')


def yes_or_no(value: Scalar) -> Problem:
    word = "yes" if value.text.lower() == "true" else "no"
    return problem(
        "PR116", value.span, f"{quoted(value.text)} is not a word of plans; yes and no are `yes` and `no`.", did_you_mean=word
    )


def too_deep(at: Span) -> Problem:
    return problem("PR117", at, "this is nested deeper than any plan; take a level out.")


def not_a_key(at: Span) -> Problem:
    return problem("PR118", at, "a key is one word followed by `: `; a list or block can't be a key.")


def empty_key(at: Span) -> Problem:
    return problem("PR118", at, "a key is missing before this `:`.")


def _spaces(number: int) -> str:
    return f"{number} space{'s' if number != 1 else ''}"


def _also_on(lines: Sequence[int]) -> str:
    if not lines:
        return "."
    shown = ", ".join(str(line) for line in lines[:5])
    rest = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
    return f" (also on line{'s' if len(lines) > 1 else ''} {shown}{rest})."
