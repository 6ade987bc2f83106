"""Tests of what is sent to a socket: in which write, and in which order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from spa_project.lib import daphne, websocket_sending
from spa_project.lib.realtime.send_queue import SEND_EVENT
from spa_project.lib.websocket_sending import frame
from spa_project.tests.concurrency import PATIENCE

pytestmark = pytest.mark.asyncio

#: Seconds that do not pass while a test runs.
NEVER = 600.0


class Written(list[bytes]):
    """The bytes of each write."""

    async def has(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self) < count:
                await asyncio.sleep(0.001)


@pytest.fixture
def written(monkeypatch) -> Written:
    found = Written()
    monkeypatch.setattr(websocket_sending, "write", lambda _transport, data: found.append(data))
    monkeypatch.setattr(websocket_sending, "_waiting", [])  # each test has an event loop of its own
    return found


@pytest_asyncio.fixture
async def line() -> daphne.Protocol:
    return opened()


def opened() -> daphne.Protocol:
    protocol = daphne.Protocol()
    protocol.state, protocol.transport = protocol.STATE_OPEN, None
    return protocol


def frames(*texts: str) -> bytes:
    return b"".join(frame(text, False) for text in texts)


@pytest.fixture
def busy(monkeypatch) -> Callable[[float], None]:
    """Set the seconds from one write to the next."""
    return lambda seconds: monkeypatch.setattr(websocket_sending, "GATHER_SECONDS", seconds)


async def test_what_is_sent_in_a_turn_of_the_loop_leaves_in_one_write(line, written):
    line.send_event("a")
    line.serverSend("b")
    line.send_event("c")
    assert written == []
    await asyncio.sleep(0)
    assert written == [frames("a", "b", "c")]


async def test_events_that_follow_one_another_leave_in_one_write(line, written, busy):
    busy(0.05)
    line.send_event("a")
    await written.has(1)
    busy(NEVER)
    line.send_event("b")
    await asyncio.sleep(0)
    line.send_event("c")
    await asyncio.sleep(0)
    assert written == [frames("a")]


async def test_gathered_events_leave_after_the_pause_between_writes(line, written, busy):
    busy(0.05)
    line.send_event("a")
    await written.has(1)
    line.send_event("b")
    await written.has(2)
    line.send_event("c")
    await written.has(3)
    assert written == [frames("a"), frames("b"), frames("c")]


async def test_a_reply_waits_for_nothing_and_follows_what_was_gathered(line, written, busy):
    line.send_event("a")
    await asyncio.sleep(0)
    busy(NEVER)
    line.send_event("b")
    line.serverSend("reply")
    await asyncio.sleep(0)
    assert written == [frames("a"), frames("b", "reply")]


async def test_a_client_that_is_gone_keeps_no_event_from_the_others(line, written, busy):
    gone = opened()
    for each in (gone, line):
        each.send_event("a")
    await asyncio.sleep(0)
    busy(0.05)
    for each in (gone, line):
        each.send_event("b")
    gone.state = gone.STATE_CLOSED
    await written.has(3)
    assert written == [frames("a"), frames("a"), frames("b")]


async def test_a_client_that_is_behind_or_gone_is_sent_no_event_at_once(line, written):
    line.unread = asyncio.get_running_loop().create_future()
    assert not line.send_at_once("a")
    line.unread = None
    assert line.send_at_once("b")
    line.state = line.STATE_CLOSED
    assert not line.send_at_once("c")
    line.state = line.STATE_OPEN
    await asyncio.sleep(0)
    assert written == [frames("b")]


async def test_the_application_of_a_socket_is_offered_to_send_events_at_once(line, written):
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    request = object()
    server = daphne.GracefulServer(application=application, endpoints=["tcp:port=0"])
    server.connections = {line: {}, request: {}}
    server.create_application(line, {"type": "websocket"})
    server.create_application(request, {"type": "http"})
    await asyncio.gather(*(each["application_instance"] for each in server.connections.values()))
    socket, http = scopes
    assert socket["extensions"][SEND_EVENT]("a")
    await asyncio.sleep(0)
    assert written == [frames("a")]
    assert "extensions" not in http
