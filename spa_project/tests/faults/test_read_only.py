"""Tests of a read-only database: changes are refused as busy, and everything else works."""

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from queueing.simulation.client import log_in
from tools.faults.people import (
    PATIENCE,
    Shift,
    Staff,
    all_are_right,
    ask,
    counted,
    screens_on,
)
from tools.faults.proxy import Proxy
from tools.faults.screen import Message, living
from tools.servers import HOST, AppServer, MariaDB, database_server, program, run_quietly
from tools.servers.clients import PASSWORD

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

BUSY = {
    "ok": False,
    "code": "busy",
    "error": "The system is busy. Try again in a moment.",
}
#: Tables to which a step of a customer's visit writes.
TABLES = (
    "queueing_transaction",
    "queueing_transactionitem",
    "queueing_transactionevent",
    "payments_payment",
)


@contextmanager
def read_only(database: MariaDB) -> Iterator[None]:
    """Make the server read-only for all users but root inside the block."""
    database.ask("SET GLOBAL read_only = ON")
    try:
        yield
    finally:
        database.ask("SET GLOBAL read_only = OFF")


def rows(database: MariaDB) -> list[int]:
    """Return the number of rows in each table."""
    return [database.ask(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES]


def page(server: AppServer, path: str, **headers: str) -> tuple[int, str]:
    """Return a page's status and text; raise `OSError` for an error status."""
    request = urllib.request.Request(server.url + path, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return response.status, response.read().decode()


class Insistent(Shift):
    """Clients whose every command is refused once, and retried."""

    def __init__(self, server: AppServer, staff: Staff, database: MariaDB) -> None:
        super().__init__([server], staff)
        self.refusals: list[Message] = []
        self._database, self._server = database, server

    async def _does(self, command: str, cookie: str = "", **data: Any) -> Message:
        with read_only(self._database):
            refusal = await asyncio.to_thread(ask, self._server, command, cookie, **data)
        self.refusals.append(refusal)
        return await super()._does(command, cookie, **data)


async def test_every_command_is_busy_and_done_as_soon_as_it_can_be(
    processes, spa_database, staff, spa
):
    server = processes.one
    people = Insistent(server, staff, spa_database)
    at_first = rows(spa_database)
    await Shift([server], staff).serve()
    in_good_times = rows(spa_database)
    busy = counted(server, "busy", '{cause="database"}')
    await people.serve()
    assert people.refusals == [BUSY] * 7
    assert counted(server, "busy", '{cause="database"}') == busy + 7
    one_life = [after - before for before, after in zip(at_first, in_good_times, strict=True)]
    left = [after - before for before, after in zip(in_good_times, rows(spa_database), strict=True)]
    assert left == one_life
    await asyncio.to_thread(run_quietly, [sys.executable, "manage.py", "verify_ledger"], **spa)


async def test_screens_and_pages_go_on(processes, spa_database, staff):
    server = processes.one
    screens = screens_on(server, staff)
    token = (await asyncio.to_thread(log_in, server.url, "therapist2", PASSWORD)).token
    # The session's expiry would be extended by now, if that could be written.
    spa_database.ask("UPDATE accounts_authtoken SET expires_at = expires_at - INTERVAL 1 HOUR")
    visits = [
        ("/", {}),
        ("/menu/", {}),
        ("/therapist/", {"Cookie": staff.therapist}),
        ("/cashier/", {"Cookie": staff.cashier}),
        ("/api/snapshots/therapist/", {"Authorization": f"Bearer {token}"}),
    ]
    with read_only(spa_database):
        async with living(screens):  # opened meanwhile
            await all_are_right(server, screens)
        for path, headers in visits:
            status, _text = await asyncio.to_thread(page, server, path, **headers)
            assert status == 200, path
        degraded = await asyncio.to_thread(page, server, "/readyz")
    assert degraded == (200, "degraded: the database is read-only\n")
    assert await asyncio.to_thread(page, server, "/readyz") == (200, "ok\n")


@pytest.fixture
def successor(spa_database) -> Iterator[MariaDB]:
    """Run a server with the same data, to which production fails over."""

    def run(name: str, server: MariaDB, **options: Any) -> bytes:
        address = [f"--host={HOST}", f"--port={server.port}", "--user=spa", "--password=spa"]
        command = [program(name), "--no-defaults", *address, "spa"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout

    with database_server() as server:
        run("mariadb", server, input=run("mariadb-dump", spa_database))
        yield server


async def test_after_a_failover_no_connection_stays_where_nothing_is_written(
    spa, spa_database, successor, staff, processes
):
    offer = processes.offers()[0]
    order: Message = {"items": [{"service_classification_id": offer["id"]}]}
    async with Proxy(spa_database.port) as address:
        here = {"DATABASE_URL": f"mysql://spa:spa@{HOST}:{address.port}/spa", "DB_THREADS": "3"}
        with ExitStack() as running:
            app = await asyncio.to_thread(running.enter_context, AppServer(**spa | here))

            async def crowd() -> set[str]:
                """Send enough concurrent requests for every thread to open its connection."""
                orders = (
                    asyncio.to_thread(ask, app, "customer_confirm_selection", **order)
                    for _each in range(12)
                )
                return {reply.get("code", "ok") for reply in await asyncio.gather(*orders)}

            assert await crowd() == {"ok"}
            [before] = successor.ask("SELECT COUNT(*) FROM queueing_transaction")
            with read_only(spa_database):
                address.target = successor.port
                first = await asyncio.to_thread(ask, app, "customer_confirm_selection", **order)
                assert first == BUSY
                assert await crowd() == {"ok"}
            [after] = successor.ask("SELECT COUNT(*) FROM queueing_transaction")
            assert after[0] - before[0] == 12
