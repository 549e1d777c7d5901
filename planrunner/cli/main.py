"""The command `planrunner`: one verb each, imported only when it is used, and one boundary around them all."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from planrunner import __version__

# Verb -> where it is.
VERBS = {
    "new": "planrunner.cli.new:new",
    "check": "planrunner.cli.check:check",
    "explain": "planrunner.cli.explain:explain",
    "preview": "planrunner.cli.preview:preview",
    "diff": "planrunner.cli.diff:diff",
    "review": "planrunner.cli.review:review",
    "approve": "planrunner.cli.approve:approve",
    "verify": "planrunner.cli.verify:verify",
    "fmt": "planrunner.cli.fmt:fmt",
    "run": "planrunner.cli.run:run",
    "report": "planrunner.cli.report:report",
    "audit": "planrunner.cli.audit:audit",
    "status": "planrunner.cli.status:status",
    "runs": "planrunner.cli.runs:runs",
    "stop": "planrunner.cli.stop:stop",
    "release": "planrunner.cli.stop:release",
    "reconcile": "planrunner.cli.reconcile:reconcile",
    "settle": "planrunner.cli.settle:settle",
    "pnl": "planrunner.cli.pnl:pnl",
    "prune": "planrunner.cli.prune:prune",
    "doctor": "planrunner.cli.doctor:doctor",
    "serve": "planrunner.cli.serve:serve",
    "sandbox": "planrunner.cli.sandbox:sandbox",
    "schema": "planrunner.cli.schema:schema",
}


class _Verbs(click.Group):
    """A verb's module is imported when the verb is used, or its help asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] == ["help"]:
            args = [*args[1:], "--help"]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from planrunner.model.names import nearest

            guess = nearest(args[0], VERBS)
            hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(VERBS)}."
            raise click.UsageError(f"`{args[0]}` is not something planrunner does; {hint}", ctx=ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, message="planrunner %(version)s")
def planrunner() -> None:
    """Place orders from YAML plans: nothing twice, nothing lost, nothing guessed, everything explained.

    \b
    Examples:
      planrunner new plan.yaml
      planrunner check plan.yaml
      planrunner run plan.yaml
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """What the console script calls."""
    gc.set_threshold(50_000, 20, 50)  # most of what is made while modules are read lives as long as the process
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us: nobody listens, which is no reason to stop
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the life of the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows few letters still gets every message
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line and give its exit code."""
    try:
        code = planrunner.main(args=list(arguments), prog_name="planrunner", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: it tells everything that comes here
        from planrunner.cli import boundary

        return boundary.exit_code_of(error, arguments)
