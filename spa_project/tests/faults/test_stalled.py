"""Tests of stalled connections to the database: no end learns of it, and new ones work."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from spa_project.tests.faults.kiosks import all_are_served, is_ready, kiosks, orders
from tools.faults.proxy import Proxy
from tools.servers import HOST, AppServer, run_quietly

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

#: Seconds, as docs/operations.md says.
RECOVERED_WITHIN = 20.0
DISCARDED_OR_NOT_READ = pytest.mark.parametrize(
    "reads", [True, False], ids=["discarded", "not_read"]
)


@asynccontextmanager
async def process_behind(proxy: Proxy, **settings: str) -> AsyncIterator[AppServer]:
    """Run a process that reaches the database through the proxy."""
    server = AppServer(**settings | {"DATABASE_URL": f"mysql://spa:spa@{HOST}:{proxy.port}/spa"})
    await asyncio.to_thread(server.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.__exit__)


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
