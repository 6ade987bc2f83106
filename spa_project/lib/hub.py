"""One hub per process: it hands each event, encoded once, to the process's sockets of a topic.

With Redis it holds the process's one channel-layer subscription per topic; without (one process)
it is simply fed directly. Delivery is at most once: screens heal by digest and snapshot.
"""

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Callable
from typing import Any, Protocol

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from spa_project.lib.dbpool import pool

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
LAYER_TIMEOUT = 2.0
RETRY_SECONDS = 1.0

Digest = Callable[[], Any]


class Subscriber(Protocol):
    """A socket, as far as the hub knows it."""

    def push(self, text: str) -> None:
        """Take a ready message; must not wait."""


class Hub:
    """Topics, the sockets that hear each of them, and the way in from other threads."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._reset()

    def _reset(self) -> None:
        self._sockets: dict[str, set[Subscriber]] = {}
        self._digests: dict[str, Digest] = {}
        self._outgoing: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._channel: str | None = None  # where the layer hands us what other processes sent
        self._joined: set[str] = set()  # topics the layer knows that we listen to

    @property
    def topics(self) -> frozenset[str]:
        """The topics some socket of this process hears."""
        return frozenset(self._sockets)

    # -- From the event loop --------------------------------------------------------------------

    def attach(self) -> None:
        """Belong to the running event loop and start the hub's own tasks there, once."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        self._loop = loop
        self._reset()
        jobs = [self._beat]
        if get_channel_layer() is not None:
            jobs += [self._send_to_layer, self._receive_from_layer]
        self._tasks = [loop.create_task(job()) for job in jobs]

    async def stop(self) -> None:
        """End the hub's tasks and its place in the layer, before its event loop ends."""
        for task in self._tasks:
            await _end(task)
        if (layer := get_channel_layer()) is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAYER_TIMEOUT):
                    await layer.flush()
        self._loop = None

    async def join(self, topic: str, socket: Subscriber, digest: Digest) -> None:
        """Let a socket hear a topic; `digest` says what the database holds for its screen."""
        self.attach()
        first = topic not in self._sockets
        self._sockets.setdefault(topic, set()).add(socket)
        self._digests[topic] = digest
        if first:
            await self._listen(topic)

    async def leave(self, topic: str, socket: Subscriber) -> None:
        """A socket has gone; after the last one the process stops listening to the topic."""
        sockets = self._sockets.get(topic, set())
        sockets.discard(socket)
        if not sockets and self._sockets.pop(topic, None) is not None:
            self._digests.pop(topic, None)
            await self._stop_listening(topic)

    def _deliver(self, topic: str, text: str) -> None:
        for socket in tuple(self._sockets.get(topic, ())):
            try:
                socket.push(text)
            except Exception:
                # One broken socket must not silence the topic for everybody else.
                logger.exception("A socket could not take an event of %s", topic)

    # -- From anywhere --------------------------------------------------------------------------

    def publish(self, topic: str, text: str) -> None:
        """Send ready text to everyone who hears the topic, in all processes. Never waits."""
        loop = self._loop
        if loop is not None and loop.is_running():
            loop.call_soon_threadsafe(self._publish_on_loop, topic, text)
        elif get_channel_layer() is not None:
            async_to_sync(self._send)(topic, text)  # a management command: no loop of ours runs

    def _publish_on_loop(self, topic: str, text: str) -> None:
        self._deliver(topic, text)
        if get_channel_layer() is not None:
            self._outgoing.put_nowait((topic, text))

    # -- The channel layer ----------------------------------------------------------------------

    async def _send(self, topic: str, text: str) -> None:
        message = {"type": "hub.event", "topic": topic, "text": text, "from": self._id}
        layer = get_channel_layer()
        assert layer is not None
        await layer.group_send(topic, message)

    async def _send_to_layer(self) -> None:
        while True:
            topic, text = await self._outgoing.get()
            try:
                await self._send(topic, text)
            except Exception as error:
                logger.warning("An event of %s was not sent: %s", topic, error)

    async def _receive_from_layer(self) -> None:
        layer = get_channel_layer()
        assert layer is not None
        while True:
            try:
                self._channel = self._channel or await layer.new_channel()
                message = await layer.receive(self._channel)
                if message["from"] != self._id:  # our own sockets have it already
                    self._deliver(message["topic"], message["text"])
            except Exception as error:
                logger.warning("The channel layer failed: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, topic: str) -> None:
        """Hear a topic's events from other processes; when it fails, the heartbeat tries again.

        Meanwhile the screen still follows, by digest and snapshot."""
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                while self._channel is None:  # the receiving task has only just begun
                    await asyncio.sleep(0.01)
                await layer.group_add(topic, self._channel)
            self._joined.add(topic)
        except Exception as error:
            logger.warning("Not listening to %s yet: %s", topic, error or "no answer in time")

    async def _stop_listening(self, topic: str) -> None:
        layer = get_channel_layer()
        if layer is None or topic not in self._joined:
            return
        self._joined.discard(topic)
        try:
            async with asyncio.timeout(LAYER_TIMEOUT):
                await layer.group_discard(topic, self._channel)
        except Exception as error:
            logger.warning("Still listening to %s: %s", topic, error or "no answer in time")

    # -- The heartbeat --------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            for topic, digest in tuple(self._digests.items()):
                if topic not in self._joined:
                    await self._listen(topic)
                try:
                    data = await pool.run(digest)
                except Exception as error:
                    logger.warning("No heartbeat for %s: %s", topic, error)
                else:
                    self._deliver(topic, json.dumps({"event": "heartbeat", "data": data}))


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it is heard: the Redis client loses a cancellation now and then."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


hub = Hub()


class Attached:
    """An ASGI application in whose process the hub runs from the first request on."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        hub.attach()
        await self._application(scope, receive, send)
