"""Tests of requests in Chromium: asked for on a phone, seen everywhere, settled at the desk."""

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.spa import Person, Spa, the
from tools.servers.clients import Floor

pytestmark = pytest.mark.servers


def name_of(person: Person) -> str:
    return str(person.reads("/api/snapshots/therapist/")["me"]["name"])


def test_a_requested_therapist_is_asked_for_seen_and_changed(
    floor: Floor, windows: Windows, complaints
):
    first, second = (Person(floor.two, f"therapist{number}") for number in (1, 2))
    anna, ben = name_of(first), name_of(second)
    for therapist in (first, second):
        therapist.does("therapist_clock_in")
    spa = Spa(windows, floor)
    monitor, tablet = spa.monitor, spa.therapist

    the(spa.menu, "add").first.click()
    asked = the(spa.menu, "asked")
    expect(asked).to_be_visible()
    option = asked.locator("option").filter(has_text=ben)
    asked.select_option(option.get_attribute("value"))
    expect(the(spa.menu, "else-anyone")).to_be_checked()
    the(spa.menu, "confirm").click()
    spa.phone_opens_the_ticket()

    words = f"Waiting for {ben}"
    row = spa.row_in(the(tablet, "queue"))
    expect(row.get_by_test_id("asked-for")).to_have_text(words)
    expect(spa.row_in(the(monitor, "column-waiting"))).to_contain_text(words)
    expect(the(spa.ticket, "asked-for")).to_have_text(words)
    expect(the(tablet, "claim")).to_be_disabled()

    desk = windows.open(floor.one, "/desk/", "manager1")
    waiting = spa.row_in(the(desk, "desk-waiting"))
    expect(waiting.get_by_test_id("asked-for")).to_have_text(words)
    waiting.get_by_test_id("set-request").click()
    the(desk, "step-option").filter(has_text=anna).click()
    the(desk, "step-go").click()
    expect(the(spa.ticket, "asked-for")).to_have_text(f"Waiting for {anna}")
    the(tablet, "claim").click()
    expect(the(tablet, "current-code")).to_have_text(spa.code)
    assert complaints == []
