"""Where database work runs: a fixed set of single threads, each with its own lasting connection.

Stock Django under ASGI opens a connection for each request, and stock Channels runs all of a
process's database work on one thread. Here a request or a command takes a slot, works on that
slot's thread, and gives it back; a command that waits for a row lock delays nobody else.
"""

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

from spa_project.lib.errors import Busy
from spa_project.lib.metrics import BUSY, SLOT_SECONDS

P = ParamSpec("P")
R = TypeVar("R")

#: Seconds to wait for a free slot before saying "busy".
SLOT_WAIT = 2.0


class DatabasePool:
    """The database threads of one process."""

    def __init__(self, size: int) -> None:
        self._executors = [ThreadPoolExecutor(1, f"db-{number}") for number in range(size)]
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free: asyncio.LifoQueue[ThreadPoolExecutor]

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[ThreadPoolExecutor]:
        """Hold one database thread; raises `Busy` when none comes free in time."""
        executor = await self._take()
        try:
            yield executor
        finally:
            # Queued behind the slot's work, so that its end is the end of that work.
            self._start(executor, _nothing)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run synchronous work on a database thread and return what it returns."""
        executor = await self._take()
        return await self._start(executor, partial(work, *args, **kwargs))

    async def _take(self) -> ThreadPoolExecutor:
        self._attach()
        if self._free.qsize() and not self._waiting:
            SLOT_SECONDS.observe(0)
            return self._free.get_nowait()  # a timeout costs more than all the rest here
        self._waiting += 1
        began = time.perf_counter()
        try:
            return await asyncio.wait_for(self._free.get(), SLOT_WAIT)
        except TimeoutError:
            BUSY.labels("slot").inc()
            raise Busy from None
        finally:
            self._waiting -= 1
            SLOT_SECONDS.observe(time.perf_counter() - began)

    def _start(self, executor: ThreadPoolExecutor, work: Callable[[], R]) -> asyncio.Future[R]:
        """Give the slot back when its thread is free, even if who took it was cancelled."""
        job = _Job(work, partial(self._free.put_nowait, executor))
        executor.submit(contextvars.copy_context().run, job.do)
        return job.done

    def _attach(self) -> None:
        """Belong to the running event loop (a test suite has several, one after the other)."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._waiting = 0
            # Last in, first out: few connections stay warm rather than all of them lukewarm.
            self._free = asyncio.LifoQueue()
            for executor in self._executors:
                self._free.put_nowait(executor)


class _Job(Generic[R]):
    """Work on its way to a database thread and back, with one wake-up of the event loop.

    Whoever wakes the loop stands still while it works, because only one thread at a time runs
    Python: an operation that woke it for each of its events would wait for all their sockets.
    """

    def __init__(self, work: Callable[[], R], ended: Callable[[], None]) -> None:
        self._work = work
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[R] = self._loop.create_future()
        self.afterwards: list[Callable[[], None]] = []

    def do(self) -> None:
        """On the thread."""
        _here.job = self
        try:
            close_old_connections()  # drops a connection that broke, or was found dead
            tell = partial(self.done.set_result, self._work())
        except BaseException as error:
            tell = partial(self.done.set_exception, error)
        finally:
            _here.job = None
        self._loop.call_soon_threadsafe(self._back, tell)

    def _back(self, tell: Callable[[], None]) -> None:
        """On the event loop: who waits goes on first."""
        self._ended()
        if not self.done.cancelled():
            tell()
        for callback in self.afterwards:
            self._loop.call_soon(callback)


class _Here(threading.local):
    job: _Job[Any] | None = None


_here = _Here()


def after_this_job(callback: Callable[[], None]) -> bool:
    """Call this on the event loop when the job of this thread has ended; false without a job."""
    if _here.job is None:
        return False
    _here.job.afterwards.append(callback)
    return True


def _nothing() -> None:
    """No work at all."""


pool = DatabasePool(settings.DB_THREADS)
