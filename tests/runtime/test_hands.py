"""Crash hooks and credentials."""

import pytest

from planrunner.model.errors import Refused, WrongUse
from planrunner.runtime.hooks import ListNames, NoHooks, hooks_from
from planrunner.runtime.secrets import EnvironmentSecrets, PracticeSecrets


def test_without_a_word_in_the_environment_nothing_happens():
    hooks = hooks_from({})
    assert isinstance(hooks, NoHooks)
    hooks.reached("append.before")


@pytest.mark.parametrize("at", ["append.before:0", "append.before:x", "append.before:-1"])
def test_a_hook_that_can_never_be_reached_is_refused(at):
    with pytest.raises(WrongUse, match="PLANRUNNER_CRASH_AT"):
        hooks_from({"PLANRUNNER_CRASH_AT": at})


def test_the_list_is_complete_at_every_moment(tmp_path):
    hooks = ListNames(tmp_path / "hooks")
    for name in ("intent.before", "send.before", "intent.before"):
        hooks.reached(name)
    assert (tmp_path / "hooks").read_text() == "intent.before 2\nsend.before 1\n"


def test_credentials_come_from_variables_named_after_the_account():
    secrets = EnvironmentSecrets({"PLANRUNNER_BETFAIR_UK_APP_KEY": "k-123"})
    assert secrets.get("betfair-uk", "app_key") == "k-123"


def test_a_missing_credential_names_the_variable_to_set():
    with pytest.raises(Refused, match="set the environment variable PLANRUNNER_BETFAIR_PASSWORD"):
        EnvironmentSecrets({"PLANRUNNER_BETFAIR_PASSWORD": ""}).get("betfair", "password")
    with pytest.raises(Refused, match="practice venue of account betfair has no password"):
        PracticeSecrets({}).get("betfair", "password")


def test_secrets_are_not_shown():
    hidden = "s3cret"
    assert hidden not in repr(EnvironmentSecrets({"PLANRUNNER_BETFAIR_PASSWORD": hidden}))
    assert hidden not in repr(PracticeSecrets({"password": hidden}))
    assert PracticeSecrets({"password": hidden}).get("betfair", "password") == hidden
