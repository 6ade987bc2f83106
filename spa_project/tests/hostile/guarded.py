"""A process with every limit on, people who use it, and how it bears what others do to it."""

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

#: Loopback has addresses enough for everybody to have one of their own.
A_GUEST, A_FLOODER = "127.0.0.9", "127.0.0.2"
MEGABYTE = 1024 * 1024
#: Below this many seconds a difference is the machine's, not the flood's.
UNNOTICED = 0.25


def resident(server: AppServer) -> int:
    """Bytes of memory the process holds."""
    assert server.pid is not None
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)
    assert found
    return int(found[1]) * 1024


def ask(
    server: AppServer, path: str, body: Any = None, *, address: str = A_GUEST
) -> tuple[int, dict[str, Any]]:
    """Ask over HTTP from this address; status and answer."""
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
    """A socket opened from this address."""
    opening = connect(
        server.ws_url + path,
        origin=Origin(server.url),
        local_addr=(address, 0),
        compression=None,
        max_size=None,
        ping_interval=None,
        close_timeout=1,
    )
    async with opening as connection:
        yield connection


async def p95(server: AppServer, seconds: float) -> float:
    """How long nineteen in twenty of a guest's requests take at most, in seconds."""
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
    """While the block and these seconds last, a guest is served as before, in as much memory."""
    usual, held = await p95(server, 1.5), resident(server)
    yield
    now = await p95(server, seconds)
    grown = (resident(server) - held) / MEGABYTE
    print(f"p95 {usual * 1000:.0f} > {now * 1000:.0f} ms, memory {grown:+.0f} MB")  # noqa: T201
    assert now < max(2 * usual, UNNOTICED)
    assert grown <= megabytes


async def until(happened: Callable[[], bool], seconds: float) -> bool:
    """Whether it happens within these seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not happened():
                await asyncio.sleep(0.05)
    return happened()
