"""Pipelining of statements: fewer round trips to the database, and fewer GIL hand-overs.

Statements whose result nobody reads are sent in the packet of the next one. Every call of the
driver that might wait releases the GIL and then waits to get it back: on a busy floor that costs
more than the database's answer.
"""

import os
import socket
import time
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from django.db.backends.mysql.base import CursorWrapper
from MySQLdb import Error, IntegrityError, OperationalError
from MySQLdb.connections import Connection

from spa_project.lib.db.stale_row import StaleRow


class _Statement(NamedTuple):
    text: bytes
    #: How many rows it must find; None where that does not matter.
    rows: int | None = None


_BEGIN = _Statement(b"BEGIN")
#: Errors of a server that refuses changes: read-only (1290, 1836), cut off from its cluster (1047).
#: After a failover the address leads to another server, but an open connection does not.
_CHANGES_NOTHING = frozenset({1290, 1836, 1047})
#: Errors of a connection that is lost (2006, 2013), or was ended by the server (1927, 4031).
_IS_LOST = frozenset({2006, 2013, 1927, 4031})
#: Errors that Django counts as violated constraints, and the driver does not.
_VIOLATES = frozenset(CursorWrapper.codes_for_integrityerror)
_REPLACES_ALL = _CHANGES_NOTHING | _IS_LOST
#: Seconds after an answer in which a connection counts as alive without asking again. A pool of
#: connections for Java, HikariCP, has the same figure (`aliveBypassWindowMs`).
FRESH_SECONDS = 0.5
#: Seconds after which the kernel gives up a peer that acknowledges nothing.
UNACKNOWLEDGED_SECONDS = 10


class DeferringConnection(Connection):
    """A connection with statements that are sent ahead of the next one, in the same packet.

    They are those whose result nobody reads, but for the number of rows that some must find. The
    error of one is raised by the statement in whose packet it was sent, which was not run then: the
    server stops at the first error of a packet. It does not stop at a number of rows, so nothing
    is committed in a packet where one is to be checked.
    """

    #: When a server last refused a change, or a connection was found lost. The other connections
    #: are replaced then too: each would have to time out by itself.
    failed_at: ClassVar[float] = float("-inf")

    def __init__(self, **options: object) -> None:
        self._ahead: list[_Statement] = []
        self._has_one_result = True
        self._opened_at = self._answered_at = time.monotonic()
        super().__init__(**options)  # asks already
        _notice_a_dead_peer(self.fileno())

    @property
    def is_outdated(self) -> bool:
        """Return whether a reconnect may find what this connection cannot.

        That is a writable server after a failover, or a way through a network that lost its state.
        """
        return self._opened_at <= self.failed_at

    @property
    def is_fresh(self) -> bool:
        """Return whether the server has answered a moment ago."""
        return time.monotonic() - self._answered_at < FRESH_SECONDS

    def begin(self) -> None:
        """Begin a transaction with its first statement."""
        self._ahead.append(_BEGIN)

    def defer(self, statement: bytes, rows: int | None = None) -> None:
        """Send a statement ahead of the next one, or of the commit.

        `rows` is the number of rows that it must find; else the next one raises `StaleRow`.
        """
        self._ahead.append(_Statement(statement, rows))

    def query(self, query: bytes, rows: int | None = None) -> None:
        """Send the deferred statements and this one; the result to read is that of the last."""
        statements, self._ahead = [*self._ahead, _Statement(query, rows)], []
        self._has_one_result = b";" not in query and not query.startswith(b"CALL")
        try:
            super().query(b";".join(statement.text for statement in statements))
            is_stale = self._has_other_rows(statements)
        except OperationalError as error:
            _note_failure(error)
            if error.args[0] in _VIOLATES:
                raise IntegrityError(*error.args) from error
            raise
        self._answered_at = time.monotonic()
        if is_stale:
            self._discard_results()
            raise StaleRow

    def _has_other_rows(self, statements: Sequence[_Statement]) -> bool:
        """Go to the last statement's result; return whether one found another number of rows.

        A row that violates a constraint after that is the same conflict: it follows from what is
        stale.
        """
        is_stale = False
        for position, statement in enumerate(statements):
            try:
                if position:
                    super().next_result()
            except IntegrityError as error:
                if is_stale:
                    raise StaleRow from error
                raise
            if statement.rows is not None and self.affected_rows() != statement.rows:
                is_stale = True
        return is_stale

    def _discard_results(self) -> None:
        self.discard_result()
        while super().next_result() == 0:
            self.discard_result()

    def literal(self, value: Any) -> bytes:
        """Return a value as it is written in a statement: the usual types without a search."""
        if value is None:
            return b"NULL"
        if isinstance(value, int):
            return b"%d" % value
        if isinstance(value, str):
            return bytes(self.string_literal(value.encode()))
        return bytes(super().literal(value))

    def next_result(self) -> int:
        """Go to the result of the packet's next statement; return -1 when there is none.

        The driver asks twice for each statement, and each time releases the GIL.
        """
        if self._has_one_result:
            return -1
        try:
            return int(super().next_result())
        except OperationalError as error:
            _note_failure(error)
            raise

    def ping(self) -> None:
        """Ask whether the server is there; raise an error when it is not."""
        try:
            super().ping()
        except Error as error:
            _note_failure(error)
            raise

    def commit(self) -> None:
        """Commit; a transaction without a statement was never begun."""
        if self._ahead == [_BEGIN]:
            self._ahead = []
            return
        if any(statement.rows is not None for statement in self._ahead):
            last = self._ahead.pop()
            self.query(last.text, last.rows)
        self.query(b"COMMIT")

    def rollback(self) -> None:
        """Roll back, and drop the deferred statements."""
        ahead, self._ahead = self._ahead, []
        if _BEGIN not in ahead:
            super().rollback()


