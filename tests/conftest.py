"""What holds for every test."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from tests import laws


def pytest_configure(config: pytest.Config) -> None:
    laws.IN_A_STORM = config.option.markexpr == "storm"
    _keep_what_is_compiled(config)


def _keep_what_is_compiled(config: pytest.Config) -> None:
    """Where Python is told to keep nothing compiled, each process that a test begins would compile planrunner anew. It is kept
    beside what pytest keeps, and the folders of the modules stay as they are."""
    if sys.dont_write_bytecode and config.pluginmanager.has_plugin("cacheprovider"):
        kept = str(config.cache.mkdir("compiled"))  # type: ignore[union-attr]
        sys.pycache_prefix, sys.dont_write_bytecode = kept, False
        os.environ["PYTHONPYCACHEPREFIX"] = kept
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: twice as many as there are cores, for a test that runs planrunner in processes of its own mostly waits."""
    return (os.cpu_count() or 1) * 2


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Who has nothing left to do takes over what others have not come to, so that nobody waits for one with the long tests."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"


# Tests that wait most of their time, and long: begun last, everybody would wait for them.
WAITING = (
    "tests/service/test_served.py",
    "tests/app/test_venues.py",
    "tests/crash/test_kill.py",
    "tests/crash/test_two",
    "tests/trouble/",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(WAITING))


def pytest_collection_finish() -> None:
    """What was collected stays to the end, and need not be looked through by every collection of garbage."""
    gc.collect()
    gc.freeze()
