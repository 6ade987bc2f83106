"""Tests of a therapist's most frequent services."""

import datetime

import time_machine
from django.utils import timezone

from queueing.day_summary import FAVOURITES_WITHIN, favourites_of
from queueing.services import Choice
from queueing.states import Status


def test_what_was_done_more_often_comes_first(branch, maya, hour, compress, make_transaction):
    make_transaction(Status.PAID, choices=[Choice(hour.pk), Choice(compress.pk)])
    make_transaction(Status.PAID, choices=[Choice(compress.pk)])
    assert favourites_of(branch, maya) == [compress.pk, hour.pk]


def test_what_others_did_is_nobody_elses_favourite(branch, noor, make_transaction):
    make_transaction(Status.PAID)
    assert favourites_of(branch, noor) == []


def test_what_is_not_done_yet_does_not_count(branch, maya, make_transaction):
    make_transaction(Status.IN_SERVICE)
    assert favourites_of(branch, maya) == []


def test_what_is_long_ago_does_not_count(branch, maya, make_transaction):
    make_transaction(Status.PAID)
    later = timezone.now() + FAVOURITES_WITHIN + datetime.timedelta(days=2)
    with time_machine.travel(later, tick=False):
        assert favourites_of(branch, maya) == []
