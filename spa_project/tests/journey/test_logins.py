"""Tests of revocation on one process while sockets are open on another, and Redis is dead."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import MySQLdb
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from tools.servers import AppServer, Redis, reset_spa
from tools.servers.clients import PASSWORD, Floor

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

AT_ONCE, AT_LAST = 2.0, 10.0  # seconds: with a signal, and by the next check


@pytest.fixture(scope="module")
def own_broker() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="module")
def floor(spa, own_broker) -> Iterator[Floor]:
    """Run two processes with a Redis of their own, which may die."""
    ours = spa | {"REDIS_URL": own_broker.url}
    reset_spa("--password", PASSWORD, **ours)
    with AppServer(**ours) as one, AppServer(**ours) as two:
        yield Floor(one, two)


def post(server: AppServer, path: str, data: Mapping[str, object], token: str = "") -> dict:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    if not token:
        del headers["Authorization"]
    request = urllib.request.Request(server.url + path, json.dumps(data).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


async def token_of(server: AppServer, username: str) -> str:
    credentials = {"username": username, "password": PASSWORD}
    return (await asyncio.to_thread(post, server, "/api/login/", credentials))["token"]


async def open_desk(server: AppServer, path: str, token: str) -> ClientConnection:
    """Open a socket by a token, and read its first message."""
    connection = await connect(
        server.ws_url + path,
        origin=Origin(server.url),
        additional_headers={"Authorization": f"Bearer {token}"},
        open_timeout=20,
    )
    await connection.recv()
    return connection


async def end_of(connection: ClientConnection) -> tuple[int, float]:
    """Return the close code, and the seconds until it came."""
    started = time.monotonic()
    async with asyncio.timeout(3 * AT_LAST):
        await connection.wait_closed()
    return connection.close_code or 0, time.monotonic() - started


def take_role_away(database_url: str, username: str) -> None:
    """Delete a row behind the application's back, so that no signal is sent."""
    url = urlsplit(database_url)
    connection = MySQLdb.connect(
        host=url.hostname, port=url.port, user="spa", password="spa", database="spa"
    )
    try:
        connection.cursor().execute(
            "UPDATE accounts_cashier SET active = 0 WHERE user_id ="
            " (SELECT id FROM accounts_user WHERE username = %s)",
            [username],
        )
        connection.commit()
    finally:
        connection.close()


async def test_a_logout_on_one_process_closes_sockets_on_the_other_at_once(floor):
    token = await token_of(floor.one, "therapist1")
    desk = await open_desk(floor.two, "/ws/therapist/", token)
    closing = asyncio.create_task(end_of(desk))
    await asyncio.to_thread(post, floor.one, "/api/logout/", {}, token)
    code, seconds = await closing
    assert code == 4401
    assert seconds < AT_ONCE


async def test_a_ticket_of_one_process_opens_a_socket_of_the_other(floor):
    token = await token_of(floor.one, "therapist1")
    reply = await asyncio.to_thread(post, floor.one, "/api/ws-ticket/", {}, token)
    address = f"{floor.two.ws_url}/ws/therapist/?auth_token={reply['ticket']}"
    async with connect(address, origin=Origin(floor.two.url)) as desk:
        assert json.loads(await desk.recv())["event"] == "snapshot"
    async with connect(address, origin=Origin(floor.two.url)) as again:
        assert (await end_of(again))[0] == 4401


async def test_with_redis_dead_it_is_found_out_within_ten_seconds(floor, own_broker, spa):
    therapist = await token_of(floor.one, "therapist2")
    cashier = await token_of(floor.one, "cashier2")
    logged_out = await open_desk(floor.two, "/ws/therapist/", therapist)
    role_lost = await open_desk(floor.two, "/ws/cashier/", cashier)
    own_broker.kill()
    try:
        late = await open_desk(floor.two, "/ws/monitor/", therapist)
        ends = asyncio.gather(*(end_of(desk) for desk in (logged_out, late, role_lost)))
        await asyncio.to_thread(post, floor.one, "/api/logout/", {}, therapist)
        await asyncio.to_thread(take_role_away, spa["DATABASE_URL"], "cashier2")
        (first, *_), (second, *_), (third, *_) = found = await ends
    finally:
        own_broker.start()
    assert (first, second, third) == (4401, 4401, 4403)
    assert max(seconds for _code, seconds in found) < AT_LAST
