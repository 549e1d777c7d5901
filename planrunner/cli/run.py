"""`planrunner run`: rehearse a plan, run it against a sandbox, or against the venue."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from planrunner.cli.given import given_options
from planrunner.cli.output import Styled, say, say_text

if TYPE_CHECKING:
    from planrunner.app.running import Told

FILE = click.Path(path_type=Path, dir_okay=False)


class _Run(click.Command):
    """Its help lists what may happen in a rehearsal, which is kept in one place."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from planrunner.sandbox.cases import CASES

        with formatter.section("Cases of a rehearsal, and the exit code of a simple back with an ending"):
            formatter.write_dl([(case.name, f"{case.explains} Exit code {case.exit_code}.") for case in CASES.values()])
        super().format_epilog(ctx, formatter)


def _case(_: click.Context, __: click.Parameter, value: str) -> str:
    if value != "usual":
        from planrunner.sandbox.cases import CASES

        if value not in CASES:
            raise click.BadParameter(f"`{value}` is no case; there are {', '.join(CASES)}")
    return value


@click.command(cls=_Run, short_help="rehearse a plan, or run it")
@click.argument("plan", type=FILE, required=False)
@click.option("--case", metavar="CASE", default="usual", show_default=True, callback=_case, help="What happens in the rehearsal.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same rehearsal, to the byte.")
@click.option(
    "--scenario", metavar="FILE", type=FILE, help="Rehearse in a world of your own (schema: planrunner schema scenario)."
)
@click.option("--market-data", metavar="FILE", type=FILE, help="Rehearse on a recorded Betfair market (plain or .gz).")
@click.option("--at", metavar="MINUTES", type=click.IntRange(0, 100_000), default=10, show_default=True,
              help="With --market-data: begin so many minutes before its start.")  # fmt: skip
@click.option("--sandbox", metavar="[URL]", is_flag=False, flag_value="",
              help="Run in real time against `planrunner sandbox serve`, on this machine unless you say where.")  # fmt: skip
@click.option("--live", is_flag=True, help="Run against the venue, with real money.")
@click.option(
    "--resume", metavar="[RUN]", is_flag=False, flag_value="", help="Go on with an interrupted run (the latest, or RUN)."
)
@click.option("--take-over", is_flag=True, help="With --resume: take the run away from a process that is still at work on it.")
@click.option("--state", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="The folder of the journal [default: .planrunner beside the plan].")  # fmt: skip
@given_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON (schema: planrunner schema report).")
@click.pass_context
def run(
    ctx: click.Context, *, plan: Path | None, case: str, seed: int, scenario: Path | None, market_data: Path | None, at: int,
    sandbox: str | None, live: bool, resume: str | None, take_over: bool, state: Path | None, set_values: dict[str, str],
    inputs: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Run PLAN. Without options this is a rehearsal: the whole way an order takes, against an exchange in memory, on a clock
    that jumps. No money, no network, no account; the report shows profit and loss.

    \b
    Examples:
      planrunner run plan.yaml
      planrunner run plan.yaml --case half-matches --seed 7
      planrunner run plan.yaml --market-data 1.200806927.gz --at 30
      planrunner run plan.yaml --set stake="5.00 GBP"
      planrunner run plan.yaml --sandbox
      planrunner run --resume
    """
    from planrunner.app import running
    from planrunner.cli.progress import Progress
    from planrunner.plan.given import Given

    if sum((sandbox is not None, live, market_data is not None, scenario is not None)) > 1:
        raise click.UsageError("--sandbox, --live, --market-data and --scenario don't go together: each says where the plan runs")
    if market_data is None and ctx.get_parameter_source("at") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--at says where to begin in a recorded market; it goes with --market-data")
    if take_over and resume is None:
        raise click.UsageError("--take-over goes with --resume")
    asked = running.Asked(
        plan=plan, case=case, seed=seed, scenario=scenario, market_data=market_data, before_start=timedelta(minutes=at),
        sandbox_url=sandbox, live=live, resume=resume, state=state, given=Given(values=set_values, file=inputs),
        take_over=take_over,
    )  # fmt: skip
    with Progress(quiet=as_json) as progress:
        told = running.run(asked, progress.tell)
    # The run is over and written down: whoever reads its story, or does not, changes nothing about how it ended.
    with suppress(OSError):
        if told.ran.trouble:
            say(Styled(told.ran.trouble, "red"), err=True)
        if as_json:
            for piece in told.json:
                say_text(piece)
        else:
            _summary(told)
        sys.stdout.flush()
    ctx.exit(told.ran.exit)


def _summary(told: Told) -> None:
    from planrunner.cli.report import show

    show(told.summary)
    if told.paths is not None:
        say(f"\nReport  {told.paths.html}\n        {told.paths.json}")
