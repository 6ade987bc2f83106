"""Pipelining of statements: fewer round trips to the database, and fewer GIL hand-overs.

Statements whose result nobody reads are sent in the packet of the next one. Every call of the
driver that might wait releases the GIL and then waits to get it back: on a busy floor that costs
more than the database's answer.
"""

import os
import socket
import time
from typing import ClassVar

from MySQLdb import Error, OperationalError
from MySQLdb.connections import Connection

_BEGIN = b"BEGIN"
#: Errors of a server that refuses changes: read-only (1290, 1836), cut off from its cluster (1047).
#: After a failover the address leads to another server, but an open connection does not.
_CHANGES_NOTHING = frozenset({1290, 1836, 1047})
#: Errors of a connection that is lost (2006, 2013), or was ended by the server (1927, 4031).
_IS_LOST = frozenset({2006, 2013, 1927, 4031})
_REPLACES_ALL = _CHANGES_NOTHING | _IS_LOST
#: Seconds after which the kernel gives up a peer that acknowledges nothing.
UNACKNOWLEDGED_SECONDS = 10


class DeferringConnection(Connection):
    """A connection with statements that are sent ahead of the next one, in the same packet.

    They are those whose result nobody reads. The error of one is raised by the statement in whose
    packet it was sent, which was not run then: the server stops at the first error of a packet.
    """

    #: When a server last refused a change, or a connection was found lost. The other connections
    #: are replaced then too: each would have to time out by itself.
    failed_at: ClassVar[float] = float("-inf")

    def __init__(self, **options: object) -> None:
        self._ahead: list[bytes] = []
        self._opened_at = time.monotonic()
        super().__init__(**options)  # asks already
        _notice_a_dead_peer(self.fileno())

    @property
    def is_outdated(self) -> bool:
        """Return whether a reconnect may find what this connection cannot.

        That is a writable server after a failover, or a way through a network that lost its state.
        """
        return self._opened_at <= self.failed_at

    def begin(self) -> None:
        """Begin a transaction with its first statement."""
        self.defer(_BEGIN)

    def defer(self, statement: bytes) -> None:
        """Send a statement ahead of the next one, or of the commit."""
        self._ahead.append(statement)

    def query(self, query: bytes) -> None:
        """Send the deferred statements and this one; the result to read is that of the last."""
        ahead, self._ahead = self._ahead, []
        try:
            super().query(b";".join([*ahead, query]))
            for _each in ahead:
                self.next_result()
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
        else:
            self.query(b"COMMIT")

    def rollback(self) -> None:
        """Roll back, and drop the deferred statements."""
        ahead, self._ahead = self._ahead, []
        if _BEGIN not in ahead:
            super().rollback()


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
