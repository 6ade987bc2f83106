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
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

from spa_project.lib.db.time_limits import limit_this_thread
from spa_project.lib.errors import Busy
from spa_project.lib.metrics import BUSY, SLOT_SECONDS

P = ParamSpec("P")
R = TypeVar("R")

#: Seconds to wait for a free slot before saying "busy".
SLOT_WAIT = 2.0
#: One thread in so many is the staff's: of four threads, visitors hold three at most.
STAFF_PART = 4


class Slots(ABC):
    """Slots to work on: a database thread for as long as one piece of work lasts."""

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[ThreadPoolExecutor]:
        """Hold one database thread; raise `Busy` when none is free in time."""
        executor = await self.take()
        try:
            yield executor
        finally:
            # Queued behind the slot's work, so its end is the end of that work.
            self._start(executor, _nothing)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run synchronous work on a database thread and return what it returns."""
        executor = await self.take()
        return await self._start(executor, partial(work, *args, **kwargs))

    def _start(self, executor: ThreadPoolExecutor, work: Callable[[], R]) -> asyncio.Future[R]:
        """Return the slot when its thread is free, even if the caller was cancelled."""
        job = _Job(work, partial(self.end_job, executor))
        executor.submit(contextvars.copy_context().run, job.do)
        return job.done

    @abstractmethod
    async def take(self) -> ThreadPoolExecutor:
        """Take a free thread; raise `Busy` when there is none in time."""

    @abstractmethod
    def end_job(self, executor: ThreadPoolExecutor) -> None:
        """Return a thread whose work has ended; called on the event loop."""


class DatabasePool(Slots):
    """The database threads of one process. Visitors share all but the staff's part of them."""

    def __init__(self, size: int) -> None:
        self._executors = [
            ThreadPoolExecutor(1, f"db-{number}", initializer=self._add_thread)
            for number in range(size)
        ]
        self._threads: set[int] = set()
        self._after_jobs: set[Callable[[], None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free: asyncio.LifoQueue[ThreadPoolExecutor]
        self.visitors = VisitorShare(self, max(1, size - max(1, size // STAFF_PART)))

    def after_each_job(self, callback: Callable[[], None]) -> None:
        """Call this on the event loop after every job, behind the job's own result."""
        self._after_jobs.add(callback)

    def owns_this_thread(self) -> bool:
        """Return whether the caller runs on one of the pool's threads, so inside a job."""
        return threading.get_ident() in self._threads

    def _add_thread(self) -> None:
        self._threads.add(threading.get_ident())
        limit_this_thread()

    async def take(self) -> ThreadPoolExecutor:
        """Take a free thread; raise `Busy` when there is none in time."""
        self.attach()
        if self._free.qsize() and not self._waiting:
            SLOT_SECONDS.observe(0)
            return self._free.get_nowait()  # a time-out costs more than all the rest here
        self._waiting += 1
        began = time.perf_counter()
        try:
            async with asyncio.timeout(SLOT_WAIT):
                return await self._free.get()
        except TimeoutError:
            BUSY.labels("slot").inc()
            raise Busy from None
        finally:
            self._waiting -= 1
            SLOT_SECONDS.observe(time.perf_counter() - began)

    def end_job(self, executor: ThreadPoolExecutor) -> None:
        """Return a thread whose work has ended; called on the event loop."""
        self._free.put_nowait(executor)
        loop = asyncio.get_running_loop()
        for callback in self._after_jobs:
            loop.call_soon(callback)  # after the code that awaits the result

    def attach(self) -> None:
        """Bind to the running event loop; a test suite has several, one after the other."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop = loop
            self._waiting = 0
            # Last in, first out, so that a few connections stay warm.
            self._free = asyncio.LifoQueue()
            for executor in self._executors:
                self._free.put_nowait(executor)
            self.visitors.attach()


class VisitorShare(Slots):
    """The part of a pool that visitors may hold at a time: a flood of theirs leaves staff a thread.

    Visitors are those without the signed cookie of staff and paired devices (lib/known_clients.py).
    """

    def __init__(self, pool: DatabasePool, most: int) -> None:
        self._pool = pool
        self._most = most
        self._permits: asyncio.Semaphore

    def attach(self) -> None:
        """Bind to the running event loop."""
        self._permits = asyncio.Semaphore(self._most)

    async def take(self) -> ThreadPoolExecutor:
        """Take a free thread of the share; raise `Busy` when there is none in time."""
        self._pool.attach()
        if self._permits.locked():
            await self._wait()
        else:
            await self._permits.acquire()  # at once
        try:
            return await self._pool.take()
        except BaseException:
            self._permits.release()
            raise

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(SLOT_WAIT):
                await self._permits.acquire()
        except TimeoutError:
            BUSY.labels("visitors").inc()
            raise Busy from None

    def end_job(self, executor: ThreadPoolExecutor) -> None:
        """Return a thread whose work has ended, first to the share; called on the event loop."""
        self._permits.release()
        self._pool.end_job(executor)


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
