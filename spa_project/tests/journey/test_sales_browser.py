"""Tests of past sales at the till in Chromium, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated

pytestmark = pytest.mark.servers


@pytest.fixture
def till(floor, windows, spa):
    """Sell to one customer, and return the till without the sale on it."""
    visit = Spa(windows, floor).comes(treated(floor, "therapist1"))
    till = visit.cashier
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    the(till, "next").click()
    expect(the(till, "change")).to_be_hidden()
    return till


def test_a_sale_is_found_printed_again_and_refunded(till, complaints):
    till.keyboard.press("h")
    expect(the(till, "sales-sought")).to_be_focused()
    expect(the(till, "sale")).to_have_count(1)
    total = amount_in(the(till, "sale").locator("strong"))

    till.keyboard.type("98765")
    till.keyboard.press("Enter")
    expect(the(till, "no-sales")).to_be_visible()
    the(till, "sales-sought").fill(f"{total}")
    till.keyboard.press("Enter")
    expect(the(till, "sale-number")).to_have_text("1")
    expect(the(till, "sale-print")).to_be_focused()

    till.context.add_init_script("window.print = () => {}")
    for is_copy in (False, True):
        with till.context.expect_page() as opened:
            the(till, "sale-print").press("Enter")
        expect(the(opened.value, "receipt-number")).to_have_text("000001")
        expect(the(opened.value, "copy")).to_have_count(int(is_copy))
        opened.value.close()
        till.bring_to_front()

    the(till, "sale-refund").press("Enter")
    expect(the(till, "sales-dialog")).to_be_hidden()
    expect(the(till, "refund-void")).to_be_visible()
    the(till, "refund-void").press("Enter")
    the(till, "refund-reason").fill("Charged twice")
    the(till, "refund-reason").press("Enter")
    expect(the(till, "refund-made")).to_be_visible()
    assert amount_in(the(till, "refund-tender")) == total
    till.keyboard.press("Escape")
    expect(the(till, "refund-dialog")).to_be_hidden()

    till.keyboard.press("h")
    expect(the(till, "sale")).to_contain_text("Refunded")
    the(till, "sale").press("Enter")
    expect(the(till, "sale-refunded")).to_be_visible()
    assert amount_in(the(till, "sale-refunded").locator(".figure")) == total
    the(till, "sale-back").click()
    expect(the(till, "sales-sought")).to_be_focused()
    till.keyboard.press("Escape")
    expect(the(till, "sales-dialog")).to_be_hidden()
    assert complaints == []
