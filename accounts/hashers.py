"""Password hashing with Argon2id, limited to a few hashes at a time in each process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.hashers import Argon2PasswordHasher

from spa_project.lib.errors import Busy
from spa_project.lib.metrics import BUSY

HASHES_AT_ONCE = 4
#: Seconds to wait for a free slot. A hash takes about 0.05 s, so a longer wait means a flood.
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
    """Argon2id with OWASP's first choice of parameters: 19 MiB of memory.

    Source: OWASP Password Storage Cheat Sheet. Django's own parameters take 100 MiB for each hash,
    so that a flood of logins exhausts the memory. Raises `Busy` when `HASHES_AT_ONCE` hashes are
    being computed and none ends in time.
    """

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the hash of a password, with its parameters."""
        with _place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the password is the one that was hashed."""
        with _place():
            return super().verify(password, encoded)
