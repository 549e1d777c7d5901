"""`planrunner preview`: what plans will do, for whoever reviews them."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import from_stdin, given_options
from planrunner.cli.output import Styled, say, say_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planrunner.review.preview import Preview

FILE = click.Path(path_type=Path, dir_okay=False)
FORMATS = ("text", "json", "markdown", "html")


def _formats(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, Path | None]:
    """Each form and where it goes; None: to standard output, which has room for one."""
    found: dict[str, Path | None] = {}
    for one in given:
        form, sign, file = one.partition("=")
        if form not in FORMATS or (sign and not file):
            raise click.BadParameter(f"`{one}` is no form; write one of {', '.join(FORMATS)}, or with a file: html=review.html")
        found[form] = Path(file) if sign else None
    if sum(file is None for file in found.values()) > 1:
        raise click.BadParameter("only one form can go to standard output; give the others a file: html=review.html")
    return found


def _case(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    if given:
        from planrunner.sandbox.cases import CASES

        for one in given:
            if one not in CASES:
                raise click.BadParameter(f"`{one}` is no case; there are {', '.join(CASES)}")
    return given


@click.command(short_help="show what plans will do, for a review")
@click.argument("plans", nargs=-1, required=True, metavar="PLAN...")
@click.option("--site", type=FILE, metavar="FILE", help="The site file [default: planrunner.yaml beside each plan].")
@given_options
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="Tell the next runs from this day on (UTC) [default: from now on].")  # fmt: skip
@click.option("--market-data", metavar="FILE", type=FILE,
              help="Look names up in a recorded Betfair market, or in a saved answer of listMarketCatalogue.")  # fmt: skip
@click.option("--rehearse", is_flag=True, help="Rehearse each plan, and tell what would have matched.")
@click.option("--case", "cases", multiple=True, metavar="CASE", callback=_case,
              help="With --rehearse: in these cases (see run --help) [default: four of them].")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="With --rehearse: of the rehearsals.")
@click.option("--format", "formats", multiple=True, metavar="FORM[=FILE]", callback=_formats,
              help="text, json, markdown or html; without a file to standard output [default: text].")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", metavar="FILE", type=FILE, help="Write the preview as JSON into FILE: that is what gets approved.")
@click.option("--all", "everything", is_flag=True, help="As text: every row of a table, every rung and every part of a sum.")
@click.pass_context
def preview(
    ctx: click.Context, plans: tuple[str, ...], *, site: Path | None, set_values: dict[str, str], inputs: str | None,
    since: datetime | None, market_data: Path | None, rehearse: bool, cases: tuple[str, ...], seed: int,
    formats: dict[str, Path | None], as_json: bool, out: Path | None, everything: bool,
) -> None:  # fmt: skip
    """Show what PLANs will do and when: every order in sentences, every rung of a reprice, deadlines, the next runs, the worst
    loss as a sum, how near each limit is, and what can't be known before they run. PLAN is a file, a folder, or - for standard
    input; several make one page.

    Nothing is asked of a venue. Exit code 0: shown; 1: there are problems, which are printed; 2: there is nothing to show.

    \b
    Examples:
      planrunner preview plan.yaml
      planrunner preview plans/ --format html=review.html
      planrunner preview plan.yaml --rehearse --out preview.json
      planrunner preview plan.yaml --market-data 1.200806927.gz
    """
    from planrunner.app import preview as app
    from planrunner.app.report import write_asked
    from planrunner.cli import check
    from planrunner.plan.given import Given

    begins = datetime.combine(since.date(), time(), tzinfo=UTC) if since is not None else None
    if as_json:
        formats = {**formats, "json": None}
        if sum(file is None for file in formats.values()) > 1:
            raise click.UsageError("--json goes to standard output; give the other form a file: --format html=review.html")
    if cases and not rehearse:
        raise click.UsageError("--case says what happens in a rehearsal; it goes with --rehearse")
    asked = app.Asked(
        named=plans, since=begins, site=site, given=Given(values=set_values, file=inputs), market_data=market_data,
        rehearse=rehearse, cases=cases, seed=seed,
    )  # fmt: skip
    found = app.preview_plans(asked, read_stdin=from_stdin)
    if not found.previews:
        check.tell(found.results, as_json=as_json)
        ctx.exit(1)
    if out is not None:
        write_asked(out, app.as_file(found.previews))
    for form, file in (formats or ({} if out is not None else {"text": None})).items():
        if file is not None:
            write_asked(file, _written(form, found.previews, everything=everything))
        elif form == "text":
            _say(found.previews, everything=everything)
        else:
            say_text(_written(form, found.previews, everything=everything))
    written = [str(one) for one in (out, *formats.values()) if one is not None]
    if written:
        say(f"written: {', '.join(written)}", err=None in formats.values())


def _written(form: str, previews: Sequence[Preview], *, everything: bool) -> str:
    from planrunner.app import preview as app

    match form:
        case "json":
            return app.as_file(previews)
        case "html":
            return app.as_html(previews)
        case "markdown":
            return app.as_markdown(previews)
        case _:
            return app.as_text(previews, everything=everything)


def _say(previews: Sequence[Preview], *, everything: bool) -> None:
    from planrunner.cli.explain import STYLES, width
    from planrunner.review.preview_text import preview_paragraphs

    for number, one in enumerate(previews):
        if number:
            say("")
        if len(previews) > 1:
            say(Styled(one.file, dim=True))
        for paragraph in preview_paragraphs(one, everything=everything):
            for line in paragraph.lines(width()):
                say(STYLES[paragraph.style.value]._replace(text=line.rstrip()))
