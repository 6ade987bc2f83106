"""Tests of the thread pool for database work: few lasting connections, and no blocking."""

import asyncio
import json
import re
import secrets
import socket
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from http.cookies import SimpleCookie
from typing import Any
from unittest.mock import Mock
from urllib.error import HTTPError

import MySQLdb
import pytest

from spa_project.lib.db.pool import DatabasePool
from spa_project.lib.errors import Busy
from spa_project.lib.known_clients import COOKIE
from spa_project.tests.concurrency import PATIENCE, POLL_SECONDS
from tools.servers import HOST, AppServer, MariaDB, database_server, open_spa
from tools.servers.clients import PASSWORD, Desk, desk, log_in

# -- The pool by itself ---------------------------------------------------------------------------


class Work:
    """Work on a database thread that runs until it is released."""

    def __init__(self) -> None:
        self.thread: int | None = None
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.thread = threading.get_ident()
        self.begun.set()
        assert self.let_go.wait(PATIENCE)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, PATIENCE)


@pytest.mark.asyncio
async def test_a_cancelled_request_gives_its_slot_back_when_its_thread_is_done():
    pool, work = DatabasePool(1), Work()
    request = asyncio.create_task(pool.run(work))
    await work.has_begun()
    request.cancel()
    with suppress(asyncio.CancelledError):
        await request
    order: list[str] = []
    next_one = asyncio.create_task(pool.run(order.append, "the next request"))
    await asyncio.sleep(0)
    order.append("the thread is done")
    work.let_go.set()
    await next_one
    assert order == ["the thread is done", "the next request"]
    assert await pool.run(threading.get_ident) == work.thread


@pytest.mark.asyncio
async def test_visitors_who_hold_their_share_leave_staff_a_thread(monkeypatch):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.2)
    pool, works = DatabasePool(4), [Work() for _each in range(3)]
    visitors = [asyncio.create_task(pool.visitors.run(work)) for work in works]
    for work in works:
        await work.has_begun()
    with pytest.raises(Busy):
        await pool.visitors.run(threading.get_ident)
    assert await pool.run(threading.get_ident) not in {work.thread for work in works}
    visitors[0].cancel()  # its thread works on, and so it keeps its part of the share
    with pytest.raises(Busy):
        await pool.visitors.run(threading.get_ident)
    for work in works:
        work.let_go.set()
    await asyncio.gather(*visitors[1:])
    assert await pool.visitors.run(threading.get_ident)


@pytest.mark.asyncio
async def test_who_gives_up_waiting_for_a_thread_takes_nothing_of_the_share(monkeypatch):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.1)
    pool, staff = DatabasePool(2), Work()
    working = [asyncio.create_task(pool.run(staff)) for _each in range(2)]
    await staff.has_begun()
    for _each in range(3):
        with pytest.raises(Busy):
            await pool.visitors.run(threading.get_ident)
    staff.let_go.set()
    await asyncio.gather(*working)
    assert await pool.visitors.run(threading.get_ident)


@pytest.mark.asyncio
async def test_a_process_with_one_thread_serves_visitors_too():
    assert await DatabasePool(1).visitors.run(threading.get_ident)


@pytest.mark.asyncio
async def test_a_job_wakes_the_loop_once_and_its_result_comes_before_what_follows_each_job(
    monkeypatch,
):
    pool, loop = DatabasePool(1), asyncio.get_running_loop()
    order: list[str] = []
    wake = Mock(wraps=loop.call_soon_threadsafe)
    monkeypatch.setattr(loop, "call_soon_threadsafe", wake)
    pool.after_each_job(partial(order.append, "events"))
    order.append(await pool.run(str, "the answer"))
    await pool.run(order.append, "the next job")
    assert order[:3] == ["the answer", "events", "the next job"]
    assert wake.call_count == 2, "once for each job"