class Answer:
    """The answer to a packet, read as a cursor is read: each result once, in order."""

    def __init__(self, connection: DeferringConnection) -> None:
        self._connection = connection

    @property
    def rowcount(self) -> int:
        """Return how many rows the statement has changed."""
        return int(self._connection.affected_rows())

    @property
    def lastrowid(self) -> int:
        """Return the key of the row that the statement has inserted."""
        return int(self._connection.insert_id())

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """Return the rows of the present result; none where the statement returns no rows."""
        result = self._connection.store_result()
        rows: Sequence[tuple[Any, ...]] = result.fetch_row(maxrows=0) if result else ()
        return rows

    def nextset(self) -> None:
        """Go to the next statement's result."""
        self._connection.next_result()


def catch_up(connection: Connection) -> None:
    """Wait until a node of a Galera cluster has applied what was committed anywhere before now.

    A node confirms what another one commits before it has applied it. Without this wait a process
    whose connection moved to another node could miss, for a moment, what was acknowledged already:
    a customer would be told that there is no such ticket. Other servers have nothing to wait for.
    Raises `OperationalError` (1205) while the node is cut off or too far behind.
    """
    _run_on_galera(connection, "SET STATEMENT wsrep_sync_wait=1 FOR SELECT 1")


def allow_dirty_reads(connection: Connection) -> None:
    """Let the connection read a node of a Galera cluster that is cut off, as it was by then.

    Any other is refused each read there (1047). Nothing may be decided by what is read so.
    """
    _run_on_galera(connection, "SET wsrep_dirty_reads=ON")


def _run_on_galera(connection: Connection, statement: str) -> None:
    """Run a statement where the server is a node of a Galera cluster."""
    cursor = connection.cursor()
    cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
    if cursor.fetchone() == ("wsrep_on", "ON"):
        cursor.execute(statement)
        cursor.fetchall()
    cursor.close()


def _note_failure(error: Error) -> None:
    if error.args[0] in _REPLACES_ALL:
        DeferringConnection.failed_at = time.monotonic()


def _notice_a_dead_peer(descriptor: int) -> None:
    """Let the kernel end a TCP connection whose peer acknowledges nothing, idle ones too."""
    with socket.socket(fileno=os.dup(descriptor)) as line:
        if line.family == socket.AF_UNIX:
            return
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            seconds = UNACKNOWLEDGED_SECONDS
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, seconds // 3)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
