"""The journey of a customer clicked in Chromium: six pages, two processes, no reload."""

import re
from dataclasses import dataclass
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from spa_project.tests.journey.browser import HOLD_MS, Windows
from spa_project.tests.journey.floor import Floor

pytestmark = pytest.mark.servers


@dataclass
class Spa:
    """Every screen of one customer's journey, and the journey's steps."""

    windows: Windows
    floor: Floor
    code: str = ""

    def __post_init__(self) -> None:
        """Open all pages but the ticket, which nobody has yet."""
        self.menu = self.windows.open(self.floor.one, "/menu/")
        self.therapist = self.windows.open(self.floor.two, "/therapist/", "therapist1")
        self.cashier = self.windows.open(self.floor.one, "/cashier/", "cashier1")
        self.monitor = self.windows.open(self.floor.two, "/monitor/", "monitor1")
        self.board = self.windows.open(self.floor.one, "/board/")
        self.pages = [self.menu, self.therapist, self.cashier, self.monitor, self.board]

    def customer_chooses(self) -> None:
        """The cart outlives a reload; the confirmed order has a code and a ticket."""
        the(self.menu, "add").first.click()
        expect(the(self.menu, "cart-line")).to_have_count(1)
        self.menu.reload()
        expect(the(self.menu, "cart-line")).to_have_count(1)
        mark(self.pages)
        the(self.menu, "customer-name").fill("Ana")
        the(self.menu, "confirm").click()
        expect(the(self.menu, "code")).to_have_text(re.compile(r"^\d{4}$"))
        self.code = the(self.menu, "code").inner_text()
        expect(self.row_in(the(self.therapist, "queue"))).to_be_visible()
        self.expect_in_column("waiting")
        expect(the(self.board, "waiting-count")).to_have_text("1")

    def customer_opens_the_ticket(self) -> None:
        path = the(self.menu, "ticket-link").get_attribute("href")
        assert path is not None
        self.ticket = self.windows.open(self.floor.two, path)
        self.pages.append(self.ticket)
        mark([self.ticket])
        expect(the(self.ticket, "code")).to_have_text(self.code)
        self.expect_ticket("pending_therapist")

    def therapist_claims(self) -> None:
        the(self.therapist, "claim").click()
        expect(the(self.therapist, "current-code")).to_have_text(self.code)
        self.expect_ticket("therapist_confirmed")
        expect(the(self.ticket, "room")).to_have_text("1")
        self.expect_in_column("serving")
        expect(self.board.locator(f".call[data-code='{self.code}']")).to_be_visible()
        expect(the(self.board, "waiting-count")).to_have_text("0")

    def therapist_starts(self) -> None:
        the(self.therapist, "start").click()
        self.expect_ticket("in_service")
        expect(self.board.locator(f".treated[data-code='{self.code}']")).to_be_visible()

    def therapist_adds_and_removes(self) -> None:
        the(self.therapist, "add-service").click()
        the(self.therapist, "add-service-option").last.click()
        expect(the(self.ticket, "bill-line")).to_have_count(2)
        the(self.therapist, "remove-item").last.click()
        expect(the(self.ticket, "bill-line")).to_have_count(1)

    def therapist_finishes(self) -> None:
        the(self.therapist, "finish").click(delay=HOLD_MS)
        self.expect_ticket("finished")
        self.expect_in_column("finished")
        expect(self.row_in(the(self.cashier, "queue"))).to_be_visible()
        expect(self.row_in(self.board)).to_have_count(0)

    def therapist_prepares_the_room(self) -> None:
        room = the(self.monitor, "rooms").locator("[data-room='1']")
        expect(room).to_have_attribute("data-status", "preparing")
        the(self.therapist, "room-ready").click()
        expect(room).to_have_attribute("data-status", "available")

    def cashier_claims(self) -> None:
        the(self.cashier, "claim").click()
        expect(the(self.cashier, "current-code")).to_have_text(self.code)
        self.expect_ticket("awaiting_payment")
        self.expect_in_column("counter")

    def cashier_takes(self, amount: str) -> None:
        price = amount_in(the(self.ticket, "total"))
        the(self.cashier, "amount").fill(amount)
        the(self.cashier, "pay").click()
        expect(the(self.cashier, "change")).to_be_visible()
        assert amount_in(the(self.cashier, "change")) == Decimal(amount) - price
        self.expect_ticket("paid")
        expect(self.row_in(self.monitor)).to_have_count(0)
        the(self.cashier, "next").click()
        expect(the(self.cashier, "claim")).to_be_visible()

    def row_in(self, place: Page | Locator) -> Locator:
        """Where the customer stands in a list."""
        return place.locator(f"[data-code='{self.code}']")

    def expect_ticket(self, status: str) -> None:
        expect(the(self.ticket, "status")).to_have_attribute("data-status", status)

    def expect_in_column(self, name: str) -> None:
        expect(self.row_in(the(self.monitor, f"column-{name}"))).to_be_visible()


def the(page: Page, name: str) -> Locator:
    """The part of a page with this test hook."""
    return page.get_by_test_id(name)


def amount_in(place: Locator) -> Decimal:
    return Decimal(re.sub(r"[^0-9.]", "", place.inner_text()))


def mark(pages: list[Page]) -> None:
    """Leave something in each page that a reload would wipe out."""
    for page in pages:
        page.evaluate("window.neverReloaded = true")


def reloaded(pages: list[Page]) -> list[str]:
    """The addresses of those that lost their mark."""
    return [page.url for page in pages if not page.evaluate("window.neverReloaded === true")]


def test_every_page_follows_a_customer_by_itself(floor, windows, complaints):
    spa = Spa(windows, floor)
    for page in spa.pages:
        expect(the(page, "connection")).to_have_attribute("data-state", "live")
    spa.customer_chooses()
    spa.customer_opens_the_ticket()
    spa.therapist_claims()
    spa.therapist_starts()
    spa.therapist_adds_and_removes()
    spa.therapist_finishes()
    spa.therapist_prepares_the_room()
    spa.cashier_claims()
    spa.cashier_takes("500.50")
    assert reloaded(spa.pages) == []
    assert complaints == []


def test_a_breach_of_the_content_policy_is_noticed(floor, windows, complaints):
    page = windows.open(floor.one, "/")
    with page.expect_console_message(lambda message: "style-src" in message.text):
        page.evaluate("document.body.innerHTML += '<p style=\"color: red\">'")
    assert complaints != []
