"""The consumer all sockets share; the only async code between a browser and an operation.

An event comes from the hub straight into the socket's outbox. A command goes to a database
thread and never runs on the event loop, so neither waits for the other.
"""

import asyncio
import json
import logging
from collections.abc import Collection
from typing import Any, ClassVar

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import activate, override
from django.utils.translation import gettext_lazy as _

from spa_project.lib.client_address import client_address, rate_limit_key
from spa_project.lib.commands import Caller, Reply, answer_safely, database_failed, require_role
from spa_project.lib.db.pool import pool
from spa_project.lib.errors import (
    Busy,
    DomainError,
    Invalid,
    NotAuthenticated,
    NotFound,
    RateLimited,
)
from spa_project.lib.metrics import RESYNCS, SOCKETS
from spa_project.lib.rate_limits import REQUESTS, TokenBucket, open_sockets
from spa_project.lib.realtime import messages
from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.language import language_of
from spa_project.lib.realtime.screen import Screen, server_time
from spa_project.lib.realtime.send_queue import SendQueue
from spa_project.lib.realtime.session_watch import SessionWatcher, session_watchers
from spa_project.lib.request_context import bind, current

logger = logging.getLogger(__name__)

MAX_MESSAGE = settings.MESSAGE_BYTES  # a client may send; also the server's limit
MAX_BAD_FRAMES = 3
#: What every command may still ask about: who, from where, in which language.
LASTING_HEADERS = frozenset({b"cookie", b"x-forwarded-for", b"accept-language"})
MESSAGES_PER_SECOND = settings.MESSAGES_PER_SECOND
MESSAGES_AT_ONCE = 2 * MESSAGES_PER_SECOND
SEND_QUEUE_SIZE = 256
RESYNC_WINDOW = 30.0  # seconds in which a socket may fall behind only once

CLOSE_BAD_FRAMES = 4400
CLOSE_TOO_SLOW = 4408
CLOSE_TOO_FAST = 4429
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013


