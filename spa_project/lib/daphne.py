"""Daphne with graceful shutdown and back-pressure for slow readers."""

import asyncio
import os
from pathlib import Path
from typing import Any

from daphne.server import Server  # first: it installs Twisted's reactor
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.defer import Deferred

from spa_project.lib.frame_limit import TOO_BIG, TOO_FAST, FrameLimit
from spa_project.lib.realtime.send_queue import SEND_EVENT
from spa_project.lib.websocket_sending import SendingProtocol

#: Seconds in which running work has to end; the database rolls back the rest.
SHUTDOWN_TIMEOUT = 4.0


#: Seconds to serve connections that were made before the port closed, and to send the last bytes
#: and events.
LINGER = 0.1


POLL = 0.02

#: How a client that sent too much is read until it closes: so often, with so many seconds between.
#: Twisted reads 64 KiB each time, so this is 13 MB in 5 seconds.
DISCARDED_READS = 200
DISCARD_EVERY = 0.025


class Protocol(SendingProtocol):
    """Daphne's WebSocket protocol, with back-pressure for clients that read too slowly.

    It can also be closed with the close codes of servers.
    """

    #: A future that is done when the client has caught up; None while it keeps up.
    unread: asyncio.Future[None] | None = None

    #: The task that discards what a client still sends after it has sent too much.
    _discarding: asyncio.Future[None] | None = None
    _is_sending = False

    def __init__(self) -> None:
        super().__init__()
        self._frames_in = FrameLimit()

    def onOpen(self) -> None:
        """Register with Twisted as the producer, in place of the request that opened the socket."""
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        super().onOpen()

    def pauseProducing(self) -> None:
        """Pause sending; Twisted calls this when its write buffer is full (back-pressure)."""
        if self.unread is None:
            self.unread = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        """Resume sending; Twisted calls this when its write buffer is empty."""
        if self.unread is not None and not self.unread.done():
            self.unread.set_result(None)
        self.unread = None

    stopProducing = resumeProducing

    def send_at_once(self, event: str) -> bool:
        """Send an event without waiting; return False if the client is behind, or gone."""
        if self.unread is not None or self.state != self.STATE_OPEN:
            return False
        self.send_event(event)
        return True

    def dataReceived(self, data: bytes) -> None:
        """Parse what arrived, unless the client has sent too much."""
        if self._discarding is None:
            super().dataReceived(data)
        else:
            self._is_sending = True
            self.transport.pauseProducing()

    def onFrameBegin(self) -> None:
        """Count each frame: a message, a fragment, a ping, a pong; close on too many.

        autobahn reports neither control frames nor fragments to the application.
        """
        header = self.current_frame
        code = self._frames_in.take(control=header.opcode > 7, first=not self.inside_message)
        if code is not None:
            self.serverClose(code)
        super().onFrameBegin()

    def onPing(self, payload: bytes) -> None:
        """Answer a ping, unless the client does not read: pongs would only pile up."""
        if self.unread is None:
            super().onPing(payload)

    def onMessageFrameBegin(self, length: int) -> None:
        """Close on a message that is too long as soon as its length is known."""
        if self.message_data_total_length + length > self.maxMessagePayloadSize:
            self.serverClose(TOO_BIG)
        else:
            super().onMessageFrameBegin(length)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Hand a message to the application, but not the one that was too much."""
        if self._discarding is None:
            super().onMessage(payload, isBinary)

    def serverClose(self, code: int | None = None) -> None:
        """Close by a frame of our own: autobahn's `sendClose` raises for 1009, 1012, 1013.

        They are registered: https://www.iana.org/assignments/websocket/#close-code-number
        """
        self.flush()
        self.sendCloseFrame(code or 1000)
        if code in (TOO_BIG, TOO_FAST) and self._discarding is None:
            self.data = b""  # autobahn's parser ends here
            self._discarding = asyncio.ensure_future(self._discard())
            self.application_queue.put_nowait({"type": "websocket.flooded"})

    def onCloseHandshakeTimeout(self) -> None:
        """Drop a connection whose client does not close, unless what it sends is discarded."""
        if self._discarding is None:
            super().onCloseHandshakeTimeout()

    async def _discard(self) -> None:
        """Read slowly and parse nothing until the client closes, then drop the connection.

        A connection that is closed while bytes arrive is reset, and the client loses the close code
        if it has not read it yet. nginx does the same (`lingering_close`).
        """
        self.unregisterProducer()
        self.resumeProducing()
        for _read in range(DISCARDED_READS):
            self._is_sending = False
            self.transport.resumeProducing()
            await asyncio.sleep(DISCARD_EVERY)
            if self.state == self.STATE_CLOSED:
                return
            if not self._is_sending:
                self.transport.loseWriteConnection()  # many clients wait for it before they close
        self.dropConnection(abort=True)


WebSocketFactory.protocol = Protocol


class GracefulServer(Server):
    """Daphne with graceful shutdown; by itself it would cut off running work at a signal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        """Record a listening port; Daphne calls this for each endpoint."""
        super().listen_success(port)
        self._ports.append(port)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Run a connection's application; to those of sockets a way to send events is offered.

        The extension takes no coroutine for each socket and event, as ASGI's `send` does. Daphne
        calls this for each connection.
        """
        if isinstance(protocol, Protocol):
            scope["extensions"] = {SEND_EVENT: protocol.send_at_once}
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a message of the application, or wait until a slow client has caught up.

        Daphne's own checks cost as much as the sending, and a socket that is open passes them.
        """
        if message["type"] == "websocket.send" and protocol.state == protocol.STATE_OPEN:
            protocol.serverSend(message["text"])
        else:
            await super().handle_reply(protocol, message)
        if unread := getattr(protocol, "unread", None):
            await unread

    def kill_all_applications(self) -> Deferred[None]:
        """Shut down gracefully; Daphne calls this when the process was told to end."""
        return Deferred.fromFuture(asyncio.ensure_future(self._shut_down()))

    async def _shut_down(self) -> None:
        await self._stop_accepting()
        give_up_at = asyncio.get_running_loop().time() + SHUTDOWN_TIMEOUT
        while running := self._running():
            self._close_sockets()
            if asyncio.get_running_loop().time() > give_up_at:
                for each in running:
                    each.cancel()
                break
            await asyncio.sleep(POLL)
        await asyncio.sleep(LINGER)

    async def _stop_accepting(self) -> None:
        """Accept no new connections, so that the proxy tries another process."""
        for path in filter(None, map(_path, self._ports)):
            # Refuses new connections, while those already made are accepted.
            closed = path.with_name(f"{path.name}.closed")
            closed.touch()
            closed.replace(path)
        await asyncio.sleep(LINGER)
        for port in self._ports:
            port.stopListening()

    def _running(self) -> list[asyncio.Future[None]]:
        instances = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in instances if each is not None and not each.done()]

    def _close_sockets(self) -> None:
        # Imported here, when the applications are loaded.
        from spa_project.lib.realtime.consumer import close_for_restart

        close_for_restart()


def _path(port: Any) -> Path | None:
    """Return the path of a listening Unix socket, None for TCP."""
    name = getattr(port.getHost(), "name", None)
    return Path(os.fsdecode(name)) if name else None
