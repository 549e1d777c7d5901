"""`planrunner new`: a plan to start from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planrunner.cli.given import read_values
from planrunner.cli.output import ask, say

if TYPE_CHECKING:
    from planrunner.app.from_blueprint import Blueprint, Filling, Question


@click.command(short_help="write a plan to start from")
@click.argument("file", type=click.Path(path_type=Path), default="plan.yaml")
@click.option("--from", "blueprint", metavar="BLUEPRINT",
              help="Ask the questions of a blueprint: a file, or one that ships (chase, lay-the-favourite, picks).")  # fmt: skip
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", callback=read_values,
              help="Answer a question of the blueprint; may be said several times.")  # fmt: skip
@click.pass_context
def new(ctx: click.Context, file: Path, *, blueprint: str | None, given: dict[str, str]) -> None:
    """Write a commented plan to FILE (plan.yaml unless you say), and the schema that lets an editor help you with it.

    With --from it asks what the blueprint leaves open, and each answer is checked at once. A file that is there already is never
    touched.

    \b
    Examples:
      planrunner new arsenal.yaml
      planrunner new arsenal.yaml --from chase
      planrunner new arsenal.yaml --from chase --set selection=Arsenal --set stake="5.00 GBP"
    """
    if blueprint is not None:
        _from_blueprint(ctx, file, blueprint, given)
        return
    from planrunner.app.new import write_starter
    from planrunner.model.errors import WrongUse

    if given:
        raise WrongUse("--set answers the questions of a blueprint; say which with --from")
    _tell(write_starter(file), file)


def _from_blueprint(ctx: click.Context, file: Path, name: str, given: dict[str, str]) -> None:
    from planrunner.app.from_blueprint import Filling, find

    blueprint = find(name, file)
    filling = Filling(blueprint, file)
    _take_given(blueprint, filling, given)
    open_questions = [question for question in blueprint.questions if question.name not in given]
    if sys.stdin.isatty():
        say(f"{blueprint.title}\n\n{blueprint.about}\n\nAn answer in brackets is taken when you just press Enter.\n")
        for question in open_questions:
            _ask(question, filling)
    else:
        _take_defaults(filling, open_questions)
    written = filling.write()
    _tell(written.paths, file)
    if written.problems:
        say(f"\n{written.problems}")
        ctx.exit(1)


def _take_given(blueprint: Blueprint, filling: Filling, given: dict[str, str]) -> None:
    from planrunner.model.errors import WrongUse
    from planrunner.model.names import nearest

    names = [question.name for question in blueprint.questions]
    for name, value in given.items():
        if name not in names:
            guess = nearest(name, names)
            hint = f"did you mean `{guess}`?" if guess else f"it asks for {', '.join(names)}."
            raise WrongUse(f"--set {name}: the blueprint does not ask for `{name}`; {hint}")
        if trouble := filling.answer(name, value):
            raise WrongUse(f"--set {name}={value}: {trouble}")


def _take_defaults(filling: Filling, questions: list[Question]) -> None:
    from planrunner.model.errors import WrongUse

    missing = [question for question in questions if question.default is None]
    if missing:
        wanted = "\n".join(f"  --set {question.name}=...   {question.text} ({question.hint})" for question in missing)
        raise WrongUse(f"there is no terminal to ask these questions on; answer them with --set:\n{wanted}")
    for question in questions:
        assert question.default is not None
        if trouble := filling.answer(question.name, question.default):
            raise WrongUse(
                f"the default of `{question.name}` does not fit the other values: {trouble} Say --set {question.name}=..."
            )


def _ask(question: Question, filling: Filling) -> None:
    """Again and again, until the checker has nothing to say against it."""
    while True:
        answer = ask(f"{question.text} ({question.hint})", question.default)
        trouble = filling.answer(question.name, answer) if answer else "an answer is needed here."
        if trouble is None:
            return
        say(f"  {trouble}")


def _tell(written: list[Path], file: Path) -> None:
    for path in written:
        say(f"written: {path}")
    say(f"\nNext:  planrunner check {file}\n       planrunner run {file}")
