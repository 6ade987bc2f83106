"""Minimal ASGI application: a loop over its sockets, without framework or checks.

With `REDIS_URL` an event goes through Redis first, as between two processes.
"""

import asyncio
import os
import time
from typing import Any

import redis.asyncio

from benchmarks.peers.event import SUBSCRIBED, TEXT, Publishing, until_next

CHANNEL = "floor"
broker = redis.asyncio.from_url(os.environ["REDIS_URL"]) if os.environ["REDIS_URL"] else None
sockets: set[Any] = set()
listening: list[asyncio.Task[None]] = []


async def floor(scope: Any, receive: Any, send: Any) -> None:
    """Accept a socket and keep it until it disconnects."""
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    if broker and not listening:
        listening.append(asyncio.create_task(_listen()))
    sockets.add(send)
    await send({"type": "websocket.send", "text": SUBSCRIBED})
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sockets.discard(send)


async def _listen() -> None:
    assert broker is not None
    subscription = broker.pubsub()
    await subscription.subscribe(CHANNEL)
    async for message in subscription.listen():
        if message["type"] == "message":
            await _hand_over(message["data"].decode())


async def _hand_over(text: str) -> None:
    for send in tuple(sockets):
        await send({"type": "websocket.send", "text": text})


async def publish(count: int, pause: float) -> list[float]:
    """Publish events to the sockets of this process, or through Redis."""
    moments: list[float] = []
    for _event in range(count):
        moments.append(time.monotonic())
        await (broker.publish(CHANNEL, TEXT) if broker else _hand_over(TEXT))
        await asyncio.sleep(until_next(moments, pause))
    return moments


application = Publishing(floor, publish)
