"""Credentials come from the environment, a keyring, or a file that nobody else can read; any other file is refused with words."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend

from planrunner.cli.main import run
from planrunner.model.errors import Refused
from planrunner.model.market import AccountName
from planrunner.ports import Secrets
from planrunner.runtime.secrets import FILE_NAME, SERVICE, PracticeSecrets, places_of, secrets_of
from tests.plan.checking import check_site
from tests.security.ring import LockedRing, Ring

SECRET = "s3cr3t-%&=+ /word#1"
LINES = f"# remarks, and empty lines\n\nPLANRUNNER_BETFAIR_PASSWORD = {SECRET}\nPLANRUNNER_BETFAIR_USERNAME=zebra\n"


def secrets(kind: str, folder: Path, environment: Mapping[str, str] | None = None) -> Secrets:
    return secrets_of(
        {AccountName("betfair"): kind}, site_folder=folder, environment=environment or {"XDG_CONFIG_HOME": str(folder / "home")}
    )


def written(path: Path, text: str = LINES, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.fixture
def ring() -> Iterator[Callable[[KeyringBackend], KeyringBackend]]:
    before = keyring.get_keyring()

    def use(ring: KeyringBackend) -> KeyringBackend:
        keyring.set_keyring(ring)
        return ring

    yield use
    keyring.set_keyring(before)


def test_the_environment_has_a_variable_for_each_credential(tmp_path: Path) -> None:
    held = secrets("env", tmp_path, {"PLANRUNNER_BETFAIR_PASSWORD": SECRET})
    assert held.get("betfair", "password") == SECRET
    with pytest.raises(Refused, match="set the environment variable PLANRUNNER_BETFAIR_APP_KEY"):
        held.get("betfair", "app_key")


def test_a_keyring_has_an_entry_for_each_credential(tmp_path: Path, ring: Callable[[KeyringBackend], KeyringBackend]) -> None:
    held = secrets("keyring", tmp_path)
    ring(Ring()).set_password(SERVICE, "betfair.password", SECRET)
    assert held.get("betfair", "password") == SECRET
    with pytest.raises(Refused, match=r"put it there: keyring set planrunner betfair\.app_key"):
        held.get("betfair", "app_key")
    ring(Ring())  # a run that logs in again does not ask its owner again
    assert held.get("betfair", "password") == SECRET


def test_a_keyring_that_gives_nothing_is_told_without_its_words(
    tmp_path: Path, ring: Callable[[KeyringBackend], KeyringBackend]
) -> None:
    for one in (LockedRing(), keyring.backends.fail.Keyring()):
        ring(one)
        with pytest.raises(Refused, match="unlock it, or write `credentials: file`") as told:
            secrets("keyring", tmp_path).get("betfair", "password")
        assert "s3cr3t" not in str(told.value)
        assert told.value.__suppress_context__


def test_a_file_beside_the_site_file_is_read_to_the_letter(tmp_path: Path) -> None:
    written(tmp_path / FILE_NAME)
    held = secrets("file", tmp_path)
    assert (held.get("betfair", "password"), held.get("betfair", "username")) == (SECRET, "zebra")
    with pytest.raises(Refused, match=rf"add the line PLANRUNNER_BETFAIR_APP_KEY=\.\.\. to {tmp_path}"):
        held.get("betfair", "app_key")


def test_else_the_file_among_the_settings_of_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert places_of(None, {"XDG_CONFIG_HOME": str(home)}) == (home / "planrunner" / "credentials",)
    assert places_of(None, {"HOME": str(home), "XDG_CONFIG_HOME": "a/relative/one"}) == (
        home / ".config" / "planrunner" / "credentials",
    )
    with pytest.raises(Refused, match=rf"no file of credentials, neither {tmp_path}/planrunner.credentials nor .*chmod 600"):
        secrets("file", tmp_path).get("betfair", "password")
    written(home / "planrunner" / "credentials")
    assert secrets("file", tmp_path).get("betfair", "password") == SECRET
    written(tmp_path / FILE_NAME, LINES.replace(SECRET, "of this folder"))
    assert secrets("file", tmp_path).get("betfair", "password") == "of this folder"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610, 0o777])
def test_a_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = written(tmp_path / FILE_NAME, mode=mode)
    with pytest.raises(Refused, match=f"by others than you; take that from them: chmod 600 {path}"):
        secrets("file", tmp_path).get("betfair", "password")


def _a_link(path: Path) -> None:
    path.symlink_to(written(path.parent / "elsewhere" / "file"))


def _a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


STRANGE: Sequence[tuple[Callable[[Path], object], str]] = [
    (_a_link, "is a link"),
    (_a_link_to_nowhere, "is a link"),
    (Path.mkdir, "is no ordinary file"),
    (lambda path: os.mkfifo(path, 0o600), "is no ordinary file"),
    (_a_socket, "can't be read: No such device"),
    (lambda path: written(path, "x" * 70_000), "is 68 KiB"),
    (lambda path: written(path, "betfair: s3cr3t"), ":1: a line of this file is"),
    (lambda path: written(path, LINES + "s3cr3t-alone\n"), ":5: a line of this file is"),
    (lambda path: written(path, LINES + LINES), ":7: PLANRUNNER_BETFAIR_PASSWORD stands here twice"),
    (lambda path: written(path, "PLANRUNNER_BETFAIR_PASSWORD='s3cr3t-x'"), ":1: PLANRUNNER_BETFAIR_PASSWORD is in quotes"),
    (lambda path: (path.write_bytes(b"s3cr3t-\xff"), path.chmod(0o600)), "is not UTF-8"),
    (lambda path: written(path, "PLANRUNNER_BETFAIR_PASSWORD=s3cr3t\x1b[2J"), "a line break or another sign"),
]


@pytest.mark.parametrize(("make", "why"), STRANGE)
def test_what_is_no_private_file_of_ones_own_is_refused(make: Callable[[Path], object], why: str, tmp_path: Path) -> None:
    make(tmp_path / FILE_NAME)
    with pytest.raises(Refused) as told:
        secrets("file", tmp_path).get("betfair", "password")
    assert why in str(told.value)
    assert "s3cr3t" not in str(told.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    os.chown(written(tmp_path / FILE_NAME), 65534, -1)
    with pytest.raises(Refused, match="belongs to somebody else"):
        secrets("file", tmp_path).get("betfair", "password")


def test_a_device_is_refused(tmp_path: Path) -> None:
    from planrunner.runtime.secrets import FileSecrets

    with pytest.raises(Refused, match="/dev/zero is no ordinary file"):
        FileSecrets([Path("/dev/zero")]).get("betfair", "password")


@pytest.mark.parametrize("kind", ["env", "keyring", "file"])
def test_the_site_file_says_where_and_each_account_is_asked_there(
    kind: str, tmp_path: Path, ring: Callable[[KeyringBackend], KeyringBackend]
) -> None:
    text = f"planrunner_site: 1\naccounts:\n  betfair:\n    venue: betfair\n    credentials: {kind}\n"
    site = check_site(text.encode()).site
    assert site is not None
    [account] = site.accounts.values()
    assert account.credentials == kind
    written(tmp_path / FILE_NAME, "PLANRUNNER_BETFAIR_PASSWORD=of the file")
    ring(Ring()).set_password(SERVICE, "betfair.password", "of the keyring")
    held = secrets_of(
        {account.name: account.credentials}, site_folder=tmp_path, environment={"PLANRUNNER_BETFAIR_PASSWORD": "of the env"}
    )
    assert held.get("betfair", "password") == f"of the {kind}"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("file", "PLANRUNNER_BETFAIR_APP_KEY=... and then: chmod 600"),
        ("keyring", "keyring set planrunner betfair.app_key"),
        ("env", "variable"),
    ],
)
def test_a_live_run_without_them_is_refused_and_says_where_they_belong(
    kind: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], ring: Callable[[KeyringBackend], KeyringBackend]
) -> None:
    ring(Ring())
    account = f"accounts:\n  betfair:\n    venue: betfair\n    mode: live\n    credentials: {kind}\n"
    (tmp_path / "planrunner.yaml").write_text(f"planrunner_site: 1\n{account}policy:\n  live_needs_approval: no\n")
    (tmp_path / "plan.yaml").write_text(
        (Path(__file__).parents[2] / "plans" / "back-and-cancel.yaml").read_text(encoding="utf-8")
    )
    assert run(["run", str(tmp_path / "plan.yaml"), "--live"]) == 3
    told = capsys.readouterr().err
    assert why in told


def test_practice_values_are_no_secrets() -> None:
    practice = PracticeSecrets({"username": "practice"})
    assert practice.get("betfair", "username") == "practice"
    practice.learn("practice")
    from planrunner.runtime.secrets import redacted

    assert redacted("practice") == "practice"


def test_nothing_else_needs_the_library_of_keyrings() -> None:
    """It is optional: only `credentials: keyring` imports it."""
    source = (Path(__file__).parents[2] / "planrunner").rglob("*.py")
    using = [path for path in source if "import keyring" in path.read_text(encoding="utf-8")]
    assert [path.name for path in using] == ["secrets.py"]
    assert "            import keyring\n" in using[0].read_text(encoding="utf-8")
