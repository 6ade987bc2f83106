"""Messages framed once for all sockets, gathered, and written at once.

autobahn frames each message anew for each socket, and Twisted writes it when the selector has said
that the network would take it. Here the frame of a message is made once; what is sent to a client
in one turn of the event loop, and the events of a few milliseconds, leave in one write; and that is
tried without asking.

It depends on what is not documented (`spa_project/tests/lib/test_internals.py`):

* Daphne's `WebSocketProtocol.serverSend` is where a message of the application arrives.
* autobahn's `WebSocketProtocol.state` and `STATE_OPEN`. Our frames go past its `sendMessage`,
  `sendFrame` and `sendData`, which for a server without compression make the same bytes and give
  them to `transport.write`, unless `send_queue` holds some.
* Twisted's `FileDescriptor.write` appends to `_tempDataBuffer`, which `doWrite` moves to
  `dataBuffer` and gives to `writeSomeData`: with both empty, nothing is waiting to be written.
"""

import asyncio
import struct
from functools import lru_cache
from typing import Any

from daphne.ws_protocol import WebSocketProtocol

#: Seconds from one write to a client to the next for events alone: 100 writes a second. On a floor
#: with fewer events nothing waits.
GATHER_SECONDS = 0.01


class SendingProtocol(WebSocketProtocol):
    """Daphne's WebSocket protocol with less work for each message."""

    _frames: list[bytes] | None = None  # what leaves in a moment
    _written_at = float("-inf")

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        """Send a message, in one write with others to this client in the same turn of the loop."""
        if self.state == self.STATE_OPEN:
            self.gather(content, binary)
            asyncio.get_running_loop().call_soon(self.flush)

    def send_event(self, text: str) -> None:
        """Send an event, in one write with others of the next `GATHER_SECONDS` on a busy floor."""
        if self._frames is None:
            loop = asyncio.get_running_loop()
            wait = self._written_at + GATHER_SECONDS - loop.time()
            if wait > 0:
                _flush_later(self, wait)
            else:
                loop.call_soon(self.flush)
        self.gather(text, binary=False)

    def gather(self, content: str | bytes, binary: bool) -> None:
        """Put a message behind those of the next write."""
        if self._frames is None:
            self._frames = []
        self._frames.append(frame(content, binary))

    def flush(self) -> None:
        """Write the gathered messages."""
        if self._frames is None:
            return
        self._written_at = asyncio.get_running_loop().time()
        frames, self._frames = self._frames, None
        if self.state == self.STATE_OPEN:  # nothing may follow a close frame
            write(self.transport, b"".join(frames))


#: Clients whose events wait for the next write. They have one timer, as most wait for one event.
_waiting: list[SendingProtocol] = []


def _flush_later(protocol: SendingProtocol, seconds: float) -> None:
    if not _waiting:
        asyncio.get_running_loop().call_later(seconds, _flush_all)
    _waiting.append(protocol)


def _flush_all() -> None:
    loop = asyncio.get_running_loop()
    for protocol in _waiting:
        loop.call_soon(protocol.flush)
    _waiting.clear()


@lru_cache(maxsize=8)
def frame(content: str | bytes, binary: bool) -> bytes:
    """Return a message as a server's frame.

    https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    """
    payload = content if isinstance(content, bytes) else content.encode()
    size = len(payload)
    first = 0x82 if binary else 0x81
    if size < 126:
        head = struct.pack("!BB", first, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 126, size)
    else:
        head = struct.pack("!BBQ", first, 127, size)
    return head + payload


def write(transport: Any, data: bytes) -> None:
    """Write at once what the network takes, before Twisted's selector reports it as writable.

    The selector costs two more system calls for each message, each of them a GIL hand-over.
    """
    if transport.connected and not (transport.dataBuffer or transport._tempDataBuffer):
        taken = transport.writeSomeData(data)
        # An exception means a lost connection, which the reading side notices.
        data = data[taken:] if isinstance(taken, int) else b""
    if data:
        transport.write(data)
