"""Tests of Redis faults at work: no command fails, and every screen converges."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import pytest
import redis

from tools.faults.people import all_are_right, screens_on
from tools.faults.screen import living
from tools.servers import HOST, Redis

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.asyncio, pytest.mark.sample(1)]

PAUSE = 5.0
GONE = 1.5


async def emptied_and_cut_off(broker: Redis) -> None:
    """Flush Redis and cut every connection, twice."""
    with redis.Redis(host=HOST, port=broker.port) as client:
        for _each in range(2):
            client.flushall()
            for kind in ("pubsub", "normal"):
                client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
            await asyncio.sleep(0.5)


async def killed_and_restarted(broker: Redis) -> None:
    await asyncio.to_thread(broker.kill)
    await asyncio.sleep(GONE)
    await asyncio.to_thread(broker.start)


async def paused(broker: Redis) -> None:
    """Freeze Redis: connections stay open, and nothing is answered."""
    broker.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(PAUSE)
    finally:
        broker.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("fault", [emptied_and_cut_off, killed_and_restarted, paused])
async def test_people_work_on_and_every_screen_is_right_afterwards(
    fault: Callable[[Redis], Awaitable[None]], broker, processes, shift, staff
):
    screens = [screen for server in processes for screen in screens_on(server, staff)]
    async with living(screens):
        await all_are_right(processes[0], screens)
        async with shift.open():
            await fault(broker)
        await all_are_right(processes[0], screens)
    assert shift.served
    assert broker.running
    assert not sum(screen.cuts for screen in screens), "a socket was closed"
