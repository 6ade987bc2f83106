"""Tests of the customer-facing screen of a counter in Chromium: it follows the till live."""

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated

pytestmark = pytest.mark.servers


def test_the_customers_screen_follows_the_till_to_change_and_thanks(floor, windows, complaints):
    opened = Spa(windows, floor).comes(treated(floor, "therapist1"))
    till = opened.cashier
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    display = windows.open(floor.two, "/display/1/", "monitor1")
    expect(the(display, "connection")).to_have_attribute("data-state", "live")
    expect(the(display, "idle")).to_be_visible()

    till.keyboard.press("F2")
    expect(the(display, "due")).to_be_visible()
    expect(the(display, "line").first).to_be_visible()
    due = amount_in(the(till, "total"))
    assert amount_in(the(display, "due")) == due

    till.keyboard.press("F8")
    the(till, "bill-query").fill("a")
    the(till, "bill-offer").first.click()
    expect(the(till, "bill-dialog")).to_be_hidden()
    expect(the(display, "due")).not_to_contain_text(f"{due:,.2f}")
    assert amount_in(the(display, "due")) == amount_in(the(till, "total"))

    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(display, "thanks")).to_be_visible()
    expect(the(display, "change")).to_be_visible()
    assert amount_in(the(display, "change")) == 0
    assert complaints == []
