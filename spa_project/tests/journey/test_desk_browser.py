"""Tests of the front desk in a browser: editing an order, browsing, and whom a list shows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.screens.spa import Person, the
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

ROW = "[data-testid=desk-waiting] [data-code='{}']"


@pytest.fixture
def code(floor: Floor) -> str:
    """Return the code of a new customer who has ordered one treatment."""
    desk = Person(floor.one, "manager1")
    items = [{"service_classification_id": desk.first_offer(), "quantity": 1}]
    return str(
        desk.does("staff_confirm_selection", items=items, customer_name="Ana")["transaction"][
            "code"
        ]
    )


@pytest.fixture
def desk(floor: Floor, windows: Windows, code: str) -> Page:
    page = windows.open(floor.two, "/desk/", "manager1")
    expect(page.locator(ROW.format(code))).to_be_visible()
    return page


def test_an_order_and_a_name_are_edited_before_the_call(desk: Page, code: str, complaints):
    row = desk.locator(ROW.format(code))
    row.get_by_test_id("edit").click()
    the(desk, "edit-name").fill("Anabel")
    the(desk, "edit-more").click()
    the(desk, "edit-add").select_option(index=2)
    expect(the(desk, "edit-line")).to_have_count(2)
    total = the(desk, "edit-total").inner_text()
    the(desk, "edit-save").click()
    expect(the(desk, "edit-dialog")).to_be_hidden()
    expect(row).to_contain_text("Anabel")
    expect(the(row.page, "treatments").first).to_have_text(re.compile(r"Hilot.*Hilot.*Hilot"))
    row.get_by_test_id("edit").click()
    expect(the(desk, "edit-total")).to_have_text(total)
    assert complaints == []


def test_an_edit_that_another_desk_has_overtaken_shows_the_order_as_it_is(
    desk: Page, floor: Floor, code: str
):
    desk.locator(ROW.format(code)).get_by_test_id("edit").click()
    other = Person(floor.one, "cashier1")
    visit = next(each for each in other.sees() if each["code"] == code)
    items = [{"service_classification_id": other.first_offer(), "quantity": 3}]
    other.does("staff_change_order", transaction_id=visit["id"], items=items)
    the(desk, "edit-more").click()
    the(desk, "edit-save").click()
    expect(the(desk, "edit-problem")).to_contain_text(f"{code} was changed meanwhile")
    expect(the(desk, "edit-line")).to_contain_text("3")
    the(desk, "edit-save").click()
    expect(the(desk, "edit-dialog")).to_be_hidden()


def test_the_menu_is_browsed_without_typing(desk: Page):
    the(desk, "browse").nth(1).click()
    the(desk, "offer").first.click()
    expect(the(desk, "desk-item")).to_contain_text("Reflexology")
    desk.keyboard.press("Enter")
    expect(the(desk, "desk-name")).to_be_focused()


def test_the_list_shows_those_of_one_category(desk: Page, code: str):
    the(desk, "filtered").select_option(label="Face")
    expect(desk.locator(ROW.format(code))).to_have_count(0)
    the(desk, "filtered").select_option(label="Massage")
    expect(desk.locator(ROW.format(code))).to_be_visible()


def test_only_the_first_of_the_line_is_marked_as_next(desk: Page):
    expect(the(desk, "next").locator("visible=true")).to_have_count(1)
    first = desk.locator("[data-testid=desk-waiting] .queue-row").first
    expect(first.get_by_test_id("next")).to_be_visible()
