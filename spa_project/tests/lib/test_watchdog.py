"""Tests of the notices to systemd's watchdog: they end when the database threads are stuck."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from spa_project.lib import watchdog
from spa_project.lib.db.pool import DatabasePool
from spa_project.lib.realtime.relay import end
from tools.servers import AppServer, database_server

EVERY = 0.05
SOON = 10.0


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[socket.socket]:
    """Listen as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        yield line


@pytest.fixture(autouse=True)
def _notify_socket(notices, monkeypatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", notices.getsockname())


async def notified(line: socket.socket, within: float) -> bool:
    """Return whether a notice that has not been sent yet arrives in time."""
    with suppress(BlockingIOError):
        while line.recv(100):
            pass
    try:
        async with asyncio.timeout(within):
            return await asyncio.get_running_loop().sock_recv(line, 100) == b"WATCHDOG=1"
    except TimeoutError:
        return False


@asynccontextmanager
async def notifying(pool: DatabasePool) -> AsyncIterator[None]:
    task = asyncio.create_task(watchdog.notify_while_working(pool, EVERY))
    try:
        yield
    finally:
        await end(task)


@pytest.mark.asyncio
async def test_no_notice_while_every_thread_is_stuck_and_notices_again_afterwards(
    notices, monkeypatch
):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.05)
    pool, stuck = DatabasePool(2), threading.Event()
    async with notifying(pool):
        assert await notified(notices, SOON)
        jobs = [asyncio.create_task(pool.run(stuck.wait)) for _each in range(2)]
        await asyncio.sleep(4 * EVERY)  # what was found before may still be told
        assert not await notified(notices, 20 * EVERY)
        stuck.set()
        await asyncio.gather(*jobs)
        assert await notified(notices, SOON)


@pytest.mark.asyncio
async def test_a_busy_pool_that_ends_jobs_is_not_stuck(notices, monkeypatch):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.0)
    pool = DatabasePool(1)

    async def busy() -> None:
        while True:
            with suppress(Exception):
                await pool.run(threading.Event().wait, EVERY / 2)
            await asyncio.sleep(0)

    working = asyncio.create_task(busy())
    try:
        async with notifying(pool):
            assert await notified(notices, SOON)
            assert await notified(notices, SOON)
    finally:
        await end(working)


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_process_notifies_with_and_without_its_database(notices, spa):
    with database_server() as database:
        settings = spa | {"DATABASE_URL": database.url, "WATCHDOG_USEC": "600000"}
        server = AppServer(**settings)
        await asyncio.to_thread(server.__enter__)
        try:
            assert await notified(notices, SOON)
            await asyncio.to_thread(database.kill)
            await asyncio.sleep(1)
            assert await notified(notices, SOON)
        finally:
            await asyncio.to_thread(server.__exit__)
