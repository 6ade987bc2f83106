"""Tests of a customer's place in the line and of the estimated wait."""

import datetime

import pytest
import time_machine
from django.utils import timezone

from queueing import duty, leaving, services
from queueing.models import Room, RoomStatus, Transaction
from queueing.requests import Request
from queueing.screens import menu_screen, ticket_screen
from queueing.serializers import serialize_transaction
from queueing.services import Choice
from queueing.snapshots import digests_of_menus, digests_of_tickets, places_in_line
from queueing.states import Status
from queueing.wait_estimates import Turn, as_range, expected


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
    soonest = expected([(10, {0}), (25, {0})], [Turn(0, 60)] * 5)
    assert soonest == [10, 25, 70, 85, 130]


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


# -- Requests, breaks, rooms ----------------------------------------------------------------------


def turns(*customers: tuple) -> list[Turn]:
    return [Turn(*customer) for customer in customers]


def test_who_asked_for_a_therapist_is_called_before_the_first_in_line():
    assert expected([(0, {0, 7})], turns((0, 60), (7, 30))) == [30, 0]


def test_after_a_request_has_ended_whoever_is_free_first_calls():
    maya, noor = (50, {0, 7}), (0, {0, 8})
    assert expected([maya, noor], turns((7, 60, (15, 0)))) == [15]
    assert expected([maya, noor], turns((7, 60))) == [50]
    assert expected([(10, {0, 7}), noor], turns((7, 60, (15, 0)))) == [10]


def test_whom_nobody_may_call_has_no_estimate():
    assert expected([(0, {0})], turns((9, 60), (0, 60))) == [None, 0]


def test_the_wait_for_a_therapist_is_the_shorter_one_with_somebody_else(
    noon, branch, maya, noor, hour, treated, treating, make_transaction
):
    treated(60, ago=5, therapist=noor)
    treating(ago=0, therapist=maya)
    asked = [
        services.confirm_selection(
            branch, choices=[Choice(hour.pk)], request=Request(maya.pk, preference)
        )
        for preference in ("", "anyone")
    ]
    assert [wait(each) for each in asked] == [as_range(60), as_range(15)]


def test_who_means_to_be_back_from_a_break_is_counted_on_then(
    noon, maya, treated, make_transaction
):
    treated(60, ago=5)
    duty.therapist_break(maya, minutes=40)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(40)


def test_a_break_after_this_customer_comes_before_the_next(
    noon, maya, treated, treating, make_transaction
):
    treated(60, ago=5)
    treating(ago=50)
    duty.therapist_break(maya, minutes=30)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(10 + 30)


def test_a_room_that_is_being_prepared_is_waited_for(noon, maya, treated, make_transaction):
    treated(60, ago=5)
    waiting = make_transaction(Status.PENDING_THERAPIST)
    ready_at = timezone.now() + datetime.timedelta(minutes=12)
    Room.objects.update(status=RoomStatus.PREPARING, ready_at=ready_at)
    assert wait(waiting) == as_range(12)


def test_who_has_a_closed_room_is_not_counted_on(noon, maya, treated, make_transaction):
    treated(60, ago=5)
    waiting = make_transaction(Status.PENDING_THERAPIST)
    Room.objects.update(status=RoomStatus.OUT_OF_SERVICE)
    assert wait(waiting) is None


def test_a_room_that_is_shared_keeps_nobody_waiting(noon, branch, maya, treated, make_transaction):
    branch.shared_rooms = True
    branch.save()
    treated(60, ago=5)
    waiting = make_transaction(Status.PENDING_THERAPIST)
    ready_at = timezone.now() + datetime.timedelta(minutes=12)
    Room.objects.update(status=RoomStatus.PREPARING, ready_at=ready_at)
    assert wait(waiting) == (0, 5)


def test_longer_treatments_before_make_a_longer_wait(
    noon, branch, maya, hour, compress, treated, treating, make_transaction
):
    treated(60, ago=5)
    treating(ago=50)
    both = [Choice(hour.pk), Choice(compress.pk)]
    make_transaction(Status.PENDING_THERAPIST, choices=both)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(10 + 70)


def test_what_passes_between_two_treatments_is_that_of_the_day(
    noon, maya, treating, make_transaction
):
    """Ten minutes passed between the last treatments, while the next customer waited."""
    for began in (150, 80):
        visit = make_transaction(Status.FINISHED)
        at = timezone.now() - datetime.timedelta(minutes=began)
        Transaction.objects.filter(pk=visit.pk).update(
            selection_confirmed_at=at - datetime.timedelta(minutes=30),
            therapist_confirmed_at=at,
            service_start_at=at,
            service_finish_at=at + datetime.timedelta(minutes=60),
        )
    treating(ago=50)
    assert wait(make_transaction(Status.PENDING_THERAPIST)) == as_range(10 + 10)


# -- What is told when ordering -------------------------------------------------------------------


def test_the_wait_that_a_customer_is_told_is_kept(noon, treated, treating, make_transaction):
    treated(60, ago=5)
    treating(ago=20)
    told = make_transaction(Status.PENDING_THERAPIST)
    assert serialize_transaction(told)["quoted_wait"] == as_range(40) == wait(told)
    with time_machine.travel(NOON + datetime.timedelta(minutes=30), tick=False):
        told.refresh_from_db()
        assert serialize_transaction(told)["quoted_wait"] == as_range(40)
        assert wait(told) == as_range(10)


def test_nothing_is_told_that_is_not_known(noon, make_transaction):
    first = make_transaction(Status.PENDING_THERAPIST)
    assert serialize_transaction(first)["quoted_wait"] is None


# -- Before ordering ------------------------------------------------------------------------------


def wait_before_ordering(branch):
    """Return the wait from the menu's snapshot; its heartbeat must have the same."""
    snapshot = menu_screen(branch).snapshot()
    digest = {name: snapshot[name] for name in ("setup", "wait_minutes")}
    assert digests_of_menus([branch.pk]) == {branch.pk: digest}
    return snapshot["wait_minutes"]


def test_who_has_not_ordered_yet_knows_the_wait_of_who_would_be_last(
    branch, other_branch, maya, make_transaction
):
    assert wait_before_ordering(branch) is None
    duty.clock_in(maya)
    make_transaction(Status.PAID)
    assert wait_before_ordering(branch) == (0, 5)
    for _ in range(2):
        make_transaction(Status.PENDING_THERAPIST)
    last = make_transaction(Status.PENDING_THERAPIST)
    known = wait(last)
    leaving.customer_cancel(last.key)
    assert wait_before_ordering(branch) == known
    assert wait_before_ordering(other_branch) is None


def test_all_menus_of_a_process_are_read_in_five_queries_at_most(
    branch, other_branch, django_assert_max_num_queries
):
    with django_assert_max_num_queries(5):
        digests_of_menus([branch.pk, other_branch.pk])
