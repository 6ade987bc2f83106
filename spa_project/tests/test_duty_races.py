"""Tests of presence from two processes: whoever has a customer is on duty, in any order."""

import pytest

from accounts.models import Presence
from conftest import make_therapist, make_therapist_on_duty
from payments.integrity import all_rules
from queueing import duty, handover, services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.tests.concurrency import shared_workers
from spa_project.tests.race_steps import of, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 12


workers = shared_workers(2)


def claim(therapist_id: int) -> str:
    return said(services.confirm_next, of(therapist_id))


def clock_out(therapist_id: int) -> str:
    return said(duty.clock_out, of(therapist_id))


def take_break(therapist_id: int) -> str:
    return said(duty.therapist_break, of(therapist_id))


def finish(therapist_id: int, transaction_id: int) -> str:
    return said(services.finish_service, of(therapist_id), transaction_id=transaction_id)


def hand_over(therapist_id: int, transaction_id: int, to: int) -> str:
    user = of(therapist_id).user
    return said(handover.hand_over, user, transaction_id=transaction_id, therapist_id=to)


def join(branch, hour) -> Transaction:
    Room.objects.update(status="available", ready_at=None)
    return services.confirm_selection(branch, choices=[Choice(hour.pk)])


def end_all() -> None:
    for visit in Transaction.objects.filter(active_therapist__isnull=False):
        assert visit.active_therapist is not None
        therapist = of(visit.active_therapist.pk)
        if visit.status == Status.THERAPIST_CONFIRMED:
            services.start_service(therapist, transaction_id=visit.pk)
        services.finish_service(therapist, transaction_id=visit.pk)


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def test_a_clock_out_and_a_claim_at_once(workers, branch, hour, carl):
    nadia = make_therapist_on_duty("Nadia", branch, "1")
    for _round in range(ROUNDS):
        duty.clock_in(nadia)
        join(branch, hour)
        left, called = workers.at_once([(clock_out, nadia.pk), (claim, nadia.pk)])
        assert called == "done"
        assert left in ("done", "wrong_state")
        # Whichever came first: the customer's therapist is on duty.
        assert Presence.objects.get(active_therapist=nadia).kind == "on_duty"
        assert_sound()
        end_all()


def test_the_first_claims_of_a_day_from_two_tablets_clock_in_once(workers, branch, hour, carl):
    for number in range(ROUNDS):
        nadia = make_therapist(f"Nadia{number}", branch, "1")
        join(branch, hour)
        assert workers.at_once([(claim, nadia.pk), (claim, nadia.pk)]) == ["done", "done"]
        assert Presence.objects.filter(therapist=nadia).count() == 1
        assert_sound()
        end_all()


def test_a_break_and_the_finish_it_waits_for_at_once(workers, branch, hour, carl):
    nadia = make_therapist_on_duty("Nadia", branch, "1")
    for _round in range(ROUNDS):
        visit = join(branch, hour)
        services.confirm_next(nadia)
        services.start_service(nadia, transaction_id=visit.pk)
        jobs = [(take_break, nadia.pk), (finish, nadia.pk, visit.pk)]
        assert workers.at_once(jobs) == ["done", "done"]
        assert Presence.objects.get(active_therapist=nadia).kind == "on_break"
        assert_sound()


def test_a_hand_over_and_the_clock_out_of_who_takes_it_at_once(workers, branch, hour, carl):
    nadia = make_therapist_on_duty("Nadia", branch, "1")
    rosa = make_therapist_on_duty("Rosa", branch, "2")
    for _round in range(ROUNDS):
        duty.clock_in(rosa)
        visit = join(branch, hour)
        services.confirm_next(nadia)
        jobs = [(hand_over, nadia.pk, visit.pk, rosa.pk), (clock_out, rosa.pk)]
        assert sorted(workers.at_once(jobs)) == ["done", "wrong_state"]
        assert_sound()
        end_all()
