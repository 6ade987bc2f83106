"""Tests of the managers' reports."""

import datetime
from decimal import Decimal

import pytest
import time_machine

from accounts.models import TurnMode
from payments.payment import pay
from payments.reports import LONGEST, Period, report_of
from queueing.models import Room, RoomStatus, Transaction
from queueing.services import Choice
from queueing.states import Status

NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila
TODAY = datetime.date(2026, 11, 22)
WEEK = Period(TODAY - datetime.timedelta(days=6), TODAY)


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def office(client, maria):
    client.force_login(maria)
    return client


def test_days_add_up_to_what_was_paid(branch, make_transaction):
    with time_machine.travel(NOON - datetime.timedelta(days=1), tick=False):
        make_transaction(Status.PAID)
    make_transaction(Status.PAID)
    make_transaction(Status.PAID)
    report = report_of(branch, WEEK)
    assert [(day.name.day, day.times, day.amount) for day in report.days] == [
        (21, 1, Decimal(500)),
        (22, 2, Decimal(1000)),
    ]
    assert report.total[1:] == (3, Decimal(1500))


def test_turns_of_each_therapist_and_day(branch, maya, noor, office, make_transaction):
    make_transaction(Status.FINISHED)
    assert report_of(branch, WEEK).turns == []
    branch.turn_mode = TurnMode.STRICT
    branch.save()
    for _each in range(2):
        make_transaction(Status.FINISHED, therapist=maya)
        make_transaction(Status.FINISHED, therapist=noor)
    make_transaction(Status.FINISHED, therapist=maya)
    report = report_of(branch, WEEK)
    assert report.turns == [(TODAY, "Maya", Decimal(3)), (TODAY, "Noor", Decimal(2))]
    assert 'data-testid="turns"' in office.get("/reports/").content.decode()


def test_what_is_not_paid_is_no_taking(branch, make_transaction):
    make_transaction(Status.AWAITING_PAYMENT)
    report = report_of(branch, WEEK)
    assert (report.days, report.services, report.therapists, report.methods) == ([], [], [], [])


def test_two_therapists_of_one_name_are_two_lines(branch, maya, noor, make_transaction):
    noor.display_name = "Maya"
    noor.save()
    make_transaction(Status.PAID)
    visit = make_transaction(Status.PAID)
    type(visit).objects.filter(pk=visit.pk).update(therapist=noor)
    names = [row.name for row in report_of(branch, WEEK).therapists]
    assert sorted(names) == ["Maya (maya)", "Maya (noor)"]


def test_takings_are_told_by_treatment_therapist_and_method(
    branch, carl, hour, compress, noor, make_transaction
):
    make_transaction(Status.PAID, choices=[Choice(hour.pk), Choice(compress.pk)])
    due = make_transaction(Status.AWAITING_PAYMENT, therapist=noor)
    pay(carl, transaction_id=due.pk, amount_paid=due.total_amount)
    report = report_of(branch, WEEK)
    assert report.services == [
        ("Swedish Massage", 3, Decimal("1100.50")),
    ]
    assert report.therapists == [("Maya", 1, Decimal("600.50")), ("Noor", 1, Decimal(500))]
    assert report.methods == [("Cash", 2, Decimal("1100.50"))]


def test_waits_are_told_by_day(branch, maya, make_transaction):
    from queueing.services import confirm_next

    make_transaction(Status.PENDING_THERAPIST)
    with time_machine.travel(NOON + datetime.timedelta(minutes=12), tick=False):
        confirm_next(maya)
    [day] = report_of(branch, WEEK).waits
    assert (day.customers, day.average_minutes, day.longest_minutes) == (1, 12, 12)


def test_quoted_waits_are_compared_with_the_actual_ones(branch, maya, make_transaction):
    from queueing.services import confirm_next, finish_service, start_service

    visits = [make_transaction(Status.PENDING_THERAPIST) for _each in range(3)]
    for visit, until in zip(visits, (15, 10, None), strict=True):
        told = {"quoted_from_minutes": until and until - 5, "quoted_to_minutes": until}
        Transaction.objects.filter(pk=visit.pk).update(**told)
    with time_machine.travel(NOON + datetime.timedelta(minutes=12), tick=False):
        for visit in visits:
            confirm_next(maya)
            start_service(maya, transaction_id=visit.pk)
            finish_service(maya, transaction_id=visit.pk)
            Room.objects.update(status=RoomStatus.AVAILABLE)
    [day] = report_of(branch, WEEK).waits
    assert (day.quoted, day.held, day.held_share) == (2, 1, 50)


def test_another_branch_is_not_in_it(other_branch, make_transaction):
    make_transaction(Status.PAID)
    assert report_of(other_branch, WEEK).days == []


def test_a_manager_sees_the_last_week(office, make_transaction):
    make_transaction(Status.PAID)
    page = office.get("/reports/").content.decode()
    assert "500.00" in page
    assert "Swedish Massage" in page


def test_a_manager_chooses_the_days(office, make_transaction):
    make_transaction(Status.PAID)
    page = office.get("/reports/?first=2026-11-01&last=2026-11-02").content.decode()
    assert "No payments in this period" in page


@pytest.mark.parametrize(
    "query",
    [
        "first=2026-11-02&last=2026-11-01",
        f"first={TODAY - LONGEST - datetime.timedelta(days=1)}&last={TODAY}",
        "first=nonsense&last=2026-11-01",
        "first=2026-11-01",
    ],
)
def test_days_that_make_no_sense_are_refused_in_words(office, query):
    answer = office.get(f"/reports/?{query}")
    assert answer.status_code == 200
    assert "notice bad" in answer.content.decode()


def test_only_managers_see_reports(client, carl):
    client.force_login(carl.user)
    assert client.get("/reports/").status_code == 403
