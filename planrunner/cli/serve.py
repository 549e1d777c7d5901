"""`planrunner serve`: plans that run by themselves."""

from __future__ import annotations

import ipaddress
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.app.venues import SANDBOX

if TYPE_CHECKING:
    from planrunner.app.service.service import Service

PORT = 8766


def _address(_: click.Context, __: click.Parameter, value: str) -> tuple[str, int] | None:
    """`127.0.0.1:8766`, `[::1]:8766`, a port alone, or `off`."""
    if value == "off":
        return None
    host, _sign, port = value.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"`{value}` is no address; write it like 127.0.0.1:{PORT}, or off")
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@click.command(short_help="run the plans of a folder by themselves, as their schedules say")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
@click.option("--sandbox", "url", metavar="URL", default=SANDBOX, show_default=True, help="Bet at a served sandbox.")
@click.option("--live", is_flag=True, help="Bet real money, with the accounts whose `mode` is live.")
@click.option("--listen", metavar="ADDRESS", default=f"127.0.0.1:{PORT}", show_default=True, callback=_address,
              help="Where the HTTP API is; `off` for none.")  # fmt: skip
@click.option("--behind-tls", is_flag=True, help="Something in front of it speaks TLS: needed to listen beyond this machine.")
@click.option("--host", "hosts", metavar="NAME", multiple=True, help="A name under which the API is asked for from elsewhere.")
@click.option("--finish-within", metavar="SECONDS", type=click.IntRange(0, 3600), default=20, show_default=True,
              help="How long its runs are waited for when it is told to end.")  # fmt: skip
@click.option(
    "--take-back", is_flag=True, help="When it is told to end, take back what rests; else it is left to the next service."
)
@click.option("--state", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
              help="The folder of the journal [default: .planrunner in FOLDER].")  # fmt: skip
def serve(
    *, folder: Path, url: str, live: bool, listen: tuple[str, int] | None, behind_tls: bool, hosts: tuple[str, ...],
    finish_within: int, take_back: bool, state: Path | None,
) -> None:  # fmt: skip
    """Run the plans of FOLDER whenever their `when:` says so, until Ctrl-C or SIGTERM. What was interrupted is gone on with
    first, and what came due while nobody was there is run late or skipped, as each plan says. Plans and the site file may be
    changed at any time. A line of JSON on standard output tells each thing that happens.

    \b
    Examples:
      planrunner serve plans
      planrunner serve plans --sandbox http://127.0.0.1:8765 --listen off
      planrunner serve plans --live

    When it ends, runs are left as they are: their deadlines are in the journal, and the next service goes on with them at once.
    With --take-back nothing is left resting at a venue. Who may ask what of its API stands in the site file, under `service:`.
    """
    from planrunner.app.report import STATE
    from planrunner.app.service.service import Asked
    from planrunner.app.service.service import serve as run
    from planrunner.cli.lines import Lines
    from planrunner.model.errors import WrongUse
    from planrunner.model.journal import Mode
    from planrunner.web.serving import listen as listen_at
    from planrunner.web.serving import speak

    folder = folder.absolute()
    if listen is not None and not _is_loopback(listen[0]) and not behind_tls:
        raise WrongUse(
            f"{listen[0]} can be reached from other machines, and the API speaks no TLS of its own: put something in front of it "
            f"that does and add --behind-tls, or listen at 127.0.0.1:{listen[1]}"
        )
    asked = Asked(
        folder=folder, state=state or folder / STATE, mode=Mode.LIVE if live else Mode.SANDBOX, url=None if live else url,
        finish_within=timedelta(seconds=finish_within), stops_runs=take_back,
    )  # fmt: skip
    listening = None if listen is None else listen_at(*listen)
    say = Lines(_standard_output())

    async def web(service: Service) -> None:
        assert listening is not None
        service.log("listens", address=f"{listening.getsockname()[0]}:{listening.getsockname()[1]}")
        await speak(service, listening, service.secret, service.clock, hosts=hosts, log=say)

    try:
        run(asked, say, web if listening is not None else None)
    finally:
        say.close()


def _standard_output() -> int | None:
    """None where it is closed."""
    try:
        return None if sys.stdout is None else sys.stdout.fileno()
    except (OSError, ValueError):
        return None
