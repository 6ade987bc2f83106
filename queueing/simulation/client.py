"""A client of the live floor that reconnects whenever its socket is lost.

For programs such as `manage.py simulate`; browsers use static/js/lib/socket.js.
"""

import asyncio
import json
import random
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, cycle
from typing import Any, NamedTuple, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin

Message = dict[str, Any]
Hear = Callable[[str, Message], None]

SHORTEST_WAIT = 0.2
LONGEST_WAIT = 15.0
#: Errors after which the command was not done and may be sent again.
LATER = frozenset({"busy", "rate_limited"})
#: Close codes after which reconnecting is useless (docs/protocol.md).
FOR_GOOD = frozenset({4401, 4403, 4404})
#: The longest message in bytes, a screen of some thousand rows; the server has the same limit.
MAX_MESSAGE = 4 * 1024 * 1024


class ConnectionLost(Exception):
    """An error when the socket closed before the reply: the command may have been done."""


class ConnectionRejected(Exception):
    """An error when the server refuses this socket for good; the message is its close code."""


class Credentials(NamedTuple):
    """A login: the token, and the person's branch."""

    token: str
    branch: str


def log_in(url: str, username: str, password: str) -> Credentials:
    """Get a token from the spa at `url`; raise `OSError` when it is refused or unreachable."""
    request = urllib.request.Request(
        f"{url}/api/login/",
        json.dumps({"username": username, "password": password}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    return Credentials(answer["token"], answer["user"]["branch"])


def read_json(url: str) -> Any:
    """Return the spa's response at a public URL."""
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


class LiveClient:
    """One socket of a spa, kept open inside an `async with` block.

    `urls` are the processes it may be opened at, tried one after the other. `hear` is called with
    every event and its data, snapshots included.
    """

    def __init__(
        self,
        urls: Sequence[str],
        path: str,
        *,
        token: str = "",
        hear: Hear = lambda event, data: None,
        answer_within: float = 20.0,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self.snapshot: Message = {}
        self.opened = 0  # how many times
        self._urls = cycle(urls)
        self._path = path
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._hear = hear
        self._answer_within = answer_within
        self._longest_wait = longest_wait
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._connection: ClientConnection | None = None
        self._over: ConnectionRejected | None = None
        self._settled = asyncio.Event()  # connected, or rejected for good
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep_open())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._keeping.cancel()
        await asyncio.wait({self._keeping})

    # -- Asking ---------------------------------------------------------------------------------

    async def ask(self, command: str, **data: Any) -> Message:
        """Send a command as soon as the socket is open; return the reply, a refusal too.

        Raises `ConnectionLost`, `ConnectionRejected`.
        """
        connection = await self._whenever_open()
        number = next(self._ids)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            async with asyncio.timeout(self._answer_within):
                await self._send(connection, {"command": command, "id": number, "data": data})
                if reply := await answer:
                    return reply
                raise ConnectionLost
        except ConnectionClosed as error:
            # Returns at once: asking again without waiting would starve `_keep_open`.
            self._forget(connection)
            raise ConnectionLost from error
        except TimeoutError as error:
            raise ConnectionLost from error
        finally:
            self._answers.pop(number, None)

    async def insist(self, command: str, **data: Any) -> Message:
        """Send a command until it is answered, across reconnections, and wait where told to.

        Only for commands with a `request_id` (idempotency key), which the server recognizes.
        """
        while True:
            try:
                reply = await self.ask(command, **data)
            except ConnectionLost:
                continue
            if reply.get("code") not in LATER:
                return reply
            await asyncio.sleep(reply.get("retry_after", random.uniform(0.1, 0.5)))

    async def refresh(self) -> None:
        """Request a snapshot; a socket that is lost meanwhile gets one when it reconnects."""
        if self._connection is not None:
            with suppress(ConnectionClosed):
                await self._send(self._connection, {"command": "snapshot"})

    async def news(self, within: float) -> None:
        """Wait for the next event, for so many seconds at most."""
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()

    def drop(self) -> None:
        """Break the connection without a close frame, as a tablet with an empty battery does."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def _send(self, connection: ClientConnection, message: Message) -> None:
        await connection.send(json.dumps(message))

    async def _whenever_open(self) -> ClientConnection:
        while self._connection is None:
            if self._over:
                raise self._over
            self._settled.clear()
            await self._settled.wait()
        return self._connection

    # -- Keeping it open ------------------------------------------------------------------------

    async def _keep_open(self) -> None:
        attempt = 0
        while self._over is None:
            opened = self.opened
            with suppress(OSError, TimeoutError, WebSocketException):
                await self._run_connection(next(self._urls))
            attempt = 0 if self.opened > opened else attempt + 1
            ceiling = min(self._longest_wait, SHORTEST_WAIT * 2 ** (attempt + 1))
            await asyncio.sleep(random.uniform(SHORTEST_WAIT, ceiling))
        self._settled.set()

    async def _run_connection(self, url: str) -> None:
        async with connect(
            url.replace("http", "ws", 1) + self._path,
            origin=Origin(url),
            additional_headers=self._headers,
            compression=None,
            proxy=None,
            open_timeout=self._answer_within,
            close_timeout=1,
            ping_interval=self._answer_within / 2,
            ping_timeout=self._answer_within / 2,
            max_size=MAX_MESSAGE,
        ) as connection:
            try:
                # Only the first message proves that the socket was admitted: a refused one is
                # accepted, then closed.
                first = await connection.recv()
                self._connection = connection
                self.opened += 1
                self._settled.set()
                self._take(json.loads(first))
                async for text in connection:
                    self._take(json.loads(text))
            finally:
                if connection.close_code in FOR_GOOD:
                    self._over = ConnectionRejected(connection.close_code)
                self._forget(connection)

    def _take(self, message: Message) -> None:
        answer = self._answers.get(message.get("id") or 0)
        if answer is not None:
            if not answer.done():
                answer.set_result(message)
            return
        if message["event"] == "snapshot":
            self.snapshot = message["data"]
        self._hear(message["event"], message.get("data") or {})
        self._news.set()

    def _forget(self, connection: ClientConnection) -> None:
        if self._connection is not connection:
            return
        self._connection = None
        for answer in self._answers.values():
            if not answer.done():
                # empty: if the caller has gone, nobody retrieves an exception
                answer.set_result({})
