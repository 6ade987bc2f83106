"""A client of the wire contract, written from docs/protocol.md alone: HTTP and WebSockets.

It shares no code with the server or the pages, so both are held to the page and not to each other.
"""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]
#: Far longer than an answer takes, however busy the machine.
PATIENCE = 20.0

#: "A screen removes a row whose status it does not show": the statuses of each screen's snapshot.
WITH_THERAPIST = {"therapist_confirmed", "in_service"}
WAITING = {"pending_therapist", "on_hold"}
AT_THE_TILL = {"finished", "awaiting_payment", "paying"}
SHOWN = {
    "therapist": WITH_THERAPIST | WAITING,
    "cashier": AT_THE_TILL,
    "monitor": WITH_THERAPIST | WAITING | AT_THE_TILL,
    "board": WITH_THERAPIST | WAITING,
}


class Reply(NamedTuple):
    """An HTTP response with a JSON body."""

    status: int
    headers: http.client.HTTPMessage
    data: Any


class Api:
    """The HTTP API for one caller; `headers` are sent with each request."""

    def __init__(self, url: str, **headers: str) -> None:
        self.url = url
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def with_headers(self, **headers: str) -> Self:
        """Return the same API for a caller who sends these headers too."""
        return type(self)(self.url, **self.headers, **headers)

    def get(self, path: str, **headers: str) -> Reply:
        """Send a GET."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, data: Any = None) -> Reply:
        """Send a POST with a JSON object."""
        return self._send("POST", path, json.dumps({} if data is None else data), {})

    def command(self, name: str, **data: Any) -> Reply:
        """Send a command."""
        return self.post(f"/api/commands/{name}/", data)

    def does(self, name: str, **data: Any) -> Message:
        """Send a command that must succeed; return its result."""
        reply = self.command(name, **data)
        assert (reply.status, reply.data["ok"]) == (200, True), reply.data
        result: Message = reply.data
        return result

    def _send(self, method: str, path: str, body: str | None, more: Mapping[str, str]) -> Reply:
        host = urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        json_body = {"Content-Type": "application/json"} if body is not None else {}
        sent = {name.replace("_", "-"): value for name, value in more.items()}
        try:
            connection.request(method, path, body, self.headers | json_body | sent)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        is_json = "json" in response.headers.get("Content-Type", "")
        return Reply(response.status, response.headers, json.loads(text) if is_json else text)


class Screen:
    """A screen: its rows by snapshot and events, and the digest of what it shows."""

    def __init__(self, connection: ClientConnection, shows: set[str] | None) -> None:
        self._connection = connection
        self._shows = shows
        self._ids = count(1)
        self._unread: list[Message] = []
        self.snapshot: Message = {}
        self.rows: dict[int, Message] = {}
        self.rooms: dict[str, Message] = {}
        self.therapists: dict[int, Message] = {}

    async def hear(self, event: str) -> Message:
        """Return the next message of this kind; messages of other kinds are kept, and applied."""
        for message in self._unread:
            if message["event"] == event:
                self._unread.remove(message)
                return message
        async with asyncio.timeout(PATIENCE):
            while (message := await self._receive())["event"] != event:
                self._unread.append(message)
        return message

    async def hear_of(self, part: str, event: str, **values: Any) -> Message:
        """Return the transaction, room or therapist of the first such event with these values.

        A command is answered before its events are sent, so a screen that opens after it may hear
        them.
        """
        while True:
            told: Message = (await self.hear(event))["data"][part]
            if values.items() <= told.items():
                return told

    async def ask(self, command: str, *, id: str | float | None = None, **data: Any) -> Message:
        """Send a command; return its result."""
        sent = id if id is not None else next(self._ids)
        await self.send(json.dumps({"command": command, "id": sent, "data": data}))
        result = await self.hear(f"{command}_result")
        assert result["id"] == sent
        return result

    async def send(self, text: str) -> None:
        """Send a frame as it is."""
        await self._connection.send(text)

    async def close_code(self) -> int | None:
        """Return the code with which the server closes the socket."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self._connection.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else None

    async def in_step(self) -> Message:
        """Return the first heartbeat with a digest that is this screen's own."""
        while True:
            data: Message = (await self.hear("heartbeat"))["data"]
            names = ("count", "versions", "setup", "presence")
            told = {name: data[name] for name in names if name in data}
            if data.get("count") is not None and self.digest().items() >= told.items():
                return data

    def digest(self) -> dict[str, int]:
        """Return the number of rows, the sum of their versions, and the version of the setup."""
        shown = [*self.rows.values(), *self.rooms.values()]
        return {
            "count": len(shown),
            "versions": sum(row["version"] for row in shown),
            "setup": self.snapshot["setup"],
            "presence": sum(
                each["version"]
                for each in self.therapists.values()
                if each["presence"] != "off_duty"
            ),
        }

    async def _receive(self) -> Message:
        message: Message = json.loads(await self._connection.recv())
        data = message.get("data", {})
        if message["event"] == "snapshot":
            self.snapshot = data
            rows = [data["transaction"]] if "transaction" in data else data.get("transactions", [])
            self.rows = {row["id"]: row for row in rows}
            self.rooms = {room["number"]: room for room in data.get("rooms", [])}
            self.therapists = {each["id"]: each for each in data.get("therapists", [])}
        elif "transaction" in data:
            self._take(data["transaction"])
        elif "room" in data:
            room = data["room"]
            if room["version"] > self.rooms.get(room["number"], {"version": 0})["version"]:
                self.rooms[room["number"]] = room
        elif "therapist" in data:
            therapist = data["therapist"]
            if therapist["version"] >= self.therapists[therapist["id"]]["version"]:
                self.therapists[therapist["id"]] = therapist
        return message

    def _take(self, row: Message) -> None:
        known = self.rows.get(row["id"])
        if known and known["version"] >= row["version"]:
            return
        if self._shows is None or row["status"] in self._shows:
            self.rows[row["id"]] = row
        else:
            self.rows.pop(row["id"], None)


@asynccontextmanager
async def open_screen(url: str, path: str, **headers: str) -> AsyncIterator[Screen]:
    """Open the socket at a path of `/ws/`."""
    name = path.strip("/").split("/")[0]
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    address = f"{url.replace('http', 'ws', 1)}/ws/{path}"
    async with connect(address, additional_headers=sent, max_size=None) as connection:
        yield Screen(connection, SHOWN.get(name))
