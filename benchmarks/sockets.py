"""Low-cost client sockets, the same for all sides of a measurement.

A WebSocket library takes more processor time for a message than the servers under test, and would
be measured itself. These sockets parse frames from the stream; they speak plain JSON messages, or
Socket.IO's over the same frames.
"""

import asyncio
import base64
import json
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FIN = 0x80
MASKED = 0x80
#: A masking key of zeros leaves the text as it is, which saves the client the work.
NO_MASK = bytes(4)
#: Text in the first bytes of the message that confirms a subscription.
READY = b"snapshot"
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Address:
    """Address and login of a client; `socket_io` names the event that subscribes there."""

    port: int
    path: str
    cookie: str = ""
    socket_io: str = ""
    #: Fields that are sent with every command.
    own: dict[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"


class Socket(asyncio.Protocol):
    """Client socket; `on_text` receives every message except the protocol's own."""

    def __init__(self, address: Address, on_text: Callable[["Socket", bytes], None]) -> None:
        self._address = address
        self._on_text = on_text
        self._buffer = bytearray()
        self._upgraded = False
        self._transport: Any = None
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._answer: asyncio.Future[dict[str, Any]] | None = None

    async def ask(self, command: str, **data: Any) -> dict[str, Any]:
        """Send a command and return its answer; one at a time."""
        self._answer = asyncio.get_running_loop().create_future()
        data = self._address.own | data
        if self._address.socket_io:
            self.send("42" + json.dumps([command, data]))
        else:
            self.send(json.dumps({"command": command, "data": data}))
        return await asyncio.wait_for(self._answer, ANSWER_SECONDS)

    def send(self, text: str) -> None:
        """Send a message."""
        self._send_frame(TEXT, text.encode())

    def cut(self) -> None:
        """Abort the connection without a closing handshake, as a network failure does."""
        self._transport.abort()

    # -- asyncio's side -------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Request the WebSocket upgrade."""
        self._transport = transport
        host = f"{self._address.host}:{self._address.port}"
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self._address.path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nCookie: {self._address.cookie}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Parse the answer to the handshake, then frames."""
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(bytes(self._buffer[:200]))
            del self._buffer[: end + 4]
            self._upgraded = True
        self._take_frames()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the pending answers."""
        for future in (self.ready, self._answer):
            if future and not future.done():
                future.set_exception(ConnectionError("the line is gone"))
                future.exception()  # mark as retrieved: nobody may be waiting
        if not self.closed.done():
            self.closed.set_result(None)

    def _take_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) >= at + 2:
            length, begin = buffer[at + 1], at + 2
            if length == 126:
                begin += 2
                if len(buffer) < begin:
                    break
                [length] = struct.unpack_from("!H", buffer, at + 2)
            elif length == 127:
                begin += 8
                if len(buffer) < begin:
                    break
                [length] = struct.unpack_from("!Q", buffer, at + 2)
            if len(buffer) < begin + length:
                break
            opcode = buffer[at] & 0x0F
            at = begin + length
            self._take(opcode, bytes(buffer[begin:at]))
        del buffer[:at]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self._take_text(payload)
        elif opcode == PING:
            self._send_frame(PONG, payload)
        elif opcode == CLOSE:
            self._transport.close()

    def _take_text(self, text: bytes) -> None:
        if self._address.socket_io and not text.startswith(b"42"):
            self._take_engine_io(text)
            return
        start = text[:64]
        if b"_result" in start and self._answer and not self._answer.done():
            self._answer.set_result(self._answered(text))
        elif READY in start and not self.ready.done():
            self.ready.set_result(None)
        self._on_text(self, text)

    def _take_engine_io(self, text: bytes) -> None:
        if text.startswith(b"0"):  # opened: connect to the namespace
            self.send("40")
        elif text.startswith(b"40"):  # connected: subscribe
            self.send("42" + json.dumps([self._address.socket_io, {}]))
        elif text == b"2":  # ping
            self.send("3")

    def _answered(self, text: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = (
            json.loads(text[2:])[1] if self._address.socket_io else json.loads(text)
        )
        return answer

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([size | MASKED]) if size < 126 else struct.pack("!BH", 126 | MASKED, size)
        self._transport.write(bytes([FIN | opcode]) + length + NO_MASK + payload)


async def connect(
    address: Address, on_text: Callable[[Socket, bytes], None] = lambda socket, text: None
) -> Socket:
    """Connect, subscribe, and return once the server has said so."""
    loop = asyncio.get_running_loop()
    _transport, socket = await loop.create_connection(
        lambda: Socket(address, on_text), address.host, address.port
    )
    await asyncio.wait_for(socket.ready, ANSWER_SECONDS)
    return socket
