"""A spa in production, on this machine."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from spa_project.tests.deploy.installation import MANAGE, House, house
from tools.servers import run_quietly
from tools.servers.clients import PASSWORD, Floor

#: Two that answer requests and two that hold sockets; web2 and live2 may be restarted.
INSTANCES = ("web1", "web2", "live1", "live2")


@pytest.fixture(scope="package")
def production(tmp_path_factory) -> Iterator[House]:
    """From the files of deploy/, as an owner would set it up."""
    settings = {
        "SECRET_KEY": secrets.token_urlsafe(45),
        "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
        "ALLOWED_HOSTS": "localhost",
        "HTTPS": "true",
        "TRUSTED_PROXIES": "1",
        # One hand works here as fast as forty; a test looks at whether they are counted.
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
    with house(settings, *INSTANCES) as ours:
        yield ours


@pytest.fixture(scope="module")
def floor(production) -> Floor:
    """The spa through its proxy, as it opens in the morning; who serves whom nobody knows."""
    seed = ("seed", "--reset", "--therapists", "6", "--cashiers", "3", "--password", PASSWORD)
    run_quietly([*MANAGE, *seed, "-v", "0"], **production.settings)
    return Floor(production.nginx, production.nginx)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Show what the servers said when a test fails."""
    report = yield
    production = item.funcargs.get("production") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(production, House):
        for server in (production.nginx, *production.units.values()):
            report.sections.append((server.name, server.log_tail()))
    return report
