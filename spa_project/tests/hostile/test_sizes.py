"""B4: oversized frames and endless messages close the socket, and memory stays as it was."""

import asyncio
from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from spa_project.tests.hostile.guarded import (
    MEGABYTE,
    ask,
    others_notice_nothing,
    resident,
    socket,
)
from spa_project.tests.hostile.volume import volume

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]
BIG = [16_385, MEGABYTE, 5 * MEGABYTE]
#: Text frames: final, with an unmasked length of 1, then a zero mask and the one byte.
FIRST, NEXT = b"\x01\x81\0\0\0\0x", b"\x00\x81\0\0\0\0x"


async def end_of(connection: ClientConnection) -> int | None:
    """Return the server's close code."""
    with suppress(ConnectionClosed):
        async for _message in connection:
            pass
    return connection.close_code


@pytest.mark.sample(0)
async def test_too_big_is_closed_and_costs_no_memory(guarded):
    async with others_notice_nothing(guarded, 1, megabytes=60):
        for size in BIG:
            for _each in range(volume(5, 17)):
                async with socket(guarded) as connection:
                    with suppress(ConnectionClosed):
                        await connection.send("x" * size)
                    await end_of(connection)
                    assert connection.close_code == 1009


async def test_a_message_of_countless_pieces_costs_no_memory(guarded):
    held = resident(guarded)
    async with socket(guarded) as connection:
        connection.transport.write(FIRST + NEXT * volume(20_000, 1_000_000))
        await asyncio.to_thread(ask, guarded, "/api/menu/")
        assert await end_of(connection) == 1009
    async with others_notice_nothing(guarded, 1, megabytes=60):
        assert resident(guarded) - held < 60 * MEGABYTE


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x80\0\0\0\0" * 3,  # empty messages
        b"\x81\x82\0\0\0\0\xff\xfe",  # invalid UTF-8
        b"\x81\x83\0\0\0\0\xed\xa0\x80",  # half a character
        b"\xf1\x81\0\0\0\0x",  # reserved bits
        b"\x83\x81\0\0\0\0x",  # an unknown opcode
        b"\x80\x81\0\0\0\0x",  # a continuation of nothing
        b"\x81\x01x",  # not masked
        b"\x89\xfe\x00\x7e\0\0\0\0" + b"x" * 126,  # too long a ping
        b"\x88\x82\0\0\0\0\x03\xed",  # a forbidden close code
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",  # a length of 2^63 bytes
    ],
    ids=range(10),
)
async def test_what_is_no_frame_ends_the_socket(guarded, frame):
    async with socket(guarded) as connection:
        connection.transport.write(frame)
        await end_of(connection)
    assert "Traceback" not in guarded.log_tail()
