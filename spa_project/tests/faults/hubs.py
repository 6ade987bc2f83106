"""Hubs of the test's own process, which exchange events with others through Redis."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from channels_redis.pubsub import RedisPubSubChannelLayer

from spa_project.lib.realtime.hub import Hub
from spa_project.lib.realtime.messages import Event
from spa_project.lib.realtime.relay import end, layer_message
from spa_project.lib.redis_config import channel_layers


class Ear:
    """Socket that keeps the texts it receives."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def push(self, text: str) -> None:
        self.heard.append(text)


@asynccontextmanager
async def attached_hub() -> AsyncIterator[tuple[Hub, Ear]]:
    """Run a hub with one socket, subscribed to the topic `a`."""
    hub, ear = Hub(), Ear()
    hub.attach()
    try:
        await hub.join("a", ear)
        yield hub, ear
    finally:
        await hub.stop()


async def exchange(hub: Hub, ear: Ear, url: str, within: float) -> None:
    """Return once the hub has exchanged events with a process that has just started."""
    other = RedisPubSubChannelLayer(**channel_layers(url)["default"]["CONFIG"])
    channel = await other.new_channel()
    await other.group_add("a", channel)
    sent, returned = os.urandom(8).hex(), os.urandom(8).hex()

    async def receive() -> None:
        while (await other.receive(channel))["text"] != returned:
            pass

    receiving = asyncio.create_task(receive())
    try:
        async with asyncio.timeout(within):
            while sent not in ear.heard or not receiving.done():
                await other.group_send("a", layer_message("a", sent, sender="other"))
                await asyncio.to_thread(hub.publish, Event("a", returned))
                await asyncio.sleep(0.1)
    finally:
        await end(receiving)
        await other.flush()
