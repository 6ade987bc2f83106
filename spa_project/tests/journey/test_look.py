"""Tests of the public screens' layout at every size, in both directions of writing."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tools.messages import LANGUAGES, write_pseudo
from tools.screens.browser import Windows
from tools.screens.look import (
    SIZES,
    accessibility_problems,
    layout_problems,
)
from tools.servers import AppServer
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(5)]

Opener = Callable[[AppServer, Windows], Page]


def page_at(path: str, ready: str) -> Opener:
    """Return a function that opens a URL and waits until this can be seen."""

    def opener(server: AppServer, windows: Windows) -> Page:
        page = windows.open(server, path)
        expect(page.locator(ready).first).to_be_visible()
        return page

    return opener


def choosing(page: Page) -> Page:
    page.set_viewport_size(SIZES["320"])
    page.get_by_test_id("add").first.click()
    page.get_by_test_id("open-cart").click()
    return page


def cart(server: AppServer, windows: Windows) -> Page:
    return choosing(page_at("/menu/", "[data-testid=add]")(server, windows))


def kiosk(server: AppServer, windows: Windows) -> Page:
    page = page_at("/menu/?kiosk=1", "[data-testid=begin]")(server, windows)
    page.get_by_test_id("begin").click()
    return page


def keyboard(server: AppServer, windows: Windows) -> Page:
    page = choosing(kiosk(server, windows))
    page.get_by_test_id("customer-name").click()
    expect(page.get_by_test_id("keyboard")).to_be_visible()
    return page


def number(server: AppServer, windows: Windows) -> Page:
    page = choosing(kiosk(server, windows))
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("code")).to_be_visible()
    return page


def ticket(server: AppServer, windows: Windows) -> Page:
    page = cart(server, windows)
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("before")).to_be_visible()
    return page


SCREENS: dict[str, Opener] = {
    "home": page_at("/", "h1"),
    "menu": page_at("/menu/", "[data-testid=add]"),
    "cart": cart,
    "number": number,
    "ticket": ticket,
    "greeting": page_at("/menu/?kiosk=1", "[data-testid=begin]"),
    "kiosk": kiosk,
    "keyboard": keyboard,
    "board": page_at("/board/", "[data-testid=waiting-count]"),
    "login": page_at("/accounts/login/", "[data-testid=login]"),
    "offline": page_at("/offline/", "h1"),
}


@pytest.fixture(scope="module")
def pseudo(spa, tmp_path_factory) -> Iterator[AppServer]:
    """Run a process of the same spa in a pseudo-locale that reads from right to left."""
    folder = tmp_path_factory.mktemp("locale")
    write_pseudo(folder)
    settings = {"DJANGO_SETTINGS_MODULE": "spa_project.tests.pseudo", "PSEUDO_LOCALE": str(folder)}
    with AppServer(**spa, **settings) as server:
        yield server


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_fits_every_size_and_is_accessible(floor: Floor, windows, complaints, name):
    page = SCREENS[name](floor.one, windows)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_fits_in_every_language(floor: Floor, windows, complaints, name, language):
    page = SCREENS[name](floor.one, windows.speaking(language))
    assert page.locator("html").get_attribute("lang") == language
    assert layout_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_fits_from_right_to_left(pseudo, floor, windows, complaints, name):
    page = SCREENS[name](pseudo, windows)
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert layout_problems(page) == []
    assert complaints == []


def test_a_fault_of_layout_is_noticed(floor, windows):
    page = windows.open(floor.one, "/accounts/login/")
    page.evaluate("document.querySelector('h1').style.marginBottom = '-60px'")
    page.evaluate("document.querySelector('[data-testid=login]').style.minWidth = '4000px'")
    problems = " ".join(layout_problems(page))
    assert "overlaps" in problems
    assert "too wide" in problems
