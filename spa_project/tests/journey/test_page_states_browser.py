"""Tests of what pages show in their less usual states, in Chromium."""

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.look import box_at_rest
from tools.screens.spa import Person, Spa, confirmed, pays, the, treated
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

#: The contrast of a field's placeholder with its ground, as WCAG 2.2 computes it.
CONTRAST = """(field) => {
  const light = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const one = light(getComputedStyle(field, "::placeholder").color);
  const two = light(getComputedStyle(field).backgroundColor);
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
}"""


def ordered(floor: Floor, windows: Windows) -> tuple[Spa, int]:
    """Order without a browser; return the journey with its ticket, and the visit's id."""
    answer = confirmed(floor)
    visit = answer["transaction"] | {"key": answer["key"]}
    return Spa(windows, floor).comes(visit), visit["id"]


def test_a_declined_card_is_told_at_the_till_and_on_the_ticket(floor, windows, complaints):
    spa = Spa(windows, floor).comes(treated(floor, "therapist1"))
    the(spa.cashier, "take").first.click()
    spa.expect_ticket("awaiting_payment")
    expect(spa.ticket.locator(".now-words")).to_contain_text("Please go to")
    expect(the(spa.ticket, "counter")).to_have_text("1")
    the(spa.cashier, "card").check()
    the(spa.cashier, "pay").click()
    spa.expect_ticket("paying")
    the(spa.cashier, "declined").click()
    expect(the(spa.cashier, "was-declined")).to_contain_text("Card declined.")
    expect(the(spa.ticket, "declined")).to_be_visible()
    the(spa.cashier, "release").click()
    expect(the(spa.cashier, "was-declined")).to_be_hidden()
    pays(floor, spa.code)
    assert complaints == []


def test_a_customer_back_from_a_hold_sees_their_place_at_once(floor, windows, complaints):
    (spa, visit), desk = ordered(floor, windows), Person(floor.one, "manager1")
    expect(the(spa.ticket, "before")).to_be_visible()
    desk.does("staff_hold", transaction_id=visit)
    spa.expect_ticket("on_hold")
    spa.ticket.reload()
    spa.expect_ticket("on_hold")
    desk.does("staff_release_hold", transaction_id=visit)
    spa.expect_ticket("pending_therapist")
    expect(the(spa.ticket, "before")).to_be_visible(timeout=1_000)
    desk.does("staff_cancel", transaction_id=visit, reason="Had to leave")
    assert complaints == []


def test_a_cancelled_ticket_has_no_total(floor, windows, complaints):
    (spa, visit), desk = ordered(floor, windows), Person(floor.one, "manager1")
    expect(the(spa.ticket, "total")).to_be_visible()
    expect(spa.ticket.locator(".qr")).to_be_visible()
    desk.does("staff_cancel", transaction_id=visit, reason="Had to leave")
    spa.expect_ticket("cancelled")
    expect(the(spa.ticket, "total")).to_be_hidden()
    expect(spa.ticket.locator(".qr")).to_be_hidden()
    assert complaints == []


def test_the_menu_forgets_the_ticket_of_a_visit_that_is_over(floor, windows, complaints):
    spa, desk = Spa(windows, floor), Person(floor.one, "manager1")
    for tap in ("add", "confirm"):
        the(spa.menu, tap).first.click()
    spa.phone_opens_the_ticket()
    code = spa.code
    spa.menu.go_back()
    expect(the(spa.menu, "cart-item")).to_have_count(0)
    expect(spa.menu.locator(".earlier")).to_contain_text(code)
    visit = next(each for each in desk.sees() if each["code"] == code)
    desk.does("staff_cancel", transaction_id=visit["id"], reason="Had to leave")
    spa.menu.reload()
    expect(the(spa.menu, "add").first).to_be_visible()
    expect(spa.menu.locator(".earlier")).to_have_count(0)
    assert complaints == []


def test_an_error_of_the_period_moves_nothing(floor, windows):
    page = windows.open(floor.one, "/reports/", "manager1")
    form = page.locator(".report-period")
    before = box_at_rest(form)
    page.goto("/reports/?first=2026-03-02&last=2026-03-01")
    expect(page.locator("#period-errors .notice")).to_be_visible()
    assert box_at_rest(form) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "user"), [("/menu/", ""), ("/cashier/", "cashier1")])
def test_a_placeholder_can_be_read(floor, windows, path, user, scheme):
    page = windows.open(floor.one, path, user)
    page.emulate_media(color_scheme=scheme)
    for field in page.locator("input[placeholder]").all():
        assert field.evaluate(CONTRAST) >= 4.5
