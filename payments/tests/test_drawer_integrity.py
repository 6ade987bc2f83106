"""Tests of the integrity rules of cash drawers: every rule finds its own fault."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments import drawers, payment, terminal
from payments.integrity import all_rules
from payments.integrity import drawers as drawer_rules
from payments.models import (
    CashMovement,
    DrawerClose,
    DrawerCount,
    DrawerSession,
    Payment,
    PaymentAttempt,
    ZCounter,
)
from queueing.states import Status

CLOSED = "A closed drawer's expected cash is float + cash taken - change - refunds + in - out."
FULL = {"1000.00": 2, "100.00": 4}


@pytest.fixture
def day(branch, carl, make_transaction) -> DrawerClose:
    """Play a day at one drawer: cash with change, a card, cash out; then open it again."""
    branch.drawers = True
    branch.save()
    drawers.open_drawer(carl, counts={"1000.00": 2})
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(600))
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500), method="card")
    terminal.payment_result(carl.user, transaction_id=due.pk, approved=True)
    drawers.move_cash(carl, kind="out", amount=Decimal(100), reason="ice", request_id="moved-01")
    drawers.count_drawer(carl, counts=FULL)
    close = drawers.close_drawer(carl, counts=FULL)
    drawers.open_drawer(carl, counts=FULL)
    return close


def found() -> dict[str, list[str]]:
    return {o.rule.sentence: o.findings for o in all_rules.run() if o.broken}


def test_a_day_at_a_drawer_is_sound(day):
    assert found() == {}


def test_a_method_with_a_new_name_is_no_fault(day):
    day.drawer.payments.first().method.__class__.objects.update(name="Other")
    assert found() == {}


def _first(model: Any) -> Any:
    return model.objects.order_by("pk").first()


#: By fault: the rule, the change around the operations, and the finding.
FAULTS: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "a sale that leaves its drawer": (
        CLOSED,
        Payment,
        {"drawer": None},
        "Z report {drawer}: its Z report expects 2400.00, its rows add up to 1900.00",
    ),
    "a movement that cannot be compared": (
        "An idempotency key belongs to one cash movement and has a digest.",
        CashMovement,
        {"request_digest": ""},
        "cash movement {movement}: key moved-01 has no digest",
    ),
    "a movement that grows": (
        CLOSED,
        CashMovement,
        {"amount": Decimal(300)},
        "Z report {drawer}: its Z report expects 2400.00, its rows add up to 2200.00",
    ),
    "a count against another sum": (
        CLOSED,
        DrawerCount,
        {"expected_amount": Decimal(2300)},
        "Z report {drawer}: it was counted against 2300.00, not 2400.00",
    ),
    "a float that is not its coins": (
        "A float is the sum of its notes and coins.",
        DrawerSession,
        {"counts": {"1000.00": 1}},
        "drawer session {drawer}: its float is 2000.00, not 1000.00",
    ),
    "a count that is not its coins": (
        "A count is the sum of its notes and coins.",
        DrawerCount,
        {"counts": {"1000.00": 1}},
        "drawer count {count}: it counts 2400.00, not 1000.00",
    ),
    "a session out of its order": (
        "A drawer is closed before it is opened again.",
        DrawerSession,
        {"number": 3},
        "drawer session {drawer}: it is number 3, and the one before it was not closed",
    ),
    "a lost Z": (
        "A branch's Z reports are numbered from 1 without a gap.",
        DrawerClose,
        {"z_number": 2},
        "Z report {drawer}: its Z number is 2, the one before it is missing",
    ),
    "a Z counter set back": (
        "The Z counter equals the last Z number.",
        ZCounter,
        {"last": 7},
        "z counter {branch}: it is at 7, but the last Z report is 1",
    ),
    "a terminal asked for a closed drawer": (
        "A closed drawer waits for no terminal.",
        PaymentAttempt,
        {"ended_at": None, "ended_by": None, "approved": None},
        "payment attempt {attempt}: drawer {drawer} is closed",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_row_named(day, name):
    rule, model, changes, finding = FAULTS[name]
    row = _first(model)
    if model is PaymentAttempt:
        changes = changes | {"active_transaction": row.transaction}
    assert model.objects.filter(pk=row.pk).update(**changes) == 1
    words = {
        "drawer": day.pk,
        "count": day.count_id,
        "branch": day.branch_id,
        "attempt": _first(PaymentAttempt).pk,
        "movement": _first(CashMovement).pk,
    }
    assert finding.format(**words) in found()[rule]


def test_a_drawer_of_another_spa_is_found(day, other_branch):
    theirs = DrawerSession(
        branch=other_branch,
        counter_number="9",
        number=1,
        business_date=day.drawer.business_date,
        counts={},
        float_amount=0,
        by=day.by,
        at=timezone.now(),
    )
    theirs.save()
    sold = Payment.objects.filter(method="card")
    sold.update(drawer=theirs)
    assert found()["A payment's drawer is of the payment's branch."] == [
        f"payment {sold.get().pk}: it belongs to branch {day.branch_id}, "
        f"its drawer to {other_branch.pk}"
    ]


def test_every_rule_of_drawers_has_a_fault_that_breaks_it():
    broken = {rule for rule, *_rest in FAULTS.values()}
    broken.add("A payment's drawer is of the payment's branch.")
    assert broken == {rule.sentence for rule in drawer_rules.rules.rules}
