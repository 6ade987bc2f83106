"""Tests that nothing a page loads after its first paint moves a control."""

import re
import sys

import pytest
from playwright.sync_api import Page, Request, Route, WebSocketRoute

from tools.screens.browser import Windows
from tools.screens.look import ALL_SIZES, AT_REST, controls_that_move, wait_until_live
from tools.screens.states import STATES
from tools.servers import run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
#: States whose pages read something after they are painted, or open a socket.
LOADING = ("menu-1", "kiosk-1", "desk", "till", "therapist-called", "monitor", "board")


class Late:
    """Delay of all that a page asks for, until the page has been painted without it."""

    def __init__(self, page: Page) -> None:
        """Hold back the answers to the page's requests and sockets from its next load on."""
        self.page = page
        self.answers: list[Route] = []
        self.requests: list[Request] = []
        self.messages: list[tuple[WebSocketRoute, str | bytes]] = []
        self.is_held = True
        page.route(re.compile("/api/"), self._answer)
        page.route_web_socket(re.compile("/ws/"), self._dial)
        page.reload()

    def arrive(self) -> None:
        """Let everything arrive, and wait until the page has read it."""
        self.is_held = False
        for answer in self.answers:
            answer.continue_()
        for route, text in self.messages:
            route.send(text)
        wait_until_live(self.page)
        for request in self.requests:  # more may come meanwhile
            response = request.response()
            assert response is not None, request.failure
            response.finished()

    def _answer(self, route: Route) -> None:
        self.requests.append(route.request)
        if self.is_held and route.request.method == "GET":
            self.answers.append(route)
        else:
            route.continue_()

    def _dial(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        server.on_message(lambda text: self._hear(route, text))

    def _hear(self, route: WebSocketRoute, text: str | bytes) -> None:
        if self.is_held:
            self.messages.append((route, text))
        else:
            route.send(text)


@pytest.fixture(scope="module")
def crowded(floor: Floor, spa) -> Floor:
    """Return the floor with customers in every state."""
    run_quietly([sys.executable, "-m", "tools.screens.crowded_day"], **spa, **SETTINGS)
    return floor


@pytest.mark.parametrize("size", ["390", "1024", "1280"])
@pytest.mark.parametrize("name", LOADING)
def test_what_arrives_after_the_first_paint_moves_no_control(crowded, windows: Windows, name, size):
    assert moved_by_what_arrives(crowded, windows, name, size) == []


@pytest.mark.parametrize("size", ["320", "390", "1024"])
@pytest.mark.parametrize("name", ["menu-1", "kiosk-1"])
@pytest.mark.parametrize("language", ["es", "fil"])
def test_a_long_wait_moves_no_control_in_any_language(
    crowded, windows: Windows, language, name, size
):
    windows.language = language
    assert moved_by_what_arrives(crowded, windows, name, size) == []


def moved_by_what_arrives(floor: Floor, windows: Windows, name: str, size: str) -> list[str]:
    """Return the controls that stand elsewhere once a page of that state has read everything."""
    state = STATES[name]
    page = windows.open(floor.one, state.path, state.username)
    page.set_viewport_size(ALL_SIZES[size])
    late = Late(page)
    state.act(page)
    page.evaluate(AT_REST)
    return controls_that_move(page, late.arrive)
