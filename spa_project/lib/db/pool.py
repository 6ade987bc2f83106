"""The database connection pool: a fixed set of threads, each with its own persistent connection.

Stock Django under ASGI opens a connection for each request, and stock Channels runs all of a
process's database work on one thread. Here a request or a command takes a slot, works on that
slot's thread, and returns it; a command that waits for a row lock delays no other. Waking
the event loop costs a GIL hand-over, so a job wakes it once, at its end.
"""

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, ParamSpec, TypeVar

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
        self._executors = [
            ThreadPoolExecutor(1, f"db-{number}", initializer=self._add_thread)
            for number in range(size)
        ]
        self._threads: set[int] = set()
        self._after_jobs: set[Callable[[], None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free: asyncio.LifoQueue[ThreadPoolExecutor]

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[ThreadPoolExecutor]:
        """Hold one database thread; raise `Busy` when none is free in time."""
        executor = await self._take()
        try:
            yield executor
        finally:
            # Queued behind the slot's work, so its end is the end of that work.
            self._start(executor, _nothing)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run synchronous work on a database thread and return what it returns."""
        executor = await self._take()
        return await self._start(executor, partial(work, *args, **kwargs))

    def after_each_job(self, callback: Callable[[], None]) -> None:
        """Call this on the event loop after every job, behind the job's own result."""
        self._after_jobs.add(callback)

    def owns_this_thread(self) -> bool:
        """Return whether the caller runs on one of the pool's threads, so inside a job."""
        return threading.get_ident() in self._threads

    def _add_thread(self) -> None:
        self._threads.add(threading.get_ident())

    async def _take(self) -> ThreadPoolExecutor:
        self._attach()
        if self._free.qsize() and not self._waiting:
            SLOT_SECONDS.observe(0)
            return self._free.get_nowait()  # a time-out costs more than all the rest here
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
        """Return the slot when its thread is free, even if the caller was cancelled."""
        job = _Job(work, partial(self._end_job, executor))
        executor.submit(contextvars.copy_context().run, job.do)
        return job.done

    def _end_job(self, executor: ThreadPoolExecutor) -> None:
        self._free.put_nowait(executor)
        loop = asyncio.get_running_loop()
        for callback in self._after_jobs:
            loop.call_soon(callback)  # after the code that awaits the result

    def _attach(self) -> None:
        """Bind to the running event loop; a test suite has several, one after the other."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._waiting = 0
            # Last in, first out, so that a few connections stay warm.
            self._free = asyncio.LifoQueue()
            for executor in self._executors:
                self._free.put_nowait(executor)


class _Job(Generic[R]):
    """A job for a database thread, with one wake-up of the event loop at its end.

    Waking the loop hands it the GIL, so a job wakes it once, at its end.
    """

    def __init__(self, work: Callable[[], R], ended: Callable[[], None]) -> None:
        self._work = work
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[R] = self._loop.create_future()

    def do(self) -> None:
        """Run on the database thread."""
        try:
            close_old_connections()  # drops a connection that broke, or was found dead
            finish = partial(self.done.set_result, self._work())
        except BaseException as error:
            finish = partial(self.done.set_exception, error)
        self._loop.call_soon_threadsafe(self._back, finish)

    def _back(self, finish: Callable[[], None]) -> None:
        """Resolve the future on the event loop, then call the functions that follow every job."""
        if not self.done.cancelled():
            finish()
        self._ended()


def _nothing() -> None:
    """Do nothing."""


pool = DatabasePool(settings.DB_THREADS)
