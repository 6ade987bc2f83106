"""Tests of browsers that lack or refuse something: site data, constructed sheets, modules."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.screens.spa import confirmed, pays, the, treated
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

#: As browsers do where site data is blocked: reading the property itself throws.
BLOCKED = """
for (const name of ["localStorage", "sessionStorage", "caches", "indexedDB"]) {
  Object.defineProperty(window, name, {
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
  });
}
for (const name of ["serviceWorker", "locks", "wakeLock"]) {
  Object.defineProperty(navigator, name, {
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); },
  });
}
window.AudioContext = class {
  constructor() { throw new DOMException("No hardware.", "NotSupportedError"); }
};
for (const name of ["BroadcastChannel", "Notification"]) delete window[name];
"""
#: WebKit before 16.4.
NO_CONSTRUCTED_SHEETS = """
window.CSSStyleSheet = function () { throw new TypeError("Illegal constructor"); };
window.print = () => (document.body.ariaBusy = "true");
"""
#: Any engine older than the selector `:has`, which the layouts need.
OLD = "CSS.supports = () => false;"

PAGES = {
    "/menu/": ("", "add"),
    "/menu/?kiosk=1": ("", "begin"),
    "/board/": ("", "waiting-count"),
    "/therapist/": ("therapist1", "claim"),
    "/cashier/": ("cashier1", "claim"),
    "/desk/": ("manager1", "search"),
    "/monitor/": ("manager1", "rooms"),
    "/reports/": ("manager1", "report-total"),
}


@pytest.fixture(scope="module", autouse=True)
def sold(floor: Floor) -> None:
    """Sell something, so that reports have a table."""
    pays(floor, treated(floor, "therapist1")["code"])


@pytest.fixture
def limited(windows: Windows, floor) -> Callable[..., Page]:
    """Return a function that opens a page in a browser that a script has limited."""

    def open_page(script: str, path: str, username: str = "") -> Page:
        page = windows.open(floor.one, "/", username) if not username else None
        page = page or windows.open(floor.one, path, username)
        page.context.add_init_script(script)
        page.goto(path)
        return page

    return open_page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_works_without_site_data(limited, complaints, path):
    username, part = PAGES[path]
    page = limited(BLOCKED, path, username)
    expect(the(page, part).first).to_be_visible()
    page.mouse.click(1, 1)
    assert complaints == []


def test_a_customer_orders_without_site_data(limited, complaints):
    page = limited(BLOCKED, "/menu/")
    the(page, "add").first.click()
    expect(the(page, "cart-item")).to_have_count(1)
    the(page, "confirm").click()
    expect(the(page, "code")).to_be_visible()
    assert complaints == []


def test_a_cashier_takes_a_payment_without_site_data(limited, floor, complaints):
    treated(floor, "therapist1")
    till = limited(BLOCKED, "/cashier/", "cashier1")
    the(till, "claim").click()
    the(till, "tender").first.click()
    the(till, "pay").click()
    expect(the(till, "change")).to_be_visible()
    the(till, "next").click()
    assert complaints == []


def test_a_ticket_is_followed_without_site_data(limited, floor, complaints):
    ticket = limited(BLOCKED, f"/ticket/{confirmed(floor)['key']}/")
    expect(the(ticket, "before")).to_be_visible()
    assert complaints == []


def test_what_was_counted_is_printed_without_constructed_sheets(limited, floor, complaints):
    visit = treated(floor, "therapist2")
    pays(floor, visit["code"])
    till = limited(NO_CONSTRUCTED_SHEETS, "/cashier/", "cashier1")
    the(till, "day").locator("summary").click()
    row = till.locator(f"[data-testid=day-row][data-code='{visit['code']}']")
    address = row.get_by_role("link").get_attribute("href")
    token = next(each for each in till.context.cookies() if each["name"].endswith("csrftoken"))
    till.evaluate(
        """([address, token]) => {
            const form = document.createElement("form");
            Object.assign(form, { method: "post", action: address });
            const field = document.createElement("input");
            Object.assign(field, { name: "csrfmiddlewaretoken", value: token });
            form.append(field);
            document.body.append(form);
            form.submit();
        }""",
        [address, token["value"]],
    )
    expect(till.locator("body")).to_have_attribute("aria-busy", "true")
    assert complaints == []


@pytest.mark.parametrize("path", ["/", "/menu/", "/board/", "/accounts/login/"])
def test_an_old_browser_is_told_so(limited, complaints, path):
    page = limited(OLD, path)
    expect(page.locator("#too-old")).to_contain_text("This browser is too old")
    expect(page.locator("#too-old")).to_be_visible()
    assert complaints == []


def test_a_modern_browser_is_told_nothing(limited, complaints):
    expect(limited("", "/menu/").locator("#too-old")).to_be_hidden()
    assert complaints == []
