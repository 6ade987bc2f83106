"""Tests of every page in Chromium under the content security policy, without any error."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.screens.spa import confirmed, treated
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

VISITORS = ("/", "/menu/", "/menu/?kiosk=1", "/board/", "/accounts/login/", "/admin/login/")
DESKS = {
    "/therapist/": "therapist1",
    "/cashier/": "cashier1",
    "/monitor/": "manager1",
    "/api/docs": "manager1",
    "/desk/": "manager1",
    "/first-day/devices/": "manager1",
}
#: Kinds of pages that the crawl must reach, or it proves nothing.
MET = {
    "/admin/",
    "/admin/password_change/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/accounts/user/0/change/",
    "/admin/accounts/user/0/history/",
    "/admin/accounts/presence/",
    "/admin/catalog/pricelist/",
    "/admin/catalog/service/add/",
    "/admin/catalog/service/0/change/",
    "/admin/catalog/service/0/delete/",
    "/admin/catalog/serviceclassification/undo/0/",
    "/admin/changes/",
    "/admin/queueing/room/0/change/",
    "/admin/queueing/transaction/",
    "/admin/queueing/transaction/0/change/",
    "/admin/queueing/transactionevent/",
}


def kind(path: str) -> str:
    """Return the path with every number as 0, so that one row represents all."""
    return re.sub(r"/\d+/", "/0/", path)


def links(page: Page) -> list[str]:
    """Return the page's links inside the admin, without queries and the logout."""
    found: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(a => a.pathname)")
    return [path for path in found if path.startswith("/admin/") and "logout" not in path]


def walk(page: Page) -> Iterator[str]:
    """Open every kind of page that is reachable by links."""
    waiting, known = ["/admin/"], {"/admin/"}
    while waiting:
        path = waiting.pop()
        response = page.goto(path)
        assert response is not None
        assert response.headers["content-security-policy"].startswith("default-src 'none'"), path
        assert "no-store" in response.headers["cache-control"], path
        yield kind(path)
        # A list shows its rows; each row's own page shows its actions.
        for each in links(page):
            if kind(each) not in known:
                known.add(kind(each))
                waiting.append(each)


def stay(page: Page) -> None:
    """Wait until deferred requests have been loaded."""
    page.wait_for_load_state("load")


def change_a_price(admin: Page) -> None:
    """Change a price, so that there is one to undo."""
    admin.goto("/admin/catalog/pricelist/")
    admin.locator("input[name$='-price']:not([type=hidden])").first.fill("1,234.50")
    admin.locator("[name=_save]").first.click()
    expect(admin.locator(".success")).to_be_visible()


def test_every_page_of_the_admin_keeps_the_policy(floor: Floor, windows: Windows, complaints):
    treated(floor, "therapist1")
    admin = windows.open(floor.one, "/monitor/", "manager1")
    change_a_price(admin)
    met = set(walk(admin))
    assert complaints == []
    assert met >= MET


@pytest.mark.parametrize("path", VISITORS)
def test_every_page_for_visitors_keeps_the_policy(floor, windows, complaints, path):
    stay(windows.open(floor.one, path))
    assert complaints == []


def test_a_ticket_keeps_the_policy(floor, windows, complaints):
    stay(windows.open(floor.one, f"/ticket/{confirmed(floor)['key']}/"))
    assert complaints == []


@pytest.mark.parametrize("path", DESKS)
def test_every_desk_keeps_the_policy(floor, windows, complaints, path):
    page = windows.open(floor.one, "/monitor/", DESKS[path])
    page.goto(path)
    stay(page)
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing/", 404), ("/ticket/none/", 404), ("/therapist/", 403)]
)
def test_a_page_that_refuses_keeps_the_policy(floor, windows, complaints, path, status):
    page = windows.open(floor.one, "/cashier/", "cashier1")
    response = page.goto(path)
    assert response is not None
    assert response.status == status
    assert [each for each in complaints if f"{status}" not in each] == []
