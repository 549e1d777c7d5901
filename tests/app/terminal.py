"""A terminal with a person at it, who waits for each question."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMPT = b"\n> "


def at_a_terminal(arguments: Sequence[str], typed: Sequence[str]) -> str:
    """What a person sees who types these lines, one at each prompt."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "planrunner", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    waiting = list(typed)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
            if shown.endswith(PROMPT):
                assert waiting, f"one question more than answers: {shown.decode()}"
                os.write(ours, waiting.pop(0).encode() + b"\n")
    except OSError:  # the terminal's other end is closed: the program has ended
        pass
    finally:
        os.close(ours)
    assert process.wait() == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")
