"""Process with every rate limit on, its well-behaved users, and measures of an attack's effect."""

import asyncio
import http.client
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import quantiles
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from tools.servers import HOST, AppServer

#: The loopback network has enough addresses for each client to have its own.
A_GUEST, A_FLOODER = "127.0.0.9", "127.0.0.2"
MEGABYTE = 1024 * 1024
#: A difference below this many seconds is caused by the machine, not by the flood.
UNNOTICED = 0.25


def resident(server: AppServer) -> int:
    """Return the process's resident memory in bytes."""
    assert server.pid is not None
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)
    assert found
    return int(found[1]) * 1024


def ask(
    server: AppServer, path: str, body: Any = None, *, address: str = A_GUEST
) -> tuple[int, dict[str, Any]]:
    """Send an HTTP request from this address; return status and answer."""
    line = http.client.HTTPConnection(HOST, server.port, timeout=20, source_address=(address, 0))
    headers = {"Content-Type": "application/json"}
    try:
        line.request("GET" if body is None else "POST", path, body and json.dumps(body), headers)
        response = line.getresponse()
        return response.status, json.loads(response.read())
    finally:
        line.close()


@asynccontextmanager
async def socket(
    server: AppServer, path: str = "/ws/board/", *, address: str = A_FLOODER
) -> AsyncIterator[ClientConnection]:
    """Open a socket from this address."""
    opening = connect(
        server.ws_url + path,
        origin=Origin(server.url),
        local_addr=(address, 0),
        compression=None,
        max_size=None,
        ping_interval=None,
        close_timeout=6,  # what is sent too much is discarded for 5 seconds
    )
    async with opening as connection:
        yield connection


async def p95(server: AppServer, seconds: float) -> float:
    """Return the 95th percentile of a guest's response times, in seconds."""
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        status, _menu = await asyncio.to_thread(ask, server, "/api/menu/")
        assert status == 200
        taken.append(time.monotonic() - begun)
        await asyncio.sleep(0.02)
    return quantiles(taken, n=20)[-1]


@asynccontextmanager
async def others_notice_nothing(
    server: AppServer, seconds: float, *, megabytes: int
) -> AsyncIterator[None]:
    """Assert that a guest's response times and the memory stay as before, during the block."""
    usual, held = await p95(server, 1.5), resident(server)
    yield
    now = await p95(server, seconds)
    grown = (resident(server) - held) / MEGABYTE
    print(f"p95 {usual * 1000:.0f} > {now * 1000:.0f} ms, memory {grown:+.0f} MB")  # noqa: T201
    assert now < max(2 * usual, UNNOTICED)
    assert grown <= megabytes


async def until(happened: Callable[[], bool], seconds: float) -> bool:
    """Return whether it happens within these seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not happened():
                await asyncio.sleep(0.05)
    return happened()
