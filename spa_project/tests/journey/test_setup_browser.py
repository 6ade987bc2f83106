"""Tests of open pages while a manager changes the setup, in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from tools.screens.spa import Person, confirmed, the

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]


@pytest.fixture
def office(floor, windows) -> Page:
    """Return a manager's window."""
    return windows.open(floor.one, "/monitor/", "manager1")


def change(office: Page, address: str, **typed: str) -> None:
    """Open a form of the admin, type the changes, and save."""
    office.goto(address)
    fill_and_save(office, **typed)


def fill_and_save(office: Page, **typed: str) -> None:
    """Type into the open form, and save."""
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


def test_a_new_treatment_is_on_open_kiosks_and_desks_with_its_price(
    floor, windows, office, complaints
):
    kiosk = windows.open(floor.two, "/menu/")
    desk = windows.open(floor.two, "/desk/", "cashier1")
    office.goto("/admin/catalog/service/add/")
    office.locator("[name=category]").select_option(index=1)
    fill_and_save(
        office,
        **{
            "name": "Moonlight ritual",
            "classifications-0-classification": "75 minutes",
            "classifications-0-price": "1,234.50",
            "classifications-0-duration_minutes": "75",
        },
    )

    expect(kiosk.locator("body")).to_contain_text("Moonlight ritual")
    the(desk, "search").fill("Moonlight")
    for page in (kiosk, desk):
        expect(page.locator("body")).to_contain_text("1,234.50")
    assert complaints == []


def test_a_treatment_that_is_taken_off_the_menu_leaves_open_kiosks(
    floor, windows, office, complaints
):
    offer = floor.offers()[0]
    key = confirmed(floor)["key"]
    kiosk = windows.open(floor.two, "/menu/")
    ticket = windows.open(floor.two, f"/ticket/{key}/")
    office.goto(f"/admin/catalog/service/{offer['service_id']}/change/")
    name = office.locator("[name=name]").input_value()
    expect(kiosk.get_by_text(name).first).to_be_visible()

    office.locator(".deletelink").click()
    expect(office.locator("#content")).to_contain_text("It will be taken off the menu")
    office.locator("[name=confirmed]").click()
    expect(office.locator(".success")).to_contain_text("is off the menu")

    expect(kiosk.get_by_text(name)).to_have_count(0)
    expect(ticket.locator("main")).to_contain_text(name)
    the(ticket, "leave").click()
    the(ticket, "leave-confirm").click()
    expect(the(ticket, "status")).to_have_text("Canceled")
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


def test_a_renamed_therapist_is_named_so_on_their_open_tablet_and_on_the_monitor(
    floor, windows, office, complaints
):
    tablet = windows.open(floor.two, "/therapist/", "therapist2")
    monitor = windows.open(floor.two, "/monitor/", "monitor1")
    office.goto("/admin/accounts/user/")
    office.get_by_role("link", name="therapist2", exact=True).click()
    change(office, office.url, name="Maya Santos")
    expect(tablet.locator(".who")).to_have_text("Maya Santos")
    expect(monitor.locator("main")).to_contain_text("Maya Santos")
    assert complaints == []
