"""A plan from a blueprint: its inputs become questions, and the answers are judged by the checker, in its words.

Each answer is tried in the plan as it will be written, so that odds off the venue's ladder or a floor above the odds are told
while one is still being asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from planrunner import resources
from planrunner.app import schema as schemas
from planrunner.app.new import refuse_place, site_of, write_new
from planrunner.app.site import FilesOf, read_file
from planrunner.app.venues import profiles
from planrunner.model.account import Site
from planrunner.model.errors import PlanProblems, WrongUse
from planrunner.model.names import nearest
from planrunner.plan import pipeline
from planrunner.plan.nodes import Block, Listing, Scalar, walk
from planrunner.plan.problems import Problem, render_all
from planrunner.plan.reader import read

_SHIPPED = "plans/blueprints"
# A plan reads only files beside it and below: blueprints from elsewhere are copied into this folder.
_FOLDER = "blueprints"
_MODELINE = "# yaml-language-server: $schema="
_NO_VALUE = "PR329"  # an input without a value, which is what the questions are for
_REMARKS_AT_MOST = 44  # the column in which remarks begin, unless all values are shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One input: what to ask, what may be answered, and what is taken when nothing is."""

    name: str
    text: str
    hint: str
    default: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A blueprint found. `reference` is how a plan beside which it is put calls it; `data` is what it is there."""

    file: Path
    reference: str
    data: bytes
    title: str
    about: str
    questions: tuple[Question, ...]
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files written, and the problems that only all answers together have."""

    paths: list[Path]
    problems: str


def shipped() -> list[str]:
    """The blueprints that come with planrunner, by name."""
    return sorted(path.stem for path in resources.find(_SHIPPED).glob("*.yaml"))


def find(name: str, plan: Path) -> Blueprint:
    """A blueprint by its file, by its name in the plan's folder `blueprints`, or by its name among those that ship.

    Raises WrongUse where there is none, PlanProblems where it has problems of its own.
    """
    refuse_place(plan)
    file, ships = _file(name, plan.parent)
    original, root = _blueprint_in(file, site_of(plan.parent))
    place, folder = file.resolve(), plan.parent.resolve()
    # Ours is copied even where planrunner is installed below the plan: a plan must outlive an update.
    is_there = place.is_relative_to(folder) and not ships
    reference = place.relative_to(folder).as_posix() if is_there else f"{_FOLDER}/{file.name}"
    data = original if is_there else _with_modeline(original)
    target = plan.parent / reference
    if not is_there and target.exists():
        if read_file(target) != data:
            raise WrongUse(f"{target} is there already and is another one; use it with --from {target}, or rename it")
        is_there = True
    return Blueprint(
        file=file, reference=reference, data=data, is_there=is_there, title=root.text("blueprint") or file.stem,
        about=(root.text("about") or "").strip(), questions=_questions(root),
    )  # fmt: skip


