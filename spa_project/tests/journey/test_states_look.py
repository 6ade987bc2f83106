"""Tests of every page in its other states: a visit's statuses, errors, nothing and no way in.

The lists of pages and states: `SCREENS` in test_look.py (visitors) and test_staff_look.py (staff in
an afternoon), test_crowded_look.py (full), and `STATES` here.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from spa_project.lib.errors import Busy, Invalid, NotAllowed, RateLimited, ServerError
from spa_project.lib.web.error_views import problem
from tools.screens.browser import Windows
from tools.screens.look import accessibility_problems, layout_problems
from tools.screens.spa import Person, confirmed, treated
from tools.servers import AppServer, open_spa, run_quietly
from tools.servers.clients import PASSWORD, Floor, Visit

pytestmark = [pytest.mark.servers, pytest.mark.sample(5)]

#: Where screenshots of all states go, to be looked at; empty: nowhere.
PICTURES = os.environ.get("STATES_PICTURES", "")
CLOSE = "from accounts.models import Branch; Branch.objects.update(active={active})"


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Iterator[tuple[AppServer, dict[str, str]]]:
    """Run one process on SQLite; return it with its settings."""
    folder = tmp_path_factory.mktemp("states")
    settings = {
        "DATABASE_URL": f"sqlite:///{folder}/spa.sqlite3",
        "REDIS_URL": "",
        "STATIC_ROOT": str(folder / "static"),
        "SECRET_KEY": secrets.token_urlsafe(45),
        "RATE_LIMITS": "off",
    }
    open_spa("--password", PASSWORD, **settings)
    with AppServer(**settings) as server:
        yield server, settings


@pytest.fixture
def floor(small) -> Iterator[Floor]:
    """Return the empty floor, and empty it again."""
    server, _settings = small
    yield Floor(server, server)
    manager = Person(server, "manager1")
    for visit in manager.sees():
        waits = visit["status"] in ("pending_therapist", "on_hold", "therapist_confirmed")
        if visit["status"] == "paying":
            attempt = visit["attempt"]["id"]
            manager.does(
                "cashier_payment_result",
                transaction_id=visit["id"],
                attempt_id=attempt,
                approved=True,
            )
            continue
        manager.does(
            "staff_cancel" if waits else "manager_cancel",
            transaction_id=visit["id"],
            reason="End of the test",
        )
    for room in manager.reads("/api/snapshots/monitor/")["rooms"]:
        if room["status"] != "available":
            manager.does("room_set_status", room_number=room["number"], status="available")


def order(floor: Floor) -> Visit:
    answer = confirmed(floor)
    visit: Visit = answer["transaction"] | {"key": answer["key"]}
    return visit


def called(floor: Floor) -> Visit:
    visit = order(floor)
    Person(floor.one, "therapist1").does("therapist_confirm_next")
    return visit


def step(command: str, username: str, of: Callable[[Floor], Visit], **data) -> Callable:
    """Return a function that brings a new customer one step further than `of`."""

    def go(floor: Floor) -> Visit:
        visit = of(floor)
        Person(floor.one, username).does(command, transaction_id=visit["id"], **data)
        return visit

    return go


def at_the_counter(floor: Floor) -> Visit:
    visit = treated(floor, "therapist1")
    Person(floor.one, "cashier1").does("cashier_claim", code=visit["code"])
    return visit


def paying(method: str) -> Callable[[Floor], Visit]:
    def go(floor: Floor) -> Visit:
        visit = at_the_counter(floor)
        Person(floor.one, "cashier1").does(
            "cashier_pay",
            transaction_id=visit["id"],
            amount_paid=visit["total_amount"],
            method=method,
        )
        return visit

    return go


#: How a customer reaches each status.
VISITS: dict[str, Callable[[Floor], Visit]] = {
    "pending_therapist": order,
    "on_hold": step("staff_hold", "manager1", order),
    "therapist_confirmed": called,
    "in_service": step("therapist_start_service", "therapist1", called),
    "finished": lambda floor: treated(floor, "therapist1"),
    "awaiting_payment": at_the_counter,
    "paying": paying("card"),
    "paid": paying("cash"),
    "cancelled": step("staff_cancel", "manager1", order, reason="Had to leave"),
    "no_show": step("therapist_no_show", "therapist1", called),
}


def check(page: Page, name: str) -> None:
    """Expect no problem of layout or accessibility."""
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("status", VISITS)
def test_a_ticket_in_each_status(floor, windows: Windows, complaints, status):
    visit = VISITS[status](floor)
    page = windows.open(floor.one, f"/ticket/{visit['key']}/")
    expect(page.get_by_test_id("status")).to_have_attribute("data-status", status)
    check(page, f"ticket-{status}")
    assert complaints == []


#: Pages without a state of the floor: path, person, and what can be seen once it is there.
STATES: dict[str, tuple[str, str, str]] = {
    "home-therapist": ("/", "therapist1", ".nav-cards"),
    "home-cashier": ("/", "cashier1", ".nav-cards"),
    "home-monitor": ("/", "monitor1", ".nav-cards"),
    "home-manager": ("/", "manager1", ".nav-cards"),
    "reports-empty": ("/reports/?first=2020-01-01&last=2020-01-02", "manager1", ".report .muted"),
    "reports-error": ("/reports/?first=2020-01-02&last=2020-01-01", "manager1", "#period-errors p"),
    "offline": ("/offline/", "", "h1"),
    "api": ("/api/docs", "", "#part-Refusal pre"),
    "pin": ("/accounts/pin/", "therapist2", "[data-testid=save-pin]"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_page_in_its_state(floor, windows, complaints, name):
    path, username, ready = STATES[name]
    # The home page asks nobody to log in.
    page = windows.open(floor.one, "/monitor/" if username else path, username)
    page.goto(path)
    expect(page.locator(ready).first).to_be_visible()
    check(page, name)
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "username", "status"),
    [
        ("/reports/", "therapist1", 403),
        ("/nothing-here/", "", 404),
        ("/nothing-here/", "cashier1", 404),
    ],
)
def test_a_page_that_is_not_for_this_person_or_not_there(floor, windows, path, username, status):
    page = (
        windows.open(floor.one, "/", username)
        if not username
        else home_of(windows, floor, username)
    )
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == status
    expect(page.locator(".message .button").first).to_be_visible()
    check(page, f"error-{status}-{username or 'visitor'}")


def home_of(windows: Windows, floor: Floor, username: str) -> Page:
    paths = {"therapist1": "/therapist/", "cashier1": "/cashier/"}
    return windows.open(floor.one, paths[username], username)


@pytest.mark.parametrize("refusal", [Invalid, NotAllowed, RateLimited, ServerError, Busy])
def test_an_error_that_the_server_cannot_make_on_request(floor, windows, refusal):
    """The page is rendered here, and its files come from the server."""
    answer = problem("/", refusal())
    page = windows.open(floor.one, "/offline/")
    body = answer.content.decode()
    page.route(
        "**/broken/",
        lambda route: route.fulfill(
            status=answer.status_code, body=body, content_type="text/html; charset=utf-8"
        ),
    )
    page.goto("/broken/")
    expect(page.locator(".message .button").first).to_be_visible()
    check(page, f"error-{answer.status_code}")


def test_a_refused_login(floor, windows):
    page = windows.open(floor.one, "/accounts/login/")
    page.fill("[name=username]", "therapist1")
    page.fill("[name=password]", "not this one")
    page.click("[data-testid=login]")
    expect(page.get_by_role("alert").first).not_to_be_empty()
    check(page, "login-refused")


def test_the_menu_of_a_closed_branch(small, floor, windows, complaints):
    _server, settings = small
    shell = [sys.executable, "manage.py", "shell", "-c"]
    run_quietly([*shell, CLOSE.format(active=False)], **settings)
    try:
        page = windows.open(floor.one, "/menu/")
        expect(page.locator("main")).to_contain_text("is closed")
        check(page, "menu-closed")
        home = windows.open(floor.one, "/")
        expect(home.locator("main")).to_be_visible()
        check(home, "home-closed")
        assert complaints == []
    finally:
        run_quietly([*shell, CLOSE.format(active=True)], **settings)


@pytest.mark.parametrize("width", ["80", "58"])
def test_a_receipt(floor, windows, complaints, width):
    visit = VISITS["paid"](floor)
    ticket = Person(floor.one).reads(f"/api/tickets/{visit['key']}/")
    key = ticket["transaction"]["payment"]["receipt_key"]
    page = windows.open(floor.one, f"/receipt/{key}/?width={width}")
    expect(page.locator(".receipt")).to_be_visible()
    check(page, f"receipt-{width}")
    assert complaints == []


@pytest.mark.parametrize("list_of", ["queueing/transaction", "payments/payment", "queueing/room"])
def test_a_list_of_the_admin_with_rows_and_without(floor, windows, complaints, list_of):
    """Layout of Django's own tables is Django's; the words and the colours are ours."""
    VISITS["paid"](floor)
    page = windows.open(floor.one, f"/admin/{list_of}/", "manager1")
    expect(page.locator("#result_list")).to_be_visible()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/admin-{list_of.replace('/', '-')}.png", full_page=True)
    assert accessibility_problems(page) == []
    assert complaints == []
