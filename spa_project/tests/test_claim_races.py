"""Tests of many processes that claim from one queue: each thing happens once.

The guarantee: no claim returns a customer while an older one of the same queue was waiting and
unlocked, and none finds the queue empty while one was. Commits may come in another order.
"""

import datetime
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple
from unittest import mock

import pytest
from django.utils import timezone

from accounts.models import Branch, Cashier, Therapist
from catalog.models import Skill
from conftest import make_cashier, make_therapist
from payments import counter, payment
from payments.models import Payment
from queueing import access, codes, services
from queueing.access import next_in_lanes, next_in_line
from queueing.errors import QueueEmpty
from queueing.lanes import ANYONE, Lane
from queueing.lifecycle import advance, must_be
from queueing.models import (
    Room,
    RoomStatus,
    SkillSet,
    Transaction,
    TransactionCounter,
    TransactionEvent,
)
from queueing.services import Choice
from queueing.skills import members_of
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import DomainError
from spa_project.tests.concurrency import shared_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWD = 20
MOST_RUN_AGAIN = 0.05  # of all claims
LONG_AGO = timezone.now().replace(year=2000)


workers = shared_workers(CROWD)


def fill(branch: Branch, count: int, status: Status) -> list[int]:
    """Insert customers into a queue; return their keys, the first in the queue first."""
    Transaction.objects.bulk_create(
        Transaction(
            branch=branch,
            business_date=LONG_AGO,
            running_number=number,
            code=codes.code_of(number),
            status=status,
            version=1,
            total_amount=Decimal(500),
            queued_at=LONG_AGO + datetime.timedelta(seconds=number),
        )
        for number in range(1, count + 1)
    )
    return list(Transaction.objects.in_line(branch.pk, status).values_list("pk", flat=True))


# -- The work of the processes --------------------------------------------------------------------


class Pick(NamedTuple):
    """Pick of a customer, or of nobody (None), between two moments of one clock."""

    customer: int | None
    after: float
    before: float


class Shift(NamedTuple):
    """Result of one process: the claimed customers, and every pick on the way."""

    claimed: list[int]
    picks: list[Pick]


@contextmanager
def timed_picks() -> Iterator[list[Pick]]:
    """Record when each pick began and ended; the clock is the same in all processes."""
    picks: list[Pick] = []

    def timed(picked: Callable[..., Transaction], *args: Any) -> Transaction:
        started, customer = time.monotonic(), None
        try:
            transaction = picked(*args)
            customer = transaction.pk
            return transaction
        finally:
            picks.append(Pick(customer, started, time.monotonic()))

    with (
        mock.patch("queueing.access.next_in_line", partial(timed, next_in_line)),
        mock.patch("queueing.access.next_in_lanes", partial(timed, next_in_lanes)),
        mock.patch("payments.counter.next_in_line", partial(timed, next_in_line)),
    ):
        yield picks


def treat_all(therapist_id: int) -> Shift:
    """Serve customers until nobody waits: claim, start, finish, room ready."""
    therapist = Therapist.objects.select_related("user__branch").get(pk=therapist_id)
    claimed: list[int] = []
    with timed_picks() as picks:
        while (customer := asked(services.confirm_next, therapist)) != QueueEmpty.code:
            claimed.append(customer)
            services.start_service(therapist, transaction_id=customer)
            services.finish_service(therapist, transaction_id=customer)
            make_ready(therapist)
    return Shift(claimed, picks)


def cash_all(cashier_id: int) -> Shift:
    """Take payments until nobody has finished: claim and pay."""
    cashier = Cashier.objects.select_related("user__branch").get(pk=cashier_id)
    claimed: list[int] = []
    with timed_picks() as picks:
        while (customer := asked(counter.claim_next, cashier)) != QueueEmpty.code:
            claimed.append(customer)
            payment.pay(cashier, transaction_id=customer, amount_paid=Decimal(500))
    return Shift(claimed, picks)


