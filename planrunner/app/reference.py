"""The language reference, `schemas/README.md`: made from the schemas and the catalogue of messages, and so never apart from them.

`python -m planrunner.app.reference` writes it anew; a test holds the committed file against what is made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from planrunner import resources
from planrunner.plan.catalogue import ENTRIES
from planrunner.plan.expand import MARKET_WORDS
from planrunner.plan.expression import FILTERS
from planrunner.plan.problems import CODES

_INTRODUCTION = """\
# The plan language, version 1

<!-- Made by `python -m planrunner.app.reference` from the schemas and the catalogue of messages. Change those, not this page. -->

Every key, every form of an amount, every message. To learn the language, read [the guide](../plans/README.md) first; while you
type, [an editor](../plans/README.md#an-editor-that-helps) shows what stands here.

Three rules hold everywhere. Every value is read as text, and its place decides what it is: quotes never change the meaning. A
value is a word, an amount with its unit, a name, or a short list. A key that planrunner does not know is a problem, and never
ignored.
"""


_ABOUT_TEMPLATES = """\
`${{...}}` stands for a value that is worked out when the plan is read: the name of an input (`${{stake}}`), a column of the table
under `for_each` (`${{row.odds}}`), or a word of the market under `for_each_market` ({words}). A text may hold several of them
among other words. There are `+ - * /`, comparisons, `and`, `or`, `not`, `a if b else c`, `~` to join texts, texts in quotes, and
the filters below.

A filter counts for what stands right before it; brackets say what it is for. Money and odds are reckoned exactly: what does not
come out even is a problem until a filter rounds it. In a plan `limits` and `venue` hold no template, so that reading the plan is
enough; in a blueprint they may.
"""


class _Chapter(NamedTuple):
    """One block of keys: in which schema, under which name, and what is said before its table."""

    heading: str
    schema: str
    key: str = ""
    intro: str = "{description}"


_CHAPTERS: Sequence[_Chapter] = (
    _Chapter("A plan", "plan", intro="{required}"),
    _Chapter("limits", "plan", "limits"),
    _Chapter("when", "plan", "when"),
    _Chapter(
        "An order",
        "plan",
        "order",
        "An item of `orders`. It says what it is on (`event` and `market`, or `market_id`; `selection`, `selection_id` or "
        "`favourite`) and has exactly one ending (`expires_...`), unless its type ends by itself.",
    ),
    _Chapter("only_if", "plan", "only_if"),
    _Chapter("settings", "plan", "settings"),
    _Chapter(
        "A step of a fallback",
        "plan",
        "step",
        "An item of `fallback`. {description} Steps stand by themselves; their order breaks ties only.",
    ),
    _Chapter("A ticket", "plan", "ticket", "An item of `tickets`. {description}"),
    _Chapter(
        "A bet of a ticket",
        "plan",
        "bet",
        "An item of `bets`. {description} On one race it has `race` and `runners`, and for `exacta` and `trifecta` also "
        "`finish`, or `first`, `second` (and `third`) instead of both; over several races it has `legs`.",
    ),
    _Chapter("A leg of a bet", "plan", "leg", "An item of `legs`. {description}"),
    _Chapter("inputs", "plan", "input", "Under `inputs` each gap has a name of small letters, digits and `_`, and these keys."),
    _Chapter("for_each_market", "plan", "for_each_market"),
    _Chapter(
        "The site file",
        "site",
        intro="`planrunner.yaml` beside the plans. Without one, every venue planrunner knows is an account of that name, on the "
        "sandbox inside planrunner.",
    ),
    _Chapter("An account", "site", "account", "Under `accounts` each account has a name of your own, and these keys."),
    _Chapter("limits of an account", "site", "account_limits"),
    _Chapter("limits of the site", "site", "site_limits"),
    _Chapter("policy", "site", "policy"),
    _Chapter("An approver", "site", "approver", "Under `approvers` each has a name of your own, and these keys. {description}"),
    _Chapter("calendars", "site", "calendars"),
    _Chapter("service", "site", "service"),
    _Chapter("A signal", "site", "signal", "Under `signals` each signal has a name of your own, and these keys. {description}"),
    _Chapter("A notice", "site", "notice", "An item of `notify`. {description}"),
    _Chapter("mail", "site", "mail"),
)
# The forms a value may have, each with its heading.
_FORMS = {
    "money": "Money", "odds": "Odds", "percent": "Probability", "duration": "Duration", "date": "Date", "day": "Day",
    "weekday": "Weekday", "time": "Time of day",
    "moment": "Date and time", "zone": "Time zone", "count": "Count", "times": "Times", "reprice": "Reprice", "line": "Line",
    "race": "Race", "runners": "Runners", "bookmaker": "Bookmaker", "name": "Name", "order_name": "Name of an order",
    "signal_name": "Name of a signal", "id": "Id",
    "text": "Text", "file": "File",
    "given": "Names and values", "value": "Value", "template": "Template",
}  # fmt: skip
# How the items of a list are called, and what they are.
_ITEMS = {"order": ("orders", "order"), "step": ("steps", "step"), "given": ("rows", "given"), "value": ("values", "value"),
          "name": ("names", "name"), "ticket": ("tickets", "ticket"), "bet": ("bets", "bet"), "leg": ("legs", "leg"),
          "bookmaker": ("bookmakers", "bookmaker"), "weekday": ("weekdays", "weekday"), "day": ("days", "day"),
          "time": ("times", "time"), "notice": ("notices", "notice")}  # fmt: skip
_SINGLE = {"address": "an address", "email": "an address", "host": "a name", "public_key": "a public key"}
# What each filter does, and one use of it.
_FILTERS = {
    "round_to_tick": ('to the nearest odds of the venue, between two to the lower; `"up"` and `"down"` say which way',
                      "${(odds * 1.1) | round_to_tick}"),
    "round_down": ("down, money to its smallest coin", "${(stake / 3) | round_down}"),
    "round_up": ("up, money to its smallest coin", "${(stake * (odds - 1)) | round_up}"),
    "round": ("to the nearest, half away from zero; a number in brackets says how many decimals", "${(stake / 3) | round}"),
    "at_least": ("not less than", '${(stake / 2) | at_least("2.00 GBP")}'),
    "at_most": ("not more than", '${(stake * 2) | at_most("50.00 GBP")}'),
    "default": ("another value where this one is empty", '${row.stake | default("5.00 GBP")}'),
    "upper": ("in capitals", "${market.country | upper}"),
    "lower": ("in small letters", "${row.side | lower}"),
    "title": ("Each Word With A Capital", "${row.selection | title}"),
    "trim": ("without spaces at its ends", "${row.selection | trim}"),
    "replace": ("one text for another", '${row.event | replace(" - ", " v ")}'),
}  # fmt: skip
_CLASSES = {
    "PR1": ("Text", "what YAML can't read, or would read in a way you did not mean"),
    "PR2": ("Shape", "keys, words and amounts"),
    "PR3": ("Meaning", "what does not go together"),
    "PR4": ("Venue", "what the venue does not take"),
    "PR5": ("Policy", "the limits of accounts and of the site"),
}


def reference() -> str:
    """The whole page."""
    body = [line for part in (*map(_told, _CHAPTERS), _forms(), _templates(), _messages()) for line in part]
    headings = [line.removeprefix("## ").strip() for line in body if line.startswith("## ")]
    contents = ", ".join(f"[{heading}](#{_anchor(heading)})" for heading in headings)
    return "\n".join([_INTRODUCTION, f"On this page: {contents}.\n", *body]).rstrip("\n") + "\n"


def _told(chapter: _Chapter) -> Iterator[str]:
    schema = resources.schema(chapter.schema)
    block = _block(schema, chapter.key)
    yield f"## {chapter.heading}\n"
    required = _required(schema) if "else" in schema else ""
    yield chapter.intro.format(description=block["description"], required=required) + "\n"
    if "properties" in block:
        yield from _table(block, schema)
    example = next(iter(block.get("examples", ())), None)
    if isinstance(example, dict) and (len(example) > 1 or "properties" not in block):
        yield "```yaml\n" + "\n".join(_yaml(example)) + "\n```\n"


def _block(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema["$defs"].get(key) or schema["properties"][key] if key else schema
    return found


def _required(schema: Mapping[str, Any]) -> str:
    """Which keys a plan, one that uses a blueprint, and a blueprint have at least."""
    other = schema["else"]
    plan = [*other["else"]["required"], *other["required"], *other["else"]["else"]["required"]]
    blueprint = [*other["if"]["required"], *other["required"], *other["then"]["else"]["required"]]
    instead = other["else"]["if"]["required"]
    used = [*schema["then"]["required"], *schema["if"]["required"]]
    needs = [_listed([*schema["required"], *keys]) for keys in (plan, used, blueprint)]
    also = f"`{instead[0]}` may stand in place of `{plan[-1]}` or beside them."
    return f"A plan needs {needs[0]}; {also} One that uses a blueprint needs {needs[1]}; a blueprint needs {needs[2]}."


def _listed(keys: Sequence[str]) -> str:
    words = [f"`{key}`" for key in keys]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _table(block: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| Key | Takes | Meaning | For example |\n|---|---|---|---|"
    required = set(block.get("required", ()))
    for key, rule in block["properties"].items():
        target = _target(rule, schema)
        meaning = rule.get("description") or target.get("description", "")
        mark = " (required)" if key in required else ""
        yield f"| `{key}`{mark} | {_takes(key, rule, schema)} | {_cell(meaning)} | {_examples(rule, target)} |"
    yield ""


def _target(rule: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema["$defs"][rule["$ref"].removeprefix("#/$defs/")] if "$ref" in rule else rule
    return found


def _takes(key: str, rule: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The kind of value, linked to where it is explained; words are listed."""
    kind = rule.get("$ref", "").removeprefix("#/$defs/")
    if kind and "enum" in _target(rule, schema):
        return _takes(key, _target(rule, schema), schema)
    if kind:
        return _link(_FORMS[kind].lower() if kind in _FORMS else "keys", kind)
    if "enum" in rule:
        return ", ".join(f"`{word}`" for word in dict.fromkeys(map(str, rule["enum"])))
    if "anyOf" in rule:
        forms = [one for one in rule["anyOf"] if one.get("$ref") != "#/$defs/template"]
        return " or ".join(dict.fromkeys(_takes(key, one, schema) for one in forms))
    match rule.get("type"):
        case "array":
            if "enum" in _target(rule["items"], schema):
                return f"a list of {_takes(key, rule['items'], schema)}"
            return f"a list of {_link(*_ITEMS[rule['items']['$ref'].removeprefix('#/$defs/')])}"
        case "object":
            inner = rule.get("additionalProperties")
            kind = inner["$ref"].removeprefix("#/$defs/") if isinstance(inner, dict) else key
            if isinstance(inner, dict) and kind == "role":
                return f"names, each with {_takes(key, inner, schema)}"
            if kind == "calendar":
                return _link("names, each with a list of days", key)
            return _link("names, each with keys" if inner else "keys", kind)
        case _:
            return "a whole number" if key in ("favourite", "port") else _SINGLE.get(rule.get("title", ""), "a word")


def _link(text: str, kind: str) -> str:
    heading = _FORMS.get(kind) or next((one.heading for one in _CHAPTERS if one.key == kind), "")
    return f"[{text}](#{_anchor(heading)})"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


def _examples(rule: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    given = rule.get("examples", target.get("examples", ()))
    shown = [
        _inline(one)
        for one in given
        if not isinstance(one, dict) and (not isinstance(one, list) or target.get("title") == "runners")
    ]
    return ", ".join(f"`{one}`" for one in shown).replace("|", "\\|")


def _inline(example: Any) -> str:
    return f"[{', '.join(map(str, example))}]" if isinstance(example, list) else str(example)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _yaml(value: Any, indent: int = 0) -> Iterator[str]:
    """An example as a plan writes it."""
    pad = "  " * indent
    for key, one in value.items():
        if isinstance(one, dict):
            yield f"{pad}{key}:"
            yield from _yaml(one, indent + 1)
        elif isinstance(one, list):
            yield from _yaml_list(key, one, indent)
        else:
            yield f"{pad}{key}: {one}"


def _yaml_list(key: str, items: Sequence[Any], indent: int) -> Iterator[str]:
    """Blocks with a dash in front of the first key; numbers in brackets."""
    pad = "  " * indent
    if all(str(item).isdecimal() for item in items):
        yield f"{pad}{key}: {_inline(items)}"
        return
    yield f"{pad}{key}:"
    for item in items:
        if isinstance(item, dict):
            first, *others = _yaml(item, indent + 2)
            yield f"{pad}  - {first.lstrip()}"
            yield from others
        else:
            yield f"{pad}  - {item}"


def _forms() -> Iterator[str]:
    schema = resources.schema("plan")
    yield "## Forms of values\n"
    for kind, heading in _FORMS.items():
        form = schema["$defs"][kind]
        yield f"### {heading}\n"
        yield f"{form['description']} For example {_examples(form, form) or '`selection: Arsenal`'}.\n"


def _templates() -> Iterator[str]:
    yield "## Templates\n"
    words = ", ".join(f"`${{market.{word}}}`" for word in MARKET_WORDS)
    yield _ABOUT_TEMPLATES.format(words=words)
    yield "| Filter | Gives | For example |\n|---|---|---|"
    for name in FILTERS:
        does, example = _FILTERS[name]
        yield f"| `{name}` | {does} | `{_cell(example)}` |"
    yield ""


def _messages() -> Iterator[str]:
    yield "## Messages\n"
    yield (
        "Every problem has a code, and `planrunner explain PR206` tells what stands here. An example leaves out what is as in "
        "the smallest plan; a line such as `--- picks.csv` begins another file beside it.\n"
    )
    for start, (heading, about) in _CLASSES.items():
        yield f"### {start}xx {heading}: {about}\n"
        for code in (one for one in CODES if one.startswith(start)):
            entry = ENTRIES[code]
            yield f"#### {code}: {CODES[code]}\n"
            yield f"{entry.why}\n"
            yield f"Wrong ({entry.laid.value}):\n\n{_fenced(entry.wrong)}\n\nRight:\n\n{_fenced(entry.right)}\n"


def _fenced(example: str) -> str:
    """What can't be seen is shown as it is written in double quotes."""
    shown = "".join(one if one == "\n" or one.isprintable() else f"<U+{ord(one):04X}>" for one in example)
    return f"```\n{shown.rstrip()}\n```"


if __name__ == "__main__":
    resources.find("schemas").joinpath("README.md").write_text(reference(), encoding="utf-8", newline="\n")
