"""What holds for every test."""

from __future__ import annotations

import os
import sys

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Where Python is told to keep nothing compiled, each process that a test begins would compile planrunner anew. It is kept
    beside what pytest keeps, and the folders of the modules stay as they are."""
    if sys.dont_write_bytecode and config.pluginmanager.has_plugin("cacheprovider"):
        kept = str(config.cache.mkdir("compiled"))  # type: ignore[union-attr]
        sys.pycache_prefix, sys.dont_write_bytecode = kept, False
        os.environ["PYTHONPYCACHEPREFIX"] = kept
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