def asked(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the key of the transaction that the operation returns, or the code of its refusal."""
    try:
        return operation(*args, **kwargs).pk
    except DomainError as refusal:
        return refusal.code


def make_ready(therapist: Therapist) -> None:
    branch = access.branch_of(therapist.user)
    services.room_set_status(branch, therapist.room_number, RoomStatus.AVAILABLE)


def claim(therapist_id: int) -> Any:
    therapist = Therapist.objects.select_related("user__branch").get(pk=therapist_id)
    return asked(services.confirm_next, therapist)


def cancel(customer: int) -> Any:
    return asked(_cancel, customer)


@durable
def _cancel(customer: int) -> Transaction:
    """Cancel a customer who has not been claimed."""
    transaction = Transaction.objects.select_for_update().get(pk=customer)
    must_be(transaction, Status.PENDING_THERAPIST)
    return advance(transaction, Status.CANCELLED, by=None)


def rename(customer: int) -> int:
    """Change a customer's name as saving a form in the admin does."""
    return Transaction.objects.filter(pk=customer).update(customer_name="Bea")


def pay(cashier_id: int, customer: int, request_id: str | None) -> Any:
    cashier = Cashier.objects.select_related("user__branch").get(pk=cashier_id)
    return asked(
        payment.pay,
        cashier,
        transaction_id=customer,
        amount_paid=Decimal(600),
        request_id=request_id,
    )


def confirm(branch_id: int, offer_id: int, times: int, request_id: str | None) -> list[Any]:
    branch = Branch.objects.get(pk=branch_id)
    choices = [Choice(offer_id)]
    return [
        asked(services.confirm_selection, branch, choices=choices, request_id=request_id)
        for _each in range(times)
    ]


# -- The tests ------------------------------------------------------------------------------------


def assert_first_come_first_served(line: list[int], shifts: list[Shift]) -> None:
    """Assert the guarantee of the module's docstring from the times of all picks.

    A customer is locked from their first pick on. So when a pick returns a customer, or nobody, the
    first pick of each older customer had begun before that pick ended: exact up to the duration of
    one statement. A claim that met a deadlock and was retried unlocked its customer for a moment,
    which this does not see; such claims must be few.
    """
    picks = [pick for shift in shifts for pick in shift.picks]
    began: dict[int | None, float] = {}
    for pick in sorted(picks, key=lambda pick: pick.after):
        began.setdefault(pick.customer, pick.after)
    older_had_begun = accumulate((began[customer] for customer in line), max, initial=0.0)
    needed = dict(zip([*line, None], older_had_begun, strict=True))
    assert not [pick for pick in picks if needed[pick.customer] > pick.before]
    run_again = len(picks) - len(line) - len(shifts)
    assert run_again <= len(line) * MOST_RUN_AGAIN


@pytest.mark.parametrize(
    ("line", "count"), [(Status.PENDING_THERAPIST, 1_000), (Status.FINISHED, 400)]
)
def test_a_crowd_serves_a_line_each_customer_once_and_in_order(branch, workers, line, count):
    """Twenty processes serve one queue until it is empty."""
    # The crowd first: each of its people is a change of the setup, told to every open ticket.
    crowd = a_crowd_at(line, branch)
    waiting = fill(branch, count, line)
    shifts = workers.at_once(crowd)
    assert sorted(customer for shift in shifts for customer in shift.claimed) == waiting
    assert_first_come_first_served(waiting, shifts)
    claims = TransactionEvent.objects.filter(from_status=line)
    assert claims.count() == claims.values("transaction").distinct().count() == len(waiting)


def test_a_crowd_serves_a_line_with_requests_each_customer_once_and_in_order(branch, workers):
    """Twenty processes serve one queue in which every third asked for one of them.

    Of each lane the customers are called in their order, those who asked by whom they asked for.
    """
    crowd = a_crowd_at(Status.PENDING_THERAPIST, branch)
    waiting = fill(branch, 600, Status.PENDING_THERAPIST)
    therapists = [pk for _work, pk in crowd]
    lanes = {customer: therapists[n % CROWD] for n, customer in enumerate(waiting[::3])}
    for customer, therapist in lanes.items():
        Transaction.objects.filter(pk=customer).update(
            lane=therapist, requested_therapist=therapist
        )
    shifts = workers.at_once(crowd)
    assert sorted(customer for shift in shifts for customer in shift.claimed) == waiting
    for therapist, shift in zip(therapists, shifts, strict=True):
        own = [customer for customer in waiting if lanes.get(customer) == therapist]
        assert [customer for customer in shift.claimed if customer in lanes] == own
    common = [customer for customer in waiting if customer not in lanes]
    claims = TransactionEvent.objects.filter(from_status=Status.PENDING_THERAPIST)
    assert claims.count() == claims.values("transaction").distinct().count() == len(waiting)
    assert_first_come_first_served(common, _without(lanes, shifts))


def test_a_crowd_serves_lanes_of_skills_each_customer_once_and_in_order(branch, workers):
    """Twenty processes serve one queue in which customers need no skill, one or two.

    Every fourth therapist has none, every fourth both: each lane is called in its order, by those
    alone who have its skills, and nobody is left.
    """
    crowd = a_crowd_at(Status.PENDING_THERAPIST, branch)
    skills = [Skill.objects.create(name=name) for name in ("Hot stone", "Prenatal")]
    has = {pk: _some_of(skills, number) for number, (_work, pk) in enumerate(crowd)}
    for pk, theirs in has.items():
        Therapist.objects.get(pk=pk).skills.add(*theirs)
    waiting = fill(branch, 600, Status.PENDING_THERAPIST)
    needs = {customer: _some_of(skills, number) for number, customer in enumerate(waiting)}
    for customer, needed in needs.items():
        if needed:
            members = members_of(skill.pk for skill in needed)
            found = SkillSet.objects.get_or_create(members=members)[0]
            lane = Lane(ANYONE, found.pk).number
            Transaction.objects.filter(pk=customer).update(lane=lane, skill_set=found)
    shifts = workers.at_once(crowd)
    assert sorted(customer for shift in shifts for customer in shift.claimed) == waiting
    for (_work, therapist), shift in zip(crowd, shifts, strict=True):
        for customer in shift.claimed:
            assert set(needs[customer]) <= set(has[therapist])
    claims = TransactionEvent.objects.filter(from_status=Status.PENDING_THERAPIST)
    assert claims.count() == claims.values("transaction").distinct().count() == len(waiting)
    for number in range(4):
        able = [
            shift
            for (_work, pk), shift in zip(crowd, shifts, strict=True)
            if set(_some_of(skills, number)) <= set(has[pk])
        ]
        own = [customer for customer in waiting if needs[customer] == _some_of(skills, number)]
        assert_first_come_first_served(own, _without(set(waiting) - set(own), able))


def _some_of(skills: list[Skill], number: int) -> list[Skill]:
    """Return none, the first, the second or both of two skills, by turns."""
    return [skill for bit, skill in enumerate(skills) if number >> bit & 1]


def _without(customers: Collection[int], shifts: list[Shift]) -> list[Shift]:
    """Return the shifts without the picks of these customers."""
    return [
        Shift(shift.claimed, [pick for pick in shift.picks if pick.customer not in customers])
        for shift in shifts
    ]


def a_crowd_at(line: Status, branch: Branch) -> list[tuple[Any, int]]:
    numbers = [str(number) for number in range(CROWD)]
    if line == Status.FINISHED:
        cashiers = [make_cashier(f"Cashier{number}", branch, number) for number in numbers]
        return [(cash_all, cashier.pk) for cashier in cashiers]
    therapists = [make_therapist(f"Therapist{number}", branch, number) for number in numbers]
    return [(treat_all, therapist.pk) for therapist in therapists]


def test_a_double_click_is_one_claim(branch, workers, maya):
    waiting = fill(branch, 50, Status.PENDING_THERAPIST)
    for customer in waiting:
        assert workers.at_once([(claim, maya.pk)] * 2) == [customer, customer]
        assert TransactionEvent.objects.filter(transaction=customer).count() == 1
        end_visit(Transaction.objects.get(pk=customer), maya)


def test_a_claim_a_cancellation_and_an_edit_never_half_happen(branch, workers, maya, hour):
    """Of claim and cancellation exactly one succeeds; the edit is kept either way."""
    for _round in range(50):
        customer = services.confirm_selection(branch, choices=[Choice(hour.pk)]).pk
        answers = workers.at_once(
            [(claim, maya.pk), (cancel, customer), (rename, customer)],
        )
        transaction = Transaction.objects.get(pk=customer)
        if transaction.status == Status.CANCELLED:
            assert answers == [QueueEmpty.code, customer, 1]
        else:
            assert answers == [customer, "wrong_state", 1]
        assert transaction.customer_name == "Bea"
        assert transaction.version == transaction.events.count() == 2
        assert_room_fits(transaction)
        end_visit(transaction, maya)


def assert_room_fits(transaction: Transaction) -> None:
    """Assert that the room is occupied by its customer, and by nobody otherwise."""
    room = Room.objects.get()
    holds = transaction.status == Status.THERAPIST_CONFIRMED
    assert room.status == (RoomStatus.OCCUPIED if holds else RoomStatus.AVAILABLE)
    assert transaction.active_room == (room if holds else None)
    assert transaction.active_therapist_id == (transaction.therapist_id if holds else None)


def end_visit(transaction: Transaction, therapist: Therapist) -> None:
    """Make the therapist and the room available again."""
    if transaction.status == Status.THERAPIST_CONFIRMED:
        services.start_service(therapist, transaction_id=transaction.pk)
        services.finish_service(therapist, transaction_id=transaction.pk)
        make_ready(therapist)


def test_twenty_payments_with_one_request_id_are_one(carl, make_transaction, workers):
    due = make_transaction(Status.AWAITING_PAYMENT)
    answers = workers.at_once([(pay, carl.pk, due.pk, "one-intent")] * CROWD)
    assert answers == [due.pk] * CROWD
    assert Payment.objects.get().change_amount == Decimal(100)


@pytest.mark.parametrize("named", [True, False], ids=["request ids", "no request ids"])
def test_of_twenty_different_payments_one_is_taken(carl, make_transaction, workers, named):
    due = make_transaction(Status.AWAITING_PAYMENT)
    request_ids = [f"intent-{number}" if named else None for number in range(CROWD)]
    answers = workers.at_once([(pay, carl.pk, due.pk, request_id) for request_id in request_ids])
    assert sorted(map(str, answers)) == sorted([str(due.pk), *["wrong_state"] * (CROWD - 1)])
    assert Payment.objects.count() == 1


def test_confirmations_with_one_request_id_are_one(branch, hour, workers):
    answers = workers.at_once([(confirm, branch.pk, hour.pk, 1, "one-intent")] * CROWD)
    transaction = Transaction.objects.get()
    assert answers == [[transaction.pk]] * CROWD
    assert transaction.items.count() == transaction.events.count() == 1


def test_codes_stay_unique_among_the_open_when_they_start_again(branch, hour, workers):
    """Sixteen confirm while the numbers pass 9999; three codes after the wrap are still in use."""
    confirm(branch.pk, hour.pk, 3, None)
    TransactionCounter.objects.update(last=codes.LAST_CODE - 30)
    answers = workers.at_once([(confirm, branch.pk, hour.pk, 4, None)] * 16)
    assert all(isinstance(customer, int) for answer in answers for customer in answer)
    in_use = Transaction.objects.values_list("active_code", flat=True)
    assert len(in_use) == len(set(in_use)) == 3 + 64
    assert {"0001", "0002", "0003", "9999", "0004"} < set(in_use)
