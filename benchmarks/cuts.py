"""Convergence of screens whose connection is cut again and again.

Each keeps rows as the browser's store does (static/js/lib/store.js): a snapshot, newer versions,
and the heartbeat's digest. It requests a snapshot when its own digest differs for a second.
"""

import asyncio
import json
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from benchmarks.sockets import Address, Socket, connect

PATIENCE = 1.0  # seconds for which a digest may differ while events are in flight
OFFLINE = 2.0
#: Seconds before a reconnect, as in static/js/lib/socket.js.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 15.0
#: Seconds in which a screen must converge once nothing changes any more.
HEAL = 7.0

#: State of a screen: the version of every transaction and room.
State = dict[str, int]


class Cutting:
    """Group of `count` screens in a process, each cut every `every` seconds, for `seconds`.

    `shows` are the statuses that such a screen shows.
    """

    def __init__(
        self,
        address: Address,
        *,
        count: int,
        seconds: float,
        every: float,
        shows: frozenset[str],
    ) -> None:
        self._pool = multiprocessing.get_context("spawn").Pool(1)
        arguments = (address, count, seconds, every, shows)
        self._result = self._pool.apply_async(_run, arguments)

    def result(self, timeout: float) -> list[State]:
        """Return the final state of each screen."""
        with self._pool:
            states: list[State] = self._result.get(timeout)
        return states


def _run(
    address: Address, count: int, seconds: float, every: float, shows: frozenset[str]
) -> list[State]:
    return asyncio.run(_watch(address, count, seconds, every, shows))


async def _watch(
    address: Address, count: int, seconds: float, every: float, shows: frozenset[str]
) -> list[State]:
    end = time.monotonic() + seconds
    screens = [Screen(shows) for _number in range(count)]
    # Spread over the period, so that some are always disconnected.
    lives = (s.live(address, n * every / count, every, end) for n, s in enumerate(screens))
    await asyncio.gather(*lives)
    return [screen.state for screen in screens]


class Screen:
    """Screen that shows the transactions of some statuses, and the rooms."""

    def __init__(self, shows: frozenset[str]) -> None:
        self._shows = shows
        self.state: State = {}
        #: Time of its last message (monotonic), and whether it is connected.
        self.since = 0.0
        self.is_live = False

    async def stay(self, addresses: Sequence[Address], turn: asyncio.Semaphore) -> None:
        """Follow the events; reconnect to the next address when the connection is lost.

        `turn` is acquired before each connection.
        """
        attempt = 0
        for address in cycle(addresses):
            try:
                async with turn:
                    socket = await connect(address, self._take)
            except OSError:
                attempt += 1
            else:
                attempt, self.is_live = 0, True
                await socket.closed
                self.is_live = False
            await asyncio.sleep(random.uniform(SHORTEST_WAIT, min(LONGEST_WAIT, 2.0**attempt)))

    async def live(self, address: Address, first_cut: float, every: float, end: float) -> None:
        """Follow the events until the end and a little longer, with a cut every `every` seconds."""
        line = first_cut
        while time.monotonic() < end:
            socket = await connect(address, self._take)
            await asyncio.sleep(min(line, max(0.0, end - time.monotonic())))
            line = every - OFFLINE
            if time.monotonic() < end:
                socket.cut()
                await asyncio.sleep(OFFLINE)
        socket = await connect(address, self._take) if socket.closed.done() else socket
        await asyncio.sleep(HEAL)
        socket.cut()

    def _take(self, socket: Socket, text: bytes) -> None:
        message = json.loads(text)
        take: Callable[[Socket, Any], None] | None = {
            "snapshot": self._take_snapshot,
            "monitor_updated": self._take_row,
            "room_updated": self._take_room,
            "heartbeat": self._take_digest,
            "resync": self._ask_anew,
        }.get(message["event"])
        if take:
            take(socket, message.get("data"))

    def _take_snapshot(self, socket: Socket, data: dict[str, Any]) -> None:
        self.state, self.since = {}, time.monotonic()
        for row in data["transactions"]:
            self._take_row(socket, {"transaction": row})
        for room in data["rooms"]:
            self._take_room(socket, {"room": room})

    def _take_row(self, socket: Socket, data: dict[str, Any]) -> None:
        self.since = time.monotonic()
        row = data["transaction"]
        key = f"transaction {row['id']}"
        if row["status"] not in self._shows:
            self.state.pop(key, None)
        else:
            self.state[key] = max(row["version"], self.state.get(key, 0))

    def _take_room(self, socket: Socket, data: dict[str, Any]) -> None:
        self.since = time.monotonic()
        key = f"room {data['room']['number']}"
        self.state[key] = max(data["room"]["version"], self.state.get(key, 0))

    def _take_digest(self, socket: Socket, digest: dict[str, int]) -> None:
        if not self._differs(digest):
            return
        loop = asyncio.get_running_loop()
        loop.call_later(PATIENCE, lambda: self._differs(digest) and self._ask_anew(socket))

    def _differs(self, digest: dict[str, int]) -> bool:
        own = (len(self.state), sum(self.state.values()))
        return own != (digest["count"], digest["versions"])

    def _ask_anew(self, socket: Socket, data: Any = None) -> None:
        if not socket.closed.done():
            socket.send(json.dumps({"command": "snapshot"}))
