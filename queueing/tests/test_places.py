"""Tests of a customer's place in the line and of the estimated wait."""

import datetime

import pytest
import time_machine
from django.utils import timezone

from queueing import duty, services
from queueing.models import Transaction
from queueing.screens import ticket_screen
from queueing.snapshots import digests_of_tickets, places_in_line
from queueing.states import Status
from queueing.wait_estimates import as_range, expected


def before(transaction):
    return place(transaction)["before"]


def place(transaction):
    """Return the place from the page's snapshot; its heartbeat must have the same."""
    snapshot = ticket_screen(transaction.key).snapshot()
    told = {name: snapshot[name] for name in ("before", "wait_minutes")}
    digest = digests_of_tickets([transaction.pk])[transaction.pk]
    versions = {"versions": transaction.version, "setup": snapshot["setup"]}
    assert digest == {"count": 1, **versions, **told}
    return told


def test_those_who_came_earlier_are_before(make_transaction):
    line = [make_transaction(Status.PENDING_THERAPIST) for _ in range(3)]
    assert [before(each) for each in line] == [0, 1, 2]


def test_the_line_moves_up_when_somebody_is_called(maya, make_transaction):
    _first, second = [make_transaction(Status.PENDING_THERAPIST) for _ in range(2)]
    services.confirm_next(maya)
    assert before(second) == 0


def test_who_does_not_wait_has_no_place(make_transaction):
    for status in (Status.FINISHED, Status.THERAPIST_CONFIRMED):
        assert before(make_transaction(status)) is None


def test_every_branch_has_its_own_line(branch, other_branch, make_transaction):
    here = make_transaction(Status.PENDING_THERAPIST)
    elsewhere = make_transaction(Status.PENDING_THERAPIST)
    type(elsewhere).objects.filter(pk=elsewhere.pk).update(branch=other_branch)
    days = {each.pk: each.business_date() for each in (branch, other_branch)}
    places = places_in_line(days)
    assert {pk: place["before"] for pk, place in places.items()} == {here.pk: 0, elsewhere.pk: 0}


def test_all_tickets_of_a_process_are_read_in_five_queries(
    make_transaction, django_assert_num_queries
):
    line = [make_transaction(Status.PENDING_THERAPIST) for _ in range(3)]
    with django_assert_num_queries(5):
        digests_of_tickets([each.pk for each in line])


NOON = datetime.datetime(2026, 11, 22, 4, 0, tzinfo=datetime.UTC)  # in Manila


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def treated(make_transaction):
    """Create a treatment of so many minutes that ended so many minutes ago."""

    def make(minutes: int, *, ago: int, **fields) -> None:
        transaction = make_transaction(Status.FINISHED, **fields)
        finish = timezone.now() - datetime.timedelta(minutes=ago)
        Transaction.objects.filter(pk=transaction.pk).update(
            service_start_at=finish - datetime.timedelta(minutes=minutes),
            service_finish_at=finish,
        )

    return make


@pytest.fixture
def treating(make_transaction):
    """Create a treatment that began so many minutes ago; an hour is booked."""

    def make(*, ago: int, **fields) -> None:
        transaction = make_transaction(Status.IN_SERVICE, **fields)
        start = timezone.now() - datetime.timedelta(minutes=ago)
        Transaction.objects.filter(pk=transaction.pk).update(service_start_at=start)

    return make


def wait(transaction):
    return place(transaction)["wait_minutes"]


def test_who_is_free_soonest_takes_the_next():
    soonest = expected([(10, {0}), (25, {0})], 60, [0] * 5)
    assert list(soonest) == [10, 25, 70, 85, 130]


def test_an_estimate_is_never_more_exact_than_it_is():
    assert [as_range(minutes) for minutes in (0, 2, 15, 40, 60, 70)] == [
        (0, 5),
        (0, 5),
        (10, 20),
        (30, 50),
        (45, 75),
        (45, 90),
    ]


def test_the_wait_is_reckoned_from_treatments_under_way_and_the_length_of_those_before(
    noon, maya, noor, treated, treating, make_transaction
):
    treated(40, ago=70, therapist=maya)
    treating(ago=20, therapist=maya)
    treating(ago=56, therapist=noor)
    first, second, third = [make_transaction(Status.PENDING_THERAPIST) for _ in range(3)]
    assert wait(first) == as_range(4)
    assert wait(second) == as_range(40)
    assert wait(third) == as_range(4 + 40)


def test_a_treatment_that_takes_too_long_ends_at_any_moment(
    noon, treated, treating, make_transaction
):
    treated(60, ago=100)
    treating(ago=75)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == (0, 5)


def test_a_called_customer_has_their_whole_treatment_ahead(noon, treated, make_transaction):
    treated(60, ago=5)
    make_transaction(Status.THERAPIST_CONFIRMED)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(60)


@pytest.mark.parametrize("leave", [duty.clock_out, duty.therapist_break])
def test_who_is_off_duty_or_on_a_break_is_not_counted_on(
    noon, maya, noor, treated, treating, make_transaction, leave
):
    treated(60, ago=5, therapist=noor)
    leave(noor)
    treating(ago=20, therapist=maya)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(40)


def test_who_is_on_duty_is_counted_on_however_long_ago_they_treated_somebody(
    noon, maya, noor, treated, treating, make_transaction
):
    treated(60, ago=110, therapist=noor)
    treating(ago=20, therapist=maya)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(0)


def test_who_takes_a_break_after_this_customer_is_not_counted_on(
    noon, maya, noor, treated, treating, make_transaction
):
    treated(60, ago=5, therapist=maya)
    treating(ago=55, therapist=maya)
    treating(ago=20, therapist=noor)
    duty.therapist_break(maya)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(40)


def test_nothing_is_said_before_the_first_treatment_has_ended(noon, treating, make_transaction):
    treating(ago=20)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) is None


def test_nothing_is_said_where_nobody_is_on_duty(noon, maya, treated, make_transaction):
    treated(60, ago=5)
    duty.clock_out(maya)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) is None


def test_the_wait_of_a_branch_is_its_own(noon, other_branch, treated, make_transaction):
    treated(60, ago=5)
    elsewhere = make_transaction(Status.PENDING_THERAPIST)
    Transaction.objects.filter(pk=elsewhere.pk).update(branch=other_branch)
    assert wait(elsewhere) is None


def test_who_does_not_wait_hears_no_estimate(noon, treated, make_transaction):
    treated(60, ago=5)
    assert wait(make_transaction(Status.IN_SERVICE)) is None
