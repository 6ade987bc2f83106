"""A database backend whose transactions begin with their first statement, in autocommit mode.

It depends on what Django does not document (`spa_project/tests/lib/test_internals.py`):

* `BaseDatabaseWrapper.set_autocommit` calls `_start_transaction_under_autocommit` where there is
  one; Django's SQLite backend has one.
* `CursorWrapper.cursor` is the backend's wrapper, and its `cursor` mysqlclient's, whose `_mogrify`
  puts the values into a statement.
* The MySQL backend's `get_new_connection` does nothing but connect, and `is_usable` is asked before
  each piece of work (`BaseDatabaseWrapper.close_if_health_check_failed`).
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.mysql import base
from django.db.backends.utils import CursorWrapper, debug_transaction
from django.utils.asyncio import async_unsafe

from spa_project.lib.db.mysql.connection import DeferringConnection, catch_up
from spa_project.lib.db.time_limits import ANSWER_SECONDS, IDLE_SECONDS, is_this_thread_limited

_READ_AND_WRITE = {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
#: MySQL has no such variable, and takes this for a comment.
_IDLE = f" /*M! , idle_transaction_timeout={IDLE_SECONDS} */"


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's MySQL backend, with fewer round trips in every transaction.

    Django's switches autocommit off before and on again after: two statements where BEGIN is one,
    and that one needs no packet of its own. Its SQLite backend begins as this one does, by the
    same hook.
    """

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> DeferringConnection:
        """Connect as Django does, with our own connection class and time limits.

        On a cluster the connection begins with all that was acknowledged before it.
        """
        if is_this_thread_limited():
            first = conn_params["init_command"] + _IDLE
            conn_params = {**conn_params, **_READ_AND_WRITE, "init_command": first}
        connection = DeferringConnection(**conn_params)
        try:
            catch_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def is_usable(self) -> bool:
        """Return whether the server answers and accepts changes.

        It is not asked right after it has answered: the question is a round trip before each piece
        of work. A connection that was lost in that moment fails with the work, which can be sent
        again.
        """
        if self.connection.is_outdated:
            return False
        return self.connection.is_fresh or bool(super().is_usable())

    def defer(self, cursor: CursorWrapper, sql: str, values: Sequence[Any]) -> None:
        """Send a statement whose result nobody reads ahead of the next, or of the commit."""
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            self.connection.defer(cursor.cursor.cursor._mogrify(sql, values))

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.begin()
