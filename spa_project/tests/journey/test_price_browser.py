"""Tests of a price change while a customer waits, in Chromium."""

import json
import re
import sys
from decimal import Decimal
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tools.screens.browser import Windows
from tools.screens.spa import Person, amount_in, begun, confirmed, pays, the, treated
from tools.servers import run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

NEWS = {"setup_updated", "menu_updated", "heartbeat"}

#: A change that reaches no screen, as when its event is lost.
SILENTLY = """
from queueing.models import Transaction
Transaction.objects.filter(pk={pk}).update(total_amount="{total}")
"""


def reprice(floor: Floor, windows: Windows, offer: dict[str, Any], price: str) -> None:
    """Change the first price of a service in the admin, as a manager."""
    office = windows.open(floor.one, "/monitor/", "manager1")
    office.goto(f"/admin/catalog/service/{offer['service_id']}/change/")
    field = office.locator("[name$='-price']").first
    expect(field).to_have_value(f"{Decimal(offer['price']):,}")
    field.fill(price)
    office.locator("[name=_save]").click()
    office.wait_for_url("**/admin/catalog/service/")


def without_news(page: Page) -> Page:
    """Reload a page that then learns of no change of the setup until it acts, as on a slow line."""

    def relay(socket: WebSocketRoute) -> None:
        def forward(message: str | bytes) -> None:
            if json.loads(message).get("event") not in NEWS:
                socket.send(message)

        socket.connect_to_server().on_message(forward)

    page.route_web_socket(re.compile("/ws/"), relay)
    page.reload()
    expect(the(page, "connection")).to_have_attribute("data-state", "live")
    return page


def services(floor: Floor) -> list[dict[str, Any]]:
    """Return the services on the menu."""
    with urlopen(f"{floor.one.url}/api/menu/") as response:
        categories = json.load(response)["categories"]
    return [service for category in categories for service in category["services"]]


def test_a_new_price_is_on_the_menu_and_old_tickets_keep_theirs(floor, windows, complaints):
    offer = floor.offers()[0]
    ticket = windows.open(floor.two, f"/ticket/{confirmed(floor)['key']}/")
    expect(the(ticket, "total")).to_contain_text(offer["price"])
    agreed = amount_in(the(ticket, "total"))

    reprice(floor, windows, offer, "999.00")

    assert floor.offers()[0]["price"] == "999.00"
    ticket.reload()
    expect(the(ticket, "total")).to_be_visible()
    assert amount_in(the(ticket, "total")) == agreed
    menu = windows.open(floor.two, "/menu/")
    expect(menu.locator("body")).to_contain_text("999.00")
    assert complaints == []


def test_a_kiosk_with_a_cart_shows_the_new_price_by_itself(floor, windows, complaints):
    offer = floor.offers()[0]
    kiosk = windows.open(floor.two, "/menu/?kiosk=1")
    the(kiosk, "begin").click()
    the(kiosk, "add").first.click()

    reprice(floor, windows, offer, "1640.00")

    expect(the(kiosk, "price-changes")).to_contain_text(re.compile(r": \S+ > \S*1,640\.00"))
    expect(the(kiosk, "cart-total")).to_contain_text("1,640.00")
    the(kiosk, "confirm").click()
    expect(the(kiosk, "code")).to_have_text(re.compile(r"^\d{4}$"))
    assert complaints == []


def test_a_kiosk_with_a_cart_is_told_the_new_price_and_asked_again(floor, windows, complaints):
    offer = floor.offers()[0]
    kiosk = without_news(windows.open(floor.two, "/menu/?kiosk=1"))
    the(kiosk, "begin").click()
    the(kiosk, "add").first.click()
    displayed = amount_in(the(kiosk, "cart-total"))

    reprice(floor, windows, offer, "1530.00")
    the(kiosk, "confirm").click()

    expect(the(kiosk, "problem")).to_contain_text(f"from ₱{displayed:,} to ₱1,530.00")
    expect(the(kiosk, "price-changes")).to_contain_text(re.compile(r": \S+ > \S*1,530\.00"))
    expect(the(kiosk, "cart-total")).to_contain_text("1,530.00")
    expect(the(kiosk, "cart-item")).to_have_count(1)
    expect(the(kiosk, "code")).to_be_hidden()

    the(kiosk, "confirm").click()
    expect(the(kiosk, "code")).to_have_text(re.compile(r"^\d{4}$"))
    assert complaints == []


