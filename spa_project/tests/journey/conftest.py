"""The servers of the journeys: MariaDB, Redis, and two processes of the application."""

import secrets
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from spa_project.tests.journey.browser import WAIT_MS, Windows, chromium
from spa_project.tests.journey.floor import PASSWORD, Floor
from spa_project.tests.servers import AppServer, MariaDB, Redis, run_quietly

MANAGE = (sys.executable, "manage.py")


@pytest.fixture(scope="session")
def spa(tmp_path_factory) -> Iterator[dict[str, str]]:
    """The settings of a spa with a migrated database of its own."""
    with MariaDB() as database, Redis() as broker:
        settings = {
            "DATABASE_URL": database.url,
            "REDIS_URL": broker.url,
            "SECRET_KEY": secrets.token_urlsafe(45),
            "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
            "RATE_LIMITS": "off",  # one hand works here as fast as forty
        }
        run_quietly([*MANAGE, "migrate"], **settings)
        run_quietly([*MANAGE, "collectstatic", "--no-input"], **settings)
        yield settings


@pytest.fixture(scope="session")
def processes(spa) -> Iterator[Floor]:
    """Two processes that serve the same spa."""
    with AppServer(**spa) as one, AppServer(**spa) as two:
        yield Floor(one, two)


@pytest.fixture(scope="module")
def floor(spa, processes) -> Floor:
    """The spa as it opens in the morning: menu, rooms and staff, no customer yet."""
    run_quietly([*MANAGE, "seed", "--reset", "--password", PASSWORD, "-v", "0"], **spa)
    return processes


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    """Chromium, whose pages show each step in time or fail."""
    expect.set_options(timeout=WAIT_MS)
    with chromium() as new_windows:
        yield new_windows()


@pytest.fixture
def complaints(windows) -> list[str]:
    """What the pages complain of during one test."""
    windows.complaints.clear()
    return windows.complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what the processes said when a journey fails."""
    report = yield
    processes = item.funcargs.get("processes") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(processes, Floor):
        for server in processes:
            report.sections.append((f"process on port {server.port}", server.log_tail()))
    return report
