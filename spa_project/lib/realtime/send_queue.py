"""The queue of messages to be sent on one socket, which limits back-pressure to that socket."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from spa_project.lib.realtime.eager_start import start_eagerly

#: A ready text, or the code to close with.
Message = str | int

#: The extension of a socket's scope by which its server sends an event without a coroutine. It
#: returns False when the client has to catch up, or is gone: then nothing was sent.
SEND_EVENT = "spa.send_event"


class SendQueue:
    """A queue that sends messages in order, one at a time; putting never waits.

    A message is sent at once where nothing waits. The queue is a list, with a task only while the
    client has to catch up: a task for each message took a third of the event loop's time, and an
    `asyncio.Queue` with a waiting one would be a quarter of an idle socket's memory.
    """

    def __init__(self, send: Callable[[Message], Awaitable[bool]], size: int) -> None:
        """Set the function that sends, which returns whether to go on, and the `size` when full."""
        self._send = send
        self._send_event: Callable[[str], bool] | None = None
        self._size = size
        self._waiting: list[Message] = []
        self._is_sending = False
        self._writer: asyncio.Task[None] | None = None

    def use_extension(self, scope: Mapping[str, Any]) -> None:
        """Send events by the server's extension, where the socket's scope has it."""
        self._send_event = scope.get("extensions", {}).get(SEND_EVENT)

    @property
    def full(self) -> bool:
        """Return whether nothing more should be put in."""
        return len(self._waiting) >= self._size

    def put_event(self, text: str) -> None:
        """Send an event after the messages that wait; the server may gather it with others."""
        if self._send_event is None or self._is_sending or not self._send_event(text):
            self.put(text)

    def put(self, message: Message) -> None:
        """Send a message after those that wait."""
        self._waiting.append(message)
        if not self._is_sending:
            self._is_sending = True
            self._writer = start_eagerly(self._write())

    def put_instead(self, message: Message) -> None:
        """Send a message in place of those that wait."""
        self._waiting.clear()
        self.put(message)

    def end(self) -> None:
        """Stop sending: the socket has closed."""
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self) -> None:
        while self._waiting:
            if not await self._send(self._waiting.pop(0)):
                return  # the socket is dead: nothing is ever sent again
        self._is_sending = False
