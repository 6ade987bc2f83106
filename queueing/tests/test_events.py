"""Tests of the append-only log: every step is recorded and never changed."""

import datetime
from itertools import pairwise

import pytest
import time_machine
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from queueing.lifecycle import advance
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.errors import Conflict


def test_a_life_is_a_path_of_events_one_for_each_version(make_transaction, maya, carl):
    paid = make_transaction(Status.PAID)
    events = list(paid.events.all())
    assert [event.to_status for event in events] == [
        "pending_therapist",
        "therapist_confirmed",
        "in_service",
        "finished",
        "awaiting_payment",
        "paying",
        "paid",
    ]
    assert [event.version for event in events] == list(range(1, 8))
    assert all(one.to_status == two.from_status for one, two in pairwise(events))
    assert [event.by for event in events] == [None, *[maya.user] * 3, *[carl.user] * 3]
    assert paid.version == 7


def test_events_are_only_ever_added(make_transaction):
    event = make_transaction(Status.PENDING_THERAPIST).events.get()
    event.reason = "another story"
    with pytest.raises(TypeError):
        event.delete()
    with pytest.raises(IntegrityError):
        event.save()


def test_what_changed_under_us_is_not_overwritten(make_transaction):
    seen = make_transaction(Status.PENDING_THERAPIST)
    advance(Transaction.objects.get(pk=seen.pk), Status.CANCELLED, by=None)
    with pytest.raises(Conflict), atomic():  # at the latest when it ends
        advance(seen, Status.CANCELLED, by=None)


def test_closing_a_transaction_frees_all_it_held(make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    advance(called, Status.NO_SHOW, by=None)
    called.refresh_from_db()
    assert called.active_therapist is called.active_room is called.active_code is None
    assert called.code == "0001"


def test_who_is_given_back_keeps_the_old_place(make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    place = called.queued_at
    advance(called, Status.PENDING_THERAPIST, by=None)
    called.refresh_from_db()
    assert called.queued_at == place


def test_a_clock_set_back_does_not_turn_a_life_around(maya, make_transaction):
    called = make_transaction(Status.THERAPIST_CONFIRMED)
    with time_machine.travel(timezone.now() - datetime.timedelta(minutes=5), tick=False):
        advance(called, Status.IN_SERVICE, by=None)
    assert called.service_start_at >= called.therapist_confirmed_at
