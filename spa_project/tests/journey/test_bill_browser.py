"""Tests of changing a bill at the till in Chromium: discounts, a treatment more, one less."""

import sys

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated
from tools.servers import run_quietly

pytestmark = pytest.mark.servers

OFFERS = """
from accounts.models import Branch
from payments.models import Discount
Branch.objects.update(tax_rate=12, tax_label="VAT")
senior = dict(name="Senior", kind="percent", value=20, scope="line", needs_id=True, tax_exempt=True)
Discount.objects.update_or_create(code="senior", defaults=senior)
sorry = dict(name="Apology", kind="amount", needs_reason=True)
Discount.objects.update_or_create(code="sorry", defaults=sorry)
"""


@pytest.fixture
def visit(floor, windows, spa, complaints) -> Spa:
    """Finish a customer's treatment in a spa with discounts, and open the till."""
    run_quietly([sys.executable, "manage.py", "shell", "-c", OFFERS], **spa)
    opened = Spa(windows, floor).comes(treated(floor, "therapist1"))
    expect(the(opened.cashier, "connection")).to_have_attribute("data-state", "live")
    return opened


def test_a_bill_is_changed_with_the_keyboard_and_paid(visit, complaints):
    till = visit.cashier
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    before = amount_in(the(till, "total"))

    till.keyboard.press("F7")
    the(till, "discount").locator("text=Senior").click()
    the(till, "discount-id").fill("123-456")
    the(till, "discount-holder").fill("Ana Cruz")
    if the(till, "bill-choice").count() > 1:
        the(till, "bill-choice").first.click()
    till.keyboard.press("Enter")
    expect(the(till, "bill-dialog")).to_be_hidden()
    expect(the(till, "discounts")).to_contain_text("Senior")
    expect(the(till, "discounts")).to_contain_text("Tax exemption")
    less = amount_in(the(till, "total"))
    assert less < before

    till.keyboard.press("F8")
    the(till, "bill-query").fill("a")
    the(till, "bill-offer").first.click()
    expect(the(till, "bill-dialog")).to_be_hidden()
    expect(the(till, "tax")).to_be_visible()

    the(till, "open-removing").click()
    the(till, "bill-choice").last.click()
    the(till, "bill-reason").fill("Was not done")
    the(till, "bill-go").click()
    expect(the(till, "bill-dialog")).to_be_hidden()
    expect(the(till, "tax")).to_contain_text("0.00")
    assert amount_in(the(till, "total")) == less

    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) == 0
    with till.context.expect_page() as opened:
        the(till, "receipt-link").click()
    receipt = the(opened.value, "receipt")
    expect(receipt).to_contain_text("Ana Cruz, 123-456")
    expect(the(opened.value, "receipt-discount")).to_contain_text("Senior")
    assert amount_in(the(opened.value, "receipt-total")) == less
    assert complaints == []
