"""A database backend with fewer round trips, and with less work for each statement and value.

Transactions begin with their first statement, in autocommit mode.

It depends on what Django does not document (`spa_project/tests/lib/test_internals.py`):

* `BaseDatabaseWrapper.set_autocommit` calls `_start_transaction_under_autocommit` where there is
  one; Django's SQLite backend has one.
* The MySQL backend's `get_new_connection` does nothing but connect, with the conversions of values
  in `conv`, and `is_usable` is asked before each piece of work
  (`BaseDatabaseWrapper.close_if_health_check_failed`).
* `run` does what `BaseDatabaseWrapper._cursor` and the `execute` of Django's two cursors do, where
  no wrapper is to see the statement.
* `DatabaseOperations.convert_datetimefield_value` gives a time its time zone, and
  `adapt_datetimefield_value` takes it away.
"""

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.mysql import base, operations
from django.db.backends.utils import debug_transaction
from django.utils.asyncio import async_unsafe
from MySQLdb.constants import FIELD_TYPE

from spa_project.lib.db.mysql.connection import (
    Answer,
    DeferringConnection,
    allow_dirty_reads,
    catch_up,
)
from spa_project.lib.db.time_limits import ANSWER_SECONDS, IDLE_SECONDS, is_this_thread_limited

_READ_AND_WRITE = {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
#: MySQL has no such variable, and takes this for a comment.
_IDLE = f" /*M! , idle_transaction_timeout={IDLE_SECONDS} */"


def _time_of(text: str) -> datetime.datetime:
    """Return a time of the database, which is in UTC."""
    return datetime.datetime.fromisoformat(f"{text}+00:00")


#: Conversions in one call of C; the driver's and Django's are in Python.
_CONVERSIONS = {
    FIELD_TYPE.DATETIME: _time_of,
    FIELD_TYPE.DATE: datetime.date.fromisoformat,
    FIELD_TYPE.TIME: datetime.time.fromisoformat,
}


class DatabaseOperations(operations.DatabaseOperations):
    """Django's operations, for times that the connection returns and takes with their zone, UTC."""

    def adapt_datetimefield_value(self, value: Any) -> Any:
        """Return a time as text in UTC."""
        if isinstance(value, datetime.datetime) and value.tzinfo is datetime.UTC:
            return value.isoformat(" ").removesuffix("+00:00")
        return super().adapt_datetimefield_value(value)

    def get_db_converters(self, expression: Any) -> list[Any]:
        """Return the conversions of a column's values that the connection has not made."""
        converters: list[Any] = super().get_db_converters(expression)
        return [each for each in converters if each != self.convert_datetimefield_value]


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's MySQL backend, with fewer round trips in every transaction.

    Django's switches autocommit off before and on again after: two statements where BEGIN is one,
    and that one needs no packet of its own. Its SQLite backend begins as this one does, by the
    same hook. Times are made in one step, where the driver and Django take two in Python.
    """

    ops_class = DatabaseOperations

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> DeferringConnection:
        """Connect as Django does, with our own connection class and time limits.

        On a cluster the connection begins with all that was acknowledged before it. That to the
        replica, by which nothing is decided, also reads a node that has lost the others.
        """
        if is_this_thread_limited():
            first = conn_params["init_command"] + _IDLE
            conn_params = {**conn_params, **_READ_AND_WRITE, "init_command": first}
        conv = {**conn_params["conv"], **_CONVERSIONS}
        connection = DeferringConnection(**{**conn_params, "conv": conv})
        prepare = catch_up if self.alias == DEFAULT_DB_ALIAS else allow_dirty_reads
        try:
            prepare(connection)
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

    def run(self, sql: str, values: Sequence[Any], read: Callable[[Any], Any] | None = None) -> Any:
        """Run a statement and return what `read` takes of its answer, as it would of a cursor.

        Without Django's cursor and the driver's, whose work is half of a small statement's.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            self.connection.query(self._statement(sql, values))
            return (read or Answer.fetchall)(Answer(self.connection))

    def defer(self, sql: str, values: Sequence[Any], rows: int | None = None) -> None:
        """Send a statement whose result nobody reads ahead of the next, or of the commit.

        With another number of `rows` than it must find, that one raises `StaleRow`.
        """
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            self.connection.defer(self._statement(sql, values), rows)

    def _statement(self, sql: str, values: Sequence[Any]) -> bytes:
        return sql.encode() % tuple(map(self.connection.literal, values))

    def _start_transaction_under_autocommit(self) -> None:
        with debug_transaction(self, "BEGIN"), self.wrap_database_errors:
            self.connection.begin()
