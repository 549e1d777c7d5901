"""What a plan is read with: the values given beside it, its files, and what is known of the site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from planrunner.model.market import Market
from planrunner.model.odds import Ladder

# Where problems of a value that was given stand, in place of a file.
SET = "--set"
SIGNAL = "the signal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """`values` are those of `--set name=value`; `file` names a YAML file of more (`--inputs`). The first win.

    `signal_to_come`: the plan is judged before its signal comes in. Inputs that the signal will bring are not missing then, and
    something stands for them. `of_signal`: the values came with one, which may fill in what the plan leaves open and change
    nothing else.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    signal_to_come: bool = False
    of_signal: bool = False

    @property
    def is_nothing(self) -> bool:
        return not self.values and self.file is None

    @property
    def place(self) -> str:
        """Where the problems of its values stand."""
        return SIGNAL if self.of_signal else SET


NOTHING_GIVEN = Given()


class Context(NamedTuple):
    """`ladders` are the accounts' usual ones; `markets` those of `for_each_market`, None until they are known."""

    name: str
    read_file: Callable[[str], bytes]
    schema: Mapping[str, Any]
    ladders: Mapping[str, Ladder]
    given: Given
    markets: Sequence[Market] | None
