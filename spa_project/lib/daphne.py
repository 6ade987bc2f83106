"""Daphne with graceful shutdown and back-pressure for slow readers."""

import asyncio
import os
from pathlib import Path
from typing import Any

from daphne.server import Server  # first: it installs Twisted's reactor
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.defer import Deferred

from spa_project.lib.websocket_sending import SendingProtocol

#: Seconds in which whatever runs has to end. What does not is rolled back by the database.
SHUTDOWN_TIMEOUT = 4.0


#: Seconds for connections that were made before the door closed to be taken in, and for the last
#: bytes and events to leave.
LINGER = 0.1


POLL = 0.02


class Protocol(SendingProtocol):
    """A socket as Daphne's, but one that knows when its client reads too slowly.

    It can be closed with the codes of servers, too.
    """

    #: Done when the client has taken what it was sent; nothing while it keeps up.
    unread: asyncio.Future[None] | None = None

    def onOpen(self) -> None:
        """Be told by Twisted how the client keeps up, instead of the request that opened us."""
        self.transport.unregisterProducer()
        self.transport.registerProducer(self, True)
        super().onOpen()

    def pauseProducing(self) -> None:
        """Called by Twisted when more is waiting to be read than a network holds."""
        if self.unread is None:
            self.unread = asyncio.get_running_loop().create_future()

    def resumeProducing(self) -> None:
        """Called by Twisted when everything was read, or never will be."""
        if self.unread is not None and not self.unread.done():
            self.unread.set_result(None)
        self.unread = None

    stopProducing = resumeProducing

    def onMessageFrameBegin(self, length: int) -> None:
        """Say goodbye to a message that is too long as soon as it is, however small its pieces."""
        limit = self.maxMessagePayloadSize
        if self.state == self.STATE_OPEN and self.message_data_total_length + length > limit:
            self.serverClose(self.CLOSE_STATUS_CODE_MESSAGE_TOO_BIG)
            self.dropConnection()
        super().onMessageFrameBegin(length)

    def serverClose(self, code: int | None = None) -> None:
        """Close; by the frame itself, because autobahn's `sendClose` raises for 1009, 1012, 1013.

        They are registered: https://www.iana.org/assignments/websocket/#close-code-number
        """
        self.flush()
        self.sendCloseFrame(code or 1000)


WebSocketFactory.protocol = Protocol


class GracefulServer(Server):
    """Daphne, which by itself would cut off whatever runs when it is told to end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._ports: list[Any] = []

    def listen_success(self, port: Any) -> None:
        """Called by Daphne when it listens at an endpoint."""
        super().listen_success(port)
        self._ports.append(port)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send what the application says; who is slow to read it makes the application wait."""
        await super().handle_reply(protocol, message)
        if unread := getattr(protocol, "unread", None):
            await unread

    def kill_all_applications(self) -> Deferred[None]:
        """Called by Daphne when the process was told to end."""
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
        """Take in nobody who comes from now on; the proxy asks another process."""
        for path in filter(None, map(_path, self._ports)):
            # Refuses whoever connects from now on, while those who have connected are taken in.
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
        # Imported here: by now the applications are loaded.
        from spa_project.lib.realtime.consumer import close_for_restart

        close_for_restart()


def _path(port: Any) -> Path | None:
    """Where a listening port is in the file system; nothing for one of TCP."""
    name = getattr(port.getHost(), "name", None)
    return Path(os.fsdecode(name)) if name else None
