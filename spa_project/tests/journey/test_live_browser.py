"""Tests of pages in Chromium whose connection breaks: cut, blocked, killed, refused."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tools.screens.browser import HOLD_MS, WAIT_MS
from tools.screens.spa import Person, confirmed, the, treated
from tools.servers import AppServer
from tools.servers.clients import Visit

pytestmark = [pytest.mark.servers, pytest.mark.timed, pytest.mark.sample(3)]

BACK_MS = 30_000  # within which screens converge after a repair
NOTICE_MS = 15_000
#: Messages of the browser itself about every request and socket that a cut fails.
NOISE = re.compile(r"net::ERR_|WebSocket connection to ")
#: Place of each status on each screen.
PLACES = {
    "/therapist/": {"[data-testid=queue]": {"pending_therapist"}},
    "/cashier/": {"[data-testid=queue]": {"finished"}},
    "/monitor/": {
        "[data-testid=column-waiting]": {"pending_therapist"},
        "[data-testid=column-serving]": {"therapist_confirmed", "in_service"},
        "[data-testid=column-finished]": {"finished"},
        "[data-testid=column-counter]": {"awaiting_payment", "paying"},
    },
    "/board/": {".calling": {"therapist_confirmed"}, ".treating": {"in_service"}},
}


@contextmanager
def killed(server: AppServer) -> Iterator[None]:
    """Kill a process at the start of the block, and restart it at the end."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@dataclass
class Gate:
    """Network that passes or blocks a page's sockets, or delays their messages."""

    page: Page
    is_open: bool = True
    is_deaf: bool = False
    held: list[Callable[[], None]] | None = None

    def __post_init__(self) -> None:
        """Route the page's sockets through this gate, from the next load on."""
        self.page.route_web_socket(re.compile("/ws/"), self._dial)
        self.page.reload()

    def hold(self) -> None:
        """Delay the page's messages until `release`."""
        self.held = []

    def release(self) -> None:
        held, self.held = self.held or [], None
        for send in held:
            send()

    def _dial(self, route: WebSocketRoute) -> None:
        if not self.is_open:
            route.close()
            return
        server = route.connect_to_server()
        route.on_message(lambda text: self._pass_on(lambda: server.send(text)))
        server.on_message(lambda text: self._hear(route, text))

    def _pass_on(self, send: Callable[[], None]) -> None:
        if self.held is None:
            send()
        else:
            self.held.append(send)

    def _hear(self, route: WebSocketRoute, text: str | bytes) -> None:
        if not self.is_deaf or "_result" in json.loads(text)["event"]:
            route.send(text)


def expect_live(page: Page, within: float = WAIT_MS) -> None:
    expect(the(page, "connection")).to_have_attribute("data-state", "live", timeout=within)


def expect_cut(page: Page) -> None:
    off = re.compile("reconnecting|offline")
    expect(the(page, "connection")).to_have_attribute("data-state", off, timeout=NOTICE_MS)


def expect_truth(page: Page, path: str, visits: list[Visit]) -> None:
    """Wait until a screen shows exactly these customers, each in the right place."""
    for place, statuses in PLACES[path].items():
        codes = [visit["code"] for visit in visits if visit["status"] in statuses]
        expect(page.locator(f"{place} [data-code]")).to_have_count(len(codes), timeout=BACK_MS)
        for code in codes:
            expect(page.locator(f"{place} [data-code='{code}']")).to_be_visible()


def worries(complaints: list[str]) -> list[str]:
    """Return the errors that are not the unavoidable noise of a cut."""
    return [complaint for complaint in complaints if not NOISE.search(complaint)]


def mark(*pages: Page) -> None:
    """Set a variable in each page that a reload would delete."""
    for page in pages:
        page.evaluate("window.neverReloaded = true")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.neverReloaded === true"))


def test_a_page_cut_off_locks_its_buttons_and_catches_up(floor, windows, complaints):
    cashier = windows.open(floor.one, "/cashier/", "cashier1")
    expect_live(cashier)
    mark(cashier)
    cashier.context.set_offline(True)
    expect_cut(cashier)
    expect(the(cashier, "claim")).to_be_disabled()
    treated(floor, "therapist3")
    cashier.context.set_offline(False)
    expect_live(cashier, BACK_MS)
    expect(the(cashier, "claim")).to_be_enabled()
    expect_truth(cashier, "/cashier/", Person(floor.two, "monitor1").sees())
    assert is_marked(cashier)
    assert worries(complaints) == []


