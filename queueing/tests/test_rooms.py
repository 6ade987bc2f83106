"""Tests of rooms: owned, shared, closed while in use, ready after their time."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from conftest import make_cashier, make_therapist
from queueing import services, tasks
from queueing.errors import RoomNotReady, WrongState
from queueing.models import Room, RoomStatus
from queueing.snapshots import cashiers_of, rooms_of
from queueing.states import Status
from spa_project.tests.concurrency import Workers


@pytest.fixture
def shared(branch):
    branch.shared_rooms = True
    branch.save()
    return branch


def status_of(number: str) -> str:
    return Room.objects.get(number=number).status


def test_where_rooms_are_shared_a_therapist_gets_one_that_is_free(shared, maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    Room.objects.create(branch=shared, number="9")
    services.room_set_status(shared, "1", RoomStatus.OUT_OF_SERVICE)
    maya.user.branch = shared
    assert services.confirm_next(maya).room_number == "9"
    assert status_of("9") == RoomStatus.OCCUPIED


def test_a_room_that_is_nobodys_own_is_given_first(shared, maya, noor, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    Room.objects.create(branch=shared, number="9")
    services.room_set_status(shared, "1", RoomStatus.PREPARING)
    maya.user.branch = shared
    assert services.confirm_next(maya).room_number == "9"


def test_a_therapist_without_a_room_works_where_rooms_are_shared(shared, maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    pia = make_therapist("Pia", shared, "1")
    pia.own_room = None
    assert services.confirm_next(pia).room_number == "1"


def test_when_no_room_is_free_it_is_said_so(shared, maya, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    services.room_set_status(shared, "1", RoomStatus.PREPARING)
    maya.user.branch = shared
    with pytest.raises(RoomNotReady, match="No room available"):
        services.confirm_next(maya)


def test_elsewhere_a_colleagues_room_is_left_alone(branch, maya, noor, make_transaction):
    make_transaction(Status.PENDING_THERAPIST)
    services.room_set_status(branch, "1", RoomStatus.PREPARING)
    with pytest.raises(RoomNotReady, match="Room 1"):
        services.confirm_next(maya)


def test_a_room_switched_off_in_use_closes_when_its_customer_has_left(
    branch, maya, make_transaction
):
    treated = make_transaction(Status.IN_SERVICE)
    services.room_set_status(branch, "1", RoomStatus.OUT_OF_SERVICE)
    assert status_of("1") == RoomStatus.OCCUPIED
    services.finish_service(maya, transaction_id=treated.pk)
    room = Room.objects.get(number="1")
    assert (room.status, room.closing) == (RoomStatus.OUT_OF_SERVICE, False)


def test_it_can_be_kept_open_after_all(branch, maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    services.room_set_status(branch, "1", RoomStatus.OUT_OF_SERVICE)
    services.room_set_status(branch, "1", RoomStatus.AVAILABLE)
    services.finish_service(maya, transaction_id=treated.pk)
    assert status_of("1") == RoomStatus.PREPARING


def test_a_room_in_use_cannot_be_called_ready(branch, make_transaction):
    make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState, match="Room 1 is occupied"):
        services.room_set_status(branch, "1", RoomStatus.AVAILABLE)


def after(minutes: int):
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


def test_a_room_is_ready_by_itself_after_the_branchs_minutes(branch, maya):
    services.room_set_status(branch, "1", RoomStatus.PREPARING)
    with after(branch.preparing_minutes - 1):
        tasks.run_due()
        assert status_of("1") == RoomStatus.PREPARING
    with after(branch.preparing_minutes):
        tasks.run_due()
    room = Room.objects.get(number="1")
    assert (room.status, room.ready_at) == (RoomStatus.AVAILABLE, None)


def test_the_desks_hear_that_it_is_ready(branch, maya, heard):
    services.room_set_status(branch, "1", RoomStatus.PREPARING)
    with after(branch.preparing_minutes):
        sent = heard(tasks.run_due)
    assert {(event, data["room"]["status"]) for _topic, event, data in sent} == {
        ("room_updated", "available")
    }


def test_a_branch_may_want_to_be_told(branch, maya):
    branch.preparing_minutes = 0
    services.room_set_status(branch, "1", RoomStatus.PREPARING)
    with after(24 * 60):
        tasks.run_due()
    assert status_of("1") == RoomStatus.PREPARING


def make_ready_later(room_id: int) -> bool:
    with after(60):
        return tasks.make_ready(room_id) is not None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_many_processes_one_makes_a_room_ready(branch, maya):
    room = services.room_set_status(branch, "1", RoomStatus.PREPARING)
    workers = Workers(4)
    try:
        ready = workers.at_once([(make_ready_later, room.pk)] * 4)
    finally:
        workers.stop()
    assert sorted(ready) == [False, False, False, True]
    assert Room.objects.get(pk=room.pk).version == room.version + 1


def test_screens_get_rooms_and_counters_in_the_order_people_count(branch):
    for number in ("10", "2", "1", "A10", "A9"):
        Room.objects.create(branch=branch, number=number)
    for number in ("12", "3"):
        make_cashier(f"Cashier{number}", branch, number)
    assert [room["number"] for room in rooms_of(branch)] == ["1", "2", "10", "A9", "A10"]
    assert [cashier["counter_number"] for cashier in cashiers_of(branch)] == ["3", "12"]
