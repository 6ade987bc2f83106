"""Tests of back-pressure: messages do not pile up for a client that stops reading."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from spa_project.lib.realtime.consumer import CLOSE_TOO_SLOW, SEND_QUEUE_SIZE
from tools.faults.people import counted, send
from tools.servers import HOST, AppServer

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio]

ASK = json.dumps({"command": "snapshot"})
#: Customers on the screen, so that its snapshot is long.
WAITING = 30
#: Snapshots that exceed the network's buffers and twice the send queue.
ASKED = 4 * SEND_QUEUE_SIZE
#: Seconds between two; a flood would fill the queue of a client that reads, too.
PAUSE = 0.002
SOON = 20.0
#: The server waits a second for its close frame to be read, then it drops the connection.
CUT = 1006


@asynccontextmanager
async def narrow_line(server: AppServer, cookie: str) -> AsyncIterator[ClientConnection]:
    """Open a monitor's socket with small receive buffers."""
    with socket.socket() as pipe:
        pipe.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        pipe.connect((HOST, server.port))
        pipe.setblocking(False)
        async with connect(
            f"{server.ws_url}/ws/monitor/",
            sock=pipe,
            origin=Origin(server.url),
            additional_headers={"Cookie": cookie},
            compression=None,
            close_timeout=1,
            max_queue=None,
            max_size=None,
        ) as line:
            yield line


async def close_code(line: ClientConnection) -> int | None:
    """Read everything; return the server's close code."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(SOON):
            while True:
                await line.recv()
    return line.close_code


@pytest_asyncio.fixture
async def crowd(processes, shift) -> AsyncIterator[None]:
    """Fill the queue with many customers, and empty it at the end."""
    orders = [await shift.confirm() for _each in range(WAITING)]
    yield
    for order in orders:
        send(processes.one, "customer_cancel", key=order["key"])


async def test_who_reads_nothing_is_told_to_catch_up_then_closed(processes, staff, crowd):
    told = counted(processes.one, "resyncs")
    async with narrow_line(processes.one, staff.monitor) as line:
        line.transport.pause_reading()
        for _each in range(ASKED):
            await line.send(ASK)
            await asyncio.sleep(PAUSE)
        line.transport.resume_reading()
        assert await close_code(line) in {CLOSE_TOO_SLOW, CUT}
    assert counted(processes.one, "resyncs") >= told + 2
