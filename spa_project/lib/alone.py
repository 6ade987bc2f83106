"""Without Redis there is one process, because a second one's screens would hear of nothing."""

import fcntl
import hashlib
import tempfile
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_held: IO[str] | None = None


def refuse_to_share_without_redis() -> None:
    """Take this machine's lock on serving this database; raises `ImproperlyConfigured`.

    It is held as long as the process lives, and the kernel gives it back when the process dies.
    """
    global _held
    if settings.REDIS_URL or _held is not None:
        return
    lock = _lock_file().open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ImproperlyConfigured(
            "Another process serves this database already. Stop it, or set REDIS_URL for both: "
            "without Redis their screens would not hear of each other."
        ) from None
    _held = lock


def _lock_file() -> Path:
    database = settings.DATABASES["default"]
    served = repr([database.get(key) for key in ("ENGINE", "HOST", "PORT", "NAME")])
    name = hashlib.sha256(served.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"spa-{name}.lock"
