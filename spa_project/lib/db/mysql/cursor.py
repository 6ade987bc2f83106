"""MariaDB's cursor for compiled queries, without the steps that they do not need.

`spa_project.lib.db.reused_cursor` holds one for each connection. It depends on what mysqlclient
does not document (`spa_project/tests/lib/test_internals.py`):

* `BaseCursor.execute` calls `_discard`, `_mogrify` and `_query`, and that `_do_get_result`, which
  sets `_result`, `rowcount`, `rownumber` and `lastrowid`; `_post_get_result` fetches the rows.
* The connection's `field_count`, `store_result`, `affected_rows` and `insert_id`.
"""

from collections.abc import Sequence
from typing import Any

from MySQLdb.connections import Connection
from MySQLdb.cursors import Cursor


class LeanCursor(Cursor):
    """A cursor for single statements, read whole.

    There is never a result of an earlier statement to discard. The columns of a result are not
    described.
    """

    def defer(self, sql: str, values: Sequence[Any]) -> None:
        """Send a statement whose result nobody reads ahead of the next, or of the commit."""
        self.connection.defer(self._mogrify(sql, values))

    def _discard(self) -> None:
        pass

    def _do_get_result(self, db: Connection) -> None:
        self._result = db.store_result() if db.field_count() else None
        self.rowcount = db.affected_rows()
        self.lastrowid = db.insert_id()
        self.rownumber = 0
