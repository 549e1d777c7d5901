"""What a service says is said to whoever listens, and nobody who doesn't holds it up."""

from __future__ import annotations

import json
import logging
import os
import time

from planrunner.app.service.log import Log, overheard
from planrunner.cli.lines import Lines
from planrunner.runtime.clock import RealClock


def test_a_reader_who_stalls_holds_up_nobody_and_hears_later_how_much_was_left_out() -> None:
    there, here = os.pipe()
    lines = Lines(here, most=5)
    long = json.dumps({"what": "x" * 200_000})  # more than any pipe takes at once
    began = time.monotonic()
    lines(long)
    time.sleep(0.05)  # by now it is being written, and does not end
    for number in range(25):
        lines(json.dumps({"what": "occurrence", "number": number}))
    lines.close(within=0.05)
    assert time.monotonic() - began < 1
    heard = b""
    while heard.count(b"\n") < 1 + 5 + 1:
        heard += os.read(there, 1 << 16)
    os.close(there)
    told = [json.loads(line) for line in heard.splitlines()][1:]
    assert [one.get("number") for one in told] == [0, 1, 2, 3, 4, None]
    assert (told[-1]["what"], told[-1]["lines"]) == ("lines left out", 20)
    lines(json.dumps({"what": "nobody is there any more"}))
    lines.close()
    os.close(here)


def test_what_a_library_complains_of_is_a_line_like_all_others_and_not_each_time() -> None:
    for name in ("uvicorn", "uvicorn.error"):  # as a service has them; who served in this process before left them otherwise
        logging.getLogger(name).propagate = True
        logging.getLogger(name).setLevel(logging.NOTSET)
    said: list[str] = []
    clock = RealClock()
    with overheard(Log(write=said.append, clock=clock)):
        for number in range(3):
            logging.getLogger("uvicorn.error").warning("Invalid HTTP request received from %s.", number)
        try:
            int("no number")
        except ValueError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved")
    logging.getLogger("asyncio").debug("nobody hears it any more")
    told = [json.loads(line) for line in said]
    assert [(one["what"], one["by"], one["why"]) for one in told] == [
        ("warning", "uvicorn.error", "Invalid HTTP request received from 0."),
        ("warning", "asyncio", "Task exception was never retrieved"),
    ]
    assert "ValueError: invalid literal" in told[1]["where"]


def test_two_of_our_own_complaints_in_the_same_words_are_two() -> None:
    said: list[str] = []
    with overheard(Log(write=said.append, clock=RealClock())):
        for one in ("ann", "bob"):
            logging.getLogger("planrunner.app.notices").warning("%s was not told", one)
    assert [json.loads(line)["why"] for line in said] == ["ann was not told", "bob was not told"]
