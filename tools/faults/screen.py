"""Browser screen as a program: what static/js/lib/socket.js and store.js do, without a page.

It keeps the newest version of each row, compares heartbeats with them, requests a snapshot where a
difference lasts, and reconnects after each cut, to whichever process answers.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from queueing.events import BOARD, CASHIERS, MONITOR, THERAPISTS
from queueing.states import Status
from tools.servers import AppServer

SETTLE_SECONDS = 1.0
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 15.0
OPEN_SECONDS, PROBE_SECONDS, SILENT_SECONDS = 10.0, 7.0, 25.0

Message = dict[str, Any]


class View(NamedTuple):
    """Kind of screen: its socket, its snapshot over HTTP, and the statuses it shows."""

    socket: str
    http: str
    shows: frozenset[Status]


MONITOR_VIEW = View("/ws/monitor/", "/api/snapshots/monitor/", MONITOR.shows)
BOARD_VIEW = View("/ws/board/", "/api/snapshots/board/", BOARD.shows)
THERAPIST_VIEW = View("/ws/therapist/", "/api/snapshots/therapist/", THERAPISTS.shows)
CASHIER_VIEW = View("/ws/cashier/", "/api/snapshots/cashier/", CASHIERS.shows)


def ticket_view(key: str) -> View:
    """Return the view of one customer's ticket."""
    return View(f"/ws/ticket/{key}/", f"/api/tickets/{key}/", frozenset(Status))


class Screen:
    """Screen that is connected for as long as `live` runs."""

    def __init__(self, view: View, servers: Sequence[AppServer], cookie: str = "") -> None:
        self.view = view
        self.cookie = cookie
        self.is_live = False
        #: Seconds before a reconnect; `None` for a browser's back-off.
        self.away: float | None = None
        #: Number of lost connections, and of differences that heartbeats revealed.
        self.cuts = self.corrections = 0
        #: Number of connections closed because they were silent for too long.
        self.silences = 0
        self._servers = list(servers)
        self._rows: dict[int, Message] = {}
        self._rooms: dict[str, Message] = {}
        self._gone: dict[int, int] = {}
        self._figures: Message | None = None
        self._connection: ClientConnection | None = None
        self._doubt: asyncio.Task[None] | None = None

    def shown(self) -> Message:
        """Return the shown state, in the shape of `state_of`."""
        return {"rows": self._rows, "rooms": self._rooms, "figures": self._figures}

    async def live(self) -> None:
        """Connect, follow and reconnect, as a browser does."""
        attempt, dice = 0, Random(id(self))
        while True:
            try:
                await self._follow()
            except TimeoutError:  # before OSError, of which it is a subclass
                self.silences += 1
            except (OSError, WebSocketException):
                pass
            attempt = 0 if self.is_live else attempt + 1
            self.is_live = False
            self.cuts += 1
            self._servers.append(self._servers.pop(0))  # the next process, as a load balancer does
            ceiling = min(LONGEST_WAIT, 2.0**attempt)
            wait = dice.uniform(SHORTEST_WAIT, ceiling) if self.away is None else self.away
            await asyncio.sleep(wait)

    def cut(self) -> None:
        """Abort the connection without a closing handshake, as a dead network does."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _follow(self) -> None:
        server = self._servers[0]
        opening = connect(
            server.ws_url + self.view.socket,
            origin=Origin(server.url),
            additional_headers={"Cookie": self.cookie},
            open_timeout=OPEN_SECONDS,
            compression=None,
            close_timeout=1,
            ping_interval=None,
            max_size=None,
        )
        async with opening as self._connection:
            while True:
                self._take(json.loads(await self._heard()))

    async def _heard(self) -> str | bytes:
        """Return the next message; a silent connection is asked for one before it is given up."""
        assert self._connection is not None
        if not self.is_live:
            async with asyncio.timeout(OPEN_SECONDS):
                return await self._connection.recv()
        probe = asyncio.get_running_loop().call_later(PROBE_SECONDS, self._ask_for_snapshot)
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                return await self._connection.recv()
        finally:
            probe.cancel()

    def _take(self, message: Message) -> None:
        self.is_live = True
        data = message.get("data", {})
        self._figures = data.get("statistics", self._figures)
        if message["event"] == "snapshot":
            self._replace(state_of(data))
        elif message["event"] == "heartbeat":
            self._compare(data)
        elif message["event"] == "resync":
            self._ask_for_snapshot()
        else:
            self._learn(data)

    def _replace(self, state: Message) -> None:
        for row in self._rows.values():
            self._remember(row)
        self._rows, self._rooms = state["rows"], state["rooms"]
        for number in self._rows:
            self._gone.pop(number, None)

    def _learn(self, news: Message) -> None:
        if room := news.get("room"):
            self._learn_room(room)
        row = news.get("transaction")
        if row is None or row["version"] <= self._version_of(row["id"]):
            return
        if row["status"] in self.view.shows:
            self._rows[row["id"]] = row
        else:
            self._rows.pop(row["id"], None)
            self._remember(row)

    def _learn_room(self, room: Message) -> None:
        known = self._rooms.get(room["number"])
        if known is None or room["version"] > known["version"]:
            self._rooms[room["number"]] = room

    def _version_of(self, number: int) -> int:
        row = self._rows.get(number)
        return row["version"] if row else self._gone.get(number, -1)

    def _remember(self, row: Message) -> None:
        self._gone[row["id"]] = max(row["version"], self._gone.get(row["id"], -1))

    # -- The heartbeat --------------------------------------------------------------------------

    def _agrees(self, beat: Message) -> bool:
        all_rows = [*self._rows.values(), *self._rooms.values()]
        versions = sum(row["version"] for row in all_rows)
        return (beat["count"], beat["versions"]) == (len(all_rows), versions)

    def _compare(self, beat: Message) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
        if not self._agrees(beat):
            self._doubt = asyncio.create_task(self._doubt_a_while(beat))

    async def _doubt_a_while(self, beat: Message) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        if not self._agrees(beat):
            self.corrections += 1
            self._ask_for_snapshot()

    def _ask_for_snapshot(self) -> None:
        async def ask(connection: ClientConnection) -> None:
            with suppress(WebSocketException):
                await connection.send('{"command": "snapshot"}')

        if self._connection is not None:
            self._asking = asyncio.create_task(ask(self._connection))


def state_of(snapshot: Message) -> Message:
    """Return the state in a snapshot, by row number."""
    one = [snapshot["transaction"]] if "transaction" in snapshot else []
    return {
        "rows": {row["id"]: row for row in [*one, *snapshot.get("transactions", [])]},
        "rooms": {room["number"]: room for room in snapshot.get("rooms", [])},
        "figures": snapshot.get("statistics"),
    }


@asynccontextmanager
async def living(screens: Sequence[Screen]) -> AsyncIterator[None]:
    """Run the screens inside the block."""
    lives = [asyncio.create_task(screen.live()) for screen in screens]
    try:
        yield
    finally:
        for life in lives:
            life.cancel()
        for ended in await asyncio.gather(*lives, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended  # otherwise a crashed screen would look disconnected
