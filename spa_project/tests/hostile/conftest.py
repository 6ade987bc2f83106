"""What hostile tests have in common: a floor, and no limit but where limits are tested."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from spa_project.tests.hostile.asking import over_http, over_sockets
from spa_project.tests.hostile.scene import Floor, make_floor


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
