"""Integrity rules of receipts: numbered by branch without a gap."""

from django.db.models import F

from payments.integrity.numbering import add_number_rules
from payments.models import Payment, ReceiptCounter
from queueing.integrity.expressions import column_of
from queueing.models import Transaction
from spa_project.lib.db.integrity import Broken, Rows, RuleSet

rules = RuleSet()

add_number_rules(
    rules, Payment, ReceiptCounter, column="receipt_number", name="receipt", noun="receipt"
)


@rules.rule("A payment belongs to the same branch as its visit.", of=Payment)
def payment_elsewhere(rows: Rows) -> Broken:
    """Find payments of another branch than their transaction's."""
    rows = rows.annotate(home=column_of(Transaction, "transaction_id", "branch"))
    for row in rows.exclude(home=None).exclude(home=F("branch")):
        yield row.pk, f"it belongs to branch {row.branch_id}, its visit to {row.home}"
