"""Tests of the rate limits of staff and paired devices that share an address with others."""

import json
from dataclasses import replace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core import signing
from django.test import Client

from conftest import PASSWORD, open_socket, session_of
from spa_project.lib import known_clients
from spa_project.lib.commands import REGISTRY
from spa_project.lib.db.pool import pool
from spa_project.lib.errors import Busy, NotFound
from spa_project.lib.known_clients import rate_limit_name

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.RATE_LIMITS = True


def send(client: Client, name: str, **data: Any) -> int:
    """Send a visitor's command as a page of the branch does; return the status."""
    path = f"/api/commands/{name}/?branch=makati"
    return client.post(path, json.dumps(data), "application/json").status_code


def order(client: Client, offer: int) -> int:
    return send(client, "customer_confirm_selection", items=[{"service_classification_id": offer}])


def log_in(client: Client, username: str, password: str = PASSWORD) -> int:
    entered = {"username": username, "password": password}
    return client.post("/accounts/login/", entered).status_code


@pytest.fixture
def kiosk(maria) -> Client:
    """Return a kiosk that a manager has paired, and logged out of."""
    kiosk = session_of(maria)
    assert kiosk.post("/first-day/devices/pair/").status_code == 302
    kiosk.post("/accounts/logout/")
    assert "_auth_user_id" not in kiosk.session
    return kiosk


def test_twelve_bogus_cancels_from_the_address_silence_no_kiosk(branch, hour):
    seen = [send(Client(), "customer_cancel", key="bogus") for _each in range(12)]
    assert seen == [404] * 10 + [429] * 2
    assert order(Client(), hour.pk) == 200


def test_bogus_orders_from_the_address_silence_no_kiosk(branch, hour):
    assert [order(Client(), 999_999) for _each in range(12)] == [404] * 10 + [429] * 2
    assert [order(Client(), hour.pk) for _each in range(11)] == [200] * 10 + [429]


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_a_sockets_bogus_orders_are_not_run_for_ever(branch, monkeypatch):
    run = Mock(side_effect=NotFound)
    command = REGISTRY["customer_confirm_selection"]
    monkeypatch.setitem(REGISTRY, command.name, replace(command, run=run))
    bogus = {"items": [{"service_classification_id": 999_999}]}
    async with open_socket("/ws/customer/?branch=makati") as kiosk:
        replies = [await kiosk.ask(command.name, **bogus) for _each in range(15)]
    assert [reply["code"] for reply in replies] == ["invalid"] * 10 + ["rate_limited"] * 5
    assert run.call_count == 10


def test_orders_from_the_address_leave_a_paired_kiosk_its_own(kiosk, hour):
    while order(Client(), hour.pk) != 429:
        pass
    assert order(kiosk, hour.pk) == 200


def test_a_paired_kiosk_has_a_limit_too(kiosk, hour):
    assert [order(kiosk, hour.pk) for _each in range(12)] == [200] * 10 + [429] * 2


def test_bogus_logins_from_the_address_keep_no_known_browser_out(maya):
    tablet = Client()
    assert log_in(tablet, "maya") == 302
    tablet.post("/accounts/logout/")
    seen = [log_in(Client(), f"nobody{number}", "wrong") for number in range(22)]
    assert seen[-1] == 429
    assert log_in(tablet, "maya") == 302


def test_a_phones_reads_leave_the_till_its_own(carl, settings):
    till = Client()
    assert log_in(till, "carl") == 302
    settings.REQUESTS_PER_MINUTE = 5
    phone = [Client().get("/api/menu/").status_code for _each in range(8)]
    assert phone[-1] == 429
    assert till.get("/api/snapshots/cashier/").status_code == 200


def test_a_person_has_one_limit_on_all_devices(carl, settings):
    one, two = Client(), Client()
    assert log_in(one, "carl") == log_in(two, "carl") == 302
    settings.REQUESTS_PER_MINUTE = 6
    seen = [client.get("/api/menu/").status_code for client in (one, two) * 4]
    assert seen[-2:] == [429, 429]


@pytest.mark.parametrize(
    "cookie",
    # A signature has the time in it, and a test has one name in all processes.
    ["", "device 1", "device 1:2:3", pytest.param(signing.dumps("device 1"), id="other salt")],
)
def test_a_forged_cookie_is_counted_by_its_address(rf, cookie):
    request = rf.get("/", REMOTE_ADDR="10.0.0.9")
    request.COOKIES[known_clients.COOKIE] = cookie
    assert rate_limit_name(request) == "10.0.0.9"


def test_a_socket_is_counted_as_its_browser_is(rf, kiosk):
    cookie = kiosk.cookies[known_clients.COOKIE].value
    request = rf.get("/")
    request.COOKIES[known_clients.COOKIE] = cookie
    header = (b"cookie", f"{known_clients.COOKIE}={cookie}".encode())
    scope = {"client": ("10.0.0.9", 4711), "headers": [header]}
    assert rate_limit_name(scope) == rate_limit_name(request) != "10.0.0.9"


@pytest.fixture
def flooded(monkeypatch) -> None:
    """Have visitors hold all of their share of the database threads."""
    monkeypatch.setattr(pool.visitors, "take", AsyncMock(side_effect=Busy))


async def status_of(path: str, cookie: str = "") -> int:
    """Return the status of a request to the whole application."""
    from spa_project.asgi import application  # it needs the test's folder of static files

    headers = [(b"host", b"localhost"), (b"cookie", f"{known_clients.COOKIE}={cookie}".encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    asked = ApplicationCommunicator(application, scope)
    await asked.send_input({"type": "http.request"})
    answer: dict[str, Any] = await asked.receive_output(5)
    await asked.wait(5)
    return int(answer["status"])


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_a_flood_of_visitors_leaves_staff_and_paired_devices_a_thread(flooded, kiosk):
    cookie = kiosk.cookies[known_clients.COOKIE].value
    assert await status_of("/api/menu/") == await status_of("/api/menu/", "device 1:2:3") == 503
    assert await status_of("/api/menu/", cookie) == 200
    assert await status_of("/readyz") == 200
    async with open_socket("/ws/board/?branch=makati") as board:
        assert await board.close_code() == 1013
    paired = {"cookie": f"{known_clients.COOKIE}={cookie}"}
    async with open_socket("/ws/board/?branch=makati", headers=paired) as board:
        assert (await board.hear_any())["event"] == "snapshot"


def test_a_paired_device_stays_one_when_staff_log_in(kiosk, maya, rf):
    before = kiosk.cookies[known_clients.COOKIE].value
    assert log_in(kiosk, "maya") == 302
    assert kiosk.cookies[known_clients.COOKIE].value == before


def test_only_managers_pair_devices(maya):
    assert session_of(maya.user).post("/first-day/devices/pair/").status_code == 403
    assert Client().post("/first-day/devices/pair/").status_code == 302
