"""Tests of each time limit alone, on a network whose packets vanish.

All others are switched off, and the one that is left is shortened: without it the wait is endless.
"""

import asyncio
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import redis.asyncio
from django.db import connection
from MySQLdb import OperationalError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from spa_project.lib.db.mysql import base
from spa_project.lib.db.mysql import connection as mysql_connection
from spa_project.lib.db.time_limits import limit_this_thread
from spa_project.lib.redis_config import TIMEOUTS
from tools.servers import MariaDB, Network, Redis

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.sample(2)]
on_mariadb = pytest.mark.skipif(connection.vendor != "mysql", reason="how MariaDB is spoken to")

#: Seconds of the limit under test, and within which it has ended the wait.
LIMIT = 3
ENDED_WITHIN = 4.0 * LIMIT
SEEN_WITHIN = 10.0
#: By the longest limit of Redis's client as it is, TCP_USER_TIMEOUT, which is 15 seconds.
REDIS_ENDED_WITHIN = 20.0
KERNEL = ["socket_keepalive", "socket_keepalive_options"]
#: More than all buffers between hold, and less than the server accepts (16 MiB).
LONG = b"SELECT 1 /* %s */" % (b"x" * 12_000_000)


@pytest.fixture
def _kernel_waits_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(mysql_connection, "_notice_a_dead_peer", lambda descriptor: None)


@pytest.fixture
def _kernel_waits_shortly(monkeypatch) -> None:
    monkeypatch.setattr(mysql_connection, "UNACKNOWLEDGED_SECONDS", LIMIT)


@contextmanager
def thread(*, of_pool: bool) -> Iterator[ThreadPoolExecutor]:
    """Run a thread of the pool, which has time limits, or one of a command, which has none."""
    executor = ThreadPoolExecutor(1, initializer=limit_this_thread if of_pool else None)
    yield executor
    executor.shutdown(wait=False)


class Line:
    """Connection with the options of the settings, which one thread uses and another watches."""

    def __init__(self, database: MariaDB) -> None:
        far = connection.copy()
        far.settings_dict |= {"HOST": database.place.host, "PORT": database.port, "NAME": "spa"}
        far.settings_dict |= {"USER": "spa", "PASSWORD": "spa"}
        self._connection = far.get_new_connection(far.get_connection_params())
        self._socket = socket.socket(fileno=os.dup(self._connection.fileno()))

    def ask(self, statement: bytes) -> None:
        """Wait for the answer to a statement; close the connection after an error."""
        try:
            self._connection.query(statement)
        finally:
            self._connection.close()

    def is_acknowledged(self) -> bool:
        """Return whether the peer has acknowledged all that was sent (`tcpi_unacked`)."""
        information = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        (unacknowledged,) = struct.unpack_from("I", information, 24)
        return bool(unacknowledged == 0)

    def end(self) -> None:
        """End the wait of the thread that uses the connection."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def opened(database: MariaDB, *, of_pool: bool) -> Iterator[tuple[ThreadPoolExecutor, Line]]:
    """Open a connection on a thread of its own; end it with the block."""
    with thread(of_pool=of_pool) as executor:
        line = executor.submit(Line, database).result(SEEN_WITHIN)
        try:
            yield executor, line
        finally:
            line.end()


def error_of(work: Future[Any]) -> BaseException:
    """Return the error by which work ends in time."""
    return work.exception(ENDED_WITHIN) or AssertionError("it was answered")


def waits_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + SEEN_WITHIN
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def keep_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Switch off the time limits of a connection but this one, and shorten it."""
    kept = {each: LIMIT for each in base._READ_AND_WRITE if each == name}
    monkeypatch.setattr(base, "_READ_AND_WRITE", kept)


def error_after_a_lost_statement(
    database: MariaDB, network: Network, statement: bytes = b"SELECT 1", *, of_pool: bool
) -> BaseException:
    """Return the error of a statement whose packets vanish."""
    with opened(database, of_pool=of_pool) as (executor, line):
        network.lose(network.connections(database))
        return error_of(executor.submit(line.ask, statement))


def error_after_a_lost_answer(
    database: MariaDB, network: Network, *, of_pool: bool
) -> BaseException:
    """Return the error of a statement that has arrived, and whose answer vanishes."""
    running = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"
    with opened(database, of_pool=of_pool) as (executor, line):
        asking = executor.submit(line.ask, b"SELECT SLEEP(1)")
        waits_for(lambda: bool(database.ask(running)) and line.is_acknowledged())
        network.lose(network.connections(database))
        return error_of(asking)


@on_mariadb
@pytest.mark.usefixtures("_kernel_waits_shortly")
def test_tcp_user_timeout_ends_a_command_whose_statement_is_lost(far_database, network):
    error = error_after_a_lost_statement(far_database, network, of_pool=False)
    assert isinstance(error, OperationalError)


@on_mariadb
@pytest.mark.usefixtures("_kernel_waits_shortly")
def test_keepalive_ends_a_command_whose_answer_is_lost(far_database, network):
    error = error_after_a_lost_answer(far_database, network, of_pool=False)
    assert isinstance(error, OperationalError)


@on_mariadb
@pytest.mark.usefixtures("_kernel_waits_for_ever")
def test_the_read_timeout_frees_a_database_thread_whose_answer_is_lost(
    far_database, network, monkeypatch
):
    keep_alone(monkeypatch, "read_timeout")
    error = error_after_a_lost_answer(far_database, network, of_pool=True)
    assert isinstance(error, OperationalError)


@on_mariadb
@pytest.mark.usefixtures("_kernel_waits_for_ever")
def test_the_write_timeout_frees_a_database_thread_that_cannot_send(
    far_database, network, monkeypatch
):
    keep_alone(monkeypatch, "write_timeout")
    error = error_after_a_lost_statement(far_database, network, LONG, of_pool=True)
    assert isinstance(error, OperationalError)


@on_mariadb
@pytest.mark.usefixtures("_kernel_waits_for_ever")
@pytest.mark.parametrize("of_pool", [True, False], ids=["pool", "command"])
def test_the_connect_timeout_ends_an_attempt_without_an_answer(far_database, network, of_pool):
    with thread(of_pool=of_pool) as executor:
        network.down()
        assert isinstance(error_of(executor.submit(Line, far_database)), OperationalError)


# -- Redis ----------------------------------------------------------------------------------------


def client_with(broker: Redis, **limits: Any) -> redis.asyncio.Redis:
    """Return a client with these time limits alone, which tries once."""
    none = {"socket_timeout": None, "socket_connect_timeout": None}
    once = Retry(NoBackoff(), 0)
    return redis.asyncio.Redis.from_url(broker.url, retry=once, **none | limits)


@pytest.mark.asyncio
@pytest.mark.parametrize("names", [["socket_timeout"], KERNEL], ids=["socket_timeout", "kernel"])
async def test_each_time_limit_of_redis_ends_a_command_that_is_lost(far_broker, network, names):
    client = client_with(far_broker, **{name: TIMEOUTS[name] for name in names})
    await client.ping()
    network.lose(network.connections(far_broker))
    async with asyncio.timeout(REDIS_ENDED_WITHIN):
        with pytest.raises((redis.RedisError, OSError)):
            await client.ping()
    await client.aclose()


@pytest.mark.asyncio
async def test_the_connect_timeout_of_redis_ends_an_attempt_without_an_answer(far_broker, network):
    client = client_with(far_broker, socket_connect_timeout=TIMEOUTS["socket_connect_timeout"])
    network.down()
    async with asyncio.timeout(ENDED_WITHIN):
        with pytest.raises(redis.RedisError):
            await client.ping()
    await client.aclose()
