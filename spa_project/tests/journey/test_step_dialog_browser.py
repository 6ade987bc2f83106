"""Tests of the exceptional steps in Chromium: desk orders, second calls, holds, cancellations."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.screens.look import box_at_rest
from tools.screens.spa import the
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]


def order_at(desk: Page, name: str) -> str:
    """Enter an order with the keyboard only; return its code."""
    before = the(desk, "ordered-code")
    known = before.inner_text() if before.count() else ""
    the(desk, "search").focus()
    desk.keyboard.type(desk.evaluate("firstService()"))
    expect(the(desk, "offer").first).to_be_visible()
    desk.keyboard.press("Enter")
    expect(the(desk, "desk-item")).to_have_count(1)
    desk.keyboard.press("Enter")
    expect(the(desk, "desk-name")).to_be_focused()
    desk.keyboard.type(name)
    desk.keyboard.press("Enter")
    expect(the(desk, "ordered-code")).to_have_text(re.compile(r"^\d{4}$"))
    expect(the(desk, "ordered-code")).not_to_have_text(known or "none")
    return the(desk, "ordered-code").inner_text()


def open_desk(windows: Windows, floor: Floor, username: str) -> Page:
    desk = windows.open(floor.one, "/desk/", username)
    desk.evaluate(
        """() => { window.firstService = () => JSON.parse(
            document.getElementById("page-data").textContent
        ).menu.categories[0].services[0].name.split(" ")[0]; }"""
    )
    return desk


def decide(page: Page, reason: str = "") -> None:
    """Answer the confirmation dialog of a step."""
    if reason:
        the(page, "step-reason-text").fill(reason)
    the(page, "step-go").click()
    expect(the(page, "step-dialog")).not_to_be_visible()


def of(page: Page, code: str, name: str) -> Locator:
    return page.locator(f"[data-code='{code}'] [data-testid='{name}']:visible")


def test_a_desk_order_and_every_way_out(windows, floor, complaints):
    desk = open_desk(windows, floor, "manager1")
    therapist = windows.open(floor.two, "/therapist/", "therapist1")
    board = windows.open(floor.two, "/board/")
    begun = time.monotonic()
    code = order_at(desk, "Ben")
    assert time.monotonic() - begun < 15

    # Put on hold by the desk, and resumed.
    of(desk, code, "hold").click()
    the(desk, "step-reason").first.click()
    decide(desk)
    expect(the(therapist, "held").locator(f"[data-code='{code}']")).to_be_visible()
    of(desk, code, "release-hold").click()

    # Called twice, released, called again, marked as a no-show, and recalled after all.
    the(therapist, "claim").click()
    the(therapist, "recall").click()
    expect(the(therapist, "calls")).to_have_text("2")
    expect(board.locator(f".call[data-code='{code}']")).to_be_visible()
    the(therapist, "more").click()
    the(therapist, "release").click()
    expect(the(therapist, "step-go")).to_be_disabled()
    decide(therapist, "Called by mistake")
    expect(the(therapist, "queue").locator(f"[data-code='{code}']")).to_be_visible()
    the(therapist, "claim").click()
    the(therapist, "no-show").click()
    decide(therapist)
    the(desk, "reopen-code").fill(code)
    the(desk, "reopen").click()
    expect(the(therapist, "queue").locator(f"[data-code='{code}']")).to_be_visible()
    the(therapist, "claim").click()
    expect(the(therapist, "current-code")).to_have_text(code)

    # A start undone, a finish, and the day's summary.
    the(therapist, "start").click()
    expect(the(therapist, "finish")).to_be_visible()
    the(therapist, "undo").click()
    the(therapist, "start").click()

    # The same customer on another device of the same therapist, and in another room.
    other = windows.open(floor.one, "/therapist/", "therapist1")
    expect(the(other, "current-code")).to_have_text(code)
    the(other, "more").click()
    the(other, "change-room").click()
    the(other, "step-option").first.click()
    decide(other)
    the(therapist, "finish").click(delay=HOLD_MS)
    expect(desk.locator(f"[data-code='{code}'] [data-status='finished']")).to_be_visible()
    the(therapist, "my-day").click()
    expect(the(therapist, "day-customers")).to_have_text("1 customer")
    therapist.keyboard.press("Escape")

    # A manager cancels the visit in the cashier's queue.
    of(desk, code, "end-visit").click()
    decide(desk, "Left without paying")
    expect(desk.locator(f"[data-code='{code}']")).to_have_count(0)
    assert complaints == []


def test_a_customer_cancels_on_the_ticket(windows, floor, complaints):
    desk = open_desk(windows, floor, "cashier1")
    code = order_at(desk, "Cid")
    path = desk.get_by_role("link", name="View ticket").get_attribute("href")
    ticket = windows.open(floor.two, path)
    the(ticket, "leave").click()
    the(ticket, "leave-stay").click()
    the(ticket, "leave").click()
    the(ticket, "leave-confirm").click()
    expect(the(ticket, "status")).to_have_text("Canceled")
    expect(desk.locator(f"[data-code='{code}']")).to_have_count(0)
    assert complaints == []


def test_a_manager_closes_a_room_and_opens_it_by_the_same_button(windows, floor, complaints):
    office = windows.open(floor.one, "/monitor/", "manager1")
    wall = windows.open(floor.two, "/monitor/", "monitor1")
    expect(the(wall, "room-switch")).to_have_count(0)
    [there, seen] = [page.locator("[data-room='4']") for page in (office, wall)]
    switch = there.get_by_test_id("room-switch")
    switch.click()
    expect(the(office, "room-question")).to_contain_text("Close room 4?")
    the(office, "room-back").click()
    expect(switch).to_be_focused()
    expect(seen).to_have_attribute("data-status", "available")
    for turn, status in (("Close", "out_of_service"), ("Open", "available")):
        expect(switch).to_contain_text(turn)
        switch.press("Enter")
        the(office, "room-go").press("Enter")
        expect(the(office, "room-question")).to_be_hidden()
        expect(seen).to_have_attribute("data-status", status)
        expect(switch).to_be_focused()
    assert complaints == []


def test_a_manager_is_asked_before_a_step_is_undone(windows, floor, complaints):
    desk = open_desk(windows, floor, "manager1")
    code = order_at(desk, "Dora")
    therapist = windows.open(floor.two, "/therapist/", "therapist3")
    the(therapist, "claim").click()
    the(therapist, "start").click()
    row = desk.locator(f"[data-testid='desk-further'] [data-code='{code}']")
    expect(row.locator("[data-status='in_service']")).to_be_visible()
    of(desk, code, "undo-of").click()
    expect(the(desk, "step-help")).to_contain_text("This undoes the start.")
    the(desk, "step-close").click()
    expect(row.locator("[data-status='in_service']")).to_be_visible()
    of(desk, code, "undo-of").click()
    decide(desk)
    expect(row.locator("[data-status='therapist_confirmed']")).to_be_visible()
    # One step only: what was undone is not walked back any further.
    expect(row.get_by_test_id("undo-of")).to_be_hidden()
    of(desk, code, "cancel").click()
    decide(desk, "Had to leave")
    before = box_at_rest(the(desk, "search"))
    the(desk, "undo").click()
    expect(the(desk, "undo")).to_have_count(0)
    assert box_at_rest(the(desk, "search")) == before
    of(desk, code, "cancel").click()
    decide(desk, "Had to leave")
    assert complaints == []


def test_the_front_desk_is_typed_into_at_once_and_each_error_has_its_place(windows, floor):
    desk = open_desk(windows, floor, "manager1")
    expect(the(desk, "search")).to_be_focused()
    the(desk, "reopen-code").fill("9999")
    the(desk, "reopen").click()
    expect(the(desk, "reopen-problem")).not_to_be_empty()
    expect(the(desk, "problem").first).to_be_empty()
    expect(the(desk, "row-problem")).to_be_empty()
    order_at(desk, "Eva")
    expect(the(desk, "reopen-problem")).to_be_empty()
