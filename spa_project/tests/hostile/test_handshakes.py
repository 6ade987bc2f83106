"""B8: handshakes of the whole application: allowed origins and credentials."""

import pytest
from asgiref.sync import async_to_sync
from channels.testing import WebsocketCommunicator
from django.conf import settings

from conftest import session_of
from spa_project.lib.realtime.hub import hub
from spa_project.tests.hostile.clients import use_the_tests_thread
from spa_project.tests.hostile.visits import Asker

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
HOST = "localhost:8000"
FOREIGN = [
    "",
    "null",
    "http://evil.example",
    f"http://{HOST}.evil.example",
    f"http://evil.example#{HOST}",
    f"http://{HOST}@evil.example",
    "http://localhost",
    "http://localhost:8001",
    f"https://{HOST}",
    f"HTTP://{HOST.upper()}",
    f"http://{HOST}/",
    f"http://{HOST}/therapist/",
    f" http://{HOST}",
    "file://",
]
PATHS = ["/ws/therapist/", "/ws/customer/?branch=makati", "/ws/nowhere/"]


@pytest.fixture
def opens(floor, monkeypatch):
    """Return whether a socket opens for a browser in which Maya has logged in."""
    use_the_tests_thread(monkeypatch)
    session = session_of(floor.people[Asker.THERAPIST]).cookies[settings.SESSION_COOKIE_NAME].value

    def try_it(path: str, **headers: str) -> bool:
        sent = {"host": HOST, "cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} | headers
        return async_to_sync(_opens)(path, [(k.encode(), v.encode()) for k, v in sent.items()])

    return try_it


async def _opens(path: str, headers: list[tuple[bytes, bytes]]) -> bool:
    from spa_project.asgi import application

    socket = WebsocketCommunicator(application, path, headers=headers)
    try:
        opened, _code = await socket.connect(timeout=5)
        await socket.disconnect()
    finally:
        await hub.stop()
    return opened


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_opens_nothing(opens, path, origin):
    assert not opens(path, origin=origin)


@pytest.mark.parametrize("origin", FOREIGN)
def test_not_even_with_a_token(opens, floor, origin):
    token = floor.tokens[Asker.THERAPIST]
    assert not opens("/ws/therapist/", origin=origin, authorization=f"Bearer {token}")


def test_without_an_origin_a_session_is_not_enough_and_a_token_is(opens, floor):
    assert not opens("/ws/therapist/")
    assert opens("/ws/therapist/", authorization=f"Bearer {floor.tokens[Asker.THERAPIST]}")


def test_our_own_page_opens_it(opens):
    assert opens("/ws/therapist/", origin=f"http://{HOST}")
