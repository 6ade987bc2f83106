"""Tests of the till in Chromium: terminal, mistyped amount, other device, receipt, day."""

import re
import sys
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from spa_project.tests.concurrency import wait_until
from tools.screens.spa import Spa, amount_in, the, treated
from tools.servers import run_quietly

#: Whether a style sheet ends with a rule for printed pages.
HAS_PAGE_RULE = "[...document.styleSheets].some((sheet) => [...sheet.cssRules].pop()?.type === 6)"

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

FREE = """
from queueing.models import Transaction, TransactionItem
for visit in Transaction.objects.filter(status="finished"):
    TransactionItem.objects.filter(transaction=visit).update(price=0)
    Transaction.objects.filter(pk=visit.pk).update(total_amount=0)
"""


@pytest.fixture
def visit(floor, windows, complaints) -> Spa:
    """Finish a customer's treatment, and open the till."""
    spa = Spa(windows, floor).comes(treated(floor, "therapist1"))
    expect(the(spa.cashier, "connection")).to_have_attribute("data-state", "live")
    return spa


def by_card(till: Page) -> None:
    the(till, "card").check()
    the(till, "pay").click()
    expect(the(till, "terminal")).to_be_visible()


def printed(till: Page) -> Page:
    """Press F6 at a till whose printer never ends; return the page with the receipt."""
    till.context.add_init_script("window.print = () => (document.body.ariaBusy = 'true')")
    with till.context.expect_page() as opened:
        till.keyboard.press("F6")
    expect(opened.value.locator("body")).to_have_attribute("aria-busy", "true")
    return opened.value


def test_a_card_is_declined_then_approved_on_another_device(visit, windows, floor, complaints):
    till = visit.cashier
    the(till, "take").click()
    price = amount_in(the(till, "total"))
    by_card(till)
    expect(the(visit.monitor, "at-terminal")).to_be_visible()
    expect(the(visit.monitor, "approved")).to_have_count(0)
    till.reload()
    expect(the(till, "terminal")).to_be_visible()
    the(till, "declined").click()
    expect(the(till, "amount")).to_be_visible()
    the(till, "release").click()
    the(till, "take").click()
    by_card(till)

    other = windows.open(floor.two, "/cashier/", "cashier1")
    expect(the(other, "current-code")).to_have_text(visit.code)
    the(other, "reference").fill("A1B2C3")
    the(other, "approved").click()
    expect(the(other, "charged")).to_be_visible()
    assert amount_in(the(other, "charged")) == price
    expect(the(other, "change")).to_have_count(0)  # a terminal gives none
    expect(the(till, "terminal")).to_have_count(0)
    visit.expect_ticket("paid")
    expect(the(visit.ticket, "receipt")).to_be_visible()

    with other.context.expect_page() as opened:
        the(other, "print").click()
    receipt = opened.value
    expect(the(receipt, "receipt")).to_contain_text("A1B2C3")
    assert the(receipt, "receipt-number").inner_text() == "000001"

    the(other, "next").click()
    the(other, "day").locator("summary").click()
    expect(the(other, "day-row")).to_have_attribute("data-code", visit.code)
    expect(the(other, "day-total")).to_have_count(1)
    assert complaints == []


def test_a_whole_payment_with_nothing_but_the_keyboard(visit, complaints):
    till, keys = visit.cashier, visit.cashier.keyboard
    amount = the(till, "amount")
    price = amount_in(the(visit.ticket, "total"))
    keys.press("F2")
    expect(amount).to_be_focused()
    keys.type("12")
    keys.press("Escape")
    expect(amount).to_have_value("")
    keys.press("Escape")
    expect(the(till, "release")).to_be_focused()
    till.evaluate("document.activeElement.blur()")
    keys.type("125")
    keys.press("Backspace")
    expect(amount).to_have_value("12")
    keys.press("F9")
    expect(the(till, "change")).to_have_count(0)
    keys.press("F4")
    expect(amount).to_have_value(str(price))
    keys.press("+")
    tendered = Decimal(amount.input_value())
    assert tendered > price

    # Enter stays pressed: neither its repeats nor a second press dismiss the change.
    keys.down("Enter")
    for _ in range(3):
        keys.down("Enter")
    keys.up("Enter")
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) == tendered - price
    expect(the(till, "next")).to_be_focused()
    visit.expect_ticket("paid")
    original = printed(till)
    expect(the(original, "receipt")).not_to_contain_text("COPY")
    original.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(the(original, "receipt")).to_contain_text("COPY")
    original.close()
    till.bring_to_front()
    keys.press("Enter")
    expect(the(till, "claim")).to_be_visible()
    copy = printed(till)
    expect(the(copy, "copy")).to_be_visible()
    copy.close()
    assert complaints == []


def test_the_sheet_of_keys_comes_and_goes_without_a_hand_on_the_mouse(visit, complaints):
    till, keys = visit.cashier, visit.cashier.keyboard
    keys.press("F2")
    expect(the(till, "amount")).to_be_focused()
    keys.type("12?")
    expect(the(till, "keys")).to_be_visible()
    expect(the(till, "close-keys")).to_be_focused()
    keys.press("F4")
    keys.press("Escape")
    expect(the(till, "keys")).to_be_hidden()
    expect(the(till, "amount")).to_be_focused()
    expect(the(till, "amount")).to_have_value("12")

    the(till, "card").check()
    the(till, "pay").click()
    expect(the(till, "reference")).to_be_enabled()
    the(till, "reference").press_sequentially("A+1?")
    expect(the(till, "reference")).to_have_value("A+1?")
    expect(the(till, "keys")).to_be_hidden()
    the(till, "declined").click()
    the(till, "open-keys").click()
    the(till, "close-keys").click()
    expect(the(till, "keys")).to_be_hidden()
    the(till, "release").click()
    visit.cashier_claims()
    visit.cashier_takes("1000")
    assert complaints == []


