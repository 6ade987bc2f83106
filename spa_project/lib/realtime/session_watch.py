"""Whether those who came in are still welcome.

A change of a person is told, and their sockets are looked at again at once. What is not told (the
broker is away, an end simply came) is found out: all who are in are asked about every few seconds.
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

ChangedAmong = Callable[[Any], Collection[Any]]
LookAgain = Callable[[], Coroutine[Any, Any, Caller | None]]


class Doorkeeper:
    """Stands at one socket: knows who came in, and has them looked at again."""

    def __init__(self, caller: Caller, changed_among: ChangedAmong, look_again: LookAgain) -> None:
        # Not the caller: a person read from the database is much to keep for each open socket.
        self.standing = caller.standing
        self.topic = caller.topic or ""
        self.changed_among = changed_among
        self._look_again = look_again
        self._looking: asyncio.Task[None] | None = None

    def push(self, text: str) -> None:
        """A change was told, whatever it was; the database knows more."""
        self.look()

    def look(self) -> None:
        """Look again, beside everything else."""
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        if caller := await self._look_again():
            self.standing = caller.standing


class Doors:
    """All doorkeepers of a process."""

    def __init__(self) -> None:
        self._keepers: set[Doorkeeper] = set()
        self._checking: asyncio.Task[None] | None = None

    async def post(self, keeper: Doorkeeper) -> None:
        """From now on this keeper hears of changes, and is asked about."""
        self._keepers.add(keeper)
        if self._checking is None:
            self._checking = asyncio.create_task(self._check_for_ever())
        await hub.join(keeper.topic, keeper)

    async def dismiss(self, keeper: Doorkeeper) -> None:
        """The keeper's socket has gone."""
        self._keepers.discard(keeper)
        if not self._keepers and self._checking is not None:
            self._checking.cancel()
            self._checking = None
        await hub.leave(keeper.topic, keeper)

    async def _check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            for changed_among in {keeper.changed_among for keeper in self._keepers}:
                await self._check(changed_among)

    async def _check(self, changed_among: ChangedAmong) -> None:
        """One question for all, whether they are two or two thousand."""
        keepers = [each for each in self._keepers if each.changed_among is changed_among]
        try:
            changed = await pool.run(changed_among, {keeper.standing for keeper in keepers})
        except Exception as error:
            logger.warning("Those who are in could not be asked about: %s", error)
            return
        for keeper in keepers:
            if keeper.standing in changed:
                keeper.look()


doors = Doors()
