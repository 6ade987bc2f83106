"""Concurrent access to the test's database: other connections, threads and processes."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 15.0  # seconds after which a waiting test fails
# InnoDB refreshes its list of transactions at most every 0.1 s.
POLL_SECONDS = 0.11
PRELOADED = "spa_project.tests.worker"


@contextmanager
def another_connection() -> Iterator[BaseDatabaseWrapper]:
    """Open a second connection to the test's database; roll back an open transaction at the end."""
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()


def aside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
    """Start work on a thread, and so a connection, of its own; return its future."""

    def run() -> R:
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    executor = ThreadPoolExecutor(1)
    future = executor.submit(run)
    executor.shutdown(wait=False)
    return future


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Poll until it happened; fail with `what` after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(POLL_SECONDS)


def is_mysql() -> bool:
    """Return whether the test's database is MySQL itself."""
    return not getattr(connection, "mysql_is_mariadb", True)


def skip_on_mysql(lacks: str) -> None:
    """Skip a test of what MariaDB has and MySQL `lacks`."""
    if is_mysql():
        pytest.skip(f"MySQL has no {lacks}")


def sequence(size: int) -> str:
    """Return a table with the column `seq`, from 1 to `size`; MySQL has no engine for it."""
    places = range(len(str(size)))
    digits = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))
    tables = ", ".join(f"({digits}) AS place{place}" for place in places)
    number = " + ".join(f"place{place}.digit * {10**place}" for place in places)
    return f"(SELECT {number} AS seq FROM {tables} HAVING seq BETWEEN 1 AND {size}) AS sequence"


def rows_we_lock() -> int:
    """Return the number of rows that our connection's open transaction has locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trx_rows_locked FROM information_schema.innodb_trx"
            " WHERE trx_mysql_thread_id = CONNECTION_ID()"
        )
        return sum(row[0] for row in cursor.fetchall())


def somebody_waits_for_a_lock() -> bool:
    """Return whether a transaction on this server waits for a row lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        )
        return bool(cursor.fetchone()[0])


class Workers:
    """Processes of the application, each with its own connection to the test's database."""

    def __init__(self, size: int) -> None:
        # Not forked from here: a child would share our own connection, and close it. Forked from a
        # process that has imported everything, which saves each a second.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([PRELOADED])
        database = str(connection.settings_dict["NAME"])
        pipes = [context.Pipe() for _each in range(size)]
        self._ends = [ours for ours, _theirs in pipes]
        self._processes = [
            context.Process(target=_work, args=(theirs, database), daemon=True)
            for _ours, theirs in pipes
        ]
        for process in self._processes:
            process.start()
        for end in self._ends:
            assert end.recv() is None  # connected

    def stop(self) -> None:
        """End every process, and wait for it."""
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join(PATIENCE)

    def at_once(self, jobs: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Run jobs (a function of a module, its arguments) concurrently, each in its process.

        Returns their results in order, with an exception in the place of a job that raised one.
        """
        ends = self._ends[: len(jobs)]
        assert len(ends) == len(jobs), "more jobs than processes"
        for end, job in zip(ends, jobs, strict=True):
            end.send(job)
        for end in ends:
            assert end.recv() is None  # unpacked: all start together
        for end in ends:
            end.send(None)
        return [end.recv() for end in ends]


def _work(end: Connection, database: str) -> None:
    """Run a worker: receive a job, report that it is ready, start, send the outcome; repeat."""
    import_module(PRELOADED)
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    end.send(None)
    while (job := end.recv()) is not None:
        function, *arguments = job
        end.send(None)
        end.recv()
        try:
            end.send(function(*arguments))
        except Exception as error:
            end.send(error)
    connection.close()
    os._exit(0)  # nothing is left to clean up, which would take twenty processes seconds


def shared_workers(size: int) -> Any:
    """Return a fixture: so many processes, which all tests of a module share."""

    @pytest.fixture(scope="module")
    def workers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Workers]:
        with django_db_blocker.unblock():
            started = Workers(size)
        yield started
        started.stop()

    return workers
