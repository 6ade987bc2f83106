"""Tests of stalled connections to the database: no end learns of it, and new ones work."""

import asyncio
import sys
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tools.faults.people import send
from tools.faults.proxy import Proxy
from tools.servers import HOST, AppServer, MariaDB, run_quietly

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]

#: Seconds, as docs/operations.md says.
RECOVERED_WITHIN = 20.0
KIOSKS = 8
DISCARDED_OR_NOT_READ = pytest.mark.parametrize(
    "reads", [True, False], ids=["discarded", "not_read"]
)


class Kiosk:
    """Kiosk that sends orders one after the other, each until it is acknowledged."""

    def __init__(self, server: AppServer, price: int) -> None:
        self._server, self._price = server, price
        self.acknowledged: list[str] = []

    async def work(self) -> None:
        """Send orders until cancelled."""
        while True:
            request_id = str(uuid.uuid4())
            while not await asyncio.to_thread(self._order, request_id):
                await asyncio.sleep(0.2)
            self.acknowledged.append(request_id)

    def _order(self, request_id: str) -> bool:
        items = [{"service_classification_id": self._price}]
        try:
            send(self._server, "customer_confirm_selection", items=items, request_id=request_id)
        except OSError:
            return False
        return True


@asynccontextmanager
async def kiosks(server: AppServer, price: int) -> AsyncIterator[list[Kiosk]]:
    """Let kiosks send orders during the block."""
    found = [Kiosk(server, price) for _each in range(KIOSKS)]
    working = [asyncio.create_task(kiosk.work()) for kiosk in found]
    try:
        yield found
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def all_are_served(working: list[Kiosk], within: float) -> float:
    """Return the seconds until every kiosk had an order acknowledged that it sent since."""
    began = time.monotonic()
    before = [len(kiosk.acknowledged) for kiosk in working]  # one more may have been sent by then
    async with asyncio.timeout(within):
        while any(
            len(kiosk.acknowledged) < count + 2
            for kiosk, count in zip(working, before, strict=True)
        ):
            await asyncio.sleep(0.1)
    return time.monotonic() - began


def is_ready(server: AppServer) -> bool:
    """Return whether `/readyz` is 200."""
    try:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@asynccontextmanager
async def process_behind(proxy: Proxy, **settings: str) -> AsyncIterator[AppServer]:
    """Run a process that reaches the database through the proxy."""
    server = AppServer(**settings | {"DATABASE_URL": f"mysql://spa:spa@{HOST}:{proxy.port}/spa"})
    await asyncio.to_thread(server.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.__exit__)


def orders(database: MariaDB) -> dict[str, int]:
    """Return how many orders there are of each request."""
    rows = database.ask("SELECT request_id, COUNT(*) FROM queueing_transaction GROUP BY 1")
    return {str(uuid.UUID(str(request_id))): count for request_id, count in rows if request_id}


@DISCARDED_OR_NOT_READ
async def test_stalled_connections_are_replaced_and_no_order_is_lost_or_doubled(
    reads, spa, spa_database, staff, processes
):
    price = processes.offers()[0]["id"]
    async with (
        Proxy(spa_database.port) as proxy,
        process_behind(proxy, **spa) as server,
        kiosks(server, price) as working,
    ):
        await all_are_served(working, within=RECOVERED_WITHIN)
        proxy.stall(reads=reads)
        seconds = await all_are_served(working, within=60)
        assert await asyncio.to_thread(is_ready, server)
        await all_are_served(working, within=RECOVERED_WITHIN)
    assert seconds < RECOVERED_WITHIN
    found = orders(spa_database)
    sent = [request_id for kiosk in working for request_id in kiosk.acknowledged]
    assert {found.get(request_id) for request_id in sent} == {1}
    assert set(found.values()) == {1}
    await asyncio.to_thread(run_quietly, [sys.executable, "manage.py", "verify_ledger"], **spa)


@DISCARDED_OR_NOT_READ
async def test_an_idle_connection_that_stalled_is_replaced(reads, spa, spa_database, staff):
    async with (
        Proxy(spa_database.port) as proxy,
        process_behind(proxy, **spa, DB_THREADS="1") as server,
    ):
        assert await asyncio.to_thread(is_ready, server)
        proxy.stall(reads=reads)
        async with asyncio.timeout(RECOVERED_WITHIN):
            while not await asyncio.to_thread(is_ready, server):
                await asyncio.sleep(0.1)


async def test_after_a_network_that_was_down_for_long_all_are_served_again(
    spa, spa_database, staff, processes
):
    price = processes.offers()[0]["id"]
    async with (
        Proxy(spa_database.port) as proxy,
        process_behind(proxy, **spa) as server,
        kiosks(server, price) as working,
    ):
        await all_are_served(working, within=RECOVERED_WITHIN)
        proxy.swallow()
        await asyncio.sleep(25)
        proxy.stall(reads=True)  # new connections work again
        await all_are_served(working, within=RECOVERED_WITHIN)
