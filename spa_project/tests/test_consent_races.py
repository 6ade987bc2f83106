"""Tests of consent from two processes: one answer counts, and the bill follows it."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from payments.integrity import all_rules
from queueing import consent, leaving, services
from queueing.models import RoomStatus, Transaction, TransactionItem
from queueing.services import Choice
from queueing.states import Status
from spa_project.tests.concurrency import shared_workers
from spa_project.tests.race_steps import of, said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 15
ORDERED, WITH_ADDED = Decimal("500.00"), Decimal("600.50")


workers = shared_workers(2)


@pytest.fixture
def asked(branch, hour, compress, maya) -> Callable[[], TransactionItem]:
    """Return a function that makes a visit whose customer is asked about a treatment."""
    branch.asks_consent = True
    branch.save()

    def make() -> TransactionItem:
        services.confirm_selection(branch, choices=[Choice(hour.pk)])
        therapist = of(maya.pk)
        visit = services.confirm_next(therapist)
        services.start_service(therapist, transaction_id=visit.pk)
        added = services.add_service(
            therapist, transaction_id=visit.pk, service_classification_id=compress.pk
        )
        return added.item_list[-1]

    return make


def answer(key: str, item_id: int, accepted: bool) -> str:
    return said(consent.answer_item, key, item_id=item_id, accepted=accepted)


def act(name: str, therapist_id: int, **this: int) -> str:
    steps: dict[str, Callable[..., object]] = {
        "agree": consent.agree_item,
        "remove": services.remove_item,
        "finish": services.finish_service,
    }
    return said(steps[name], of(therapist_id), **this)


def agree(therapist_id: int, transaction_id: int, item_id: int) -> str:
    return act("agree", therapist_id, transaction_id=transaction_id, item_id=item_id)


def remove(therapist_id: int, transaction_id: int, item_id: int) -> str:
    return act("remove", therapist_id, transaction_id=transaction_id, item_id=item_id)


def finish(therapist_id: int, transaction_id: int) -> str:
    return act("finish", therapist_id, transaction_id=transaction_id)


def leave(visit: Transaction, manager) -> None:
    """End the visit, so that the therapist and the room are free for the next round."""
    leaving.manager_cancel(manager, transaction_id=visit.pk, reason="gone", bill=False)
    services.room_set_status(visit.branch, visit.room_number, RoomStatus.AVAILABLE)


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def test_a_treatment_declined_while_the_therapist_finishes_is_never_billed(
    asked, workers, maya, maria
):
    """The answer came first and the visit is finished without it, or the finish was refused."""
    for _round in range(ROUNDS):
        item = asked()
        visit = item.transaction
        jobs = [(answer, visit.key, item.pk, False), (finish, maya.pk, visit.pk)]
        was_answered, was_finished = workers.at_once(jobs)
        assert was_answered == "done"
        assert was_finished in {"done", "consent_needed"}
        visit.refresh_from_db()
        is_over = was_finished == "done"
        assert visit.status == (Status.FINISHED if is_over else Status.IN_SERVICE)
        assert visit.total_amount == ORDERED
        leave(visit, maria)
    assert_sound()


def test_a_treatment_declined_while_the_therapist_removes_it_is_taken_off_once(
    asked, workers, maya, maria
):
    for _round in range(ROUNDS):
        item = asked()
        visit = item.transaction
        jobs = [(answer, visit.key, item.pk, False), (remove, maya.pk, visit.pk, item.pk)]
        answers = workers.at_once(jobs)
        assert sorted(answers) == ["done", "service_not_found"]
        visit.refresh_from_db()
        assert visit.total_amount == ORDERED
        assert len(visit.declined_items or []) == (answers[0] == "done")
        leave(visit, maria)
    assert_sound()


def test_of_two_contrary_answers_at_once_one_counts(asked, workers, maya, maria):
    for _round in range(ROUNDS):
        item = asked()
        visit = item.transaction
        jobs = [(answer, visit.key, item.pk, False), (agree, maya.pk, visit.pk, item.pk)]
        was_declined, was_agreed = workers.at_once(jobs)
        assert sorted([was_declined, was_agreed]) == ["conflict", "done"]
        visit.refresh_from_db()
        assert visit.total_amount == (WITH_ADDED if was_agreed == "done" else ORDERED)
        leave(visit, maria)
    assert_sound()


def test_the_same_answer_twice_at_once_is_recorded_once(asked, workers, maria):
    for accepted in [True, False] * (ROUNDS // 2):
        item = asked()
        visit = item.transaction
        answers = workers.at_once([(answer, visit.key, item.pk, accepted)] * 2)
        assert answers == ["done", "done"]
        answered = "accepted" if accepted else "declined"
        assert visit.events.filter(consent=answered).count() == 1
        leave(visit, maria)
    assert_sound()
