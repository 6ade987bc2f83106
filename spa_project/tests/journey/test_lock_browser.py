"""Tests of the screen lock in Chromium: inactivity covers the tablet, and the PIN unlocks it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.screens.spa import confirmed, the
from tools.servers.clients import PASSWORD, Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]

PIN = "470815"
WRONG = "111111"
LEFT_ALONE = 10 * 60_000 + 2_000
POLLED_MS = 15_000  # a socket is tried first


@pytest.fixture
def tablet(floor: Floor, windows: Windows) -> Page:
    """Return the desk of a therapist who has a PIN; the test controls the page's clock."""
    windows.logins.clear()  # a login locked by another test stays locked
    page = windows.open(floor.one, "/therapist/", "therapist3")
    the(page, "my-pin").click()
    for field, text in (("pin", PIN), ("again", PIN), ("password", PASSWORD)):
        page.fill(f"[name={field}]", text)
    the(page, "save-pin").click()
    page.wait_for_url("**/therapist/")
    page.clock.install()
    page.reload()
    expect(the(page, "connection")).to_have_attribute("data-state", "live")
    return page


def leave_alone(page: Page) -> None:
    page.clock.fast_forward(LEFT_ALONE)
    expect(the(page, "lock")).to_be_visible()


def test_a_tablet_left_alone_shows_nothing_and_rings_on(tablet, floor, windows, complaints):
    leave_alone(tablet)
    expect(the(tablet, "lock-name")).to_have_text("Carmen")
    for _ in range(3):
        tablet.keyboard.press("Escape")
    expect(the(tablet, "lock")).to_be_visible()
    menu = windows.open(floor.two, "/menu/")
    the(menu, "add").first.click()
    the(menu, "confirm").click()
    expect(the(tablet, "waiting-count")).to_have_text("1")
    assert complaints == []


def test_a_locked_tablet_rings_on_and_opens_where_sockets_are_blocked(tablet, floor):
    tablet.route_web_socket(re.compile("/ws/"), lambda line: line.close())
    tablet.reload()
    expect(the(tablet, "connection")).to_have_attribute("data-state", "live", timeout=POLLED_MS)
    with tablet.expect_response("**/api/lock/"):
        leave_alone(tablet)
    waiting = the(tablet, "waiting-count")
    more = str(int(waiting.inner_text()) + 1)
    confirmed(floor)
    expect(waiting).to_have_text(more, timeout=POLLED_MS)
    the(tablet, "pin").fill(PIN)
    the(tablet, "unlock").click()
    expect(the(tablet, "lock")).to_be_hidden()


def test_neither_a_reload_nor_a_second_window_gets_round_the_lock(tablet):
    with tablet.expect_response("**/api/lock/"):
        leave_alone(tablet)
    tablet.reload()
    expect(the(tablet, "lock")).to_be_visible()
    second = tablet.context.new_page()
    second.goto("/monitor/")
    assert second.url.endswith("/therapist/")
    expect(the(second, "lock")).to_be_visible()


def test_the_pin_opens_the_screen_again(tablet, complaints):
    leave_alone(tablet)
    for digit in WRONG:
        the(tablet, "lock").get_by_role("button", name=digit, exact=True).click()
    the(tablet, "unlock").click()
    expect(the(tablet, "lock-problem")).to_have_text("Incorrect PIN. 4 tries left.")
    the(tablet, "pin").focus()
    tablet.keyboard.type(PIN)
    tablet.keyboard.press("Enter")
    expect(the(tablet, "lock")).to_be_hidden()
    the(tablet, "my-day").click()
    expect(the(tablet, "day-customers")).to_be_visible()
    # The browser itself reports the refusal, and nothing else.
    assert [each for each in complaints if "/api/unlock/" not in each] == []


def test_who_forgot_the_pin_logs_out(tablet):
    leave_alone(tablet)
    the(tablet, "lock-logout").click()
    expect(tablet).to_have_url(re.compile("/accounts/login/"))
