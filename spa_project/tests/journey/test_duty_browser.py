"""Tests of therapists on duty in Chromium: the break after this customer, live on every screen."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.screens.spa import Person, Spa, begun, pays, the
from tools.servers.clients import Floor

pytestmark = pytest.mark.servers


def person_on(page: Page, name: str) -> Locator:
    """Return a therapist in the list of a screen."""
    return page.locator(f"[data-therapist='{name}']")


def name_of(person: Person) -> str:
    return str(person.reads("/api/snapshots/therapist/")["me"]["name"])


def test_a_break_after_this_customer_is_seen_at_once_and_nobody_hands_over(
    floor: Floor, windows: Windows, complaints
):
    first, second = (Person(floor.two, f"therapist{number}") for number in (1, 2))
    anna, ben = name_of(first), name_of(second)
    second.does("therapist_clock_in")
    visit = Spa(windows, floor).comes(begun(floor, first))
    tablet = visit.therapist
    monitor = windows.open(floor.one, "/monitor/", "manager1")
    expect(person_on(monitor, anna)).to_have_attribute("data-presence", "on_duty")
    expect(person_on(monitor, anna)).to_contain_text(visit.code)
    expect(person_on(monitor, ben).get_by_test_id("available")).to_be_visible()

    the(tablet, "break").click()
    words = the(tablet, "presence-words")
    expect(words).to_have_text("Break after this customer")
    expect(person_on(monitor, anna).get_by_test_id("presence-words")).to_have_text(
        "Break after this customer"
    )

    the(tablet, "finish").click(delay=HOLD_MS)
    visit.expect_ticket("finished")
    expect(words).to_have_text("On break")
    expect(person_on(monitor, anna).get_by_test_id("presence-words")).to_have_text("On break")
    expect(person_on(monitor, anna).get_by_test_id("available")).to_be_hidden()

    other = begun(floor, second)
    desk = windows.open(floor.one, "/desk/", "manager1")
    further = the(desk, "desk-further").locator(f"[data-code='{other['code']}']")
    further.get_by_test_id("hand-over").click()
    offered = desk.locator("#step-dialog")
    expect(offered).to_be_visible()
    expect(the(desk, "step-option").filter(has_text=anna)).to_have_count(0)
    desk.keyboard.press("Escape")

    person_on(desk, anna).get_by_test_id("set-on-duty").click()
    expect(words).to_have_text("On duty")
    expect(person_on(monitor, anna).get_by_test_id("available")).to_be_visible()
    the(tablet, "clock-out").click()
    expect(person_on(monitor, anna).get_by_test_id("presence-words")).to_have_text("Off duty")
    second.does("therapist_finish_service", transaction_id=other["id"])
    pays(floor, visit.code)
    assert complaints == []


def test_who_never_logged_in_is_not_available(floor: Floor, windows: Windows, complaints):
    therapists = Person(floor.one, "manager1").reads("/api/snapshots/monitor/")["therapists"]
    absent = next(each["name"] for each in therapists if each["presence_since"] is None)
    monitor = windows.open(floor.one, "/monitor/", "monitor1")
    expect(person_on(monitor, absent).get_by_test_id("presence-words")).to_have_text("Off duty")
    expect(person_on(monitor, absent).get_by_test_id("available")).to_be_hidden()
    expect(monitor.get_by_test_id("set-on-duty")).to_have_count(0)
    assert complaints == []
