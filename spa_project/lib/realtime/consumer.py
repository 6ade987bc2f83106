"""The consumer of all sockets; the only async code between a browser and an operation.

An event goes from the hub straight to the socket's send queue. A command runs on a database thread,
never on the event loop, so neither waits for the other. A send queue that is full (back-pressure)
is replaced by a request to read a snapshot.
"""

import asyncio
import json
import logging
from collections.abc import Collection
from functools import cached_property
from typing import Any, ClassVar

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils.translation import activate, override
from django.utils.translation import gettext_lazy as _

from spa_project.lib.commands import Caller, Reply, answer_safely, database_failed, require_role
from spa_project.lib.db.pool import Slots, pool
from spa_project.lib.errors import (
    Busy,
    DomainError,
    Invalid,
    NotAuthenticated,
    NotFound,
    RateLimited,
)
from spa_project.lib.known_clients import is_known, rate_limit_name
from spa_project.lib.metrics import RESYNCS, SOCKETS
from spa_project.lib.rate_limits import REQUESTS, TokenBucket, open_sockets
from spa_project.lib.realtime import messages
from spa_project.lib.realtime.flood_delay import flood_delay
from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.language import language_of
from spa_project.lib.realtime.screen import Screen, server_time
from spa_project.lib.realtime.send_queue import SendQueue
from spa_project.lib.realtime.session_watch import SessionWatcher, session_watchers
from spa_project.lib.request_context import bind, current

logger = logging.getLogger(__name__)

MAX_MESSAGE = settings.MESSAGE_BYTES  # bytes of a client's message; also the server's limit
MAX_BAD_FRAMES = 3
#: Fields of the scope that commands need: person, address, language.
LASTING_HEADERS = frozenset({b"cookie", b"x-forwarded-for", b"accept-language"})
MESSAGES_PER_SECOND = settings.MESSAGES_PER_SECOND
MESSAGES_AT_ONCE = 2 * MESSAGES_PER_SECOND
SEND_QUEUE_SIZE = 256
RESYNC_WINDOW = 30.0  # seconds within which a socket may fall behind only once

CLOSE_BAD_FRAMES = 4400
CLOSE_TOO_SLOW = 4408
CLOSE_TOO_FAST = 4429
CLOSE_TOO_BIG = 1009
CLOSE_RESTART = 1012
CLOSE_TRY_LATER = 1013


