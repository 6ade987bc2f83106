"""Fixtures of fault tests on the shared servers; each fault is repaired by the test's end."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import pytest_asyncio
import redis

from spa_project.tests.faults.faulty import FaultyServer
from tools.faults.people import Shift, Staff, staff_of
from tools.servers import (
    AppServer,
    MariaDB,
    Network,
    Redis,
    database_server,
    migrate,
    reset_spa,
    why_no_network,
)
from tools.servers.clients import PASSWORD, Floor


@pytest.fixture(scope="package")
def staff(spa, processes) -> Staff:
    """Log in the staff of an empty spa."""
    reset_spa("--password", PASSWORD, **spa)
    return staff_of(processes.one)


@pytest.fixture
def shift(processes, staff) -> Shift:
    """Return a shift that works on both processes."""
    return Shift(processes, staff)


@pytest.fixture
def start_faulty(spa) -> Iterator[Callable[[str], AppServer]]:
    """Return a function that starts processes with a fault; they end with the test."""
    with ExitStack() as running:
        yield lambda fault: running.enter_context(FaultyServer(fault, **spa))


@pytest_asyncio.fixture
async def _hang_up(monkeypatch) -> AsyncIterator[None]:
    """Close the connections to the Sentinels in the end, which Redis's client leaves open."""
    opened: list[Any] = []
    init = redis.asyncio.sentinel.Sentinel.__init__

    def record(self: Any, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        opened.extend(self.sentinels)

    monkeypatch.setattr(redis.asyncio.sentinel.Sentinel, "__init__", record)
    yield
    for client in opened:
        await client.aclose()


@pytest.fixture(scope="package")
def _network() -> Iterator[Network]:
    if reason := why_no_network():
        pytest.skip(reason)
    with Network() as found:
        yield found


@pytest.fixture
def network(_network) -> Iterator[Network]:
    """Return a network that can lose packets, where this machine allows it."""
    yield _network
    _network.up()


@pytest.fixture(scope="package")
def far_database(_network) -> Iterator[MariaDB]:
    with database_server().at(_network.place) as server:
        yield server


@pytest.fixture(scope="package")
def far_broker(_network) -> Iterator[Redis]:
    with Redis().at(_network.place) as server:
        yield server


@pytest.fixture(scope="package")
def far_processes(spa, far_database, far_broker) -> Iterator[Floor]:
    """Run two processes whose database and Redis are behind the network."""
    settings = spa | {"DATABASE_URL": far_database.url, "REDIS_URL": far_broker.url}
    migrate(**settings)
    reset_spa("--password", PASSWORD, **settings)
    with AppServer(**settings) as one, AppServer(**settings) as two:
        yield Floor(one, two)
