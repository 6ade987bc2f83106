"""Tests that each figure has one value, wherever it is shown."""

import datetime
import zoneinfo

import pytest
import time_machine
from prometheus_client import REGISTRY

from accounts.auth import Caller
from accounts.models import Cashier
from payments.day_summary import day_of
from payments.payment import pay
from payments.reports import Period, report_of
from queueing import services
from queueing.day_summary import day_of_therapist
from queueing.events import AUDIENCES
from queueing.holding import hold
from queueing.leaving import manager_cancel, staff_cancel
from queueing.metrics import measure_lines
from queueing.models import Transaction
from queueing.screens import board_screen, monitor_screen, therapist_screen
from queueing.states import UNCLAIMED, Status
from queueing.statistics import GROUPS, Line, lines_in, statistics_of, takings_of
from spa_project.lib.realtime.screen import view_of

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila
MINUTE = datetime.timedelta(minutes=1)
TODAY = Period(NOON.date(), NOON.date())


@pytest.fixture
def waiting_at_noon(make_transaction, carl) -> list[Transaction]:
    """Create customers who came 12, 7 and 3 minutes ago; the first of them is on hold."""
    visits = []
    for minutes_ago in (12, 7, 3):
        with time_machine.travel(NOON - minutes_ago * MINUTE, tick=False):
            visits.append(make_transaction(Status.PENDING_THERAPIST))
    with time_machine.travel(NOON - 2 * MINUTE, tick=False):
        hold(carl.user, transaction_id=visits[0].pk, reason="On the phone")
    return visits


def test_who_is_on_hold_waits_in_every_count(branch, waiting_at_noon, maya, mona):
    """The browser counts the rows of each screen by the groups in its page."""
    viewer = Caller(mona, branch)
    screens = (
        therapist_screen(Caller(maya.user, branch)),
        monitor_screen(viewer),
        board_screen(viewer),
    )
    with time_machine.travel(NOON, tick=False):
        for screen in screens:
            rows = view_of(screen)["transactions"]
            assert len([row for row in rows if row["status"] in GROUPS["waiting"]]) == 3
        assert lines_in([branch.pk])[branch.pk, "therapists"] == Line(3, NOON - 12 * MINUTE)
        measure_lines()
    line = {"branch": branch.slug, "line": "therapists"}
    assert REGISTRY.get_sample_value("spa_waiting", line) == 3
    assert REGISTRY.get_sample_value("spa_oldest_wait_seconds", line) == 12 * 60


def test_every_screen_that_shows_one_who_waits_shows_them_all():
    for audience in AUDIENCES:
        assert audience.shows & UNCLAIMED in (frozenset(), UNCLAIMED)


def test_a_wait_in_the_reports_is_what_the_screens_showed_last(branch, waiting_at_noon, maya, carl):
    """The wait of one who was called after 3:59 minutes is 3 minutes, here and there."""
    with time_machine.travel(NOON + datetime.timedelta(seconds=59), tick=False):
        for earlier in waiting_at_noon[:2]:
            staff_cancel(carl.user, transaction_id=earlier.pk, reason="Had to leave")
        services.confirm_next(maya)
        [day] = report_of(branch, TODAY).waits
    assert (day.average_minutes, day.longest_minutes) == (3, 3)


def test_the_takings_of_a_day_are_the_same_on_monitor_reports_and_till(
    branch, carl: Cashier, make_transaction
):
    """A customer may come just before the day ends and pay after it: the second day's money."""
    day_begins = datetime.datetime.combine(
        TODAY.first, branch.day_start, zoneinfo.ZoneInfo(branch.time_zone)
    )
    with time_machine.travel(day_begins - 2 * MINUTE, tick=False):
        late = make_transaction(Status.AWAITING_PAYMENT)
    with time_machine.travel(day_begins + 2 * MINUTE, tick=False):
        pay(carl, transaction_id=late.pk, amount_paid=late.total_amount)
        make_transaction(Status.PAID)
        assert takings_of(branch) == {"revenue_today": "1000.00"}
        assert str(report_of(branch, TODAY).total.amount) == "1000.00"
        assert day_of(carl)["amount"] == "1000.00"


def test_served_today_are_those_in_the_days_of_all_therapists(
    branch, maya, noor, maria, make_transaction
):
    make_transaction(Status.FINISHED, therapist=maya)
    make_transaction(Status.FINISHED, therapist=noor)
    cancelled = make_transaction(Status.FINISHED, therapist=noor)
    manager_cancel(maria, transaction_id=cancelled.pk, reason="Felt unwell", bill=False)
    days = [day_of_therapist(branch, therapist)["customers"] for therapist in (maya, noor)]
    assert days == [1, 1]
    statistics = statistics_of(branch)
    assert (statistics["served_today"], statistics["served_last_hour"]) == (2, 2)
