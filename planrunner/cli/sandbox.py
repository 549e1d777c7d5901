"""`planrunner sandbox`: embedded venues to practise against."""

from __future__ import annotations

from pathlib import Path

import click

from planrunner.app.venues import SANDBOX_PORT
from planrunner.cli.output import say

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(short_help="embedded venues to practise against")
def sandbox() -> None:
    """Embedded venues to practise against: nothing there is real, and nothing leaves this machine."""


class _Serve(click.Command):
    """Its help lists the cases, which are kept in one place."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from planrunner.sandbox.cases import CASES

        with formatter.section("Cases"):
            formatter.write_dl([(case.name, case.explains) for case in CASES.values()])
        super().format_epilog(ctx, formatter)


def _checked_case(_: click.Context, __: click.Parameter, value: str) -> str:
    from planrunner.sandbox.cases import CASES

    if value not in CASES:
        raise click.BadParameter(f"`{value}` is no case; there are {', '.join(CASES)}")
    return value


@sandbox.command(cls=_Serve, short_help="serve the venues on this machine, in real time")
@click.option("--scenario", metavar="FILE", type=FILE, help="A world of your own (schema: planrunner schema scenario).")
@click.option("--market-data", metavar="FILE", type=FILE, help="A recorded Betfair market, from 10 minutes before its start.")
@click.option("--case", metavar="CASE", default="usual", show_default=True, callback=_checked_case, help="See below.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed and requests give the same world.")
@click.option("--port", type=click.IntRange(0, 65535), default=SANDBOX_PORT, show_default=True, help="0 takes a free one.")
@click.option("--log", metavar="FILE", type=FILE, help="Append the venue's own log to FILE, a JSON line per fact.")
def serve(*, scenario: Path | None, market_data: Path | None, case: str, seed: int, port: int, log: Path | None) -> None:
    """Serve the venues until Ctrl-C, all in one world: the practice world, a scenario, or a recorded market.

    Betfair is at the root of the address, the Tote under /tote, OddsPapi ABP under /abp.

    \b
    Example:
      planrunner sandbox serve --port 8765 --case half-matches
      planrunner run plan.yaml --sandbox http://127.0.0.1:8765

    Any user name, password and key will do. Beside the venues there is a control API under /sandbox/: health, log, fixtures
    (with the numbers that OddsPapi ABP knows them by), faults, happenings, abp, advance, reset.
    """
    if scenario is not None and market_data is not None:
        raise click.UsageError("--scenario and --market-data don't go together: each is a whole world")
    from planrunner.app.sandbox import Serve
    from planrunner.app.sandbox import serve as run

    asked = Serve(port=port, seed=seed, case=case, scenario=scenario, market_data=market_data, log=log)
    run(
        asked,
        lambda url: say(
            f"The sandbox is at {url} (stop with Ctrl-C): Betfair there, the Tote under /tote, OddsPapi ABP under /abp"
        ),
    )
    say("stopped")
