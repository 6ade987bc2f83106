"""Tests of the sockets once more, on uvicorn; and of its shutdown."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from spa_project.tests.journey import test_sockets
from tools.servers import AppServer, reset_spa
from tools.servers.clients import PASSWORD, Floor, close_code

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

for name in dir(test_sockets):
    if name.startswith("test_"):
        globals()[name] = getattr(test_sockets, name)


@pytest.fixture(scope="module")
def floor(spa) -> Iterator[Floor]:
    """Run the spa on two processes of uvicorn."""
    reset_spa("--password", PASSWORD, **spa)
    served = spa | {"SERVED_BY": "uvicorn"}
    with AppServer(**served) as one, AppServer(**served) as two:
        yield Floor(one, two)


async def test_it_is_uvicorn(floor):
    assert "uvicorn" in floor.one.command()


async def test_it_ends_in_time_and_sends_sockets_elsewhere(spa):
    with AppServer(**spa, SERVED_BY="uvicorn") as app:
        async with connect(f"{app.ws_url}/ws/board/", origin=Origin(app.url)) as socket:
            await socket.recv()
            begun = time.monotonic()
            stopping = asyncio.to_thread(app.stop)
            ending = asyncio.create_task(stopping)
            assert await close_code(socket) == 1012
            await ending
            assert time.monotonic() - begun < 5
