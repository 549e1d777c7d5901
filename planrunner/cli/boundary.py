"""The one place where what went wrong becomes words and an exit code.

| Exit | Meaning |
|---|---|
| 0 | done as the plan says |
| 1 | problems in the plan |
| 2 | wrong use, or nothing checked |
| 3 | refused, and nothing placed |
| 4 | ran, and did not end as planned |
| 5 | unknown exposure: a person must look |
| 6 | our bug; a diagnostic file was written |
| 130 | interrupted |
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from planrunner import __version__
from planrunner.app.outcome import Exit
from planrunner.cli.output import say, say_error
from planrunner.model import errors

# What escapes a verb, by kind. A verb that has placed orders tells its own end and lets nothing escape, so most of these mean
# that nothing was placed; the two at the end never do.
_EXITS: dict[type[errors.PlanrunnerError], Exit] = {
    errors.PlanProblems: Exit.PROBLEMS,
    errors.WrongUse: Exit.WRONG_USE,
    errors.Refused: Exit.REFUSED,
    errors.VenueRefused: Exit.REFUSED,
    errors.VenueTrouble: Exit.REFUSED,
    errors.NeverSent: Exit.REFUSED,
    errors.JournalTrouble: Exit.REFUSED,
    errors.ReplyUnknown: Exit.UNKNOWN_EXPOSURE,
    errors.Divergence: Exit.UNKNOWN_EXPOSURE,
}


def exit_code_of(error: Exception | KeyboardInterrupt, arguments: Sequence[str]) -> int:
    """Tell the user, and give the exit code."""
    match error:
        case errors.PlanrunnerError():
            say(str(error), err=True)
            return next((code for kind, code in _EXITS.items() if isinstance(error, kind)), Exit.OUR_BUG)
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            say_error(error)
            return Exit.WRONG_USE
        case KeyboardInterrupt() | click.Abort():
            say("interrupted", err=True)
            return Exit.INTERRUPTED
        case BrokenPipeError():
            # Whoever read our output went away; nothing more can be said on it, not even at the interpreter's end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.WRONG_USE
        case _:
            return _our_bug(error, arguments)


def _our_bug(error: Exception, arguments: Sequence[str]) -> int:
    text = _diagnosis(error, arguments)
    say(f"planrunner has a bug: {type(error).__name__}. This is not your doing.", err=True)
    try:
        say(f"What is needed to mend it was written to {_write(text)}", err=True)
    except OSError:
        say(text, err=True)
    return Exit.OUR_BUG


def _diagnosis(error: Exception, arguments: Sequence[str]) -> str:
    told = "".join(traceback.format_exception(error))
    system = f"planrunner {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return without_secrets(f"{system}\ncommand: planrunner {' '.join(arguments)}\n\n{told}", os.environ)


def without_secrets(text: str, environment: os._Environ[str] | dict[str, str]) -> str:
    """What was handed out, and what the environment has and nobody asked for yet: its names begin with ours."""
    from planrunner.runtime.secrets import redacted

    text = redacted(text)
    for name, value in environment.items():
        if name.startswith("PLANRUNNER_") and len(value) > 3:
            text = text.replace(value, f"<{name}>")
    return text


def _write(text: str) -> Path:
    """Beside the journal where there is one, else where the system keeps such files. One bug, one file."""
    name = f"bug-{hashlib.sha256(text.encode()).hexdigest()[:12]}.txt"
    for folder in (Path(".planrunner"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(exist_ok=True)
            path = folder / name
            # For its owner alone; a link that somebody put in its place in a folder of all is not followed.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            return path
        except FileExistsError:  # the same bug was met before
            return folder / name
        except OSError:
            continue
    raise OSError("no folder takes the file")
