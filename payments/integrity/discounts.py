"""Integrity rules of discounts: what they take off is what the bill computes from their rows."""

from django.db.models import Exists, OuterRef, Q, prefetch_related_objects

from payments.models import AppliedDiscount
from queueing.bill import Line, bill_of
from queueing.integrity.expressions import another_key, column_of
from queueing.models import Transaction
from queueing.visit_bills import as_discount, in_force
from spa_project.lib.db.integrity import Broken, Rows, RuleSet
from spa_project.lib.money import format_amount

rules = RuleSet()


@rules.rule(
    "A visit's discount is what its given discounts take off, line by line.", of=Transaction
)
def discounts(rows: Rows) -> Broken:
    """Compute the bills of visits with discounts anew; find other figures on their rows."""
    given = AppliedDiscount.objects.filter(transaction=OuterRef("pk"))
    reduced = Transaction.objects.filter(pk=OuterRef("pk"), items__discount_amount__gt=0)
    found = list(rows.filter(Exists(given) | Exists(reduced) | Q(discount_amount__gt=0)))
    prefetch_related_objects(found, "items", "discounts", "payment")
    for row in found:
        payment = getattr(row, "payment", None)
        bill = bill_of(
            [Line(item.pk, item.price) for item in row.items.all()],
            [as_discount(each) for each in in_force(row.discounts.all())],
            **({"tax_rate": payment.tax_rate} if payment else {}),
        )
        if row.discount_amount != bill.reduction:
            yield (
                row.pk,
                f"its discount is {format_amount(row.discount_amount)}, "
                f"its bill's {format_amount(bill.reduction)}",
            )
        for item in row.items.all():
            if item.discount_amount != bill.reductions[item.pk]:
                yield (
                    row.pk,
                    f"item {item.pk} is reduced by {format_amount(item.discount_amount)}, "
                    f"on its bill by {format_amount(bill.reductions[item.pk])}",
                )
        if payment and row.discount_amount and payment.tax_amount != bill.tax:
            yield (
                row.pk,
                f"its payment's tax is {format_amount(payment.tax_amount)}, "
                f"its bill's {format_amount(bill.tax)}",
            )


@rules.rule("A discount is removed once, on the same visit.", of=AppliedDiscount)
def removals(rows: Rows) -> Broken:
    """Find removals of another visit's discount, of a removal, and second ones."""
    removals = rows.exclude(removal_of=None).annotate(
        visit=column_of(AppliedDiscount, "removal_of_id", "transaction"),
        again=column_of(AppliedDiscount, "removal_of_id", "removal_of"),
        another=another_key(AppliedDiscount, removal_of="removal_of"),
    )
    for row in removals:
        is_wrong = row.visit != row.transaction_id or row.again or row.another
        if is_wrong:
            yield row.pk, f"it removes {row.removal_of_id} from transaction {row.transaction_id}"
