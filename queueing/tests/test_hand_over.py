"""Tests of handing over to another therapist, and of moving to another room."""

import pytest
from django.db.models import CharField, Model

from accounts.models import Therapist
from queueing import handover, rooms, services
from queueing.errors import RoomNotReady, TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus, TransactionEvent, TransactionItem
from queueing.services import confirm_next
from queueing.states import Status

#: The length of a reason that commands accept (queueing/commands.py).
LONGEST_REASON = 200


def longest(model: type[Model], field: str) -> int:
    column = model._meta.get_field(field)
    assert isinstance(column, CharField)
    assert column.max_length is not None
    return column.max_length


def hand_over(user, transaction, to):
    return handover.hand_over(user, transaction_id=transaction.pk, therapist_id=to.pk)


def test_a_colleague_goes_on_in_the_same_room(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    hand_over(maya.user, treated, noor)
    treated.refresh_from_db()
    assert treated.therapist == treated.active_therapist == noor
    assert (treated.room_number, treated.status) == ("1", Status.IN_SERVICE)
    assert treated.events.latest("version").reason == "Maya > Noor"
    services.finish_service(noor, transaction_id=treated.pk)
    assert Room.objects.get(number="1").status == RoomStatus.PREPARING


def test_who_handed_over_has_nobody(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    hand_over(maya.user, treated, noor)
    with pytest.raises(TransactionNotFound):
        services.finish_service(maya, transaction_id=treated.pk)


def test_a_colleague_who_has_a_customer_cannot_take_another(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    make_transaction(Status.THERAPIST_CONFIRMED, therapist=noor)
    with pytest.raises(WrongState, match="Noor already has a customer"):
        hand_over(maya.user, treated, noor)


def test_nobody_takes_a_colleagues_customer(noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(TransactionNotFound):
        hand_over(noor.user, treated, noor)


def test_a_manager_may_hand_over(maria, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    assert hand_over(maria, treated, noor).therapist == noor


def test_a_therapist_of_another_branch_is_none_here(maya, olga, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState, match="isn't available here"):
        hand_over(maya.user, treated, olga)


def test_the_customer_moves_and_the_old_room_is_to_be_prepared(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    handover.change_room(maya.user, transaction_id=treated.pk, room_number="2", reason="too cold")
    treated.refresh_from_db()
    assert treated.room_number == treated.active_room.number == "2"
    assert treated.events.latest("version").reason == "1 > 2: too cold"
    rooms = dict(Room.objects.values_list("number", "status"))
    assert rooms == {"1": RoomStatus.PREPARING, "2": RoomStatus.OCCUPIED}


def test_before_the_treatment_the_old_room_is_free_and_the_customer_is_called_anew(
    maya, noor, make_transaction
):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    moved = handover.change_room(maya.user, transaction_id=called.pk, room_number="2")
    assert moved.calls == 2
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE


def test_a_room_that_is_not_ready_is_refused_and_nothing_changes(
    branch, maya, noor, make_transaction
):
    treated = make_transaction(Status.IN_SERVICE)
    services.room_set_status(branch, "2", RoomStatus.OUT_OF_SERVICE)
    with pytest.raises(RoomNotReady, match="Room 2 is closed"):
        handover.change_room(maya.user, transaction_id=treated.pk, room_number="2")
    assert Room.objects.get(number="1").status == RoomStatus.OCCUPIED


def test_the_giver_goes_on_in_the_takers_own_room(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE, therapist=maya)
    hand_over(maya.user, treated, noor)
    following = make_transaction(Status.PENDING_THERAPIST)
    assert confirm_next(maya) == following
    following.refresh_from_db()
    assert following.room_number == noor.room_number


def test_the_giver_waits_while_both_rooms_are_in_use(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE, therapist=maya)
    hand_over(maya.user, treated, noor)
    Room.objects.filter(number=noor.room_number).update(status=RoomStatus.OUT_OF_SERVICE)
    make_transaction(Status.PENDING_THERAPIST)
    with pytest.raises(RoomNotReady, match=f"Room {maya.room_number} is occupied"):
        confirm_next(maya)


def test_who_worked_in_a_colleagues_room_calls_it_ready(maya, noor, make_transaction):
    treated = make_transaction(Status.IN_SERVICE, therapist=maya)
    hand_over(maya.user, treated, noor)
    assert not rooms.is_exchanged(noor, maya.room_number)
    make_transaction(Status.PENDING_THERAPIST)
    confirm_next(maya)
    assert rooms.is_exchanged(noor, maya.room_number)
    assert not rooms.is_exchanged(noor, "9")


def test_the_longest_names_and_reason_fit_together(maya, noor, make_transaction):
    for person, letter in ((maya, "m"), (noor, "n")):
        person.display_name = letter * longest(Therapist, "display_name")
        person.save()
    treated = make_transaction(Status.IN_SERVICE)
    typed = "r" * LONGEST_REASON
    handover.hand_over(maya.user, transaction_id=treated.pk, therapist_id=noor.pk, reason=typed)
    event = treated.events.latest("version")
    assert event.reason == f"{maya.display_name} > {noor.display_name}: {typed}"
    assert len(event.reason) <= longest(TransactionEvent, "reason")


def test_the_longest_change_of_items_or_rooms_fits(db):
    """SQLite counts no letters, so the columns' lengths are added up."""
    names = longest(TransactionItem, "service_name") + longest(TransactionItem, "classification")
    places = 2 * longest(Room, "number") + len(" > : ") + LONGEST_REASON
    assert max(names + len("+  · "), places) <= longest(TransactionEvent, "reason")
