"""Integrity rules of receipts: numbered by branch without a gap."""

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from payments.models import Payment, ReceiptCounter
from queueing.integrity.expressions import another_key, column_of
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()


@rules.rule("A branch's receipts are numbered from 1 without a gap.", of=Payment)
def receipt_numbers(rows: Rows) -> Broken:
    """Find receipt numbers that occur twice or follow a gap."""
    before = Payment.objects.filter(
        branch=OuterRef("branch"), receipt_number=OuterRef("receipt_number") - 1
    )
    rows = rows.annotate(
        another=another_key(Payment, branch="branch", receipt_number="receipt_number"),
        follows=Case(When(receipt_number__gt=1, then=Exists(before)), default=Value(True)),
    )
    for row in rows.filter(Q(another__isnull=False) | Q(follows=False) | Q(receipt_number=0)):
        also = (
            f"payment {row.another} has the same number"
            if row.another
            else "the one before it is missing"
        )
        yield row.pk, f"its receipt number is {row.receipt_number}, {also}"


@rules.rule("The receipt counter equals the last receipt number.", of=ReceiptCounter)
def receipt_counters(rows: Rows) -> Broken:
    """Find counters that differ from the branch's last receipt number."""
    last = Payment.objects.order_by("-receipt_number").filter(branch=OuterRef("branch"))
    rows = rows.annotate(used=Coalesce(Subquery(last.values("receipt_number")[:1]), 0))
    for row in rows.exclude(last=F("used")):
        yield row.pk, f"it is at {row.last}, but the last receipt is {row.used}"


@rules.rule("A payment belongs to the same branch as its visit.", of=Payment)
def payment_elsewhere(rows: Rows) -> Broken:
    """Find payments of another branch than their transaction's."""
    rows = rows.annotate(home=column_of(Transaction, "transaction_id", "branch"))
    for row in rows.exclude(home=None).exclude(home=F("branch")):
        yield row.pk, f"it belongs to branch {row.branch_id}, its visit to {row.home}"
