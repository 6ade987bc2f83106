"""Tests of the public screens in Chromium: greeting, inactivity, sound, lost network."""

import re

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

#: Longer than the 10 seconds after which a page without a network tries again.
TRIED_AGAIN_MS = 25_000
STORED = "localStorage.length + sessionStorage.length"


def choose(page: Page) -> None:
    page.get_by_test_id("add").first.click()


def kiosk(floor: Floor, windows: Windows) -> Page:
    page = windows.open(floor.one, "/menu/?kiosk=1")
    expect(page.get_by_test_id("add").first).to_be_hidden()
    page.get_by_test_id("begin").click()
    choose(page)
    return page


def test_a_kiosk_shows_the_number_and_then_forgets_its_customer(floor, windows, complaints):
    page = kiosk(floor, windows)
    page.get_by_test_id("customer-name").click()
    for letter in "ANA":
        page.get_by_test_id("key").get_by_text(letter, exact=True).click()
    page.get_by_test_id("typed").click()
    expect(page.get_by_test_id("customer-name")).to_have_value("Ana")
    page.get_by_test_id("confirm").click()
    code = page.get_by_test_id("code")
    expect(code).to_have_text(re.compile(r"^\d{4}$"))
    expect(page.get_by_test_id("place")).to_contain_text(re.compile("ahead of you|You're next"))
    assert code.evaluate("(each) => parseFloat(getComputedStyle(each).fontSize)") >= 160
    page.get_by_test_id("new-order").click()
    expect(page.get_by_test_id("begin")).to_be_visible()
    assert page.evaluate(STORED) == 0
    assert complaints == []


def test_a_kiosk_left_alone_asks_and_then_forgets(floor, windows):
    page = windows.open(floor.one, "/menu/?kiosk=1")
    page.clock.install()
    page.reload()
    page.get_by_test_id("begin").click()
    choose(page)
    page.clock.run_for(61_000)
    expect(page.get_by_test_id("idle")).to_be_visible()
    page.get_by_test_id("stay").click()
    expect(page.get_by_test_id("cart-item")).to_have_count(1)
    page.clock.run_for(92_000)
    expect(page.get_by_test_id("begin")).to_be_visible()
    assert page.evaluate(STORED) == 0


def test_another_language_keeps_the_cart(floor, windows, complaints):
    page = windows.open(floor.one, "/menu/")
    choose(page)
    page.get_by_test_id("language").click()
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.get_by_test_id("cart-item")).to_have_count(1)
    expect(page.get_by_test_id("confirm")).to_contain_text("Hacer pedido")
    assert complaints == []


def test_add_ons_are_suggested_once_and_in_nobodys_way(floor, windows, complaints):
    page = windows.open(floor.one, "/menu/")
    choose(page)
    expect(page.get_by_test_id("suggestion")).to_have_count(3)
    expect(page.get_by_test_id("confirm")).to_be_enabled()
    page.get_by_test_id("suggestion").first.click()
    expect(page.get_by_test_id("cart-item")).to_have_count(2)
    expect(page.get_by_test_id("suggestions")).to_have_count(0)
    expect(page.get_by_test_id("cart-item").last.get_by_test_id("take-one")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cart-item")).to_have_count(1)
    page.reload()
    expect(page.get_by_test_id("cart-item")).to_have_count(1)
    expect(page.get_by_test_id("suggestions")).to_have_count(0)
    assert complaints == []


def test_a_canceled_order_is_ordered_again_from_its_ticket(floor, windows, complaints):
    page = windows.open(floor.one, "/menu/")
    for tap in ("add", "no-suggestion", "confirm", "leave", "leave-confirm", "order-again"):
        page.get_by_test_id(tap).first.click()
    expect(page.get_by_test_id("cart-item")).to_have_count(1)
    expect(page.get_by_test_id("confirm")).to_be_enabled()
    assert complaints == []


def test_a_treatment_is_found_by_parts_of_its_name(floor, windows, complaints):
    page = windows.open(floor.one, "/menu/")
    page.get_by_test_id("search").fill("mass bam")
    expect(page.get_by_test_id("menu-tile")).to_have_count(1)
    page.get_by_test_id("search").press("Escape")
    expect(page.get_by_test_id("menu-tile").nth(1)).to_be_visible()
    assert complaints == []


def test_a_ticket_and_the_board_call_their_customer(floor, windows, complaints):
    menu = windows.open(floor.one, "/menu/")
    choose(menu)
    menu.get_by_test_id("confirm").click()
    expect(menu.get_by_test_id("status")).to_be_visible()
    code = menu.get_by_test_id("code").inner_text()
    ticket, board = menu, windows.open(floor.two, "/board/")
    board.get_by_test_id("sound").click()
    expect(board.get_by_test_id("sound")).to_be_hidden()
    ticket.get_by_test_id("ring").click()
    therapist = windows.open(floor.one, "/therapist/", "therapist2")
    while True:  # those of earlier tests are first
        therapist.get_by_test_id("claim").click()
        current = therapist.get_by_test_id("current-code")
        expect(current).to_have_text(re.compile(r"^\d{4}$"))
        if current.inner_text() == code:
            break
        therapist.get_by_test_id("start").click()
        therapist.get_by_test_id("finish").click(delay=HOLD_MS)
        therapist.get_by_test_id("room-ready").click()
    expect(ticket).to_have_title(re.compile("Room 2: your turn"))
    expect(board.locator(f".call[data-code='{code}']")).to_be_visible()
    assert complaints == []


def test_a_ticket_says_how_long_its_customer_will_probably_wait(floor, windows, complaints):
    ticket = windows.open(floor.two, "/menu/")
    for _ in range(2):
        ticket.goto("/menu/")
        choose(ticket)
        ticket.get_by_test_id("confirm").click()
        expect(ticket.get_by_test_id("status")).to_be_visible()
    expect(ticket.get_by_test_id("before")).to_be_visible()
    # A customer before them is in treatment: from then on the wait can be estimated.
    therapist = windows.open(floor.one, "/therapist/", "therapist3")
    for step in ("claim", "start"):
        therapist.get_by_test_id(step).click()
    therapist.get_by_test_id("finish").click(delay=HOLD_MS)
    expect(ticket.get_by_test_id("wait")).to_have_text(re.compile("^Estimated wait: .* min$"))
    # And whoever has not ordered yet knows it, too.
    menu = windows.open(floor.one, "/menu/")
    expect(menu.get_by_test_id("wait-now")).to_have_text(re.compile("^Wait now: .* min$"))
    assert complaints == []


def test_without_a_network_the_page_waits_and_comes_back(floor, windows):
    page = windows.open(floor.one, "/")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_test_id("to-menu")).to_be_visible(timeout=TRIED_AGAIN_MS)
