"""Tests of rooms that a manager renames, moves or deletes while they are in use."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from accounts.models import Therapist
from queueing import services
from queueing.models import Room, RoomStatus
from queueing.screens import ticket_screen
from queueing.states import Status
from queueing.undo import undo


@pytest.fixture
def room(branch, maya) -> Room:
    return Room.objects.get(branch=branch, number="1")


def test_a_called_customer_is_sent_to_the_rooms_new_number(maya, room, make_transaction):
    visit = make_transaction(Status.THERAPIST_CONFIRMED)
    room.number = "Garden"
    room.save()
    assert ticket_screen(visit.key).snapshot()["transaction"]["room_number"] == "Garden"


def test_a_renamed_room_is_still_its_therapists_own(maya, room, make_transaction):
    room.number = "Garden"
    room.save()
    make_transaction(Status.PENDING_THERAPIST)
    again = Therapist.objects.select_related("user__branch").get(pk=maya.pk)
    assert services.confirm_next(again).room_number == "Garden"


def test_the_end_of_a_treatment_is_undone_into_the_renamed_room(maya, room, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    services.finish_service(maya, transaction_id=visit.pk)
    Room.objects.get(pk=room.pk)
    renamed = Room.objects.get(pk=room.pk)
    renamed.number = "Garden"
    renamed.save()
    back = undo(maya.user, transaction_id=visit.pk)
    assert (back.status, back.room_number) == (Status.IN_SERVICE, "Garden")


def test_who_has_paid_keeps_the_number_they_had(room, make_transaction):
    visit = make_transaction(Status.PAID)
    room.number = "Garden"
    room.save()
    visit.refresh_from_db()
    assert visit.room_number == "1"


def test_a_room_with_a_customer_stays_in_its_branch(room, other_branch, make_transaction):
    visit = make_transaction(Status.IN_SERVICE)
    room.branch = other_branch
    with pytest.raises(ValidationError, match=f"{visit.code} is in room 1"):
        room.full_clean()


def test_a_room_that_is_ones_own_stays_in_its_branch(room, other_branch):
    room.branch = other_branch
    with pytest.raises(ValidationError, match="Room 1 is Maya's own room"):
        room.full_clean()


def test_an_empty_room_that_is_nobodys_own_can_move(branch, other_branch):
    room = Room.objects.create(branch=branch, number="9")
    room.branch = other_branch
    room.full_clean()


def test_a_room_with_a_customer_is_not_deleted(room, make_transaction):
    make_transaction(Status.IN_SERVICE)
    with pytest.raises(ProtectedError):
        room.delete()


def test_a_room_is_prepared_for_as_long_as_the_visits_branch_says(
    branch, other_branch, maya, make_transaction
):
    branch.preparing_minutes, other_branch.preparing_minutes = 20, 90
    branch.save()
    other_branch.save()
    visit = make_transaction(Status.IN_SERVICE)
    maya.user.branch = other_branch  # moved during the treatment
    finished = services.finish_service(maya, transaction_id=visit.pk)
    room = Room.objects.get(branch=branch, number="1")
    assert finished.branch_id == branch.pk
    assert room.status == RoomStatus.PREPARING
    assert room.ready_at is not None
    assert finished.service_finish_at is not None
    assert room.ready_at - finished.service_finish_at <= datetime.timedelta(minutes=21)
