"""The consumer all sockets share; the only async code between a browser and a verb.

An event comes from the hub straight into the socket's outbox. A command goes to a database
thread and never runs on the event loop, so neither waits for the other.
"""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any, ClassVar

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError
from django.utils.translation import gettext_lazy as _

from spa_project.lib.commands import Caller, Reply, answer_safely, database_failed, require_role
from spa_project.lib.dbpool import pool
from spa_project.lib.errors import Busy, DomainError, Invalid, NotAuthenticated, NotFound
from spa_project.lib.hub import hub
from spa_project.lib.screens import Screen, with_server_time

logger = logging.getLogger(__name__)

MAX_MESSAGE = 16 * 1024  # bytes; also the server's own limit (docs/operations.md)
MAX_BAD_FRAMES = 3
OUTBOX_SIZE = 256
RESYNC_PATIENCE = 30.0  # seconds in which a socket may fall behind only once

CLOSE_BAD_FRAMES = 4400
CLOSE_TOO_SLOW = 4408
CLOSE_TOO_BIG = 1009
CLOSE_TRY_LATER = 1013

SNAPSHOT = "snapshot"
RESYNC_TEXT = json.dumps({"event": "resync"})


class LiveConsumer(AsyncWebsocketConsumer):
    """A socket: admitted once, then commands in, results, events and snapshots out.

    A subclass names the `roles` that may open it, says in `identify` who is there and in
    `screen` what they see. Both run on a database thread, and may raise `DomainError`.
    """

    roles: ClassVar[frozenset[str]] = frozenset()
    # An alias that is not configured: the hub listens to the layer for all sockets at once.
    channel_layer_alias = "none"

    def identify(self) -> Caller:
        """Who is there now; asked again before every command."""
        raise NotImplementedError

    def screen(self, caller: Any) -> Screen | None:
        """What this caller's screen shows; nothing when it only sends commands."""
        raise NotImplementedError

    # -- The socket's life ----------------------------------------------------------------------

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, less a hop to another thread with every message: no ORM is used here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept, so that a browser can read a close code; then admit, subscribe, show."""
        self._outbox: asyncio.Queue[str | int] = asyncio.Queue(OUTBOX_SIZE)
        self._bad_frames = 0
        self._fell_behind_at = float("-inf")
        self._screen: Screen | None = None
        self._admitted = False
        await self.accept()
        self._writer = asyncio.create_task(self._write())
        try:
            self._screen = screen = await pool.run(self._admit)
        except DomainError as refusal:
            return self._close_soon(_close_code(refusal))
        except DatabaseError:
            logger.exception("The database failed while a socket opened")
            return self._close_soon(CLOSE_TRY_LATER)
        if screen is not None:  # subscribe first, then look: nothing falls in between
            await hub.join(screen.topic, self, screen.digest)
        self._admitted = True
        await self._show()

    def _admit(self) -> Screen | None:
        caller = self.identify()
        require_role(caller, self.roles)
        return self.screen(caller)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The socket has gone."""
        if self._screen is not None:
            await hub.leave(self._screen.topic, self)
        self._writer.cancel()
        raise StopConsumer

    # -- In -------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame. What is no message at all three times over closes the socket."""
        if len((text_data or "").encode(errors="replace")) > MAX_MESSAGE:
            return self._close_soon(CLOSE_TOO_BIG)
        try:
            message = _parse(text_data)
        except ValueError:
            return self._refuse_frame()
        if not self._admitted:
            return  # refused: the close is on its way
        if message["command"] == SNAPSHOT:
            await self._show()
        else:
            await self._answer(message)

    async def _answer(self, message: dict[str, Any]) -> None:
        name = message["command"]
        try:
            reply, gone = await pool.run(self._run, name, message.get("data"))
        except Busy as busy:
            reply, gone = busy.as_reply(), False
        self.push(json.dumps({"event": f"{name}_result", "id": message.get("id"), **reply}))
        if gone:
            self._close_soon(_close_code(NotAuthenticated()))

    def _run(self, name: str, data: Any) -> tuple[Reply, bool]:
        """The reply, and whether the person is nobody any more (logged out, switched off)."""
        try:
            caller = self.identify()
            require_role(caller, self.roles)
        except DomainError as refusal:
            return refusal.as_reply(), True
        except DatabaseError:
            return database_failed(name), False
        reply, _status = answer_safely(caller, name, data)
        return reply, False

    def _refuse_frame(self) -> None:
        self._bad_frames += 1
        error = Invalid(_("Messages are JSON objects with a “command”."))
        self.push(json.dumps({"event": "error", "id": None, **error.as_reply()}))
        if self._bad_frames >= MAX_BAD_FRAMES:
            self._close_soon(CLOSE_BAD_FRAMES)

    # -- Out ------------------------------------------------------------------------------------

    async def _show(self) -> None:
        try:
            data = await pool.run(self._screen.snapshot) if self._screen else {}
        except (Busy, DatabaseError):
            logger.exception("No snapshot could be read")
            return self._close_soon(CLOSE_TRY_LATER)
        self.push(json.dumps({"event": SNAPSHOT, "data": with_server_time(data)}))

    def push(self, text: str) -> None:
        """Take a ready message from the hub; never waits, so a slow socket slows only itself."""
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            self._fall_behind()

    def _fall_behind(self) -> None:
        now = asyncio.get_running_loop().time()
        too_often = now - self._fell_behind_at < RESYNC_PATIENCE
        self._fell_behind_at = now
        self._empty_outbox()
        self._outbox.put_nowait(CLOSE_TOO_SLOW if too_often else RESYNC_TEXT)

    def _close_soon(self, code: int) -> None:
        """Close after what is in the outbox now; a full outbox is dropped."""
        if self._outbox.full():
            self._empty_outbox()
        self._outbox.put_nowait(code)

    def _empty_outbox(self) -> None:
        with suppress(asyncio.QueueEmpty):
            while True:
                self._outbox.get_nowait()

    async def _write(self) -> None:
        """Send the outbox in order, until a close code or the end of the socket."""
        while True:
            message = await self._outbox.get()
            if isinstance(message, int):
                await self.close(message)
                return
            await self.send(text_data=message)


class NowhereConsumer(LiveConsumer):
    """Any address that is none: closed with 4404, so that a browser can tell."""

    def identify(self) -> Caller:
        """Nobody is anybody here."""
        raise NotFound


def _parse(text: str | None) -> dict[str, Any]:
    """A frame as a message; raises `ValueError` for anything else."""
    try:
        message = json.loads(text or "")
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(message, dict) or not _is_name(message.get("command")):
        raise ValueError("not a message")
    if not isinstance(message.get("id"), str | int | float | None):
        raise ValueError("not an id")
    return message


def _is_name(command: Any) -> bool:
    return isinstance(command, str) and len(command) <= 64 and command.isidentifier()


def _close_code(refusal: DomainError) -> int:
    """4401, 4403, 4404 say in a close code what HTTP says in a status."""
    return 4000 + refusal.http_status if refusal.http_status < 500 else CLOSE_TRY_LATER
