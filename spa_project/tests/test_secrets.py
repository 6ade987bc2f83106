"""Tests that no secret appears in the log, in a database dump or in Redis.

The exceptions are what the database needs: a visit's key, and a session's.
"""

import asyncio
import json
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest
import redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tools.servers import HOST, AppServer, MariaDB, Redis, database_server, open_spa, program

pytestmark = pytest.mark.servers

PASSWORD = "planted-right-password"
MANAGE = (sys.executable, "manage.py")


@dataclass
class Spa:
    """Working spa, and everything that it writes."""

    app: AppServer
    database: MariaDB
    broker: Redis
    redis_said: Path

    def ask(self, path: str, body: object = None, **headers: str) -> str:
        """Send an HTTP request; return the answer, a refusal too."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.app.url + path, data, named)
        try:
            with urllib.request.urlopen(request) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            return str(error.read().decode())

    def log(self) -> str:
        """Return the log of the process."""
        return self.app.log.read_text(errors="replace")

    def dump(self) -> str:
        """Return every row of the database."""
        login = ("--user=spa", "--password=spa", f"--host={HOST}", f"--port={self.database.port}")
        command = [program("mariadb-dump"), "--no-defaults", *login, "--skip-ssl", "spa"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def in_redis(self) -> str:
        """Return every command that Redis received, and every value that it holds."""
        with redis.Redis(host=HOST, port=self.broker.port) as client:
            held = [str(key) for key in client.scan_iter("*")]
        return "\n".join([self.redis_said.read_text(errors="replace"), *held])


@pytest.fixture(scope="module")
def spa(tmp_path_factory) -> Iterator[Spa]:
    """Run a process with logging of everything that it can log."""
    said = tmp_path_factory.mktemp("redis") / "said"
    with database_server() as database, Redis() as broker, said.open("wb") as file:
        settings = {
            "DATABASE_URL": database.url,
            "REDIS_URL": broker.url,
            "SECRET_KEY": secrets.token_urlsafe(45),
            "STATIC_ROOT": str(tmp_path_factory.mktemp("static")),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "DEBUG",
        }
        open_spa("--password", PASSWORD, **settings)
        listening = [program("redis-cli"), "-p", str(broker.port), "monitor"]
        with subprocess.Popen(listening, stdout=file) as monitor:
            try:
                with AppServer(**settings) as app:
                    yield Spa(app, database, broker, said)
            finally:
                monitor.terminate()


def test_nothing_planted_is_found(spa):
    plant_in_headers(spa)
    plant_in_bodies(spa)
    plant_in_addresses(spa)
    plant_in_logins(spa)
    asyncio.run(plant_in_sockets(spa))
    assert "spa.requests" in spa.log(), "the log tells something"
    assert "accounts_user" in spa.dump()
    for place in (spa.log(), spa.dump(), spa.in_redis()):
        assert set(re.findall(r"planted[\w-]*", place)) == set()


def test_what_is_really_given_out_is_not_found_either(spa):
    offer = json.loads(spa.ask("/api/menu/"))["categories"][0]["services"][0]["classifications"][0]
    order = {"items": [{"service_classification_id": offer["id"]}]}
    key = json.loads(spa.ask("/api/commands/customer_confirm_selection/", order))["key"]
    assert json.loads(spa.ask(f"/api/tickets/{key}/"))["transaction"]["id"]
    login = {"username": "therapist1", "password": PASSWORD}
    token = json.loads(spa.ask("/api/login/", login))["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    ticket = json.loads(spa.ask("/api/ws-ticket/", {}, **bearer))["ticket"]
    claim = json.loads(spa.ask("/api/commands/therapist_confirm_next/", {}, **bearer))
    assert claim["ok"]
    asyncio.run(frames_to(spa, f"/ws/therapist/?auth_token={ticket}"))
    session = session_of(spa)
    assert "customer_confirm_selection" in spa.log()
    assert "therapist_queue" in spa.in_redis(), "events have passed"
    for secret in (PASSWORD, token, ticket):
        assert [secret in place for place in (spa.log(), spa.dump(), spa.in_redis())] == [False] * 3
    for secret in (key, session):
        assert [secret in place for place in (spa.log(), spa.in_redis())] == [False] * 2


def test_no_pin_is_found_neither_a_right_nor_a_wrong_one(spa):
    right, wrong = "907351", "480962"
    browser, token, jar = browser_at(spa, "/accounts/login/")
    form = {"username": "therapist2", "password": PASSWORD, "csrfmiddlewaretoken": token}
    browser.open(f"{spa.app.url}/accounts/login/", urlencode(form).encode()).close()
    proof = value_of(jar, "csrftoken")
    chosen = {"pin": right, "again": right, "password": PASSWORD, "csrfmiddlewaretoken": proof}
    browser.open(f"{spa.app.url}/accounts/pin/", urlencode(chosen).encode()).close()
    guess, known = (
        urllib.request.Request(
            f"{spa.app.url}/api/unlock/", json.dumps({"pin": pin}).encode(), {"X-CSRFToken": proof}
        )
        for pin in (wrong, right)
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        browser.open(guess)
    assert browser.open(known).status == 200
    assert "/api/unlock/" in spa.log()
    for place in (spa.log(), spa.dump(), spa.in_redis()):
        # The microseconds of a timestamp may be any six digits.
        assert re.findall(rf"(?<![.\d])(?:{right}|{wrong})(?!\d)", place) == []


def plant_in_headers(spa: Spa) -> None:
    for path in ("/", "/monitor/", "/nothing/", "/api/snapshots/monitor/", "/admin/"):
        spa.ask(path, Authorization="Bearer planted-bearer")
        spa.ask(path, Authorization="Basic planted-basic")
        spa.ask(path, X_Auth_Token="planted-header")
        spa.ask(path, Cookie="sessionid=planted-session; csrftoken=planted-csrf")
        spa.ask(path, X_Request_ID="planted-request-id", Referer="http://x/?planted-referer")
        spa.ask(path, X_Forwarded_For="planted-address", X_CSRFToken="planted-csrf-header")


def plant_in_bodies(spa: Spa) -> None:
    command = "/api/commands/customer_confirm_selection/"
    for body in (
        b"{planted-broken",
        b'{"planted-key": "planted-value"}',
        b'{"items": "planted-items"}',
        b'{"items": [], "request_id": "planted-request-id"}',
        b"\xff\xfeplanted-bytes",
    ):
        spa.ask(command, body)
        spa.ask("/api/commands/cashier_pay/", body, Authorization="Bearer planted")
    spa.ask("/accounts/logout/", b"csrfmiddlewaretoken=planted-form")
    spa.ask("/", b"planted-post" * 10_000)


def plant_in_addresses(spa: Spa) -> None:
    for path in ("/", "/ticket/planted-key/", "/planted-path/", "/api/tickets/planted-key/"):
        spa.ask(f"{path}?auth_token=planted-query&token=planted-too")
        spa.ask(path, b"planted")
    spa.ask("/api/commands/planted_command/", {})
    spa.ask("/admin/login/?next=/planted-next/")
    spa.ask("/static/planted-file.js?planted-query")


def plant_in_logins(spa: Spa) -> None:
    wrong = {"username": "manager1", "password": "planted-wrong-password"}
    spa.ask("/api/login/", wrong)
    spa.ask("/accounts/login/", urlencode(wrong).encode())  # without the CSRF token
    for path in ("/accounts/login/", "/admin/login/"):
        browser, token, _jar = browser_at(spa, path)
        form = wrong | {"csrfmiddlewaretoken": token, "next": "/planted-next/"}
        browser.open(spa.app.url + path, urlencode(form).encode()).close()


async def plant_in_sockets(spa: Spa) -> None:
    frames = (
        '{"command": "customer_confirm_selection", "data": {"planted-key": "planted-value"}}',
        '{"command": "planted_command", "id": "planted-id"}',
        '{"command": "customer_confirm_selection", "data": "planted-data"}',
        '{"command": "planted command"}',
        "{planted-broken",
        '["planted-list"]',
        b"planted-bytes",
    )
    await frames_to(spa, "/ws/customer/", *frames)
    await frames_to(spa, "/ws/monitor/?auth_token=planted-ticket")
    await frames_to(spa, "/ws/ticket/planted-key/")
    await frames_to(spa, "/ws/planted-nowhere/?auth_token=planted-ticket")
    await frames_to(spa, "/ws/monitor/", Authorization="Bearer planted-bearer")
    await frames_to(spa, "/ws/monitor/", Cookie="sessionid=planted-session")
    await frames_to(spa, "/ws/monitor/?auth_token=planted", origin="http://planted-origin")


async def frames_to(
    spa: Spa, path: str, *frames: str | bytes, origin: str = "", **headers: str
) -> None:
    """Open a socket, send, and receive until an answer to all, or the end."""
    try:
        async with connect(
            spa.app.ws_url + path,
            origin=Origin(origin or spa.app.url),
            additional_headers=headers,
            subprotocols=[Subprotocol("planted-protocol")],
        ) as socket:
            await socket.recv()
            for frame in frames:
                await socket.send(frame)
                await socket.recv()
    except (ConnectionClosed, InvalidStatus):
        pass


def session_of(spa: Spa) -> str:
    """Log in on the page; return the session's cookie."""
    browser, token, jar = browser_at(spa, "/accounts/login/")
    form = {"username": "manager1", "password": PASSWORD, "csrfmiddlewaretoken": token}
    browser.open(f"{spa.app.url}/accounts/login/", urlencode(form).encode()).close()
    browser.open(f"{spa.app.url}/monitor/").close()
    return value_of(jar, "sessionid")


def browser_at(spa: Spa, path: str) -> tuple[urllib.request.OpenerDirector, str, CookieJar]:
    """Return a browser that has loaded a page, and the page's CSRF token."""
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(spa.app.url + path).close()
    return browser, value_of(jar, "csrftoken"), jar


def value_of(jar: CookieJar, name: str) -> str:
    return next(str(cookie.value) for cookie in jar if cookie.name == name)
