"""Tests of cash drawers in processes: opens, closes, and what moves cash against a close."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Cashier, User
from accounts.screen_lock import set_pin
from conftest import make_cashier
from payments import approvals, drawers, payment
from payments.drawer_figures import figures_of
from payments.integrity import all_rules
from payments.models import Approval, CashMovement, DrawerClose, DrawerSession, Payment
from queueing.states import Status
from spa_project.lib.errors import DomainError
from spa_project.tests.concurrency import shared_workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 8
DUE = Decimal("500.00")
FULL = {"1000.00": 2}
MOVED = Decimal("100.00")


workers = shared_workers(3)


@pytest.fixture
def with_drawers(branch):
    branch.drawers = True
    branch.variance_approval_above = 5000
    branch.save()
    return branch


# -- What the processes do ------------------------------------------------------------------------


def _asked(operation: Any, *args: Any, **kwargs: Any) -> str:
    """Return "ok", or the code of the operation's refusal."""
    try:
        operation(*args, **kwargs)
    except DomainError as refusal:
        return refusal.code
    return "ok"


def _cashier(pk: int) -> Cashier:
    return Cashier.objects.select_related("user__branch").get(pk=pk)


def open_it(cashier: int) -> str:
    return _asked(drawers.open_drawer, _cashier(cashier), counts=FULL)


def close_it(cashier: int, counts: dict[str, int]) -> str:
    return _asked(drawers.close_drawer, _cashier(cashier), counts=counts, note="counted")


def pay_it(cashier: int, customer: int) -> str:
    return _asked(payment.pay, _cashier(cashier), transaction_id=customer, amount_paid=DUE)


def move_it(cashier: int, kind: str, request_id: str | None = None) -> str:
    moved: dict[str, Any] = {
        "kind": kind,
        "amount": MOVED,
        "reason": "bank",
        "request_id": request_id,
    }
    return _asked(drawers.move_cash, _cashier(cashier), **moved)


def use_it(user: int, approval: str) -> str:
    asked_by = User.objects.select_related("branch").get(pk=user)
    content = {"note": "lost"}
    return _asked(approvals.require, asked_by, command="x", content=content, approval=approval)


def try_pin(user: int, pin: str) -> str:
    asked_by = User.objects.select_related("branch").get(pk=user)
    return _asked(approvals.approve, asked_by, username="maria", pin=pin, command="x", content={})


# -- The tests ------------------------------------------------------------------------------------


def assert_sound() -> None:
    assert [words for outcome in all_rules.run() for words in outcome.findings] == []


def test_two_who_open_a_drawer_open_it_once(with_drawers, carl, workers):
    cleo = make_cashier("Cleo", with_drawers, carl.counter_number)
    for number in range(1, ROUNDS + 1):
        answers = workers.at_once([(open_it, who.pk) for who in (carl, cleo)])
        assert sorted(answers) == ["drawer_open", "ok"]
        assert DrawerSession.objects.count() == number
        drawers.count_drawer(carl, counts=FULL)
        drawers.close_drawer(carl, counts=FULL)
    assert_sound()


def test_two_who_close_a_drawer_get_one_z_report(with_drawers, carl, workers):
    cleo = make_cashier("Cleo", with_drawers, carl.counter_number)
    for number in range(1, ROUNDS + 1):
        drawers.open_drawer(carl, counts=FULL)
        drawers.count_drawer(carl, counts=FULL)
        answers = workers.at_once([(close_it, who.pk, FULL) for who in (carl, cleo)])
        assert sorted(answers) == ["drawer_closed", "ok"]
        assert list(
            DrawerClose.objects.values_list("z_number", flat=True).order_by("z_number")
        ) == [*range(1, number + 1)]
    assert_sound()


def test_two_counters_that_close_at_once_number_their_z_reports_without_a_gap(
    with_drawers, carl, cora, workers
):
    for _round in range(ROUNDS):
        for who in (carl, cora):
            drawers.open_drawer(who, counts=FULL)
            drawers.count_drawer(who, counts=FULL)
        assert workers.at_once([(close_it, who.pk, FULL) for who in (carl, cora)]) == ["ok", "ok"]
    numbers = DrawerClose.objects.values_list("z_number", flat=True)
    assert sorted(numbers) == list(range(1, 2 * ROUNDS + 1))
    assert_sound()


