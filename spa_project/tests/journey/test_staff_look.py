"""Tests of the staff's screens in the middle of an afternoon: sizes, directions, axe-core."""

import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tools.messages import LANGUAGES, write_pseudo
from tools.screens.browser import Windows
from tools.screens.look import accessibility_problems, layout_problems
from tools.servers import AppServer, run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(6)]

Opener = Callable[[AppServer, Windows], Page]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}


@pytest.fixture(scope="module")
def afternoon(floor: Floor, spa) -> Floor:
    """Return the floor with customers at every point of their journey."""
    scene = [sys.executable, "-m", "tools.screens.demo_day"]
    run_quietly(scene, **spa, **SETTINGS)
    return floor


@pytest.fixture(scope="module")
def pseudo(afternoon, spa, tmp_path_factory) -> Iterator[AppServer]:
    """Run a process of the same spa in a pseudo-locale that reads from right to left."""
    folder = tmp_path_factory.mktemp("locale")
    write_pseudo(folder)
    settings = {"DJANGO_SETTINGS_MODULE": "spa_project.tests.pseudo", "PSEUDO_LOCALE": str(folder)}
    with AppServer(**spa, **settings) as server:
        yield server


def desk(path: str, username: str, ready: str, *taps: str) -> Opener:
    """Return a function that opens a desk, waits until it is filled, and taps."""

    def opener(server: AppServer, windows: Windows) -> Page:
        page = windows.open(server, path, username)
        expect(page.locator(ready).first).to_be_visible()
        for tap in taps:
            page.get_by_test_id(tap).first.click()
        return page

    return opener


def change(server: AppServer, windows: Windows) -> Page:
    """Open the change screen; leave the till as it was found."""
    page = desk("/cashier/", "cashier1", "[data-testid=claim], [data-testid=amount]")(
        server, windows
    )
    if page.get_by_test_id("claim").is_visible():
        page.get_by_test_id("claim").click()
    page.get_by_test_id("tender").nth(1).click()
    page.get_by_test_id("pay").click()
    expect(page.get_by_test_id("next")).to_be_focused()
    return page


def locked(server: AppServer, windows: Windows) -> Page:
    """Open a therapist's locked screen, without locking it on the server."""
    page = desk("/therapist/", "therapist4", "[data-testid=claim]")(server, windows)
    page.evaluate("document.getElementById('screen-lock').showModal()")
    return page


SCREENS: dict[str, Opener] = {
    "wall": desk("/monitor/", "monitor1", ".visit-card"),
    "therapist-free": desk("/therapist/", "therapist4", "[data-testid=claim]"),
    "therapist-called": desk("/therapist/", "therapist3", "[data-testid=start]"),
    "therapist-question": desk(
        "/therapist/", "therapist3", "[data-testid=start]", "more", "release"
    ),
    "therapist-serving": desk("/therapist/", "therapist1", "[data-testid=finish]", "finish"),
    "therapist-services": desk("/therapist/", "therapist1", "[data-testid=finish]", "add-service"),
    "therapist-day": desk("/therapist/", "therapist4", "[data-testid=claim]", "my-day"),
    "therapist-locked": locked,
    "therapist-pin": desk("/accounts/pin/", "therapist4", "[data-testid=save-pin]"),
    "till": desk("/cashier/", "cashier1", ".queue-row"),
    "till-keys": desk("/cashier/", "cashier1", ".queue-row", "open-keys"),
    "till-sales": desk("/cashier/", "cashier1", ".queue-row", "sales"),
    "till-terminal": desk("/cashier/", "cashier2", "[data-testid=terminal]"),
    "till-change": change,
    "monitor": desk("/monitor/", "manager1", ".visit-card"),
    "monitor-room": desk("/monitor/", "manager1", ".visit-card", "room-switch"),
    "reports": desk("/reports/", "manager1", "[data-testid=report-total]"),
    "front-desk": desk("/desk/", "manager1", ".queue-row"),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_desk_fits_every_size_and_is_accessible(afternoon, windows, complaints, name):
    page = SCREENS[name](afternoon.one, windows)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [name for name in SCREENS if name != "till-change"])
def test_a_desk_fits_in_every_language(afternoon, windows, complaints, name, language):
    page = SCREENS[name](afternoon.one, windows.speaking(language))
    assert page.locator("html").get_attribute("lang") == language
    assert layout_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_desk_fits_while_it_is_cut_off(afternoon, windows, language):
    page = SCREENS["therapist-serving"](afternoon.one, windows.speaking(language))
    page.context.set_offline(True)
    expect(page.get_by_test_id("connection")).not_to_have_attribute("data-state", "live")
    assert layout_problems(page) == []


@pytest.mark.parametrize("name", [name for name in SCREENS if name != "till-change"])
def test_a_desk_fits_from_right_to_left(pseudo, windows, complaints, name):
    page = SCREENS[name](pseudo, windows)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert layout_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_desk_can_be_read_in_every_light(afternoon, windows, complaints, scheme):
    page = windows.open(afternoon.one, "/monitor/", "manager1")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for path in ("/monitor/", "/desk/", "/reports/", "/"):
        page.goto(path)
        assert accessibility_problems(page) == []
    assert complaints == []
