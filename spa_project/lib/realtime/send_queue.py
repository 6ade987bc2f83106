"""What waits to be sent on one socket."""

import asyncio
from collections.abc import Awaitable, Callable

#: A ready text, or the code to close with.
Message = str | int


class SendQueue:
    """Sends messages in order, one after the other, and never makes anybody wait.

    A list, and a task only while something is in it: an `asyncio.Queue` and a task that waits for
    it would be a quarter of what an idle socket costs.
    """

    def __init__(self, send: Callable[[Message], Awaitable[bool]], size: int) -> None:
        """`send` says whether there is any use in sending more; `size` is when it is full."""
        self._send = send
        self._size = size
        self._waiting: list[Message] = []
        self._writer: asyncio.Task[None] | None = None

    @property
    def full(self) -> bool:
        """Whether nothing more should be put in."""
        return len(self._waiting) >= self._size

    def put(self, message: Message) -> None:
        """Send a message after those that wait."""
        self._waiting.append(message)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())

    def put_instead(self, message: Message) -> None:
        """Send a message in place of those that wait."""
        self._waiting.clear()
        self.put(message)

    def end(self) -> None:
        """The socket has gone."""
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self) -> None:
        while self._waiting:
            if not await self._send(self._waiting.pop(0)):
                return  # and the writer stays where it is: there is never another
        self._writer = None