def test_no_sale_slips_into_a_drawer_that_is_being_closed(
    with_drawers, carl, make_transaction, workers
):
    cleo = make_cashier("Cleo", with_drawers, carl.counter_number)
    for _round in range(ROUNDS):
        drawer = drawers.open_drawer(carl, counts=FULL, note="float")
        due = make_transaction(Status.AWAITING_PAYMENT)
        drawers.count_drawer(cleo, counts=FULL)
        paid, closed = workers.at_once([(pay_it, carl.pk, due.pk), (close_it, cleo.pk, FULL)])
        # Either the sale came first, and the count is out of date; or the drawer was closed.
        assert (paid, closed) in {("ok", "wrong_state"), ("drawer_closed", "ok")}
        is_paid = paid == "ok"
        assert Payment.objects.filter(drawer=drawer).count() == is_paid
        assert figures_of(drawer).expected == 2000 + is_paid * DUE
        if is_paid:
            drawers.count_drawer(carl, counts=FULL)
            drawers.close_drawer(carl, counts=FULL, note="500 in the safe")
        else:
            drawers.open_drawer(carl, counts=FULL)
            payment.pay(carl, transaction_id=due.pk, amount_paid=DUE)
            drawers.count_drawer(carl, counts=FULL)
            drawers.close_drawer(carl, counts=FULL, note="500 in the safe")
    assert_sound()


@pytest.mark.parametrize(("kind", "sign"), [("in", 1), ("safe_drop", -1)])
def test_cash_moved_while_a_drawer_is_closed_is_in_the_z_report_or_refused(
    with_drawers, carl, workers, kind, sign
):
    cleo = make_cashier("Cleo", with_drawers, carl.counter_number)
    for _round in range(ROUNDS):
        drawer = drawers.open_drawer(carl, counts=FULL, note="float")
        drawers.count_drawer(cleo, counts=FULL)
        moved, closed = workers.at_once([(move_it, carl.pk, kind), (close_it, cleo.pk, FULL)])
        # Either the cash moved first, and the count is out of date; or the drawer was closed.
        assert (moved, closed) in {("ok", "wrong_state"), ("drawer_closed", "ok")}
        is_moved = moved == "ok"
        assert CashMovement.objects.filter(drawer=drawer).count() == is_moved
        if is_moved:
            drawers.count_drawer(carl, counts=FULL)
            drawers.close_drawer(carl, counts=FULL, note="not found")
        report = DrawerClose.objects.get(drawer=drawer)
        assert Decimal(report.figures["expected"]) == 2000 + sign * is_moved * MOVED
    assert_sound()


def test_a_movement_sent_twice_at_once_moves_cash_once(with_drawers, carl, workers):
    drawer = drawers.open_drawer(carl, counts=FULL)
    for number in range(1, ROUNDS + 1):
        send = (move_it, carl.pk, "in", f"moved-{number:03}")
        assert workers.at_once([send, send]) == ["ok", "ok"]
        assert figures_of(drawer).expected == 2000 + number * MOVED
    assert_sound()


def test_a_sale_and_a_movement_against_a_managers_close_of_one_drawer(
    with_drawers, carl, make_transaction, workers
):
    cleo = make_cashier("Cleo", with_drawers, carl.counter_number)
    boss = make_cashier("Boss", with_drawers, carl.counter_number)
    User.objects.filter(pk=boss.user_id).update(is_staff=True)
    for _round in range(ROUNDS):
        drawer = drawers.open_drawer(carl, counts=FULL, note="float")
        due = make_transaction(Status.AWAITING_PAYMENT)
        drawers.count_drawer(boss, counts=FULL)
        paid, moved, closed = workers.at_once(
            [(pay_it, carl.pk, due.pk), (move_it, cleo.pk, "out"), (close_it, boss.pk, FULL)]
        )
        # The drawer's lock puts the close before both, or after at least one of them.
        if closed == "ok":
            assert (paid, moved) == ("drawer_closed", "drawer_closed")
            drawer = drawers.open_drawer(carl, counts=FULL)
            payment.pay(carl, transaction_id=due.pk, amount_paid=DUE)
        else:
            assert (paid, moved, closed) == ("ok", "ok", "wrong_state")
        drawers.count_drawer(carl, counts=FULL)
        drawers.close_drawer(carl, counts=FULL, note="in the safe")
        taken = DUE - (moved == "ok") * MOVED
        assert Decimal(drawer.close.figures["expected"]) == 2000 + taken
    assert_sound()


def test_an_approval_used_twice_at_once_counts_once(carl, maria, workers):
    set_pin(maria, "4711")
    for _round in range(ROUNDS):
        approval = approvals.approve(
            carl.user, username="maria", pin="4711", command="x", content={"note": "lost"}
        )
        answers = workers.at_once([(use_it, carl.user.pk, approval)] * 2)
        assert sorted(answers) == ["approval_needed", "ok"]
    assert Approval.objects.exclude(used_at=None).count() == ROUNDS


def test_simultaneous_tries_of_a_pin_are_no_more_than_allowed(carl, maria, workers):
    set_pin(maria, "4711")
    answers = [
        answer
        for _round in range(5)
        for answer in workers.at_once([(try_pin, carl.user.pk, "0000")] * 2)
    ]
    assert sorted(answers) == ["rate_limited"] * 5 + ["wrong_pin"] * 5
