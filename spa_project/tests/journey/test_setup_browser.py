"""Tests of open pages while a manager changes the setup, in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tools.screens.spa import Person, confirmed, the

pytestmark = pytest.mark.servers


@pytest.fixture
def office(floor, windows) -> Page:
    """Return a manager's window."""
    return windows.open(floor.one, "/monitor/", "manager1")


def change(office: Page, address: str, **typed: str) -> None:
    """Open a form of the admin, type the changes, and save."""
    office.goto(address)
    for name, value in typed.items():
        office.locator(f"[name={name}]").fill(value)
    office.locator("[name=_save]").click()
    office.wait_for_load_state()
    expect(office.locator(".errornote")).to_have_count(0)


def first_of(office: Page, listing: str) -> str:
    """Return the address of the first row of an admin list."""
    office.goto(listing)
    return str(office.locator("#result_list tbody tr th a").first.get_attribute("href"))


def test_a_renamed_treatment_is_on_every_open_menu(floor, windows, office, complaints):
    kiosk = windows.open(floor.two, "/menu/")
    desk = windows.open(floor.two, "/desk/", "cashier1")
    address = f"/admin/catalog/service/{floor.offers()[0]['service_id']}/change/"

    change(office, address, name="Golden hour")

    expect(kiosk.locator("body")).to_contain_text("Golden hour")
    the(desk, "search").fill("Golden")
    expect(desk.locator("body")).to_contain_text("Golden hour")
    assert complaints == []


def test_a_renamed_room_is_on_every_screen_and_stays_its_therapists(
    floor, windows, office, complaints
):
    therapist = Person(floor.two, "therapist1")
    key = confirmed(floor)["key"]
    therapist.does("therapist_confirm_next")
    tablet = windows.open(floor.two, "/therapist/", "therapist1")
    monitor = windows.open(floor.two, "/monitor/", "monitor1")
    board = windows.open(floor.two, "/board/")
    ticket = windows.open(floor.two, f"/ticket/{key}/")

    office.goto("/admin/queueing/room/")
    office.get_by_role("link", name="1", exact=True).click()
    change(office, office.url, number="Garden")

    for page in (tablet, monitor, board, ticket):
        expect(page.locator("main")).to_contain_text("Garden")
    assert complaints == []


def test_a_closed_branch_closes_its_open_kiosk_and_opens_it_again(
    floor, windows, office, complaints
):
    kiosk = windows.open(floor.two, "/menu/?kiosk=1")
    address = first_of(office, "/admin/accounts/branch/")

    office.goto(address)
    office.locator("[name=active]").uncheck()
    office.locator("[name=_save]").click()
    expect(kiosk.locator("main")).to_contain_text("is closed")

    office.goto(address)
    office.locator("[name=active]").check()
    office.locator("[name=_save]").click()
    expect(the(kiosk, "begin")).to_be_visible()
    assert complaints == []


def test_a_renamed_branch_is_named_so_on_open_pages(floor, windows, office, complaints):
    monitor = windows.open(floor.two, "/monitor/", "monitor1")
    change(office, first_of(office, "/admin/accounts/branch/"), name="Garden House")
    expect(monitor.locator("[data-branch-name]").first).to_have_text("Garden House")
    expect(monitor).to_have_title("Monitor · Garden House")
    assert complaints == []
