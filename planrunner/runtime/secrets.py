"""Where credentials come from: the environment, the system's keyring, or a file that only its owner can read.

A secret is handed to an adapter and nowhere else; neither these classes nor their errors ever show one. Whatever was handed out
is remembered for as long as the process lives, so that `redacted` can take it out of text from elsewhere (a venue that quotes
what it was sent, the words of an exception) before it is written down or shown.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.model.errors import Refused

if TYPE_CHECKING:
    from planrunner.model.market import AccountName
    from planrunner.ports import Secrets

FILE_NAME = "planrunner.credentials"  # beside the site file
SERVICE = "planrunner"  # what the keyring's entries are kept under
HIDDEN = "<secret>"
# A shorter text is in too many others: to take it out everywhere would destroy them, and it is no secret to speak of.
SHORTEST = 4
_LARGEST = 64 * 1024
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def variable(account: str, name: str) -> str:
    """The environment variable that holds one credential of an account; a line of the file has the same name."""
    return "PLANRUNNER_" + re.sub(r"[^A-Z0-9]+", "_", f"{account}_{name}".upper())


# What must not be shown


class _Known:
    """Every secret this process has had."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: str) -> None:
        if len(value) < SHORTEST or value in self._values:
            return
        self._values.add(value)
        longest_first = sorted(self._values, key=len, reverse=True)
        self._pattern = re.compile("|".join(_anywhere(one) for one in longest_first))

    def redacted(self, text: str) -> str:
        if self._pattern is None:
            return text
        whole = self._pattern.sub(HIDDEN, text)
        return _CUT.sub(self._without_a_beginning, whole) if "..." in whole or "…" in whole else whole

    def _without_a_beginning(self, cut: re.Match[str]) -> str:
        """A long text is told in part; what is left of a secret at its end is taken out, too."""
        told = cut[1]
        begun = max((_begun(told, one) for one in self._values), default=0)
        return f"{told[: len(told) - begun]}{HIDDEN}{cut[2]}" if begun else cut[0]


_CUT = re.compile(r"(.*?)(\.\.\.|…)", re.DOTALL)


def _begun(told: str, value: str) -> int:
    """How much of a secret a text ends with; less than the shortest secret is none."""
    lengths = range(min(len(value) - 1, len(told)), SHORTEST - 1, -1)
    return next((length for length in lengths if told.endswith(value[:length])), 0)


def _anywhere(value: str) -> str:
    """Spaces in a row may have become one."""
    return "".join(map(_in_any_form, re.sub(" +", " ", value)))


def _in_any_form(letter: str) -> str:
    """A letter of a secret as text may hold it: plain, quoted as often as it likes (JSON in a repr), in a form or an address."""
    if letter.isascii() and letter.isalnum():
        return letter
    percent = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    forms = {re.escape(letter), percent, percent.lower()}
    if letter == " ":
        forms |= {r"\+"}
    if not letter.isascii():
        forms |= {escape.replace("\\", r"\\+") for escape in (json.dumps(letter)[1:-1], ascii(letter)[1:-1])}
    return rf"\\*(?:{'|'.join(sorted(forms))}){'+' if letter == ' ' else ''}"


_known = _Known()  # of the process, because whoever tells of an error has no other way to know


def redacted(text: str) -> str:
    """The text without any secret that was handed out in this process."""
    return _known.redacted(text)


# Where they are kept


class _Handed:
    """A place that secrets come from. Each is asked for once: a keyring may ask its owner, a file may change meanwhile."""

    def __init__(self) -> None:
        self._had: dict[tuple[str, str], str] = {}

    def get(self, account: str, name: str) -> str:
        if (account, name) not in self._had:
            self._had[account, name] = _usable(account, name, self._find(account, name))
        return self._had[account, name]

    def learn(self, value: str) -> None:
        _known.learn(value)

    def _find(self, account: str, name: str) -> str:
        raise NotImplementedError


def _usable(account: str, name: str, value: str) -> str:
    _known.learn(value)
    if not value.isprintable():
        raise Refused(f"account {account}: its {name} holds a line break or another sign that can't be seen; set it again")
    return value


