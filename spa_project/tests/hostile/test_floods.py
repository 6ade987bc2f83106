"""B11: floods from one address. They are refused in order, and other clients are served."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.exceptions import ConnectionClosed

from spa_project.tests.hostile.guarded import (
    MEGABYTE,
    ask,
    others_notice_nothing,
    resident,
    socket,
    until,
)
from spa_project.tests.hostile.volume import volume
from tools.servers import AppServer

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(3)]
SECONDS = volume(3, 30)
SOCKETS_OF_AN_ADDRESS, LOGINS_A_MINUTE, ORDERS_A_MINUTE = 200, 20, 10
AT_ONCE = 16


async def many(
    times: int, server: AppServer, path: str, body: object, *, address: str
) -> Counter[int]:
    """Send the same request many times, as fast as possible; return the counts of statuses."""
    seen: Counter[int] = Counter()

    async def some() -> None:
        for _each in range(times // AT_ONCE):
            status, reply = await asyncio.to_thread(ask, server, path, body, address=address)
            seen[status] += 1
            if status == 429:
                assert reply["code"] == "rate_limited"
                assert reply["retry_after"] >= 1

    await asyncio.gather(*(some() for _each in range(AT_ONCE)))
    return seen


async def test_a_socket_that_floods_is_closed_with_4429(guarded):
    async with others_notice_nothing(guarded, SECONDS, megabytes=100):
        for _each in range(volume(5, 50)):
            async with socket(guarded) as connection:
                with suppress(ConnectionClosed):
                    for _message in range(2_000):
                        await connection.send('{"command": "nothing"}')
                    async for _answer in connection:
                        pass
                assert connection.close_code == 4429


#: A text frame without its end, an empty continuation of it, a ping, a pong; masked by zeros.
OPENED, CONTINUED, PING, PONG = (
    head + b"\x80\0\0\0\0" for head in (b"\x01", b"\0", b"\x89", b"\x8a")
)
FRAMES_A_FLOOD = 20_000


async def flood(server: AppServer, frames: bytes) -> int | None:
    """Send frames as fast as possible; return the close code that the client reads."""
    async with socket(server) as connection:
        connection.transport.write(frames)
        with suppress(ConnectionClosed):
            async for _message in connection:
                pass
    return connection.close_code


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (PING * FRAMES_A_FLOOD, 4429),
        (PONG * FRAMES_A_FLOOD, 4429),
        (OPENED + CONTINUED * FRAMES_A_FLOOD, 1009),
        (OPENED + (CONTINUED + PONG) * FRAMES_A_FLOOD, 1009),
    ],
    ids=["pings", "pongs", "empty fragments", "pongs between fragments"],
)
async def test_frames_of_every_kind_count_and_the_client_reads_why(guarded, frames, code):
    held = resident(guarded)
    for _turn in range(volume(2, 20)):
        codes = await asyncio.gather(*(flood(guarded, frames) for _each in range(6)))
        assert codes == [code] * 6
    assert resident(guarded) - held < 30 * MEGABYTE


async def test_an_address_opens_two_hundred_sockets_and_no_more(guarded):
    address = "127.0.0.3"
    async with AsyncExitStack() as lines, others_notice_nothing(guarded, SECONDS, megabytes=100):
        opened = [
            await lines.enter_async_context(socket(guarded, address=address))
            for _each in range(volume(260, 500))
        ]
        refused = len(opened) - SOCKETS_OF_AN_ADDRESS

        def closed() -> int:
            return sum(connection.close_code == 4429 for connection in opened)

        for connection in opened:
            connection.transport.resume_reading()
        assert await until(lambda: closed() == refused, 10), closed()


async def test_guessed_passwords_are_stopped_before_they_cost_anything(guarded):
    wrong = {"username": "manager1", "password": "wrong-and-long-enough"}
    async with others_notice_nothing(guarded, SECONDS, megabytes=100):
        seen = await many(volume(320, 4_800), guarded, "/api/login/", wrong, address="127.0.0.4")
    assert set(seen) <= {401, 429, 503}  # busy: no thread was free for two seconds
    assert seen[401] <= 2 * LOGINS_A_MINUTE
    assert seen[429] >= volume(320, 4_800) - 2 * LOGINS_A_MINUTE - AT_ONCE


async def test_a_kiosk_run_wild_fills_no_line(guarded, offer):
    order = {"items": [{"service_classification_id": offer}]}
    path = "/api/commands/customer_confirm_selection/"
    async with others_notice_nothing(guarded, SECONDS, megabytes=100):
        seen = await many(volume(320, 1_600), guarded, path, order, address="127.0.0.5")
    assert set(seen) == {200, 429}
    assert ORDERS_A_MINUTE <= seen[200] <= 2 * ORDERS_A_MINUTE + 1


async def test_nothing_of_all_this_left_a_traceback(guarded):
    written = guarded.log.read_text(errors="replace").splitlines()
    assert not [line for line in written if "Traceback" in line]