def test_a_therapist_is_told_the_new_price_and_taps_again(floor, windows, complaints):
    therapist = Person(floor.two, "therapist1")
    visit = begun(floor, therapist)
    tablet = without_news(windows.open(floor.two, "/therapist/", "therapist1"))
    expect(the(tablet, "bill-item")).to_have_count(1)
    the(tablet, "add-service").click()
    option = tablet.locator("[data-testid=add-service-option]:visible").first
    number = int(option.get_attribute("data-classification-id") or "")
    offer = next(each for each in floor.offers() if each["id"] == number)
    old = amount_in(option.locator(".figure"))

    reprice(floor, windows, offer, "640.00")
    option.click()

    problem = the(tablet, "services").get_by_test_id("problem")
    expect(problem).to_contain_text(f"from ₱{old:,} to ₱640.00")
    expect(option).to_contain_text("640.00")
    expect(the(tablet, "bill-item")).to_have_count(1)
    option.click()
    expect(the(tablet, "bill-item")).to_have_count(2)
    expect(the(tablet, "bill-item").last).to_contain_text("640.00")
    therapist.does("therapist_finish_service", transaction_id=visit["id"])
    therapist.does("room_set_status", room_number="1", status="available")
    pays(floor, visit["code"])
    assert complaints == []


def test_the_front_desk_is_told_the_new_price_and_confirms_again(floor, windows, complaints):
    offer = floor.offers()[0]
    desk = without_news(windows.open(floor.two, "/desk/", "manager1"))
    [name] = {each["name"] for each in services(floor) if each["id"] == offer["service_id"]}
    the(desk, "search").fill(name)
    the(desk, "offer").first.click()
    expect(the(desk, "desk-item")).to_have_count(1)
    displayed = amount_in(the(desk, "desk-item").locator("p.figure"))

    reprice(floor, windows, offer, "780.00")
    the(desk, "desk-confirm").click()

    expect(the(desk, "problem").first).to_contain_text(f"from ₱{displayed:,} to ₱780.00")
    expect(the(desk, "price-changes")).to_contain_text("780.00")
    expect(the(desk, "ordered-code")).to_have_count(0)
    the(desk, "desk-confirm").click()
    expect(the(desk, "ordered-code")).to_have_text(re.compile(r"^\d{4}$"))
    assert complaints == []


def test_a_till_is_told_the_new_total_and_takes_it_when_confirmed(floor, spa, windows, complaints):
    visit = treated(floor, "therapist1")
    till = windows.open(floor.one, "/cashier/", "cashier1")
    the(till, "claim").click()
    the(till, "tender").first.click()
    old = amount_in(the(till, "total"))
    silently = SILENTLY.format(pk=visit["id"], total=old + 50)
    run_quietly([sys.executable, "manage.py", "shell", "-c", silently], **spa)
    the(till, "pay").click()

    expect(the(till, "problem")).to_contain_text(f"from ₱{old:,} to ₱{old + 50:,}")
    expect(the(till, "total")).to_contain_text(f"{old + 50:,}")
    expect(the(till, "pay")).to_be_disabled()  # what was typed is not enough any more
    the(till, "tender").first.click()
    the(till, "pay").click()
    expect(the(till, "change")).to_be_visible()
    assert amount_in(the(till, "change")) == 0
    the(till, "next").click()
    assert complaints == []


def test_an_open_therapists_sheet_follows_a_new_price(floor, windows, complaints):
    therapist = Person(floor.two, "therapist2")
    visit = begun(floor, therapist)
    tablet = windows.open(floor.two, "/therapist/", "therapist2")
    the(tablet, "add-service").click()
    option = tablet.locator("[data-testid=add-service-option]:visible").first
    number = int(option.get_attribute("data-classification-id") or "")
    offer = next(each for each in floor.offers() if each["id"] == number)

    reprice(floor, windows, offer, "655.00")

    expect(option).to_contain_text("655.00")
    option.click()
    expect(the(tablet, "bill-item").last).to_contain_text("655.00")
    therapist.does("therapist_finish_service", transaction_id=visit["id"])
    pays(floor, visit["code"])
    assert complaints == []
