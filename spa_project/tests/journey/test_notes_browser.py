"""Tests of notes in Chromium: left on a phone or at the desk, read by one therapist alone."""

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.spa import Person, Spa, the
from tools.servers.clients import Floor

pytestmark = pytest.mark.servers

WORDS = "Zebra-striped shoulder"


def test_a_note_from_a_phone_is_read_by_the_customers_therapist_alone(
    floor: Floor, windows: Windows, complaints
):
    spa = Spa(windows, floor)
    Person(floor.two, "therapist1").does("therapist_clock_in")
    the(spa.menu, "add").first.click()
    spa.menu.get_by_label("Allergies").check()
    the(spa.menu, "visit-note").fill(WORDS)
    the(spa.menu, "confirm").click()
    spa.phone_opens_the_ticket()

    tablet, note = spa.therapist, the(spa.therapist, "visit-note")
    expect(spa.row_in(the(tablet, "queue"))).to_be_visible()
    expect(note).to_be_hidden()
    the(tablet, "claim").click()
    expect(note).to_contain_text("Allergies")
    expect(note).to_contain_text(WORDS)
    expect(spa.row_in(the(spa.monitor, "column-serving"))).to_be_visible()
    assert WORDS not in spa.monitor.content()

    the(tablet, "read-note").click()
    expect(the(tablet, "read-note")).to_be_hidden()
    expect(note).to_contain_text(WORDS)
    tablet.reload()
    expect(note).to_contain_text(WORDS)
    expect(the(tablet, "read-note")).to_be_hidden()
    assert complaints == []


def test_the_desk_leaves_a_note_and_the_next_order_has_none(
    floor: Floor, windows: Windows, complaints
):
    desk = windows.open(floor.one, "/desk/", "manager1")
    search = the(desk, "search")
    search.fill("hilot")
    search.press("Enter")
    the(desk, "add-note").click()
    desk.get_by_label("Pregnant").check()
    the(desk, "visit-note").fill(WORDS)
    the(desk, "desk-confirm").click()
    expect(the(desk, "visit-note")).to_have_value("")
    expect(desk.get_by_label("Pregnant")).not_to_be_checked()

    Person(floor.two, "therapist2").does("therapist_clock_in")
    tablet = windows.open(floor.two, "/therapist/", "therapist2")
    the(tablet, "claim").click()
    expect(the(tablet, "visit-note")).to_contain_text("Pregnant")
    expect(the(tablet, "visit-note")).to_contain_text(WORDS)
    assert complaints == []