class LiveConsumer(AsyncWebsocketConsumer):
    """A socket: admitted once, then commands in, results, events and snapshots out.

    A subclass names the `roles` that may open it, says in `identify` who is there and in
    `screen` what they see. Both run on a database thread, and may raise `DomainError`.
    """

    roles: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._send_queue = SendQueue(self._send_out, SEND_QUEUE_SIZE)
        self._held_back: list[str] | None = None
        self._fell_behind_at = float("-inf")
        self._speed = TokenBucket(rate=MESSAGES_PER_SECOND, burst=MESSAGES_AT_ONCE)
        self._bad_frames = 0
        self._screen: Screen | None = None
        self._session_watcher: SessionWatcher | None = None
        self._admitted = False
        self._answering = self._sent_home = False
        self._counted_as: str | None = None

    def identify(self) -> Caller:
        """Who is there now; asked when the socket opens and before every command."""
        raise NotImplementedError

    @classmethod
    def kind(cls) -> str:
        """The kind of screen, in a word for figures."""
        return cls.__name__.removesuffix("Consumer").lower()

    @staticmethod
    def revoked_among(access_states: Any) -> Collection[Any]:
        """Those of the callers' access_states that have changed; asked again and again, of all."""
        return ()

    def screen(self, caller: Any) -> Screen | None:
        """What this caller's screen shows; nothing when it only sends commands."""
        raise NotImplementedError

    # -- The socket's life ----------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Live until the socket has gone, or the server cancels us: the hub must forget it.

        Channels' own loop would listen to the layer as well, with a task more for each socket and
        each message; here the hub listens for all of them.
        """
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            return
        finally:
            await self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, less a hop to another thread with every message: no ORM is used here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept, so that a browser can read a close code; then admit, subscribe, show."""
        await self.accept()
        _here.add(self)
        SOCKETS.labels(self.kind()).inc()
        try:
            self._enter()
            with bind(self.scope):
                caller, self._screen = await pool.run(self._welcome)
        except DomainError as refusal:
            return self._close_soon(_close_code(refusal))
        except DatabaseError:
            logger.exception("The database failed while a socket opened")
            return self._close_soon(CLOSE_TRY_LATER)
        await self._subscribe(caller)
        self._admitted = True
        self._forget_the_handshake()
        await self._show()

    def _enter(self) -> None:
        """Raise `RateLimited` when this address has enough open sockets."""
        address = rate_limit_key(client_address(self.scope))
        open_sockets.enter(address)
        self._counted_as = address

    def _welcome(self) -> tuple[Caller, Screen | None]:
        REQUESTS.hit(rate_limit_key(current().address))
        return self._admit()

    def _admit(self) -> tuple[Caller, Screen | None]:
        caller = self.identify()
        require_role(caller, self.roles)
        return caller, self.screen(caller)

    async def _subscribe(self, caller: Caller) -> None:
        """Subscribe first, then look: nothing falls in between."""
        for part in _parts(self._screen):
            await hub.join(part.topic, self, part.digest)
        if caller.topic:
            self._session_watcher = SessionWatcher(caller, self.revoked_among, self._recheck_access)
            await session_watchers.add(self._session_watcher)

    def _forget_the_handshake(self) -> None:
        """A socket is open for a day; most of its headers, half of its scope, served to open it."""
        headers = self.scope["headers"]
        headers[:] = [header for header in headers if header[0] in LASTING_HEADERS]

    async def _recheck_access(self) -> Caller | None:
        """The person's login, role or switch may have changed: are they still welcome?"""
        try:
            caller, screen = await pool.run(self._admit)
        except DomainError as refusal:
            self._close_soon(_close_code(refusal))
        except DatabaseError:
            logger.exception("The database failed while a socket was looked at again")
            self._close_soon(CLOSE_TRY_LATER)
        else:
            if _topics(screen) == _topics(self._screen):
                return caller
            self._close_soon(CLOSE_RESTART)  # another branch or role: come back and see that
        return None

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The socket has gone."""
        raise StopConsumer

    def close_for_restart(self) -> None:
        """The process ends: close, once what was asked is answered. More is not listened to."""
        if not self._sent_home and not self._answering:
            self._close_soon(CLOSE_RESTART)
        self._sent_home = True

    async def _leave(self) -> None:
        if self in _here:
            _here.remove(self)
            SOCKETS.labels(self.kind()).dec()
        if self._counted_as is not None:
            open_sockets.leave(self._counted_as)
        self._send_queue.end()
        for part in _parts(self._screen):
            await hub.leave(part.topic, self)
        if self._session_watcher is not None:
            await session_watchers.remove(self._session_watcher)

    # -- In -------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer one frame. What is no message at all three times over closes the socket."""
        if self._sent_home:
            return
        if len((text_data or "").encode(errors="replace")) > MAX_MESSAGE:
            return self._close_soon(CLOSE_TOO_BIG)
        if not self._speed.take():
            self._refuse(RateLimited(retry_after=self._speed.wait))
            return self._close_soon(CLOSE_TOO_FAST)
        try:
            message = messages.parse(text_data)
        except ValueError:
            return self._refuse_frame()
        if not self._admitted:
            return  # refused: the close is on its way
        if message["command"] == messages.SNAPSHOT:
            await self._show()
        else:
            await self._answer(message)

    async def _answer(self, message: dict[str, Any]) -> None:
        self._answering = True
        try:
            with bind(self.scope):
                reply, gone = await pool.run(self._run, message["command"], message.get("data"))
        except Busy as busy:
            with override(language_of(self.scope)):
                reply, gone = busy.as_reply(), False
        finally:
            self._answering = False
        self.push(messages.result(message, reply))
        if gone:
            self._close_soon(_close_code(NotAuthenticated()))
        elif self._sent_home:
            self._close_soon(CLOSE_RESTART)

    def _run(self, name: str, data: Any) -> tuple[Reply, bool]:
        """The reply, and whether the person is nobody any more (logged out, switched off)."""
        activate(language_of(self.scope))  # in this command's own context: nothing to restore
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
        self._refuse(Invalid(_("Messages are JSON objects with a “command”.")))
        if self._bad_frames >= MAX_BAD_FRAMES:
            self._close_soon(CLOSE_BAD_FRAMES)

    def _refuse(self, refusal: DomainError) -> None:
        """Answer a frame that is not looked into."""
        self.push(messages.error(refusal.as_reply()))

    # -- Out ------------------------------------------------------------------------------------

    async def _show(self) -> None:
        """Send a snapshot, and what came meanwhile after it: a screen may apply an event twice,
        but a snapshot that is older than an event would take it back."""
        self._held_back = []
        try:
            shown = await self._shared_snapshots()
        except (Busy, DatabaseError):
            logger.exception("No snapshot could be read")
            return self._close_soon(CLOSE_TRY_LATER)
        own = {**(self._screen.own if self._screen else {}), **server_time()}
        held_back, self._held_back = self._held_back, None
        self.push(messages.snapshot(*shown, json.dumps(own)))
        for text in held_back:
            self.push(text)

    async def _shared_snapshots(self) -> list[str]:
        return [await hub.snapshot(part.topic, part.snapshot) for part in _parts(self._screen)]

    def push(self, text: str) -> None:
        """Take a ready message from the hub; never waits, so a slow socket slows only itself."""
        if self._held_back is not None:
            if len(self._held_back) < SEND_QUEUE_SIZE:  # with more the outbox overflows: resync
                self._held_back.append(text)
            return
        if self._send_queue.full:
            self._fall_behind()
        else:
            self._send_queue.put(text)

    def _fall_behind(self) -> None:
        now = asyncio.get_running_loop().time()
        too_often = now - self._fell_behind_at < RESYNC_WINDOW
        self._fell_behind_at = now
        RESYNCS.inc()
        self._send_queue.put_instead(CLOSE_TOO_SLOW if too_often else messages.RESYNC)

    def _close_soon(self, code: int) -> None:
        """Close after what is in the outbox now; a full outbox is dropped."""
        (self._send_queue.put_instead if self._send_queue.full else self._send_queue.put)(code)

    async def _send_out(self, message: str | int) -> bool:
        """Send a text, or close; whether more can be sent."""
        try:
            if isinstance(message, str):
                await self.base_send({"type": "websocket.send", "text": message})
                return True
            await self.close(message)
        except Exception as error:
            # The line broke in the middle of a message; word of its end is on its way.
            logger.info("A message could not be sent: %s", error)
        return False


#: All sockets of this process.
_here: set[LiveConsumer] = set()


def close_for_restart() -> None:
    """The process ends: close every socket with 1012. Browsers come back at once, elsewhere."""
    for consumer in tuple(_here):
        consumer.close_for_restart()


class NotFoundConsumer(LiveConsumer):
    """Any address that is none: closed with 4404, so that a browser can tell."""

    def identify(self) -> Caller:
        """Nobody is anybody here."""
        raise NotFound


def _parts(screen: Screen | None) -> tuple[Screen, ...]:
    return screen.parts if screen else ()


def _topics(screen: Screen | None) -> list[str]:
    return [part.topic for part in _parts(screen)]


def _close_code(refusal: DomainError) -> int:
    """4401, 4403, 4404 say in a close code what HTTP says in a status."""
    return 4000 + refusal.http_status if refusal.http_status < 500 else CLOSE_TRY_LATER
