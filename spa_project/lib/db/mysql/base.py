"""A database backend whose transactions begin with their first statement, in autocommit mode.

It depends on what Django does not document (`spa_project/tests/lib/test_internals.py`):

* `BaseDatabaseWrapper.set_autocommit` calls `_start_transaction_under_autocommit` where there is
  one; Django's SQLite backend has one.
* The MySQL backend's `get_new_connection` does nothing but connect, and `is_usable` is asked before
  each piece of work (`BaseDatabaseWrapper.close_if_health_check_failed`).
"""

from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import debug_transaction
from django.utils.asyncio import async_unsafe

from spa_project.lib.db.mysql.connection import DeferringConnection
from spa_project.lib.db.mysql.cursor import LeanCursor


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's MySQL backend, with fewer round trips in every transaction.

    Django's switches autocommit off before and on again after: two statements where BEGIN is one,
    and that one needs no packet of its own. Its SQLite backend begins as this one does, by the
    same hook.
    """

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> DeferringConnection:
        """Connect as Django does, with our own connection class."""
        return DeferringConnection(**conn_params)

    def is_usable(self) -> bool:
        """Return whether the server answers and accepts changes."""
        return not self.connection.is_outdated and bool(super().is_usable())

    def create_lean_cursor(self) -> base.CursorWrapper:
        """Return a cursor for statements of `spa_project.lib.db.reused_cursor`."""
        return base.CursorWrapper(self.connection.cursor(LeanCursor))

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.begin()