def test_the_change_is_counted_out_in_notes_and_coins(visit):
    till = visit.cashier
    price = amount_in(the(visit.ticket, "total"))
    the(till, "claim").click()
    the(till, "amount").fill(str(price + Decimal("723")))
    the(till, "pay").click()
    parts = the(till, "cash").locator("li")
    expect(parts).to_have_text(["1 × ₱500", "1 × ₱200", "1 × ₱20", "3 × ₱1"])
    the(till, "next").click()


def test_a_second_enter_does_not_wave_the_change_away(visit):
    till = visit.cashier
    the(till, "claim").click()
    expect(the(till, "amount")).to_be_focused()
    the(till, "amount").press("F4")
    # Pressed in the frame in which the change appears, faster than any person.
    till.evaluate(
        """() => new MutationObserver((_, observer) => {
            const next = document.querySelector("[data-testid=next]");
            if (!next) return;
            observer.disconnect();
            next.click();
            window.pressedAtOnce = true;
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    the(till, "amount").press("Enter")
    expect(the(till, "change")).to_be_visible()
    till.wait_for_timeout(500)
    assert till.evaluate("window.pressedAtOnce")
    the(till, "next").press("Enter")
    expect(the(till, "change")).to_have_count(0)


def test_who_was_called_by_mistake_is_taken_back(visit, complaints):
    till = visit.cashier
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    the(till, "release").click()
    expect(the(till, "current-code")).to_have_count(0)
    visit.expect_ticket("finished")
    visit.cashier_claims()
    visit.cashier_takes("1000")
    assert complaints == []


def test_nobody_to_serve_is_told_in_a_line_that_goes_by_itself(floor, windows, complaints):
    till = windows.open(floor.one, "/cashier/", "cashier1")
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    expect(the(till, "claim")).to_be_disabled()
    till.keyboard.press("F2")
    expect(the(till, "hint")).to_have_text("No one is waiting to pay.")
    expect(the(till, "problem")).to_be_empty()
    expect(the(till, "hint")).to_be_empty()
    visit = Spa(windows, floor).comes(treated(floor, "therapist1"))
    expect(the(till, "claim")).to_be_enabled()
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    the(till, "tender").first.click()
    the(till, "pay").click()
    the(till, "next").click()
    assert complaints == []


def test_a_free_treatment_is_one_key_and_no_terminal(visit, spa, complaints):
    run_quietly([sys.executable, "manage.py", "shell", "-c", FREE], **spa)
    till = visit.cashier
    till.reload()
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    till.keyboard.press("F2")
    expect(the(till, "pay")).to_be_visible()
    expect(the(till, "pay")).to_contain_text("Nothing to pay")
    expect(the(till, "amount")).to_be_hidden()
    expect(the(till, "card")).to_be_hidden()
    till.keyboard.press("F9")
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) == 0
    visit.expect_ticket("paid")
    the(till, "next").click()
    assert complaints == []


def test_a_slipped_zero_is_asked_about(visit, complaints):
    till = visit.cashier
    the(till, "claim").click()
    the(till, "amount").fill("87000")
    the(till, "pay").click()
    expect(the(till, "question")).to_contain_text("₱87,000.00")
    expect(the(till, "correct")).to_be_focused()
    the(till, "correct").click()
    the(till, "amount").fill("97000")
    the(till, "pay").click()
    the(till, "insist").click()
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) > Decimal(90000)
    the(till, "next").click()
    assert complaints == []


def test_a_manager_ends_what_was_left_at_a_terminal(visit, windows, floor, complaints):
    the(visit.cashier, "claim").click()
    by_card(visit.cashier)
    visit.cashier.close()
    office = windows.open(floor.one, "/monitor/", "manager1")
    waiting = the(office, "at-terminal")
    waiting.locator("summary").click()
    waiting.get_by_test_id("approved").click()
    expect(waiting).to_have_count(0)
    visit.expect_ticket("paid")
    assert complaints == []


@pytest.mark.parametrize(("width", "points"), [("80", 226.8), ("58", 164.4)])
def test_a_receipt_is_as_wide_as_its_paper_and_one_page_long(visit, complaints, width, points):
    price = amount_in(the(visit.ticket, "total"))
    visit.cashier_claims()
    visit.cashier_takes(str(price))
    address = the(visit.ticket, "receipt").get_attribute("href")
    page = visit.ticket.context.new_page()
    page.goto(f"{address}?width={width}")
    wait_until(lambda: bool(page.evaluate(HAS_PAGE_RULE)), "the paper's size")
    paper = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", paper)
    assert len(boxes) == 1
    assert abs(float(boxes[0][0]) - points) < 1.5
    assert complaints == []


def test_a_customer_is_found_by_number_or_name(visit, complaints):
    till = visit.cashier
    the(till, "sought").fill(visit.code)
    expect(visit.row_in(the(till, "queue"))).to_be_visible()
    the(till, "sought").fill("nobody of this name")
    expect(visit.row_in(the(till, "queue"))).to_have_count(0)
    the(till, "sought").fill("")
    the(till, "claim").click()
    expect(the(till, "current-code")).to_have_text(visit.code)
    the(till, "release").click()
    assert complaints == []
