"""A YAML file as text with places: every scalar stays the text that was written, every value knows its line and column.

YAML's own guesses (`No` is false, `12:30` is 750) never get a chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from planrunner.model.errors import WrongUse

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
Path: TypeAlias = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ScenarioProblem:
    """One thing that is wrong with a scenario file, and where."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class ScenarioWrong(WrongUse):
    """A scenario file can't be used; all its problems, in the order of the file."""

    def __init__(self, problems: Sequence[ScenarioProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A read file: `tree` of text, `places` of every value by its path."""

    file: str
    tree: Tree
    places: Mapping[Path, tuple[int, int]]

    def problem(self, path: Path, text: str) -> ScenarioProblem:
        """A problem at a path, or at the nearest thing around it that has a place."""
        while path and path not in self.places:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return ScenarioProblem(file=self.file, line=line, column=column, text=text)


def read(file: str, content: bytes) -> Located:
    """Raises ScenarioWrong for what is no UTF-8 or no YAML, and for two equal keys."""
    try:
        root = yaml.compose(content.decode(), Loader=_LOADER)
    except UnicodeDecodeError as wrong:
        raise ScenarioWrong([ScenarioProblem(file=file, line=1, column=1, text="not UTF-8 text")]) from wrong
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        text = f"not YAML: {wrong.problem or wrong.context}"
        raise ScenarioWrong([ScenarioProblem(file=file, line=line, column=column, text=text)]) from wrong
    except yaml.YAMLError as wrong:
        raise ScenarioWrong([ScenarioProblem(file=file, line=1, column=1, text=f"not YAML: {wrong}")]) from wrong
    if root is None:
        raise ScenarioWrong([ScenarioProblem(file=file, line=1, column=1, text="an empty file is no scenario")])
    reader = _Reader(file)
    tree = reader.convert(root, ())
    if reader.problems:
        raise ScenarioWrong(reader.problems)
    return Located(file=file, tree=tree, places=reader.places)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.places: dict[Path, tuple[int, int]] = {}
        self.problems: list[ScenarioProblem] = []
        self._seen: set[int] = set()

    def convert(self, node: yaml.Node, path: Path) -> Tree:
        self.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if id(node) in self._seen:
            self._complain(node, "anchors and aliases are not read here; write it out")
            return {}
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, (*path, place)) for place, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> Tree:
        tree: dict[str, Tree] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._complain(key, "a key is a word")
            elif key.value in tree:
                self._complain(key, f"`{key.value}` stands here twice")
            else:
                tree[key.value] = self.convert(value, (*path, key.value))
        return tree

    def _complain(self, node: yaml.Node, text: str) -> None:
        mark = node.start_mark
        self.problems.append(ScenarioProblem(file=self.file, line=mark.line + 1, column=mark.column + 1, text=text))


def validate(located: Located, schema: Mapping[str, object]) -> list[ScenarioProblem]:
    """What the schema finds wrong."""
    errors = Draft202012Validator(schema).iter_errors(located.tree)
    return [located.problem(tuple(error.absolute_path), _worded(error)) for error in map(_innermost, errors)]


def _innermost(error: ValidationError) -> ValidationError:
    return best_match([error]) or error


def _worded(error: ValidationError) -> str:
    """The schema's complaint in the author's words."""
    where = next((key for key in reversed(error.absolute_path) if isinstance(key, str)), "the file")
    schema: Any = error.schema
    wanted: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = ", ".join(schema["properties"])
            extra = ", ".join(f"`{key}`" for key in instance if key not in schema["properties"])
            return f"{extra} is not known here; known are {known}"
        case "required":
            missing = [key for key in wanted if key not in instance]
            return f"`{missing[0]}` is missing here"
        case "enum":
            near = get_close_matches(str(instance), wanted, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"it is one of {', '.join(map(str, wanted))}"
            return f"`{instance}` is no {where.replace('_', ' ')}; {hint}"
        case "pattern":
            examples = " or ".join(f"`{example}`" for example in schema.get("examples", [])[:2])
            return f"`{instance}` is no {where.replace('_', ' ')}" + (f"; it looks like {examples}" if examples else "")
        case "type":
            return f"`{where}` is {_kind(instance)} where {_kind_of(wanted)} belongs"
        case "minItems":
            return f"`{where}` needs at least {wanted}"
        case "oneOf":
            return "exactly one of `at`, `before_start`, `after_start`, `after_first_order` says when"
        case _:
            return str(error.message)


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "a group of keys" if isinstance(value, dict) else f"`{value}`"


def _kind_of(wanted: object) -> str:
    first = wanted[0] if isinstance(wanted, list) else wanted
    return {"array": "a list", "object": "a group of keys"}.get(str(first), "a value")
