"""Clients of a seeded spa with two processes: a screen without a browser, and logins."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http.cookiejar import CookieJar
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tools.servers import AppServer

PASSWORD = "a-long-walk-to-the-sea"
SOON = 10.0  # seconds, far longer than an event takes, however busy the machine
ANSWER_SECONDS = 10.0

Message = dict[str, Any]
Visit = dict[str, Any]  # a transaction's data on the wire


class Floor(NamedTuple):
    """The two processes of one spa."""

    one: AppServer
    two: AppServer

    def offers(self) -> list[Message]:
        """Return the classifications on the menu, each with its `service_id`, in menu order."""
        with urllib.request.urlopen(f"{self.one.url}/api/menu/") as response:
            menu = json.load(response)
        return [
            offer | {"service_id": service["id"]}
            for category in menu["categories"]
            for service in category["services"]
            for offer in service["classifications"]
        ]


class Desk:
    """Screen without a browser: sends commands, and keeps the last received state of each visit."""

    def __init__(self, path: str, connection: ClientConnection) -> None:
        self.path = path
        self.snapshot: Message = {}
        self.visits: dict[int, Visit] = {}
        self._connection = connection
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._news = asyncio.Condition()

    async def ask(self, command: str, **data: Any) -> Message:
        """Send a command; return the reply, a refusal too."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"command": command, "id": number, "data": data}))
        async with asyncio.timeout(ANSWER_SECONDS):
            return await self._answers[number]

    async def does(self, command: str, **data: Any) -> Visit:
        """Send a command that must succeed; return the transaction."""
        reply = await self.ask(command, **data)
        assert reply["ok"], f"{command}: {reply}"
        visit: Visit = reply["transaction"]
        return visit

    async def sees(self, visit: Visit) -> None:
        """Wait until the screen has received this state of a visit; fail when it never does."""
        number, state = visit["id"], (visit["status"], visit["version"])
        try:
            async with asyncio.timeout(SOON), self._news:
                await self._news.wait_for(lambda: self._state_of(number) == state)
        except TimeoutError:
            raise AssertionError(
                f"{self.path} was told {self._state_of(number)}, not {state}"
            ) from None

    def _state_of(self, number: int) -> tuple[str, int] | None:
        visit = self.visits.get(number)
        return None if visit is None else (visit["status"], visit["version"])

    async def listen(self) -> None:
        """Receive messages until the socket is closed."""
        async for text in self._connection:
            message = json.loads(text)
            async with self._news:
                self._take(message)
                self._news.notify_all()

    async def is_shown(self) -> None:
        """Wait for the first snapshot."""
        async with asyncio.timeout(ANSWER_SECONDS), self._news:
            await self._news.wait_for(lambda: self.snapshot)

    def _take(self, message: Message) -> None:
        if "id" in message:
            self._answers.pop(message["id"]).set_result(message)
            return
        data = message.get("data", {})
        if message["event"] == "snapshot":
            self.snapshot = data
        one = [data["transaction"]] if "transaction" in data else []
        for visit in [*one, *data.get("transactions", [])]:
            self.visits[visit["id"]] = visit


@asynccontextmanager
async def desk(server: AppServer, path: str, username: str = "") -> AsyncIterator[Desk]:
    """Open a socket of a process, as a member of staff or as a visitor, and read its snapshot."""
    cookie = await asyncio.to_thread(log_in, server, username) if username else ""
    origin, headers = Origin(server.url), {"Cookie": cookie}
    address = server.ws_url + path
    async with connect(address, origin=origin, additional_headers=headers) as connection:
        screen = Desk(path, connection)
        listening = asyncio.create_task(screen.listen())
        try:
            await screen.is_shown()
            yield screen
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await listening


async def close_code(connection: ClientConnection) -> int | None:
    """Wait until the server closes the socket; return the close code."""
    with suppress(ConnectionClosed):
        while True:
            await connection.recv()
    return connection.close_code


def log_in(server: AppServer, username: str) -> str:
    """Log in by the form, as a browser does; return the `Cookie` header."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"{server.url}/accounts/login/"
    browser.open(address).close()
    token = next(cookie.value for cookie in jar if is_csrf(cookie.name))
    form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    # Over https Django's CSRF check requires the Referer of a form.
    sent = urllib.request.Request(address, urlencode(form).encode(), {"Referer": address})
    browser.open(sent).close()
    cookies = {cookie.name: cookie.value for cookie in jar}
    assert any(name.endswith("sessionid") for name in cookies), f"{username} could not log in"
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def is_csrf(cookie: str) -> bool:
    """Return whether a cookie of this name is the CSRF token; over https it has a prefix."""
    return cookie.removeprefix("__Host-") == "csrftoken"
