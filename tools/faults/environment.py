"""The servers of a fault run, each behind a proxy, and the threads that break and mend them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.faults.proxy import Proxy
from tools.servers import AppServer, MariaDB, Redis, Server, open_spa
from tools.servers.clients import PASSWORD

THERAPISTS, CASHIERS = 6, 3


@dataclass
class House:
    """A spa's servers. Without `database` and `broker`: SQLite, and one process."""

    settings: dict[str, str]
    apps: list[AppServer]
    database: MariaDB | None = None
    broker: Redis | None = None
    #: Clients talk to these; one for each process, in the same order.
    proxies: list[Proxy] = field(default_factory=list)

    @property
    def servers(self) -> list[Server]:
        """All of them."""
        return [*self.apps, *filter(None, (self.database, self.broker))]

    @asynccontextmanager
    async def network(self) -> AsyncIterator[list[Proxy]]:
        """The proxies, inside the block."""
        async with AsyncExitStack() as stack:
            for app in self.apps:
                self.proxies.append(await stack.enter_async_context(Proxy(app.port)))
            yield self.proxies


@contextmanager
def on_sqlite(directory: Path) -> Iterator[House]:
    """The embedded default: a file, no Redis, one process."""
    settings = _settings(directory, f"sqlite:///{directory / 'spa.sqlite3'}", "")
    _fill(settings)
    with AppServer(**settings) as app:
        yield House(settings, [app])


@contextmanager
def on_mariadb(directory: Path) -> Iterator[House]:
    """Production's shape: MariaDB that writes every commit to the disk, Redis, two processes."""
    with ExitStack() as stack:
        database = stack.enter_context(MariaDB(durable=True))
        broker = stack.enter_context(Redis())
        settings = _settings(directory, database.url, broker.url)
        _fill(settings)
        apps = [stack.enter_context(AppServer(**settings)) for _each in range(2)]
        yield House(settings, apps, database, broker)


def _settings(directory: Path, database_url: str, redis_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(45),
        "RATE_LIMITS": "off",
        "LOG_FORMAT": "plain",
        "STATIC_ROOT": str(directory / "static"),
    }


def _fill(settings: dict[str, str]) -> None:
    staff = ["--therapists", str(THERAPISTS), "--cashiers", str(CASHIERS), "--password", PASSWORD]
    open_spa(*staff, **settings)


class Hands:
    """Breaks and mends servers on threads of their own, one a server.

    A server dies with the thread that started it, so these threads live as long as the run.
    """

    def __init__(self, house: House) -> None:
        self._threads = {server: ThreadPoolExecutor(1) for server in house.servers}

    async def do(self, server: Server, *works: Callable[[], None]) -> None:
        """Do these things to a server, one after the other."""
        loop = asyncio.get_running_loop()
        for work in works:
            await loop.run_in_executor(self._threads[server], work)

    def rest(self) -> None:
        """Let the threads end, when nothing they started is needed any more."""
        for thread in self._threads.values():
            thread.shutdown()
