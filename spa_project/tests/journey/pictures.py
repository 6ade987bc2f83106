"""The pictures in docs/screens, taken anew: `make screens`."""

from typing import Literal, NamedTuple

from playwright.sync_api import Page, ViewportSize, expect

from spa_project.tests.journey.browser import LOAD_MS, Windows, chromium
from spa_project.tests.journey.scene import afternoon
from spa_project.tests.servers import PROJECT, AppServer

FOLDER = PROJECT / "docs" / "screens"
PHONE = ViewportSize(width=390, height=844)
TABLET = ViewportSize(width=820, height=1180)
TILL = ViewportSize(width=1280, height=800)
WALL = ViewportSize(width=1920, height=1080)


class Picture(NamedTuple):
    """One screen: where, who, on which device, and what is tapped before it is taken."""

    path: str
    username: str
    size: ViewportSize
    ready: str
    taps: tuple[str, ...] = ()
    scheme: Literal["light", "dark"] = "light"


PICTURES = {
    "menu": Picture("/menu/", "", TILL, "[data-testid=add]", ("add",)),
    "kiosk": Picture("/menu/?kiosk=1", "", ViewportSize(width=1080, height=1920), "h1", ("begin",)),
    "therapist": Picture("/therapist/", "therapist1", TABLET, "[data-testid=finish]"),
    "till": Picture(
        "/cashier/", "cashier1", TILL, "[data-testid=claim]", ("claim", "amount", "tender >> nth=1")
    ),
    "change": Picture("/cashier/", "cashier1", TILL, "[data-testid=pay]", ("tender", "pay")),
    "monitor": Picture("/monitor/", "manager1", WALL, ".visit-card"),
    "monitor-dark": Picture("/monitor/", "manager1", WALL, ".visit-card", scheme="dark"),
    "board": Picture("/board/", "", WALL, ".call"),
    "reports": Picture("/reports/", "manager1", TILL, "table"),
}


def take(server: AppServer, windows: Windows, name: str, picture: Picture) -> None:
    """Open the screen, tap, and write what it looks like then."""
    page = windows.open(server, picture.path, picture.username)
    page.set_viewport_size(picture.size)
    page.emulate_media(color_scheme=picture.scheme, reduced_motion="reduce")
    expect(page.locator(picture.ready).first).to_be_visible(timeout=LOAD_MS)
    for tap in picture.taps:
        page.locator(f"data-testid={tap}").first.click()
    save(page, name)
    page.context.close()


def take_ticket(server: AppServer, windows: Windows) -> None:
    """A customer's phone after the order."""
    page = windows.open(server, "/menu/")
    page.set_viewport_size(PHONE)
    for name in ("add", "open-cart", "confirm", "ticket-link"):
        page.get_by_test_id(name).first.click()
    expect(page.get_by_test_id("before")).to_be_visible()
    save(page, "ticket")
    page.context.close()


def save(page: Page, name: str) -> None:
    """Once everything that moves has come to rest."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    with afternoon() as server, chromium() as new_windows:
        for name, picture in PICTURES.items():
            take(server, new_windows(), name, picture)
        take_ticket(server, new_windows())


if __name__ == "__main__":
    main()
