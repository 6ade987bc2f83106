"""B10: clients that never complete a request. Others are served as before."""

import asyncio
from contextlib import ExitStack
from socket import create_connection

import pytest

from spa_project.tests.hostile.guarded import (
    A_FLOODER,
    others_notice_nothing,
    resident,
    socket,
)
from spa_project.tests.hostile.volume import volume
from tools.servers import HOST

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(2)]
SECONDS = volume(3, 30)
UNFINISHED = {
    "nothing": b"",
    "half a header": b"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "half a body": (
        b"POST /api/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
        b'Content-Type: application/json\r\n\r\n{"username": '
    ),
    "half a handshake": b"GET /ws/board/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n",
}


@pytest.mark.parametrize("begun", UNFINISHED)
async def test_the_unfinished_hold_up_nobody(guarded, begun):
    with ExitStack() as lines:
        async with others_notice_nothing(guarded, SECONDS, megabytes=100):
            for _each in range(volume(300, 2_000)):
                line = lines.enter_context(
                    create_connection((HOST, guarded.port), source_address=(A_FLOODER, 0))
                )
                line.sendall(UNFINISHED[begun])


async def test_who_asks_and_never_reads_is_cut_off(guarded):
    held = resident(guarded)
    async with others_notice_nothing(guarded, SECONDS, megabytes=100):
        async with socket(guarded) as connection:
            connection.transport.pause_reading()
            for _each in range(volume(300, 3_000)):
                connection.transport.write(b"\x81\x97\0\0\0\0" + b'{"command": "snapshot"}')
            await asyncio.sleep(1)
            connection.transport.abort()
    assert resident(guarded) - held < 100 * 1024 * 1024