def _file(name: str, folder: Path) -> tuple[Path, bool]:
    """And whether it is one that ships."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        return Path(name), False
    beside = folder / _FOLDER / f"{name}.yaml"
    if beside.exists():
        return beside, False
    if name in shipped():
        return resources.find(f"{_SHIPPED}/{name}.yaml"), True
    guess = nearest(name, shipped())
    hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(shipped())}, or name a file."
    raise WrongUse(f"there is no blueprint `{name}`; {hint}")


def _blueprint_in(file: Path, site: Site) -> tuple[bytes, Block]:
    """What is in the file, as it stands there and as it is read."""
    data = read_file(file)
    root = read(data).root
    problems = _own_problems(file, site)
    if not isinstance(root, Block) or "blueprint" not in root.values:
        told = f"\n{problems}" if problems else ""
        raise WrongUse(f"{file} is no blueprint: it begins with `planrunner: 1`, then `blueprint:` and its name.{told}")
    if problems:
        raise PlanProblems(problems)
    return data, root


def _with_modeline(data: bytes) -> bytes:
    """The first line leads an editor to the schema; from its new place the way is another."""
    first, _, rest = data.decode("utf-8", "replace").partition("\n")
    if not first.startswith(_MODELINE):
        return data
    return f"{_MODELINE}../{schemas.FOLDER}/plan.schema.json\n{rest}".encode()


def _own_problems(file: Path, site: Site) -> str:
    """What is wrong with a blueprint before anything is filled in."""
    schema = resources.schema("plan")
    checked = pipeline.check(file.as_posix(), FilesOf(file), schema=schema, site=site, profiles=profiles())
    return render_all(checked.name, [one for one in checked.problems if one.code != _NO_VALUE], checked.texts)


def _questions(root: Block) -> tuple[Question, ...]:
    inputs = root.values.get("inputs")
    if not isinstance(inputs, Block):
        return ()
    return tuple(_question(name, one) for name, one in inputs.values.items() if isinstance(one, Block))


def _question(name: str, block: Block) -> Question:
    least, most, choices = block.text("at_least"), block.text("at_most"), block.values.get("choices")
    kind = (block.text("type") or "text").replace("_", " ")
    if isinstance(choices, Listing):
        hint = ", ".join(item.text for item in choices.items if isinstance(item, Scalar))
    elif least and most:
        hint = f"{kind}, {least} to {most}"
    elif least or most:
        hint = f"{kind}, at least {least}" if least else f"{kind}, at most {most}"
    else:
        hint = kind
    return Question(name=name, text=block.text("ask") or f"{name}?", hint=hint, default=block.text("default"))


class Filling:
    """A plan being filled in."""

    def __init__(self, blueprint: Blueprint, plan: Path) -> None:
        self._blueprint = blueprint
        self._plan = plan
        self._site = site_of(plan.parent)
        self._values: dict[str, str] = {}
        self._beside: dict[str, bytes] = {}  # what the blueprint itself reads: tables

    def answer(self, name: str, value: str) -> str | None:
        """Takes an answer, or says what is wrong with it and takes nothing."""
        values = {**self._values, name: value}
        line = _line_of(name, self._text(values))
        problems = [one for one in self._check(values).problems if not one.file and one.line == line]
        if problems:
            return _in_words(problems[0])
        self._values = values
        return None

    def write(self) -> Written:
        """The plan, the blueprint where it is not there yet, and the schema. Raises WrongUse."""
        checked = self._check(self._values)
        copied = {} if self._blueprint.is_there else {self._blueprint.reference: self._blueprint.data, **self._beside}
        written = [self._copy(name, data) for name, data in copied.items()]
        write_new(self._plan, self._text(self._values))
        paths = [self._plan, *[path for path in written if path is not None], schemas.write("plan", self._plan.parent)]
        return Written(paths=paths, problems=checked.told())

    def _copy(self, reference: str, data: bytes) -> Path | None:
        path = self._plan.parent / reference
        if path.exists():
            return None  # a table that is there is the author's own
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise WrongUse(f"{path} can't be written: {error.strerror or error}") from error
        return path

    def _check(self, values: Mapping[str, str]) -> pipeline.Checked:
        return pipeline.check(
            self._plan.as_posix(), lambda name: self._read(name, values), schema=resources.schema("plan"), site=self._site,
            profiles=profiles(),
        )  # fmt: skip

    def _read(self, name: str, values: Mapping[str, str]) -> bytes:
        """The files as they will be, which are not there yet."""
        plan, blueprint = self._plan, self._blueprint
        if name == plan.as_posix():
            return self._text(values).encode()
        if Path(name) == plan.parent / blueprint.reference:
            return blueprint.data
        if Path(name).exists():
            return FilesOf(plan)(name)
        home = Path(blueprint.reference).parent
        beside = Path(name).relative_to(plan.parent / home)
        data = FilesOf(blueprint.file)((blueprint.file.parent / beside).as_posix())
        self._beside[(home / beside).as_posix()] = data
        return data

    def _text(self, values: Mapping[str, str]) -> str:
        asked = [question for question in self._blueprint.questions if question.name in values]
        lines = [f"  {question.name}: {_scalar(values[question.name])}" for question in asked]
        column = min(_REMARKS_AT_MOST, max(map(len, lines), default=0) + 1)
        filled = [f"{line.ljust(column)} # {question.text}" for line, question in zip(lines, asked, strict=True)]
        return "\n".join([
            f"{_MODELINE}{schemas.FOLDER}/plan.schema.json",
            "# Limits and orders are the blueprint's; what stands under `with` fills its gaps.",
            "planrunner: 1",
            f"plan: {_scalar(self._blueprint.title)}",
            "",
            f"use_blueprint: {_scalar(self._blueprint.reference)}",
            *(["with:", *filled] if filled else []),
            "",
        ])  # fmt: skip


def _line_of(name: str, text: str) -> int:
    root = read(text.encode()).root
    for key, _ in walk(root) if root is not None else ():
        if key is not None and key.text == name and key.column > 1:
            return key.line
    return 0


def _in_words(problem: Problem) -> str:
    told = f"{problem.message}"
    return f"{told} Did you mean: {problem.did_you_mean}" if problem.did_you_mean else told


def _scalar(value: str) -> str:
    """A text as YAML: bare where that is read as the same text, else in single quotes."""
    source = read(f"key: {value}\n".encode())
    root = source.root
    if not source.problems and not source.has_odd_words and isinstance(root, Block) and root.text("key") == value:
        return value
    return "'" + value.replace("'", "''") + "'"
