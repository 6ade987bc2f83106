"""Fewer packets to the database, and fewer moments in which a thread gives the interpreter away.

Every call of the driver that might wait lets another thread run Python, and then waits for its own
turn again: on a busy floor that costs more than the database's answer.
"""

import time
from collections.abc import Sequence
from typing import Any, ClassVar

from MySQLdb import OperationalError
from MySQLdb.connections import Connection
from MySQLdb.cursors import Cursor

_BEGIN = b"BEGIN"
#: A server that lives and changes nothing: read-only (1290, 1836), cut off from its cluster (1047).
#: After a failover an address leads to another one, but a connection lasts.
_CHANGES_NOTHING = frozenset({1290, 1836, 1047})


class DeferringConnection(Connection):
    """A connection with statements that go ahead of the next one, in the same packet.

    They are those whose result nobody reads. One that fails is raised by the statement it rode
    with, which was not run then: the server stops at the first error of a packet.
    """

    #: When a server last refused to change anything, to whichever of our connections.
    refused_at: ClassVar[float] = float("-inf")

    def __init__(self, **options: object) -> None:
        self._ahead: list[bytes] = []
        self._opened_at = time.monotonic()
        #: When the server answered last, on the monotonic clock.
        self.answered_at = float("-inf")
        super().__init__(**options)  # asks already

    @property
    def is_outdated(self) -> bool:
        """Whether a new one may lead to a server that does what ours refused."""
        return self._opened_at <= self.refused_at

    def begin(self) -> None:
        """Begin a transaction with its first statement."""
        self.defer(_BEGIN)

    def defer(self, statement: bytes) -> None:
        """Let a statement go ahead of the next one, or of the commit."""
        self._ahead.append(statement)

    def query(self, query: bytes) -> None:
        """Send a statement, after those that wait for it; the result to read is its own."""
        ahead, self._ahead = self._ahead, []
        try:
            super().query(b";".join([*ahead, query]))
            for _each in ahead:
                self.next_result()
        except OperationalError as error:
            if error.args[0] in _CHANGES_NOTHING:
                DeferringConnection.refused_at = time.monotonic()
            raise
        self.answered_at = time.monotonic()

    def commit(self) -> None:
        """Commit; a transaction without a statement never began."""
        if self._ahead == [_BEGIN]:
            self._ahead = []
        else:
            self.query(b"COMMIT")

    def rollback(self) -> None:
        """Roll back; what was not sent yet never is."""
        ahead, self._ahead = self._ahead, []
        if _BEGIN not in ahead:
            super().rollback()


class LeanCursor(Cursor):
    """A cursor that does not look for what its statements do not have.

    For single statements, read whole: there is never a result of an earlier one to discard. The
    columns of a result are not described.
    """

    def defer(self, sql: str, values: Sequence[Any]) -> None:
        """Let a statement whose result nobody reads go ahead of the next, or of the commit."""
        self.connection.defer(self._mogrify(sql, values))

    def _discard(self) -> None:
        pass

    def _do_get_result(self, db: Connection) -> None:
        self._result = db.store_result() if db.field_count() else None
        self.rowcount = db.affected_rows()
        self.lastrowid = db.insert_id()
        self.rownumber = 0
