"""Tests of the therapist's tablet in Chromium: hold to confirm, undo, and the timer."""

import re
import sys

import pytest
from playwright.sync_api import Locator, expect

from tools.screens.browser import HOLD_MS
from tools.screens.look import accessibility_problems, box_at_rest
from tools.screens.spa import Person, Spa, begun, confirmed, pays, the
from tools.servers import run_quietly

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

EARLIER = """
from queueing.models import Transaction
import datetime
for visit in Transaction.objects.filter(status="in_service"):
    begin = visit.service_start_at - datetime.timedelta(
        minutes=visit.total_duration_minutes - {left}
    )
    Transaction.objects.filter(pk=visit.pk).update(service_start_at=begin)
"""
#: The first add-on of the menu needs a skill that nobody has.
HOT_STONE = """
from catalog.models import Service, Skill
service = Service.objects.filter(category__add_ons=True).order_by("order", "id").first()
service.skill = Skill.objects.create(name="Hot stone")
service.save()
"""
#: What a dialog offers, beside the buttons that close it or log out.
CONTROLS = (
    "button:not([aria-label=Close], [data-testid=lock-logout]), "
    "input:not([type=hidden]), select, li"
)
AGAIN_MS = 400  # an earlier second tap is a bounce


@pytest.fixture
def visit(floor, windows, complaints) -> Spa:
    """Start the service of a customer at the first therapist."""
    customer = begun(floor, Person(floor.two, "therapist1"))
    return Spa(windows, floor).comes(customer)


def top_of(part: Locator) -> float:
    """Return where a part of a page begins."""
    return box_at_rest(part)["y"]


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


def test_a_treatment_is_added_from_the_add_ons_or_from_what_is_done_most(visit, complaints):
    tablet = visit.therapist
    name = the(tablet, "bill-item").first.locator("p").first.inner_text()
    leave(visit)
    tablet.reload()
    visit.comes(begun(visit.floor, Person(visit.floor.two, "therapist1")))
    expect(the(tablet, "current-code")).to_have_text(visit.code)
    the(tablet, "add-service").click()
    category = the(tablet, "service-category").first
    expect(category).to_have_text("Add-ons")
    expect(category).to_have_attribute("aria-pressed", "true")
    expect(the(tablet, "services")).to_contain_text("Extra 20 Minutes")
    the(tablet, "favourites").click()
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


def test_an_undo_moves_nothing_says_what_and_goes_when_somebody_goes_on(visit, complaints):
    tablet = visit.therapist
    the(tablet, "finish").click(delay=HOLD_MS)
    expect(the(tablet, "undo")).to_have_text(re.compile(rf"Undo finish\s+{visit.code}"))
    before = box_at_rest(the(tablet, "claim"))
    visit.cashier_claims()
    expect(the(tablet, "undo")).to_have_count(0)
    assert box_at_rest(the(tablet, "claim")) == before
    visit.cashier_takes("1000")
    the(tablet, "room-ready").click()
    assert complaints == []


def test_a_removed_treatment_is_put_back_without_moving_a_button(visit, complaints):
    tablet = visit.therapist
    the(tablet, "add-service").click()
    the(tablet, "add-service-option").last.click()
    expect(the(visit.ticket, "bill-item")).to_have_count(2)
    first = the(tablet, "bill-item").first
    before = top_of(first)
    the(tablet, "remove-item").last.click()
    expect(the(tablet, "put-back")).to_be_visible()
    assert top_of(first) == before
    leave(visit)
    assert complaints == []


def test_after_a_hand_over_both_know_their_rooms_and_go_on(visit, windows, complaints):
    giver = visit.therapist
    Person(visit.floor.one, "therapist2").does("therapist_clock_in")
    taker = windows.open(visit.floor.one, "/therapist/", "therapist2")
    the(giver, "more").click()
    the(giver, "hand-over").click()
    expect(the(giver, "step-help")).to_have_text("The customer stays in room 1.")
    the(giver, "step-option").filter(has_text="Ben").click()
    the(giver, "step-go").click()
    expect(the(taker, "current-code")).to_have_text(visit.code)
    expect(the(taker, "other-room")).to_have_text(re.compile(r"In room\s+1"))
    expect(the(giver, "lent")).to_contain_text(f"Ben is with {visit.code} in your room.")
    expect(the(giver, "stand-in")).to_have_text("2")
    expect(the(giver, "room-ready")).not_to_be_visible()

    code = confirmed(visit.floor)["transaction"]["code"]
    the(giver, "claim").click()
    expect(the(giver, "current-code")).to_have_text(code)
    expect(the(giver, "other-room")).to_have_text(re.compile(r"In room\s+2"))

    # The one who worked in the other's room calls that one ready, and goes on in it.
    the(taker, "finish").click(delay=HOLD_MS)
    the(taker, "shared-room-ready").click()
    expect(the(taker, "stand-in")).to_have_text("1")
    the(giver, "start").click()
    the(giver, "finish").click(delay=HOLD_MS)
    expect(the(giver, "room-status")).to_have_attribute("data-status", "available")
    the(taker, "room-ready").click()
    pays(visit.floor, visit.code)
    pays(visit.floor, code)
    assert complaints == []


def test_what_the_therapist_lacks_the_skill_for_comes_last_with_the_reason(visit, spa, complaints):
    run_quietly([sys.executable, "manage.py", "shell", "-c", HOT_STONE], **spa)
    tablet = visit.therapist
    the(tablet, "add-service").click()
    services = the(tablet, "services").locator(".sheet-service")
    expect(services.first.get_by_test_id("lacks-skill")).to_be_hidden()
    expect(services.first.get_by_test_id("add-service-option").first).to_be_enabled()
    told = services.last.get_by_test_id("lacks-skill")
    expect(told).to_have_text("You don't have the skill for this: Hot stone")
    expect(services.last.get_by_test_id("add-service-option").first).to_be_disabled()
    assert accessibility_problems(tablet) == []
    tablet.keyboard.press("Escape")
    leave(visit)
    assert complaints == []


def test_a_dialog_is_empty_until_it_opens(visit, complaints):
    tablet = visit.therapist
    expect(the(tablet, "finish")).to_be_visible()
    closed = tablet.locator("dialog:not([open])")
    assert closed.count() > 1
    expect(closed.locator(CONTROLS)).to_have_count(0)
    the(tablet, "add-service").click()
    expect(the(tablet, "add-service-option").first).to_be_visible()
    tablet.keyboard.press("Escape")
    the(tablet, "more").click()
    the(tablet, "hand-over").click()
    expect(the(tablet, "step-go")).to_be_visible()
    tablet.keyboard.press("Escape")
    expect(the(tablet, "step-go")).to_have_count(0)
    leave(visit)
    assert complaints == []
