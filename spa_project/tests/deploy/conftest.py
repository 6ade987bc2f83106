"""Fixtures of a production installation on this machine, and of a primary with a replica."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spa_project.tests.deploy.installation import Installation, installation
from tools.servers import PROJECT, migrate, reset_spa
from tools.servers.clients import PASSWORD, Floor

#: Two that answer requests and two that hold sockets; web2 and live2 may be restarted.
INSTANCES = ("web1", "web2", "live1", "live2")


@pytest.fixture(scope="package")
def production(tmp_path_factory) -> Iterator[Installation]:
    """Install production from the files of deploy/, as docs/operations.md describes."""
    settings = {
        "SECRET_KEY": secrets.token_urlsafe(45),
        "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
        "ALLOWED_HOSTS": "localhost",
        "HTTPS": "true",
        "TRUSTED_PROXIES": "1",
        # All requests come from one address here; a test checks that they are counted.
        **dict.fromkeys(
            (
                "REQUESTS_PER_MINUTE",
                "LOGINS_PER_MINUTE",
                "ORDERS_PER_MINUTE",
                "COMMANDS_PER_MINUTE",
            ),
            "1000000",
        ),
    }
    with installation(settings, *INSTANCES) as ours:
        yield ours


@pytest.fixture(scope="module")
def floor(production) -> Floor:
    """Return the empty spa through its proxy, whichever process serves a request."""
    seed = ("--therapists", "6", "--cashiers", "3", "--password", PASSWORD)
    reset_spa(*seed, **production.settings)
    return Floor(production.nginx, production.nginx)


@pytest.fixture(scope="module")
def two_databases(tmp_path_factory) -> dict[str, str]:
    """Return the settings of a seeded primary, and of a replica that gets nothing new."""
    directory: Path = tmp_path_factory.mktemp("databases")
    ours = os.environ | {
        "DATABASE_URL": f"sqlite:///{directory}/spa.sqlite3",
        "REDIS_URL": "",
        "STATIC_ROOT": str(directory / "static"),
    }
    elsewhere = f"sqlite:///{directory}/replica.sqlite3"

    def manage(*arguments: str, **settings: str) -> None:
        run = [sys.executable, "manage.py", *arguments]
        subprocess.run(run, cwd=PROJECT, env=ours | settings, check=True, capture_output=True)

    migrate(**ours)
    manage("collectstatic", "--no-input")
    manage("seed", "--password", "a-long-walk-to-the-sea", "-v", "0")
    manage("backup", str(directory))
    [copy] = directory.glob("*.gz")
    manage("restore", str(copy), DATABASE_URL=elsewhere)
    return ours | {"REPORTS_DATABASE_URL": elsewhere}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the logs of the servers to the report of a failed test."""
    report = yield
    production = item.funcargs.get("production") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(production, Installation):
        for server in (production.nginx, *production.units.values()):
            report.sections.append((server.name, server.log_tail()))
    return report
