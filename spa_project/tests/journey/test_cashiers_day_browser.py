"""A test of a cashier's whole day in Chromium: float, six sales, a refund, a blind count, the Z."""

import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from payments.pieces import pieces_of
from tools.screens.look import problems_at
from tools.screens.spa import Spa, amount_in, the, treated
from tools.servers import run_quietly

pytestmark = pytest.mark.servers

COUNTERS = (ViewportSize(width=1366, height=768), ViewportSize(width=1280, height=800))
FLOAT = Decimal(2000)
MORNING = """
from accounts.models import Branch
from payments.models import Discount
Branch.objects.update(drawers=True, tax_rate=12, tax_label="VAT")
senior = dict(name="Senior", kind="percent", value=20, scope="line", needs_id=True, tax_exempt=True)
Discount.objects.update_or_create(code="senior", defaults=senior)
"""

#: Looks at a page at both sizes, and keeps a picture of each.
Look = Callable[[Page, str], None]


@pytest.fixture
def look(tmp_path: Path) -> Look:
    def look(page: Page, name: str) -> None:
        for size in COUNTERS:
            assert problems_at(page, size) == []
            page.screenshot(path=tmp_path / f"{name}-{size['width']}.png")

    return look


class Till:
    """A cashier at a till, and the cash that must be in the drawer."""

    def __init__(self, page: Page, look: Look) -> None:
        self.page, self.look = page, look
        self.keys = page.keyboard
        self.cash = FLOAT

    def calls(self) -> Decimal:
        """Call the next customer, and return what they owe."""
        self.keys.press("F2")
        expect(the(self.page, "current-code")).to_be_visible()
        return self.due

    @property
    def due(self) -> Decimal:
        return amount_in(the(self.page, "total"))

    def takes_cash(self, name: str) -> None:
        """Take exactly what is due."""
        self.keys.press("F4")
        self.cash += Decimal(the(self.page, "amount").input_value())
        self.look(self.page, name)
        self.keys.press("F9")
        expect(the(self.page, "change")).to_be_visible()

    def goes_on(self) -> None:
        the(self.page, "next").click()
        expect(the(self.page, "change-panel")).to_have_count(0)

    def gives_a_discount(self) -> None:
        before = self.calls()
        self.keys.press("F7")
        the(self.page, "discount").locator("text=Senior").click()
        the(self.page, "discount-id").fill("123-456")
        the(self.page, "discount-holder").fill("Ana Cruz")
        self.look(self.page, "discount")
        self.keys.press("Enter")
        expect(the(self.page, "bill-dialog")).to_be_hidden()
        assert self.due < before
        self.takes_cash("discounted")
        self.goes_on()

    def takes_a_tip(self) -> None:
        self.calls()
        the(self.page, "tip").fill("50.01")
        the(self.page, "share-tip").click()
        the(self.page, "tip-person").nth(1).check()
        self.look(self.page, "tip")
        the(self.page, "tip-save").click()
        self.takes_cash("tipped")
        expect(the(self.page, "paid-tip")).to_contain_text("50.01")
        self.goes_on()

    def splits(self) -> None:
        due = self.calls()
        the(self.page, "split").click()
        the(self.page, "card").check()
        the(self.page, "amount").fill("100")
        the(self.page, "pay").click()
        the(self.page, "cash").check()
        self.keys.press("F4")
        self.look(self.page, "split")
        the(self.page, "pay").click()
        the(self.page, "approved").click()
        expect(the(self.page, "paid-tender")).to_have_count(2)
        self.cash += due - 100
        self.goes_on()

    def takes_a_card(self) -> None:
        self.calls()
        the(self.page, "card").check()
        the(self.page, "pay").click()
        self.look(self.page, "terminal")
        the(self.page, "approved").click()
        expect(the(self.page, "charged")).to_be_visible()
        self.goes_on()

    def adds_what_was_forgotten(self) -> None:
        before = self.calls()
        self.keys.press("F8")
        the(self.page, "bill-query").fill("a")
        self.look(self.page, "adding")
        the(self.page, "bill-offer").first.click()
        expect(the(self.page, "bill-dialog")).to_be_hidden()
        assert self.due > before
        self.takes_cash("added")
        self.goes_on()

    def sells_and_refunds(self) -> None:
        due = self.calls()
        self.takes_cash("plain")
        self.look(self.page, "change")
        self.goes_on()
        self.keys.press("h")
        the(self.page, "sale").first.wait_for()
        self.look(self.page, "sales")
        the(self.page, "sale").first.click()
        self.look(self.page, "sale")
        the(self.page, "sale-refund").click()
        the(self.page, "refund-part").click()
        the(self.page, "refund-amount").fill("100")
        the(self.page, "refund-reason").fill("Cold room")
        self.look(self.page, "refund")
        the(self.page, "refund-reason").press("Enter")
        expect(the(self.page, "refund-made")).to_be_visible()
        self.look(self.page, "refunded")
        assert due > 100
        self.cash -= 100
        self.keys.press("Escape")


def put(page: Page, amount: Decimal) -> None:
    """Enter the fewest notes and coins of an amount."""
    for piece in pieces_of("PHP"):
        count, amount = divmod(amount, piece)
        page.locator(f'[name="piece-{piece:.2f}"]').last.fill(str(int(count)) if count else "")


def test_a_cashiers_day_from_the_float_to_the_z(floor, windows, spa, complaints, look):
    run_quietly([sys.executable, "manage.py", "shell", "-c", MORNING], **spa)
    visit = Spa(windows, floor).comes(treated(floor, "therapist1"))
    for _more in range(5):
        treated(floor, "therapist1")
    page = visit.cashier
    page.goto("/cashier/drawer/")
    put(page, FLOAT)
    look(page, "float")
    the(page, "open-drawer").click()
    the(page, "to-till").click()
    expect(the(page, "connection")).to_have_attribute("data-state", "live")

    till = Till(page, look)
    till.look(page, "till")
    till.gives_a_discount()
    till.takes_a_tip()
    till.splits()
    till.takes_a_card()
    till.adds_what_was_forgotten()
    till.sells_and_refunds()

    page.goto("/cashier/drawer/")
    the(page, "kind").select_option("tip_payout")
    people = the(page, "moved-therapist").locator("option").filter(has_text="25.01")
    the(page, "moved-therapist").select_option(value=people.get_attribute("value"))
    the(page, "moved-reason").fill("End of shift")
    look(page, "payout")
    the(page, "move").click()
    expect(the(page, "movement")).to_contain_text("25.01")
    expected = till.cash - Decimal("25.01")
    shown = f"{expected:,.2f}"
    expect(page.locator("main")).not_to_contain_text(shown)  # a blind count
    put(page, expected)
    look(page, "count")
    the(page, "count").click()
    expect(the(page, "variance")).to_contain_text("0.00")
    expect(the(page, "counted")).to_contain_text(shown)
    look(page, "counted")
    the(page, "close-drawer").click()
    expect(the(page, "z-row")).to_have_count(1)
    look(page, "closed")
    page.goto("/cashier/drawer/z/1/")
    assert amount_in(the(page, "expected")) == expected
    expect(the(page, "report-refund")).to_contain_text("100.00")
    look(page, "z")
    assert complaints == []
