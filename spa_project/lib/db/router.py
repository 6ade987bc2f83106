"""A replica of the database for lists and reports, where there is one.

It lags behind. So nothing is decided by it: claims, snapshots and everything else ask the primary,
and only who says so asks the replica.
"""

from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

REPORTS = "reports"


def for_reports() -> str:
    """The database to read long lists and reports from."""
    return REPORTS if REPORTS in settings.DATABASES else DEFAULT_DB_ALIAS


class Router:
    """Writes go to the primary, whatever a row was read from; the replica is never migrated."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
