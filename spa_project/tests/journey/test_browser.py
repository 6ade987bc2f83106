"""Tests of a customer's journey in Chromium: six pages, two processes, no reload."""

import pytest
from playwright.sync_api import Page, expect

from tools.screens.spa import Spa, the

pytestmark = pytest.mark.servers


def mark(pages: list[Page]) -> None:
    """Set a variable in each page that a reload would delete."""
    for page in pages:
        page.evaluate("window.neverReloaded = true")


def reloaded(pages: list[Page]) -> list[str]:
    """Return the URLs of the pages that lost their mark."""
    return [page.url for page in pages if not page.evaluate("window.neverReloaded === true")]


def test_every_page_follows_a_customer_by_itself(floor, windows, complaints):
    spa = Spa(windows, floor)
    pages = [spa.menu, spa.therapist, spa.cashier, spa.monitor, spa.board]
    for page in pages:
        expect(the(page, "connection")).to_have_attribute("data-state", "live")
    mark(pages)
    spa.customer_chooses()  # and reloads the menu on the way
    spa.customer_opens_the_ticket()
    pages.append(spa.ticket)
    mark([spa.menu, spa.ticket])
    spa.therapist_claims()
    spa.therapist_starts()
    spa.therapist_adds_and_removes()
    spa.therapist_finishes()
    spa.therapist_prepares_the_room()
    spa.cashier_claims()
    spa.cashier_takes("500.50")
    assert reloaded(pages) == []
    assert complaints == []


def test_a_breach_of_the_content_policy_is_noticed(floor, windows, complaints):
    page = windows.open(floor.one, "/")
    with page.expect_console_message(lambda message: "style-src" in message.text):
        page.evaluate("document.body.innerHTML += '<p style=\"color: red\">'")
    assert complaints != []
