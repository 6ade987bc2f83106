"""Tests of the internals of Django, mysqlclient, Twisted, autobahn and Daphne that we depend on.

None of it is documented, so a new version may change it without a word. Where one does, read what
is new, compare it with the module of ours that is named here, and note the new sum.
"""

import asyncio
import hashlib
import inspect
import socket
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from autobahn.websocket.protocol import WebSocketProtocol
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory
from daphne.ws_protocol import WebSocketProtocol as DaphneProtocol
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.mysql import base as mysql
from django.db.backends.mysql.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.db.models.query import ModelIterable, RelatedPopulator
from django.db.models.sql.compiler import SQLCompiler
from MySQLdb import cursors
from MySQLdb.connections import Connection
from MySQLdb.constants import CLIENT
from twisted.internet import abstract, tcp, unix
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport

from spa_project.lib import daphne, websocket_sending
from spa_project.lib.db import compiled_queries
from spa_project.lib.db.mysql import base, connection

#: What a module of ours copies, goes round or steps into, and the sum of its source.
INTERNALS: list[tuple[ModuleType, type, str, str]] = [
    (compiled_queries, Model, "from_db", "eba347895d11"),
    (compiled_queries, ModelIterable, "__iter__", "c2a744b8c18e"),
    (compiled_queries, RelatedPopulator, "populate", "c939cb628b03"),
    (compiled_queries, SQLCompiler, "apply_converters", "c034ce3e5090"),
    (compiled_queries, SQLCompiler, "get_converters", "c6c8c1b71882"),
    (compiled_queries, SQLCompiler, "get_select", "12c5003d7ab4"),
    (base, BaseDatabaseWrapper, "set_autocommit", "4e91610fe9d8"),
    (base, BaseDatabaseWrapper, "close_if_health_check_failed", "f72eb45356f4"),
    (base, mysql.DatabaseWrapper, "get_new_connection", "8cf94add750d"),
    (base, mysql.DatabaseWrapper, "is_usable", "0c7ae405220b"),
    (connection, Connection, "begin", "8088fd0bbbae"),
    (connection, Connection, "query", "65881aae6a0f"),
    (base, cursors.BaseCursor, "_mogrify", "ee79b579abe8"),
    (base, BaseDatabaseWrapper, "_cursor", "bb632516d005"),
    (base, CursorWrapper, "_execute", "8a3a172b0a15"),
    (base, mysql.CursorWrapper, "execute", "397e2a98dfe8"),
    (base, DatabaseOperations, "convert_datetimefield_value", "9019e627dd5a"),
    (base, DatabaseOperations, "adapt_datetimefield_value", "a1caffb45bd8"),
    (connection, Connection, "literal", "3e79c04ca7f6"),
    (daphne, Server, "create_application", "f1e300b4ecf6"),
    (daphne, WebSocketProtocol, "onCloseHandshakeTimeout", "b64c7e3125c7"),
    (daphne, WebSocketProtocol, "onFrameBegin", "953702700776"),
    (daphne, WebSocketProtocol, "onPing", "d283f6ebda58"),
    (daphne, WebSocketProtocol, "processData", "25b9c1387a46"),
    (daphne, WebSocketProtocol, "sendCloseFrame", "a511406d6b0d"),
    (websocket_sending, DaphneProtocol, "serverSend", "345f21330d2a"),
    (websocket_sending, WebSocketProtocol, "sendData", "5dcca425b048"),
    (websocket_sending, WebSocketProtocol, "sendFrame", "89cc8b024c41"),
    (websocket_sending, WebSocketProtocol, "sendMessage", "048d6bcf0d71"),
    (websocket_sending, abstract.FileDescriptor, "doWrite", "a986d7b1b105"),
    (websocket_sending, abstract.FileDescriptor, "write", "3e46c97fc173"),
    (websocket_sending, tcp.Connection, "writeSomeData", "2dd0d4209260"),
    (websocket_sending, unix._SendmsgMixin, "writeSomeData", "bea6b41b8609"),
]


def sum_of(owner: type, name: str) -> str:
    return hashlib.sha256(inspect.getsource(getattr(owner, name)).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("ours", "owner", "name", "expected"),
    INTERNALS,
    ids=[f"{owner.__name__}.{name}" for _ours, owner, name, _sum in INTERNALS],
)
def test_an_internal_is_as_it_was(ours, owner, name, expected):
    assert sum_of(owner, name) == expected, f"{owner}.{name} has changed: compare {ours.__file__}"


# -- mysqlclient --------------------------------------------------------------------------------


def test_the_driver_has_what_pipelining_needs():
    needed = {"next_result", "commit", "rollback", "begin", "query", "ping"}
    assert needed <= set(dir(Connection))
    assert "client_flag |= CLIENT.MULTI_STATEMENTS" in inspect.getsource(Connection.__init__)
    assert CLIENT.MULTI_STATEMENTS


class FakeConnection:
    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1


@pytest.mark.django_db  # it asks to connect
def test_django_begins_a_transaction_by_our_hook():
    wrapper = base.DatabaseWrapper({"TIME_ZONE": None, "OPTIONS": {}, "ATOMIC_REQUESTS": False})
    wrapper.connection = FakeConnection()
    wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
    assert wrapper.connection.begun == 1
    assert not wrapper.autocommit


# -- Twisted and autobahn -----------------------------------------------------------------------


