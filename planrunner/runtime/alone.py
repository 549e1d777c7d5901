"""One at a time in a folder, whoever it is and wherever they write: a lock on the folder itself, which needs no file and no right
to write. It ends with its process, however that ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from planrunner.model.errors import WrongUse


@contextmanager
def alone_in(folder: Path, otherwise: str) -> Iterator[None]:
    """Raises WrongUse in these words where somebody is there. Without effect where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise WrongUse(otherwise) from None
        yield
    finally:
        os.close(descriptor)
