"""Pipelined statements: those whose result nobody reads go in the packet of the next one.

Every call of the driver that might wait releases Python's interpreter lock and then waits to get it
back: on a busy floor that costs more than the database's answer.

It depends on what mysqlclient does not document (`spa_project/tests/lib/test_internals.py`,
`spa_project/tests/lib/db/test_mysql_connection.py`):

* `Connection.query`, which all cursors send their statements by; and `next_result`, which then
  leads from one statement's result to the next and raises its error.
* A connection has the client flag `MULTI_STATEMENTS` unless it is told otherwise.
* `begin`, `commit` and `rollback` of the connection send those statements and nothing else.
"""

import time
from typing import ClassVar

from MySQLdb import OperationalError
from MySQLdb.connections import Connection

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
