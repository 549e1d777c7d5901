"""What the README says of settling, of profit and loss and of being told, done as it stands there."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Callable
from pathlib import Path

from tests.answering import answering
from tests.app.test_settle import over, to_the_end
from tests.app.verbs import Desk
from tests.notices.test_notices import Desk as NoticesDesk
from tests.notices.test_notices import Hook, settled, webhook

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(heading: str, language: str) -> str:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, (heading, language)
    return found[1]


def test_the_commands_after_a_run_do_what_is_said(desk: Desk) -> None:
    run = over(desk)
    to_the_end(desk)
    outputs = {}
    for line in block("After a run", "sh").splitlines():
        told = desk.verb(*shlex.split(line)[1:])
        assert told.code == 0, (line, told)
        outputs[line] = told.out
    assert run in outputs["planrunner settle"]
    assert "15.20" in outputs["planrunner pnl"]
    assert (desk.folder / "december.html").is_file()
    assert "plan.yaml,GBP,1," in outputs["planrunner pnl --by plan --csv"]
    assert "0 runs would go, 1 run younger" in outputs["planrunner prune --older-than 90d --dry-run"]


def test_the_site_file_that_says_who_is_told_is_one(desk: Desk) -> None:
    (desk.folder / "planrunner.yaml").write_text(block("Being told", "yaml"))
    checked = desk.verb("check", "planrunner.yaml")
    assert checked.code == 0, checked


def test_a_signature_is_looked_at_as_is_said(tmp_path: Path) -> None:
    written: dict[str, Callable[..., bool]] = {}
    exec(block("Being told", "python"), written)
    hook = Hook()
    with answering(hook) as url:
        desk = NoticesDesk(tmp_path / "planrunner.db", webhook(url, signed=True))

        async def main() -> None:
            async with desk.notices() as notices:
                await settled(notices)
                await notices.tell_due()

        asyncio.run(main())
    [(_, headers, body)] = hook.heard
    assert written["is_from_planrunner"](b"sign-with-this", dict(headers), body)
    assert not written["is_from_planrunner"](b"another", dict(headers), body)
    assert not written["is_from_planrunner"](b"sign-with-this", dict(headers), body + b" ")
