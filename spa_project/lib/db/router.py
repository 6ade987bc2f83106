"""The database router of a replica for lists and reports, where there is one.

A replica lags behind, so no decision may depend on it: claims, snapshots and everything else read
the primary. Only callers that name the replica read it (`replica.py`).
"""

from typing import Any

from django.db import DEFAULT_DB_ALIAS

#: The alias of the replica, if one is configured.
REPORTS = "reports"


class Router:
    """A router that writes to the primary only, and never migrates the replica."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
