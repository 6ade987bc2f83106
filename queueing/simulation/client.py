"""A client of the live floor: a socket that is opened again whenever it is lost.

For programs that work here as people do, such as `manage.py simulate`; what a browser has
static/js/lib/socket.js for.
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
#: The server answers "later" with these; nothing has been done then.
LATER = frozenset({"busy", "rate_limited"})
#: Close codes after which it is no use to try again (docs/protocol.md).
FOR_GOOD = frozenset({4401, 4403, 4404})
#: A screen of some thousand rows; the same as the server's own limit.
MAX_MESSAGE = 4 * 1024 * 1024


class ConnectionLost(Exception):
    """The line broke before the answer came: nobody knows whether it was done."""


class ConnectionRejected(Exception):
    """The server does not want this socket, now or later; the message is its close code."""


class Credentials(NamedTuple):
    """Who has logged in: their token, and the branch they work in."""

    token: str
    branch: str


def log_in(url: str, username: str, password: str) -> Credentials:
    """Get a token from the spa at `url`. Raises `OSError` when it is refused or unreachable."""
    request = urllib.request.Request(
        f"{url}/api/login/",
        json.dumps({"username": username, "password": password}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    return Credentials(answer["token"], answer["user"]["branch"])


def read_json(url: str) -> Any:
    """What the spa answers at an address anyone may read."""
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.load(response)


class LiveClient:
    """One socket of a spa, kept open inside an `async with` block.

    `urls` are the processes it may be opened at, one after the other. `hear` is called with every
    event and its data, the snapshot among them.
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
        self._settled = asyncio.Event()  # open, or over for good
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep_open())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._keeping.cancel()
        await asyncio.wait({self._keeping})

    # -- Asking ---------------------------------------------------------------------------------

    async def ask(self, command: str, **data: Any) -> Message:
        """Send a command as soon as the line is open; return the reply, a refusal too.

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
            # At once: whoever asks again without waiting would keep `_keep_open` from its turn.
            self._forget(connection)
            raise ConnectionLost from error
        except TimeoutError as error:
            raise ConnectionLost from error
        finally:
            self._answers.pop(number, None)

    async def insist(self, command: str, **data: Any) -> Message:
        """Ask until it is answered, however many lines that takes, and wait where told to.

        Only for commands that the server knows again: those with a `request_id`.
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
        """Have a snapshot sent; a line that is lost just now brings one when it comes back."""
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
        """Break the line without a word, as a tablet does whose battery is empty."""
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
                await self._live_once(next(self._urls))
            attempt = 0 if self.opened > opened else attempt + 1
            ceiling = min(self._longest_wait, SHORTEST_WAIT * 2 ** (attempt + 1))
            await asyncio.sleep(random.uniform(SHORTEST_WAIT, ceiling))
        self._settled.set()

    async def _live_once(self, url: str) -> None:
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
                # Only the first message proves the line: a refused one is accepted, then closed.
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
                answer.set_result({})  # nothing: whoever asked may be gone, and miss an exception
