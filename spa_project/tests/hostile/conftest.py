"""What hostile tests have in common: a floor, and no limit but where limits are tested."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from conftest import PASSWORD
from spa_project.tests.hostile import guarded as guarding
from spa_project.tests.hostile.clients import over_http, over_sockets
from spa_project.tests.hostile.visits import Floor, make_floor
from tools.servers import AppServer, run_quietly


@pytest.fixture(autouse=True)
def _no_limits(settings) -> None:
    """One address asks here for everybody; test_floods.py is about limits."""
    settings.RATE_LIMITS = False


@pytest.fixture
def floor(db) -> Floor:
    """Two spas with their people, and nobody waiting."""
    return make_floor()


@pytest.fixture(params=["http", "sockets"])
def ask(request, monkeypatch) -> Callable[..., Iterable[Any]]:
    """A way to ask many things, each of the same floor."""
    if request.param == "http":
        return over_http
    return lambda floor, requests: over_sockets(monkeypatch, floor, requests)


@pytest.fixture(scope="session")
def guarded(spa) -> Iterator[AppServer]:
    """A process of a spa that has just opened, with every limit on."""
    seed = [sys.executable, "manage.py", "seed", "--reset", "--password", PASSWORD, "-v", "0"]
    run_quietly(seed, **spa)
    with AppServer(**spa | {"RATE_LIMITS": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def offer(guarded) -> int:
    """The id of something on its menu."""
    _status, menu = guarding.ask(guarded, "/api/menu/")
    return int(menu["categories"][0]["services"][0]["classifications"][0]["id"])
