"""Tests of the therapist's tablet in Chromium: hold to confirm, undo, and the timer."""

import sys

import pytest
from playwright.sync_api import expect

from tools.screens.browser import HOLD_MS
from tools.screens.spa import Person, Spa, begun, pays, the
from tools.servers import run_quietly

pytestmark = pytest.mark.servers

EARLIER = """
from queueing.models import Transaction
import datetime
for visit in Transaction.objects.filter(status="in_service"):
    begin = visit.service_start_at - datetime.timedelta(
        minutes=visit.total_duration_minutes - {left}
    )
    Transaction.objects.filter(pk=visit.pk).update(service_start_at=begin)
"""
AGAIN_MS = 400  # an earlier second tap is a bounce


@pytest.fixture
def visit(floor, windows, complaints) -> Spa:
    """Start the service of a customer at the first therapist."""
    customer = begun(floor, Person(floor.two, "therapist1"))
    return Spa(windows, floor).comes(customer)


def leave(visit: Spa) -> None:
    """Leave the floor empty for the next test."""
    the(visit.therapist, "finish").click(delay=HOLD_MS)
    visit.expect_ticket("finished")
    therapist = Person(visit.floor.two, "therapist1")
    therapist.does("room_set_status", room_number="1", status="available")
    pays(visit.floor, visit.code)


def test_one_tap_does_not_finish_and_a_second_does(visit, complaints):
    tablet = visit.therapist
    finish = the(tablet, "finish")
    finish.click()
    expect(finish).to_have_attribute("data-stage", "asked")
    tablet.wait_for_timeout(AGAIN_MS)
    visit.expect_ticket("in_service")
    finish.click()
    visit.expect_ticket("finished")
    the(tablet, "undo").click()
    visit.expect_ticket("in_service")
    leave(visit)
    assert complaints == []


def test_enter_twice_finishes_and_enter_held_down_too(visit, complaints):
    tablet = visit.therapist
    expect(the(tablet, "finish")).to_be_enabled()  # a disabled button takes no focus
    the(tablet, "finish").focus()
    tablet.keyboard.press("Enter")
    tablet.wait_for_timeout(AGAIN_MS)
    visit.expect_ticket("in_service")
    tablet.keyboard.press("Enter")
    visit.expect_ticket("finished")
    the(tablet, "undo").click()
    visit.expect_ticket("in_service")
    expect(the(tablet, "finish")).to_be_enabled()  # the ticket may have received it first
    the(tablet, "finish").focus()
    tablet.keyboard.down("Enter")
    tablet.wait_for_timeout(HOLD_MS)
    tablet.keyboard.up("Enter")
    visit.expect_ticket("finished")
    the(tablet, "undo").click()
    leave(visit)
    assert complaints == []


def test_what_was_taken_out_is_put_back(visit, complaints):
    tablet = visit.therapist
    visit.therapist_adds_and_removes()
    the(tablet, "put-back").click()
    expect(the(visit.ticket, "bill-item")).to_have_count(2)
    expect(the(tablet, "put-back")).to_have_count(0)
    leave(visit)
    assert complaints == []


def test_what_a_therapist_does_most_is_offered_first(visit, complaints):
    tablet = visit.therapist
    name = the(tablet, "bill-item").first.locator("p").first.inner_text()
    leave(visit)
    tablet.reload()
    visit.comes(begun(visit.floor, Person(visit.floor.two, "therapist1")))
    expect(the(tablet, "current-code")).to_have_text(visit.code)
    the(tablet, "add-service").click()
    expect(the(tablet, "favourites")).to_have_attribute("aria-pressed", "true")
    first = tablet.locator("[data-testid=add-service-option]:visible").first
    expect(first).to_contain_text(name)
    first.click()
    expect(the(tablet, "bill-item")).to_have_count(2)
    leave(visit)
    assert complaints == []


@pytest.mark.parametrize(("left", "warning"), [(4, "ends-soon"), (-1, "time-over")])
def test_the_end_of_the_time_is_told_in_words(visit, spa, complaints, left, warning):
    run_quietly([sys.executable, "manage.py", "shell", "-c", EARLIER.format(left=left)], **spa)
    tablet = visit.therapist
    tablet.reload()
    expect(the(tablet, warning)).to_be_visible()
    leave(visit)
    assert complaints == []