@pytest.mark.asyncio
async def test_only_its_own_threads_are_inside_a_job():
    pool, other = DatabasePool(1), DatabasePool(1)
    assert await pool.run(pool.owns_this_thread)
    assert not await other.run(pool.owns_this_thread)
    assert not pool.owns_this_thread()


@pytest.mark.asyncio
async def test_without_a_free_slot_in_time_the_answer_is_busy(monkeypatch):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.05)
    pool, work = DatabasePool(1), Work()
    request = asyncio.create_task(pool.run(work))
    await work.has_begun()
    with pytest.raises(Busy):
        await pool.run(threading.get_ident)
    work.let_go.set()
    await request
    assert await pool.run(threading.get_ident) == work.thread


@pytest.mark.asyncio
async def test_who_gave_up_waiting_takes_no_slot_along(monkeypatch):
    monkeypatch.setattr("spa_project.lib.db.pool.SLOT_WAIT", 0.05)
    pool, work = DatabasePool(2), Work()
    one = asyncio.create_task(pool.run(work))
    two = asyncio.create_task(pool.run(work))
    await work.has_begun()
    refused = await asyncio.gather(*(pool.run(int) for _each in range(5)), return_exceptions=True)
    assert all(isinstance(error, Busy) for error in refused)
    work.let_go.set()
    await asyncio.gather(one, two)
    assert list(await asyncio.gather(pool.run(int), pool.run(int))) == [0, 0]


# -- The pool in the application ------------------------------------------------------------------


class Installation:
    """Spa with a database server of its own, whose rows can be locked."""

    def __init__(self, database: MariaDB, settings: dict[str, str]) -> None:
        self.database, self.settings = database, settings

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.database.ask(statement)

    def connections(self) -> set[int]:
        """Return the ids of the applications' connections, which are never reused."""
        rows = self.ask("SELECT id FROM information_schema.processlist WHERE user = 'spa'")
        return {row[0] for row in rows}

    @contextmanager
    def locked(self, rows: str) -> Iterator[None]:
        """Hold the locks of some rows while the block runs."""
        with self._session() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT 1 FROM {rows} FOR UPDATE")
            yield
            cursor.execute("ROLLBACK")

    async def somebody_waits(self) -> None:
        """Return once an application waits for a row lock."""
        waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        async with asyncio.timeout(PATIENCE):
            while not self.ask(waiting):
                await asyncio.sleep(POLL_SECONDS)

    @contextmanager
    def crowded_out(self) -> Iterator[None]:
        """Use up all connections while the block runs, and cut the application's."""
        usual = self.ask("SELECT @@max_connections")[0][0]
        self.ask("SET GLOBAL max_connections = 10")  # the minimum
        with ExitStack() as others, self._session() as cursor:
            for number in self.connections():
                cursor.execute(f"KILL {number}")
            with suppress(MySQLdb.OperationalError):
                while True:
                    others.enter_context(self._session())
            try:
                yield
            finally:
                cursor.execute(f"SET GLOBAL max_connections = {usual}")

    @contextmanager
    def _session(self) -> Iterator[Any]:
        connection = self.database.connect("spa")
        try:
            yield connection.cursor()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    with database_server() as database:
        settings = {
            "DATABASE_URL": database.url,
            "REDIS_URL": "",
            "SECRET_KEY": secrets.token_urlsafe(45),
            "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
            "RATE_LIMITS": "off",  # all clients have one address
        }
        open_spa("--password", PASSWORD, **settings)
        yield Installation(database, settings)


@pytest.fixture
def one_thread(installation) -> Iterator[AppServer]:
    with AppServer(**installation.settings, DB_THREADS="1") as app:
        yield app


@pytest.fixture
def two_threads(installation) -> Iterator[AppServer]:
    with AppServer(**installation.settings, DB_THREADS="2") as app:
        yield app


class Reply:
    """Answer to an HTTP request, refusals too."""

    def __init__(self, address: str, data: Any = None, cookie: str = "") -> None:
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        request = urllib.request.Request(address, body, headers)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except HTTPError as refusal:
            answer = refusal
        with answer:
            self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def data(self) -> Any:
        return json.loads(self.body)


