"""Session revocation: close sockets whose login, role or branch has been revoked.

A change of a person is published, and their sockets are checked at once. What is not published
(Redis is down, a session expired) is found by polling all sockets every few seconds.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from spa_project.lib.commands import Caller
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime.hub import hub

logger = logging.getLogger(__name__)

CHECK_SECONDS = 5.0

RevokedAmong = Callable[[Any], Collection[Any]]
RecheckCaller = Callable[[], Coroutine[Any, Any, Caller | None]]


class SessionWatcher:
    """A watcher of one socket, which remembers its access state and has it checked again."""

    def __init__(
        self, caller: Caller, revoked_among: RevokedAmong, recheck_caller: RecheckCaller
    ) -> None:
        # Not the caller: a person object is too large to keep for each open socket.
        self.access_state = caller.access_state
        self.topic = caller.topic or ""
        self.revoked_among = revoked_among
        self._recheck_caller = recheck_caller
        self._rechecking: asyncio.Task[None] | None = None

    def push(self, text: str) -> None:
        """Check access again after any message; the database has the details."""
        self.recheck()

    def recheck(self) -> None:
        """Check access again, concurrently with everything else."""
        self._rechecking = asyncio.create_task(self._recheck())

    async def _recheck(self) -> None:
        if caller := await self._recheck_caller():
            self.access_state = caller.access_state


class SessionWatchers:
    """All watchers of a process."""

    def __init__(self) -> None:
        self._watchers: set[SessionWatcher] = set()
        self._checking: asyncio.Task[None] | None = None

    async def add(self, watcher: SessionWatcher) -> None:
        """Subscribe a watcher to changes, and include it in the polling."""
        self._watchers.add(watcher)
        if self._checking is None:
            self._checking = asyncio.create_task(self._poll())
        await hub.join(watcher.topic, watcher)

    async def remove(self, watcher: SessionWatcher) -> None:
        """Remove the watcher of a closed socket."""
        self._watchers.discard(watcher)
        if not self._watchers and self._checking is not None:
            self._checking.cancel()
            self._checking = None
        await hub.leave(watcher.topic, watcher)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for revoked_among in {watcher.revoked_among for watcher in self._watchers}:
                await self._check(revoked_among)

    async def _check(self, revoked_among: RevokedAmong) -> None:
        """Check all sockets with one query, whether they are two or two thousand."""
        watchers = [each for each in self._watchers if each.revoked_among is revoked_among]
        try:
            changed = await pool.run(revoked_among, {watcher.access_state for watcher in watchers})
        except Exception as error:
            logger.warning("Those who are in could not be asked about: %s", error)
            return
        for watcher in watchers:
            if watcher.access_state in changed:
                watcher.recheck()


session_watchers = SessionWatchers()
