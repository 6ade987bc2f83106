"""A lock that refuses a second process where only one may serve.

Without Redis a second process would not receive the first one's events; on SQLite its commands
would wait for the other's.
"""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: The descriptor of the lock that this process holds.
_held: int | None = None


def ensure_single_process() -> None:
    """Take this machine's lock on serving this database; raise `ImproperlyConfigured`.

    The process holds it until its end, when the kernel releases it.
    """
    global _held
    may_be_many = settings.REDIS_URL and not settings.EMBEDDED
    if may_be_many or _held is not None:
        return
    lock = os.open(_lock_file(), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ImproperlyConfigured(
            "Another process serves this database already. Stop it, or use MariaDB or MySQL "
            "(DATABASE_URL) with Redis (REDIS_URL) for both: without, their screens would not "
            "hear of each other."
        ) from None
    _held = lock


def _lock_file() -> Path:
    database = settings.DATABASES["default"]
    served = repr([database.get(key) for key in ("ENGINE", "HOST", "PORT", "NAME")])
    name = hashlib.sha256(served.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"spa-{name}.lock"