def test_a_desk_works_by_polling_where_sockets_are_blocked(floor, windows, complaints):
    confirmed(floor)
    therapist = windows.open(floor.one, "/therapist/", "therapist1")
    gate = Gate(therapist)
    gate.is_open = False
    therapist.reload()
    expect_live(therapist, NOTICE_MS)
    mark(therapist)
    chip = the(therapist, "connection")
    expect(chip.get_by_text("every few seconds")).to_be_visible()
    the(therapist, "claim").click()
    expect(the(therapist, "current-code")).to_be_visible()
    the(therapist, "start").click()
    expect(the(therapist, "timer")).to_be_visible()
    newcomer = confirmed(floor)["transaction"]["code"]
    queue = the(therapist, "queue")
    expect(queue.locator(f"[data-code='{newcomer}']")).to_be_visible(timeout=NOTICE_MS)
    gate.is_open = True
    therapist.evaluate("dispatchEvent(new Event('online'))")  # another network
    expect(chip).not_to_have_attribute("data-polling", "true")
    expect_live(therapist)
    expect(chip.get_by_text("every few seconds")).to_be_hidden()
    the(therapist, "finish").click(delay=HOLD_MS)
    expect(the(therapist, "room-ready")).to_be_visible()
    assert is_marked(therapist)
    assert worries(complaints) == []


def test_a_customer_can_order_where_sockets_are_blocked(floor, windows, complaints):
    menu = windows.open(floor.one, "/menu/")
    gate = Gate(menu)
    gate.is_open = False
    menu.reload()
    expect_live(menu, NOTICE_MS)
    the(menu, "add").first.click()
    the(menu, "confirm").click()
    expect(the(menu, "code")).to_have_text(re.compile(r"^\d{4}$"))
    codes = [visit["code"] for visit in Person(floor.two, "monitor1").sees()]
    assert the(menu, "code").inner_text() in codes
    assert complaints == []


def test_five_screens_are_right_after_their_server_was_killed(floor, windows, complaints):
    key = confirmed(floor)["key"]
    staff = {"/therapist/": "therapist2", "/cashier/": "cashier2", "/monitor/": "monitor1"}
    pages = {path: windows.open(floor.one, path, name) for path, name in staff.items()}
    pages["/board/"] = windows.open(floor.one, "/board/")
    ticket = windows.open(floor.one, f"/ticket/{key}/")
    for page in [*pages.values(), ticket]:
        expect_live(page)
    mark(*pages.values(), ticket)
    with killed(floor.one):
        for page in [*pages.values(), ticket]:
            expect_cut(page)
        treated(floor, "therapist4")
    visits = Person(floor.two, "monitor1").sees()
    for path, page in pages.items():
        expect_live(page, BACK_MS)
        expect_truth(page, path, visits)
    expect_live(ticket, BACK_MS)
    [mine] = [visit for visit in visits if visit["code"] == the(ticket, "code").inner_text()]
    expect(the(ticket, "status")).to_have_attribute("data-status", mine["status"])
    assert all(is_marked(page) for page in [*pages.values(), ticket])
    assert worries(complaints) == []


def test_a_step_whose_answer_is_lost_is_taken_back_with_the_reason(floor, windows, complaints):
    confirmed(floor)
    page = windows.open(floor.one, "/therapist/", "therapist4")
    Person(floor.two, "therapist4").does("room_set_status", room_number="4", status="available")
    gate = Gate(page)
    the(page, "claim").click()
    expect(the(page, "start")).to_be_visible()
    gate.hold()
    the(page, "start").click()
    expect(the(page, "timer")).to_be_visible()
    page.context.set_offline(True)
    expect(the(page, "problem").first).to_contain_text("Connection lost")
    expect(the(page, "timer")).to_be_hidden()
    expect(the(page, "start")).to_be_disabled()
    gate.held = None
    page.context.set_offline(False)
    expect_live(page, BACK_MS)
    the(page, "start").click()
    expect(the(page, "timer")).to_be_visible()
    expect(the(page, "problem").first).to_be_empty()
    assert worries(complaints) == []


def test_a_step_shows_at_once_and_is_taken_back_with_the_reason(floor, windows, complaints):
    confirmed(floor)
    page = windows.open(floor.one, "/therapist/", "therapist2")
    gate = Gate(page)
    expect_live(page)
    the(page, "claim").click()
    expect(the(page, "start")).to_be_visible()
    gate.is_deaf = True
    gate.hold()
    the(page, "start").click()
    expect(the(page, "timer")).to_be_visible()
    elsewhere = Person(floor.two, "therapist2")
    visit = elsewhere.does("therapist_confirm_next")["transaction"]
    assert visit["status"] == "therapist_confirmed"
    elsewhere.does("therapist_start_service", transaction_id=visit["id"])
    gate.release()
    expect(the(page, "problem").first).to_contain_text("Can't do that")
    expect(the(page, "timer")).to_be_hidden()
    expect(the(page, "start")).to_be_visible()
    gate.is_deaf = False
    expect(the(page, "timer")).to_be_visible(timeout=BACK_MS)
    assert complaints == []
