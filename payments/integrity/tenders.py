"""Integrity rules of split payments and tips: the parts add up to the whole."""

from django.db.models import Exists, F, OuterRef, Q

from payments.integrity.sums import sum_over
from payments.models import Kind, Payment, PaymentAttempt, Tender, TipShare
from queueing.integrity.expressions import differ
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()


@rules.rule("The tenders of a split payment add up to it; any other payment has none.", of=Payment)
def tenders(rows: Rows) -> Broken:
    """Find payments whose parts are more or less than what was paid and given back."""
    parts = Tender.objects.filter(payment=OuterRef("pk"))
    wrong_change = parts.exclude(method__kind=Kind.CASH).exclude(change_amount=0)
    rows = rows.annotate(
        parts=sum_over(parts, "payment", "amount"),
        back=sum_over(parts, "payment", "change_amount"),
        from_terminal=Exists(wrong_change),
        has_parts=Exists(parts),
    )
    split = differ(F("parts"), F("amount_paid")) | differ(F("back"), F("change_amount"))
    wrong = Q(is_split=True) & (Q(split) | Q(from_terminal=True)) | Q(
        is_split=False, has_parts=True
    )
    for row in rows.filter(wrong):
        yield (
            row.pk,
            f"paid {format_amount(row.amount_paid)}, change {format_amount(row.change_amount)}; "
            f"its parts are {format_amount(row.parts)}, change {format_amount(row.back)}",
        )


@rules.rule("A terminal's part of a split payment has an approval for its amount.", of=Tender)
def approvals(rows: Rows) -> Broken:
    """Find parts taken by a terminal that never approved them."""
    approved = PaymentAttempt.objects.filter(
        transaction=OuterRef("payment__transaction"),
        method=OuterRef("method"),
        amount_due=OuterRef("amount"),
        approved=True,
    )
    for row in rows.filter(~Exists(approved), method__kind=Kind.TERMINAL):
        yield row.pk, f"{format_amount(row.amount)} by {row.method_id} was not approved"


@rules.rule("The shares of a tip add up to it.", of=Payment)
def tips(rows: Rows) -> Broken:
    """Find tips that are not shared out to the cent."""
    shares = TipShare.objects.filter(payment=OuterRef("pk"))
    rows = rows.annotate(shared=sum_over(shares, "payment", "amount"))
    for row in rows.filter(differ(F("shared"), F("tip_amount"))):
        yield (
            row.pk,
            f"its tip is {format_amount(row.tip_amount)}, "
            f"its shares add up to {format_amount(row.shared)}",
        )


@rules.rule(
    "What an unpaid visit has received is what terminals have approved for it.", of=Transaction
)
def received(rows: Rows) -> Broken:
    """Find amounts received that no terminal approved, or that are left after the payment."""
    approved = PaymentAttempt.objects.filter(transaction=OuterRef("pk"), approved=True)
    rows = rows.annotate(approved=sum_over(approved, "transaction", "amount_due"))
    unpaid = ~Q(status=Status.PAID) & Q(differ(F("received_amount"), F("approved")))
    for row in rows.filter(unpaid | Q(status=Status.PAID) & ~Q(received_amount=0)):
        yield (
            row.pk,
            f"it is {row.status} and has received {format_amount(row.received_amount)}, "
            f"terminals approved {format_amount(row.approved)}",
        )
