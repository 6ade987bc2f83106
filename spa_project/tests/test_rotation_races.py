"""Tests of a strict rotation from several processes: the one who is next gets the customer."""

import time
from collections import Counter
from typing import NamedTuple

import pytest

from accounts.models import Branch, TurnMode
from conftest import make_therapist_on_duty
from payments.integrity import all_rules
from queueing import holding, services
from queueing.models import Room, RoomStatus, Transaction, TurnEntry
from queueing.rotation import rotation_of
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib.errors import DomainError
from spa_project.tests.concurrency import shared_workers
from spa_project.tests.race_steps import of, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 25
CROWD = 6
PAUSE_SECONDS = 0.05


workers = shared_workers(CROWD)


@pytest.fixture
def strict(branch) -> Branch:
    branch.turn_mode = TurnMode.STRICT
    branch.save()
    return branch


def claim(therapist_id: int) -> str:
    try:
        return services.confirm_next(of(therapist_id)).code
    except DomainError as refusal:
        return refusal.code


def give_back(therapist_id: int, transaction_id: int) -> str:
    this = {"transaction_id": transaction_id, "reason": "On break"}
    return said(holding.release, of(therapist_id), **this)


class Shift(NamedTuple):
    """What one process got: the customers, and how often each refusal."""

    customers: list[int]
    refusals: Counter[str]


def treat_all(therapist_id: int) -> Shift:
    """Claim and treat until nobody waits, however often it is somebody else's turn."""
    therapist = of(therapist_id)
    shift = Shift([], Counter())
    while not shift.refusals["queue_empty"]:
        try:
            visit = services.confirm_next(therapist)
        except DomainError as refusal:
            shift.refusals[refusal.code] += 1
            # Five that ask without a pause would keep the database from the one who is next.
            time.sleep(PAUSE_SECONDS)
            continue
        shift.customers.append(visit.pk)
        services.start_service(therapist, transaction_id=visit.pk)
        services.finish_service(therapist, transaction_id=visit.pk)
        services.room_set_status(visit.branch, therapist.room_number, RoomStatus.AVAILABLE)
    return shift


def join(branch: Branch, hour, count: int = 1) -> list[Transaction]:
    return [services.confirm_selection(branch, choices=[Choice(hour.pk)]) for _each in range(count)]


def end_all() -> None:
    for visit in Transaction.objects.filter(active_therapist__isnull=False):
        assert visit.active_therapist is not None
        therapist = of(visit.active_therapist.pk)
        services.start_service(therapist, transaction_id=visit.pk)
        services.finish_service(therapist, transaction_id=visit.pk)
    Room.objects.update(status=RoomStatus.AVAILABLE, ready_at=None)


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def test_of_two_who_claim_at_once_the_one_who_is_next_gets_the_only_customer(
    strict, workers, maya, noor, hour
):
    for _round in range(ROUNDS):
        [visit] = join(strict, hour)
        first, second = (it.therapist_id for it in rotation_of(strict).order)
        answers = workers.at_once([(claim, second), (claim, first)])
        # The other one came before, and somebody else was next; or after, and nobody waited.
        assert answers[1] == visit.code
        assert answers[0] in {"not_your_turn", "queue_empty"}
        end_all()
    assert_sound()


def test_of_two_customers_both_are_called_and_the_first_by_who_is_next(
    strict, workers, maya, noor, hour
):
    for _round in range(ROUNDS):
        visits = join(strict, hour, 2)
        first, second = (it.therapist_id for it in rotation_of(strict).order)
        answers = workers.at_once([(claim, second), (claim, first)])
        assert answers[1] == visits[0].code
        assert answers[0] in {"not_your_turn", visits[1].code}
        assert claim(second) == visits[1].code
        end_all()
    assert_sound()


def test_a_claim_while_the_one_who_is_next_gives_a_customer_back_finds_somebody(
    strict, workers, maya, noor, hour
):
    """The given back customer goes to one of the two, or stays in line for who is next."""
    for _round in range(ROUNDS):
        [visit] = join(strict, hour)
        first, second = (it.therapist_id for it in rotation_of(strict).order)
        assert claim(first) == visit.code
        answers = workers.at_once([(give_back, first, visit.pk), (claim, second)])
        assert answers[0] == "done"
        # Before the release nobody waited; after it the second one is next.
        assert answers[1] in {"queue_empty", visit.code}
        if answers[1] == "queue_empty":
            assert claim(second) == visit.code
        end_all()
    assert_sound()


def test_a_crowd_serves_a_line_in_turn_and_loses_nobody(strict, workers, hour):
    """Six processes serve sixty customers, each once and each with its turn."""
    crowd = [
        make_therapist_on_duty(f"Therapist{number}", strict, str(number + 1))
        for number in range(CROWD)
    ]
    visits = join(strict, hour, 60)
    shifts = workers.at_once([(treat_all, therapist.pk) for therapist in crowd])
    served = [customer for shift in shifts for customer in shift.customers]
    assert sorted(served) == [visit.pk for visit in visits]
    assert set(Transaction.objects.values_list("status", flat=True)) == {Status.FINISHED}
    assert {code for shift in shifts for code in shift.refusals} <= {"queue_empty", "not_your_turn"}
    assert TurnEntry.objects.count() == 60
    assert_sound()
