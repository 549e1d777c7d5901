"""Signs that are not what they look like: a word processor's quotes, letters of another alphabet, wide letters and digits.

A name with one of them is read as it stands, looks right in a review, and is found at no venue. Text for people (`plan`,
`alert` and such) may hold anything.
"""

from __future__ import annotations

import re
import unicodedata

from planrunner.plan.messages import text as say
from planrunner.plan.nodes import Scalar
from planrunner.plan.problems import Problem

FOR_PEOPLE = frozenset({"plan", "blueprint", "about", "alert", "ask"})
_CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u00ab\u00bb"
# Cyrillic and Greek letters that look like Latin ones, and how those are written.
_CYRILLIC = dict(zip("аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅ", "aeopcyxijshdqwABEKMHOPCTYXIJS", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ", "ABEZHIKMNOPTYXovp", strict=True))
_SCRIPTS = (("Cyrillic", "\u0400-\u052f", _CYRILLIC), ("Greek", "\u0370-\u03ff", _GREEK))
_WORD = re.compile(r"[^\W\d_]+")
_WIDE = re.compile("[\uff01-\uff5e\ufb00-\ufb06]")


def judge(value: Scalar, key: Scalar | None) -> Problem | None:
    """What looks right in a value (or, without a key, in a key) and is not."""
    text = value.text
    if text.isascii() or (key is not None and key.text in FOR_PEOPLE):
        return None
    if fixed := _without_curly(text, is_plain=value.is_plain):
        return say.curly_quotes(value.span, text, fixed if key is None else f'"{fixed}"')
    if (plain := keyboard(text)) != text and plain.isascii():
        return say.wide_letters(value.span, text, _written(plain, value))
    for script, block, alike in _SCRIPTS:
        if found := _in_one_alphabet(text, block, alike, is_key=key is None):
            fixed, letters = found
            script = "Latin" if letters.isascii() else script
            return say.foreign_letters(value.span, text, letters, script, _written(fixed, value))
    return None


def keyboard(text: str) -> str:
    """Wide letters and digits, ligatures and the digits of other scripts, as a keyboard has them."""
    plain = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in plain)


def _without_curly(text: str, *, is_plain: bool) -> str | None:
    is_quoted = text[0] in _CURLY and text[-1] in _CURLY and len(text) > 2
    is_half = "\u201c" in (text[0], text[-1]) or "\u201d" in (text[0], text[-1])
    inner = text.strip(_CURLY).strip()
    return inner if is_plain and (is_quoted or is_half) and inner and '"' not in inner else None


def _in_one_alphabet(text: str, block: str, alike: dict[str, str], *, is_key: bool) -> tuple[str, str] | None:
    """The text with every mixed word in one alphabet, and the letters that were of the other; None if no word is mixed."""
    words = _WORD.findall(text)
    foreign = re.compile(f"[{block}]")
    strange = [word for word in words if foreign.search(word)]
    is_latin = is_key or any(word.isascii() for word in words)
    is_latin = is_latin and all(foreign.sub("", word) or all(one in alike for one in word) for word in strange)
    back = {latin: one for one, latin in alike.items()}
    letters = ""
    for word in strange:
        ours, theirs = foreign.sub("", word), foreign.findall(word)
        if all(one in alike for one in theirs) and (ours or is_latin):
            text = text.replace(word, "".join(alike.get(one, one) for one in word))
            letters += "".join(theirs)
        elif ours and all(one in back for one in ours):
            text = text.replace(word, "".join(back.get(one, one) for one in word))
            letters += ours
    return (text, "".join(dict.fromkeys(letters))) if letters else None


def _written(text: str, value: Scalar) -> str:
    """In the quotes the value has."""
    if value.is_plain:
        return text
    return f'"{text}"' if '"' not in text and "\\" not in text else "'" + text.replace("'", "''") + "'"
