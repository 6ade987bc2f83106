"""Tests of which database HAProxy reads, with its file of deploy/cluster and databases' health."""

import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest

from spa_project.tests.concurrency import wait_until
from tools.cluster.files import ADDRESSES
from tools.cluster.servers import READER_PORT, WRITER_PORT, HAProxy
from tools.servers import HOST, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sample(2),
    pytest.mark.skipif(not shutil.which("haproxy", path="/usr/sbin:/usr/bin"), reason="no HAProxy"),
]

FIT, CUT_OFF = "/reader", "/reader-without-quorum"


class Database:
    """Stand-in for a database: tells who connects its name, and HAProxy what it can be asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: The paths of its health that are 200.
        self.is_fit_for: set[str] = {FIT}

    def tells_its_name(self, connection: socket.socket, *_rest: Any) -> Any:
        """Hold a connection open until the other side ends it."""
        connection.sendall(self.name.encode())
        connection.recv(1)

    def tells_its_health(self, *arguments: Any) -> Any:
        """Answer a check."""
        database = self

        class Health(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200 if self.path in database.is_fit_for else 503)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                """Log nothing."""

        return Health(*arguments)


class Readers(HAProxy):
    """HAProxy of deploy/cluster, whose writers do not matter here."""

    def __init__(self, changes: dict[str, str], port: int) -> None:
        super().__init__()
        self._changes = changes
        self.port = port

    def answers(self) -> bool:
        try:
            return bool(self._say("show info"))
        except OSError:
            return False

    def connect(self) -> socket.socket:
        """Return a new connection of a process to the listener for reports."""
        return socket.create_connection((HOST, self.port), timeout=5)

    def read(self) -> str:
        """Return the name of the database that a new connection leads to; empty for none."""
        with self.connect() as connection:
            return name_on(connection)


def name_on(connection: socket.socket) -> str:
    try:
        return connection.recv(10).decode()
    except OSError:
        return ""


@pytest.fixture
def databases() -> list[Database]:
    return [Database(name) for name in ADDRESSES]


@pytest.fixture
def haproxy(databases) -> Iterator[Readers]:
    port, health, reader, writer = (free_port() for _each in range(4))
    changes = {
        "port 9200": f"port {health}",
        f"{HOST}:{WRITER_PORT}": f"{HOST}:{writer}",
        f"{HOST}:{READER_PORT}": f"{HOST}:{reader}",
    }
    with ExitStack() as stack:
        for number, database in enumerate(databases, 11):
            here = f"127.0.0.{number}"
            changes[f"10.0.0.{number}:3306"] = f"{here}:{port}"
            for server in (
                ThreadingTCPServer((here, port), database.tells_its_name),
                ThreadingHTTPServer((here, health), database.tells_its_health),
            ):
                server.daemon_threads = True
                stack.callback(server.server_close)
                Thread(target=server.serve_forever, daemon=True).start()
                stack.callback(server.shutdown)
        yield stack.enter_context(Readers(changes, reader))


def expect_to_read(haproxy: Readers, name: str) -> None:
    wait_until(lambda: haproxy.read() == name, f"{name or 'nothing'} is read")


def lose_quorum(haproxy: Readers, databases: list[Database]) -> None:
    """Let every database lose the others; return when HAProxy has noticed."""
    for paths, name in (([], ""), ([CUT_OFF], "spa-3")):
        for each in databases:
            each.is_fit_for = set(paths)
        expect_to_read(haproxy, name)


def test_the_last_fit_database_is_read(haproxy, databases):
    expect_to_read(haproxy, "spa-3")
    databases[2].is_fit_for = set()
    expect_to_read(haproxy, "spa-2")


def test_a_database_without_a_quorum_is_read_while_none_is_fit_and_left_for_one_that_is(
    haproxy, databases
):
    lose_quorum(haproxy, databases)
    databases[0].is_fit_for = {FIT}
    expect_to_read(haproxy, "spa-1")


def test_connections_end_when_their_database_has_found_the_others(haproxy, databases):
    lose_quorum(haproxy, databases)
    with haproxy.connect() as connection:
        assert name_on(connection) == "spa-3"
        databases[2].is_fit_for = {FIT}
        assert connection.recv(1) == b"", "ended by HAProxy"


def test_nothing_is_read_while_every_database_is_gone(haproxy, databases):
    for each in databases:
        each.is_fit_for = set()
    expect_to_read(haproxy, "")
