"""Fixtures of the hostile tests: a floor, and rate limits only where they are tested."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from conftest import PASSWORD
from spa_project.tests.hostile import guarded as guarding
from spa_project.tests.hostile.clients import over_http, over_sockets
from spa_project.tests.hostile.visits import Floor, make_floor
from tools.servers import AppServer, reset_spa


@pytest.fixture(autouse=True)
def _no_limits(settings) -> None:
    """Switch the rate limits off, because one address sends everything (but: test_floods.py)."""
    settings.RATE_LIMITS = False


@pytest.fixture
def floor(db, monkeypatch) -> Floor:
    """Create two spas with their staff and without customers.

    Logins are not extended, which would be a change of its own a minute after they were made.
    """
    monkeypatch.setattr("accounts.login_life.EXTEND_AFTER", timedelta(hours=1))
    return make_floor()


@pytest.fixture(params=["http", "sockets"])
def ask(request, monkeypatch) -> Callable[..., Iterable[Any]]:
    """Return a way to send many requests, each on the same state of the floor."""
    if request.param == "http":
        return over_http
    return lambda floor, requests: over_sockets(monkeypatch, floor, requests)


@pytest.fixture(scope="session")
def guarded(spa) -> Iterator[AppServer]:
    """Run a process of an empty spa, with every rate limit on."""
    reset_spa("--password", PASSWORD, **spa)
    with AppServer(**spa | {"RATE_LIMITS": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def offer(guarded) -> int:
    """Return the id of a classification on its menu."""
    _status, menu = guarding.ask(guarded, "/api/menu/")
    return int(menu["categories"][0]["services"][0]["classifications"][0]["id"])
