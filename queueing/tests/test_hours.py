"""Tests of the hours on duty by business day and therapist."""

import datetime

import pytest
import time_machine

from accounts.hours import Hours, hours_of
from conftest import make_therapist, session_of
from queueing import duty

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila
TODAY = (NOON.date(), NOON.date())
HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def nadia(branch):
    return make_therapist("Nadia", branch, "7")


def at(hours: float, step, therapist) -> None:
    with time_machine.travel(NOON + hours * HOUR, tick=False):
        step(therapist)


def test_hours_are_added_up_without_breaks(branch, nadia):
    for hours, step in (
        (0, duty.clock_in),
        (3, duty.therapist_break),
        (3.5, duty.clock_in),
        (8, duty.clock_out),
    ):
        at(hours, step, nadia)
    assert hours_of(branch, TODAY) == [
        Hours(TODAY[0], "Nadia", NOON, NOON + 8 * HOUR, 7.5 * HOUR, 0.5 * HOUR, False)
    ]


def test_who_is_on_duty_has_the_hours_until_now(branch, nadia):
    at(0, duty.clock_in, nadia)
    with time_machine.travel(NOON + 2 * HOUR, tick=False):
        [row] = hours_of(branch, TODAY)
    assert (row.worked, row.ended_at, row.is_forgotten) == (2 * HOUR, None, False)


@pytest.mark.parametrize("comes_again", [True, False])
def test_who_did_not_clock_out_is_marked(branch, nadia, comes_again):
    at(0, duty.clock_in, nadia)
    with time_machine.travel(NOON + 24 * HOUR, tick=False):
        if comes_again:
            duty.clock_in(nadia)
        [row] = hours_of(branch, TODAY)
    assert (row.worked, row.is_forgotten) == (16 * HOUR, True)


def test_two_of_one_name_are_told_apart(branch, nadia):
    namesake = make_therapist("Rosa", branch, "8")
    namesake.display_name = "Nadia"
    namesake.save()
    for therapist in (nadia, namesake):
        at(0, duty.clock_in, therapist)
    assert [row.name for row in hours_of(branch, TODAY)] == ["Nadia (nadia)", "Nadia (rosa)"]


def test_another_branch_and_another_day_are_not_counted(branch, other_branch, nadia):
    at(0, duty.clock_in, nadia)
    tomorrow = TODAY[0] + datetime.timedelta(days=1)
    assert hours_of(other_branch, TODAY) == hours_of(branch, (tomorrow, tomorrow)) == []


def test_the_reports_show_them(branch, nadia, maria):
    at(0, duty.clock_in, nadia)
    at(8, duty.clock_out, nadia)
    page = session_of(maria).get("/reports/?first=2026-11-22&last=2026-11-22").content.decode()
    table = page.partition('data-testid="hours"')[2].partition("</table>")[0]
    assert "Nadia" in table
    assert "12:00" in table  # in Manila, on the way in
    assert "20:00" in table
    assert "8:00" in table
