"""Durable database transactions, with retry after a deadlock or another conflict."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError
from django.db.transaction import atomic

from spa_project.lib.errors import Busy
from spa_project.lib.metrics import BUSY, RETRIES

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
#: MariaDB's error numbers for deadlock, lock wait time-out and other conflicts: the operation is
#: valid and can be retried.
_CAUSES = {1213: "deadlock", 1205: "lock_wait", 1020: "record_changed"}
_SQLITE_BUSY = "database is locked"


def cause_of(error: OperationalError) -> str | None:
    """Return the kind of conflict in a word; None when a retry would not help."""
    reason: Any = error.args[0] if error.args else None
    if isinstance(reason, str):
        return "sqlite_busy" if _SQLITE_BUSY in reason else None
    return _CAUSES.get(reason)


def durable(operation: Callable[P, R]) -> Callable[P, R]:
    """Run an operation in one durable database transaction, at most `TRIES` times.

    The whole block is retried, never a part of it. Raises `Busy` when the last try fails too.
    """
    return retry_on_conflict(atomic(durable=True)(operation))


def retry_on_conflict(operation: Callable[P, R]) -> Callable[P, R]:
    """Retry statements in autocommit as `durable` does a transaction."""

    @functools.wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, TRIES + 1):
            try:
                return operation(*args, **kwargs)
            except OperationalError as error:
                cause = cause_of(error)
                if cause is None:
                    raise
                logger.warning("%s: try %d met %s", operation.__name__, attempt, error)
            if attempt < TRIES:
                RETRIES.labels(operation.__name__, cause).inc()
                # Jitter, so that two operations that met in a deadlock do not meet again.
                time.sleep(random.uniform(0.01, 0.05) * attempt)
        BUSY.labels("lock").inc()
        raise Busy

    return run
