"""Tests of sharing a tip at the till and paying it out of the drawer, in Chromium."""

import sys
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tools.screens.spa import Spa, amount_in, the, treated
from tools.servers import run_quietly

pytestmark = pytest.mark.servers

DRAWERS = "from accounts.models import Branch; Branch.objects.update(drawers=True)"


@pytest.fixture
def till(floor, windows, spa):
    """Call a customer to a till with an open drawer."""
    run_quietly([sys.executable, "manage.py", "shell", "-c", DRAWERS], **spa)
    visit = Spa(windows, floor).comes(treated(floor, "therapist1"))
    till = visit.cashier
    till.goto("/cashier/drawer/")
    if the(till, "open-drawer").is_visible():  # else an earlier test did
        the(till, "open-drawer").click()
    the(till, "to-till").click()
    expect(the(till, "connection")).to_have_attribute("data-state", "live")
    till.keyboard.press("F2")
    expect(the(till, "current-code")).to_have_text(visit.code)
    return till


def test_a_tip_is_shared_between_two_and_paid_out(till, complaints):
    due = amount_in(the(till, "total"))
    the(till, "tip").fill("100.01")
    expect(the(till, "tip-for")).to_contain_text("Tip for")
    the(till, "share-tip").click()
    expect(the(till, "tip-share").first).to_have_value("100.01")
    people = the(till, "tip-person")
    expect(people.first).to_be_checked()
    people.nth(1).check()
    expect(the(till, "tip-share").first).to_have_value("50.01")
    expect(the(till, "tip-share").nth(1)).to_have_value("50.00")

    the(till, "tip-share").first.fill("70")
    expect(the(till, "tip-left")).to_contain_text("more than the tip")
    expect(the(till, "tip-save")).to_be_disabled()
    the(till, "tip-share").nth(1).fill("30")
    expect(the(till, "tip-left")).to_contain_text("left to share")
    the(till, "tip-share").nth(1).fill("30.01")
    the(till, "tip-share").nth(1).press("Enter")
    expect(the(till, "tip-dialog")).to_be_hidden()
    expect(the(till, "tip-for")).to_contain_text("30.01")
    till.keyboard.press("F4")
    expect(the(till, "amount")).to_have_value(f"{due + Decimal('100.01'):.2f}")
    till.keyboard.press("F9")
    expect(the(till, "paid-tip")).to_contain_text("100.01")

    till.goto("/cashier/drawer/")
    expect(the(till, "moved-therapist")).to_be_hidden()
    the(till, "kind").select_option("tip_payout")
    owed = the(till, "moved-therapist").locator("option").filter(has_text="30.01")
    the(till, "moved-therapist").select_option(value=owed.get_attribute("value"))
    expect(the(till, "moved-amount")).to_have_value("30.01")
    the(till, "moved-reason").fill("End of shift")
    the(till, "move").click()
    expect(the(till, "movement")).to_contain_text("End of shift")
    expect(owed).to_have_count(1)
    assert complaints == []


def test_a_tip_that_changes_is_the_therapists_own_again(till, complaints):
    the(till, "tip").fill("50")
    the(till, "share-tip").click()
    the(till, "tip-person").nth(1).check()
    the(till, "tip-save").click()
    expect(the(till, "tip-for")).to_contain_text("25.00")
    the(till, "tip").fill("80")
    expect(the(till, "tip-for")).not_to_contain_text("25.00")
    the(till, "release").click()
    assert complaints == []
