"""Tests that a locked row delays one command, and no event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import MySQLdb
import pytest

from tools.faults.people import Shift, send, staff_of
from tools.servers import HOST, MariaDB
from tools.servers.clients import desk

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]

HELD = 1.0
PROMPT = 0.5  # seconds within which an event arrives, lock or no lock


@asynccontextmanager
async def held(database: MariaDB, transaction_id: int) -> AsyncIterator[None]:
    """Lock a transaction's row from a connection of our own."""
    connection = MySQLdb.connect(
        host=HOST, port=database.port, user="spa", password="spa", database="spa"
    )
    try:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT id FROM queueing_transaction WHERE id = %s FOR UPDATE", [transaction_id]
        )
        yield
    finally:
        connection.close()


async def test_no_event_waits_for_somebody_elses_lock(spa_database, processes, shift, staff):
    server = processes[0]
    colleague = staff_of(server, 2)
    await shift.confirm()
    mine = (await Shift([server], colleague).claim())["transaction"]["id"]
    start = ("therapist_start_service", colleague.therapist)
    async with desk(server, "/ws/monitor/", "monitor1") as monitor:
        loop, slowest = asyncio.get_running_loop(), 0.0
        async with held(spa_database, mine):
            begun = loop.time()
            waiting = asyncio.create_task(
                asyncio.to_thread(send, server, *start, transaction_id=mine)
            )
            while loop.time() - begun < HELD:
                visit = (await shift.confirm())["transaction"]
                answered = loop.time()
                await monitor.sees(visit)
                slowest = max(slowest, loop.time() - answered)
            assert not waiting.done()
        reply = await waiting
    assert reply["ok"]
    assert slowest < PROMPT
