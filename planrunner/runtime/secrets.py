"""Where credentials come from: the environment (`PLANRUNNER_BETFAIR_PASSWORD`), or practice values for an embedded sandbox.

A secret is handed to an adapter and nowhere else; neither these classes nor their errors ever show one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from planrunner.model.errors import Refused


def variable(account: str, name: str) -> str:
    """The environment variable that holds one credential of an account."""
    return "PLANRUNNER_" + re.sub(r"[^A-Z0-9]+", "_", f"{account}_{name}".upper())


class EnvironmentSecrets:
    """`credentials: env` of the site file."""

    __slots__ = ("_environment",)

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, account: str, name: str) -> str:
        value = self._environment.get(variable(account, name), "")
        if not value:
            raise Refused(
                f"account {account} has no {name}: set the environment variable {variable(account, name)} and run again"
            )
        return value


class PracticeSecrets:
    """For sandboxes: fixed values that open nothing else. They are public; what they are is the sandbox's choice."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, account: str, name: str) -> str:
        value = self._values.get(name, "")
        if not value:
            raise Refused(
                f"the practice venue of account {account} has no {name}; an account of its own needs {variable(account, name)}"
            )
        return value


# What the served and the embedded sandbox are logged in to with, unless a scenario asks for something else.
PRACTICE = PracticeSecrets({"username": "practice", "password": "practice", "app_key": "practice"})
