"""Others who work on the test's database at the same time: connections, threads, processes."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 15.0  # seconds after which a test that waits for something gives up
# InnoDB shows its transactions as they were until nobody has looked for 0.1 s.
POLL_SECONDS = 0.11


@contextmanager
def another_connection() -> Iterator[BaseDatabaseWrapper]:
    """A second connection to the test's database; what it left open is rolled back."""
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()


def aside(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> "Future[R]":
    """Start work on a thread, and so a connection, of its own; its outcome is in the future."""

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
    """Look again and again until it happened; fails with `what` after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(POLL_SECONDS)


def rows_we_lock() -> int:
    """Rows and index records that our connection's open transaction has locked on MariaDB."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT trx_rows_locked FROM information_schema.innodb_trx"
            " WHERE trx_mysql_thread_id = CONNECTION_ID()"
        )
        return sum(row[0] for row in cursor.fetchall())


def somebody_waits_for_a_lock() -> bool:
    """Whether a transaction on this MariaDB server stands before a row that another holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        )
        return bool(cursor.fetchone()[0])


class Workers:
    """Processes of the application, each with its own connection to the test's database."""

    def __init__(self, size: int) -> None:
        # Not forked: a copy of our own connection would be everybody's end.
        context = multiprocessing.get_context("spawn")
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
        """Let every process end, and wait for it."""
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join(PATIENCE)

    def at_once(self, jobs: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Run jobs (a function of a module, its arguments) at the same time, each in its process.

        Returns what they return, in their order; what one raises is returned in its place.
        """
        ends = self._ends[: len(jobs)]
        assert len(ends) == len(jobs), "more jobs than processes"
        for end, job in zip(ends, jobs, strict=True):
            end.send(job)
        for end in ends:
            assert end.recv() is None  # unpacked: all start from the same line
        for end in ends:
            end.send(None)
        return [end.recv() for end in ends]


def _work(end: Connection, database: str) -> None:
    """The life of a worker: a job, ready, go, its outcome, until there are no more."""
    import django

    # No layer: what happens is asked of the database, and nobody listens to these processes.
    os.environ["REDIS_URL"] = ""
    django.setup()
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
    os._exit(0)  # nothing is left to tidy up, and twenty processes would take seconds to
