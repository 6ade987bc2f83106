"""Client of the live sockets that records every command in the history."""

import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection

from queueing.simulation.client import Hear, LiveClient, Message
from tools.faults.history import INFO, History, Operation, phase_of

ANSWER_SECONDS = 4.0
LONGEST_WAIT = 1.0
#: Commands without an idempotency key: sent twice, they rightly take effect twice.
NOT_KNOWN_AGAIN = frozenset({"therapist_add_service"})


@dataclass
class Frames:
    """Number of times that each frame of a command is sent now."""

    copies: int = 1


_copies: ContextVar[int] = ContextVar("copies", default=1)


class RecordedClient(LiveClient):
    """Recording connection of the user `client`."""

    def __init__(
        self,
        urls: Sequence[str],
        path: str,
        *,
        client: str,
        history: History,
        frames: Frames,
        hear: Hear,
        token: str = "",
    ) -> None:
        super().__init__(
            urls,
            path,
            token=token,
            hear=hear,
            answer_within=ANSWER_SECONDS,
            longest_wait=LONGEST_WAIT,
        )
        self._client = client
        self._history = history
        self._frames = frames

    async def ask(self, command: str, **data: Any) -> Message:
        """Send a command, record it, and return the reply."""
        copies = 1 if command in NOT_KNOWN_AGAIN else self._frames.copies
        _copies.set(copies)
        began = self._history.invoke(self._client, command, data)
        reply: Message = {}
        try:
            reply = await super().ask(command, **data)
            return reply
        finally:
            keyed = "request_id" in data
            phase = phase_of(reply, keyed=keyed, copies=copies) if reply else INFO
            self._history.end(
                Operation(self._client, command, data, began, time.time(), phase, reply, copies)
            )

    async def _send(self, connection: ClientConnection, message: Message) -> None:
        copies = 1 if message["command"] == "snapshot" else _copies.get()
        for _each in range(copies):
            await super()._send(connection, message)
