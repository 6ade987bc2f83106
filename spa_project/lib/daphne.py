"""Daphne with graceful shutdown and back-pressure for slow readers."""

import asyncio
import os
from pathlib import Path
from typing import Any

from daphne.server import Server  # first: it installs Twisted's reactor
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.defer import Deferred

from spa_project.lib.websocket_sending import SendingProtocol

#: Seconds in which running work has to end; the database rolls back the rest.
SHUTDOWN_TIMEOUT = 4.0


#: Seconds to serve connections that were made before the port closed, and to send the last bytes
#: and events.
LINGER = 0.1


POLL = 0.02


class Protocol(SendingProtocol):
    """Daphne's WebSocket protocol, with back-pressure for clients that read too slowly.

    It can also be closed with the close codes of servers.
    """

    #: A future that is done when the client has caught up; None while it keeps up.
    unread: asyncio.Future[None] | None = None

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

    def onMessageFrameBegin(self, length: int) -> None:
        """Close on a message that is too long as soon as its length is known."""
        limit = self.maxMessagePayloadSize
        if self.state == self.STATE_OPEN and self.message_data_total_length + length > limit:
            self.serverClose(self.CLOSE_STATUS_CODE_MESSAGE_TOO_BIG)
            self.dropConnection()
        super().onMessageFrameBegin(length)

    def serverClose(self, code: int | None = None) -> None:
        """Close by a frame of our own: autobahn's `sendClose` raises for 1009, 1012, 1013.

        They are registered: https://www.iana.org/assignments/websocket/#close-code-number
        """
        self.flush()
        self.sendCloseFrame(code or 1000)


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

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send a message of the application, or wait until a slow client has caught up."""
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
