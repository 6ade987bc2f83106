"""One verb, one database transaction, tried again when the database says "try again"."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError
from django.db.transaction import atomic

from spa_project.lib.errors import Busy

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 3
# 1213 deadlock, 1205 lock wait timeout, 1020 record changed since last read.
_RETRY_NUMBERS = frozenset({1213, 1205, 1020})
_SQLITE_BUSY = "database is locked"


def is_worth_a_retry(error: OperationalError) -> bool:
    """Whether the database refused only because someone else was in the way."""
    return bool(error.args) and (
        error.args[0] in _RETRY_NUMBERS or _SQLITE_BUSY in str(error.args[0])
    )


def durable(verb: Callable[P, R]) -> Callable[P, R]:
    """Run a verb in one durable database transaction, at most `TRIES` times.

    The whole block is run again, never a part of it. Raises `Busy` when the last try fails too.
    """

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, TRIES + 1):
            try:
                with atomic(durable=True):
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if not is_worth_a_retry(error):
                    raise
                logger.warning("%s: try %d met %s", verb.__name__, attempt, error)
            # Jitter: two verbs that met in a deadlock must not meet again.
            time.sleep(random.uniform(0.01, 0.05) * attempt)
        raise Busy

    return run
