"""One cursor for all compiled statements of a connection; Django makes one for each statement.

To make a cursor, wrap it and close it costs more than to use it. Where somebody listens (a log of
queries, an execute wrapper), each statement has Django's own again.

It depends on what Django does not document (`spa_project/tests/lib/test_internals.py`):

* `BaseDatabaseWrapper._cursor` and `CursorWrapper._execute`, whose steps `execute` takes as well,
  but for the cursor and its wrappers: `close_if_health_check_failed`, `ensure_connection`,
  `validate_no_broken_transaction`, `wrap_database_errors`.
* `BaseDatabaseWrapper.create_cursor`, and `connection`, which is another one after a reconnect.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper


def execute(
    connection: BaseDatabaseWrapper,
    sql: str,
    values: Sequence[Any],
    read: Callable[[Any], Any] | None = None,
) -> Any:
    """Run one statement and return what `read` takes from its cursor.

    A statement whose result nobody reads may go with the transaction's next one, where the database
    can do that (`spa_project.lib.db.mysql.connection`).
    """
    if connection.queries_logged or connection.execute_wrappers:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return read and read(cursor)
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        cursor = _cursor_of(connection)
        if read is None and connection.in_atomic_block:
            return getattr(cursor, "defer", cursor.execute)(sql, values)
        cursor.execute(sql, values)
        return read and read(cursor)


def _cursor_of(connection: BaseDatabaseWrapper) -> Any:
    """Return the one cursor of a connection, a new one after a reconnect."""
    opened, cursor = vars(connection).get("reused_cursor", (None, None))
    if opened is None or opened is not connection.connection:
        create = getattr(connection, "create_lean_cursor", connection.create_cursor)
        cursor = create()
        vars(connection)["reused_cursor"] = (connection.connection, cursor)
    return cursor
