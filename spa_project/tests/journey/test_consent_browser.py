"""Tests of consent in Chromium: a therapist adds a treatment, its customer accepts or declines."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.screens.look import accessibility_problems, box_at_rest
from tools.screens.spa import Person, Spa, amount_in, begun, the
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def asking(floor: Floor, new_windows) -> Floor:
    """Return the spa after a manager has it ask about added treatments."""
    windows: Windows = new_windows()
    office = windows.open(floor.one, "/monitor/", "manager1")
    office.goto("/admin/accounts/branch/")
    office.locator("#result_list tbody th a").first.click()
    office.locator("[name=asks_consent]").check()
    office.locator("[name=_save]").click()
    expect(office.locator(".success")).to_be_visible()
    windows.close()
    return floor


@pytest.fixture
def visit(asking: Floor, windows: Windows) -> Spa:
    """Return a visit in treatment at the first therapist, with the ticket open on a phone."""
    spa = Spa(windows, asking).comes(begun(asking, Person(asking.two, "therapist1")))
    spa.ticket.set_viewport_size(PHONE)
    expect(the(spa.therapist, "current-code")).to_have_text(spa.code)
    return spa


def adds(tablet: Page, place: int = -1) -> None:
    the(tablet, "add-service").click()
    the(tablet, "add-service-option").nth(place).click()


def leave(spa: Spa) -> None:
    """Finish the treatment, and leave the room ready for the next test."""
    the(spa.therapist, "finish").click(delay=HOLD_MS)
    spa.expect_ticket("finished")
    therapist = Person(spa.floor.two, "therapist1")
    therapist.does("room_set_status", room_number="1", status="available")


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody asks for it."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_customer_declines_what_the_therapist_adds_and_the_therapist_sees_it(visit, complaints):
    tablet, ticket = visit.therapist, visit.ticket
    before = amount_in(the(ticket, "total"))
    adds(tablet)

    question = the(ticket, "ask-item")
    expect(question).to_contain_text("min")
    price = amount_in(question.locator(".ask-price"))
    assert amount_in(the(ticket, "total")) == before + price
    expect(the(tablet, "consent").last).to_contain_text("Waiting for an answer")
    expect(the(tablet, "agree-item").last).to_be_visible()
    picture(ticket, "ticket-asked")
    picture(tablet, "tablet-asked")
    assert accessibility_problems(ticket) + accessibility_problems(tablet) == []

    the(ticket, "decline-item").click()
    expect(the(ticket, "ask")).to_have_count(0)
    expect(the(ticket, "bill-item")).to_have_count(1)
    assert amount_in(the(ticket, "total")) == before
    declined = the(tablet, "declined-item")
    expect(declined).to_contain_text("Declined")
    expect(the(tablet, "heard")).to_contain_text("The customer declined")
    expect(the(tablet, "bill-item")).to_have_count(1)
    picture(tablet, "tablet-declined")
    assert accessibility_problems(tablet) == []
    tablet.reload()
    expect(declined).to_contain_text("Declined")
    leave(visit)
    assert complaints == []


def test_a_customer_accepts_and_both_see_it(visit, complaints):
    tablet, ticket = visit.therapist, visit.ticket
    adds(tablet)
    the(ticket, "accept-item").click()
    expect(the(ticket, "ask")).to_have_count(0)
    expect(the(ticket, "consent").last).to_contain_text("Accepted")
    expect(the(tablet, "consent").last).to_contain_text("Accepted")
    expect(the(tablet, "heard")).to_contain_text("The customer accepted")
    expect(the(tablet, "agree-item").last).to_be_hidden()
    leave(visit)
    assert complaints == []


def test_a_treatment_is_not_finished_before_the_customer_agreed_in_person(visit, complaints):
    tablet, ticket = visit.therapist, visit.ticket
    adds(tablet)
    expect(the(ticket, "ask-item")).to_be_visible()
    the(tablet, "finish").click(delay=HOLD_MS)
    expect(the(tablet, "problem").first).to_contain_text("waiting for the customer's answer")
    visit.expect_ticket("in_service")
    picture(tablet, "tablet-refused")

    the(tablet, "agree-item").last.click()
    expect(the(tablet, "consent").last).to_contain_text("Agreed in person")
    expect(the(ticket, "ask")).to_have_count(0)
    expect(the(ticket, "consent").last).to_contain_text("Agreed in person")
    leave(visit)
    assert [each for each in complaints if "409" not in each] == []


@pytest.mark.parametrize(
    "size", [(390, 844), (844, 390), (1024, 600), (1280, 800)], ids="{0[0]}x{0[1]}".format
)
def test_a_refused_finish_is_told_above_the_buttons_and_moves_none(visit, complaints, size):
    """On a low screen the top of the card is away from where the therapist looks."""
    tablet = visit.therapist
    tablet.set_viewport_size(ViewportSize(width=size[0], height=size[1]))
    adds(tablet)
    expect(the(tablet, "consent").last).to_contain_text("Waiting for an answer")
    expect(the(tablet, "agree-item").last).to_be_visible()
    finish = the(tablet, "finish")
    before = box_at_rest(finish)
    finish.click(delay=HOLD_MS)
    notice = the(tablet, "problem").first.locator(".notice")
    expect(notice).to_be_in_viewport(ratio=1)
    assert box_at_rest(finish) == before
    picture(tablet, f"refused-{size[0]}")
    box = box_at_rest(notice)
    assert 0 <= before["y"] - (box["y"] + box["height"]) < 120
    assert accessibility_problems(tablet) == []

    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    the(tablet, "agree-item").last.click()
    expect(the(tablet, "consent").last).to_contain_text("Agreed in person")
    leave(visit)
    assert [each for each in complaints if "409" not in each] == []


def test_several_questions_are_answered_one_by_one(visit, complaints):
    tablet, ticket = visit.therapist, visit.ticket
    adds(tablet, 0)
    expect(the(ticket, "ask-item")).to_have_count(1)
    adds(tablet)
    expect(the(ticket, "ask-item")).to_have_count(2)
    picture(ticket, "ticket-two")
    the(ticket, "decline-item").first.click()
    expect(the(ticket, "ask-item")).to_have_count(1)
    the(ticket, "accept-item").click()
    expect(the(ticket, "ask")).to_have_count(0)
    expect(the(tablet, "declined-item")).to_have_count(1)
    expect(the(tablet, "bill-item")).to_have_count(2)
    leave(visit)
    assert complaints == []
