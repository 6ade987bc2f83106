"""Tests of the integrity rules of refunds: every rule finds its own fault."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Cashier
from payments import drawers, payment
from payments.integrity import all_rules
from payments.integrity import refunds as refund_rules
from payments.models import (
    DrawerClose,
    Payment,
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundTender,
)
from payments.refunds import Wanted, refund
from payments.tests.test_verify_ledger import NOBODY, REFUND_KEYS, copies_without_guards
from queueing.models import Transaction
from queueing.states import Status

SUMS = "A refund is the sum of its lines, of its parts and of the tips it takes."
WITHIN = "No more is refunded of a payment than it took: of a treatment, of the tax, of a tip."
FULL = {"1000.00": 2, "100.00": 4}


@pytest.fixture
def day(branch, carl, make_transaction) -> Refund:
    """Play a day: a sale with tax and tip, a part of it refunded, the drawer closed."""
    branch.drawers = True
    branch.tax_rate, branch.tax_label = Decimal(12), "VAT"
    branch.save()
    carl = Cashier.objects.select_related("user__branch").get(pk=carl.pk)
    drawers.open_drawer(carl, counts={"1000.00": 2})
    due = make_transaction(Status.AWAITING_PAYMENT, cashier=carl)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(550), tip_amount=Decimal(50))
    wanted = Wanted(receipt_number=1, amount=Decimal(100), tip=True, reason="cold")
    made = refund(carl, wanted, request_id="refund-01")
    drawers.count_drawer(carl, counts=FULL)
    drawers.close_drawer(carl, counts=FULL)
    return made


@pytest.fixture
def unguarded(day) -> Iterator[Refund]:
    models = (Transaction, Payment, Refund, RefundLine, RefundTender, RefundedTip, RefundCounter)
    with copies_without_guards(models):
        yield day


def found() -> dict[str, list[str]]:
    return {o.rule.sentence: o.findings for o in all_rules.run() if o.broken}


def test_a_day_with_a_refund_is_sound(day):
    assert found() == {}


#: By fault: the rule, the change around the operations, and the finding.
FAULTS: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "a refund that the visit does not show": (
        "A visit's refunded amount is the sum of its refunds.",
        Transaction,
        {"refunded_amount": 0},
        "visit {visit}: it shows 0.00 refunded, its refunds add up to 150.00",
    ),
    "a line that grows": (
        SUMS,
        RefundLine,
        {"amount": 101},
        "refund {refund}: it gives back 100.00 and a tip of 50.00; its lines are 101.00, "
        "its tips 50.00, its parts 150.00",
    ),
    "a part that grows": (
        SUMS,
        RefundTender,
        {"amount": 151},
        "refund {refund}: it gives back 100.00 and a tip of 50.00; its lines are 100.00, "
        "its tips 50.00, its parts 151.00",
    ),
    "a therapist who keeps a refunded tip": (
        SUMS,
        RefundedTip,
        {"amount": 1},
        "refund {refund}: it gives back 100.00 and a tip of 50.00; its lines are 100.00, "
        "its tips 1.00, its parts 150.00",
    ),
    "more of a treatment than was paid": (
        WITHIN,
        RefundLine,
        {"amount": "500.01"},
        "payment {payment}: of item {item} at 500.00, 500.01 was refunded",
    ),
    "more tip than was given": (
        WITHIN,
        Refund,
        {"tip_amount": 51},
        "payment {payment}: its tip is 50.00, 51.00 of it was refunded",
    ),
    "more tax than the refund contains": (
        WITHIN,
        Refund,
        {"tax_amount": 11},
        "payment {payment}: its refunds contain a tax of 10.71, not 11.00",
    ),
    "a void of a part": (
        "A void sale was given back whole, by one refund.",
        Refund,
        {"is_void": True},
        "refund {refund}: it gives back 150.00 of 550.00",
    ),
    "a refund that nobody approved": (
        "A refund of another cashier's sale was approved.",
        Refund,
        {"by": "maria"},
        "refund {refund}: person {maria} refunded a sale of person {carl}",
    ),
    "a refund of another branch": (
        "A refund and its drawer are of the payment's branch.",
        Refund,
        {"branch": NOBODY},
        "refund {refund}: it belongs to branch 999, its payment to {branch}, "
        "its drawer to {branch}",
    ),
    "a lost refund": (
        "A branch's refunds are numbered from 1 without a gap.",
        Refund,
        {"number": 2},
        "refund {refund}: its refund number is 2, the one before it is missing",
    ),
    "a counter of refunds turned on": (
        "The refund counter equals the last refund number.",
        RefundCounter,
        {"last": 7},
        "refund counter {branch}: it is at 7, but the last refund is 1",
    ),
    "a refund that cannot be compared": (
        "An idempotency key belongs to one refund and has a digest.",
        Refund,
        {"request_digest": ""},
        "refund {refund}: key refund-01 has no digest",
    ),
    "a refund of nothing": (
        "The rows that the refund refers to exist.",
        Refund,
        {"payment": NOBODY},
        "refund {refund}: it refers to payment 999, which does not exist",
    ),
    "a line of no treatment": (
        "The rows that the line of a refund refers to exist.",
        RefundLine,
        {"item": NOBODY},
        "line of a refund {line}: it refers to item 999, which does not exist",
    ),
    "a part of no refund": (
        "The rows that the part of a refund refers to exist.",
        RefundTender,
        {"refund": NOBODY},
        "part of a refund {tender}: it refers to refund 999, which does not exist",
    ),
    "a tip taken from nobody": (
        "The rows that the refunded tip refers to exist.",
        RefundedTip,
        {"therapist": NOBODY},
        "refunded tip {tip}: it refers to therapist 999, which does not exist",
    ),
    "a refund that leaves its drawer": (
        "A closed drawer's expected cash is float + cash taken - change - refunds + in - out.",
        Refund,
        {"drawer": None},
        "Z report {drawer}: its Z report expects 2400.00, its rows add up to 2550.00",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_and_its_row_named(unguarded, maria, carl, name):
    rule, model, changes, finding = FAULTS[name]
    words = {
        "visit": unguarded.payment.transaction_id,
        "payment": unguarded.payment_id,
        "refund": unguarded.pk,
        "branch": unguarded.branch_id,
        "drawer": unguarded.drawer_id,
        "line": RefundLine.objects.get().pk,
        "item": RefundLine.objects.get().item_id,
        "tender": RefundTender.objects.get().pk,
        "tip": RefundedTip.objects.get().pk,
        "carl": carl.user_id,
        "maria": maria.pk,
    }
    if "by" in changes:
        changes = {"by": maria}
    assert model.objects.update(**changes) == 1
    assert finding.format(**words) in found()[rule]


def test_a_refund_beside_a_void_is_found(unguarded):
    Refund.objects.update(is_void=True, amount=500, tax_amount=0)
    again = Refund.objects.values().get() | {"id": unguarded.pk + 1, "is_void": False}
    Refund.objects.bulk_create([Refund(**again)])
    assert found()["A void sale was given back whole, by one refund."] == [
        f"refund {unguarded.pk}: it gives back 550.00 of 550.00, beside another refund"
    ]


def test_a_z_report_from_before_refunds_is_no_fault(branch, carl):
    branch.drawers = True
    branch.save()
    carl.user.branch = branch
    drawers.open_drawer(carl, counts={})
    drawers.count_drawer(carl, counts={})
    close = drawers.close_drawer(carl, counts={})
    old = {name: it for name, it in close.figures.items() if "refund" not in name}
    DrawerClose.objects.update(figures=old)
    assert found() == {}


def test_every_rule_of_refunds_has_a_fault_that_breaks_it():
    broken = {rule for rule, *_rest in FAULTS.values()}
    known = {rule.sentence for rule in refund_rules.rules.rules} | REFUND_KEYS
    assert broken >= known
