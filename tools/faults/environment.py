"""Servers of a fault run, each behind a proxy, and the threads that stop and start them."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tools.faults.proxy import Proxy
from tools.servers import AppServer, MariaDB, Redis, Server, open_spa, run_quietly
from tools.servers.clients import PASSWORD

THERAPISTS, CASHIERS = 6, 3
DRAWERS = "from accounts.models import Branch; Branch.objects.update(drawers=True)"


@dataclass
class Environment:
    """Servers of one spa. Without `database` and `broker`: SQLite, and one process."""

    settings: dict[str, str]
    apps: list[AppServer]
    database: MariaDB | None = None
    broker: Redis | None = None
    #: Clients connect to these; one for each process, in the same order.
    proxies: list[Proxy] = field(default_factory=list)

    @property
    def servers(self) -> list[Server]:
        """Return all servers."""
        return [*self.apps, *filter(None, (self.database, self.broker))]

    @asynccontextmanager
    async def network(self) -> AsyncIterator[list[Proxy]]:
        """Run a proxy for each process inside the block."""
        async with AsyncExitStack() as stack:
            for app in self.apps:
                self.proxies.append(
                    await stack.enter_async_context(Proxy(app.port, app.place.host))
                )
            yield self.proxies


@contextmanager
def on_sqlite(directory: Path) -> Iterator[Environment]:
    """Run the embedded default: SQLite, no Redis, one process."""
    settings = settings_of(directory, f"sqlite:///{directory / 'spa.sqlite3'}", "")
    fill(settings)
    with AppServer(**settings) as app:
        yield Environment(settings, [app])


@contextmanager
def on_mariadb(directory: Path) -> Iterator[Environment]:
    """Run production's shape: MariaDB that flushes every commit to disk, Redis, two processes."""
    with ExitStack() as stack:
        database = stack.enter_context(MariaDB(durable=True))
        broker = stack.enter_context(Redis())
        settings = settings_of(directory, database.url, broker.url)
        fill(settings)
        apps = [stack.enter_context(AppServer(**settings)) for _each in range(2)]
        yield Environment(settings, apps, database, broker)


def settings_of(directory: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Return the environment of every process of a run, which keeps its files in a directory."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(45),
        "RATE_LIMITS": "off",
        "LOG_FORMAT": "plain",
        "STATIC_ROOT": str(directory / "static"),
    }


def fill(settings: dict[str, str]) -> None:
    """Migrate the database of these settings, and fill it with the staff of a run."""
    staff = ["--therapists", str(THERAPISTS), "--cashiers", str(CASHIERS), "--password", PASSWORD]
    open_spa(*staff, **settings)
    run_quietly([sys.executable, "manage.py", "shell", "-v", "0", "-c", DRAWERS], **settings)


class ServerThreads:
    """Threads that stop and start servers, one for each server.

    A server dies with the thread that started it (PR_SET_PDEATHSIG), so these threads live as long
    as the run.
    """

    def __init__(self, environment: Environment) -> None:
        self._threads = {server: ThreadPoolExecutor(1) for server in environment.servers}

    async def do(self, server: Server, *works: Callable[[], None]) -> None:
        """Run these functions on the server's thread, one after the other."""
        loop = asyncio.get_running_loop()
        for work in works:
            await loop.run_in_executor(self._threads[server], work)

    def close(self) -> None:
        """End the threads, and with them the servers that they started."""
        for thread in self._threads.values():
            thread.shutdown()
