"""The pages of the product and the states each can be in, on the floor of `crowded_day`."""

from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

from playwright.sync_api import Page, ViewportSize, expect

from tools.screens.browser import LOAD_MS, Windows
from tools.screens.crowded_day import BILLS
from tools.servers import AppServer

PER_CATEGORY = 8  # treatments that the first category of the menu has at least


class State(NamedTuple):
    """A page's path and user, what shows that it is loaded, and the taps that lead to the state.

    Without a `size` of its own, a state is reached on a screen that is wide.

    A tap is a test id, with its place after a colon; `"NAME=TEXT"` fills a field. `back` are the
    taps that leave the floor as it was found.
    """

    path: str
    username: str
    ready: str
    taps: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    size: ViewportSize | None = None

    def is_on(self, tickets: Mapping[str, str]) -> bool:
        """Return whether the floor has the ticket that the path names, if it names one."""
        return all(name in tickets for _, name, _, _ in Formatter().parse(self.path) if name)

    def open(self, server: AppServer, windows: Windows, tickets: Mapping[str, str]) -> Page:
        """Open the page and tap; the path's braces stand for the key of a ticket."""
        path = self.path.format(**tickets)
        if self.username and path == START:
            # It shows staff another page, but asks nobody to log in.
            page = windows.open(server, LOGIN_ASKED, self.username)
            page.goto(path)
        else:
            page = windows.open(server, path, self.username)
        if self.size:
            page.set_viewport_size(self.size)
        self.act(page)
        return page

    def act(self, page: Page) -> None:
        """Wait until the page that is open is ready, and tap."""
        expect(page.locator(self.ready).first).to_be_visible(timeout=LOAD_MS)
        for each in self.taps:
            tap(page, each)

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


START = "/"
LOGIN_ASKED = "/monitor/"  # a page that all staff may see

ADD = "[data-testid=add]"
DESK = "[data-testid=desk-waiting] .queue-row"
PHONE = ViewportSize(width=320, height=640)
TICKETS = (
    *("pending_therapist", "therapist_confirmed", "in_service", "finished", "awaiting_payment"),
    *("paid", "on_hold", "cancelled"),
)

PUBLIC = {
    "home": State(START, "", "h1"),
    "login": State("/accounts/login/", "", "[data-testid=login]"),
    "offline": State("/offline/", "", "h1"),
    "menu": State("/menu/", "", ADD),
    **{f"menu-{size}": State("/menu/", "", ADD, order_of(size)) for size in BILLS},
    "menu-cart": State("/menu/", "", ADD, ("add", "open-cart"), size=PHONE),
    "menu-no-suggestion": State("/menu/", "", ADD, ("add", "no-suggestion")),
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
    "home-staff": State(START, "manager1", ".who"),
    "therapist-called": State("/therapist/", "therapist4", "[data-testid=start]"),
    "therapist-hold": State(
        "/therapist/", "therapist4", "[data-testid=start]", ("more", "hold", "step-reason")
    ),
    "therapist-no-show": State("/therapist/", "therapist4", "[data-testid=start]", ("no-show",)),
    **{
        f"therapist-{size}": State("/therapist/", f"therapist{place + 1}", "[data-testid=finish]")
        for place, size in enumerate(BILLS)
    },
    "therapist-add": State("/therapist/", "therapist1", "[data-testid=finish]", ("add-service",)),
    "till": State("/cashier/", "cashier1", ".queue-row"),
    "till-keys": State("/cashier/", "cashier1", ".queue-row", ("open-keys",)),
    # The last three of the line; in a larger spa others finished before them.
    **{
        f"till-{size}": State(
            "/cashier/", "cashier1", ".queue-row", (f"take:{place - len(BILLS)}",), ("release",)
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
    "desk": State("/desk/", "manager1", DESK),
    "desk-browse": State("/desk/", "manager1", DESK, ("browse", "offer", "browse:1")),
    "desk-edit": State("/desk/", "manager1", DESK, ("edit:3",)),
    "reports": State("/reports/", "manager1", "[data-testid=report-total]"),
    "pin": State("/accounts/pin/", "therapist1", "[data-testid=save-pin]"),
}
STATES = PUBLIC | STAFF
