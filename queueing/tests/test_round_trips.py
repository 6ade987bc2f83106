"""Tests of how many packets a command sends to MariaDB, from a socket's frame to its reply.

Each is a round trip, so a database at a distance delays a command by as many of them.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import MySQLdb
import pytest
import pytest_asyncio
from django.db import connection

from conftest import open_socket
from queueing.states import Status
from spa_project.lib.db.pool import DatabasePool, pool
from spa_project.tests.concurrency import is_mysql

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "mysql", reason="packets to MariaDB"),
]

#: The branch, the counter, the menu, the quote, the visit, its items, the commit.
MOST_FOR_A_CONFIRMATION = 7


class Meter:
    """A database pool of one thread, and the number of packets on its connection."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pool = DatabasePool(1)
        self.packets = 0
        for name in ("query", "ping"):
            sent = getattr(MySQLdb.connections.Connection, name)
            monkeypatch.setattr(MySQLdb.connections.Connection, name, self._counted(sent))

    def _counted(self, send: Callable[..., Any]) -> Callable[..., Any]:
        def counted(connection: Any, *args: Any) -> Any:
            self.packets += self.pool.owns_this_thread()
            return send(connection, *args)

        return counted


@pytest_asyncio.fixture
async def meter(monkeypatch) -> AsyncIterator[Meter]:
    meter = Meter(monkeypatch)
    # However busy the machine is, the connection counts as just used.
    monkeypatch.setattr("spa_project.lib.db.mysql.connection.FRESH_SECONDS", 3600)
    monkeypatch.setattr("spa_project.lib.realtime.consumer.pool", meter.pool)
    yield meter
    await meter.pool.run(_disconnect)


def _connect() -> None:
    connection.ensure_connection()


def _disconnect() -> None:
    connection.close()


async def packets_of(meter: Meter, path: str, user: Any, *commands: tuple[str, Any]) -> list[int]:
    """Send commands that must succeed; return the packets of each."""
    counts = []
    async with open_socket(path, user) as socket:
        await socket.hear("snapshot")
        for command, data in commands:
            await meter.pool.run(_connect)
            before = meter.packets
            reply = await socket.ask(command, **data)
            assert reply["ok"], reply
            counts.append(meter.packets - before)
    return counts


async def test_an_order(meter, hour, compress, make_transaction):
    await pool.run(make_transaction, Status.FINISHED)
    order = {"items": [{"service_classification_id": each.pk} for each in (hour, compress)]}
    confirm = ("customer_confirm_selection", order)
    [_cold, warm] = await packets_of(meter, "/ws/customer/?branch=makati", None, confirm, confirm)
    # MySQL does not return the keys of several items, which are read again.
    assert warm <= MOST_FOR_A_CONFIRMATION + await pool.run(is_mysql)


async def test_a_therapists_steps(meter, maya, make_transaction):
    visit = await pool.run(make_transaction, Status.PENDING_THERAPIST)
    own = {"transaction_id": visit.pk}
    steps = [
        ("therapist_confirm_next", {}),
        ("therapist_start_service", own),
        ("therapist_finish_service", own),
        ("room_set_status", {"room_number": maya.room_number, "status": "available"}),
    ]
    counts = await packets_of(meter, "/ws/therapist/", maya.user, *steps)
    assert counts == [6, 4, 5, 4]


async def test_a_cashiers_steps(meter, carl, make_transaction):
    visit = await pool.run(make_transaction, Status.FINISHED)
    pay = {"transaction_id": visit.pk, "amount_paid": "500"}
    steps = [("cashier_claim_next", {}), ("cashier_pay", pay)]
    assert await packets_of(meter, "/ws/cashier/", carl.user, *steps) == [5, 6]
