"""The relay of events between processes, through the channel layer (Redis).

Delivery is at most once: screens whose events are lost during a failover of Redis converge by
heartbeat digest and snapshot.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from spa_project.lib.metrics import PUBLISH_FAILURES
from spa_project.lib.realtime.messages import Event

logger = logging.getLogger(__name__)

#: Seconds to wait for the layer, so that a dead broker delays nothing for longer.
LAYER_TIMEOUT = 2.0
RETRY_SECONDS = 1.0
#: Seconds between two echoes, and for which one is awaited; after so many missing ones the
#: connections are replaced: 6 seconds at most after they stalled.
ECHO_EVERY = 1.0
ECHO_WITHIN = 2.0
MISSING_ECHOES = 2
#: Events that wait to be sent; more are dropped, so that a dead broker costs no memory.
OUTGOING_SIZE = 10_000

#: The topic of a message to oneself.
ECHO = "echo"

Deliver = Callable[[str, str], None]


class Relay:
    """A process's one channel in the layer, and a subscription for each of its topics."""

    def __init__(self, identity: str, deliver: Deliver) -> None:
        self._identity = identity
        self._deliver = deliver
        self._layer: Any = get_channel_layer()
        self._outgoing: asyncio.Queue[Event] = asyncio.Queue(OUTGOING_SIZE)
        self._channel: str | None = None  # where the layer delivers the other processes' messages
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._echo = asyncio.Event()
        self._receiving = asyncio.create_task(self._receive_all())
        jobs = (self._send_all, self._join_missed, self._replace_what_is_silent)
        self._tasks = [asyncio.create_task(job()) for job in jobs]

    async def stop(self) -> None:
        """Leave the layer, before the event loop ends."""
        for task in self._tasks:
            await end(task)
        await end(self._receiving)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAYER_TIMEOUT):
                await self._layer.flush()

    def send(self, event: Event) -> None:
        """Queue an event for the other processes; never waits."""
        try:
            self._outgoing.put_nowait(event)
        except asyncio.QueueFull:
            PUBLISH_FAILURES.inc()

    async def listen(self, topic: str) -> None:
        """Subscribe to a topic; a failure is logged and retried until it works."""
        self._wanted.add(topic)
        await self._join(topic)

    async def stop_listening(self, topic: str) -> None:
        """Unsubscribe from a topic."""
        self._wanted.discard(topic)
        if topic in self._joined:
            self._joined.discard(topic)
            leave = self._layer.group_discard(topic, self._channel)
            await self._try(leave, "Cannot leave", topic)

    async def echo(self, within: float) -> bool:
        """Return whether a message to ourselves comes back in so many seconds."""
        self._echo.clear()
        try:
            async with asyncio.timeout(within):
                message = layer_message(ECHO, "", sender=self._identity)
                await self._layer.send(self._channel, message)
                await self._echo.wait()
        except Exception as error:
            logger.warning("The channel layer gives no echo: %s", error or "no answer in time")
            return False
        return True

    async def _replace_what_is_silent(self) -> None:
        """Connect anew when echoes are missing: to a hanging server a connection stays open."""
        missing = 0
        while True:
            await asyncio.sleep(ECHO_EVERY)
            if self._channel is None:  # the client is connecting, with time-outs of its own
                continue
            missing = 0 if await self.echo(ECHO_WITHIN) else missing + 1
            if missing == MISSING_ECHOES:
                missing = 0
                await self._reconnect()

    async def _reconnect(self) -> None:
        """Close all connections; new ones lead to the master that the Sentinels name now."""
        self._channel = None  # first: a topic that is being joined meanwhile is joined once more
        self._joined.clear()
        close = self._layer.flush
        # The first may wait in vain until what was written has been sent.
        if not await self._try(close(), "Cannot close", "a silent connection"):
            await self._try(close(), "Cannot close", "a silent connection")
        await end(self._receiving)
        self._receiving = asyncio.create_task(self._receive_all())

    async def _join(self, topic: str) -> None:
        if topic not in self._joined and await self._try(self._add(topic), "Cannot hear", topic):
            self._joined.add(topic)
            if topic not in self._wanted:  # its last socket closed meanwhile
                await self.stop_listening(topic)

    async def _add(self, topic: str) -> None:
        while self._channel is None:  # the receiving task has only just begun
            await asyncio.sleep(0.01)
        channel = self._channel
        await self._layer.group_add(topic, channel)
        if channel != self._channel:
            raise ConnectionError("the connection was replaced meanwhile")

    async def _join_missed(self) -> None:
        """Join all missing topics concurrently: each may wait for the whole time-out."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            await asyncio.gather(*map(self._join, self._wanted - self._joined))

    async def _try(self, work: Coroutine[Any, Any, None], what: str, topic: str) -> bool:
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                await work
        except Exception as error:
            logger.warning("%s %s: %s", what, topic, error or "no answer in time")
            return False
        return True

    async def _send_all(self) -> None:
        while True:
            topic, text = await self._outgoing.get()
            send = send_to_layer(topic, text, sender=self._identity)
            if not await self._try(send, "Cannot send an event of", topic):
                PUBLISH_FAILURES.inc()

    async def _receive_all(self) -> None:
        while True:
            try:
                self._channel = self._channel or await self._layer.new_channel()
                message = await self._layer.receive(self._channel)
            except Exception as error:
                logger.warning("The channel layer failed: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._take(message)

    def _take(self, message: Any) -> None:
        """Deliver an event; ignore a malformed one, or one of our own."""
        try:
            topic, text, sender = message["topic"], message["text"], message["from"]
        except (KeyError, TypeError):
            logger.warning("A message of the layer is none of ours.")
        else:
            if sender != self._identity:
                self._deliver(topic, text)
            elif topic == ECHO:
                self._echo.set()


async def send_to_layer(topic: str, text: str, *, sender: str) -> None:
    """Send one event to every subscriber of its topic through the layer."""
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(topic, layer_message(topic, text, sender=sender))


def layer_message(topic: str, text: str, *, sender: str) -> dict[str, str]:
    """Return an event as the layer carries it."""
    return {"type": "hub.event", "topic": topic, "text": text, "from": sender}


def send_from_a_command(events: Sequence[Event]) -> None:
    """Send events from a process without a hub, such as a management command.

    They share one connection, which an event loop has for itself: with one for each, 1,000 events
    would take seconds.
    """
    if get_channel_layer() is not None:
        async_to_sync(_send_in_order)(events)


async def _send_in_order(events: Sequence[Event]) -> None:
    for topic, text in events:
        await send_to_layer(topic, text, sender="")


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task until it ends: the Redis client sometimes loses a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
