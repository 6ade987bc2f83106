"""Take the screenshots in docs/screens anew: `make pictures`."""

from typing import Literal, NamedTuple

from playwright.sync_api import Page, ViewportSize, expect

from tools.screens.browser import LOAD_MS, Windows, chromium
from tools.screens.demo_day import afternoon
from tools.screens.look import AT_REST, wait_until_live
from tools.servers import PROJECT, AppServer

FOLDER = PROJECT / "docs" / "screens"
PHONE = ViewportSize(width=390, height=844)
TABLET = ViewportSize(width=820, height=1180)
TILL = ViewportSize(width=1280, height=800)
WALL = ViewportSize(width=1920, height=1080)
CHART_MS = 1200  # the reports' chart is drawn by a script, which announces no end


Scheme = Literal["light", "dark"]
Motion = Literal["no-preference", "reduce"]


class Picture(NamedTuple):
    """Screenshot: its path, user and viewport, and the taps before it is taken."""

    path: str
    username: str
    size: ViewportSize
    ready: str
    taps: tuple[str, ...] = ()
    scheme: Scheme = "light"
    motion: Motion = "no-preference"


FRONT = ViewportSize(width=1080, height=1920)
TENDER = ("amount", "tender >> nth=1")

#: In the order they are taken, because the taps on one change the next. `-dark` is the dark colour
#: scheme, `-still` is prefers-reduced-motion.
PICTURES = {
    "menu": Picture("/menu/", "", TILL, "[data-testid=add]", ("add",)),
    "menu-dark": Picture("/menu/", "", TILL, "[data-testid=add]", ("add",), "dark"),
    "kiosk": Picture("/menu/?kiosk=1", "", FRONT, "h1", ("begin",)),
    "therapist": Picture("/therapist/", "therapist1", TABLET, "[data-testid=finish]"),
    "therapist-dark": Picture(
        "/therapist/", "therapist1", TABLET, "[data-testid=finish]", scheme="dark"
    ),
    "therapist-still": Picture(
        "/therapist/", "therapist1", TABLET, "[data-testid=finish]", ("finish",), motion="reduce"
    ),
    "till": Picture("/cashier/", "cashier1", TILL, "[data-testid=claim]", ("claim", *TENDER)),
    "till-dark": Picture("/cashier/", "cashier1", TILL, "[data-testid=pay]", TENDER, "dark"),
    "keys": Picture("/cashier/", "cashier1", TILL, "[data-testid=pay]", ("open-keys",)),
    "change": Picture("/cashier/", "cashier1", TILL, "[data-testid=pay]", (*TENDER, "pay")),
    "monitor": Picture("/monitor/", "manager1", WALL, ".visit-card"),
    "monitor-dark": Picture("/monitor/", "manager1", WALL, ".visit-card", scheme="dark"),
    "board": Picture("/board/", "", WALL, ".call"),
    "board-dark": Picture("/board/", "", WALL, ".call", scheme="dark"),
    "board-still": Picture("/board/", "", WALL, ".call", motion="reduce"),
    "reports": Picture("/reports/", "manager1", TILL, "table"),
    "reports-dark": Picture("/reports/", "manager1", TILL, "table", scheme="dark"),
}


def take(server: AppServer, windows: Windows, name: str, picture: Picture) -> None:
    """Open the screen, tap, and save the screenshot."""
    page = windows.open(server, picture.path, picture.username)
    page.set_viewport_size(picture.size)
    page.emulate_media(color_scheme=picture.scheme, reduced_motion=picture.motion)
    expect(page.locator(picture.ready).first).to_be_visible(timeout=LOAD_MS)
    for tap in picture.taps:
        page.locator(f"data-testid={tap}").first.click()
    save(page, name)
    page.context.close()


def take_ticket(server: AppServer, windows: Windows, name: str, scheme: Scheme) -> None:
    """Order as a customer, and save the ticket on a phone."""
    page = windows.open(server, "/menu/")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)
    for tap in ("add", "open-cart", "confirm"):
        page.get_by_test_id(tap).first.click()
    expect(page.get_by_test_id("wait")).to_be_visible()
    save(page, name)
    page.context.close()


def save(page: Page, name: str) -> None:
    """Save the screenshot once the page is live and its animations have ended."""
    if page.get_by_test_id("connection").count():
        wait_until_live(page)
    page.evaluate(AT_REST)
    page.wait_for_timeout(CHART_MS)
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Take every picture of the screens."""
    with afternoon() as server, chromium() as new_windows:
        for name, picture in PICTURES.items():
            take(server, new_windows(), name, picture)
        take_ticket(server, new_windows(), "ticket", "light")
        take_ticket(server, new_windows(), "ticket-dark", "dark")


if __name__ == "__main__":
    main()
