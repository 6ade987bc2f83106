"""Real servers that tests share: MariaDB, Redis, and two processes of the application."""

import secrets
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tools.servers import AppServer, MariaDB, Redis, database_server, migrate, run_quietly
from tools.servers.clients import Floor

MANAGE = (sys.executable, "manage.py")


@pytest.fixture(scope="session")
def spa_database() -> Iterator[MariaDB]:
    with database_server() as server:
        yield server


@pytest.fixture(scope="session")
def broker() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture(scope="session")
def spa(spa_database, broker, tmp_path_factory) -> dict[str, str]:
    """Return the settings of a spa with a migrated database of its own."""
    settings = {
        "DATABASE_URL": spa_database.url,
        "REDIS_URL": broker.url,
        "SECRET_KEY": secrets.token_urlsafe(45),
        "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
        "RATE_LIMITS": "off",  # all clients have one address
    }
    migrate(**settings)
    run_quietly([*MANAGE, "collectstatic", "--no-input"], **settings)
    return settings


@pytest.fixture(scope="session")
def processes(spa) -> Iterator[Floor]:
    """Run two processes that serve the same spa."""
    with AppServer(**spa) as one, AppServer(**spa) as two:
        yield Floor(one, two)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the logs of the processes to the report of a failed test."""
    report = yield
    processes = item.funcargs.get("processes") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(processes, Floor):
        for server in processes:
            report.sections.append((f"process on port {server.port}", server.log_tail()))
    return report
