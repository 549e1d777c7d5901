"""The keys that approvals are signed with: each approver has a private one in a file of their own, and the site file has its
public half. A private key is read the way credentials are: from a file that nobody else can read.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from planrunner.model.account import Approver, Site
from planrunner.model.errors import Refused, WrongUse
from planrunner.model.names import nearest
from planrunner.runtime.secrets import private_bytes, settings_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE = "PLANRUNNER_KEY_PASSPHRASE"  # noqa: S105 - where it is, not what it is
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """An approver of the site file, and their private key."""

    approver: Approver
    key: Ed25519PrivateKey

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data)


def folder_of(environment: Mapping[str, str]) -> Path:
    return settings_of(environment) / "keys"


def make(name: str, path: Path | None, *, environment: Mapping[str, str], passphrase: str) -> tuple[Path, str]:
    """A new key pair: the file of the private half, for its owner alone, and the public half as the site file has it. An empty
    passphrase: none. Raises WrongUse."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not _NAME.fullmatch(name):
        raise WrongUse(f"`{name}` can't name an approver; write small letters, digits and `_`, as ann or desk_2")
    path, key = path or folder_of(environment) / f"{name}.key", Ed25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    data = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        raise WrongUse(f"{path} is there already, and what was signed with it counts by it; name another with --key") from None
    except OSError as error:
        raise WrongUse(f"{path} can't be written: {error.strerror or type(error).__name__}") from None
    return path, public_of(key)


def signer(site: Site, name: str | None, path: Path | None, *, environment: Mapping[str, str], ask: Ask) -> Signer:
    """Who approves: the one named, the one whose key was named, or the only one of the site file with a key here. Raises Refused,
    WrongUse."""
    if not site.approvers:
        raise Refused(
            "nobody may approve: the site file has no `approvers` under `policy`; `planrunner approve --new-key NAME` makes a "
            "key and prints the lines to write there"
        )
    if name is not None and name not in site.approvers:
        guess = nearest(name, site.approvers)
        hint = f"did you mean `{guess}`?" if guess else f"there are {', '.join(site.approvers)}"
        raise Refused(f"the site file has no approver {name}; {hint}")
    if path is None:
        name = name or _only_one(site, environment)
        path = folder_of(environment) / f"{name}.key"
    key = _load(path, environment, ask)
    public = public_of(key)
    approver = next((one for one in site.approvers.values() if one.key == public), None)
    if approver is None or name not in (None, approver.name):
        raise Refused(f"{path} is not the key that the site file has for {name or 'anybody'}; its public half is {public}")
    return Signer(approver=approver, key=key)


def public_of(key: Ed25519PrivateKey) -> str:
    return "ed25519:" + base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")


def _only_one(site: Site, environment: Mapping[str, str]) -> str:
    folder = folder_of(environment)
    here = [name for name in site.approvers if os.path.lexists(folder / f"{name}.key")]
    if len(here) == 1:
        return here[0]
    if here:
        raise WrongUse(f"there are keys of {' and '.join(here)} here; say who you are with --as NAME")
    raise WrongUse(f"there is no key of an approver in {folder}; name its file with --key FILE")


def _load(path: Path, environment: Mapping[str, str], ask: Ask) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        data = private_bytes(path)
    except FileNotFoundError:
        raise WrongUse(f"there is no key {path}; `planrunner approve --new-key NAME` makes one") from None
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror or type(error).__name__}") from None
    passphrase: str | None = None
    if b"ENCRYPTED" in data:
        passphrase = environment.get(PASSPHRASE) or ask(f"The passphrase of {path}:")
    try:
        key = load_pem_private_key(data, passphrase.encode() if passphrase is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # its words may hold what it read
        wrong = "its passphrase is another" if passphrase is not None else "it is no private key in PEM"
        raise Refused(f"{path} can't be used: {wrong}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path} is a key of another kind; approvals are signed with Ed25519")
    return key
