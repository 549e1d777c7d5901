"""What was found, in the words of whatever asks: a build server, a pull request, an editor, a page. Each format is one pure
function from findings to text, imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only asks which there are pays for none
    from planrunner.review.formats.found import Findings

# Name -> the module whose `told` makes it.
FORMATS = {
    "json": "as_json",
    "github": "github",
    "sarif": "sarif",
    "junit": "junit",
    "codeclimate": "codeclimate",
    "markdown": "markdown",
    "html": "html",
}


def told(name: str, findings: Findings) -> str:
    """Text that is harmless wherever it is shown, whatever the plans hold."""
    text = import_module(f"{__name__}.{FORMATS[name]}").told(findings)
    assert isinstance(text, str)
    return text
