"""Tests of a branch that closes, or gets another time zone, while customers are inside."""

import datetime

import pytest
import time_machine
from django.core.exceptions import ValidationError

from queueing import services
from queueing.errors import BranchClosed
from queueing.services import Choice
from queueing.states import Status

NOON = datetime.datetime(2026, 11, 26, 4, 0, tzinfo=datetime.UTC)  # in Manila


def order(branch, hour, **rest):
    return services.confirm_selection(branch, choices=[Choice(hour.pk)], **rest)


@pytest.fixture
def closed(branch):
    branch.active = False
    branch.save()
    return branch


def test_a_closed_branch_takes_no_orders(closed, hour, maria):
    for by in (None, maria):
        with pytest.raises(BranchClosed, match="Makati is closed"):
            order(closed, hour, by=by)


def test_an_order_made_before_the_branch_closed_is_answered_again(branch, hour):
    made = order(branch, hour, request_id="abcdefgh")
    branch.active = False
    branch.save()
    assert order(branch, hour, request_id="abcdefgh").pk == made.pk


def test_who_is_inside_a_closed_branch_is_served(branch, maya, make_transaction):
    visit = make_transaction(Status.PENDING_THERAPIST)
    branch.active = False
    branch.save()
    assert services.confirm_next(maya).pk == visit.pk


def test_a_time_zone_that_splits_todays_visits_is_refused(branch, hour):
    with time_machine.travel(NOON, tick=False):
        order(branch, hour)
        branch.time_zone = "America/Los_Angeles"  # still yesterday there
        with pytest.raises(ValidationError, match="There are visits today already"):
            branch.full_clean()


def test_a_time_zone_with_the_same_day_is_accepted(branch, hour):
    with time_machine.travel(NOON, tick=False):
        order(branch, hour)
        branch.time_zone = "Asia/Tokyo"
        branch.full_clean()


def test_a_branch_without_visits_today_may_get_any_time_zone(branch):
    with time_machine.travel(NOON, tick=False):
        branch.time_zone = "America/Los_Angeles"
        branch.full_clean()
