"""Nemesis (Jepsen's word): injects faults into servers and network while the generator works."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

import MySQLdb
import redis

from tools.faults.environment import Environment, ServerThreads
from tools.faults.history import History
from tools.faults.recording_client import Frames
from tools.servers import HOST, AppServer, MariaDB, Redis, ServerFailed

#: Average pause between two faults, in seconds.
APP_PAUSE, DATABASE_PAUSE, BROKER_PAUSE, NETWORK_PAUSE = 1.5, 7.0, 4.0, 1.5
#: Least number of faults a minute, where there is such a server.
PER_MINUTE = {"app killed": 20, "database killed": 5, "redis killed": 5}
FROZEN_SECONDS = (2.0, 5.0)
LOCKED_SECONDS = 1.0
READ_ONLY_SECONDS = (0.5, 2.0)
STARTS = 20

Fault = Callable[[], Awaitable[None]]


class Nemesis:
    """Injector of faults, one of each kind at a time until `end`; then it repairs everything."""

    def __init__(
        self, environment: Environment, frames: Frames, history: History, chance: random.Random
    ):
        self.done: Counter[str] = Counter()
        self._environment = environment
        self._frames = frames
        self._history = history
        self._chance = chance
        self._server_threads = ServerThreads(environment)
        self._possible: set[str] = set()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Inject faults until `end`; return when everything runs again."""
        plans = [self._repeat(APP_PAUSE, self._app_faults(app)) for app in self._environment.apps]
        plans.append(self._repeat(NETWORK_PAUSE, self._network_faults()))
        if database := self._environment.database:
            plans.append(self._repeat(DATABASE_PAUSE, self._database_faults(database)))
        if broker := self._environment.broker:
            plans.append(self._repeat(BROKER_PAUSE, self._broker_faults(broker)))
        await asyncio.gather(*plans)
        for proxy in self._environment.proxies:
            proxy.clear()

    def has_done_enough(self, seconds: float) -> bool:
        """Return whether enough kills were injected for a run of so many seconds."""
        return all(
            self.done[fault] >= PER_MINUTE[fault] * seconds / 60
            for fault in PER_MINUTE
            if fault in self._possible
        )

    def end(self) -> None:
        """Inject no further fault."""
        self._over.set()

    def close(self) -> None:
        """End the threads of the servers, after the run."""
        self._server_threads.close()

    async def _repeat(self, pause: float, faults: dict[str, tuple[int, Fault]]) -> None:
        weights = [weight for weight, _fault in faults.values()]
        self._possible |= faults.keys()
        while not await self._is_over(within=self._chance.uniform(0.5, 1.5) * pause):
            [name] = self._chance.choices([*faults], weights)
            self._history.note(name)
            await faults[name][1]()
            self.done[name] += 1

    async def _is_over(self, within: float) -> bool:
        try:
            await asyncio.wait_for(self._over.wait(), within)
        except TimeoutError:
            return False
        return True

    # -- Processes of the application -------------------------------------------------------------

    def _app_faults(self, app: AppServer) -> dict[str, tuple[int, Fault]]:
        async def kill() -> None:
            await self._server_threads.do(app, app.kill, lambda: _start(app))

        async def freeze() -> None:
            """Stop the process for a while; its late answers must change nothing."""
            app.send_signal(signal.SIGSTOP)
            await self._is_over(within=self._chance.uniform(*FROZEN_SECONDS))
            app.send_signal(signal.SIGCONT)

        return {"app killed": (9, kill), "app frozen": (1, freeze)}

    # -- MariaDB ----------------------------------------------------------------------------------

    def _database_faults(self, database: MariaDB) -> dict[str, tuple[int, Fault]]:
        async def kill() -> None:
            await self._server_threads.do(database, database.kill, database.start)

        async def restart() -> None:
            await self._server_threads.do(database, database.restart)

        async def lock() -> None:
            await asyncio.to_thread(
                _ask, database, "FLUSH TABLES WITH READ LOCK", f"SELECT SLEEP({LOCKED_SECONDS})"
            )

        async def refuse_changes() -> None:
            """Make the database read-only for a while, as during a failover or maintenance."""
            await asyncio.to_thread(_ask, database, "SET GLOBAL read_only = ON")
            await self._is_over(within=self._chance.uniform(*READ_ONLY_SECONDS))
            await asyncio.to_thread(_ask, database, "SET GLOBAL read_only = OFF")

        async def hang_up() -> None:
            await asyncio.to_thread(_kill_connections, database)

        return {
            "database killed": (8, kill),
            "database restarted": (1, restart),
            "database locked": (1, lock),
            "database read-only": (1, refuse_changes),
            "database hung up": (2, hang_up),
        }

    # -- Redis ------------------------------------------------------------------------------------

    def _broker_faults(self, broker: Redis) -> dict[str, tuple[int, Fault]]:
        async def kill() -> None:
            await self._server_threads.do(broker, broker.kill)
            await self._is_over(within=self._chance.uniform(0, 2))
            await self._server_threads.do(broker, broker.start)

        def tell(*command: str) -> Fault:
            async def run() -> None:
                await asyncio.to_thread(_tell, broker, *command)

            return run

        return {
            "redis killed": (6, kill),
            "redis emptied": (1, tell("FLUSHALL")),
            "redis paused": (1, tell("CLIENT", "PAUSE", "3000")),
            "redis hung up": (1, tell("CLIENT", "KILL", "TYPE", "pubsub")),
        }

    # -- The network ------------------------------------------------------------------------------

    def _network_faults(self) -> dict[str, tuple[int, Fault]]:
        return {
            "replies cut": (4, self._cut_replies),
            "lines cut": (2, self._cut_lines),
            "lines slow": (1, self._slow_down),
            "lines silent": (1, self._swallow),
            "frames doubled": (3, self._double_frames),
        }

    async def _cut_replies(self) -> None:
        self._chance.choice(self._environment.proxies).replies_to_cut += 3

    async def _cut_lines(self) -> None:
        self._chance.choice(self._environment.proxies).cut(0.5)

    async def _slow_down(self) -> None:
        proxy = self._chance.choice(self._environment.proxies)
        proxy.delay = self._chance.uniform(0.05, 0.5)
        await self._is_over(within=2.0)
        proxy.delay = 0.0

    async def _swallow(self) -> None:
        proxy = self._chance.choice(self._environment.proxies)
        proxy.swallow()
        await self._is_over(within=2.0)
        proxy.clear()

    async def _double_frames(self) -> None:
        self._frames.copies = self._chance.randint(2, 5)
        await self._is_over(within=1.0)
        self._frames.copies = 1


def _start(app: AppServer) -> None:
    """Start a process and retry, as its supervisor does: without its database it exits at once."""
    for _each in range(STARTS):
        try:
            return app.start()
        except ServerFailed as error:
            failed = error
    raise failed


def _ask(database: MariaDB, *statements: str) -> None:
    """Execute statements on a server that may be down."""
    try:
        connection = database.connect()
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.close()
    except MySQLdb.Error:
        pass


def _kill_connections(database: MariaDB) -> None:
    """Close every connection but this one."""
    try:
        connection = database.connect()
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()")
        for (number,) in cursor.fetchall():
            _ask(database, f"KILL CONNECTION {number}")
        connection.close()
    except MySQLdb.Error:
        pass


def _tell(broker: Redis, *command: str) -> None:
    """Send a command to a Redis that may be down."""
    try:
        with redis.Redis(host=HOST, port=broker.port) as client:
            client.execute_command(*command)
    except redis.RedisError:
        pass
