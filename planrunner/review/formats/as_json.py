"""All that was found, as `--json` prints it."""

from __future__ import annotations

import json

from planrunner.model.shown import escaped
from planrunner.review.formats.found import Findings


def told(findings: Findings) -> str:
    return escaped(json.dumps(findings.document, indent=2, ensure_ascii=False)) + "\n"
