"""Tests that every screen shows the same figures of one floor, in Chromium."""

import sys
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from spa_project.tests.concurrency import wait_until
from tools.screens.browser import Windows
from tools.screens.spa import Person, amount_in, the
from tools.servers import run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(1)]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
#: The afternoon of tools/screens/demo_day.py: four customers wait, the first for 23 minutes and now
#: on hold; of three who are to pay, one is at a terminal; eight were treated, and five have paid.
WAITING, LONGEST, READY, SERVED = "4", "23 min", "2", 8


@pytest.fixture(scope="module")
def held(floor: Floor, spa) -> Floor:
    """Return the floor of an afternoon on which the first in line is on hold."""
    run_quietly([sys.executable, "-m", "tools.screens.demo_day"], **spa, **SETTINGS)
    manager = Person(floor.one, "manager1")
    waiting = [visit for visit in manager.sees() if visit["status"] == "pending_therapist"]
    first = min(waiting, key=lambda visit: visit["queued_at"])
    manager.does("staff_hold", transaction_id=first["id"])
    return floor


@pytest.fixture
def monitor(held, windows: Windows) -> Page:
    return windows.open(held.one, "/monitor/", "manager1")


def figure(page: Page, name: str):
    return page.locator(f"[data-figure='{name}']")


def measured(floor: Floor, sample: str) -> float:
    """Return a sample of `/metrics`."""
    with urllib.request.urlopen(f"{floor.one.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    [value] = [line.rpartition(" ")[2] for line in lines if line.startswith(sample)]
    return float(value)


def test_everyone_who_waits_is_counted_everywhere(held, windows, monitor, complaints):
    expect(figure(monitor, "waiting")).to_have_text(WAITING)
    expect(figure(monitor, "longest-wait")).to_have_text(LONGEST)
    expect(the(monitor, "column-waiting").locator(".count")).to_have_text(WAITING)
    desk = windows.open(held.two, "/desk/", "manager1")
    expect(desk.locator("#waiting-title .count")).to_have_text(WAITING)
    expect(the(desk, "desk-waiting").locator("li").first).to_contain_text(LONGEST)
    therapist = windows.open(held.two, "/therapist/", "therapist4")
    expect(the(therapist, "waiting-count")).to_have_text(WAITING)
    board = windows.open(held.one, "/board/")
    expect(the(board, "waiting-count")).to_have_text(WAITING)
    line = 'spa_waiting{branch="main",line="therapists"}'  # measured with every heartbeat
    wait_until(lambda: measured(held, line) == int(WAITING), "the metric counts who waits")
    oldest = measured(held, 'spa_oldest_wait_seconds{branch="main",line="therapists"}')
    assert oldest // 60 == int(LONGEST.partition(" ")[0])
    assert complaints == []


def test_who_is_ready_to_pay_is_counted_everywhere(held, windows, monitor, complaints):
    expect(figure(monitor, "to-pay")).to_have_text(READY)
    expect(the(monitor, "column-finished").locator(".count")).to_have_text(READY)
    till = windows.open(held.two, "/cashier/", "cashier1")
    expect(the(till, "waiting-count")).to_have_text(READY)
    line = 'spa_waiting{branch="main",line="cashiers"}'
    wait_until(lambda: measured(held, line) == int(READY), "the metric counts who is to pay")
    assert complaints == []


def test_the_day_is_the_same_on_monitor_reports_and_days(held, windows, monitor, complaints):
    served = sum(
        Person(held.one, f"therapist{number}").reads("/api/days/therapist/")["customers"]
        for number in range(1, 5)
    )
    assert served == SERVED
    expect(figure(monitor, "served-today")).to_have_text(str(SERVED))
    sales = amount_in(figure(monitor, "revenue"))
    reports = windows.open(held.one, "/reports/", "manager1")
    assert amount_in(the(reports, "report-total")) == sales
    taken = (
        Person(held.one, f"cashier{number}").reads("/api/days/cashier/")["amount"]
        for number in (1, 2)
    )
    assert sum(map(float, taken)) == float(sales)
    assert complaints == []
