"""The hub: fan-out of each event, encoded once, to the process's sockets of a topic.

With Redis a relay carries events between processes; without (one process) the hub is fed directly.
Delivery is at most once: screens converge by heartbeat digest and snapshot.
"""

import asyncio
import json
import logging
import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from channels.layers import get_channel_layer

from spa_project.lib.db.pool import pool
from spa_project.lib.metrics import HUB_LAG, SNAPSHOT_READS
from spa_project.lib.realtime.messages import Event
from spa_project.lib.realtime.relay import Relay, end, send_from_a_command
from spa_project.lib.realtime.screen import DigestSource, ReadAll

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
#: Seconds for which a snapshot is reused, unless an event makes it stale before.
SNAPSHOT_SECONDS = 1.0

Read = Callable[[], Any]


class Subscriber(Protocol):
    """A socket, as far as the hub knows it."""

    def push(self, text: str) -> None:
        """Queue a ready message; must not wait."""


class _Snapshot(NamedTuple):
    reading: asyncio.Future[str]
    begun_at: float


class _Outgoing(NamedTuple):
    events: Sequence[Event]
    published_at: float


class Hub:
    """Topics, their sockets, and publishing from any thread."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._loop: asyncio.AbstractEventLoop | None = None
        self._chores: list[Callable[[], None]] = []
        self._outgoing: deque[_Outgoing] = deque()
        pool.after_each_job(self._flush)
        self._beating: asyncio.Task[None]
        self._relay: Relay | None
        self._reset()

    def _reset(self) -> None:
        self._outgoing.clear()
        self._sockets: dict[str, set[Subscriber]] = {}
        self._digests: dict[str, DigestSource] = {}
        self._snapshots: dict[str, _Snapshot] = {}

    @property
    def topics(self) -> frozenset[str]:
        """Return the topics that some socket of this process has joined."""
        return frozenset(self._sockets)

    # -- From the event loop --------------------------------------------------------------------

    def attach(self) -> None:
        """Bind to the running event loop and start the hub's own tasks there, once."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        self._loop = loop
        self._reset()
        self._beating = loop.create_task(self._beat())
        has_layer = get_channel_layer() is not None
        self._relay = Relay(self._id, self._deliver) if has_layer else None

    async def stop(self) -> None:
        """Cancel the hub's tasks, before its event loop ends."""
        await end(self._beating)
        if self._relay:
            await self._relay.stop()
        self._loop = None

    async def join(
        self, topic: str, socket: Subscriber, digest: DigestSource | None = None
    ) -> None:
        """Subscribe a socket to a topic; `digest` reads what its screen should show."""
        self.attach()
        self._sockets.setdefault(topic, set()).add(socket)
        if digest:
            self._digests[topic] = digest
        if self._relay:
            await self._relay.listen(topic)

    async def leave(self, topic: str, socket: Subscriber) -> None:
        """Unsubscribe a socket; after the last one the process leaves the topic."""
        sockets = self._sockets.get(topic, set())
        sockets.discard(socket)
        if not sockets and self._sockets.pop(topic, None) is not None:
            self._digests.pop(topic, None)
            self._snapshots.pop(topic, None)
            if self._relay:
                await self._relay.stop_listening(topic)

    async def snapshot(self, topic: str, read: Read) -> str:
        """Return a topic's screen as JSON, read once for all concurrent callers (single-flight).

        A thousand screens that reconnect at once cost one read. An event makes the snapshot stale,
        so no caller after an event gets a snapshot from before it.
        """
        now = asyncio.get_running_loop().time()
        found = self._snapshots.get(topic)
        if found is None or now - found.begun_at > SNAPSHOT_SECONDS or _failed(found.reading):
            SNAPSHOT_READS.inc()
            found = _Snapshot(asyncio.ensure_future(pool.run(lambda: json.dumps(read()))), now)
            self._snapshots[topic] = found
        return await asyncio.shield(found.reading)

    def _deliver(self, topic: str, text: str) -> None:
        self._snapshots.pop(topic, None)
        self._hand_over(topic, text)

    def _hand_over(self, topic: str, text: str) -> None:
        for socket in tuple(self._sockets.get(topic, ())):
            try:
                socket.push(text)
            except Exception:
                # One broken socket must not stop the fan-out to the others.
                logger.exception("A socket could not take a message of %s", topic)

    # -- From anywhere --------------------------------------------------------------------------

    def publish(self, *events: Event) -> None:
        """Send events to every subscriber of their topics, in all processes; never waits."""
        loop = self._loop
        if loop is None or not loop.is_running():
            send_from_a_command(events)
            return
        self._outgoing.append(_Outgoing(events, time.perf_counter()))
        # Inside a job the pool wakes the loop at the job's end: one wake-up, so one GIL hand-over,
        # for the result and all its events, the result first.
        if not pool.owns_this_thread():
            loop.call_soon_threadsafe(self._flush)

    def _flush(self) -> None:
        """Deliver what was published, on the event loop."""
        while self._outgoing:
            events, published_at = self._outgoing.popleft()
            for event in events:
                self._deliver(*event)
                if self._relay:
                    self._relay.send(event)
            HUB_LAG.observe(time.perf_counter() - published_at)

    def echo_received(self, within: float) -> bool:
        """Return whether a message of ours comes back through the layer; called from a thread.

        True without a layer: this is the only process.
        """
        loop, relay = self._loop, self._relay if self._loop else None
        if loop is None or relay is None:
            return get_channel_layer() is None
        echo = asyncio.run_coroutine_threadsafe(relay.echo(within), loop)
        return echo.result()

    # -- The heartbeat --------------------------------------------------------------------------

    def on_heartbeat(self, chore: Callable[[], None]) -> None:
        """Run this on a database thread with every heartbeat, with or without subscribers."""
        self._chores.append(chore)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            for chore in self._chores:
                await self._do(chore)
            for read, topics in self._topics_by_read().items():
                await self._beat_for(read, topics)

    def _topics_by_read(self) -> dict[ReadAll, dict[Any, str]]:
        """Group topics by the read that serves them: a thousand tickets need one query."""
        served: dict[ReadAll, dict[Any, str]] = defaultdict(dict)
        for topic, digest in self._digests.items():
            served[digest.read][digest.key] = topic
        return served

    async def _do(self, chore: Callable[[], None]) -> None:
        try:
            await pool.run(chore)
        except Exception as error:
            logger.warning("%s was not done: %s", chore.__name__, error)

    async def _beat_for(self, read: ReadAll, topics: dict[Any, str]) -> None:
        try:
            found = await pool.run(read, list(topics))
            # Encoded here too: whatever fails, the other screens keep their heartbeat.
            beats = {key: json.dumps({"event": "heartbeat", "data": found[key]}) for key in found}
        except Exception as error:
            logger.warning("No heartbeat for %s: %s", ", ".join(topics.values())[:200], error)
        else:
            for key, beat in beats.items():
                self._hand_over(topics[key], beat)


def _failed(reading: asyncio.Future[str]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)


hub = Hub()


class Attached:
    """An ASGI application in whose process the hub runs from the first request on."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        hub.attach()
        await self._application(scope, receive, send)
