"""Tests of a price change while a customer waits, in Chromium."""

import pytest
from playwright.sync_api import expect

from tools.screens.spa import amount_in, confirmed, the

pytestmark = pytest.mark.servers


def test_a_new_price_is_on_the_menu_and_old_tickets_keep_theirs(floor, windows, complaints):
    offer = floor.offers()[0]
    ticket = windows.open(floor.two, f"/ticket/{confirmed(floor)['key']}/")
    expect(the(ticket, "total")).to_contain_text(offer["price"])
    agreed = amount_in(the(ticket, "total"))

    path = f"/admin/catalog/service/{offer['service_id']}/change/"
    office = windows.open(floor.one, "/monitor/", "manager1")
    office.goto(path)
    price = office.locator("[name$='-price']").first
    expect(price).to_have_value(offer["price"])
    price.fill("999.00")
    office.locator("[name=_save]").click()
    office.wait_for_url("**/admin/catalog/service/")

    assert floor.offers()[0]["price"] == "999.00"
    ticket.reload()
    expect(the(ticket, "total")).to_be_visible()
    assert amount_in(the(ticket, "total")) == agreed
    menu = windows.open(floor.two, "/menu/")
    expect(menu.locator("body")).to_contain_text("999.00")
    assert complaints == []
