"""Tests of a price change while a customer waits, in Chromium."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.spa import amount_in, confirmed, the
from tools.servers.clients import Floor

pytestmark = pytest.mark.servers


def reprice(floor: Floor, windows: Windows, offer: dict[str, Any], price: str) -> None:
    """Change the first price of a service in the admin, as a manager."""
    office = windows.open(floor.one, "/monitor/", "manager1")
    office.goto(f"/admin/catalog/service/{offer['service_id']}/change/")
    field = office.locator("[name$='-price']").first
    expect(field).to_have_value(offer["price"])
    field.fill(price)
    office.locator("[name=_save]").click()
    office.wait_for_url("**/admin/catalog/service/")


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


def test_a_kiosk_with_a_cart_is_told_the_new_price_and_asked_again(floor, windows, complaints):
    offer = floor.offers()[0]
    kiosk = windows.open(floor.two, "/menu/?kiosk=1")
    the(kiosk, "begin").click()
    the(kiosk, "add").first.click()
    displayed = amount_in(the(kiosk, "cart-total"))

    reprice(floor, windows, offer, "1530.00")
    the(kiosk, "confirm").click()

    expect(the(kiosk, "problem")).to_contain_text(f"from ₱{displayed} to ₱1,530.00")
    expect(the(kiosk, "price-changes")).to_contain_text(re.compile(r": \S+ > \S*1,530\.00"))
    expect(the(kiosk, "cart-total")).to_contain_text("1,530.00")
    expect(the(kiosk, "cart-item")).to_have_count(1)
    expect(the(kiosk, "code")).to_be_hidden()

    the(kiosk, "confirm").click()
    expect(the(kiosk, "code")).to_have_text(re.compile(r"^\d{4}$"))
    assert complaints == []
