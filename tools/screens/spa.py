"""A customer's journey through the spa, on its screens or over HTTP."""

import json
import re
import urllib.request
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.servers import AppServer
from tools.servers.clients import Floor, Visit, log_in


def the(page: Page, name: str) -> Locator:
    """Return the part of a page with this `data-testid`."""
    return page.get_by_test_id(name)


def amount_in(place: Locator) -> Decimal:
    """Return the amount of money shown at this place."""
    return Decimal(re.sub(r"[^0-9.]", "", place.inner_text()))


@dataclass
class Spa:
    """Screens of one customer's journey, each opened on first use, and its steps."""

    windows: Windows
    floor: Floor
    code: str = ""
    path: str = ""  # of the ticket

    @cached_property
    def menu(self) -> Page:
        return self.windows.open(self.floor.one, "/menu/")

    @cached_property
    def therapist(self) -> Page:
        return self.windows.open(self.floor.two, "/therapist/", "therapist1")

    @cached_property
    def cashier(self) -> Page:
        return self.windows.open(self.floor.one, "/cashier/", "cashier1")

    @cached_property
    def monitor(self) -> Page:
        return self.windows.open(self.floor.two, "/monitor/", "monitor1")

    @cached_property
    def board(self) -> Page:
        return self.windows.open(self.floor.one, "/board/")

    @cached_property
    def ticket(self) -> Page:
        return self.windows.open(self.floor.two, self.path)

    def comes(self, visit: Visit) -> "Spa":
        """Continue the journey with a customer who ordered without a browser."""
        self.code, self.path = visit["code"], f"/ticket/{visit['key']}/"
        vars(self).pop("ticket", None)  # belongs to the previous customer
        return self

    def customer_chooses(self) -> None:
        """Order; the cart survives a reload, and the confirmed order has a code and a ticket."""
        the(self.menu, "add").first.click()
        expect(the(self.menu, "cart-item")).to_have_count(1)
        self.menu.reload()
        expect(the(self.menu, "cart-item")).to_have_count(1)
        the(self.menu, "customer-name").fill("Ana")
        the(self.menu, "confirm").click()
        self.phone_opens_the_ticket()
        expect(self.row_in(the(self.therapist, "queue"))).to_be_visible()
        self.expect_in_column("waiting")
        expect(the(self.board, "waiting-count")).to_have_text("1")

    def phone_opens_the_ticket(self) -> None:
        """Wait for the ticket that opens by itself after an order."""
        expect(the(self.menu, "status")).to_be_visible()
        expect(the(self.menu, "code")).to_have_text(re.compile(r"^\d{4}$"))
        self.code = the(self.menu, "code").inner_text()
        self.path = urlsplit(self.menu.url).path

    def customer_opens_the_ticket(self) -> None:
        """Open the ticket on a second phone."""
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
        expect(the(self.ticket, "bill-item")).to_have_count(2)
        the(self.therapist, "remove-item").last.click()
        expect(the(self.ticket, "bill-item")).to_have_count(1)

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
        """Return the customer's row in a list."""
        return place.locator(f"[data-code='{self.code}']")

    def expect_ticket(self, status: str) -> None:
        expect(the(self.ticket, "status")).to_have_attribute("data-status", status)

    def expect_in_column(self, name: str) -> None:
        expect(self.row_in(the(self.monitor, f"column-{name}"))).to_be_visible()


@dataclass(frozen=True)
class Person:
    """User who acts over HTTP, without a page; a visitor when `username` is empty."""

    server: AppServer
    username: str = ""
    cookie: str = field(init=False)

    def __post_init__(self) -> None:
        cookie = log_in(self.server, self.username) if self.username else ""
        object.__setattr__(self, "cookie", cookie)

    def does(self, command: str, **data: Any) -> Any:
        """Send a command that must succeed; return the answer."""
        return self._ask(f"/api/commands/{command}/", json.dumps(data).encode())

    def sees(self) -> list[Visit]:
        """Return every visit on the floor, from the monitor's snapshot."""
        visits: list[Visit] = self._ask("/api/snapshots/monitor/")["transactions"]
        return visits

    def reads(self, path: str) -> Any:
        """Return what the API has at this path."""
        return self._ask(path)

    def first_offer(self) -> int:
        """Return the id of the first classification on the menu."""
        category = self._ask("/api/menu/")["categories"][0]
        number: int = category["services"][0]["classifications"][0]["id"]
        return number

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        token = re.search(r"csrftoken=(\w+)", self.cookie)
        headers = {"Cookie": self.cookie, "X-CSRFToken": token[1] if token else ""}
        request = urllib.request.Request(self.server.url + path, body, headers)
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def confirmed(floor: Floor) -> Any:
    """Confirm a new customer's order; return the answer with the ticket's key."""
    visitor = Person(floor.two)
    items = [{"service_classification_id": visitor.first_offer(), "quantity": 1}]
    return visitor.does("customer_confirm_selection", items=items)


def begun(floor: Floor, therapist: Person) -> Visit:
    """Start the service of a new customer; return the visit with the ticket's key."""
    key = confirmed(floor)["key"]
    visit: Visit = therapist.does("therapist_confirm_next")["transaction"]
    therapist.does("therapist_start_service", transaction_id=visit["id"])
    return visit | {"key": key}


def treated(floor: Floor, username: str) -> Visit:
    """Serve a new customer to the end of the treatment, and make the room available again."""
    therapist = Person(floor.two, username)
    visit = begun(floor, therapist)
    therapist.does("therapist_finish_service", transaction_id=visit["id"])
    therapist.does("room_set_status", room_number=visit["room_number"], status="available")
    return visit


def pays(floor: Floor, code: str) -> None:
    """Pay for the finished customer with this code at the first cashier."""
    cashier = Person(floor.one, "cashier1")
    visit = cashier.does("cashier_claim", code=code)["transaction"]
    cashier.does("cashier_pay", transaction_id=visit["id"], amount_paid=visit["total_amount"])
