"""A small spa on SQLite without Redis, as `make demo` runs it, with limits and quick heartbeats."""

import secrets
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from spa_project.tests.wire.client import Api
from tools.servers import AppServer, open_spa
from tools.servers.clients import PASSWORD


class QuickHeartbeats(AppServer):
    """Process that sends a heartbeat every half second (wire/entry.py)."""

    application = "spa_project.tests.wire.entry:application"


@pytest.fixture(scope="package")
def server(tmp_path_factory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("wire")
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/spa.sqlite3",
        "REDIS_URL": "",
        "STATIC_ROOT": str(folder / "static"),
        "SECRET_KEY": secrets.token_urlsafe(45),
        # All callers have one address here.
        "REQUESTS_PER_MINUTE": "100000",
        "LOGINS_PER_MINUTE": "1000",
        "ORDERS_PER_MINUTE": "1000",
    }
    open_spa("--password", PASSWORD, **settings)
    with QuickHeartbeats(**settings) as running:
        yield running


@pytest.fixture(scope="package")
def visitor(server) -> Api:
    return Api(server.url)


@pytest.fixture(scope="package")
def staff(visitor) -> Callable[[str], Api]:
    """Return a function that logs a person in once, by a token of their own."""

    @cache
    def logged_in(username: str) -> Api:
        login = {"username": username, "password": PASSWORD}
        token = visitor.post("/api/login/", login).data["token"]
        return visitor.with_headers(Authorization=f"Bearer {token}")

    return logged_in


@pytest.fixture
def offers(visitor) -> list[dict]:
    """Return the prices on the menu."""
    return [
        offer
        for category in visitor.get("/api/menu/").data["categories"]
        for service in category["services"]
        for offer in service["classifications"]
    ]


@pytest.fixture(autouse=True)
def _empty_floor(server, staff) -> Iterator[None]:
    """End each visit and free each room after a test."""
    yield
    manager = staff("manager1")
    for visit in manager.get("/api/snapshots/monitor/").data["transactions"]:
        waits = visit["status"] in ("pending_therapist", "on_hold", "therapist_confirmed")
        command = "staff_cancel" if waits else "manager_cancel"
        manager.does(command, transaction_id=visit["id"], reason="End of the test")
    for room in manager.get("/api/snapshots/monitor/").data["rooms"]:
        if room["status"] != "available":
            manager.does("room_set_status", room_number=room["number"], status="available")
