"""Tests of the rate limits of staff and paired devices that share an address with others."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core import signing
from django.test import Client
from django.utils import timezone

from accounts.devices import read_revoked
from accounts.models import PairedDevice
from conftest import PASSWORD, open_socket, session_of
from spa_project.lib import known_clients
from spa_project.lib.commands import REGISTRY
from spa_project.lib.db.pool import pool
from spa_project.lib.errors import Busy, NotFound
from spa_project.lib.known_clients import rate_limit_name

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits(settings) -> Iterator[None]:
    settings.RATE_LIMITS = True
    yield
    known_clients.set_revoked([])


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
    label = {"label": "Kiosk at the door"}
    assert kiosk.post("/first-day/devices/pair/", label).status_code == 302
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


def revoke(manager: Client, **chosen: Any) -> None:
    device = PairedDevice.objects.get(**chosen)
    data = {"action": "revoke", "_selected_action": [device.pk]}
    answer = manager.post("/admin/accounts/paireddevice/", data, follow=True)
    assert "1 pairing revoked." in answer.content.decode()


def test_a_manager_sees_what_is_paired_and_by_whom(kiosk, maria):
    page = session_of(maria).get("/admin/accounts/paireddevice/").content.decode()
    assert "Kiosk at the door" in page
    assert "maria" in page


def test_a_revoked_pairing_stops_counting_at_once(kiosk, maria, hour):
    while order(Client(), hour.pk) != 429:
        pass
    assert order(kiosk, hour.pk) == 200
    revoke(session_of(maria), label="Kiosk at the door")
    assert order(kiosk, hour.pk) == 429


def test_an_open_socket_of_a_revoked_device_is_counted_by_its_address(kiosk, maria):
    cookie = f"{known_clients.COOKIE}={kiosk.cookies[known_clients.COOKIE].value}"
    scope = {"client": ("10.0.0.9", 4711), "headers": [(b"cookie", cookie.encode())]}
    assert known_clients.is_known(scope)
    revoke(session_of(maria), label="Kiosk at the door")
    assert rate_limit_name(scope) == "10.0.0.9"
    assert not known_clients.is_known(scope)


def test_other_processes_read_what_is_revoked_with_their_heartbeat(kiosk, maria, rf):
    request = rf.get("/", REMOTE_ADDR="10.0.0.9")
    request.COOKIES[known_clients.COOKIE] = kiosk.cookies[known_clients.COOKIE].value
    PairedDevice.objects.update(revoked_at=timezone.now())  # as another process does
    assert known_clients.is_paired(request)
    read_revoked()
    assert rate_limit_name(request) == "10.0.0.9"


def test_a_revoked_device_can_be_paired_again(kiosk, maria, rf):
    revoke(session_of(maria), label="Kiosk at the door")
    kiosk.force_login(maria)
    kiosk.post("/first-day/devices/pair/")
    request = rf.get("/")
    request.COOKIES[known_clients.COOKIE] = kiosk.cookies[known_clients.COOKIE].value
    assert known_clients.is_paired(request)


def test_only_managers_pair_devices(maya):
    assert session_of(maya.user).post("/first-day/devices/pair/").status_code == 403
    assert Client().post("/first-day/devices/pair/").status_code == 302
