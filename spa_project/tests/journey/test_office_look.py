"""Tests of the managers' pages at every size and in every language, with axe-core."""

import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tools.messages import LANGUAGES
from tools.screens.browser import Windows
from tools.screens.look import accessibility_problems, layout_problems
from tools.servers import run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

Opener = Callable[[Floor, Windows], Page]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
PRICES = "/admin/catalog/pricelist/"


@pytest.fixture(scope="module")
def afternoon(floor: Floor, spa, new_windows) -> Floor:
    """Return the floor with customers, after a manager has changed a price."""
    run_quietly([sys.executable, "-m", "tools.screens.demo_day"], **spa, **SETTINGS)
    windows = new_windows()
    office = windows.open(floor.one, "/monitor/", "manager1")
    office.goto(PRICES)
    office.locator("input[name$='-price']:not([type=hidden])").first.fill("1,234.50")
    office.locator("[name=_save]").first.click()
    expect(office.locator(".success")).to_be_visible()
    windows.close()
    return floor


def at(path: str, ready: str = "h1") -> Opener:
    """Return a function that opens a page as a manager."""

    def opener(floor: Floor, windows: Windows) -> Page:
        page = windows.open(floor.one, path, "manager1")
        expect(page.locator(ready).first).to_be_visible()
        return page

    return opener


def undo(floor: Floor, windows: Windows) -> Page:
    """Open the page that asks whether to undo the change of a price."""
    page = at("/admin/changes/", ".changes-table")(floor, windows)
    page.locator(".changes-undo a").first.click()
    expect(page.locator(".first-password")).to_be_visible()
    return page


def take_off(floor: Floor, windows: Windows) -> Page:
    """Open the page that offers to take a booked treatment off the menu."""
    booked = floor.offers()[0]["service_id"]
    return at(f"/admin/catalog/service/{booked}/delete/", "[name=confirmed]")(floor, windows)


def switch_off(floor: Floor, windows: Windows) -> Page:
    """Open the page that asks whether to switch everybody off."""
    page = at("/admin/accounts/user/")(floor, windows)
    page.locator("#action-toggle").check()
    page.locator("[name=action]").select_option("switch_off")
    page.locator("[name=index]").click()
    expect(page.locator("[name=confirmed]")).to_be_visible()
    return page


SCREENS: dict[str, Opener] = {
    "home": at("/"),
    "office": at("/admin/"),
    "changes": at("/admin/changes/", ".changes-table"),
    "undo": undo,
    "take-off": take_off,
    "switch-off": switch_off,
    "devices": at("/first-day/devices/"),
    "duty": at("/admin/accounts/presence/"),
    "desk": at("/desk/", ".queue-row"),
    "visits": at("/admin/queueing/transaction/"),
    "api": at("/api/docs"),
    "offline": at("/offline/"),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_page_of_the_office_fits_every_size_and_is_accessible(
    afternoon, windows, complaints, name
):
    page = SCREENS[name](afternoon, windows)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_page_of_the_office_fits_in_every_language(
    afternoon, windows, complaints, name, language
):
    page = SCREENS[name](afternoon, windows.speaking(language))
    assert layout_problems(page) == []
    assert complaints == []
