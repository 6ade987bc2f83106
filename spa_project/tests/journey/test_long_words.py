"""Tests of the layout with names of sixty letters that have no place to break."""

import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from spa_project.tests.journey.test_look import choosing, page_at
from spa_project.tests.journey.test_staff_look import SETTINGS, desk
from tools.screens.browser import Windows
from tools.screens.look import AT_REST, LAYOUT, SIZES
from tools.servers import AppServer, run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]

Opener = Callable[[AppServer, Windows], Page]

#: Saved one by one, so that the menu's cache learns of it.
RENAME = """
from accounts.models import Cashier, Therapist
from catalog.models import Service, ServiceCategory, ServiceClassification
from queueing.models import Transaction, TransactionItem
def rename(rows, field, length):
    for number, row in enumerate(rows):
        setattr(row, field, f"{number:02}".ljust(length, "W"))
        row.save()
rename(ServiceCategory.objects.all(), "name", 60)
rename(Service.objects.all(), "name", 60)
rename(ServiceClassification.objects.all(), "classification", 60)
rename(Therapist.objects.all(), "display_name", 60)
rename(Cashier.objects.all(), "display_name", 60)
Transaction.objects.update(customer_name="W" * 60)
TransactionItem.objects.update(service_name="W" * 60, classification="W" * 60)
"""


@pytest.fixture(scope="module")
def wordy(floor: Floor, spa) -> AppServer:
    """Return a process of a spa in the afternoon, all of whose names are one long word."""
    run_quietly([sys.executable, "-m", "tools.screens.demo_day"], **spa, **SETTINGS)
    run_quietly([sys.executable, "manage.py", "shell", "-v", "0", "-c", RENAME], **spa, **SETTINGS)
    return floor.one


def ticket(server: AppServer, windows: Windows) -> Page:
    page = choosing(page_at("/menu/", "[data-testid=add]")(server, windows))
    page.get_by_test_id("confirm").click()
    expect(page.get_by_test_id("bill-item").first).to_be_visible()
    return page


def kiosk(server: AppServer, windows: Windows) -> Page:
    page = page_at("/menu/?kiosk=1", "[data-testid=begin]")(server, windows)
    page.get_by_test_id("begin").click()
    page.get_by_test_id("add").first.click()
    return page


def cart(server: AppServer, windows: Windows) -> Page:
    return choosing(page_at("/menu/", "[data-testid=add]")(server, windows))


SCREENS: dict[str, Opener] = {
    "menu": page_at("/menu/", "[data-testid=add]"),
    "cart": cart,
    "kiosk": kiosk,
    "ticket": ticket,
    "board": page_at("/board/", ".call"),
    "desk": desk("/desk/", "manager1", ".queue-row"),
    "therapist": desk("/therapist/", "therapist1", "[data-testid=finish]"),
    "till": desk("/cashier/", "cashier1", ".queue-row"),
    "monitor": desk("/monitor/", "manager1", ".visit-card"),
    "reports": desk("/reports/", "manager1", "[data-testid=report-total]"),
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_long_word_breaks_on_a_small_phone(wordy, windows, name):
    page = SCREENS[name](wordy, windows)
    page.set_viewport_size(SIZES["320"])
    page.evaluate(AT_REST)
    assert page.evaluate(LAYOUT) == []


def receipt_of(server: AppServer, windows: Windows) -> str:
    """Return the address of a receipt of the day."""
    page = desk("/cashier/", "cashier1", ".queue-row")(server, windows)
    page.get_by_test_id("day").locator("summary").click()
    return page.get_by_test_id("day-row").first.locator("a").get_attribute("href") or ""


@pytest.mark.parametrize("width", ["58", "80"])
def test_a_long_word_leaves_the_price_on_the_paper(wordy, windows, width):
    page = windows.open(wordy, f"{receipt_of(wordy, windows)}?width={width}")
    paper = page.get_by_test_id("receipt").bounding_box()
    assert paper
    for price in page.locator(".receipt .figure").all():
        box = price.bounding_box()
        assert box
        assert box["x"] + box["width"] <= paper["x"] + paper["width"]
    assert page.evaluate(LAYOUT) == []
