"""Tests of refunds at the till in Chromium, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated

pytestmark = pytest.mark.servers


@pytest.fixture
def visit(floor, windows, spa) -> Spa:
    """Finish a customer's treatment, and open the till."""
    opened = Spa(windows, floor).comes(treated(floor, "therapist1"))
    expect(the(opened.cashier, "connection")).to_have_attribute("data-state", "live")
    return opened


def test_a_sale_is_refunded_in_part_and_then_found_by_its_number(visit, complaints):
    till = visit.cashier
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    paid = amount_in(the(till, "total"))
    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    number = the(till, "receipt-number").inner_text()

    till.keyboard.press("r")
    expect(the(till, "refund-reason")).to_be_focused()
    till.keyboard.type("Too cold")
    the(till, "refund-part").click()
    the(till, "refund-amount").fill("1")
    the(till, "refund-go").click()
    expect(the(till, "refund-made")).to_contain_text("Refund R")
    assert amount_in(the(till, "refund-tender")) == 1
    till.keyboard.press("Escape")
    expect(the(till, "refund-dialog")).to_be_hidden()
    the(till, "next").click()

    till.keyboard.press("r")
    expect(the(till, "refund-number")).to_be_focused()
    till.keyboard.type(number)
    till.keyboard.press("Enter")
    expect(the(till, "refund-dialog")).to_contain_text("Already refunded")
    expect(the(till, "refund-void")).to_be_hidden()
    expect(the(till, "refund-reason")).to_be_focused()
    till.keyboard.type("Too cold")
    till.keyboard.press("Enter")
    expect(the(till, "refund-made")).to_be_visible()
    assert amount_in(the(till, "refund-tender")) == paid - 1
    with till.context.expect_page() as opened:
        the(till, "refund-receipt").click()
    expect(the(opened.value, "original")).to_contain_text(number)
    assert complaints == []