class Transport(StringTransport):
    """Records the written bytes, and allows what a real one does."""

    def loseWriteConnection(self) -> None:
        pass

    def unregisterProducer(self) -> None:
        self.producer = None


@pytest.fixture
def line() -> daphne.Protocol:
    """Return an open socket on a transport that records the written bytes."""
    protocol = daphne.Protocol()
    protocol.factory = WebSocketFactory(None)
    protocol.factory.protocol = daphne.Protocol
    protocol.transport = Transport()
    protocol._connectionMade()
    protocol.state = protocol.STATE_OPEN
    protocol.application_queue = asyncio.Queue()
    # as after the handshake
    protocol.current_frame, protocol.inside_message, protocol.websocket_version = None, False, 13
    return protocol


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("binary", [False, True])
def test_a_frame_is_the_one_autobahn_makes(line, size, binary):
    payload = b"x" * size
    line.sendMessage(payload, binary)
    ours = websocket_sending.frame(payload if binary else payload.decode(), binary)
    assert ours == line.transport.value()


@pytest.fixture(params=[tcp.Connection, unix.Server])
def pipe(request) -> Iterator[tuple[Any, socket.socket]]:
    """Return a transport of Twisted and the other end of its connection."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    reactor: Any = FakeReactor()
    protocol: Any = Protocol()
    transport: Any
    if request.param is unix.Server:
        transport = unix.Server(ours, protocol, None, None, 1, reactor)
    else:
        transport = tcp.Connection(ours, protocol, reactor)
    transport.connected = True
    yield transport, theirs
    ours.close()
    theirs.close()


class FakeReactor:
    """Notes who waits for the selector."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def addWriter(self, transport: Any) -> None:
        self.waiting.append(transport)

    def removeWriter(self, transport: Any) -> None:
        self.waiting.remove(transport)

    def addReader(self, transport: Any) -> None:
        pass


def test_a_write_is_done_at_once(pipe):
    transport, theirs = pipe
    websocket_sending.write(transport, b"one")
    assert theirs.recv(10) == b"one"
    assert transport.reactor.waiting == []


def test_what_waits_is_written_first(pipe):
    transport, theirs = pipe
    transport.write(b"one,")
    websocket_sending.write(transport, b"two")
    assert transport.reactor.waiting
    transport.doWrite()
    assert theirs.recv(10) == b"one,two"


def test_what_the_network_does_not_take_waits(pipe):
    transport, theirs = pipe
    flood = b"x" * 3_000_000
    websocket_sending.write(transport, flood)
    websocket_sending.write(transport, b"end")
    received = bytearray()
    while transport.reactor.waiting:
        received += theirs.recv(1_000_000)
        transport.doWrite()
    theirs.setblocking(False)
    while len(received) < len(flood) + 3:
        received += theirs.recv(1_000_000)
    assert received == flood + b"end"


def test_a_lost_connection_is_no_error(pipe):
    transport, theirs = pipe
    theirs.close()
    websocket_sending.write(transport, b"one")
    websocket_sending.write(transport, b"two")
    assert transport.reactor.waiting == []


# -- Frames that are counted --------------------------------------------------------------------


PING = b"\x89\x80\0\0\0\0"


@pytest.mark.asyncio
@pytest.mark.parametrize("frame", [PING, b"\x8a\x80\0\0\0\0"], ids=["pings", "pongs"])
async def test_control_frames_count(line, frame):
    line.dataReceived(frame * 1_000)
    assert line.localCloseCode == 4429
    assert line.data == b""


@pytest.mark.asyncio
async def test_empty_fragments_count(line):
    line.dataReceived(b"\x01\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 1_000)
    assert line.localCloseCode == 1009
    assert line.data == b""


@pytest.mark.asyncio
async def test_what_follows_too_much_is_neither_parsed_nor_answered(line):
    line.dataReceived(PING * 1_000)
    sent = line.transport.value()
    for _piece in range(3):
        line.dataReceived(PING * 1_000)
        assert line.transport.producerState == "paused"
    assert (line.transport.value(), line.data) == (sent, b"")


@pytest.mark.asyncio
async def test_the_application_is_told_once_of_a_client_that_sent_too_much(line):
    for _piece in range(3):
        line.dataReceived(PING * 1_000)
    assert line.application_queue.get_nowait() == {"type": "websocket.flooded"}
    assert line.application_queue.empty()


@pytest.mark.asyncio
async def test_a_client_that_sent_too_much_is_read_until_a_limit(line, monkeypatch):
    monkeypatch.setattr(daphne, "DISCARD_EVERY", 0)
    line.dataReceived(PING * 1_000)
    assert not line.transport.disconnecting
    await line._discarding
    assert line.transport.disconnecting


@pytest.mark.asyncio
async def test_a_client_that_sent_too_much_and_hung_up_is_read_no_more(line):
    line.dataReceived(PING * 1_000)
    line.state = line.STATE_CLOSED  # autobahn's, when the connection is lost
    async with asyncio.timeout(5 * daphne.DISCARD_EVERY):
        await line._discarding


@pytest.mark.asyncio
async def test_a_ping_is_answered_only_while_the_client_reads(line):
    line.unread = asyncio.get_running_loop().create_future()
    line.dataReceived(PING)
    assert line.transport.value() == b""
    line.unread = None
    line.dataReceived(PING)
    assert line.transport.value() == b"\x8a\x00"