def confirm(app: AppServer, cookie: str = "") -> Reply:
    """Confirm a customer's order of the first seeded service."""
    selection = {"items": [{"service_classification_id": 1}]}
    return Reply(f"{app.url}/api/commands/customer_confirm_selection/", selection, cookie)


def known_client(app: AppServer) -> str:
    """Return the cookie by which a browser of the staff is known: it may use every thread."""
    cookies = SimpleCookie(log_in(app, "therapist3"))
    return f"{COOKIE}={cookies[COOKIE].value}"


FIRST_THERAPIST = (
    "accounts_therapist t JOIN accounts_user u ON u.id = t.user_id WHERE u.username = 'therapist1'"
)


@pytest.mark.servers
def test_under_load_no_connection_is_opened_and_there_are_as_many_as_threads(
    installation, two_threads
):
    app = two_threads
    cookie = known_client(app)

    def load(_number: int) -> int:
        return Reply(f"{app.url}/api/menu/", cookie=cookie).status | confirm(app, cookie).status

    with ThreadPoolExecutor(20) as crowd:
        assert set(crowd.map(load, range(20))) == {200}
        before, opened = installation.connections(), connections_opened(installation)
        assert len(before) == 2
        commands = crowd.submit(asyncio.run, commands_over_a_socket(app))
        working = [crowd.submit(load, number) for number in range(100)]
        looks = 0
        while not (commands.done() and all(work.done() for work in working)):
            looks += 1
            assert installation.connections() == before
        assert {work.result() for work in working} == {200}
        commands.result()
    assert installation.connections() == before
    ours = looks + 2  # each of the test's own queries opened one
    assert connections_opened(installation) - opened == ours


def connections_opened(installation: Installation) -> int:
    """Return the number of connections ever opened at the server; asking opens one more."""
    [[_name, count]] = installation.ask("SHOW GLOBAL STATUS LIKE 'Connections'")
    return int(count)


async def commands_over_a_socket(app: AppServer) -> None:
    async with desk(app, "/ws/therapist/", "therapist3") as therapist:
        for status in ("preparing", "available") * 10:
            reply = await therapist.ask("room_set_status", room_number="3", status=status)
            assert reply["ok"], reply


@asynccontextmanager
async def claim_that_waits(
    installation: Installation, app: AppServer
) -> AsyncIterator[tuple[asyncio.Task[Any], Desk, Desk]]:
    """Let Maya's claim wait for a locked row while the block runs, with Noor connected."""
    async with (
        desk(app, "/ws/therapist/", "therapist1") as maya,
        desk(app, "/ws/therapist/", "therapist2") as noor,
    ):
        with installation.locked(FIRST_THERAPIST):
            claim = asyncio.create_task(maya.ask("therapist_confirm_next"))
            await installation.somebody_waits()
            yield claim, maya, noor
        reply = await claim
        assert reply["ok"] or reply["code"] == "queue_empty"


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_command_before_a_locked_row_delays_no_other_and_no_event(
    installation, two_threads
):
    async with claim_that_waits(installation, two_threads) as (claim, maya, noor):
        confirmed = (await asyncio.to_thread(confirm, two_threads)).data["transaction"]
        await maya.sees(confirmed)
        called = await noor.does("therapist_confirm_next")
        await maya.sees(called)
        assert not claim.done()


