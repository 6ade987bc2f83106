"""Tests of the graceful shutdown: no refused command, no lost work, and quick reconnects."""

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

import MySQLdb
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from queueing.simulation.client import ConnectionLost, LiveClient
from spa_project.tests.deploy.installation import Installation
from tools.faults.people import Shift, all_are_right, screens_on, staff_of
from tools.faults.screen import Screen, living
from tools.servers import HOST, AppServer, Server
from tools.servers.clients import close_code, desk

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(2)]

ENDS_WITHIN = 5.0
BACK_WITHIN = 2.0
LOCKED = 1.0
THINKING = 1.0


class Hand:
    """Thread that restarts servers, because a server dies with the thread that started it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)

    async def restart(self, server: Server) -> float:
        """Stop and start the server; return the seconds of the stop."""
        loop = asyncio.get_running_loop()
        begun = time.monotonic()
        await loop.run_in_executor(self._thread, server.stop)
        took = time.monotonic() - begun
        await loop.run_in_executor(self._thread, server.start)
        return took

    def rest(self) -> None:
        self._thread.shutdown()


@pytest.fixture(scope="module")
def hand(production) -> Iterator[Hand]:
    """Keep the thread for as long as the servers that it started."""
    hand = Hand()
    yield hand
    # Later tests get processes of the main thread again.
    for unit in production.units.values():
        unit.stop()
    hand.rest()
    for unit in production.units.values():
        unit.start()


class Watched(Screen):
    """Screen that measures how long it was disconnected."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.gaps: list[float] = []
        self._lost_at = float("nan")

    async def _follow(self) -> None:
        try:
            await super()._follow()
        finally:
            if self.is_live:
                self._lost_at = time.monotonic()

    def _take(self, message: dict[str, Any]) -> None:
        if not self.is_live and self._lost_at == self._lost_at:
            self.gaps.append(time.monotonic() - self._lost_at)
        super()._take(message)


@asynccontextmanager
async def kiosks(url: str, offer: int, count: int) -> AsyncIterator[list[dict[str, Any]]]:
    """Confirm orders at sockets all the time, and retry with the same request_id."""
    replies: list[dict[str, Any]] = []
    closing = asyncio.Event()

    async def order() -> None:
        async with LiveClient([url], "/ws/customer/", longest_wait=1.0) as line:
            while not closing.is_set():
                items = [{"service_classification_id": offer}]
                name = str(uuid.uuid4())
                replies.append(
                    await line.insist("customer_confirm_selection", items=items, request_id=name)
                )
                await asyncio.sleep(THINKING)

    orders = [asyncio.create_task(order()) for _each in range(count)]
    try:
        yield replies
    finally:
        closing.set()
        await asyncio.gather(*orders)


async def test_live_processes_are_restarted_in_turn_and_nobody_notices(production, floor, hand):
    """Work goes on over requests and sockets: 0 failed commands, screens back within 2 s."""
    nginx, staff = floor.one, staff_of(floor.one, 2)
    shift = Shift([nginx], staff)
    screens = [Watched(s.view, [nginx], s.cookie) for s in screens_on(nginx, staff) * 2]
    async with living(screens):
        await all_are_right(nginx, screens)
        async with shift.open(), kiosks(nginx.url, floor.offers()[0]["id"], 2) as replies:
            for name in ("live1", "live2"):
                assert await hand.restart(production.units[name]) < ENDS_WITHIN
                await shift.serves_one_more()
        assert all(reply["ok"] for reply in replies), [r for r in replies if not r["ok"]]
        assert len({reply["transaction"]["id"] for reply in replies}) == len(replies)
        await all_are_right(nginx, screens)
    gaps = [gap for screen in screens for gap in screen.gaps]
    assert gaps, "no screen was on a process that was restarted"
    assert max(gaps) < BACK_WITHIN, gaps


async def test_a_restart_of_web_cuts_no_line(production, floor, hand):
    nginx, staff = floor.one, staff_of(floor.one, 2)
    shift = Shift([nginx], staff)
    screens = screens_on(nginx, staff)
    async with living(screens):
        await all_are_right(nginx, screens)
        async with shift.open():
            for name in ("web1", "web2"):
                assert await hand.restart(production.units[name]) < ENDS_WITHIN
                await shift.serves_one_more()
        await all_are_right(nginx, screens)
    assert sum(screen.cuts for screen in screens) == 0


@pytest.fixture
def locked(production: Installation) -> Iterator[MySQLdb.Connection]:
    """Open another connection, which holds row locks."""
    connection = MySQLdb.connect(
        host=HOST, port=production.database.port, user="spa", password="spa", database="spa"
    )
    yield connection
    connection.close()


@pytest.fixture
def app(production, floor) -> Iterator[AppServer]:
    """Run one process by itself."""
    plain = {"HTTPS": "false", "ALLOWED_HOSTS": HOST, "TRUSTED_PROXIES": "0"}
    with AppServer(**production.settings | plain) as server:
        yield server


async def test_what_runs_is_answered_before_its_socket_is_closed(app, locked):
    """A command that waits for a row lock during the shutdown is completed and answered."""
    async with desk(app, "/ws/therapist/", "therapist5") as therapist:
        cursor = locked.cursor()
        cursor.execute("SELECT id FROM accounts_therapist FOR UPDATE")
        asking = asyncio.create_task(therapist.ask("therapist_confirm_next"))
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        app.send_signal(signal.SIGTERM)
        await asyncio.sleep(LOCKED)
        assert not asking.done()
        locked.rollback()
        reply = await asking
        assert reply["ok"] or reply["code"] == "queue_empty"
    while app.running:
        assert time.monotonic() - begun < ENDS_WITHIN
        await asyncio.sleep(0.02)


async def test_sockets_are_sent_elsewhere_and_newcomers_are_refused(app):
    async with connect(f"{app.ws_url}/ws/board/", origin=Origin(app.url)) as socket:
        await socket.recv()
        begun = time.monotonic()
        app.send_signal(signal.SIGTERM)
        assert await close_code(socket) == 1012
    with pytest.raises(OSError, match="Connect"):
        await connect(f"{app.ws_url}/ws/board/", origin=Origin(app.url))
    while app.running:
        assert time.monotonic() - begun < ENDS_WITHIN
        await asyncio.sleep(0.02)


async def test_a_command_that_never_ends_holds_nothing_up(app, locked):
    async with desk(app, "/ws/therapist/", "therapist5") as therapist:
        locked.cursor().execute("SELECT id FROM accounts_therapist FOR UPDATE")
        asking = asyncio.create_task(therapist.ask("therapist_confirm_next"))
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        app.send_signal(signal.SIGTERM)
        while app.running:
            assert time.monotonic() - begun < ENDS_WITHIN
            await asyncio.sleep(0.02)
        asking.cancel()
        with suppress(asyncio.CancelledError, ConnectionLost):
            await asking
