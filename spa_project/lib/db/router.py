"""The database router of a replica for lists and reports, where there is one.

A replica lags behind, so no decision may depend on it: claims, snapshots and everything else read
the primary. Only callers that name the replica read it (`replica.py`), and the pages that show the
past while the primary does not answer (`replica_alone`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError

#: The alias of the replica, if one is configured.
REPORTS = "reports"

_is_replica_alone: ContextVar[bool] = ContextVar("is_replica_alone", default=False)


@contextmanager
def replica_alone() -> Iterator[None]:
    """Read everything from the replica inside the block, and write nothing."""
    token = _is_replica_alone.set(True)
    try:
        yield
    finally:
        _is_replica_alone.reset(token)


def is_replica_alone() -> bool:
    """Return whether the caller is inside of `replica_alone`."""
    return _is_replica_alone.get()


class Router:
    """A router that writes to the primary only, and never migrates the replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """Return the replica where it is alone; else the database that the caller names."""
        return REPORTS if is_replica_alone() else None

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Return the primary; raise `OperationalError`, without asking it, where it is away."""
        if is_replica_alone():
            raise OperationalError("Nothing is written while the primary does not answer.")
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
