"""Integrity rules of terminals: requests and answers."""

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from payments.models import Kind, Payment, PaymentAttempt, PaymentMethod
from queueing.integrity.expressions import column_of, count_of, differ
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()


@rules.rule(
    "A card or e-wallet payment has an approval for its exact amount, and no change.", of=Payment
)
def terminals(rows: Rows) -> Broken:
    """Find terminal payments without a matching approval or with change, and cash with one."""
    approvals = PaymentAttempt.objects.order_by().filter(
        transaction=OuterRef("transaction"), approved=True
    )
    same = approvals.filter(
        method=OuterRef("method"), amount_due=OuterRef("amount_due") + OuterRef("tip_amount")
    )
    rows = rows.filter(is_split=False).annotate(
        kind=column_of(PaymentMethod, "method_id", "kind"),
        approved=Exists(approvals),
        approved_so=Exists(same),
    )
    terminal = Q(kind=Kind.TERMINAL)
    wrong = rows.filter(
        terminal & (Q(approved_so=False) | ~Q(change_amount=0)) | ~terminal & Q(approved=True)
    )
    for row in wrong:
        yield (
            row.pk,
            f"by {row.method_id}, due {format_amount(row.amount_due)}, change "
            f"{format_amount(row.change_amount)}, "
            f"{'approved' if row.approved else 'not approved'}",
        )


@rules.rule(
    "A visit has one open terminal request while it is being paid, and none otherwise.",
    of=Transaction,
)
def terminal_at_work(rows: Rows) -> Broken:
    """Find transactions in `paying` without exactly one open attempt, and others with one."""
    attempts = PaymentAttempt.objects.order_by().filter(ended_at=None, transaction=OuterRef("pk"))
    rows = rows.annotate(at_work=count_of(attempts))
    for row in rows.exclude(at_work=Case(When(status=Status.PAYING, then=1), default=0)):
        yield row.pk, f"it is {row.status}; open terminal requests: {row.at_work}"


@rules.rule("A terminal request is for the visit's total, and is answered once.", of=PaymentAttempt)
def attempts(rows: Rows) -> Broken:
    """Find attempts neither open nor answered in full, or for more than the total with the tip.

    One that is all of a payment must be for exactly that.
    """
    is_open = Q(active_transaction=F("transaction"), ended_at=None, ended_by=None, approved=None)
    answered = Q(
        active_transaction=None,
        ended_at__gte=F("started_at"),
        ended_by__isnull=False,
        approved__isnull=False,
    )
    for row in rows.exclude(is_open | answered):
        yield row.pk, f"for transaction {row.transaction_id} it is neither open nor answered"
    # A declined attempt may be older than a change of the bill; only the one that paid must match
    # it.
    asked = rows.filter(Q(approved=True) | Q(ended_at=None)).annotate(
        total=Coalesce(
            column_of(Transaction, "transaction_id", "total_amount")
            - column_of(Transaction, "transaction_id", "discount_amount"),
            F("amount_due"),
        )
        + F("tip_amount"),
        received=column_of(Transaction, "transaction_id", "received_amount"),
        is_part=Coalesce(
            Subquery(
                Payment.objects.filter(transaction=OuterRef("transaction")).values("is_split")
            ),
            Case(When(plan=None, then=Value(False)), default=Value(True)),
        ),
    )
    whole = Q(is_part=False) & (Q(received=0) | Q(received=None))
    more = Q(amount_due__gt=F("total"))
    for row in asked.filter(whole & differ(F("amount_due"), F("total")) | more):
        yield (
            row.pk,
            f"it requests {format_amount(row.amount_due)}, "
            f"but the total is {format_amount(row.total)}",
        )