class LiveConsumer(AsyncWebsocketConsumer):
    """A socket: admitted once, then commands in; results, events and snapshots out.

    A subclass names the `roles` that may open it, and returns its caller from `identify` and its
    screen from `screen`. Both run on a database thread, and may raise `DomainError`.
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
        """Return the caller as they are now; called at opening and before every command."""
        raise NotImplementedError

    @classmethod
    def kind(cls) -> str:
        """Return the kind of screen in a word, for metrics."""
        return cls.__name__.removesuffix("Consumer").lower()

    @staticmethod
    def revoked_among(access_states: Any) -> Collection[Any]:
        """Return the access states that no longer hold, for all sockets at once; polled."""
        return ()

    def screen(self, caller: Any) -> Screen | None:
        """Return this caller's screen, None when the socket only sends commands."""
        raise NotImplementedError

    # -- The socket's life ----------------------------------------------------------------------

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run until the socket has closed or the server cancels; then unsubscribe from the hub.

        Channels' own loop would listen to the channel layer as well, with one more task for each
        socket and each message; here the hub listens for all of them.
        """
        self.scope, self.base_send = scope, send
        self._send_queue.use_extension(scope)
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            return
        finally:
            await self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Dispatch as Channels does, without a hop to another thread: no ORM is used here."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        """Accept, so that a browser can read a close code; then admit, subscribe, show."""
        if seconds := flood_delay.seconds(rate_limit_name(self.scope)):
            await asyncio.sleep(seconds)
        await self.accept()
        _here.add(self)
        SOCKETS.labels(self.kind()).inc()
        try:
            self._count_socket()
            with bind(self.scope):
                caller, self._screen = await self._slots.run(self._admit_at_opening)
        except DomainError as refusal:
            return self._close_soon(_close_code(refusal))
        except DatabaseError:
            logger.exception("The database failed while a socket opened")
            return self._close_soon(CLOSE_TRY_LATER)
        await self._subscribe(caller)
        self._admitted = True
        self._drop_headers()
        await self._show()

    @cached_property
    def _language(self) -> str:
        return language_of(self.scope)

    def _count_socket(self) -> None:
        """Raise `RateLimited` when this client has enough open sockets."""
        name = rate_limit_name(self.scope)
        open_sockets.enter(name)
        self._counted_as = name

    @property
    def _slots(self) -> Slots:
        """Return the database threads for this socket's work: visitors have a share of them."""
        return pool if is_known(self.scope) else pool.visitors

    def _admit_at_opening(self) -> tuple[Caller, Screen | None]:
        REQUESTS.hit(current().counted_as)
        return self._admit()

    def _admit(self) -> tuple[Caller, Screen | None]:
        caller = self.identify()
        require_role(caller, self.roles)
        return caller, self.screen(caller)

    async def _subscribe(self, caller: Caller) -> None:
        """Subscribe, then read the snapshot, so that no event is lost between the two."""
        for part in _parts(self._screen):
            await hub.join(part.topic, self, part.digest)
        if caller.topic:
            self._session_watcher = SessionWatcher(caller, self.revoked_among, self._recheck_access)
            await session_watchers.add(self._session_watcher)

    def _drop_headers(self) -> None:
        """Drop most headers, half of the scope, which a socket would keep for a day."""
        headers = self.scope["headers"]
        headers[:] = [header for header in headers if header[0] in LASTING_HEADERS]

    async def _recheck_access(self) -> Caller | None:
        """Check whether the person's login, role or switch was revoked, and close if so."""
        try:
            caller, screen = await self._slots.run(self._admit)
        except DomainError as refusal:
            self._close_soon(_close_code(refusal))
        except DatabaseError:
            logger.exception("The database failed while a socket was looked at again")
            self._close_soon(CLOSE_TRY_LATER)
        else:
            if _topics(screen) == _topics(self._screen):
                self._screen = screen  # with what concerns this caller alone as it is now
                return caller
            self._close_soon(CLOSE_RESTART)  # another branch or role: reconnect with the new rights
        return None

    async def websocket_flooded(self, message: dict[str, Any]) -> None:
        """Remember the client whose frames the server has stopped reading."""
        flood_delay.note(rate_limit_name(self.scope))

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Clean up after the socket has closed."""
        raise StopConsumer

    def close_for_restart(self) -> None:
        """Close for a graceful shutdown, once pending commands are answered; read no more."""
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
        """Answer one frame; the third malformed one closes the socket."""
        if self._sent_home:
            return
        if len((text_data or "").encode(errors="replace")) > MAX_MESSAGE:
            return self._close_soon(CLOSE_TOO_BIG)
        if not self._speed.take():
            flood_delay.note(rate_limit_name(self.scope))
            self._refuse(RateLimited(retry_after=self._speed.wait))
            return self._close_soon(CLOSE_TOO_FAST)
        try:
            message = messages.parse(text_data)
        except ValueError:
            return self._refuse_frame()
        if not self._admitted:
            return  # refused: the socket is being closed
        if message["command"] == messages.SNAPSHOT:
            with bind(self.scope):
                if await self._recheck_access():
                    await self._show()
        else:
            await self._answer(message)

    async def _answer(self, message: dict[str, Any]) -> None:
        self._answering = True
        try:
            with bind(self.scope):
                reply, gone = await self._slots.run(
                    self._run, message["command"], message.get("data")
                )
        except Busy as busy:
            with override(self._language):
                reply, gone = busy.as_reply(), False
        finally:
            self._answering = False
        self._reply(messages.result(message, reply))
        if gone:
            self._close_soon(_close_code(NotAuthenticated()))
        elif self._sent_home:
            self._close_soon(CLOSE_RESTART)

    def _run(self, name: str, data: Any) -> tuple[Reply, bool]:
        """Return the reply, and whether the login has ended (logged out, switched off)."""
        # runs in this command's own context, so nothing has to be restored
        activate(self._language)
        try:
            caller = self.identify()
            require_role(caller, self.roles)
        except DomainError as refusal:
            return refusal.as_reply(), True
        except DatabaseError as error:
            return database_failed(name, error).as_reply(), False
        reply, _status = answer_safely(caller, name, data)
        return reply, False

    def _refuse_frame(self) -> None:
        self._bad_frames += 1
        self._refuse(Invalid(_("Messages are JSON objects with a “command”.")))
        if self._bad_frames >= MAX_BAD_FRAMES:
            self._close_soon(CLOSE_BAD_FRAMES)

    def _refuse(self, refusal: DomainError) -> None:
        """Answer a frame that is not parsed."""
        self._reply(messages.error(refusal.as_reply()))

    # -- Out ------------------------------------------------------------------------------------

    async def _show(self) -> None:
        """Send a snapshot, and after it the events that arrived meanwhile.

        A screen may apply an event twice, but a snapshot older than an event would revert it.
        """
        self._held_back = []
        try:
            shown = await self._shared_snapshots()
        except (Busy, DatabaseError):
            logger.exception("No snapshot could be read")
            return self._close_soon(CLOSE_TRY_LATER)
        own = {**(self._screen.own if self._screen else {}), **server_time()}
        held_back, self._held_back = self._held_back, None
        if len(held_back) == SEND_QUEUE_SIZE:
            return self._fall_behind()  # others were dropped
        self._reply(messages.snapshot(*shown, json.dumps(own)))
        for text in held_back:
            self._reply(text)

    async def _shared_snapshots(self) -> list[str]:
        return [await hub.snapshot(part.topic, part.snapshot) for part in _parts(self._screen)]

    def push(self, text: str) -> None:
        """Queue an event from the hub; never waits, so a slow socket slows only itself."""
        if self._held_back is None and not self._send_queue.full:
            self._send_queue.put_event(text)
        else:
            self._hold_back(text)

    def _reply(self, text: str) -> None:
        """Queue what the client has asked for."""
        if self._held_back is None and not self._send_queue.full:
            self._send_queue.put(text)
        else:
            self._hold_back(text)

    def _hold_back(self, text: str) -> None:
        if self._held_back is None:
            self._fall_behind()
        elif len(self._held_back) < SEND_QUEUE_SIZE:
            self._held_back.append(text)

    def _fall_behind(self) -> None:
        now = asyncio.get_running_loop().time()
        too_often = now - self._fell_behind_at < RESYNC_WINDOW
        self._fell_behind_at = now
        RESYNCS.inc()
        self._send_queue.put_instead(CLOSE_TOO_SLOW if too_often else messages.RESYNC)

    def _close_soon(self, code: int) -> None:
        """Close after the messages in the send queue; a full queue is dropped."""
        (self._send_queue.put_instead if self._send_queue.full else self._send_queue.put)(code)

    async def _send_out(self, message: str | int) -> bool:
        """Send a text, or close; return whether more can be sent."""
        try:
            if isinstance(message, str):
                await self.base_send({"type": "websocket.send", "text": message})
                return True
            await self.close(message)
        except Exception as error:
            # The connection broke in the middle of a message; its disconnect message follows.
            logger.info("A message could not be sent: %s", error)
        return False


#: All sockets of this process.
_here: set[LiveConsumer] = set()


def close_for_restart() -> None:
    """Close every socket with 1012; browsers reconnect at once, to another process."""
    for consumer in tuple(_here):
        consumer.close_for_restart()


class NotFoundConsumer(LiveConsumer):
    """A consumer for unknown addresses: closes with 4404, which a browser can read."""

    def identify(self) -> Caller:
        """Refuse: nobody may open this socket."""
        raise NotFound


def _parts(screen: Screen | None) -> tuple[Screen, ...]:
    return screen.parts if screen else ()


def _topics(screen: Screen | None) -> list[str]:
    return [part.topic for part in _parts(screen)]


def _close_code(refusal: DomainError) -> int:
    """Return the close code of an error: 4401, 4403, 4404 for 401, 403, 404."""
    return 4000 + refusal.http_status if refusal.http_status < 500 else CLOSE_TRY_LATER
