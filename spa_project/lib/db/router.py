"""The database router of a replica for lists and reports, where there is one.

A replica lags behind, so no decision may depend on it: claims, snapshots and everything else read
the primary. Only callers that name the replica read it.
"""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

REPORTS = "reports"


def for_reports() -> str:
    """Return the alias of the database to read long lists and reports from."""
    return REPORTS if REPORTS in settings.DATABASES else DEFAULT_DB_ALIAS


class Router:
    """A router that writes to the primary only, and never migrates the replica."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
