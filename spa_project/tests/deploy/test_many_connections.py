"""Tests of nginx with thousands of connections, and with names that are not the spa's.

Two processes hold the sockets. The files of deploy/ are used as they are, with a test's own ports,
paths and name.
"""

import asyncio
import http.client
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from statistics import quantiles

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State
from websockets.typing import Origin

from spa_project.tests.deploy.installation import Nginx
from spa_project.tests.deploy.test_production import get
from tools.servers import HOST

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

SOCKETS, ADDRESSES, AT_ONCE = 2_000, 50, 20
UNFINISHED = 3_000
#: `client_header_timeout`, and a second for a busy machine.
CLOSED_WITHIN = 11.0
#: Seconds of a guest's slowest answer in twenty, while sockets open as fast as they can.
ANSWERED_WITHIN = 5.0


@asynccontextmanager
async def a_guest_is_answered(nginx: Nginx) -> AsyncIterator[None]:
    """Ask for the menu again and again during the block: each time it is there, and soon."""
    taken: list[float] = []

    async def visit() -> None:
        while True:
            begun = time.monotonic()
            status, _page, _headers = await asyncio.to_thread(get, f"{nginx.url}/menu/")
            assert status == 200
            taken.append(time.monotonic() - begun)

    visiting = asyncio.create_task(visit())
    try:
        yield
        assert not visiting.done(), visiting.exception()
    finally:
        visiting.cancel()
    assert len(taken) > 5
    assert quantiles(taken, n=20)[-1] < ANSWERED_WITHIN, taken


async def test_two_thousand_sockets_from_fifty_addresses_are_open(production, floor):
    nginx = production.nginx
    trust = ssl.create_default_context(cafile=nginx.certificate)
    free = asyncio.Semaphore(AT_ONCE)

    async def opened(number: int) -> ClientConnection:
        async with free:
            line = await connect(
                f"{nginx.ws_url}/ws/board/",
                ssl=trust,
                origin=Origin(nginx.url),
                local_addr=(f"127.0.1.{number % ADDRESSES + 1}", 0),
                compression=None,
                ping_interval=None,
                open_timeout=60,
            )
            sockets.push_async_callback(line.close)
            assert "snapshot" in await line.recv()
            return line

    async with a_guest_is_answered(nginx), AsyncExitStack() as sockets:
        every = await asyncio.gather(*map(opened, range(SOCKETS)))
        async with asyncio.timeout(60):  # a heartbeat reaches each, so that each is still open
            await asyncio.gather(*(line.recv() for line in every))
        assert {line.state for line in every} == {State.OPEN}


@pytest.mark.parametrize(
    ("port", "begun"),
    [
        ("port", b""),
        ("port", b"\x16\x03\x01\x02\x00\x01"),
        ("plain_port", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "),
    ],
    ids=["nothing", "half a handshake", "half a header"],
)
async def test_what_is_begun_and_never_finished_holds_up_nobody(production, floor, port, begun):
    nginx = production.nginx
    async with a_guest_is_answered(nginx):
        lines = []
        for number in range(UNFINISHED):
            address = (f"127.0.2.{number % 3 + 1}", 0)
            line = await asyncio.open_connection(HOST, getattr(nginx, port), local_addr=address)
            line[1].write(begun)
            lines.append(line)
        try:
            async with asyncio.timeout(CLOSED_WITHIN):
                await asyncio.gather(*(_end(reader) for reader, _writer in lines))
        finally:
            for _reader, writer in lines:
                writer.close()


async def _end(reader: asyncio.StreamReader) -> None:
    """Wait until the server has closed the connection."""
    try:
        assert await reader.read() == b""
    except ConnectionResetError:
        return


def plain(nginx: Nginx, host: str) -> int:
    line = http.client.HTTPConnection("localhost", nginx.plain_port, timeout=5)
    with closing(line):
        line.request("GET", "/menu/", headers={"Host": host})
        return line.getresponse().status


async def test_port_80_redirects_to_the_spas_own_name_only(production):
    assert await asyncio.to_thread(plain, production.nginx, "localhost") == 301
    for host in ("evil.example", "127.0.0.1", "localhost.evil.example"):
        with pytest.raises(ConnectionResetError):
            await asyncio.to_thread(plain, production.nginx, host)


async def test_port_443_serves_the_spas_own_name_only(production, floor):
    nginx = production.nginx

    def asked(name: str, host: str) -> int:
        """Return the status of a request: the handshake says this name, the header this host."""
        trust = ssl.create_default_context(cafile=nginx.certificate)
        line = http.client.HTTPSConnection(name, nginx.port, timeout=5)
        with closing(socket.create_connection((HOST, nginx.port), 5)) as plain, closing(line):
            line.sock = trust.wrap_socket(plain, server_hostname=name)
            line.request("GET", "/menu/", headers={"Host": host})
            return line.getresponse().status

    assert await asyncio.to_thread(asked, "localhost", "localhost") == 200
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        await asyncio.to_thread(asked, "evil.example", "evil.example")
    with pytest.raises(ConnectionResetError):
        await asyncio.to_thread(asked, "localhost", "evil.example")
