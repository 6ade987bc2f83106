"""Tests of notes from two processes: a reading is recorded once, and only for its therapist."""

from collections.abc import Callable

import pytest

from payments.integrity import all_rules
from queueing import leaving, notes, services
from queueing.handover import hand_over
from queueing.models import Transaction
from queueing.services import Choice
from spa_project.tests.concurrency import shared_workers
from spa_project.tests.race_steps import of, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 15


workers = shared_workers(2)


@pytest.fixture
def noted(branch, hour, maya) -> Callable[[], Transaction]:
    """Return a function that makes a visit with a note and calls its customer."""

    def make() -> Transaction:
        note = notes.Note("Left shoulder hurts.")
        services.confirm_selection(branch, choices=[Choice(hour.pk)], note=note)
        return services.confirm_next(maya)

    return make


def read(therapist_id: int, transaction_id: int) -> str:
    return said(notes.read_note, of(therapist_id), transaction_id=transaction_id)


def give(therapist_id: int, transaction_id: int, to: int) -> str:
    user = of(therapist_id).user
    hand_over(user, transaction_id=transaction_id, therapist_id=to)
    return "done"


def times_read(visit: Transaction) -> int:
    return visit.events.filter(reason="note read").count()


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def test_a_note_read_twice_at_once_is_recorded_once(noted, workers, maya, maria):
    for _round in range(ROUNDS):
        visit = noted()
        answers = workers.at_once([(read, maya.pk, visit.pk)] * 2)
        assert answers == ["done", "done"]
        assert times_read(visit) == 1
        leaving.staff_cancel(maria, transaction_id=visit.pk, reason="gone")
    assert_sound()


def test_a_note_read_while_the_customer_is_handed_over_is_unread_for_the_colleague(
    noted, workers, maya, noor, maria
):
    """The reading came before and is recorded, or the customer is another's by then."""
    for _round in range(ROUNDS):
        visit = noted()
        jobs = [(read, maya.pk, visit.pk), (give, maya.pk, visit.pk, noor.pk)]
        was_read, was_given = workers.at_once(jobs)
        assert was_given == "done"
        assert was_read in {"done", "transaction_not_found"}
        visit.refresh_from_db()
        assert (visit.therapist, visit.note_unread) == (noor, True)
        assert times_read(visit) == (was_read == "done")
        leaving.staff_cancel(maria, transaction_id=visit.pk, reason="gone")
    assert_sound()
