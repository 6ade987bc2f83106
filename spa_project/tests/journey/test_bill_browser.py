"""Tests of changing a bill at the till in Chromium: discounts, a treatment more, one less."""

import sys

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated
from tools.servers import run_quietly

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]

OFFERS = """
from accounts.models import Branch
from payments.models import Discount
Branch.objects.update(tax_rate=12, tax_label="VAT")
senior = dict(name="Senior", kind="percent", value=20, scope="line", needs_id=True, tax_exempt=True)
Discount.objects.update_or_create(code="senior", defaults=senior)
sorry = dict(name="Apology", kind="amount", needs_reason=True)
Discount.objects.update_or_create(code="sorry", defaults=sorry)
"""
MANAGED = """
from accounts.models import User
from accounts.screen_lock import set_pin
from payments.models import Discount
Discount.objects.filter(code="sorry").update(cashier_limit=20)
set_pin(User.objects.get(username="manager1"), "4711")
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


def test_a_refused_discount_is_explained_in_its_dialog_and_another_removed(visit, complaints):
    till = visit.cashier
    the(till, "take").click()
    the(till, "open-discounts").click()
    the(till, "discount").locator("text=Apology").click()
    expect(the(till, "bill-go")).to_be_disabled()
    the(till, "discount-value").fill("50")
    the(till, "bill-reason").fill("Cold room")
    the(till, "bill-go").click()
    expect(the(till, "bill-dialog")).to_be_hidden()
    before = amount_in(the(till, "total"))

    the(till, "open-discounts").click()
    the(till, "discount").locator("text=Apology").click()
    the(till, "discount-value").fill("10")
    the(till, "bill-reason").fill("Cold room")
    the(till, "bill-go").click()
    expect(the(till, "bill-problem")).to_contain_text("Apology was already given.")
    the(till, "remove-discount").click()
    expect(the(till, "remove-discount")).to_have_count(0)
    the(till, "bill-close").click()
    expect(the(till, "discount")).to_have_count(0)  # from then on the keys are the till's
    assert amount_in(the(till, "total")) == before + 50
    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    assert complaints == []


def test_change_is_kept_as_a_tip_in_one_tap(visit, complaints):
    till = visit.cashier
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    till.keyboard.press("+")
    till.keyboard.press("+")
    given = amount_in(the(till, "tender").nth(1).locator(".figure"))
    due = amount_in(the(till, "total"))
    the(till, "keep-change").click()
    expect(the(till, "tip")).to_have_value(f"{given - due:.2f}")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) == 0
    assert amount_in(the(till, "paid-tip")) == given - due
    assert complaints == []


def test_a_declined_card_leaves_the_rest_of_a_split_payment(visit, complaints):
    till = visit.cashier
    the(till, "take").click()
    due = amount_in(the(till, "total"))
    the(till, "split").click()
    the(till, "card").check()
    the(till, "amount").fill("100")
    the(till, "pay").click()
    expect(the(till, "part")).to_have_count(1)
    the(till, "e-wallet").check()
    till.keyboard.press("F4")
    the(till, "pay").click()
    expect(the(till, "terminal")).to_contain_text("Card")
    the(till, "approved").click()
    expect(the(till, "terminal")).to_contain_text("E-wallet")
    the(till, "declined").click()
    expect(the(till, "received")).to_contain_text("100.00")
    expect(the(till, "tender").first).to_be_enabled()
    till.keyboard.press("F4")
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    expect(the(till, "paid-tender")).to_have_count(2)
    with till.context.expect_page() as opened:
        the(till, "receipt-link").click()
    expect(the(opened.value, "receipt-tender")).to_have_count(2)
    assert amount_in(the(opened.value, "receipt-total")) == due
    assert complaints == []


def test_a_manager_approves_one_discount_by_name_and_pin(visit, spa, complaints):
    run_quietly([sys.executable, "manage.py", "shell", "-c", MANAGED], **spa)
    till = visit.cashier
    till.reload()
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    before = amount_in(the(till, "total"))

    def apologize() -> None:
        the(till, "open-discounts").click()
        the(till, "discount").locator("text=Apology").click()
        the(till, "discount-value").fill("100")
        the(till, "bill-reason").fill("Cold room")
        expect(the(till, "bill-approval")).to_have_count(0)
        the(till, "bill-reason").press("Enter")
        expect(the(till, "bill-approval")).to_be_visible()

    apologize()
    expect(the(till, "bill-problem")).to_contain_text("manager")
    expect(the(till, "bill-go")).to_be_disabled()
    the(till, "bill-manager").fill("manager1")
    the(till, "bill-pin").fill("0000")
    the(till, "bill-pin").press("Enter")
    expect(the(till, "bill-problem")).to_contain_text("Incorrect PIN.")
    expect(the(till, "bill-pin")).to_have_value("")
    expect(the(till, "remove-discount")).to_have_count(0)
    the(till, "bill-pin").fill("4711")
    the(till, "bill-pin").press("Enter")
    expect(the(till, "bill-dialog")).to_be_hidden()
    assert amount_in(the(till, "total")) == before - 100

    # The approval was for that discount, once: the same again asks again.
    the(till, "open-discounts").click()
    the(till, "remove-discount").click()
    expect(the(till, "remove-discount")).to_have_count(0)
    the(till, "bill-close").click()
    apologize()
    expect(the(till, "bill-manager")).to_have_value("")
    the(till, "bill-close").click()
    assert amount_in(the(till, "total")) == before
    the(till, "release").click()
    expect(the(till, "current-code")).to_have_count(0)
    assert complaints == []