@pytest.mark.servers
@pytest.mark.asyncio
async def test_without_a_free_thread_everybody_is_told_busy(installation, one_thread):
    at = one_thread.url
    async with claim_that_waits(installation, one_thread) as (_claim, _maya, noor):
        command, program, person, alive = await asyncio.gather(
            noor.ask("room_set_status", room_number="2", status="preparing"),
            asyncio.to_thread(Reply, f"{at}/api/menu/"),
            asyncio.to_thread(Reply, f"{at}/menu/"),
            asyncio.to_thread(Reply, f"{at}/metrics"),
        )
    assert (command["ok"], command["code"]) == (False, "busy")
    for refused in (program, person):
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert program.data["code"] == "busy"
    assert program.data["error"] in person.body.decode()
    assert alive.status == 200
    # Of two visitors one waits for the other, whose part of the threads is the only one here.
    counted = re.findall(
        rb'spa_busy_total{cause="(?:slot|visitors)"} (.+)', Reply(f"{at}/metrics").body
    )
    assert sum(map(float, counted)) == 3


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_client_that_leaves_leaves_its_thread_to_its_work(installation, one_thread):
    """The slot is still taken after the client has gone; the work is done, and then it is free."""
    app = one_thread
    assert (await asyncio.to_thread(confirm, app)).status == 200
    connections = installation.connections()
    [[customers]] = installation.ask("SELECT COUNT(*) FROM queueing_transaction")
    with installation.locked("queueing_transactioncounter"):
        with confirming(app):
            await installation.somebody_waits()
        menu = asyncio.create_task(asyncio.to_thread(Reply, f"{app.url}/api/menu/"))
        await asyncio.sleep(0.3)
        assert not menu.done()
    assert (await menu).status == 200
    assert installation.connections() == connections
    assert installation.ask("SELECT COUNT(*) FROM queueing_transaction") == [(customers + 1,)]


@contextmanager
def confirming(app: AppServer) -> Iterator[None]:
    """Send a customer's selection, and disconnect after the block without reading an answer."""
    body = json.dumps({"items": [{"service_classification_id": 1}]})
    head = (
        "POST /api/commands/customer_confirm_selection/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((HOST, app.port)) as client:
        client.sendall((head + body).encode())
        yield


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_database_that_crashes_is_busy_until_it_is_back_and_needs_no_restart_of_ours(
    installation, two_threads
):
    app = two_threads
    async with desk(app, "/ws/therapist/", "therapist3") as therapist:

        async def room_set_status(status: str) -> dict[str, Any]:
            return await therapist.ask("room_set_status", room_number="3", status=status)

        assert (await room_set_status("preparing"))["ok"]
        installation.database.kill()
        for _each in range(3):
            assert (await room_set_status("available"))["code"] == "busy"
        menu = await asyncio.to_thread(Reply, f"{app.url}/api/menu/")
        assert (menu.status, menu.headers["Retry-After"]) == (503, "1")
        assert menu.data["code"] == "busy"
        assert (await asyncio.to_thread(Reply, f"{app.url}/readyz")).status == 503
        installation.database.start()  # on this thread: it must outlive the server
        replies = [
            await room_set_status(status) for status in ("available", "preparing", "available")
        ]
        assert all(reply["ok"] for reply in replies), replies
        assert (await asyncio.to_thread(confirm, app)).status == 200
        assert (await asyncio.to_thread(Reply, f"{app.url}/readyz")).status == 200
        assert len(installation.connections()) <= 2


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_database_without_a_free_connection_is_busy_until_there_is_one(
    installation, two_threads
):
    async with desk(two_threads, "/ws/therapist/", "therapist3") as therapist:
        room = {"room_number": "3", "status": "preparing"}
        assert (await therapist.ask("room_set_status", **room))["ok"]
        with installation.crowded_out():
            for _each in range(3):
                assert (await therapist.ask("room_set_status", **room))["code"] == "busy"
        assert (await therapist.ask("room_set_status", **room))["ok"]


@pytest.mark.servers
@pytest.mark.asyncio
async def test_a_screen_of_a_long_line_is_shown_whole(installation, two_threads):
    """Only a real server limits the size of a message that it sends, hence this test here."""
    with ThreadPoolExecutor(8) as crowd:
        visits = list(crowd.map(confirm, [two_threads] * 30))
    assert {visit.status for visit in visits} == {200}
    async with desk(two_threads, "/ws/monitor/", "monitor1") as monitor:
        assert {visit.data["transaction"]["id"] for visit in visits} <= set(monitor.visits)
