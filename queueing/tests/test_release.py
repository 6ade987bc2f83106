"""Tests of releasing a customer to the line."""

from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext, override

from queueing import holding, services
from queueing.declined import REASONS
from queueing.errors import QueueEmpty, TransactionNotFound, WrongState
from queueing.models import Room, RoomStatus
from queueing.states import Status


def test_the_customer_has_their_old_place_and_nobody_any_more(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    make_transaction(Status.PENDING_THERAPIST)
    back = holding.release(maya, transaction_id=called.pk, reason="asked for a woman")
    assert back.queued_at == called.selection_confirmed_at
    assert (back.therapist, back.room_number, back.therapist_confirmed_at) == (None, "", None)
    assert services.confirm_next(noor) == called


def test_the_room_was_not_used(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    holding.release(maya, transaction_id=called.pk, reason="break")
    assert Room.objects.get(number="1").status == RoomStatus.AVAILABLE


def test_why_is_kept(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    holding.release(maya, transaction_id=called.pk, reason="asked for a woman")
    assert called.events.latest("version").reason == "asked for a woman"


def test_someone_elses_customer_looks_like_none(noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with pytest.raises(TransactionNotFound):
        holding.release(noor, transaction_id=called.pk, reason="no")


def test_a_treatment_that_began_is_not_given_back(maya, make_transaction):
    treated = make_transaction(Status.IN_SERVICE)
    with pytest.raises(WrongState):
        holding.release(maya, transaction_id=treated.pk, reason="no")


ANOTHER = "Wants another therapist"


def give_back(therapist, transaction, reason=ANOTHER):
    return holding.release(therapist, transaction_id=transaction.pk, reason=reason)


def test_who_asked_for_another_therapist_is_the_others(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    behind = make_transaction(Status.PENDING_THERAPIST)
    give_back(maya, called)
    assert services.confirm_next(maya) == behind
    assert services.confirm_next(noor) == called


def test_who_asked_for_another_therapist_in_any_language_is_the_others(maya, make_transaction):
    for code, _name in settings.LANGUAGES:
        called = make_transaction(Status.THERAPIST_CONFIRMED)
        with override(code):
            back = give_back(maya, called, gettext(REASONS).partition("|")[0])
        assert back.declined_therapist == maya, code


def test_the_screen_offers_the_reasons_that_are_known(db):
    words = Path(settings.BASE_DIR, "templates/parts/_step_words.html").read_text()
    assert f'{{% translate "{REASONS}" %}}' in words


@pytest.mark.parametrize("reason", ["Called by mistake", "On break", "her phone rang"])
def test_another_reason_makes_no_difference(maya, noor, make_transaction, reason):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    make_transaction(Status.PENDING_THERAPIST)
    give_back(maya, called, reason)
    assert services.confirm_next(maya) == called


def test_after_another_therapist_had_the_customer_it_is_anyones_turn(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    give_back(maya, called)
    services.confirm_next(noor)
    give_back(noor, called, "Called by mistake")
    assert services.confirm_next(maya) == called


def test_a_hold_ends_it(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    give_back(maya, called)
    holding.hold(noor.user, transaction_id=called.pk)
    holding.release_hold(noor.user, transaction_id=called.pk)
    assert services.confirm_next(maya) == called


def test_the_only_one_waiting_is_named_and_left_to_the_others(maya, noor, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    give_back(maya, called)
    with pytest.raises(QueueEmpty, match=f"{called.code} asked for another therapist"):
        services.confirm_next(maya)
    assert services.confirm_next(noor) == called


def test_the_only_therapist_on_duty_is_called_again(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    give_back(maya, called)
    assert services.confirm_next(maya) == called
