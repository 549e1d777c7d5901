"""Keyrings in memory, of the library's own kind."""

from __future__ import annotations

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Ring(KeyringBackend):
    priority = 0.5  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._kept[service, username]


class LockedRing(Ring):
    """Its words must not be shown: nobody knows what a backend puts into them."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("s3cr3t-words of the backend")
