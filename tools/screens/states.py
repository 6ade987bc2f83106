"""The pages of the product and the states each can be in, on the floor of `crowded_day`."""

from collections.abc import Mapping
from typing import NamedTuple

from playwright.sync_api import Page, expect

from tools.screens.browser import LOAD_MS, Windows
from tools.screens.crowded_day import BILLS
from tools.servers import AppServer

PER_CATEGORY = 8  # treatments that the first category of the menu has at least


class State(NamedTuple):
    """A page's path and user, what shows that it is loaded, and the taps that lead to the state.

    A tap is a test id, with its place after a colon; `"NAME=TEXT"` fills a field. `back` are the
    taps that leave the floor as it was found.
    """

    path: str
    username: str
    ready: str
    taps: tuple[str, ...] = ()
    back: tuple[str, ...] = ()

    def open(self, server: AppServer, windows: Windows, tickets: Mapping[str, str]) -> Page:
        """Open the page and tap; the path's braces stand for the key of a ticket."""
        page = windows.open(server, self.path.format(**tickets), self.username)
        expect(page.locator(self.ready).first).to_be_visible(timeout=LOAD_MS)
        for each in self.taps:
            tap(page, each)
        return page

    def leave(self, page: Page) -> None:
        """Tap what leaves the floor as it was found."""
        for each in self.back:
            tap(page, each)


def tap(page: Page, step: str) -> None:
    """Press the control that a state names, or fill it."""
    name, is_field, text = step.partition("=")
    name, _, place = name.partition(":")
    control = page.get_by_test_id(name).nth(int(place or 0))
    if is_field:
        control.fill(text)
    else:
        control.click()


def order_of(size: int) -> tuple[str, ...]:
    """Return the taps that order so many treatments."""
    return tuple(f"add:{place % PER_CATEGORY}" for place in range(size))


ADD = "[data-testid=add]"
TICKETS = (
    *("pending_therapist", "therapist_confirmed", "in_service", "finished", "awaiting_payment"),
    *("paid", "on_hold", "cancelled"),
)

PUBLIC = {
    "home": State("/", "", "h1"),
    "login": State("/accounts/login/", "", "[data-testid=login]"),
    "offline": State("/offline/", "", "h1"),
    "menu": State("/menu/", "", ADD),
    **{f"menu-{size}": State("/menu/", "", ADD, order_of(size)) for size in BILLS},
    "kiosk-greeting": State("/menu/?kiosk=1", "", "[data-testid=begin]"),
    **{
        f"kiosk-{size}": State(
            "/menu/?kiosk=1", "", "[data-testid=begin]", ("begin", *order_of(size))
        )
        for size in BILLS
    },
    "board": State("/board/", "", "[data-testid=waiting-count]"),
    **{
        f"ticket-{status}": State(f"/ticket/{{{status}}}/", "", "[data-testid=status]")
        for status in TICKETS
    },
}
STAFF = {
    "home-staff": State("/", "manager1", "h1"),
    "therapist-called": State("/therapist/", "therapist4", "[data-testid=start]"),
    "therapist-no-show": State("/therapist/", "therapist4", "[data-testid=start]", ("no-show",)),
    **{
        f"therapist-{size}": State("/therapist/", f"therapist{place + 1}", "[data-testid=finish]")
        for place, size in enumerate(BILLS)
    },
    "therapist-add": State("/therapist/", "therapist1", "[data-testid=finish]", ("add-service",)),
    "till": State("/cashier/", "cashier1", ".queue-row"),
    "till-keys": State("/cashier/", "cashier1", ".queue-row", ("open-keys",)),
    **{
        f"till-{size}": State(
            "/cashier/", "cashier1", ".queue-row", (f"take:{place}",), ("release",)
        )
        for place, size in enumerate(BILLS)
    },
    "till-doubtful": State(
        "/cashier/",
        "cashier1",
        ".queue-row",
        ("take", "amount=99999", "pay"),
        ("correct", "release"),
    ),
    "monitor": State("/monitor/", "manager1", ".visit-card"),
    "monitor-wall": State("/monitor/", "monitor1", ".visit-card"),
    "desk": State("/desk/", "manager1", "[data-testid=desk-waiting] .queue-row"),
    "reports": State("/reports/", "manager1", "[data-testid=report-total]"),
    "pin": State("/accounts/pin/", "therapist1", "[data-testid=save-pin]"),
}
STATES = PUBLIC | STAFF
