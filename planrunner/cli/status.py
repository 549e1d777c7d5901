"""`planrunner status`: what goes on now, told from the journal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.options import json_option, state_option
from planrunner.cli.output import Styled, good, say, say_json, say_text

if TYPE_CHECKING:
    from planrunner.app.status import Due, LimitStatus, OrderStatus, RunStatus, Status


@click.command(short_help="what goes on: runs, open orders, limits, stops")
@click.option("--watch", is_flag=True, help="Again every second, until Ctrl-C. With --json a line each time.")
@state_option
@json_option
@click.pass_context
def status(ctx: click.Context, *, watch: bool, state: Path | None, as_json: bool) -> None:
    """Tell what goes on: runs that are not over, each open order with what is matched and what comes next, how near each limit
    of the site file is, the stops in force, and runs that nobody drives, with the command that takes each up.

    \b
    Examples:
      planrunner status
      planrunner status --watch

    Exit code 5: something may be at a venue and nobody looks after it.
    """
    from planrunner.app import status as app
    from planrunner.app.documents import status_document
    from planrunner.app.scope import state_of

    folder = state_of(state)
    if not watch:
        found = app.status(folder)
        say_json(status_document(found)) if as_json else _say(found)
        ctx.exit(found.exit)
    try:
        for found in app.watch(folder):
            if as_json:
                say_text(json.dumps(status_document(found), ensure_ascii=False) + "\n")
            else:
                click.clear()  # of a terminal only
                _say(found)
            sys.stdout.flush()
    except KeyboardInterrupt:
        ctx.exit(0)


def _say(found: Status) -> None:
    say(Styled(f"{found.at:%Y-%m-%d %H:%M:%S} UTC", dim=True))
    for halt in found.halts:
        say(Styled("\nSTOPPED", "red", bold=True), f"  {halt.what}: {halt.why}")
    if found.halts:
        say("         to let runs begin again: planrunner release --because ... (and the same --plan, --account or --run)")
    for note in found.notes:
        say(Styled(f"\n{note}", "yellow"))
    for run in found.runs:
        _say_run(run, found.at)
    if not found.runs:
        say("\nNo run is under way.")
    _say_unresolved(found)
    _say_limits(found)


def _say_run(run: RunStatus, now: datetime) -> None:
    say(Styled(f"\n{run.info.run}", bold=True), f"  {run.info.plan_name}  ({run.info.mode.value})")
    if run.trouble:
        say(Styled(f"  {run.trouble}", "red", bold=True))
    if run.is_silent:
        say(Styled(f"  SILENT: {_silence(run, now)}, nobody drives it.", "red", bold=True), f" To go on with it: {run.go_on}")
    else:
        say(Styled(f"  driven by {run.owner}", dim=True))
    for order in run.orders:
        _say_order(order, run, now)
    if run.may_lose is not None:
        say(Styled(f"  can lose {run.can_lose:.2f} of at most {run.may_lose} (max_loss of the plan)", dim=True))


def _silence(run: RunStatus, now: datetime) -> str:
    if run.beat is None:
        return "its owner has left it"
    return f"no sign of life of {run.owner} for {_length((now - run.beat).total_seconds())}"


def _say_order(order: OrderStatus, run: RunStatus, now: datetime) -> None:
    parts = [
        (order.matched, "matched", "green"),
        (order.remaining, "remaining", None),
        (order.in_doubt, "in doubt: no certain answer", "red"),
        (order.waiting, "not placed yet", None),
    ]
    shown = [Styled(f"{size:.2f} {words}", colour) for size, words, colour in parts if size] or [Styled("nothing yet")]
    row: list[str | Styled] = [f"  {order.name}  {order.text} on {order.account}:  "]
    for at, one in enumerate(shown):
        row += [", " if at else "", one]
    say(*row)
    if order.in_doubt:
        say(f"      reference {', '.join(order.references)}")
    for name, due in (("next", order.next), ("ends", order.ending)):
        if due is not None:
            say(Styled(f"      {name} {_countdown(due, run, now)}", dim=True))


def _countdown(due: Due, run: RunStatus, now: datetime) -> str:
    left = (due.at - now).total_seconds()
    clock = f"{due.at.astimezone(run.zone):%H:%M:%S}"
    when = f"in {_length(left)}" if left >= 0 else f"overdue for {_length(-left)}"
    return f"{when} ({clock}): {due.text}"


def _length(seconds: float) -> str:
    """`2h 03m`, `1m 09s`, `4s`."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def _say_unresolved(found: Status) -> None:
    from planrunner.app.left import words

    for one in found.unresolved:
        say(
            Styled(f"\n{one.info.run}", bold=True),
            f"  {one.info.plan_name}: ",
            Styled("over, and not resolved", "red", bold=True),
        )
        for left in one.left:
            say(Styled(f"  {words(left)}", "yellow"))
        say("  To ask the venue and write down what it says: planrunner reconcile --adopt")


def _say_limits(found: Status) -> None:
    if found.limits:
        say(Styled("\nLimits", bold=True))
    for one in found.limits:
        say(f"  {one.of} ({one.mode})  {one.name:<24} ", *_figures(one), f", most of it in {one.where}" if one.where else "")


def _figures(one: LimitStatus) -> Iterator[str | Styled]:
    unit = f" {one.currency}" if one.currency else ""
    used = f"{one.used:.2f}" if one.currency else str(one.used)
    if one.allowed is None:
        yield f"{used}{unit}; there is no limit"
        return
    share = one.used / one.allowed if one.allowed else 1
    text = f"{used} of {one.allowed:.2f}{unit}" if one.currency else f"{used} of {one.allowed}"
    yield Styled(text, "red") if share >= 1 else Styled(text, "yellow") if share > 0.75 else good(text)