class EnvironmentSecrets(_Handed):
    """`credentials: env` of the site file."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__()
        self._environment = environment

    def _find(self, account: str, name: str) -> str:
        value = self._environment.get(variable(account, name), "")
        if not value:
            raise Refused(
                f"account {account} has no {name}: set the environment variable {variable(account, name)} and run again"
            )
        return value


class KeyringSecrets(_Handed):
    """`credentials: keyring`: what the system keeps for its user, under the service `planrunner`."""

    def _find(self, account: str, name: str) -> str:
        try:
            import keyring
        except ImportError:
            raise Refused(
                f"account {account}: `credentials: keyring` needs a library that is not installed; "
                "pip install 'planrunner[keyring]' brings it"
            ) from None
        entry = f"{account}.{name}"
        try:
            value = keyring.get_password(SERVICE, entry)
        except Exception as error:  # noqa: BLE001 - backends are other people's programs and raise what they like
            raise Refused(
                f"account {account}: the keyring of this machine gives nothing ({type(error).__name__}); unlock it, or write "
                "`credentials: file` or `credentials: env`"
            ) from None  # its words are not ours to show
        if not value:
            raise Refused(f"account {account} has no {name} in the keyring; put it there: keyring set {SERVICE} {entry}")
        return value


class FileSecrets(_Handed):
    """`credentials: file`: lines as the environment has them, `PLANRUNNER_BETFAIR_PASSWORD=...`, in the first of these files
    that is there. Everything behind the sign counts, but for spaces around it; a line that begins with # is a remark."""

    def __init__(self, places: Sequence[Path]) -> None:
        super().__init__()
        self._places = places
        self._lines: dict[str, str] | None = None

    def _find(self, account: str, name: str) -> str:
        path = next((one for one in self._places if os.path.lexists(one)), None)
        if path is None:
            among = " nor ".join(str(one) for one in self._places)
            raise Refused(
                f"account {account}: there is no file of credentials, neither {among}; write one with a line "
                f"{variable(account, name)}=... and then: chmod 600 {self._places[0]}"
            )
        if self._lines is None:
            self._lines = _lines_of(path)
        value = self._lines.get(variable(account, name), "")
        if not value:
            raise Refused(f"account {account} has no {name}: add the line {variable(account, name)}=... to {path}")
        return value


def places_of(site_folder: Path | None, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the file may be: beside the site file, else where the system keeps settings."""
    beside = () if site_folder is None else (site_folder / FILE_NAME,)
    return (*beside, settings_of(environment) / "credentials")


def settings_of(environment: Mapping[str, str]) -> Path:
    """Where the system keeps what is this user's of planrunner."""
    given = environment.get("XDG_CONFIG_HOME", "")
    home = Path(given) if Path(given).is_absolute() else Path(environment.get("HOME", "") or Path.home()) / ".config"
    return home / "planrunner"


def _lines_of(path: Path) -> dict[str, str]:
    """Raises Refused where the file can't be trusted, or read."""
    try:
        text = private_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror or type(error).__name__}") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not sign or not re.fullmatch(r"PLANRUNNER_[A-Z0-9_]+", name):
            raise Refused(f"{path}:{number}: a line of this file is PLANRUNNER_ACCOUNT_NAME=value, or begins with #")
        _known.learn(value)
        if name in found:
            raise Refused(f"{path}:{number}: {name} stands here twice; keep one")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            raise Refused(f"{path}:{number}: {name} is in quotes, which would be part of it; write it without")
        found[name] = value
    return found


def private_bytes(path: Path) -> bytes:
    """Of a file that nobody else can read: looked at and read through one opened file, so that nobody can put another in its
    place between the two. Raises Refused, OSError."""
    if not hasattr(os, "geteuid"):
        raise Refused(f"{path}: who can read a file can't be told on this system; write `credentials: keyring`")
    if path.is_symlink():
        raise Refused(f"{path} is a link; put the file itself there, so that it is read where its rights were looked at")
    # Without O_NONBLOCK opening a pipe would wait for whoever writes to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if (why := _why_not(path, os.fstat(descriptor))) is not None:
            raise Refused(f"{path} {why}")
        return os.read(descriptor, _LARGEST)
    finally:
        os.close(descriptor)


def _why_not(path: Path, found: os.stat_result) -> str | None:
    """What keeps a file from being trusted with credentials."""
    if not stat.S_ISREG(found.st_mode):
        return "is no ordinary file; credentials are read from nothing else"
    if found.st_uid != os.geteuid():
        return "belongs to somebody else; credentials are read only from a file of your own"
    if found.st_mode & _OTHERS_MAY:
        return f"can be read or written by others than you; take that from them: chmod 600 {path}"
    if found.st_size > _LARGEST:
        return f"is {found.st_size >> 10} KiB; a file of credentials has a few lines"
    return None


class SecretsOf:
    """Each account's from where the site file says."""

    def __init__(self, credentials: Mapping[AccountName, str], kinds: Mapping[str, Callable[[], Secrets]]) -> None:
        made = {kind: kinds[kind]() for kind in sorted(set(credentials.values()))}
        self._of: dict[str, Secrets] = {account: made[kind] for account, kind in credentials.items()}

    def get(self, account: str, name: str) -> str:
        return self._of[account].get(account, name)

    def learn(self, value: str) -> None:
        _known.learn(value)


def secrets_of(credentials: Mapping[AccountName, str], *, site_folder: Path | None, environment: Mapping[str, str]) -> Secrets:
    """`credentials` has the word of the site file for each account: env, keyring, file."""
    return SecretsOf(
        credentials,
        {
            "env": lambda: EnvironmentSecrets(environment),
            "keyring": KeyringSecrets,
            "file": lambda: FileSecrets(places_of(site_folder, environment)),
        },
    )


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

    def learn(self, value: str) -> None:
        """A sandbox's session opens nothing else either."""


# What the served and the embedded sandbox are logged in to with, unless a scenario asks for something else.
PRACTICE = PracticeSecrets({"username": "practice", "password": "practice", "app_key": "practice", "api_key": "practice"})
