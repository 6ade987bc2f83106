"""Passwords are hashed slowly and with much memory, on purpose; so only a few at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

from spa_project.lib.errors import Busy
from spa_project.lib.metrics import BUSY

HASHES_AT_ONCE = 4
#: Seconds to wait for a place. A hash takes a twentieth of one; who waits longer is in a flood.
PLACE_WAIT = 0.5

_places = threading.BoundedSemaphore(HASHES_AT_ONCE)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=PLACE_WAIT):
        BUSY.labels("password").inc()
        raise Busy
    try:
        yield
    finally:
        _places.release()


class FrugalArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's first choice of parameters (Password Storage Cheat Sheet): 19 MiB.

    Django's own take 100 MiB for each, which a flood of logins turns into an attack on memory.
    Raises `Busy` when `HASHES_AT_ONCE` are at work already and none ends in time.
    """

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """A hash of the password, with its parameters."""
        with _place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether the password is the one that was hashed."""
        with _place():
            return super().verify(password, encoded)
