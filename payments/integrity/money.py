"""Integrity rules of totals and payments: no money appears or disappears."""

from django.db.models import Case, DecimalField, F, FloatField, Q, Value, When
from django.db.models.functions import Abs, Cast, Coalesce
from django.db.models.lookups import GreaterThan

from payments.models import Payment
from queueing.integrity.expressions import another_key, column_of, differ, sum_of
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import DECIMAL_PLACES, MAX_DIGITS, format_amount

rules = RuleSet()

ZERO = Value(0, DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES))
#: The most that rounding changes, and a little for the floats.
HALF_A_CENT = 0.00501


@rules.rule("A paid visit has a payment.", of=Transaction)
def payment_missing(rows: Rows) -> Broken:
    """Find paid transactions without a payment."""
    for row in rows.filter(status=Status.PAID, payment__isnull=True):
        yield row.pk, "it is paid, but has no payment"


@rules.rule("A day's payments add up to the totals of its paid visits.", of=Transaction)
def money_conserved(rows: Rows) -> Broken:
    """Find days whose payments differ from the totals; a large day is read in parts."""
    # One statement reads transaction and payment, so a concurrent payment is in both or in neither.
    paid = Case(When(status=Status.PAID, then=F("total_amount") - F("discount_amount")))
    days = rows.values("branch", "business_date").annotate(
        cost=sum_of(paid), taken=sum_of("payment__amount_due")
    )
    for day in days.filter(differ(F("cost"), F("taken"))):
        yield (
            f"branch {day['branch']} on {day['business_date']}",
            f"paid visits total {format_amount(day['cost'])}, "
            f"their payments {format_amount(day['taken'])}",
        )


@rules.rule("A payment belongs to a paid visit, which has no other.", of=Payment)
def payment_out_of_place(rows: Rows) -> Broken:
    """Find payments of unpaid transactions, and second payments of one."""
    rows = rows.annotate(
        status=column_of(Transaction, "transaction_id", "status"),
        another=another_key(Payment, transaction="transaction_id"),
    )
    wrong = rows.filter(
        Q(another__isnull=False) | (Q(status__isnull=False) & ~Q(status=Status.PAID))
    )
    for row in wrong:
        also = f" and also has payment {row.another}" if row.another else ""
        yield row.pk, f"transaction {row.transaction_id} is {row.status}{also}"


@rules.rule(
    "The amount due is the visit's total; the amount paid is the amount due plus change.",
    of=Payment,
)
def amounts(rows: Rows) -> Broken:
    """Find payments whose amount due is not the total, or whose change is wrong."""
    due, tip, change = F("amount_due"), F("tip_amount"), F("change_amount")
    rows = rows.annotate(
        total=Coalesce(column_of(Transaction, "transaction_id", "total_amount"), due),
        discount=Coalesce(column_of(Transaction, "transaction_id", "discount_amount"), ZERO),
    )
    wrong = rows.filter(
        differ(due, F("total") - F("discount"))
        | differ(F("amount_paid"), due + tip + change)
        | Q(amount_due__lt=0)
        | Q(change_amount__lt=0)
    )
    for row in wrong:
        total = row.total - row.discount
        yield (
            row.pk,
            f"the total is {format_amount(total)}, due {format_amount(row.amount_due)}, "
            f"paid {format_amount(row.amount_paid)}, change {format_amount(row.change_amount)}",
        )


@rules.rule("A payment's tax is what its amount due contains at its rate.", of=Payment)
def taxes(rows: Rows) -> Broken:
    """Find payments whose tax is not their amount due's, rounded to the cent."""
    # As floats: SQLite would divide whole numbers without a remainder.
    due, rate, tax = (Cast(name, FloatField()) for name in ("amount_due", "tax_rate", "tax_amount"))
    contained = due * rate / (100.0 + rate)
    # Some of a discounted bill may be exempt: the rule of discounts computes that one anew.
    discount = column_of(Transaction, "transaction_id", "discount_amount")
    rows = rows.annotate(discount=Coalesce(discount, ZERO)).filter(discount=0)
    for row in rows.filter(GreaterThan(Abs(tax - contained), HALF_A_CENT)):
        yield (
            row.pk,
            f"of {format_amount(row.amount_due)} at {row.tax_rate} %, "
            f"its tax is {format_amount(row.tax_amount)}",
        )
