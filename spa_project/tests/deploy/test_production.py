"""Tests of production from the files of deploy/: the journey through nginx, and its rules."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
import redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from queueing.simulation.client import LiveClient, log_in
from spa_project.tests.deploy.installation import DEPLOY, Installation

# Collected here once more, to run through the proxy.
from spa_project.tests.journey.test_sockets import (
    test_every_screen_follows_a_customer_through_two_processes as test_the_journey,
)
from tools.servers import run_quietly
from tools.servers.clients import PASSWORD, desk

__all__ = ["test_the_journey"]

pytestmark = [pytest.mark.servers, pytest.mark.asyncio]


def get(url: str, **headers: str) -> tuple[int, str, Any]:
    """Return status, text and headers of an answer; redirects are not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stay)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with opener.open(urllib.request.Request(url, headers=names), timeout=10) as answer:
            return answer.status, answer.read().decode(errors="replace"), answer.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode(errors="replace"), refusal.headers


def post(url: str, data: dict[str, Any], **headers: str) -> Any:
    body = json.dumps(data).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"} | names)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


async def test_a_program_works_by_token_and_by_ticket(production, floor):
    url = production.nginx.url
    login = await asyncio.to_thread(log_in, url, "therapist2", PASSWORD)
    async with LiveClient([url], "/ws/therapist/", token=login.token) as line:
        reply = await line.ask("therapist_confirm_next")
        assert reply["ok"] or reply["code"] == "queue_empty"

    bearer = {"Authorization": f"Bearer {login.token}"}
    ticket = (await asyncio.to_thread(post, f"{url}/api/ws-ticket/", {}, **bearer))["ticket"]
    address = f"{production.nginx.ws_url}/ws/therapist/?auth_token={ticket}"
    async with connect(address, origin=Origin(url)) as socket:
        assert json.loads(await socket.recv())["event"] == "snapshot"
    log = production.nginx.access_log.read_text()
    assert "/ws/therapist/" in log
    assert ticket not in log
    assert login.token not in log


async def test_the_proxys_log_has_neither_queries_nor_visitors_keys(production, floor):
    nginx = production.nginx
    secret = "s3cret-in-a-query"
    for path in (f"/menu/?auth_token={secret}", "/ticket/k3y-of-a-visit/", "/receipt/k3y/qr.svg"):
        await asyncio.to_thread(get, nginx.url + path)
    async with connect(f"{nginx.ws_url}/ws/ticket/k3y-of-a-visit/?a={secret}") as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    lines = [json.loads(line) for line in nginx.access_log.read_text().splitlines()]
    assert {"/menu/", "/ticket/...", "/receipt/...", "/ws/ticket/..."} <= {x["uri"] for x in lines}
    logs = nginx.access_log.read_text() + nginx.error_log.read_text() + nginx.log_tail()
    assert secret not in logs
    assert "k3y" not in logs


def addresses_counted(production: Installation) -> set[str]:
    """Return the addresses that visitors are counted by; staff are counted by their login."""
    with redis.Redis(port=production.broker.port, decode_responses=True) as client:
        counted = {key.split("/")[2].split()[0] for key in client.scan_iter("spa:limit:*")}
    return counted - {"person"}


async def test_an_address_is_the_browsers_whatever_it_claims(production, floor):
    with redis.Redis(port=production.broker.port) as client:
        client.flushdb()  # other tests have addresses of their own
    claims = {"X_Forwarded_For": "6.6.6.6", "Forwarded": "for=7.7.7.7"}
    await asyncio.to_thread(get, f"{production.nginx.url}/menu/", **claims)
    sockets = {"X-Forwarded-For": "8.8.8.8"}
    origin = Origin(production.nginx.url)
    async with connect(
        f"{production.nginx.ws_url}/ws/board/", origin=origin, additional_headers=sockets
    ) as socket:
        await socket.recv()
    assert addresses_counted(production) == {"127.0.0.1"}


async def test_nobody_outside_reads_figures_or_chooses_our_root(production, floor):
    nginx = production.nginx
    assert (await asyncio.to_thread(get, f"{nginx.url}/metrics"))[0] == 404
    assert (await asyncio.to_thread(get, f"{nginx.url}/readyz"))[0] == 404
    _status, page, _ = await asyncio.to_thread(get, f"{nginx.url}/menu/", Daphne_Root_Path="/evil")
    assert "/evil" not in page


async def test_each_process_shows_this_machine_its_figures_and_its_health(production, floor):
    for process in production.units:
        inside = f"{production.nginx.inside_url}/{process}"
        status, page, _ = await asyncio.to_thread(get, f"{inside}/metrics")
        assert status == 200
        assert "spa_commands" in page
        assert (await asyncio.to_thread(get, f"{inside}/readyz"))[0] == 200
        assert (await asyncio.to_thread(get, f"{inside}/menu/"))[0] == 404


async def test_plain_http_leads_to_https(production, floor):
    status, _page, headers = await asyncio.to_thread(get, f"{production.nginx.plain_url}/menu/?a=1")
    assert status == 301
    assert headers["Location"] == "https://localhost/menu/?a=1"
    status, _page, headers = await asyncio.to_thread(get, f"{production.nginx.url}/menu/")
    assert status == 200
    assert headers["Strict-Transport-Security"]


async def test_files_are_served_from_the_proxys_cache(production, floor):
    _status, page, _ = await asyncio.to_thread(get, f"{production.nginx.url}/menu/")
    [path, *_] = [part.split('"')[0] for part in page.split('href="')[1:] if ".css" in part]
    for _each in range(2):
        status, _text, headers = await asyncio.to_thread(get, production.nginx.url + path)
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
    lines = [json.loads(line) for line in production.nginx.access_log.read_text().splitlines()]
    assert [line["process"] for line in lines if line["uri"] == path][-1] == ""


async def test_sockets_and_requests_go_to_their_own_processes(production, floor):
    async with desk(floor.one, "/ws/board/"):
        await asyncio.to_thread(get, f"{production.nginx.url}/menu/")
    await asyncio.sleep(0)
    lines = [json.loads(line) for line in production.nginx.access_log.read_text().splitlines()]
    sockets = {line["process"] for line in lines if line["uri"].startswith("/ws/")}
    pages = {line["process"] for line in lines if line["uri"] == "/menu/"}
    assert all("/live" in process for process in sockets)
    assert all("/web" in process for process in pages)


async def test_nginx_takes_its_configuration_without_a_complaint(production):
    nginx = production.nginx
    run_quietly([*nginx.command(), "-t"])
    assert "warn" not in nginx.log_tail()
    assert (DEPLOY / "nginx" / "spa.conf").read_text().count("max_fails=0;") == 4
